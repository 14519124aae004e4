//! The device against a driver written here, right and hostile. Needs no KVM.

use super::*;
use proptest::prelude::*;
use std::fs::File;
use tempfile::TempDir;

const RAM: usize = 1 << 20;
/// Where the driver puts the parts of its queue.
const DESCRIPTORS: u64 = 0x1000;
const AVAILABLE: u64 = 0x2000;
const USED: u64 = 0x3000;
const HEADER: u64 = 0x4000;
const STATUS: u64 = 0x4100;
const DATA: u64 = 0x8000;
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const DISK_SECTORS: u64 = 100;

struct Driver {
    memory: GuestMemoryMmap,
    block: Block,
    requests: u16,
    directory: TempDir,
}

impl Driver {
    /// A driver that has set up the device as it should.
    fn start(writable: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().join("base");
        let bytes: Vec<u8> = (0..DISK_SECTORS * SECTOR).map(|n| (n / SECTOR) as u8).collect();
        std::fs::write(&base, bytes).unwrap();
        let overlay = writable.then(|| directory.path().join("overlay"));
        let disk = Disk::open(&crate::config::Disk { base, overlay }).unwrap();
        let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), RAM)]).unwrap();
        let mut driver = Self {
            memory,
            block: Block::new(disk),
            requests: 0,
            directory,
        };
        for (register, value) in [
            (register::STATUS, 3),
            (register::QUEUE, 0),
            (register::QUEUE_SIZE, QUEUE_SIZE.into()),
            (register::QUEUE_DESCRIPTORS, DESCRIPTORS as u32),
            (register::QUEUE_DRIVER, AVAILABLE as u32),
            (register::QUEUE_DEVICE, USED as u32),
            (register::QUEUE_READY, 1),
            (register::STATUS, 7 | 8),
        ] {
            driver.set(register, value);
        }
        driver
    }

    fn set(&mut self, register: u64, value: u32) -> bool {
        self.block.write(register, &value.to_le_bytes(), &self.memory, || false)
    }

    fn get(&self, register: u64) -> u32 {
        let mut bytes = [0; 4];
        self.block.read(register, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn describe(&self, index: u64, address: u64, length: u32, flags: u16, next: u16) {
        let at = GuestAddress(DESCRIPTORS + 16 * index);
        self.memory
            .write_obj(Descriptor::new(address, length, flags, next), at)
            .unwrap();
    }

    /// Makes the chain that begins at descriptor 0 available, and notifies. Gives the interrupt.
    fn submit(&mut self) -> bool {
        let slot = u64::from(self.requests % QUEUE_SIZE);
        self.memory
            .write_obj(0u16, GuestAddress(AVAILABLE + 4 + 2 * slot))
            .unwrap();
        self.requests += 1;
        self.memory
            .write_obj(self.requests, GuestAddress(AVAILABLE + 2))
            .unwrap();
        self.set(register::QUEUE_NOTIFY, 0)
    }

    fn request(&mut self, kind: u32, sector: u64, data: u32) -> u8 {
        let mut header = [0; 16];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        header[8..].copy_from_slice(&sector.to_le_bytes());
        self.memory.write_slice(&header, GuestAddress(HEADER)).unwrap();
        self.memory.write_obj(0xaau8, GuestAddress(STATUS)).unwrap();
        let direction = if kind == REQUEST_WRITE { 0 } else { WRITE };
        self.describe(0, HEADER, 16, NEXT, if data > 0 { 1 } else { 2 });
        self.describe(1, DATA, data, NEXT | direction, 2);
        self.describe(2, STATUS, 1, WRITE, 0);
        assert!(self.submit());
        self.memory.read_obj(GuestAddress(STATUS)).unwrap()
    }

    fn answered(&self) -> u16 {
        self.memory.read_obj(GuestAddress(USED + 2)).unwrap()
    }
}

#[test]
fn it_says_what_it_is() {
    let driver = Driver::start(true);
    assert_eq!(driver.get(register::MAGIC), 0x7472_6976);
    assert_eq!(driver.get(register::VERSION), 2);
    assert_eq!(driver.get(register::DEVICE_ID), 2);
    assert_eq!(driver.get(register::CONFIGURATION), DISK_SECTORS as u32);
    assert_eq!(
        u64::from(driver.get(register::DEVICE_FEATURES)) & (FLUSH | READ_ONLY),
        FLUSH
    );
    assert_eq!(
        u64::from(Driver::start(false).get(register::DEVICE_FEATURES)) & READ_ONLY,
        READ_ONLY
    );
}

#[test]
fn what_is_written_is_read_again() {
    let mut driver = Driver::start(true);
    assert_eq!(driver.request(REQUEST_READ, 7, 1024), STATUS_OK);
    let mut read = [0; 1024];
    driver.memory.read_slice(&mut read, GuestAddress(DATA)).unwrap();
    assert!(read[..512].iter().all(|byte| *byte == 7) && read[512..].iter().all(|byte| *byte == 8));
    driver.memory.write_slice(&[0x55; 512], GuestAddress(DATA)).unwrap();
    assert_eq!(driver.request(REQUEST_WRITE, 8, 512), STATUS_OK);
    assert_eq!(driver.request(REQUEST_FLUSH, 0, 0), STATUS_OK);
    assert_eq!(driver.request(REQUEST_READ, 7, 1024), STATUS_OK);
    driver.memory.read_slice(&mut read, GuestAddress(DATA)).unwrap();
    assert!(read[..512].iter().all(|byte| *byte == 7) && read[512..].iter().all(|byte| *byte == 0x55));
    assert_eq!(driver.answered(), 4);
    assert_eq!(driver.get(register::INTERRUPT_STATUS), ANSWERED);
    driver.set(register::INTERRUPT_ACKNOWLEDGE, ANSWERED);
    assert_eq!(driver.get(register::INTERRUPT_STATUS), 0);
}

#[test]
fn requests_that_make_no_sense_end_with_an_error() {
    let mut driver = Driver::start(true);
    assert_eq!(driver.request(REQUEST_READ, DISK_SECTORS, 512), STATUS_ERROR);
    assert_eq!(driver.request(REQUEST_READ, u64::MAX, 512), STATUS_ERROR);
    assert_eq!(driver.request(REQUEST_READ, u64::MAX / SECTOR, 1024), STATUS_ERROR);
    assert_eq!(driver.request(REQUEST_READ, 0, 100), STATUS_ERROR);
    assert_eq!(driver.request(REQUEST_READ, 0, 1 << 31), STATUS_ERROR);
    assert_eq!(driver.request(99, 0, 512), STATUS_UNSUPPORTED);
    assert_eq!(driver.request(REQUEST_ID, 0, 20), STATUS_OK);
    assert_eq!(Driver::start(false).request(REQUEST_WRITE, 0, 512), STATUS_ERROR);
}

#[test]
fn a_buffer_outside_memory_ends_with_an_error() {
    let mut driver = Driver::start(true);
    driver.request(REQUEST_READ, 0, 512);
    driver.memory.write_obj(0xaau8, GuestAddress(STATUS)).unwrap();
    driver.describe(1, RAM as u64 - 100, 512, NEXT | WRITE, 2);
    driver.submit();
    assert_eq!(
        driver.memory.read_obj::<u8>(GuestAddress(STATUS)).unwrap(),
        STATUS_ERROR
    );
    driver.describe(1, u64::MAX - 100, 512, NEXT | WRITE, 2);
    driver.submit();
    assert_eq!(driver.answered(), 3);
}

#[test]
fn a_chain_that_is_a_circle_ends() {
    let mut driver = Driver::start(true);
    driver.describe(0, HEADER, 16, NEXT, 0);
    driver.submit();
    driver.describe(0, HEADER, 16, NEXT, 1);
    driver.describe(1, DATA, 0, NEXT | WRITE, 1);
    driver.submit();
}

#[test]
fn a_queue_that_claims_more_than_it_holds_stops_the_device_until_it_is_reset() {
    let mut driver = Driver::start(true);
    driver.memory.write_obj(40_000u16, GuestAddress(AVAILABLE + 2)).unwrap();
    assert!(driver.set(register::QUEUE_NOTIFY, 0));
    assert_eq!(driver.get(register::STATUS) & NEEDS_RESET, NEEDS_RESET);
    assert!(!driver.set(register::QUEUE_NOTIFY, 0));
    driver.set(register::STATUS, 0);
    assert_eq!(driver.get(register::STATUS), 0);
}

#[test]
fn what_the_host_cannot_read_ends_with_an_error() {
    let mut driver = Driver::start(true);
    let base = File::options().write(true).open(driver.directory.path().join("base"));
    base.unwrap().set_len(SECTOR).unwrap();
    assert_eq!(driver.request(REQUEST_READ, 0, 512), STATUS_OK);
    assert_eq!(driver.request(REQUEST_READ, DISK_SECTORS - 1, 512), STATUS_ERROR);
    // The rest of the block that is written in part cannot be read.
    assert_eq!(driver.request(REQUEST_WRITE, DISK_SECTORS - 1, 512), STATUS_ERROR);
    assert_eq!(driver.request(REQUEST_FLUSH, 0, 0), STATUS_OK);
}

fn hostile_address() -> impl Strategy<Value = u64> {
    prop_oneof![0..RAM as u64, any::<u64>(), Just(HEADER), Just(DATA), Just(STATUS)]
}

fn hostile_length() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), Just(16), Just(512), Just(u32::MAX), any::<u32>()]
}

