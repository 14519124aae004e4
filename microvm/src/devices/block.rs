//! A disk as a virtio block device behind memory-mapped registers (Virtual I/O Device specification 1.2, sections 2, 3.1,
//! 4.2 and 5.2).
//!
//! The guest agrees with the device on features, puts requests into a queue in its memory and writes to a register; the
//! processor that does so answers them before it goes on. Nothing in that memory is trusted: a request that makes no
//! sense ends with an error status, a queue that makes no sense stops the device until the guest resets it.

use super::disk::{Disk, SECTOR};
use std::io::{self, Read, Write};
use std::sync::atomic::{Ordering, fence};
use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_RO, VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_ID_BYTES, VIRTIO_BLK_S_IOERR,
    VIRTIO_BLK_S_OK, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT,
};
use virtio_bindings::virtio_config::{
    VIRTIO_CONFIG_S_DRIVER_OK as DRIVER_OK, VIRTIO_CONFIG_S_FEATURES_OK as FEATURES_OK,
    VIRTIO_CONFIG_S_NEEDS_RESET as NEEDS_RESET, VIRTIO_F_VERSION_1,
};
use virtio_bindings::virtio_ids::VIRTIO_ID_BLOCK;
use virtio_bindings::virtio_mmio::*;
use virtio_bindings::virtio_ring::VRING_AVAIL_F_NO_INTERRUPT;
use virtio_queue::{DescriptorChain, Queue, QueueOwnedT, QueueT, Reader, Writer};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// Where the registers of the first disk lie, in the gap that has no RAM; those of the next follow.
pub const ADDRESS: u64 = 0xd000_0000;
/// Bytes of a disk's registers.
pub const SIZE: u64 = 0x1000;
/// Requests that the queue holds.
const QUEUE_SIZE: u16 = 128;
/// Data is copied in pieces of this size, whatever the guest asks for.
const PIECE: usize = 64 << 10;

const MAGIC: u32 = u32::from_le_bytes(*b"virt");
const VERSION: u32 = 2;
const VENDOR: u32 = u32::from_le_bytes(*b"ISOL");
/// What the device says its serial number is.
const ID: [u8; VIRTIO_BLK_ID_BYTES as usize] = *b"isolab-disk\0\0\0\0\0\0\0\0\0";

