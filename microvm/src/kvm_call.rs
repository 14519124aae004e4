//! What KVM is asked for.

use crate::Error;
use thiserror::Error;

/// A call to KVM, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KvmCall {
    /// KVM_CREATE_VM.
    #[error("make a virtual machine")]
    CreateVm,
    /// KVM_SET_USER_MEMORY_REGION.
    #[error("give the machine its memory")]
    GiveMemory,
    /// KVM_SET_IDENTITY_MAP_ADDR.
    #[error("place its page table")]
    PlacePageTable,
    /// KVM_SET_TSS_ADDR.
    #[error("place its task state")]
    PlaceTaskState,
    /// KVM_CREATE_IRQCHIP.
    #[error("make interrupt controllers")]
    CreateInterruptControllers,
    /// KVM_CREATE_PIT2.
    #[error("make a timer")]
    CreateTimer,
    /// KVM_CREATE_VCPU.
    #[error("make a processor")]
    CreateProcessor,
    /// KVM_GET_SUPPORTED_CPUID.
    #[error("tell what processor it can offer")]
    GetFeatures,
    /// KVM_SET_CPUID2.
    #[error("take what a processor is to answer to CPUID")]
    SetFeatures,
    /// KVM_GET_SREGS.
    #[error("read the processor's state")]
    GetState,
    /// KVM_SET_SREGS, KVM_SET_REGS, KVM_SET_MSRS, KVM_SET_XCRS.
    #[error("set the processor's state")]
    SetState,
    /// KVM_RUN.
    #[error("run the processor")]
    Run,
}

impl KvmCall {
    /// Why it usually fails, or nothing.
    pub fn hint(self) -> &'static str {
        match self {
            Self::CreateVm | Self::GiveMemory | Self::CreateProcessor | Self::Run => ". The host may be out of memory",
            Self::CreateInterruptControllers | Self::CreateTimer => {
                ". Linux guests need KVM's own (CONFIG_KVM with in-kernel irqchip)"
            }
            Self::GetFeatures => ". This kernel's KVM is older than isolab knows",
            Self::SetFeatures => ". This is unusual; please report it with `isolab doctor`",
            Self::PlacePageTable | Self::PlaceTaskState | Self::GetState | Self::SetState => "",
        }
    }

    /// Makes an error of KVM's answer.
    pub(crate) fn failed(self) -> impl Fn(kvm_ioctls::Error) -> Error {
        move |error| Error::Ioctl { call: self, error }
    }
}
