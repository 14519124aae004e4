//! What KVM itself counts of a processor (Linux, Documentation/virt/kvm/api.rst, 4.133 KVM_GET_STATS_FD).

use kvm_bindings::kvm_stats_header;
use kvm_ioctls::VcpuFd;
use std::fs::File;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::FileExt;

/// `_IO(KVMIO, 0xce)`.
const KVM_GET_STATS_FD: libc::c_ulong = 0xaece;
/// Bytes of a descriptor without its name: flags, exponent, size, offset, bucket size (`struct kvm_stats_desc`).
const DESCRIPTOR: usize = 16;
/// The bits of a descriptor's flags that say what the figure is (KVM_STATS_TYPE_MASK), and those that it adds up (0), is of
/// now (1), and is the highest so far (2).
const TYPE: u32 = 0xf;
const HIGHEST: u32 = 2;
/// More than any kernel's.
const MOST: u32 = 4096;

/// The statistics of a processor, as a file to read them from.
pub struct Statistics(File);

impl Statistics {
    /// Of a processor; none under a kernel before 5.14.
    pub fn of(vcpu: &VcpuFd) -> Option<Self> {
        // SAFETY: takes no argument.
        let file = unsafe { libc::ioctl(vcpu.as_raw_fd(), KVM_GET_STATS_FD, 0) };
        // SAFETY: a descriptor that was just made.
        (file >= 0).then(|| Self(unsafe { File::from_raw_fd(file) }))
    }

    /// The descriptor that they are read by.
    pub fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// All single figures that are not zero, by KVM's names.
    pub fn read(&self) -> Option<Vec<(String, u64)>> {
        let mut header = [0; size_of::<kvm_stats_header>()];
        self.0.read_exact_at(&mut header, 0).ok()?;
        let word = |bytes: &[u8], n: usize| {
            let bytes = bytes.get(4 * n..4 * n + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        // Flags, size of a name, count, and where names, descriptors and data are.
        let (name_bytes, count) = (word(&header, 1)?, word(&header, 2)?);
        let (descriptors, data) = (word(&header, 4)?, word(&header, 5)?);
        if count > MOST || name_bytes > MOST {
            return None;
        }
        let mut figures = Vec::new();
        let mut descriptor = vec![0; DESCRIPTOR + name_bytes as usize];
        for n in 0..u64::from(count) {
            let at = u64::from(descriptors) + n * descriptor.len() as u64;
            self.0.read_exact_at(&mut descriptor, at).ok()?;
            // The exponent and the number of values are halves of the second word.
            let (flags, values, offset) = (
                word(&descriptor, 0)?,
                word(&descriptor, 1)? >> 16,
                word(&descriptor, 2)?,
            );
            if flags & TYPE > HIGHEST || values != 1 {
                continue;
            }
            let mut value = [0; 8];
            self.0.read_exact_at(&mut value, u64::from(data + offset)).ok()?;
            let value = u64::from_le_bytes(value);
            if value > 0 {
                let name = descriptor[DESCRIPTOR..].split(|byte| *byte == 0).next()?;
                figures.push((String::from_utf8_lossy(name).into_owned(), value));
            }
        }
        Some(figures)
    }
}
