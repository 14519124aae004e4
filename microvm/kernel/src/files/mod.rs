//! The files of the initramfs, read-only, and the program's open files.

pub mod cpio;
pub mod path;

use crate::boot::boot_info::Range;
use crate::errno::{Errno, Result};
use crate::memory::page_allocator::PageAllocator;
use crate::global::Global;
use crate::memory::layout::{DIRECT_MAP, INITRAMFS_WINDOW, PAGE, WINDOW_SIZE, direct, page_floor};
use crate::memory::page_table;
use core::cmp::Reverse;
use core::slice;

/// File type bits of `st_mode`.
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFREG: u32 = 0o100_000;
/// File type of a symbolic link.
pub const S_IFLNK: u32 = 0o120_000;
const S_IFCHR: u32 = 0o020_000;
/// Open files a program may have: fewer than Linux's 1024, enough for a program without threads.
pub const OPEN_MAX: usize = 64;

/// A file, directory or symbolic link of the initramfs.
#[derive(Clone, Copy)]
pub struct Node {
    /// Its path, without leading slash.
    pub name: &'static [u8],
    /// Its bytes.
    pub data: &'static [u8],
    mode: u32,
    inode: u32,
    modified: u32,
    hash: u32,
}

/// What a file descriptor stands for.
#[derive(Clone, Copy)]
pub enum Open {
    /// Nothing.
    Closed,
    /// COM2.
    Console,
    /// `/dev/null`.
    Null,
    /// A file or directory, and the position in it.
    Node(Node, u64),
}

/// The files.
pub struct Files {
    nodes: &'static [Node],
    archive: Range,
    has_links: bool,
    program: &'static [u8],
    open: [Open; OPEN_MAX],
}

/// The files.
pub static FILES: Global<Files> = Global::new(Files {
    nodes: &[],
    archive: Range { start: 0, end: 0 },
    has_links: false,
    program: b"",
    open: {
        let mut open = [Open::Closed; OPEN_MAX];
        open[0] = Open::Console;
        open[1] = Open::Console;
        open[2] = Open::Console;
        open
    },
});

/// The root directory, where the archive has no entry for it.
pub const ROOT: Node = Node {
    name: b"",
    data: b"",
    mode: S_IFDIR | 0o755,
    inode: 1,
    modified: 0,
    hash: 0,
};

/// FNV-1a.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

impl Node {
    /// The file type bits of its mode.
    pub fn kind(&self) -> u32 {
        self.mode & S_IFMT
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind() == S_IFDIR
    }

    /// Whether it is a file with bytes.
    pub fn is_file(&self) -> bool {
        self.kind() == S_IFREG
    }

    /// The path of what it is called in, and its last component.
    fn split(&self) -> (&'static [u8], &'static [u8]) {
        match self.name.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&self.name[..slash], &self.name[slash + 1..]),
            None => (b"", self.name),
        }
    }

    /// `struct stat` of x86-64 in 64-bit words.
    pub fn stat(&self) -> [u64; 18] {
        let size = self.data.len() as u64;
        let mut stat = [0; 18];
        stat[1] = u64::from(self.inode);
        stat[2] = 1; // st_nlink
        stat[3] = u64::from(self.mode); // st_mode, st_uid: 0
        stat[6] = size;
        stat[7] = 4096; // st_blksize
        stat[8] = size.div_ceil(512); // st_blocks
        stat[9] = u64::from(self.modified); // st_atime
        stat[11] = u64::from(self.modified); // st_mtime
        stat[13] = u64::from(self.modified); // st_ctime
        stat
    }

}

