//! The processor as the built-in kernel wants it for its [`Shortcut`]: 64-bit mode, ring 3, and all registers set that need ring 0.

use super::{CODE, DATA, segment};
use crate::abi::Shortcut;
use crate::{Error, KvmCall};
use kvm_bindings::{CpuId, Msrs, kvm_dtable, kvm_msr_entry, kvm_segment, kvm_sregs, kvm_xcr, kvm_xcrs};
use kvm_ioctls::VcpuFd;

/// CR0: protection, coprocessor monitoring, extension type, numeric errors, write protection, paging (SDM volume 3, 2.5).
const CR0: u64 = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 31;
/// CR4: physical address extension, FXSAVE, SSE exceptions; extended states, where the processor has them.
const CR4: u64 = 1 << 5 | 1 << 9 | 1 << 10;
const OSXSAVE: u64 = 1 << 18;
/// EFER: SYSCALL, long mode enabled and active, no-execute (SDM volume 3, 2.2.1).
const EFER: u64 = 1 | 1 << 8 | 1 << 10 | 1 << 11;
/// MSRs (SDM volume 4, table 2-2).
const STAR: u32 = 0xc000_0081;
const LSTAR: u32 = 0xc000_0082;
const SFMASK: u32 = 0xc000_0084;
/// CPUID leaf: extended states, in EAX those of XCR0.
const STATES: u32 = 0xd;
const X87: u64 = 1;

/// Sets segments, tables and modes.
pub fn set_user_mode(sregs: &mut kvm_sregs, shortcut: &Shortcut, features: &CpuId) {
    let cr4 = states(shortcut, features).map_or(CR4, |_| CR4 | OSXSAVE);
    (sregs.cr0, sregs.cr3, sregs.cr4, sregs.efer) = (CR0, shortcut.page_table, cr4, EFER);
    let table = |base, limit: u64| kvm_dtable {
        base,
        limit: limit as u16,
        ..Default::default()
    };
    sregs.gdt = table(shortcut.gdt, shortcut.gdt_limit);
    sregs.idt = table(shortcut.idt, shortcut.idt_limit);
    sregs.tr.base = shortcut.task_state;
    sregs.ldt = kvm_segment {
        unusable: 1,
        ..Default::default()
    };
    // As SYSRET counts them (AMD APM volume 3).
    let base = (shortcut.star >> 48) as u16;
    let data = kvm_segment {
        dpl: 3,
        ..segment(DATA, base + 8)
    };
    (sregs.ds, sregs.es, sregs.fs, sregs.gs, sregs.ss) = (data, data, data, data, data);
    sregs.cs = kvm_segment {
        dpl: 3,
        db: 0,
        l: 1,
        ..segment(CODE, base + 16)
    };
}

/// Sets the registers that have calls of their own.
pub fn set_registers(vcpu: &VcpuFd, shortcut: &Shortcut, features: &CpuId) -> Result<(), Error> {
    let refused = KvmCall::SetState.failed();
    let registers = [
        (STAR, shortcut.star),
        (LSTAR, shortcut.lstar),
        (SFMASK, shortcut.sfmask),
    ];
    let registers = registers.map(|(index, data)| kvm_msr_entry {
        index,
        data,
        ..Default::default()
    });
    if let Ok(registers) = Msrs::from_entries(&registers) {
        vcpu.set_msrs(&registers).map_err(&refused)?;
    }
    if let Some(value) = states(shortcut, features) {
        let mut states = kvm_xcrs {
            nr_xcrs: 1,
            ..Default::default()
        };
        states.xcrs[0] = kvm_xcr {
            value,
            ..Default::default()
        };
        vcpu.set_xcrs(&states).map_err(&refused)?;
    }
    Ok(())
}

/// XCR0, where the processor has it. (The leaf of the states says so; some hypervisors leave out the bit of leaf 1.)
fn states(shortcut: &Shortcut, features: &CpuId) -> Option<u64> {
    let mut leaves = features.as_slice().iter();
    let states = leaves.find(|leaf| (leaf.function, leaf.index) == (STATES, 0))?;
    (states.eax != 0).then_some(u64::from(states.eax) & shortcut.xcr0 | X87)
}
