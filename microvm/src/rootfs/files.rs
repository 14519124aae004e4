//! The files of a guest, from which both an initramfs ([`super::initramfs`]) and a disk ([`super::erofs`]) are made.

use crate::Error;
use std::collections::BTreeMap;
use std::fs::File;

/// The longest path that Linux takes (PATH_MAX), and the longest name in a directory (NAME_MAX).
const PATH_MAX: usize = 4096;
const NAME_MAX: usize = 255;

/// Files, directories and symbolic links, in the order in which they were added: a directory comes before what is in it.
#[derive(Debug, Default)]
pub struct Files {
    pub(crate) entries: Vec<Entry>,
    /// Where each name is among them.
    places: BTreeMap<String, usize>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its path, without a slash before it.
    pub name: String,
    /// The low twelve bits of its mode.
    pub permissions: u32,
    pub kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Directory,
    Link(String),
    /// A file whose bytes are here.
    Bytes(Vec<u8>),
    /// A file whose bytes, so many, are still where they were.
    Open(File, u64),
}

impl Files {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with its permissions; directories above it that are missing are added too.
    ///
    /// # Errors
    /// Here and below: the path is none, too long, or taken.
    pub fn add_file(&mut self, path: &str, permissions: u32, data: &[u8]) -> Result<(), Error> {
        self.add(path, permissions, Kind::Bytes(data.into()))
    }

    /// Adds an open file, of which nothing is read before it is needed: it must not change meanwhile.
    pub fn add_open_file(&mut self, path: &str, permissions: u32, file: File) -> Result<(), Error> {
        let bytes = file.metadata().map_err(Error::read_file(path))?.len();
        self.add(path, permissions, Kind::Open(file, bytes))
    }

    /// Adds a directory, if it is not there yet.
    pub fn add_directory(&mut self, path: &str, permissions: u32) -> Result<(), Error> {
        match self.places.contains_key(path.trim_start_matches('/')) {
            true => Ok(()),
            false => self.add(path, permissions, Kind::Directory),
        }
    }

    /// Adds a symbolic link to `target`.
    pub fn add_link(&mut self, path: &str, target: &str) -> Result<(), Error> {
        if target.is_empty() || target.contains('\0') || target.len() >= PATH_MAX {
            return Err(Error::GuestFile {
                name: path.into(),
                why: "it is a link to nothing, or to a path that Linux does not take",
            });
        }
        self.add(path, 0o777, Kind::Link(target.into()))
    }

    pub(crate) fn add(&mut self, path: &str, permissions: u32, kind: Kind) -> Result<(), Error> {
        let bad = |why| Error::GuestFile { name: path.into(), why };
        let name = path.trim_start_matches('/');
        if name.is_empty() || name.ends_with('/') {
            return Err(bad("its path is empty or ends in a slash"));
        }
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad("its path has an empty, . or .. component"));
        }
        if name.contains('\0') || name.len() >= PATH_MAX || name.split('/').any(|part| part.len() > NAME_MAX) {
            return Err(bad("its path holds a zero byte, or is longer than Linux takes"));
        }
        for (slash, _) in name.match_indices('/') {
            let above = &name[..slash];
            match self.places.get(above).map(|place| &self.entries[*place].kind) {
                None => self.push(above, 0o755, Kind::Directory),
                Some(Kind::Directory) => {}
                Some(_) => return Err(bad("what its path leads through is no directory")),
            }
        }
        if self.places.contains_key(name) {
            return Err(bad("there is already a file of that name"));
        }
        self.push(name, permissions & 0o7777, kind);
        Ok(())
    }

    fn push(&mut self, name: &str, permissions: u32, kind: Kind) {
        self.places.insert(name.into(), self.entries.len());
        self.entries.push(Entry {
            name: name.into(),
            permissions,
            kind,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str) -> String {
        let mut files = Files::new();
        files.add_file("/file", 0o644, b"x").unwrap();
        files.add_file(path, 0o644, b"x").unwrap_err().to_string()
    }

    #[test]
    fn a_path_that_is_none_or_taken_is_refused_and_said_why() {
        let long = format!("/{}", "x".repeat(256));
        for (path, why) in [
            ("/", "is empty or ends in a slash"),
            ("/directory/", "is empty or ends in a slash"),
            ("/a//b", "an empty, . or .. component"),
            ("/a/../b", "an empty, . or .. component"),
            ("/a\0b", "holds a zero byte"),
            (&long, "longer than Linux takes"),
            ("/file", "already a file of that name"),
            ("/file/below", "is no directory"),
        ] {
            let said = refused(path);
            assert!(said.contains(why), "{path:?}: {said}");
        }
    }

    #[test]
    fn directories_above_come_first_and_once() {
        let mut files = Files::new();
        files.add_file("/a/b/c", 0o644, b"").unwrap();
        files.add_file("/a/d", 0o644, b"").unwrap();
        files.add_directory("/a/b", 0o700).unwrap();
        let names: Vec<&str> = files.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a", "a/b", "a/b/c", "a/d"]);
    }
}
