//! The device against a driver written here, right and hostile. Needs no KVM.

use super::*;
use proptest::prelude::*;
use std::fs::File;
use tempfile::TempDir;
use virtio_bindings::virtio_config::{VIRTIO_CONFIG_S_ACKNOWLEDGE, VIRTIO_CONFIG_S_DRIVER};
use virtio_queue::desc::split::Descriptor;

const OK: u8 = VIRTIO_BLK_S_OK as u8;
const ERROR: u8 = VIRTIO_BLK_S_IOERR as u8;
const UNSUPPORTED: u8 = VIRTIO_BLK_S_UNSUPP as u8;
const FLUSH: u64 = 1 << VIRTIO_BLK_F_FLUSH;
const READ_ONLY: u64 = 1 << VIRTIO_BLK_F_RO;
const VERSION_1: u64 = 1 << VIRTIO_F_VERSION_1;

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
        let mut driver = Self::found(writable);
        let features = driver.block.offered();
        driver.agree(features);
        driver.set_up();
        driver
    }

    /// One that has only seen that it is there.
    fn found(writable: bool) -> Self {
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
        driver.set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
        driver
    }

    /// Takes those features; gives whether the device agrees.
    fn agree(&mut self, features: u64) -> bool {
        for word in 0..2 {
            self.set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
            self.set(VIRTIO_MMIO_DRIVER_FEATURES, (features >> (32 * word)) as u32);
        }
        self.set(VIRTIO_MMIO_STATUS, self.get(VIRTIO_MMIO_STATUS) | FEATURES_OK);
        self.get(VIRTIO_MMIO_STATUS) & FEATURES_OK != 0
    }

    /// Tells where the queue lies, and starts.
    fn set_up(&mut self) {
        for (register, value) in [
            (VIRTIO_MMIO_QUEUE_SEL, 0),
            (VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE.into()),
            (VIRTIO_MMIO_QUEUE_DESC_LOW, DESCRIPTORS as u32),
            (VIRTIO_MMIO_QUEUE_AVAIL_LOW, AVAILABLE as u32),
            (VIRTIO_MMIO_QUEUE_USED_LOW, USED as u32),
            (VIRTIO_MMIO_QUEUE_READY, 1),
        ] {
            self.set(register, value);
        }
        self.set(VIRTIO_MMIO_STATUS, self.get(VIRTIO_MMIO_STATUS) | DRIVER_OK);
    }

    fn set(&mut self, register: u32, value: u32) -> bool {
        self.block
            .write(register.into(), &value.to_le_bytes(), &self.memory, &|| false)
    }

    fn get(&self, register: u32) -> u32 {
        let mut bytes = [0; 4];
        self.block.read(register.into(), &mut bytes);
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
        self.set(VIRTIO_MMIO_QUEUE_NOTIFY, 0)
    }

    fn request(&mut self, kind: u32, sector: u64, data: u32) -> u8 {
        let mut header = [0; 16];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        header[8..].copy_from_slice(&sector.to_le_bytes());
        self.memory.write_slice(&header, GuestAddress(HEADER)).unwrap();
        self.memory.write_obj(0xaau8, GuestAddress(STATUS)).unwrap();
        let direction = if kind == VIRTIO_BLK_T_OUT { 0 } else { WRITE };
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
    assert_eq!(driver.get(VIRTIO_MMIO_MAGIC_VALUE), 0x7472_6976);
    assert_eq!(driver.get(VIRTIO_MMIO_VERSION), 2);
    assert_eq!(driver.get(VIRTIO_MMIO_DEVICE_ID), 2);
    assert_eq!(driver.get(VIRTIO_MMIO_CONFIG), DISK_SECTORS as u32);
    assert_eq!(
        u64::from(driver.get(VIRTIO_MMIO_DEVICE_FEATURES)) & (FLUSH | READ_ONLY),
        FLUSH
    );
    assert_eq!(
        u64::from(Driver::start(false).get(VIRTIO_MMIO_DEVICE_FEATURES)) & READ_ONLY,
        READ_ONLY
    );
}

