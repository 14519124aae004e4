//! System calls on open files.

use super::{frame, time};
use crate::console;
use crate::errno::{Errno, Result};
use crate::files::{FILES, Node, OPEN_MAX, Open, device_stat, entry_type};
use crate::memory::MEMORY;
use crate::cpu::clock;
use crate::power;
use crate::memory::user_access;

/// What is copied to the program by the kernel itself; more is left to ring 3.
const SMALL: usize = 256;
/// Most bytes of one `read` from the console.
const CONSOLE_READ: usize = 256;
/// Most buffers of `readv` and `writev` (Linux: UIO_MAXIOV).
const VECTOR_MAX: u64 = 1024;

/// What an open descriptor stands for.
fn open(descriptor: u64) -> Result<Open> {
    FILES.borrow().get(descriptor).copied()
}

/// `read`.
pub fn read(descriptor: u64, address: u64, bytes: u64) -> Result<u64> {
    match open(descriptor)? {
        Open::Console => {
            let mut buffer = [0; CONSOLE_READ];
            let wanted = (bytes as usize).min(CONSOLE_READ);
            let count = console::read(&mut buffer[..wanted]);
            user_access::write_bytes(address, &buffer[..count])?;
            Ok(count as u64)
        }
        Open::Node(node, position) => {
            let count = read_node(&node, position, address, bytes)?;
            if let Open::Node(_, position) = FILES.borrow().get(descriptor)? {
                *position += count;
            }
            Ok(count)
        }
        Open::Null | Open::Closed => Ok(0),
    }
}

/// `pread64`.
pub fn read_at(descriptor: u64, address: u64, bytes: u64, position: u64) -> Result<u64> {
    match open(descriptor)? {
        Open::Node(node, _) if position as i64 >= 0 => read_node(&node, position, address, bytes),
        Open::Node(..) => Err(Errno::EINVAL),
        _ => Err(Errno::ESPIPE),
    }
}

/// Copies from a file to the program.
fn read_node(node: &Node, position: u64, address: u64, bytes: u64) -> Result<u64> {
    if node.is_directory() {
        return Err(Errno::EISDIR);
    }
    let rest = &node.data[node.data.len().min(usize::try_from(position).unwrap_or(usize::MAX))..];
    let rest = &rest[..bytes.min(rest.len() as u64) as usize];
    if rest.len() <= SMALL {
        user_access::write_bytes(address, rest)?;
        return Ok(rest.len() as u64);
    }
    let (from, count) = FILES.borrow().window(rest, &mut MEMORY.borrow().frames)?;
    user_access::copy_later(frame(), address, from, count)?;
    Ok(count)
}

/// `write`.
pub fn write(descriptor: u64, address: u64, bytes: u64) -> Result<u64> {
    match open(descriptor)? {
        Open::Console => console::write(address, bytes).map(|()| bytes),
        Open::Null => Ok(bytes),
        _ => Err(Errno::EBADF),
    }
}

