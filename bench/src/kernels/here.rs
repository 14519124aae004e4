//! Whether a stock kernel boots on this host.

use crate::error::Error;
use microvm::KvmKind;
use std::path::Path;

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

/// Refuses a kernel that would hang, or fail after a while. It is read only where that may be.
pub fn check(kernel: &Path) -> Result<(), Error> {
    let Some(why) = why_not() else {
        return Ok(());
    };
    let (_, inspected) = super::read(kernel)?;
    if !inspected.wants_pc() {
        return Ok(());
    }
    Err(Error::new(format!("a stock kernel does not boot on this host: {why}"))
        .remedy("The built-in guest kernel does: --on microvm. With hardware virtualization, stock kernels do, too."))
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
