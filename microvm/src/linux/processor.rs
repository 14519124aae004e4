//! A virtual processor of a Linux guest.

use crate::Error;
use crate::kernel::Protocol;
use crate::vcpu::{self, failed};
use kvm_bindings::{CpuId, KVM_MAX_CPUID_ENTRIES, Msrs, kvm_msr_entry};
use kvm_ioctls::{Cap, Kvm, VcpuFd, VmFd};

/// CPUID leaf 1, ECX: the local APIC's timer can count to a value of the time stamp counter.
const TSC_DEADLINE: u32 = 1 << 24;
/// CPUID leaf 1, ECX: there is a hypervisor, whose own leaves tell which.
const HYPERVISOR: u32 = 1 << 31;
/// IA32_MISC_ENABLE (SDM volume 4, table 2-2): fast string instructions.
const MISC_ENABLE: (u32, u64) = (0x1a0, 1);
/// IA32_MTRR_DEF_TYPE (SDM volume 3, 13.11.2.1): memory type ranges on, everything write-back.
const MTRR_DEFAULT: (u32, u64) = (0x2ff, 1 << 11 | 6);

/// What processors KVM can offer.
pub fn features(kvm: &Kvm, vm: &VmFd) -> Result<CpuId, Error> {
    let mut cpuid = kvm
        .get_supported_cpuid(KVM_MAX_CPUID_ENTRIES)
        .map_err(failed("tell what processor it can offer", ""))?;
    let mut added = HYPERVISOR;
    if vm.check_extension(Cap::TscDeadlineTimer) {
        added |= TSC_DEADLINE;
    }
    for leaf in cpuid.as_mut_slice().iter_mut().filter(|leaf| leaf.function == 1) {
        leaf.ecx |= added;
    }
    Ok(cpuid)
}

/// Makes processor `id` of `count`. The first one starts at `entry`; the others wait for it to start them.
pub fn make(vm: &VmFd, features: &CpuId, id: u8, count: u8, entry: Protocol) -> Result<VcpuFd, Error> {
    let vcpu = vm
        .create_vcpu(id.into())
        .map_err(failed("make a processor", "The host may be out of memory"))?;
    let mut cpuid = features.clone();
    for leaf in cpuid.as_mut_slice() {
        match leaf.function {
            // SDM volume 2, CPUID: EBX holds the APIC's number and how many there are.
            1 => leaf.ebx = leaf.ebx & 0xffff | u32::from(id) << 24 | u32::from(count) << 16,
            // Topology: EDX holds the APIC's number.
            0xb | 0x1f => leaf.edx = id.into(),
            _ => {}
        }
    }
    vcpu.set_cpuid2(&cpuid)
        .map_err(failed("offer the processor that it can offer", ""))?;
    let registers = [MISC_ENABLE, MTRR_DEFAULT].map(|(index, data)| kvm_msr_entry {
        index,
        data,
        ..Default::default()
    });
    // Both are hints: a processor without such a register is not asked twice.
    if let Ok(registers) = Msrs::from_entries(&registers) {
        let _ = vcpu.set_msrs(&registers);
    }
    if id == 0 {
        vcpu::enter(&vcpu, entry)?;
    }
    Ok(vcpu)
}