/// Calls `transfer` with each buffer of a vector until one is not filled.
fn each_buffer(vector: u64, count: u64, mut transfer: impl FnMut(u64, u64) -> Result<u64>) -> Result<u64> {
    if count > VECTOR_MAX {
        return Err(Errno::EINVAL);
    }
    let mut total = 0;
    for n in 0..count {
        let [address, bytes]: [u64; 2] = user_access::read(vector + 16 * n)?;
        if bytes == 0 {
            continue;
        }
        match transfer(address, bytes) {
            Ok(done) => {
                total += done;
                if done < bytes {
                    break;
                }
            }
            Err(error) if total == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(total)
}

/// `writev`.
pub fn write_vector(descriptor: u64, vector: u64, count: u64) -> Result<u64> {
    each_buffer(vector, count, |address, bytes| write(descriptor, address, bytes))
}

/// `readv`: fills the first buffer that has room; reading less than asked for is allowed.
pub fn read_vector(descriptor: u64, vector: u64, count: u64) -> Result<u64> {
    let mut filled = false;
    each_buffer(vector, count, |address, bytes| {
        if core::mem::replace(&mut filled, true) {
            Ok(0)
        } else {
            read(descriptor, address, bytes)
        }
    })
}

/// `close`.
pub fn close(descriptor: u64) -> Result<u64> {
    FILES.borrow().close(descriptor).map(|()| 0)
}

/// `fstat`.
pub fn stat(descriptor: u64, address: u64) -> Result<u64> {
    let stat = match open(descriptor)? {
        Open::Node(node, _) => node.stat(),
        _ => device_stat(),
    };
    user_access::write(address, stat).map(|()| 0)
}

/// `lseek`.
pub fn seek(descriptor: u64, offset: i64, whence: u64) -> Result<u64> {
    let mut files = FILES.borrow();
    let Open::Node(node, position) = files.get(descriptor)? else {
        return Err(Errno::ESPIPE);
    };
    let base = match whence {
        0 => 0,
        1 => *position as i64,
        2 => node.data.len() as i64,
        _ => return Err(Errno::EINVAL),
    };
    let target = base.checked_add(offset).ok_or(Errno::EOVERFLOW)?;
    *position = u64::try_from(target).map_err(|_| Errno::EINVAL)?;
    Ok(*position)
}

/// `ioctl`: the console is no terminal, whatever is asked.
pub fn control(descriptor: u64) -> Result<u64> {
    open(descriptor)?;
    Err(Errno::ENOTTY)
}

/// `fcntl`: descriptor flags are accepted and mean nothing, since no program is executed from this one.
pub fn fcntl(descriptor: u64, command: u64) -> Result<u64> {
    const O_RDWR: u64 = 2;
    let console = matches!(open(descriptor)?, Open::Console);
    match command {
        1 | 2 | 4 => Ok(0), // F_GETFD, F_SETFD, F_SETFL
        3 => Ok(if console { O_RDWR } else { 0 }),
        _ => Err(Errno::EINVAL),
    }
}

/// `getdents64`.
pub fn entries(descriptor: u64, address: u64, bytes: u64) -> Result<u64> {
    let Open::Node(node, position) = open(descriptor)? else {
        return Err(Errno::ENOTDIR);
    };
    if !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    const HEADER: usize = 19;
    let (mut written, mut last) = (0, position);
    for (name, child, next) in FILES.borrow().children(node, position) {
        let size = (HEADER + name.len() + 1 + 7) & !7;
        if written + size as u64 > bytes {
            if written == 0 {
                return Err(Errno::EINVAL);
            }
            break;
        }
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&child.stat()[1].to_le_bytes());
        header[8..16].copy_from_slice(&next.to_le_bytes());
        header[16..18].copy_from_slice(&(size as u16).to_le_bytes());
        header[18] = entry_type(&child);
        let at = address + written;
        user_access::write_bytes(at, &header)?;
        user_access::write_bytes(at + HEADER as u64, name)?;
        user_access::write(at + (HEADER + name.len()) as u64, 0u8)?;
        written += size as u64;
        last = next;
    }
    if let Open::Node(_, position) = FILES.borrow().get(descriptor)? {
        *position = last;
    }
    Ok(written)
}

/// How long `poll` waits.
#[derive(Clone, Copy)]
enum Wait {
    /// Until the monotonic clock says so.
    Until(u64),
    /// Until something is ready.
    Ever,
}

/// `poll`: the timeout is in milliseconds; a negative one is none.
pub fn poll(address: u64, count: u64, timeout: u64) -> Result<u64> {
    let wait = match timeout as i32 {
        ..0 => Wait::Ever,
        0 => Wait::Until(0),
        milliseconds => Wait::Until(clock::monotonic() + milliseconds as u64 * 1_000_000),
    };
    poll_and_wait(address, count, wait)
}

/// `ppoll`: the timeout is a `struct timespec`. (No signal comes while this waits, so the mask makes no difference.)
pub fn poll_precisely(address: u64, count: u64, timeout: u64) -> Result<u64> {
    let wait = match timeout {
        0 => Wait::Ever,
        timeout => match time::read_time(timeout)? {
            0 => Wait::Until(0),
            nanoseconds => Wait::Until(clock::monotonic().saturating_add(nanoseconds)),
        },
    };
    poll_and_wait(address, count, wait)
}

fn poll_and_wait(address: u64, count: u64, wait: Wait) -> Result<u64> {
    const POLLIN: u16 = 1;
    const POLLOUT: u16 = 4;
    const POLLNVAL: u16 = 32;
    let count = u64::from(count as u32);
    if count > OPEN_MAX as u64 {
        return Err(Errno::EINVAL);
    }
    loop {
        let (mut ready, mut for_input) = (0, false);
        for n in 0..count {
            let at = address.wrapping_add(8 * n);
            let entry: u64 = user_access::read(at)?;
            let (descriptor, events) = (entry as i32, (entry >> 32) as u16);
            let mut revents = 0;
            if descriptor >= 0 {
                revents = match open(descriptor as u64) {
                    Err(_) => POLLNVAL,
                    Ok(Open::Console) if events & POLLIN != 0 && descriptor == 0 => {
                        for_input = true;
                        events & POLLOUT | if console::input_ready() { POLLIN } else { 0 }
                    }
                    Ok(Open::Console) => events & POLLOUT,
                    Ok(_) => events & (POLLIN | POLLOUT),
                };
            }
            if revents != (entry >> 48) as u16 {
                user_access::write(at, entry & 0x0000_ffff_ffff_ffff | u64::from(revents) << 48)?;
            }
            ready += u64::from(revents != 0);
        }
        let left = match wait {
            _ if ready > 0 => return Ok(ready),
            Wait::Until(0) => return Ok(0),
            Wait::Until(deadline) => match deadline.saturating_sub(clock::monotonic()) {
                0 => return Ok(0),
                left => time::microseconds(left),
            },
            Wait::Ever => u32::MAX,
        };
        if for_input {
            power::wait_for_input(left);
        } else {
            power::sleep(left);
        }
    }
}
