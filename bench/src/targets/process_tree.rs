//! Processes below a process, as /proc tells them (proc_pid_task_children(5), proc_pid_stat(5)).

use std::collections::HashMap;
use std::fs;

/// A process that is told from a later one with its number: by the time it started (clock ticks since the host did).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pid: i32,
    started: u64,
}

impl Process {
    /// The process of that number now; `None` where there is none.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let started = word(&stat, 19)?.parse().ok()?;
        Some(Process { pid, started })
    }
}

/// The children of a process.
pub fn children(pid: i32) -> Vec<i32> {
    let tree = below(pid).into_iter();
    tree.filter(|(_, depth)| *depth == 1).map(|(child, _)| child).collect()
}

/// `root` and all its descendants, each with how far below `root` it is, parents before their children.
pub fn below(root: i32) -> Vec<(i32, usize)> {
    let mut found = vec![(root, 0)];
    let mut parents = None;
    let mut next = 0;
    while let Some(&(pid, depth)) = found.get(next) {
        let children = told_children(pid).unwrap_or_else(|| {
            // A kernel without CONFIG_PROC_CHILDREN: every process is asked for its parent, once.
            let parents = parents.get_or_insert_with(all_parents);
            let of_pid = parents.iter().filter(|(_, parent)| **parent == pid);
            of_pid.map(|(child, _)| *child).collect()
        });
        found.extend(children.into_iter().map(|child| (child, depth + 1)));
        next += 1;
    }
    found
}

/// The children of all threads of a process; `None` where the kernel does not tell.
fn told_children(pid: i32) -> Option<Vec<i32>> {
    let mut children = Vec::new();
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        // It has ended.
        return Some(children);
    };
    for thread in threads.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(text) => children.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok())),
            Err(_) if thread.path().exists() => return None,
            Err(_) => {}
        }
    }
    Some(children)
}

/// Every process with its parent.
fn all_parents() -> HashMap<i32, i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

/// The parent in the text of a `stat` file.
fn parent(stat: &str) -> Option<i32> {
    word(stat, 1)?.parse().ok()
}

/// A word of a `stat` file, from 0 behind the name, which stands in brackets and may hold some.
fn word(stat: &str, number: usize) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn children_and_their_children_are_found_with_their_depth() {
        let script = "sh -c 'echo; read x'; :";
        let command = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut shell = command.unwrap();
        let mut line = [0; 1];
        std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut line).unwrap();
        let pid = shell.id() as i32;
        let tree = below(pid);
        assert_eq!(tree[0], (pid, 0));
        assert_eq!(tree.len(), 2, "{tree:?}");
        assert_eq!(tree[1].1, 1);
        let parents = all_parents();
        assert_eq!(parents.get(&tree[1].0), Some(&pid));
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_hide_the_parent() {
        assert_eq!(parent("12 (a) b) (c) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12 (a"), None);
    }
}
