//! Whether a stock kernel boots on this host.

use crate::error::Error;
use microvm::KvmKind;
use reports::model::Message;
use std::path::Path;

/// Why no stock kernel boots here; `None` where they do.
pub fn why_not() -> Option<Message> {
    match microvm::probe().kind {
        KvmKind::Hardware { .. } => None,
        KvmKind::EmulatedKernelMode => Some(Message::new("emulated-kernels")),
        KvmKind::None(reason) => Some(Message::plain(reason)),
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
    Err(Error::new(Message::new("stock-kernel-does-not-boot").with("why", why))
        .remedy(Message::new("do-built-in-kernel")))
}

/// What to do where a kernel is missing.
pub fn advice() -> Message {
    match why_not() {
        None => Message::new("do-name-kernel"),
        Some(_) => Message::new("do-only-built-in"),
    }
}
