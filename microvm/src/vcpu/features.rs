//! What a guest finds by its CPUID instruction.

use crate::machine::open_kvm;
use crate::{Error, KvmCall};
use kvm_bindings::{CpuId, KVM_MAX_CPUID_ENTRIES, kvm_cpuid_entry2};
use kvm_ioctls::Kvm;

/// What KVM can offer a guest of this host. To ask for it takes KVM an execution of CPUID for each leaf, which is long where the
/// host is a guest itself; the answer is the same until the host is started again.
#[derive(Clone, Debug, PartialEq)]
pub struct Features(pub(crate) CpuId);

impl Features {
    /// Asks KVM.
    ///
    /// # Errors
    /// [`Error::Kvm`], or what KVM answers.
    pub fn of_host() -> Result<Self, Error> {
        Self::ask(&open_kvm()?)
    }

    /// The same, of KVM that is open.
    pub(crate) fn ask(kvm: &Kvm) -> Result<Self, Error> {
        let features = kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES);
        features.map(Features).map_err(KvmCall::GetFeatures.failed())
    }

    /// To hand them to another process: of each leaf the function, the index, the flags, EAX, EBX, ECX, EDX.
    pub fn to_words(&self) -> Vec<[u32; 7]> {
        let leaves = self.0.as_slice().iter();
        leaves
            .map(|leaf| {
                [
                    leaf.function,
                    leaf.index,
                    leaf.flags,
                    leaf.eax,
                    leaf.ebx,
                    leaf.ecx,
                    leaf.edx,
                ]
            })
            .collect()
    }

    /// What was handed over; none where there are more leaves than KVM has.
    pub fn from_words(words: &[[u32; 7]]) -> Option<Self> {
        let leaf = |&[function, index, flags, eax, ebx, ecx, edx]: &[u32; 7]| kvm_cpuid_entry2 {
            function,
            index,
            flags,
            eax,
            ebx,
            ecx,
            edx,
            ..Default::default()
        };
        let leaves: Vec<_> = words.iter().map(leaf).collect();
        CpuId::from_entries(&leaves).ok().map(Features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_arrives() {
        let words: Vec<[u32; 7]> = (0..40).map(|n| [n, 1, 2, 3, 4, 5, u32::MAX - n]).collect();
        assert_eq!(Features::from_words(&words).unwrap().to_words(), words);
        assert!(Features::from_words(&vec![[0; 7]; KVM_MAX_CPUID_ENTRIES + 1]).is_none());
    }
}
