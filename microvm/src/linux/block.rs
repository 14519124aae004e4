//! A disk as a virtio block device behind memory-mapped registers (Virtual I/O Device specification 1.2, sections 2.7,
//! 4.2 and 5.2).
//!
//! The guest puts requests into a queue in its memory and writes to a register; the processor that does so answers them
//! before it goes on. Nothing in that memory is trusted: a request that makes no sense ends with an error status, a
//! queue that makes no sense stops the device until the guest resets it.

use super::disk::{Disk, SECTOR};
use std::io;
use virtio_queue::{DescriptorChain, Queue, QueueOwnedT, QueueT, desc::split::Descriptor};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// Where the registers of the first disk lie, in the gap that has no RAM; those of the next follow.
pub const ADDRESS: u64 = 0xd000_0000;
/// Bytes of a disk's registers.
pub const SIZE: u64 = 0x1000;
/// Requests that the queue holds.
const QUEUE_SIZE: u16 = 128;
/// Data is copied in pieces of this size, whatever the guest asks for.
const PIECE: usize = 64 << 10;

/// Registers (table 4.1).
mod register {
    pub const MAGIC: u64 = 0x000;
    pub const VERSION: u64 = 0x004;
    pub const DEVICE_ID: u64 = 0x008;
    pub const VENDOR_ID: u64 = 0x00c;
    pub const DEVICE_FEATURES: u64 = 0x010;
    pub const DEVICE_FEATURES_WORD: u64 = 0x014;
    pub const QUEUE: u64 = 0x030;
    pub const QUEUE_SIZE_MAX: u64 = 0x034;
    pub const QUEUE_SIZE: u64 = 0x038;
    pub const QUEUE_READY: u64 = 0x044;
    pub const QUEUE_NOTIFY: u64 = 0x050;
    pub const INTERRUPT_STATUS: u64 = 0x060;
    pub const INTERRUPT_ACKNOWLEDGE: u64 = 0x064;
    pub const STATUS: u64 = 0x070;
    pub const QUEUE_DESCRIPTORS: u64 = 0x080;
    pub const QUEUE_DRIVER: u64 = 0x090;
    pub const QUEUE_DEVICE: u64 = 0x0a0;
    pub const CONFIGURATION: u64 = 0x100;
}

const MAGIC: u32 = u32::from_le_bytes(*b"virt");
const VERSION: u32 = 2;
const BLOCK_DEVICE: u32 = 2;
const VENDOR: u32 = u32::from_le_bytes(*b"ISOL");
/// Features (5.2.3 and 6).
const SEGMENT_MAX: u64 = 1 << 2;
const READ_ONLY: u64 = 1 << 5;
const FLUSH: u64 = 1 << 9;
const VERSION_1: u64 = 1 << 32;
/// Device status (2.1).
const DRIVER_OK: u32 = 4;
const NEEDS_RESET: u32 = 0x40;
/// Interrupt status (4.2.2): a request was answered; the device's state has changed.
const ANSWERED: u32 = 1;
const CHANGED: u32 = 2;
/// Request types and statuses (5.2.6).
const REQUEST_READ: u32 = 0;
const REQUEST_WRITE: u32 = 1;
const REQUEST_FLUSH: u32 = 4;
const REQUEST_ID: u32 = 8;
const STATUS_OK: u8 = 0;
const STATUS_ERROR: u8 = 1;
const STATUS_UNSUPPORTED: u8 = 2;
/// What the device says its serial number is.
const ID: [u8; 20] = *b"isolab-disk\0\0\0\0\0\0\0\0\0";

/// The device.
pub struct Block {
    disk: Disk,
    queue: Queue,
    features_word: u32,
    queue_selected: u32,
    status: u32,
    interrupt: u32,
}

impl Block {
    /// A device that has not been looked at yet.
    pub fn new(disk: Disk) -> Self {
        Self {
            disk,
            queue: new_queue(),
            features_word: 0,
            queue_selected: 0,
            status: 0,
            interrupt: 0,
        }
    }

