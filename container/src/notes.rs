//! What a killed lab leaves, and how a later one finds it.
//!
//! When a lab is killed, its containers' processes end at once, and with them their mounts, which live in their own
//! namespace only. What stays are control groups. So a lab that makes groups keeps a note: a file named
//! after itself that lists where its groups are. [`sweep`] reads the notes of labs that are gone.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use nix::errno::Errno;

use crate::cgroup;
use crate::error::Error;

/// A process that cannot be confused with a later one of the same id: `PID-STARTTIME`.
fn this_lab() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let pid = std::process::id();
        format!("{pid}-{}", start_time(pid).unwrap_or(0))
    })
}

/// When a process started, in clock ticks after boot: field 22 of `/proc/PID/stat` (proc_pid_stat(5)).
fn start_time(pid: u32) -> Option<u64> {
    parse_start_time(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name, field 2, is in parentheses and may contain any character: count from its end.
fn parse_start_time(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a name made by [`this_lab`] stands for a process that still runs.
fn is_alive(lab: &str) -> bool {
    let Some((pid, started)) = lab.split_once('-') else {
        return false;
    };
    pid.parse()
        .ok()
        .and_then(start_time)
        .is_some_and(|time| time.to_string() == started)
}

/// The name of a new group: `isolab-PID-STARTTIME-NUMBER`.
pub fn group_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("{}{}", group_prefix(this_lab()), NUMBER.fetch_add(1, Relaxed))
}

fn group_prefix(lab: &str) -> String {
    format!("isolab-{lab}-")
}

/// The notes of this lab that are written.
static WRITTEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Sees to it that this lab's note is in the directory. It is written once, and removed when the lab ends by itself.
pub fn write<'a>(directory: &Path, bases: impl Iterator<Item = &'a Path>) -> Result<(), Error> {
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = Vec::new();
    for base in bases {
        text.extend(base.as_os_str().as_bytes());
        text.push(b'\n');
    }
    let name = format!("{}-{:x}", this_lab(), fingerprint(&text));
    if written
        .iter()
        .any(|path| path.parent() == Some(directory) && path.ends_with(&name))
    {
        return Ok(());
    }
    let path = directory.join(&name);
    let result = match fs::write(&path, &text) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(directory).and_then(|()| fs::write(&path, &text))
        }
        other => other,
    };
    result.map_err(|error| failed("write", &path, &error))?;
    if written.is_empty() {
        // SAFETY: a function without arguments that does not unwind. Should there be no room for it, which the answer
        // would say, the next sweep removes the note.
        let _ = unsafe { libc::atexit(remove_notes) };
    }
    written.push(path);
    Ok(())
}

extern "C" fn remove_notes() {
    let written = std::mem::take(&mut *WRITTEN.lock().unwrap_or_else(PoisonError::into_inner));
    for path in written {
        // The next sweep removes it otherwise.
        let _ = fs::remove_file(path);
    }
}

/// Tells notes with different lists apart: containers with other limits have groups in other places.
fn fingerprint(text: &[u8]) -> u32 {
    // FNV-1a.
    text.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error {
        step: "state directory",
        tried: format!("{what} {}", path.display()),
        errno: error.raw_os_error().map(Errno::from_raw),
        hint: "the lab notes there which control groups to remove should it be killed: choose a writable place \
               (`state_dir`, or the variable XDG_RUNTIME_DIR)"
            .into(),
    }
}

/// Removes what labs that were killed have left: control groups, and their notes in `state_dir`. Returns how many
/// groups were removed. A missing `state_dir` means that there is nothing to do.
pub fn sweep(state_dir: &Path) -> Result<usize, Error> {
    let entries = match fs::read_dir(state_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(|error| failed("read", state_dir, &error))?,
    };
    let mut removed = 0;
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(lab) = name.to_str().and_then(lab_of_note) else {
            continue;
        };
        if is_alive(lab) {
            continue;
        }
        let bases = match fs::read_to_string(&path) {
            // It has just ended by itself, or another lab swept at the same time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(|error| failed("read", &path, &error))?,
        };
        for base in bases.lines() {
            removed += sweep_base(Path::new(base), &group_prefix(lab))?;
        }
        match fs::remove_file(&path) {
            // Another lab swept at the same time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(|error| failed("remove", &path, &error))?,
        }
    }
    Ok(removed)
}

/// The lab that a note of the name `PID-STARTTIME-FINGERPRINT` is about; other files are not ours.
fn lab_of_note(name: &str) -> Option<&str> {
    let (lab, fingerprint) = name.rsplit_once('-')?;
    let (pid, started) = lab.split_once('-')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = !fingerprint.is_empty() && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    (number(pid) && number(started) && hexadecimal).then_some(lab)
}

fn sweep_base(base: &Path, prefix: &str) -> Result<usize, Error> {
    let Ok(entries) = fs::read_dir(base) else { return Ok(0) };
    let mut removed = 0;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            // The kernel may still be ending its processes: kill what can be seen, try again a few times.
            let mut last = cgroup::kill_and_remove(&entry.path());
            for _ in 0..5 {
                if last.is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
                last = cgroup::kill_and_remove(&entry.path());
            }
            last?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_process_is_alive_and_one_that_started_at_another_time_is_not() {
        assert!(is_alive(this_lab()));
        assert!(!is_alive(&format!("{}-1", std::process::id())));
        assert!(!is_alive("0-0"));
    }

    #[test]
    fn a_note_is_written_once_for_each_list_of_places() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("made/on/demand");
        for bases in [&["/a", "/b"][..], &["/a", "/b"], &["/c"]] {
            write(&state, bases.iter().map(Path::new)).unwrap();
        }
        let mut texts: Vec<_> = fs::read_dir(&state)
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        texts.sort();
        assert_eq!(texts, ["/a\n/b\n", "/c\n"]);
    }

    #[test]
    fn a_sweep_takes_the_notes_of_dead_labs_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let alive = format!("{}-0", this_lab());
        for name in ["1-1-abc", "notes.txt", &alive] {
            fs::write(directory.path().join(name), "/nonexistent\n").unwrap();
        }
        assert_eq!(sweep(directory.path()), Ok(0));
        let mut left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        let mut expected = [alive.into(), std::ffi::OsString::from("notes.txt")];
        expected.sort();
        assert_eq!(left, expected);
    }

    proptest! {
        #[test]
        fn any_program_name_leaves_the_start_time_readable(name in "[^\n]{0,20}", time in any::<u64>()) {
            let fields = "S 1 ".to_owned() + &"0 ".repeat(17);
            prop_assert_eq!(parse_start_time(&format!("42 ({name}) {fields}{time} 0 0\n")), Some(time));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            parse_start_time(&text);
            lab_of_note(&text);
        }
    }
}
