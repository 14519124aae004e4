//! Resolves a path: `.`, `..` and symbolic links.

use crate::errno::{Errno, Result};
use crate::files::{Files, Node, ROOT, S_IFLNK};

/// Longest path.
const PATH_MAX: usize = 4096;
/// Longest name in it (Linux: NAME_MAX).
pub const NAME_MAX: usize = 255;
/// Symbolic links followed before a path is given up (Linux: 40).
const LINKS_MAX: u32 = 40;

/// The node that a path means, seen from `directory`; of a link that it ends in, what that leads to, if `follow`.
pub fn walk(files: &Files, directory: &Node, path: &[u8], follow: bool) -> Result<Node> {
    Path::new(files, directory, path)?.walk(path, follow)
}

/// A path in the making.
struct Path<'a> {
    files: &'a Files,
    name: [u8; PATH_MAX],
    length: usize,
    links: u32,
}

impl<'a> Path<'a> {
    fn new(files: &'a Files, directory: &Node, path: &[u8]) -> Result<Self> {
        let mut new = Self {
            files,
            name: [0; PATH_MAX],
            length: 0,
            links: 0,
        };
        if path.first() != Some(&b'/') {
            new.push(directory.name)?;
        }
        Ok(new)
    }

    fn push(&mut self, name: &[u8]) -> Result<()> {
        let at = if self.length == 0 { 0 } else { self.length + 1 };
        let end = at + name.len();
        if end > PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        if at > 0 {
            self.name[at - 1] = b'/';
        }
        self.name[at..end].copy_from_slice(name);
        self.length = end;
        Ok(())
    }

    fn pop(&mut self) {
        self.length = self.name[..self.length]
            .iter()
            .rposition(|byte| *byte == b'/')
            .unwrap_or(0);
    }

    fn walk(&mut self, path: &[u8], follow: bool) -> Result<Node> {
        let mut components = path
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty())
            .peekable();
        while let Some(component) = components.next() {
            match component {
                b"." => continue,
                b".." => {
                    self.pop();
                    continue;
                }
                _ if component.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
                _ => self.push(component)?,
            }
            let node = self.files.exact(&self.name[..self.length]).ok_or(Errno::ENOENT)?;
            if node.kind() == S_IFLNK && (follow || components.peek().is_some()) {
                self.links += 1;
                if self.links > LINKS_MAX {
                    return Err(Errno::ELOOP);
                }
                self.pop();
                if node.data.first() == Some(&b'/') {
                    self.length = 0;
                }
                self.walk(node.data, true)?;
            } else if components.peek().is_some() && !node.is_directory() {
                return Err(Errno::ENOTDIR);
            }
        }
        match self.length {
            0 => Ok(self.files.exact(b"").unwrap_or(ROOT)),
            length => self.files.exact(&self.name[..length]).ok_or(Errno::ENOENT),
        }
    }
}