    /// The guest reads registers from an offset on.
    pub fn read(&self, offset: u64, data: &mut [u8]) {
        if offset >= register::CONFIGURATION {
            let at = (offset - register::CONFIGURATION) as usize;
            let configuration = self.configuration();
            for (n, byte) in data.iter_mut().enumerate() {
                *byte = configuration.get(at.saturating_add(n)).copied().unwrap_or(0);
            }
            return;
        }
        let queue = self.queue_selected == 0;
        let value = match offset {
            register::MAGIC => MAGIC,
            register::VERSION => VERSION,
            register::DEVICE_ID => BLOCK_DEVICE,
            register::VENDOR_ID => VENDOR,
            register::DEVICE_FEATURES if self.features_word < 2 => {
                (self.features() >> (32 * self.features_word)) as u32
            }
            register::QUEUE_SIZE_MAX if queue => QUEUE_SIZE.into(),
            register::QUEUE_READY if queue => self.queue.ready().into(),
            register::INTERRUPT_STATUS => self.interrupt,
            register::STATUS => self.status,
            _ => 0,
        };
        let value = value.to_le_bytes();
        for (n, byte) in data.iter_mut().enumerate() {
            *byte = value.get(n).copied().unwrap_or(0);
        }
    }

    /// The guest writes a register. True when it is to be interrupted.
    pub fn write(&mut self, offset: u64, data: &[u8], memory: &GuestMemoryMmap, stopped: impl Fn() -> bool) -> bool {
        // All registers are of 32 bits (4.2.2.2); what is not is ignored.
        let Ok(value) = <[u8; 4]>::try_from(data).map(u32::from_le_bytes) else {
            return false;
        };
        if self.queue_selected == 0 {
            match offset {
                register::QUEUE_SIZE => self.queue.set_size(value.min(u32::from(u16::MAX)) as u16),
                register::QUEUE_READY => self.queue.set_ready(value == 1),
                register::QUEUE_DESCRIPTORS => self.queue.set_desc_table_address(Some(value), None),
                0x084 => self.queue.set_desc_table_address(None, Some(value)),
                register::QUEUE_DRIVER => self.queue.set_avail_ring_address(Some(value), None),
                0x094 => self.queue.set_avail_ring_address(None, Some(value)),
                register::QUEUE_DEVICE => self.queue.set_used_ring_address(Some(value), None),
                0x0a4 => self.queue.set_used_ring_address(None, Some(value)),
                _ => {}
            }
        }
        match offset {
            register::DEVICE_FEATURES_WORD => self.features_word = value,
            register::QUEUE => self.queue_selected = value,
            register::INTERRUPT_ACKNOWLEDGE => self.interrupt &= !value,
            register::STATUS if value == 0 => self.reset(),
            register::STATUS => self.status = value | self.status & NEEDS_RESET,
            register::QUEUE_NOTIFY => return self.serve(memory, stopped),
            _ => {}
        }
        false
    }

    fn reset(&mut self) {
        self.queue = new_queue();
        (self.features_word, self.queue_selected) = (0, 0);
        (self.status, self.interrupt) = (0, 0);
    }

    fn features(&self) -> u64 {
        VERSION_1 | FLUSH | SEGMENT_MAX | if self.disk.writable() { 0 } else { READ_ONLY }
    }