/// The device.
pub struct Block {
    disk: Disk,
    queue: Queue,
    /// Which 32 of the features a register stands for: those that the device offers, and those that the driver takes.
    offered_word: u32,
    taken_word: u32,
    /// The features that the driver takes.
    taken: u64,
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
            offered_word: 0,
            taken_word: 0,
            taken: 0,
            queue_selected: 0,
            status: 0,
            interrupt: 0,
        }
    }

    /// The guest reads registers from an offset on.
    pub fn read(&self, offset: u64, data: &mut [u8]) {
        data.fill(0);
        if let Some(at) = offset.checked_sub(VIRTIO_MMIO_CONFIG.into()) {
            let configuration = self.configuration();
            let rest = configuration.get(at as usize..).unwrap_or_default();
            let count = rest.len().min(data.len());
            data[..count].copy_from_slice(&rest[..count]);
            return;
        }
        let queue = self.queue_selected == 0;
        let value = match offset as u32 {
            VIRTIO_MMIO_MAGIC_VALUE => MAGIC,
            VIRTIO_MMIO_VERSION => VERSION,
            VIRTIO_MMIO_DEVICE_ID => VIRTIO_ID_BLOCK,
            VIRTIO_MMIO_VENDOR_ID => VENDOR,
            VIRTIO_MMIO_DEVICE_FEATURES if self.offered_word < 2 => (self.offered() >> (32 * self.offered_word)) as u32,
            VIRTIO_MMIO_QUEUE_NUM_MAX if queue => QUEUE_SIZE.into(),
            VIRTIO_MMIO_QUEUE_READY if queue => self.queue.ready().into(),
            VIRTIO_MMIO_INTERRUPT_STATUS => self.interrupt,
            VIRTIO_MMIO_STATUS => self.status,
            _ => 0,
        };
        let count = data.len().min(4);
        data[..count].copy_from_slice(&value.to_le_bytes()[..count]);
    }

    /// The guest writes a register. True when it is to be interrupted.
    pub fn write(&mut self, offset: u64, data: &[u8], memory: &GuestMemoryMmap, stopped: &dyn Fn() -> bool) -> bool {
        // All registers are of 32 bits (4.2.2.2); what is not is ignored.
        let Ok(value) = <[u8; 4]>::try_from(data).map(u32::from_le_bytes) else {
            return false;
        };
        let offset = offset as u32;
        match offset {
            VIRTIO_MMIO_DEVICE_FEATURES_SEL => self.offered_word = value,
            VIRTIO_MMIO_DRIVER_FEATURES_SEL => self.taken_word = value,
            VIRTIO_MMIO_DRIVER_FEATURES if self.taken_word < 2 && self.status & FEATURES_OK == 0 => {
                let shift = 32 * self.taken_word;
                self.taken = self.taken & !(u64::from(u32::MAX) << shift) | u64::from(value) << shift;
            }
            VIRTIO_MMIO_QUEUE_SEL => self.queue_selected = value,
            VIRTIO_MMIO_INTERRUPT_ACK => self.interrupt &= !value,
            VIRTIO_MMIO_STATUS if value == 0 => self.reset(),
            VIRTIO_MMIO_STATUS => self.set_status(value),
            VIRTIO_MMIO_QUEUE_NOTIFY => return self.serve(memory, stopped),
            _ if self.queue_selected == 0 && self.status & (FEATURES_OK | DRIVER_OK) == FEATURES_OK => {
                self.set_up_queue(offset, value);
            }
            _ => {}
        }
        false
    }

    /// The driver has come further in its set-up (3.1.1). It takes no bit back; features are agreed on if the device offers
    /// them all, and this version of the specification among them.
    fn set_status(&mut self, value: u32) {
        let agreed = self.taken & !self.offered() == 0 && self.takes(VIRTIO_F_VERSION_1);
        let refused = if agreed { 0 } else { FEATURES_OK | DRIVER_OK };
        self.status |= value & !NEEDS_RESET & !refused;
    }

    /// Where the queue lies, between the agreement on features and the driver's start; not while it is in use.
    fn set_up_queue(&mut self, offset: u32, value: u32) {
        let queue = &mut self.queue;
        match offset {
            VIRTIO_MMIO_QUEUE_READY => queue.set_ready(value == 1),
            _ if queue.ready() => {}
            VIRTIO_MMIO_QUEUE_NUM => queue.set_size(value.min(u32::from(u16::MAX)) as u16),
            VIRTIO_MMIO_QUEUE_DESC_LOW => queue.set_desc_table_address(Some(value), None),
            VIRTIO_MMIO_QUEUE_DESC_HIGH => queue.set_desc_table_address(None, Some(value)),
            VIRTIO_MMIO_QUEUE_AVAIL_LOW => queue.set_avail_ring_address(Some(value), None),
            VIRTIO_MMIO_QUEUE_AVAIL_HIGH => queue.set_avail_ring_address(None, Some(value)),
            VIRTIO_MMIO_QUEUE_USED_LOW => queue.set_used_ring_address(Some(value), None),
            VIRTIO_MMIO_QUEUE_USED_HIGH => queue.set_used_ring_address(None, Some(value)),
            _ => {}
        }
    }

    fn reset(&mut self) {
        self.queue = new_queue();
        (self.offered_word, self.taken_word, self.taken) = (0, 0, 0);
        (self.queue_selected, self.status, self.interrupt) = (0, 0, 0);
    }

    /// The features that the device offers (5.2.3 and 6).
    fn offered(&self) -> u64 {
        let read_only = if self.disk.writable() { 0 } else { 1 << VIRTIO_BLK_F_RO };
        1 << VIRTIO_F_VERSION_1 | 1 << VIRTIO_BLK_F_FLUSH | 1 << VIRTIO_BLK_F_SEG_MAX | read_only
    }

    fn takes(&self, feature: u32) -> bool {
        self.taken >> feature & 1 != 0
    }

    /// Configuration (5.2.4): sectors, largest segment (not told), most segments of a request.
    fn configuration(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(self.disk.bytes() / SECTOR).to_le_bytes());
        bytes[12..].copy_from_slice(&u32::from(QUEUE_SIZE - 2).to_le_bytes());
        bytes
    }

    /// Answers the requests in the queue. True when the guest is to be interrupted.
    fn serve(&mut self, memory: &GuestMemoryMmap, stopped: &dyn Fn() -> bool) -> bool {
        if self.status & (DRIVER_OK | NEEDS_RESET) != DRIVER_OK || !self.queue.is_valid(memory) {
            return false;
        }
        let mut answered = false;
        while !stopped() {
            let chain = match self.queue.iter(memory) {
                Ok(mut chains) => chains.next(),
                Err(_) => {
                    self.status |= NEEDS_RESET;
                    self.interrupt |= VIRTIO_MMIO_INT_CONFIG;
                    return true;
                }
            };
            let Some(chain) = chain else { break };
            let head = chain.head_index();
            let written = self.answer(chain, memory, stopped);
            // The used ring was checked to lie in memory, and the head to be one of the queue's.
            let _ = self.queue.add_used(memory, head, written);
            answered = true;
        }
        let interrupts = answered && self.wants_interrupts(memory);
        if interrupts {
            self.interrupt |= VIRTIO_MMIO_INT_VRING;
        }
        interrupts
    }

    /// Whether the driver wants to hear of answers (2.7.7), which it may change at any time.
    fn wants_interrupts(&self, memory: &GuestMemoryMmap) -> bool {
        fence(Ordering::SeqCst);
        let flags: u16 = memory.read_obj(GuestAddress(self.queue.avail_ring())).unwrap_or(0);
        u32::from(u16::from_le(flags)) & VRING_AVAIL_F_NO_INTERRUPT == 0
    }

    /// Answers one request; gives how many bytes of the guest's buffers were written. Its parts are bytes to read (a header
    /// and data) and bytes to write (data and a status), however the driver has cut them into buffers (2.7.4.1, 5.2.6).
    fn answer(
        &mut self,
        chain: DescriptorChain<&GuestMemoryMmap>,
        memory: &GuestMemoryMmap,
        stopped: &dyn Fn() -> bool,
    ) -> u32 {
        let last = chain.clone().writable().filter(|part| part.len() > 0).last();
        let end = last.and_then(|part| part.addr().0.checked_add(u64::from(part.len()) - 1));
        let Some(status) = end.map(GuestAddress) else {
            return 0;
        };
        let mut written = 0;
        let request = chain
            .clone()
            .reader(memory)
            .and_then(|reader| Ok((reader, chain.writer(memory)?)));
        let result = match request {
            Ok((reader, writer)) => self.execute(reader, writer, stopped, &mut written),
            Err(error) => Err(io::Error::other(error)),
        };
        let answer = result.unwrap_or(VIRTIO_BLK_S_IOERR) as u8;
        match memory.write_obj(answer, status) {
            Ok(()) => u32::try_from(written + 1).unwrap_or(u32::MAX),
            Err(_) => 0,
        }
    }

    /// Does what a request asks for; gives its status.
    fn execute(
        &mut self,
        mut from: Reader,
        mut to: Writer,
        stopped: &dyn Fn() -> bool,
        written: &mut usize,
    ) -> io::Result<u32> {
        let [kind, _] = from.read_obj::<[u32; 2]>()?.map(u32::from_le);
        let sector = u64::from_le(from.read_obj()?);
        // The last byte is the status.
        // Another processor may have changed the descriptors since they were looked at.
        let Some(room) = to.available_bytes().checked_sub(1) else {
            return Ok(VIRTIO_BLK_S_IOERR);
        };
        let length = match kind {
            VIRTIO_BLK_T_IN => room,
            VIRTIO_BLK_T_OUT => from.available_bytes(),
            VIRTIO_BLK_T_FLUSH => return self.disk.flush().map(|()| VIRTIO_BLK_S_OK),
            VIRTIO_BLK_T_GET_ID if room >= ID.len() => {
                to.write_all(&ID)?;
                *written = ID.len();
                return Ok(VIRTIO_BLK_S_OK);
            }
            VIRTIO_BLK_T_GET_ID => return Ok(VIRTIO_BLK_S_IOERR),
            _ => return Ok(VIRTIO_BLK_S_UNSUPP),
        };
        let start = sector.checked_mul(SECTOR);
        let end = start.and_then(|start| start.checked_add(length as u64));
        let in_disk = end.is_some_and(|end| end <= self.disk.bytes());
        if !in_disk || !(length as u64).is_multiple_of(SECTOR) {
            return Ok(VIRTIO_BLK_S_IOERR);
        }
        let mut at = sector * SECTOR;
        let mut left = length;
        let mut buffer = vec![0; PIECE.min(length)];
        while left > 0 {
            if stopped() {
                return Ok(VIRTIO_BLK_S_IOERR);
            }
            let piece = &mut buffer[..left.min(PIECE)];
            if kind == VIRTIO_BLK_T_IN {
                self.disk.read(piece, at)?;
                to.write_all(piece)?;
                *written += piece.len();
            } else {
                from.read_exact(piece)?;
                self.disk.write(piece, at)?;
            }
            at += piece.len() as u64;
            left -= piece.len();
        }
        // A driver that does not flush counts on what was written (5.2.6.2).
        if kind == VIRTIO_BLK_T_OUT && !self.takes(VIRTIO_BLK_F_FLUSH) {
            self.disk.flush()?;
        }
        Ok(VIRTIO_BLK_S_OK)
    }
}

fn new_queue() -> Queue {
    Queue::new(QUEUE_SIZE).expect("a power of two is a size of a queue")
}

#[cfg(test)]
mod tests;
