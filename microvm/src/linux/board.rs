//! What KVM itself emulates of a PC: the two interrupt controllers, the I/O APIC, local APICs, and the timer.

use crate::Error;
use crate::vcpu::failed;
use kvm_bindings::{KVM_PIT_SPEAKER_DUMMY, kvm_pit_config};
use kvm_ioctls::VmFd;

/// Four pages that KVM on Intel processors needs for real mode and page tables, in the gap below 4 GiB that no RAM or
/// device uses (Linux, Documentation/virt/kvm/api.rst, KVM_SET_TSS_ADDR and KVM_SET_IDENTITY_MAP_ADDR).
const IDENTITY_MAP: u64 = 0xfeff_c000;
const TASK_STATE: usize = 0xfeff_d000;

/// Adds them to a machine that has no processor yet.
pub fn make(vm: &VmFd) -> Result<(), Error> {
    vm.set_identity_map_address(IDENTITY_MAP)
        .map_err(failed("place its page table", ""))?;
    vm.set_tss_address(TASK_STATE)
        .map_err(failed("place its task state", ""))?;
    vm.create_irq_chip().map_err(failed(
        "make interrupt controllers",
        "Linux guests need KVM's own (CONFIG_KVM with in-kernel irqchip)",
    ))?;
    // Port 0x61 answers too: Linux measures its clocks against timer 2 through it.
    let timer = kvm_pit_config {
        flags: KVM_PIT_SPEAKER_DUMMY,
        ..Default::default()
    };
    vm.create_pit2(timer)
        .map_err(failed("make a timer", "Linux guests need KVM's own"))
}
