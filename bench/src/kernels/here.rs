//! Whether a stock kernel boots on this host.

use crate::error::Error;
use microvm::KvmKind;
use microvm::kernel::Inspection;

/// Why no stock kernel boots here; `None` where they do.
pub fn why_not() -> Option<String> {
    match microvm::probe().kind {
        KvmKind::Hardware { .. } => None,
        KvmKind::EmulatedKernelMode => Some(
            "KVM here emulates guest kernels, without instructions that a stock kernel uses (`isolab doctor` says more)"
                .into(),
        ),
        KvmKind::None(reason) => Some(reason),
    }
}

/// Refuses a kernel that would hang, or fail after a while.
pub fn check(inspected: &Inspection) -> Result<(), Error> {
    match why_not().filter(|_| inspected.wants_pc()) {
        None => Ok(()),
        Some(why) => Err(
            Error::new(format!("a stock kernel does not boot on this host: {why}")).remedy(
                "The built-in guest kernel does: --on microvm. With hardware virtualization, stock kernels do, too.",
            ),
        ),
    }
}

/// What to do where a kernel is missing.
pub fn advice() -> &'static str {
    match why_not() {
        None => {
            "Name one: --kernel FILE. `isolab kernel ls` lists those that isolab knows, `isolab kernel fetch` gets this \
             distribution's kernel for virtual machines, `isolab kernel add FILE` imports one."
        }
        Some(_) => "Here only the built-in kernel boots (`isolab doctor` says why): --on microvm.",
    }
}
