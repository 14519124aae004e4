//! What the command line asks for: the program, its arguments and its environment.

use crate::cmdline::Words;
use crate::console;
use crate::global::Global;
use crate::prepare::Error;

/// The program that runs when the command line names none, as in Linux.
const DEFAULT_PROGRAM: &[u8] = b"/init";
/// Longest word of the command line, and longest path.
const WORD: usize = 4096;
/// Most bytes of arguments, environment and what else begins on the stack.
const STRINGS: usize = 64 << 10;
/// Most arguments and environment variables.
const VECTOR: usize = 1024;

/// What the command line asks for, as bytes that will lie on the program's stack.
pub struct Request {
    path: [u8; WORD],
    path_bytes: usize,
    strings: [u8; STRINGS],
    strings_bytes: usize,
    /// How many of the strings are arguments, the program's path included.
    pub arguments: usize,
    /// How many of them, after the arguments, are environment variables.
    pub variables: usize,
}

/// The request, too large for a stack.
pub static REQUEST: Global<Request> = Global::new(Request {
    path: [0; WORD],
    path_bytes: 0,
    strings: [0; STRINGS],
    strings_bytes: 0,
    arguments: 0,
    variables: 0,
});

impl Request {
    /// Takes the command line apart.
    pub fn read(&mut self, line: &[u8]) -> Result<(), Error> {
        // argv[0] is the path, known only when all words are read: arguments and variables are gathered in two passes.
        let mut word = [0; WORD];
        let mut words = Words::new(line);
        self.set_path(DEFAULT_PROGRAM);
        while let Some(length) = words.next(&mut word) {
            match &word[..length] {
                b"--" => break,
                [b'r', b'd', b'i', b'n', b'i', b't', b'=', path @ ..] => self.set_path(path),
                b"stdio=ttyS0" => console::use_com1(),
                b"stdio=port" => console::use_strings(),
                _ => {}
            }
        }
        let path = self.path;
        self.add_string(&path[..self.path_bytes])?;
        while let Some(length) = words.next(&mut word) {
            self.add_string(&word[..length])?;
            self.arguments += 1;
        }
        self.arguments += 1;

        let mut words = Words::new(line);
        while let Some(length) = words.next(&mut word) {
            let word = &word[..length];
            if word == b"--" {
                break;
            }
            if is_variable(word) {
                self.add_string(word)?;
                self.variables += 1;
            }
        }
        if self.arguments + self.variables > VECTOR {
            return Err("too many arguments and environment variables".into());
        }
        Ok(())
    }

    fn set_path(&mut self, path: &[u8]) {
        self.path[..path.len()].copy_from_slice(path);
        self.path_bytes = path.len();
    }

    fn add_string(&mut self, string: &[u8]) -> Result<(), Error> {
        let end = self.strings_bytes + string.len();
        if end >= STRINGS {
            return Err("the arguments and environment variables are longer than 64 KiB".into());
        }
        self.strings[self.strings_bytes..end].copy_from_slice(string);
        self.strings_bytes = end + 1;
        Ok(())
    }

    /// The program's path.
    pub fn path(&self) -> &[u8] {
        &self.path[..self.path_bytes]
    }

    /// Arguments and variables, each ended by a zero byte, the program's path first.
    pub fn strings(&self) -> &[u8] {
        &self.strings[..self.strings_bytes]
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
