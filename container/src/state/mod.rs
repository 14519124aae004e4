//! What a killed isolab leaves, and how a later one finds it.
//!
//! When isolab is killed, its containers' processes end at once, and with them their mounts, which live in their own
//! namespace only. What stays are control groups. So a process that makes groups keeps a note, which it holds a lock on:
//! a file named after it that lists where its groups are. [`sweep`] reads the notes that nobody holds.

mod note;
mod sweep;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::errno::Errno;

pub use note::{hold, write};
pub use sweep::sweep;

use crate::error::{Error, ErrorStep};

/// What the names of notes end with.
const NOTE: &str = ".groups";

/// This process's name, which no other has: its id, and a random number, since ids come again.
fn own_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let mut random = [0u8; 8];
        // SAFETY: pointer and length of a live buffer. So few bytes are never refused once the kernel has started.
        let _ = unsafe { libc::getrandom(random.as_mut_ptr().cast(), random.len(), 0) };
        format!("{}-{:016x}", std::process::id(), u64::from_ne_bytes(random))
    })
}

/// The name of a new group: `isolab-PID-RANDOM-NUMBER`.
pub fn group_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("{}{}", group_prefix(own_name()), NUMBER.fetch_add(1, Relaxed))
}

fn group_prefix(owner: &str) -> String {
    format!("isolab-{owner}-")
}

/// Whose groups a note of the name `PID-RANDOM.groups` is about; other files are not ours.
fn owner_of_note(name: &str) -> Option<&str> {
    let owner = name.strip_suffix(NOTE)?;
    let (pid, random) = owner.split_once('-')?;
    let is_pid = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    let is_random = random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_pid && is_random).then_some(owner)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let why = if errno.is_none() {
        format!(": {error}")
    } else {
        String::new()
    };
    Error {
        step: ErrorStep::State,
        tried: format!("{what} {}{why}", path.display()),
        errno,
        hint: "isolab notes there which control groups to remove should it be killed: choose a place that this user alone \
               can write to (`state_dir`, or the variable XDG_RUNTIME_DIR)"
            .into(),
    }
}

/// Where notes are unless told otherwise: `/run/isolab` for root, `$XDG_RUNTIME_DIR/isolab` where that is this user's, or
/// a folder of the user's own in the folder for temporary files.
pub fn default_state_dir() -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let uid = nix::unistd::geteuid();
    if uid.is_root() {
        return PathBuf::from("/run/isolab");
    }
    // It may be another user's, whose variables this process was given.
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = runtime.filter(|path| std::fs::metadata(path).is_ok_and(|about| about.uid() == uid.as_raw()));
    match own {
        Some(runtime) => runtime.join("isolab"),
        None => std::env::temp_dir().join(format!("isolab-{uid}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_note_says_whose_groups_it_is_about() {
        assert_eq!(owner_of_note(&format!("{}{NOTE}", own_name())), Some(own_name()));
        for name in [
            "notes.txt",
            "1-2.groups",
            "x-0123456789abcdef.groups",
            "-0123456789abcdef.groups",
        ] {
            assert_eq!(owner_of_note(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            owner_of_note(&text);
        }
    }
}
