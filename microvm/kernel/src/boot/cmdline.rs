//! Reads the kernel's command line.
//!
//! As Linux reads it (Documentation/admin-guide/kernel-parameters.rst): words are separated by spaces, double quotes
//! keep spaces in a word, words after `--` are the program's arguments, and a word `KEY=VALUE` that is not one of the
//! kernel's own becomes an environment variable of the program. Beyond that, `env:KEY=VALUE` is a variable of any name, and inside
//! double quotes a backslash takes the next character as it is, so that any argument can be written.

/// Reads words into `buffer`, one at a time.
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// The words of a command line.
    pub fn new(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// Writes the next word to `buffer` and gives its length; `None` after the last. A word that does not fit is cut.
    pub fn next(&mut self, buffer: &mut [u8]) -> Option<usize> {
        while let [b' ' | b'\t' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let (mut length, mut quoted) = (0, false);
        while let [byte, rest @ ..] = self.rest {
            self.rest = rest;
            let byte = match byte {
                b'"' => {
                    quoted = !quoted;
                    continue;
                }
                b'\\' if quoted && !rest.is_empty() => {
                    self.rest = &rest[1..];
                    rest[0]
                }
                b' ' | b'\t' | b'\n' if !quoted => break,
                byte => *byte,
            };
            if let Some(place) = buffer.get_mut(length) {
                *place = byte;
                length += 1;
            }
        }
        Some(length)
    }
}
