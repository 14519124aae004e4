//! What the command line asks for: the program, its arguments and its environment.

use crate::boot::cmdline::Words;
use crate::console;
use crate::counts;
use crate::global::Global;
use crate::boot::prepare::Error;

/// The program that runs when the command line names none, as in Linux.
const DEFAULT_PROGRAM: &[u8] = b"/init";
/// Longest word of the command line, and longest path.
const WORD: usize = 4096;
/// Most bytes of arguments, environment and what else begins on the stack.
const STRINGS: usize = 64 << 10;
/// Most arguments and environment variables.
const VECTOR: usize = 1024;

/// What the command line asks for, as bytes that will lie on the program's stack. In this order, and too large for a stack,
/// which would be written to far and wide: a start touches the beginning of each part only.
#[repr(C)]
pub struct Request {
    /// How many of the strings are arguments, the program's path included.
    pub arguments: usize,
    /// How many of them, after the arguments, are environment variables.
    pub variables: usize,
    path: Text<WORD>,
    /// The word that is being read.
    word: [u8; WORD],
    strings: Text<STRINGS>,
}

/// Bytes of which the first are used.
#[repr(C)]
struct Text<const MOST: usize> {
    length: usize,
    bytes: [u8; MOST],
}

impl<const MOST: usize> Text<MOST> {
    const EMPTY: Self = Self {
        length: 0,
        bytes: [0; MOST],
    };

    fn get(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn set(&mut self, bytes: &[u8]) {
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.length = bytes.len();
    }

    /// Adds a string and a zero byte.
    fn add(&mut self, string: &[u8]) -> Result<(), Error> {
        let end = self.length + string.len();
        if end >= MOST {
            return Err("the arguments and environment variables are longer than 64 KiB".into());
        }
        self.bytes[self.length..end].copy_from_slice(string);
        self.length = end + 1;
        Ok(())
    }
}

/// The request.
#[unsafe(link_section = ".large.request")]
pub static REQUEST: Global<Request> = Global::new(Request {
    arguments: 0,
    variables: 0,
    path: Text::EMPTY,
    word: [0; WORD],
    strings: Text::EMPTY,
});

impl Request {
    /// Takes the command line apart.
    pub fn read(&mut self, line: &[u8]) -> Result<(), Error> {
        // argv[0] is the path, known only when all words are read: arguments and variables are gathered in two passes.
        let word = &mut self.word;
        let mut words = Words::new(line);
        self.path.set(DEFAULT_PROGRAM);
        while let Some(length) = words.next(word) {
            match &word[..length] {
                b"--" => break,
                [b'r', b'd', b'i', b'n', b'i', b't', b'=', path @ ..] => self.path.set(path),
                b"stdio=ttyS0" => console::use_com1(),
                b"stdio=port" => console::use_strings(),
                b"counts" => counts::turn_on(),
                _ => {}
            }
        }
        self.strings.add(self.path.get())?;
        while let Some(length) = words.next(word) {
            self.strings.add(&word[..length])?;
            self.arguments += 1;
        }
        self.arguments += 1;

        let mut words = Words::new(line);
        while let Some(length) = words.next(word) {
            let word = &word[..length];
            if word == b"--" {
                break;
            }
            if is_variable(word) {
                self.strings.add(word)?;
                self.variables += 1;
            }
        }
        if self.arguments + self.variables > VECTOR {
            return Err("too many arguments and environment variables".into());
        }
        Ok(())
    }

    /// The program's path.
    pub fn path(&self) -> &[u8] {
        self.path.get()
    }

    /// Arguments and variables, each ended by a zero byte, the program's path first.
    pub fn strings(&self) -> &[u8] {
        self.strings.get()
    }
}

/// Whether a word of the command line is a variable for the program: `KEY=VALUE`, where the key is no parameter of the
/// kernel's or of a kernel's module.
fn is_variable(word: &[u8]) -> bool {
    let Some(equals) = word.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let key = &word[..equals];
    let known: [&[u8]; 4] = [b"rdinit", b"stdio", b"console", b"root"];
    !key.is_empty() && !key.contains(&b'.') && !known.contains(&key)
}
