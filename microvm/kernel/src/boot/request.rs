//! What the command line asks for: the program, its arguments and its environment.

use crate::boot::cmdline::Words;
use crate::console;
use crate::counts;
use crate::global::Global;
use crate::boot::prepare::Error;

/// The program that runs when the command line names none, as in Linux.
const DEFAULT_PROGRAM: &[u8] = b"/init";
/// What stands before a variable for the program, so that it is none of the kernel's parameters, whatever its name is.
const VARIABLE: &[u8] = b"env:";
/// Most bytes of arguments, environment and what else begins on the stack.
const STRINGS: usize = 64 << 10;
/// Most arguments and environment variables.
const VECTOR: usize = 1024;

/// What the command line asks for, as bytes that will lie on the program's stack. Words are read where they are to stay, so that a
/// start touches no more than it uses.
#[repr(C)]
pub struct Request {
    /// How many of the strings are arguments, the program's path included.
    pub arguments: usize,
    /// How many of them, after the arguments, are environment variables.
    pub variables: usize,
    path_bytes: usize,
    /// How much of the strings is used.
    used: usize,
    strings: [u8; STRINGS],
}

/// The request.
#[unsafe(link_section = ".large.request")]
pub static REQUEST: Global<Request> = Global::new(Request {
    arguments: 0,
    variables: 0,
    path_bytes: 0,
    used: 0,
    strings: [0; STRINGS],
});

impl Request {
    /// Takes the command line apart.
    pub fn read(&mut self, line: &[u8]) -> Result<(), Error> {
        // argv[0] is the path, known only when all words are read: arguments and variables are gathered in two passes.
        const PATH: &[u8] = b"rdinit=";
        let mut words = Words::new(line);
        self.strings[..DEFAULT_PROGRAM.len()].copy_from_slice(DEFAULT_PROGRAM);
        self.keep(DEFAULT_PROGRAM.len())?;
        while let Some(length) = words.next(self.room()) {
            let word = self.used..self.used + length;
            match &self.strings[word.clone()] {
                b"--" => break,
                b"stdio=ttyS0" => console::use_com1(),
                b"stdio=port" => console::use_strings(),
                b"counts" => counts::turn_on(),
                path if path.starts_with(PATH) => {
                    self.strings.copy_within(word.start + PATH.len()..word.end, 0);
                    self.used = 0;
                    self.keep(length - PATH.len())?;
                }
                _ => {}
            }
        }
        self.path_bytes = self.used - 1;
        self.arguments = 1;
        while let Some(length) = words.next(self.room()) {
            self.keep(length)?;
            self.arguments += 1;
        }

        let mut words = Words::new(line);
        while let Some(length) = words.next(self.room()) {
            let word = &self.strings[self.used..self.used + length];
            if word == b"--" {
                break;
            }
            let before = match word.strip_prefix(VARIABLE) {
                Some(_) => VARIABLE.len(),
                None if is_variable(word) => 0,
                None => continue,
            };
            self.strings.copy_within(self.used + before..self.used + length, self.used);
            self.keep(length - before)?;
            self.variables += 1;
        }
        if self.arguments + self.variables > VECTOR {
            return Err("too many arguments and environment variables".into());
        }
        Ok(())
    }

    /// Where the next word is read to. One that does not fit is refused when it is kept.
    fn room(&mut self) -> &mut [u8] {
        &mut self.strings[self.used..]
    }

    /// The word that was read stays, with a zero byte behind it.
    fn keep(&mut self, length: usize) -> Result<(), Error> {
        let end = self.used + length;
        if end >= STRINGS {
            return Err("the arguments and environment variables are longer than 64 KiB".into());
        }
        self.strings[end] = 0;
        self.used = end + 1;
        Ok(())
    }

    /// The program's path.
    pub fn path(&self) -> &[u8] {
        &self.strings[..self.path_bytes]
    }

    /// Arguments and variables, each ended by a zero byte, the program's path first.
    pub fn strings(&self) -> &[u8] {
        &self.strings[..self.used]
    }
}

/// Whether a word of the command line is a variable for the program without saying so: `KEY=VALUE`, where the key is no parameter
/// of the kernel's or of a kernel's module.
fn is_variable(word: &[u8]) -> bool {
    let Some(equals) = word.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let key = &word[..equals];
    let known: [&[u8]; 4] = [b"rdinit", b"stdio", b"console", b"root"];
    !key.is_empty() && !key.contains(&b'.') && !known.contains(&key)
}