impl Files {
    /// Reads the archive in RAM into a table of nodes ordered by hash.
    pub fn read_initramfs(&mut self, range: Range, frames: &mut PageAllocator) -> core::result::Result<(), &'static str> {
        let bytes = usize::try_from(range.end - range.start).unwrap_or(0);
        // SAFETY: the boot loader put the initramfs there; its frames are never handed out.
        let archive: &'static [u8] = unsafe { slice::from_raw_parts(direct(range.start), bytes) };
        let mut count = 0;
        for entry in cpio::entries(archive) {
            self.has_links |= entry?.mode & S_IFMT == S_IFLNK;
            count += 1;
        }
        let table = frames.take_run((count * size_of::<Node>()) as u64);
        let table: *mut Node = direct(table.ok_or("not enough memory to list the initramfs")?).cast();
        let mut written = 0;
        for entry in cpio::entries(archive) {
            let entry = entry?;
            let cpio::Entry {
                name,
                mode,
                inode,
                modified,
                mut data,
                ..
            } = entry;
            if data.is_empty() && mode & S_IFMT == S_IFREG && entry.has_links() {
                // The other names of a file with hard links carry no bytes (cpio writes them with the last).
                let same = |other: &cpio::Entry| entry.is_link_of(other) && !other.data.is_empty();
                if let Some(linked) = cpio::entries(archive).filter_map(core::result::Result::ok).find(same) {
                    data = linked.data;
                }
            }
            // SAFETY: the run has room for `count` nodes, as many as this loop writes.
            unsafe {
                table.add(written).write(Node {
                    name,
                    data,
                    mode,
                    inode,
                    modified,
                    hash: hash(name),
                })
            }
            written += 1;
        }
        // SAFETY: just written; shared from here on.
        let nodes = unsafe { slice::from_raw_parts_mut(table, written) };
        // Of entries of the same name the last counts; names lie in memory in the order of their entries.
        nodes.sort_unstable_by_key(|node| (node.hash, Reverse(node.name.as_ptr())));
        self.nodes = nodes;
        self.archive = range;
        Ok(())
    }

    /// The bytes of the program at `path`, which is remembered as `/proc/self/exe`.
    pub fn program(&mut self, path: &[u8]) -> core::result::Result<&'static [u8], &'static str> {
        let node = self
            .find(&ROOT, path, true)
            .map_err(|_| "no such file in the initramfs")?;
        if !node.is_file() {
            return Err("not a file");
        }
        self.program = node.name;
        Ok(node.data)
    }

    /// The path of the program, without leading slash.
    pub fn program_path(&self) -> &'static [u8] {
        self.program
    }

    /// The node of exactly this name.
    pub fn exact(&self, name: &[u8]) -> Option<Node> {
        let hash = hash(name);
        let first = self.nodes.partition_point(|node| node.hash < hash);
        let same = self.nodes[first..].iter().take_while(|node| node.hash == hash);
        same.copied().find(|node| node.name == name)
    }

    /// The node that a path means, seen from `directory`.
    pub fn find(&self, directory: &Node, path: &[u8], follow: bool) -> Result<Node> {
        if path.first() == Some(&b'/') || directory.name.is_empty() {
            let name = cpio::normalize(path);
            match self.exact(name) {
                Some(node) if node.kind() != S_IFLNK || !follow => return Ok(node),
                None if name.is_empty() => return Ok(ROOT),
                None if !self.has_links && !name.contains(&b'.') && name.len() <= path::NAME_MAX => {
                    return Err(Errno::ENOENT);
                }
                _ => {}
            }
        }
        path::walk(self, directory, path, follow)
    }

    /// Opens a node; gives the descriptor.
    pub fn open(&mut self, what: Open) -> Result<u64> {
        let free = self
            .open
            .iter()
            .position(|open| matches!(open, Open::Closed))
            .ok_or(Errno::EMFILE)?;
        self.open[free] = what;
        Ok(free as u64)
    }

    /// What an open descriptor stands for.
    pub fn get(&mut self, descriptor: u64) -> Result<&mut Open> {
        match self.open.get_mut(descriptor as usize) {
            None | Some(Open::Closed) => Err(Errno::EBADF),
            Some(open) => Ok(open),
        }
    }

    /// Closes a descriptor.
    pub fn close(&mut self, descriptor: u64) -> Result<()> {
        *self.get(descriptor)? = Open::Closed;
        Ok(())
    }

    /// Maps some of a file's bytes for the helper page's code to copy from; gives their address there, and how many of them
    /// can be seen. No page of anything but the archive is mapped.
    pub fn window(&self, bytes: &[u8], frames: &mut PageAllocator) -> Result<(u64, u64)> {
        let physical = bytes.as_ptr() as u64 - DIRECT_MAP;
        let (first, offset) = (page_floor(physical), physical % PAGE);
        let window = INITRAMFS_WINDOW + (first - page_floor(self.archive.start)) % (WINDOW_SIZE / 2);
        let seen = (bytes.len() as u64).min(WINDOW_SIZE / 2 - offset);
        page_table::map_window(window, first, (offset + seen).div_ceil(PAGE), frames).ok_or(Errno::ENOMEM)?;
        Ok((window + offset, seen))
    }

    /// The entries of a directory from a position on: name, node, position after it. The first two are `.` and `..`.
    pub fn children(&self, directory: Node, position: u64) -> impl Iterator<Item = (&'static [u8], Node, u64)> {
        let dots: [(&'static [u8], Node, u64); 2] = [(b".", directory, 1), (b"..", ROOT, 2)];
        let nodes: &'static [Node] = self.nodes;
        let children = nodes.iter().enumerate().filter_map(move |(n, node)| {
            let (parent, name) = node.split();
            let counts = || self.exact(node.name).is_some_and(|other| other.name.as_ptr() == node.name.as_ptr());
            (parent == directory.name && !name.is_empty() && counts()).then_some((name, *node, n as u64 + 3))
        });
        dots.into_iter()
            .chain(children)
            .filter(move |(_, _, next)| *next > position)
    }
}

/// `stat` of something that is not in the initramfs: a character device.
pub fn device_stat() -> [u64; 18] {
    Node {
        mode: S_IFCHR | 0o620,
        inode: 2,
        ..ROOT
    }
    .stat()
}

/// The type of a directory entry (`d_type`).
pub fn entry_type(node: &Node) -> u8 {
    (node.kind() >> 12) as u8
}
