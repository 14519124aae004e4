//! Brings this process's standard input to the guest's second serial port.
//!
//! A serial line cannot end. The guest's first program is told so by a mark: 0xff 0x00 is the end of the input, and the
//! byte 0xff itself is sent twice (`init/main.rs` takes the marks out again).

use super::console::wait_and_read;
use crate::running::Shared;
use std::os::fd::BorrowedFd;

/// Begins a mark.
const MARK: u8 = 0xff;
/// The end of the input.
const END: [u8; 2] = [MARK, 0];

/// Passes on input until it ends or the machine does.
pub fn pass_on(input: BorrowedFd, machine: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        let count = match wait_and_read(input, &mut buffer, &|| machine.stopped()) {
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
