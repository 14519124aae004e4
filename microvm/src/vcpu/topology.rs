//! What processors tell by CPUID about how many there are and what they share: here each is a core of its own, all in one
//! package, and the last cache is all of theirs (SDM volume 2, CPUID, leaves 1, 4, 0xb and 0x1f; AMD APM volume 3, appendix
//! E.4). KVM's own answers are those of the host's processor that it happened to ask.

use kvm_bindings::{CpuId, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, kvm_cpuid_entry2};

/// Leaf 1, EDX: the package has several logical processors.
const HTT: u32 = 1 << 28;
/// AMD's leaf 0x8000_0001, ECX: they are cores, not threads.
const CMP_LEGACY: u32 = 1 << 1;
/// Caches of the third level.
const LEVEL_3: u32 = 3;

/// What processor `id` of `count` answers. Its local APIC has the same number.
pub fn of(features: &CpuId, id: u8, count: u8) -> Option<CpuId> {
    let (id, count) = (u32::from(id), u32::from(count));
    // As many bits of the APIC's number tell the cores apart.
    let bits = count.next_power_of_two().ilog2();
    let is_topology = |function| matches!(function, 0xb | 0x1f | 0x8000_0026);
    let highest = features.as_slice().first().map_or(0, |leaf| leaf.eax);
    let mut leaves: Vec<_> = features
        .as_slice()
        .iter()
        .filter(|leaf| !is_topology(leaf.function))
        .copied()
        .collect();
    for leaf in &mut leaves {
        match leaf.function {
            1 => {
                leaf.ebx = leaf.ebx & 0xffff | 1 << bits << 16 | id << 24;
                set(&mut leaf.edx, HTT, count > 1);
            }
            4 if leaf.eax & 0x1f != 0 => {
                leaf.eax = leaf.eax & 0x3fff | (sharers(leaf, bits) - 1) << 14 | ((1 << bits) - 1) << 26;
            }
            0x8000_0001 => set(&mut leaf.ecx, CMP_LEGACY, count > 1),
            0x8000_0008 => leaf.ecx = leaf.ecx & !0xf0ff | bits << 12 | (count - 1),
            0x8000_001d if leaf.eax & 0x1f != 0 => leaf.eax = leaf.eax & 0x3fff | (sharers(leaf, bits) - 1) << 14,
            0x8000_001e => (leaf.eax, leaf.ebx, leaf.ecx) = (id, leaf.ebx & !0xffff | id, 0),
            _ => {}
        }
    }
    // The levels from the inside: a thread alone in its core, the cores of the package, no more.
    if highest >= 0xb {
        let level = |index: u32, kind: u32, bits: u32, count: u32| kvm_cpuid_entry2 {
            function: 0xb,
            index,
            flags: KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
            eax: bits,
            ebx: count,
            ecx: kind << 8 | index,
            edx: id,
            ..Default::default()
        };
        leaves.extend([level(0, 1, 0, 1), level(1, 2, bits, count), level(2, 0, 0, 0)]);
    }
    CpuId::from_entries(&leaves).ok()
}

/// How many processors share the cache of a leaf.
fn sharers(leaf: &kvm_cpuid_entry2, bits: u32) -> u32 {
    if leaf.eax >> 5 & 7 >= LEVEL_3 { 1 << bits } else { 1 }
}

fn set(register: &mut u32, bit: u32, on: bool) {
    *register = if on { *register | bit } else { *register & !bit };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(function: u32, index: u32, [eax, ebx, ecx, edx]: [u32; 4]) -> kvm_cpuid_entry2 {
        kvm_cpuid_entry2 {
            function,
            index,
            eax,
            ebx,
            ecx,
            edx,
            ..Default::default()
        }
    }

    /// A host of 2 packages of 16 cores of 2 threads, seen from its processor 37.
    fn host() -> CpuId {
        let leaves = [
            leaf(0, 0, [0x1f, 0, 0, 0]),
            leaf(1, 0, [0, 37 << 24 | 32 << 16 | 0x0800, 0, HTT]),
            leaf(4, 0, [15 << 26 | 1 << 14 | 1 << 5 | 1, 0, 0, 0]),
            leaf(4, 3, [15 << 26 | 31 << 14 | 3 << 5 | 3, 0, 0, 0]),
            leaf(0xb, 0, [1, 2, 1 << 8, 37]),
            leaf(0xb, 1, [5, 32, 2 << 8 | 1, 37]),
            leaf(0x1f, 0, [1, 2, 1 << 8, 37]),
            leaf(0x8000_0001, 0, [0, 0, 0, 0]),
            leaf(0x8000_0008, 0, [0x3030, 0, 0x5000 | 31, 0]),
            leaf(0x8000_001d, 3, [31 << 14 | 3 << 5 | 3, 0, 0, 0]),
            leaf(0x8000_001e, 0, [37, 0x0100 | 18, 0x0101, 0]),
        ];
        CpuId::from_entries(&leaves).unwrap()
    }

    fn answers(id: u8, count: u8) -> impl Fn(u32, u32) -> Option<[u32; 4]> {
        let features = of(&host(), id, count).unwrap();
        move |function, index| {
            let mut leaves = features.as_slice().iter();
            let found = leaves.find(|leaf| (leaf.function, leaf.index) == (function, index));
            found.map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx])
        }
    }

    #[test]
    fn one_processor_is_alone() {
        let of = answers(0, 1);
        assert_eq!(of(1, 0), Some([0, 1 << 16 | 0x0800, 0, 0]));
        assert_eq!(of(4, 0), Some([1 << 5 | 1, 0, 0, 0]));
        assert_eq!(of(4, 3), Some([3 << 5 | 3, 0, 0, 0]));
        assert_eq!(of(0xb, 1), Some([0, 1, 2 << 8 | 1, 0]));
        assert_eq!(of(0x8000_0008, 0), Some([0x3030, 0, 0, 0]));
    }

    #[test]
    fn three_processors_are_cores_of_one_package() {
        for id in 0..3 {
            let of = answers(id, 3);
            let id = u32::from(id);
            assert_eq!(of(1, 0), Some([0, id << 24 | 4 << 16 | 0x0800, 0, HTT]));
            // Their own first cache, and all of theirs the last.
            assert_eq!(of(4, 0), Some([3 << 26 | 1 << 5 | 1, 0, 0, 0]));
            assert_eq!(of(4, 3), Some([3 << 26 | 3 << 14 | 3 << 5 | 3, 0, 0, 0]));
            assert_eq!(of(0xb, 0), Some([0, 1, 1 << 8, id]));
            assert_eq!(of(0xb, 1), Some([2, 3, 2 << 8 | 1, id]));
            assert_eq!(of(0xb, 2), Some([0, 0, 2, id]));
            assert_eq!(of(0x1f, 0), None);
            assert_eq!(of(0x8000_0001, 0), Some([0, 0, CMP_LEGACY, 0]));
            assert_eq!(of(0x8000_0008, 0), Some([0x3030, 0, 2 << 12 | 2, 0]));
            assert_eq!(of(0x8000_001d, 3), Some([3 << 14 | 3 << 5 | 3, 0, 0, 0]));
            assert_eq!(of(0x8000_001e, 0), Some([id, id, 0, 0]));
        }
    }
}