    /// Configuration (5.2.4): sectors, largest segment (not told), most segments of a request.
    fn configuration(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(self.disk.bytes() / SECTOR).to_le_bytes());
        bytes[12..].copy_from_slice(&u32::from(QUEUE_SIZE - 2).to_le_bytes());
        bytes
    }

    /// Answers the requests in the queue. True when the guest is to be interrupted.
    fn serve(&mut self, memory: &GuestMemoryMmap, stopped: impl Fn() -> bool) -> bool {
        if self.status & (DRIVER_OK | NEEDS_RESET) != DRIVER_OK || !self.queue.is_valid(memory) {
            return false;
        }
        let mut answered = false;
        while !stopped() {
            let chain = match self.queue.iter(memory) {
                Ok(mut chains) => chains.next(),
                Err(_) => {
                    self.status |= NEEDS_RESET;
                    self.interrupt |= CHANGED;
                    return true;
                }
            };
            let Some(chain) = chain else { break };
            let head = chain.head_index();
            let written = self.answer(chain, memory, &stopped);
            // The used ring was checked to lie in memory, and the head to be one of the queue's.
            let _ = self.queue.add_used(memory, head, written);
            answered = true;
        }
        if answered {
            self.interrupt |= ANSWERED;
        }
        answered
    }

    /// Answers one request; gives how many bytes of the guest's buffers were written.
    fn answer(
        &mut self,
        chain: DescriptorChain<&GuestMemoryMmap>,
        memory: &GuestMemoryMmap,
        stopped: &impl Fn() -> bool,
    ) -> u32 {
        let parts: Vec<Descriptor> = chain.collect();
        // A header to read, data, and one byte for the status (5.2.6).
        let [header, data @ .., status] = &parts[..] else {
            return 0;
        };
        let mut head = [0; 16];
        let readable = !header.is_write_only() && header.len() >= 16;
        if !readable || memory.read_slice(&mut head, header.addr()).is_err() || !status.is_write_only() {
            return 0;
        }
        let kind = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let sector = u64::from_le_bytes([
            head[8], head[9], head[10], head[11], head[12], head[13], head[14], head[15],
        ]);
        let mut written = 0;
        let result = match kind {
            REQUEST_READ | REQUEST_WRITE => self.transfer(kind, sector, data, memory, stopped, &mut written),
            REQUEST_FLUSH => self.disk.flush().map(|()| STATUS_OK),
            REQUEST_ID => Ok(match data {
                [place] if place.is_write_only() && place.len() >= ID.len() as u32 => {
                    written = ID.len() as u32;
                    memory
                        .write_slice(&ID, place.addr())
                        .map_or(STATUS_ERROR, |()| STATUS_OK)
                }
                _ => STATUS_ERROR,
            }),
            _ => Ok(STATUS_UNSUPPORTED),
        };
        let answer = result.unwrap_or(STATUS_ERROR);
        match memory.write_obj(answer, status.addr()) {
            Ok(()) => written.saturating_add(1),
            Err(_) => written,
        }
    }

    /// Copies between the disk and the guest's buffers.
    fn transfer(
        &mut self,
        kind: u32,
        sector: u64,
        data: &[Descriptor],
        memory: &GuestMemoryMmap,
        stopped: &impl Fn() -> bool,
        written: &mut u32,
    ) -> io::Result<u8> {
        let length: u64 = data.iter().map(|part| u64::from(part.len())).sum();
        let end = sector.checked_mul(SECTOR).and_then(|start| start.checked_add(length));
        let in_disk = end.is_some_and(|end| end <= self.disk.bytes());
        let right_way = data.iter().all(|part| part.is_write_only() == (kind == REQUEST_READ));
        if !in_disk || !right_way || !length.is_multiple_of(SECTOR) || (kind == REQUEST_WRITE && !self.disk.writable())
        {
            return Ok(STATUS_ERROR);
        }
        let mut at = sector * SECTOR;
        let mut buffer = vec![0; PIECE.min(length as usize)];
        for part in data {
            let mut address = part.addr().0;
            let mut left = part.len() as usize;
            while left > 0 {
                if stopped() {
                    return Ok(STATUS_ERROR);
                }
                let piece = &mut buffer[..left.min(PIECE)];
                let place = GuestAddress(address);
                if kind == REQUEST_READ {
                    self.disk.read(piece, at)?;
                    memory.write_slice(piece, place).map_err(io::Error::other)?;
                    *written = written.saturating_add(piece.len() as u32);
                } else {
                    memory.read_slice(piece, place).map_err(io::Error::other)?;
                    self.disk.write(piece, at)?;
                }
                let count = piece.len();
                at += count as u64;
                left -= count;
                address = address
                    .checked_add(count as u64)
                    .ok_or_else(|| io::Error::other("beyond memory"))?;
            }
        }
        Ok(STATUS_OK)
    }
}

fn new_queue() -> Queue {
    Queue::new(QUEUE_SIZE).expect("a power of two is a size of a queue")
}

#[cfg(test)]
mod tests;
