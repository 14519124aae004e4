//! What was written to a disk, in a file beside its base.
//!
//! The file begins with a header that tells which base it belongs to, then comes a map with a bit for each block of 4096
//! bytes, and then the blocks, each at its place: a block is the overlay's if its bit is set, and the base's otherwise. A
//! bit reaches the file only after its block has, so that a host that stops suddenly leaves nothing half written.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// Bytes of a block: what file systems allocate at once.
pub const BLOCK: u64 = 4096;
/// The header's first bytes.
const MAGIC: [u8; 16] = *b"isolab overlay 1";
/// The map begins here, behind the header.
const MAP: u64 = BLOCK;

/// An overlay that is in use. Nobody else writes to it meanwhile.
pub struct Overlay {
    file: File,
    /// A bit for each block; the first in the lowest bit of the first byte.
    map: Vec<u8>,
    /// Whether the map in the file is older.
    map_changed: bool,
    /// Where the blocks begin in the file.
    blocks: u64,
}

impl Overlay {
    /// Opens the overlay of a base, or makes it.
    pub fn open(path: &Path, base: &Metadata) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another machine uses it"),
            TryLockError::Error(error) => error,
        })?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(
                "it is not a regular file, and what is on it would be lost",
            ));
        }
        let map_bytes = base.len().div_ceil(BLOCK).div_ceil(8);
        let mut map = vec![0; map_bytes as usize];
        if file.metadata()?.len() == 0 {
            let made = make(&file, &map, base);
            // Half of one would be refused from then on.
            made.or_else(|error| file.set_len(0).and(Err(error)))?;
        } else {
            check(&file, base)?;
            file.read_exact_at(&mut map, MAP)?;
        }
        Ok(Self {
            file,
            map,
            map_changed: false,
            blocks: MAP + map_bytes.next_multiple_of(BLOCK),
        })
    }

    /// The descriptor that it is read and written by.
    pub fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    fn has(&self, block: u64) -> bool {
        self.map[(block / 8) as usize] >> (block % 8) & 1 != 0
    }

    /// Whether the block at a place is here, and up to where, not beyond `end`, that is so.
    pub fn run(&self, at: u64, end: u64) -> (bool, u64) {
        let has = self.has(at / BLOCK);
        let other = (at / BLOCK + 1..end.div_ceil(BLOCK)).find(|block| self.has(*block) != has);
        (has, other.map_or(end, |block| block * BLOCK))
    }

    /// Reads bytes of blocks that are here.
    pub fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, self.blocks + at)
    }

    /// Writes bytes of one block, all of it if it is not here yet.
    pub fn write(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, self.blocks + at)?;
        let block = at / BLOCK;
        self.map_changed |= !self.has(block);
        self.map[(block / 8) as usize] |= 1 << (block % 8);
        Ok(())
    }

    /// Makes sure that what was written outlives the host's end (fdatasync(2)): the blocks first, then the map.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if self.map_changed {
            self.file.write_all_at(&self.map, MAP)?;
            self.file.sync_data()?;
            self.map_changed = false;
        }
        Ok(())
    }

    /// Puts another file in the place of this one's.
    #[cfg(test)]
    pub fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        // The guest did not ask for it, so there is nobody to tell of a failure; what it flushed is safe.
        if self.map_changed {
            let _ = self.flush();
        }
    }
}

/// Makes an empty overlay of an empty file. Its header comes last: without one it is none.
fn make(file: &File, map: &[u8], base: &Metadata) -> io::Result<()> {
    file.write_all_at(map, MAP)?;
    file.write_all_at(&header(base), 0)
}

/// What tells a base from others, and from itself before it was changed: its size, and when it was written last.
fn identity(base: &Metadata) -> [u64; 3] {
    [base.len(), base.mtime() as u64, base.mtime_nsec() as u64]
}

fn header(base: &Metadata) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(identity(base).iter().flat_map(|word| word.to_le_bytes()));
    header.resize(MAP as usize, 0);
    header
}

/// Whether a file is an overlay of that base.
fn check(file: &File, base: &Metadata) -> io::Result<()> {
    let mut found = [0; 40];
    let refused = |why: String| Err(io::Error::other(why));
    if file.read_exact_at(&mut found, 0).is_err() || found[..16] != MAGIC {
        return refused("it is not an overlay: name a file that is not there yet, and it is made".into());
    }
    let word = |n: usize| u64::from_le_bytes(found[16 + 8 * n..][..8].try_into().expect("eight bytes"));
    let (made_for, now) = ([word(0), word(1), word(2)], identity(base));
    if made_for[0] != now[0] {
        let (then, now) = (made_for[0], now[0]);
        return refused(format!(
            "it was made for a disk of {then} bytes, and this one has {now}"
        ));
    }
    if made_for != now {
        return refused(
            "its base has changed since it was made, so the two no longer fit; remove it to begin anew".into(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const FOLDER: &str = "ISOLAB_TEST_OVERLAY_FOLDER";

    fn open(folder: &Path) -> io::Result<Overlay> {
        Overlay::open(&folder.join("overlay"), &std::fs::metadata(folder.join("base"))?)
    }

    #[test]
    #[ignore = "a part of the next test, which needs a process with a limit of its own"]
    fn it_does_not_fit() {
        let folder = std::env::var_os(FOLDER).expect("the test beside it names a folder");
        assert!(open(folder.as_ref()).is_err());
    }

    #[test]
    fn an_overlay_that_did_not_fit_can_be_made_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        // So large that its map takes three blocks.
        let base = File::create(folder.path().join("base")).unwrap();
        base.set_len(300 << 20).unwrap();
        let mut limited = Command::new(std::env::current_exe().unwrap());
        limited.args(["--exact", "devices::overlay::tests::it_does_not_fit", "--ignored"]);
        limited.env(FOLDER, folder.path());
        let limit = libc::rlimit {
            rlim_cur: 2 * BLOCK,
            rlim_max: 2 * BLOCK,
        };
        // SAFETY: both calls are safe after a fork (signal-safety(7)).
        unsafe {
            limited.pre_exec(move || {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
                Ok(())
            });
        }
        let output = limited.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(open(folder.path()).is_ok());
    }
}