#[test]
fn only_features_that_are_offered_are_agreed_on() {
    for (features, agreed) in [
        (VERSION_1, true),
        (VERSION_1 | FLUSH, true),
        (FLUSH, false),
        (0, false),
        (VERSION_1 | READ_ONLY, false),
        (VERSION_1 | 1 << 63, false),
    ] {
        let mut driver = Driver::found(true);
        assert_eq!(driver.agree(features), agreed, "{features:#x}");
        // Without an agreement it does not start, and what was agreed on stays.
        driver.set_up();
        assert_eq!(driver.get(VIRTIO_MMIO_STATUS) & DRIVER_OK != 0, agreed);
        assert_eq!(driver.get(VIRTIO_MMIO_QUEUE_READY), u32::from(agreed));
        driver.agree(VERSION_1);
        assert_eq!(driver.block.taken == features, agreed || features == VERSION_1);
    }
}

#[test]
fn a_driver_takes_no_status_back_but_by_a_reset() {
    let mut driver = Driver::start(true);
    let started = driver.get(VIRTIO_MMIO_STATUS);
    driver.set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    assert_eq!(driver.get(VIRTIO_MMIO_STATUS), started);
    // The queue stays where it is while it is in use.
    driver.set(VIRTIO_MMIO_QUEUE_DESC_LOW, DATA as u32);
    assert_eq!(driver.block.queue.desc_table(), DESCRIPTORS);
    driver.set(VIRTIO_MMIO_STATUS, 0);
    assert_eq!((driver.get(VIRTIO_MMIO_STATUS), driver.block.taken), (0, 0));
}

#[test]
fn a_driver_that_wants_no_interrupts_gets_none() {
    let mut driver = Driver::start(true);
    let flags = |driver: &Driver, flags: u16| driver.memory.write_obj(flags, GuestAddress(AVAILABLE)).unwrap();
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 0, 512), OK);
    driver.set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
    flags(&driver, VRING_AVAIL_F_NO_INTERRUPT as u16);
    assert!(!driver.submit());
    assert_eq!((driver.answered(), driver.get(VIRTIO_MMIO_INTERRUPT_STATUS)), (2, 0));
    flags(&driver, 0);
    assert!(driver.submit());
}

/// The same requests with their parts cut elsewhere: the header in two buffers, the data in three, the status behind data.
#[test]
fn it_does_not_matter_how_a_request_is_cut() {
    let mut driver = Driver::start(true);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 7, 512), OK);
    driver.describe(0, HEADER, 5, NEXT, 1);
    driver.describe(1, HEADER + 5, 11, NEXT, 2);
    driver.describe(2, DATA, 100, NEXT | WRITE, 3);
    driver.describe(3, DATA + 0x1000, 413, WRITE, 0);
    driver
        .memory
        .write_obj(ERROR, GuestAddress(DATA + 0x1000 + 412))
        .unwrap();
    assert!(driver.submit());
    assert_eq!(
        driver.memory.read_obj::<u8>(GuestAddress(DATA + 0x1000 + 412)).unwrap(),
        OK
    );
    assert_eq!(
        driver
            .memory
            .read_obj::<[u8; 2]>(GuestAddress(DATA + 0x1000 + 410))
            .unwrap(),
        [7; 2]
    );
    // Written: the header and the data in one buffer.
    driver.memory.write_obj(VIRTIO_BLK_T_OUT, GuestAddress(HEADER)).unwrap();
    driver
        .memory
        .write_slice(&[0x66; 512], GuestAddress(HEADER + 16))
        .unwrap();
    driver.describe(0, HEADER, 16 + 512, NEXT, 1);
    driver.describe(1, STATUS + 0x1000, 1, WRITE, 0);
    assert!(driver.submit());
    assert_eq!(driver.memory.read_obj::<u8>(GuestAddress(STATUS + 0x1000)).unwrap(), OK);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 7, 512), OK);
    assert_eq!(
        driver.memory.read_obj::<[u8; 2]>(GuestAddress(DATA + 510)).unwrap(),
        [0x66; 2]
    );
}

