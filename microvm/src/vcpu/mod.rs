//! The virtual processor in the state that the boot protocol starts it in. PVH: 32-bit protected mode, paging off, flat
//! segments, EBX pointing to the start info. Linux's own: long mode, RSI pointing to the zero page. The built-in kernel's
//! shortcut: ring 3.

pub mod exits;
pub mod features;
mod shortcut;
pub mod statistics;
pub mod topology;

use crate::abi::Shortcut;
use crate::boot::{Entry, linux64, pvh};
use crate::kernel::Protocol;
use crate::{Error, KvmCall};
use kvm_bindings::{CpuId, Msrs, kvm_msr_entry, kvm_regs, kvm_segment, kvm_sregs};
use kvm_ioctls::{Cap, VcpuFd, VmFd};

/// RFLAGS: the bit that is always 1.
const RFLAGS: u64 = 2;
/// CR0: protection enable.
const PE: u64 = 1;
/// CR0: extension type, always 1 on processors since the 486.
const ET: u64 = 1 << 4;
/// Segment type: code, execute and read, accessed.
const CODE: u8 = 0xb;
/// Segment type: data, read and write, accessed.
const DATA: u8 = 0x3;
/// Segment type: 32-bit task state segment, busy.
const TASK: u8 = 0xb;

/// CPUID leaf 1, ECX: the local APIC's timer can count to a value of the time stamp counter.
const TSC_DEADLINE: u32 = 1 << 24;
/// CPUID leaf 1, ECX: there is a hypervisor, whose own leaves tell which.
const HYPERVISOR: u32 = 1 << 31;
/// IA32_MISC_ENABLE (SDM volume 4, table 2-2): fast string instructions.
const MISC_ENABLE: (u32, u64) = (0x1a0, 1);
/// IA32_MTRR_DEF_TYPE (SDM volume 3, 13.11.2.1): memory type ranges on, everything write-back.
const MTRR_DEFAULT: (u32, u64) = (0x2ff, 1 << 11 | 6);

/// Adds what a PC has, whose local APICs KVM emulates.
pub fn add_pc_features(features: &mut CpuId, vm: &VmFd) {
    let deadline = if vm.check_extension(Cap::TscDeadlineTimer) {
        TSC_DEADLINE
    } else {
        0
    };
    for leaf in features.as_mut_slice().iter_mut().filter(|leaf| leaf.function == 1) {
        leaf.ecx |= HYPERVISOR | deadline;
    }
}

/// Makes processor `id`.
pub fn make(vm: &VmFd, id: u8) -> Result<VcpuFd, Error> {
    vm.create_vcpu(id.into()).map_err(KvmCall::CreateProcessor.failed())
}

/// Sets what a processor answers to CPUID.
pub fn set_features(vcpu: &VcpuFd, features: &CpuId) -> Result<(), Error> {
    vcpu.set_cpuid2(features).map_err(KvmCall::SetFeatures.failed())
}

/// Sets the registers that a PC's firmware sets, as hints: a processor without such a register is not asked twice.
pub fn set_pc_registers(vcpu: &VcpuFd) {
    let registers = [MISC_ENABLE, MTRR_DEFAULT].map(|(index, data)| kvm_msr_entry {
        index,
        data,
        ..Default::default()
    });
    if let Ok(registers) = Msrs::from_entries(&registers) {
        let _ = vcpu.set_msrs(&registers);
    }
}

/// Puts a processor, which has these features, at a kernel's entry.
pub fn enter(vcpu: &VcpuFd, entry: &Entry, features: &CpuId) -> Result<(), Error> {
    let mut sregs = vcpu.get_sregs().map_err(KvmCall::GetState.failed())?;
    sregs.tr = kvm_segment {
        limit: 0x67,
        type_: TASK,
        present: 1,
        selector: 0x18,
        ..Default::default()
    };
    match entry {
        Entry::Protocol(Protocol::Pvh(_)) => set_protected_mode(&mut sregs),
        Entry::Protocol(Protocol::Linux64(_)) => linux64::set_mode(&mut sregs),
        Entry::Shortcut(shortcut) => shortcut::set_user_mode(&mut sregs, shortcut, features),
    }
    vcpu.set_sregs(&sregs).map_err(KvmCall::SetState.failed())?;
    if let Entry::Shortcut(shortcut) = entry {
        shortcut::set_registers(vcpu, shortcut, features)?;
    }
    let common = kvm_regs {
        rflags: RFLAGS,
        ..Default::default()
    };
    let regs = match *entry {
        Entry::Shortcut(Shortcut { instruction, .. }) => kvm_regs {
            rip: instruction,
            rdi: pvh::START_INFO.0,
            ..common
        },
        Entry::Protocol(Protocol::Pvh(address)) => kvm_regs {
            rip: address,
            rbx: pvh::START_INFO.0,
            ..common
        },
        Entry::Protocol(Protocol::Linux64(address)) => kvm_regs {
            rip: address,
            rsi: linux64::ZERO_PAGE.0,
            rsp: linux64::STACK,
            ..common
        },
    };
    vcpu.set_regs(&regs).map_err(KvmCall::SetState.failed())
}

fn set_protected_mode(sregs: &mut kvm_sregs) {
    sregs.cr0 = PE | ET;
    sregs.cs = segment(CODE, 0x08);
    for data in [
        &mut sregs.ds,
        &mut sregs.es,
        &mut sregs.fs,
        &mut sregs.gs,
        &mut sregs.ss,
    ] {
        *data = segment(DATA, 0x10);
    }
}

/// A segment of 4 GiB from 0 on.
fn segment(type_: u8, selector: u16) -> kvm_segment {
    kvm_segment {
        limit: u32::MAX,
        selector,
        type_,
        present: 1,
        db: 1,
        s: 1,
        g: 1,
        ..Default::default()
    }
}
