//! The virtual processor in the state that the boot protocol starts it in. PVH: 32-bit protected mode, paging off, flat
//! segments, EBX pointing to the start info. Linux's own: long mode, RSI pointing to the zero page.

use crate::boot::{linux64, pvh};
use crate::kernel::Protocol;
use crate::{Error, Recorder, stamp};
use kvm_bindings::{KVM_MAX_CPUID_ENTRIES, kvm_regs, kvm_segment, kvm_sregs};
use kvm_ioctls::{Kvm, VcpuFd, VmFd};

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

/// Makes the processor.
pub fn make(kvm: &Kvm, vm: &VmFd, entry: Protocol, stamps: &mut Recorder) -> Result<VcpuFd, Error> {
    let vcpu = vm
        .create_vcpu(0)
        .map_err(failed("make a processor", "The host may be out of memory"))?;
    stamps.ended(stamp::CREATE_VCPU);
    let cpuid = kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES).map_err(failed(
        "tell what processor it can offer",
        "This kernel's KVM is older than this lab knows",
    ))?;
    stamps.ended(stamp::FEATURES);
    vcpu.set_cpuid2(&cpuid).map_err(failed(
        "offer the processor that it can offer",
        "This is unusual; please report it with `isolab doctor`",
    ))?;
    stamps.ended(stamp::SET_FEATURES);
    enter(&vcpu, entry)?;
    stamps.ended(stamp::SET_STATE);
    Ok(vcpu)
}

/// Puts a processor at a kernel's entry.
pub fn enter(vcpu: &VcpuFd, entry: Protocol) -> Result<(), Error> {
    let mut sregs = vcpu.get_sregs().map_err(failed("read the processor's state", ""))?;
    match entry {
        Protocol::Pvh(_) => set_protected_mode(&mut sregs),
        Protocol::Linux64(_) => linux64::set_mode(&mut sregs),
    }
    sregs.tr = kvm_segment {
        limit: 0x67,
        type_: TASK,
        present: 1,
        selector: 0x18,
        ..Default::default()
    };
    vcpu.set_sregs(&sregs)
        .map_err(failed("set the processor's state", ""))?;
    let common = kvm_regs {
        rflags: RFLAGS,
        ..Default::default()
    };
    let regs = match entry {
        Protocol::Pvh(address) => kvm_regs {
            rip: address,
            rbx: pvh::START_INFO.0,
            ..common
        },
        Protocol::Linux64(address) => kvm_regs {
            rip: address,
            rsi: linux64::ZERO_PAGE.0,
            rsp: linux64::STACK,
            ..common
        },
    };
    vcpu.set_regs(&regs)
        .map_err(failed("set the processor's registers", ""))
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

/// Makes an error of KVM's answer.
pub fn failed(what: &'static str, hint: &'static str) -> impl Fn(kvm_ioctls::Error) -> Error {
    move |error| Error::Ioctl { what, error, hint }
}