#[test]
fn what_is_written_is_read_again() {
    let mut driver = Driver::start(true);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 7, 1024), OK);
    let mut read = [0; 1024];
    driver.memory.read_slice(&mut read, GuestAddress(DATA)).unwrap();
    assert!(read[..512].iter().all(|byte| *byte == 7) && read[512..].iter().all(|byte| *byte == 8));
    driver.memory.write_slice(&[0x55; 512], GuestAddress(DATA)).unwrap();
    assert_eq!(driver.request(VIRTIO_BLK_T_OUT, 8, 512), OK);
    assert_eq!(driver.request(VIRTIO_BLK_T_FLUSH, 0, 0), OK);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 7, 1024), OK);
    driver.memory.read_slice(&mut read, GuestAddress(DATA)).unwrap();
    assert!(read[..512].iter().all(|byte| *byte == 7) && read[512..].iter().all(|byte| *byte == 0x55));
    assert_eq!(driver.answered(), 4);
    assert_eq!(driver.get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
    driver.set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
    assert_eq!(driver.get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

#[test]
fn requests_that_make_no_sense_end_with_an_error() {
    let mut driver = Driver::start(true);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, DISK_SECTORS, 512), ERROR);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, u64::MAX, 512), ERROR);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, u64::MAX / SECTOR, 1024), ERROR);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 0, 100), ERROR);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 0, 1 << 31), ERROR);
    assert_eq!(driver.request(99, 0, 512), UNSUPPORTED);
    assert_eq!(driver.request(VIRTIO_BLK_T_GET_ID, 0, 20), OK);
    assert_eq!(Driver::start(false).request(VIRTIO_BLK_T_OUT, 0, 512), ERROR);
}

#[test]
fn a_buffer_outside_memory_ends_with_an_error() {
    let mut driver = Driver::start(true);
    driver.request(VIRTIO_BLK_T_IN, 0, 512);
    driver.memory.write_obj(0xaau8, GuestAddress(STATUS)).unwrap();
    driver.describe(1, RAM as u64 - 100, 512, NEXT | WRITE, 2);
    driver.submit();
    assert_eq!(driver.memory.read_obj::<u8>(GuestAddress(STATUS)).unwrap(), ERROR);
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
    assert!(driver.set(VIRTIO_MMIO_QUEUE_NOTIFY, 0));
    assert_eq!(driver.get(VIRTIO_MMIO_STATUS) & NEEDS_RESET, NEEDS_RESET);
    assert!(!driver.set(VIRTIO_MMIO_QUEUE_NOTIFY, 0));
    driver.set(VIRTIO_MMIO_STATUS, 0);
    assert_eq!(driver.get(VIRTIO_MMIO_STATUS), 0);
}

#[test]
fn what_the_host_cannot_read_ends_with_an_error() {
    let mut driver = Driver::start(true);
    let base = File::options().write(true).open(driver.directory.path().join("base"));
    base.unwrap().set_len(SECTOR).unwrap();
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, 0, 512), OK);
    assert_eq!(driver.request(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, 512), ERROR);
    // The rest of the block that is written in part cannot be read.
    assert_eq!(driver.request(VIRTIO_BLK_T_OUT, DISK_SECTORS - 1, 512), ERROR);
    assert_eq!(driver.request(VIRTIO_BLK_T_FLUSH, 0, 0), OK);
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
        driver.set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    }

    #[test]
    fn wild_accesses_to_registers_neither_hang_nor_crash_it(
        accesses in prop::collection::vec((0u64..SIZE, any::<u64>(), 1usize..9), 0..100)
    ) {
        let mut driver = Driver::start(true);
        for (offset, value, size) in accesses {
            driver.block.write(offset, &value.to_le_bytes()[..size], &driver.memory, &|| false);
            driver.set(offset as u32 & 0xfc, value as u32);
            driver.set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
            driver.block.read(offset, &mut [0; 8][..size]);
        }
    }
}