proptest! {
    #[test]
    fn malformed_queues_neither_hang_nor_crash_it(
        chain in prop::collection::vec((hostile_address(), hostile_length(), 0u16..8, 0u16..12), 1..10),
        kind in 0u32..10, sector in prop_oneof![0..DISK_SECTORS, any::<u64>()], index: u16, head: u16
    ) {
        let mut driver = Driver::start(true);
        driver.memory.write_obj(kind, GuestAddress(HEADER)).unwrap();
        driver.memory.write_obj(sector, GuestAddress(HEADER + 8)).unwrap();
        for (at, (address, length, flags, next)) in chain.iter().enumerate() {
            driver.describe(at as u64, *address, *length, *flags, *next);
        }
        driver.submit();
        driver.memory.write_obj(head, GuestAddress(AVAILABLE + 6)).unwrap();
        driver.memory.write_obj(index, GuestAddress(AVAILABLE + 2)).unwrap();
        driver.set(register::QUEUE_NOTIFY, 0);
    }

    #[test]
    fn wild_accesses_to_registers_neither_hang_nor_crash_it(
        accesses in prop::collection::vec((0u64..SIZE, any::<u64>(), 1usize..9), 0..100)
    ) {
        let mut driver = Driver::start(true);
        for (offset, value, size) in accesses {
            driver.block.write(offset, &value.to_le_bytes()[..size], &driver.memory, || false);
            let register = offset & 0xfc;
            driver.set(register, value as u32);
            driver.set(register::QUEUE_NOTIFY, 0);
            driver.block.read(offset, &mut [0; 8][..size]);
        }
    }
}
