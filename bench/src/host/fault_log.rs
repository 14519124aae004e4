//! What the host's kernel logs of a program that a fault has ended: what it accessed, and by which instruction.
//!
//! The lines are those of `show_signal_msg` (arch/x86/mm/fault.c) and `do_trap` (arch/x86/kernel/traps.c); reading them takes the
//! right to read the kernel's log (dmesg_restrict, proc_sys_kernel(5)).

use nix::libc;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

/// The kernel's log from some moment on.
#[derive(Debug)]
pub struct FaultLog(Option<File>);

/// The longest name that a process has (TASK_COMM_LEN, less its zero byte).
const LONGEST_NAME: usize = 15;

impl FaultLog {
    /// The log from now on; empty where it may not be read.
    pub fn from_here() -> Self {
        let mut options = File::options();
        let log = options.read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg");
        FaultLog(log.and_then(|mut log| log.seek(SeekFrom::End(0)).map(|_| log)).ok())
    }

    /// What it says of a fault of a program of this file name, and of this process, where that is known.
    pub fn fault_of(&mut self, program: &str, pid: Option<i32>) -> Option<String> {
        let log = self.0.as_mut()?;
        let name = &program.as_bytes()[..program.len().min(LONGEST_NAME)];
        // The log has every byte that is not ASCII escaped: such a name is not found, and no other is taken for it.
        let name = String::from_utf8_lossy(name);
        // No record is longer (CONSOLE_EXT_LOG_MAX).
        let mut record = [0; 8192];
        loop {
            match log.read(&mut record) {
                Ok(0) => return None,
                Ok(length) => {
                    let text = String::from_utf8_lossy(&record[..length]);
                    let fault = text.split_once(';').and_then(|(_, line)| parse(line, &name, pid));
                    if fault.is_some() {
                        return fault;
                    }
                }
                // Records that were overwritten before they were read (EPIPE).
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(_) => return None,
            }
        }
    }
}

/// The bits of a page fault's error code (Intel SDM volume 3, 4.7).
const WRITE: u64 = 1 << 1;
/// See [`WRITE`].
const FETCH: u64 = 1 << 4;

/// `NAME[PID]: segfault at ADDRESS ip IP sp SP error CODE …`, or `traps: NAME[PID] trap WHAT ip:IP …`.
fn parse(line: &str, name: &str, pid: Option<i32>) -> Option<String> {
    let line = line.lines().next()?;
    let rest = line.strip_prefix("traps: ").unwrap_or(line).strip_prefix(name)?;
    let (faulty, rest) = rest.strip_prefix('[')?.split_once(']')?;
    if pid.is_some_and(|pid| faulty != pid.to_string()) {
        return None;
    }
    let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
    if let Some(rest) = rest.strip_prefix(": segfault at ") {
        let words: Vec<&str> = rest.split(' ').collect();
        let [address, "ip", at, "sp", _, "error", code, ..] = words[..] else {
            return None;
        };
        let access = match hexadecimal(code)? {
            code if code & FETCH != 0 => "jump",
            code if code & WRITE != 0 => "write",
            _ => "read",
        };
        let (address, at) = (hexadecimal(address)?, hexadecimal(at)?);
        return Some(format!("{access} at {address:#x} by the instruction at {at:#x}"));
    }
    let (what, rest) = rest.strip_prefix(' ')?.split_once(" ip:")?;
    let at = hexadecimal(rest.split(' ').next()?)?;
    Some(format!("{} at {at:#x}", what.trim_start_matches("trap ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_kernel_says_of_a_fault_is_read() {
        let segfault =
            "a-program[7296]: segfault at 1234 ip 0000000000401615 sp 00007fff63f25148 error 6 in a-program[1615]";
        let fault = parse(segfault, "a-program", None);
        assert_eq!(fault.as_deref(), Some("write at 0x1234 by the instruction at 0x401615"));
        assert_eq!(parse(segfault, "a-program", Some(7296)), fault);
        assert_eq!(parse(segfault, "a-program", Some(7295)), None);
        assert_eq!(parse(segfault, "a", None), None);
        let trap = "traps: illegal[72] trap invalid opcode ip:400078 sp:7ffc error:0 in illegal[400000+1000]";
        assert_eq!(
            parse(trap, "illegal", None).as_deref(),
            Some("invalid opcode at 0x400078")
        );
        assert_eq!(parse("illegal[72]: something else", "illegal", None), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_a_panic(line in "(traps: |a\\[1\\]|: segfault at |ip:?|[0-9a-f ]{0,9}|error|é){0,9}") {
            let _ = parse(&line, "a", None);
        }
    }
}
