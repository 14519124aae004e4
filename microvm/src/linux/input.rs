//! Brings this process's standard input to the guest's second serial port.
//!
//! A serial line cannot end. The guest's first program is told so by a mark: 0xff 0x00 is the end of the input, and the
//! byte 0xff itself is sent twice (`init/main.rs` takes the marks out again).

use super::machine::Shared;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::BorrowedFd;

/// Begins a mark.
const MARK: u8 = 0xff;
/// The end of the input.
const END: [u8; 2] = [MARK, 0];

/// Passes on input until it ends or the machine does.
pub fn pass_on(input: BorrowedFd, machine: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        let count = match wait_and_read(input, &mut buffer, machine) {
            Some(count) => count,
            None => return,
        };
        let marked = if count == 0 {
            END.to_vec()
        } else {
            mark(&buffer[..count])
        };
        if !machine.give_input(&marked) || count == 0 {
            return;
        }
    }
}

/// Reads what there is; 0 at the end. None when the machine is to end.
fn wait_and_read(input: BorrowedFd, buffer: &mut [u8], machine: &Shared) -> Option<usize> {
    loop {
        if machine.stopped() {
            return None;
        }
        // Not a blocking read: a signal that comes just before it would be lost.
        let mut polled = [PollFd::new(input, PollFlags::POLLIN)];
        match poll(&mut polled, PollTimeout::from(100u8)) {
            Ok(0) | Err(Errno::EINTR) => continue,
            _ => {}
        }
        match nix::unistd::read(input, buffer) {
            Ok(count) => return Some(count),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // A descriptor that is closed or cannot be read has no input, like one at its end.
            Err(_) => return Some(0),
        }
    }
}

/// The bytes with every 0xff twice.
fn mark(bytes: &[u8]) -> Vec<u8> {
    let doubled = |byte: &u8| std::iter::repeat_n(*byte, if *byte == MARK { 2 } else { 1 });
    bytes.iter().flat_map(doubled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_byte_that_begins_a_mark_is_doubled() {
        assert_eq!(mark(b"a\xff\x00b"), b"a\xff\xff\x00b");
    }
}
