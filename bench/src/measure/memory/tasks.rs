//! The processes and threads of an instance as /proc shows them, and what they wait for.
//!
//! Every file of /proc that is looked at costs the kernel about a kilobyte until its process ends, which would count as the
//! instance's memory. So the search for a thread that waits to write looks first where it usually is, and no further than
//! it must.

use crate::targets::{Instance, Role, process_tree};
use nix::libc;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// All processes of an instance: those that it names, and what its programs have started.
pub fn processes(instance: &dyn Instance) -> Vec<(i32, Role)> {
    let mut found = instance.processes();
    for (pid, role) in found.clone() {
        if role == Role::Program {
            add_descendants(&mut found, pid);
        }
    }
    found
}

/// What was found of an instance that starts.
#[derive(Debug, PartialEq, Eq)]
pub struct Search {
    /// A thread waits for room in the pipe.
    pub waits: bool,
    /// The processes that were looked at.
    pub processes: Vec<(i32, Role)>,
}

/// Looks for a thread of the instance that waits for room in the pipe of that name (`pipe:[INODE]`, proc_pid_fd(5)); behind
/// a process whose first thread is busy only if that is wanted.
pub fn search(instance: &dyn Instance, pipe: &Path, behind_busy: bool) -> Search {
    let mut search = Search {
        waits: false,
        processes: instance.processes(),
    };
    let mut next = 0;
    while let Some(&(pid, role)) = search.processes.get(next) {
        let first = does(pid, &format!("/proc/{pid}"), pipe);
        search.waits |= first == Does::Wait;
        if first == Does::Else || (first == Does::Run && behind_busy) {
            let mut others = threads(pid).into_iter().filter(|thread| *thread != pid);
            search.waits |= others.any(|thread| does(pid, &format!("/proc/{pid}/task/{thread}"), pipe) == Does::Wait);
            if role == Role::Program {
                add_descendants(&mut search.processes, pid);
            }
        }
        next += 1;
    }
    search
}

/// Adds what a program has started.
fn add_descendants(found: &mut Vec<(i32, Role)>, program: i32) {
    for (pid, _) in process_tree::below(program) {
        if found.iter().all(|(known, _)| *known != pid) {
            found.push((pid, Role::Program));
        }
    }
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// It waits for room in the pipe.
    Wait,
    /// It waits for something else, or has ended.
    Else,
    /// It runs, or is about to.
    Run,
}

/// What the thread whose folder in /proc is `task` does (proc_pid_syscall(5)).
fn does(pid: i32, task: &str, pipe: &Path) -> Does {
    match fs::read_to_string(format!("{task}/syscall")) {
        Ok(text) if text.starts_with("running") => Does::Run,
        Ok(text) => match written(&text).map(|fd| fs::read_link(format!("/proc/{pid}/fd/{fd}"))) {
            Some(Ok(link)) if link == pipe => Does::Wait,
            _ => Does::Else,
        },
        // Where only the administrator may trace (Documentation/admin-guide/LSM/Yama.rst), the kernel still names the
        // function that a thread waits in: `pipe_write`, `anon_pipe_write` since Linux 6.14.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            match fs::read_to_string(format!("{task}/wchan")) {
                Ok(function) if function.ends_with("pipe_write") => Does::Wait,
                _ => Does::Else,
            }
        }
        Err(_) => Does::Else,
    }
}

/// The descriptor that a thread waits to write to: the text is the number of its system call and the arguments.
fn written(syscall: &str) -> Option<u64> {
    let mut words = syscall.split_ascii_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    let index = match number {
        libc::SYS_write | libc::SYS_writev | libc::SYS_pwritev2 | libc::SYS_sendfile | libc::SYS_vmsplice => 0,
        libc::SYS_tee => 1,
        libc::SYS_splice => 2,
        _ => return None,
    };
    u64::from_str_radix(words.nth(index)?.strip_prefix("0x")?, 16).ok()
}

/// The threads of a process, none when it has ended.
fn threads(pid: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    let names = entries.into_iter().flatten().flatten();
    names
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_is_the_one_that_the_system_call_writes_to() {
        assert_eq!(written("1 0x1 0x7f00 0x20 0x0 0x0 0x0 0x7ffe 0x4000"), Some(1));
        assert_eq!(written("20 0x7 0x7f00 0x2 0x0 0x0 0x0 0x7ffe 0x4000"), Some(7));
        assert_eq!(written("275 0x3 0x0 0x5 0x0 0x40 0x0 0x7ffe 0x4000"), Some(5));
        assert_eq!(written("0 0x0 0x7f00 0x20 0x0 0x0 0x0 0x7ffe 0x4000"), None);
        assert_eq!(written("-1 0x7ffe 0x4000"), None);
        assert_eq!(written("running\n"), None);
        assert_eq!(written(""), None);
    }
}
