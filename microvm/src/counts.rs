//! What the built-in kernel counted of its program.

use crate::abi;
use crate::memory::Ram;
use crate::system_calls;
use std::mem::offset_of;
use vm_memory::{Bytes, GuestAddress};

/// What a program cost its guest kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Page faults that gave the program memory.
    pub page_faults: u64,
    /// Pages that they gave it.
    pub pages: u64,
    /// CPUID instructions, each an exit to the hypervisor.
    pub cpuids: u64,
    /// Changes of the top-level page table.
    pub table_switches: u64,
    /// Its system calls, by number.
    pub calls: Vec<Calls>,
}

/// All system calls of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The name.
    pub name: &'static str,
    /// Answered without entering the kernel; with the others at least 65,535 where they are so many together.
    pub not_entered: u32,
    /// Answered by the kernel in ring 3, where ring 0 is emulated.
    pub in_ring_3: u32,
    /// Answered in ring 0.
    pub in_ring_0: u32,
}

impl Counts {
    /// What the guest has at a physical address; nothing where that is not in its RAM.
    pub fn read(address: u32, ram: &Ram) -> Option<Self> {
        let at = |offset: usize| GuestAddress(u64::from(address) + offset as u64);
        let word = |offset: usize| ram.read_obj::<u64>(at(offset)).ok();
        let (mut in_ring_0, mut in_ring_3) = ([0u8; 4 * abi::COUNTED_CALLS], [0u8; 4 * abi::COUNTED_CALLS]);
        let mut made = [0u8; 2 * abi::COUNTED_CALLS];
        ram.read_slice(&mut in_ring_0, at(offset_of!(abi::Counts, in_ring_0)))
            .ok()?;
        ram.read_slice(&mut in_ring_3, at(offset_of!(abi::Counts, in_ring_3)))
            .ok()?;
        ram.read_slice(&mut made, at(offset_of!(abi::Counts, made))).ok()?;
        let (in_ring_0, _) = in_ring_0.as_chunks();
        let (in_ring_3, _) = in_ring_3.as_chunks();
        let (made, _) = made.as_chunks();
        let calls = (0..)
            .zip(in_ring_0)
            .zip(in_ring_3)
            .zip(made)
            .map(|(((number, ring_0), ring_3), made)| {
                let (in_ring_0, in_ring_3) = (u32::from_le_bytes(*ring_0), u32::from_le_bytes(*ring_3));
                let entered = in_ring_0.saturating_add(in_ring_3);
                Calls {
                    name: system_calls::name(number),
                    not_entered: u32::from(u16::from_le_bytes(*made)).saturating_sub(entered),
                    in_ring_3,
                    in_ring_0,
                }
            });
        Some(Self {
            page_faults: word(offset_of!(abi::Counts, page_faults))?,
            pages: word(offset_of!(abi::Counts, pages))?,
            cpuids: word(offset_of!(abi::Counts, cpuids))?,
            table_switches: word(offset_of!(abi::Counts, table_switches))?,
            calls: calls.filter(|calls| calls.all() > 0).collect(),
        })
    }
}

impl Calls {
    /// How many there are.
    pub fn all(&self) -> u64 {
        u64::from(self.not_entered) + u64::from(self.in_ring_3) + u64::from(self.in_ring_0)
    }
}
