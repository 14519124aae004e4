//! Finds out what /dev/kvm is here.

use crate::Error;
use crate::error::KvmError;
use crate::machine::open_kvm;
use std::path::Path;

/// What stands behind /dev/kvm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvmKind {
    /// The processor's own virtualization, VMX or SVM: guest kernels execute natively.
    Hardware {
        /// `Intel VMX` or `AMD SVM`.
        vendor: &'static str,
    },
    /// A software KVM: guest user mode runs natively, guest kernel mode is emulated instruction by instruction.
    EmulatedKernelMode,
    /// None that can be used, and why.
    None(String),
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// Whether it is as the lab wants it.
    pub ok: bool,
    /// What was seen, and what to do where it is not right.
    pub text: String,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What stands behind /dev/kvm.
    pub kind: KvmKind,
    /// The findings behind it.
    pub findings: Vec<Finding>,
}

/// Looks at /dev/kvm and the modules behind it.
pub fn probe() -> Probe {
    let kind = kind();
    let text = match &kind {
        KvmKind::Hardware { vendor } => format!("hardware virtualization ({vendor})"),
        KvmKind::EmulatedKernelMode => {
            "a software KVM (kvm_pvm): guest user code runs natively, guest kernel code is emulated, about half a microsecond an instruction. The built-in guest kernel runs; stock Linux guests do not".into()
        }
        KvmKind::None(reason) => reason.clone(),
    };
    let ok = !matches!(kind, KvmKind::None(_));
    Probe {
        kind,
        findings: vec![Finding {
            what: "/dev/kvm",
            ok,
            text,
        }],
    }
}

fn kind() -> KvmKind {
    match open_kvm() {
        Err(Error::Kvm(KvmError::Missing)) if !has_virtualization() => KvmKind::None(format!(
            "{}. This processor shows neither VMX nor SVM, so the module alone will not help",
            KvmError::Missing
        )),
        Err(error) => KvmKind::None(error.to_string()),
        Ok(_) if Path::new("/sys/module/kvm_pvm").exists() => KvmKind::EmulatedKernelMode,
        Ok(_) if Path::new("/sys/module/kvm_amd").exists() => KvmKind::Hardware { vendor: "AMD SVM" },
        Ok(_) => KvmKind::Hardware { vendor: "Intel VMX" },
    }
}

/// Whether the processor's flags name VMX or SVM.
fn has_virtualization() -> bool {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpuinfo
        .lines()
        .find(|line| line.starts_with("flags"))
        .unwrap_or_default();
    flags.split_whitespace().any(|flag| flag == "vmx" || flag == "svm")
}
