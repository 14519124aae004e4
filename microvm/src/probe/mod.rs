//! Finds out what /dev/kvm is here: by looking ([`probe`]), and by timing ([`examine`]).

mod timing;

use crate::Error;
use crate::error::KvmError;
use crate::machine::open_kvm;
use std::arch::x86_64::__cpuid;
use std::path::Path;
use std::time::Duration;

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
    /// Whether it is as isolab wants it.
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
    /// How long an instruction in ring 0 of a guest takes, where that was timed.
    pub instruction: Option<Duration>,
}

/// From here on an instruction in a guest's ring 0 takes too long to have been executed by the processor: emulation takes
/// hundreds of nanoseconds, and even a processor that is itself simulated takes ten.
const EMULATED: Duration = Duration::from_nanos(50);

/// Looks at /dev/kvm, the modules behind it and the processor's flags. Takes well under a millisecond.
pub fn probe() -> Probe {
    let kind = look();
    let text = match &kind {
        KvmKind::Hardware { vendor } => format!("hardware virtualization ({vendor}), by the processor's flags and KVM's modules"),
        KvmKind::EmulatedKernelMode => "a software KVM, by its module (kvm_pvm) or because the processor shows neither VMX nor SVM: guest user code runs natively, guest kernel code is emulated".into(),
        KvmKind::None(reason) => reason.clone(),
    };
    let ok = !matches!(kind, KvmKind::None(_));
    let mut findings = vec![Finding {
        what: "/dev/kvm",
        ok,
        text,
    }];
    if matches!(kind, KvmKind::Hardware { .. }) {
        findings.extend(outer_hypervisor());
    }
    Probe {
        kind,
        findings,
        instruction: None,
    }
}

/// As [`probe`], and makes a tiny machine and times a loop in its ring 0: some milliseconds. Where looking and timing
/// disagree, timing is right, and a finding says so.
pub fn examine() -> Probe {
    let mut probe = probe();
    if matches!(probe.kind, KvmKind::None(_)) {
        return probe;
    }
    let (kind, finding) = match timing::ring_0_instruction() {
        Ok(instruction) => {
            probe.instruction = Some(instruction);
            judge(probe.kind, instruction)
        }
        Err(error) => {
            let text = error.to_string();
            let finding = Finding {
                what: "a machine",
                ok: false,
                text: text.clone(),
            };
            (KvmKind::None(text), finding)
        }
    };
    probe.findings.push(finding);
    let boots = match kind {
        KvmKind::Hardware { .. } => "the built-in one, and stock Linux kernels",
        KvmKind::EmulatedKernelMode => {
            "the built-in one; not stock Linux, which needs instructions that are not emulated, and would take minutes"
        }
        KvmKind::None(_) => "none",
    };
    probe.findings.push(Finding {
        what: "guest kernels that boot here",
        ok: !matches!(kind, KvmKind::None(_)),
        text: boots.into(),
    });
    probe.kind = kind;
    probe
}

/// What the time of an instruction says, next to what looking said.
fn judge(seen: KvmKind, instruction: Duration) -> (KvmKind, Finding) {
    let emulated = instruction >= EMULATED;
    let kind = match &seen {
        _ if emulated => KvmKind::EmulatedKernelMode,
        KvmKind::Hardware { .. } => seen.clone(),
        _ => KvmKind::Hardware {
            vendor: "of a kind that its modules do not tell",
        },
    };
    let agrees = kind == seen;
    let text = format!(
        "{:.3} µs an instruction in ring 0 of a guest, by a timed loop: it is {}{}",
        instruction.as_secs_f64() * 1e6,
        if emulated { "emulated" } else { "executed natively" },
        match agrees {
            true => "",
            false => ". This contradicts what the modules and the processor's flags say; take the time's word for it",
        }
    );
    let finding = Finding {
        what: "guest kernel mode",
        ok: agrees,
        text,
    };
    (kind, finding)
}

/// What looking tells.
fn look() -> KvmKind {
    let flags = processor_flags();
    let has = |flag: &str| flags.split_whitespace().any(|word| word == flag);
    let loaded = |module: &str| Path::new("/sys/module").join(module).exists();
    match open_kvm() {
        Err(Error::Kvm(KvmError::Missing)) if !has("vmx") && !has("svm") => KvmKind::None(format!(
            "{}. This processor shows neither VMX nor SVM, so the module alone will not help",
            KvmError::Missing
        )),
        Err(error) => KvmKind::None(error.to_string()),
        Ok(_) if loaded("kvm_pvm") => KvmKind::EmulatedKernelMode,
        Ok(_) if loaded("kvm_amd") || has("svm") => KvmKind::Hardware { vendor: "AMD SVM" },
        Ok(_) if loaded("kvm_intel") || has("vmx") => KvmKind::Hardware { vendor: "Intel VMX" },
        Ok(_) => KvmKind::EmulatedKernelMode,
    }
}

/// The hypervisor that this host runs on, if it says so (CPUID leaf 1, ECX bit 31; leaf 0x40000000 is its name).
fn outer_hypervisor() -> Option<Finding> {
    const HYPERVISOR: u32 = 1 << 31;
    if __cpuid(1).ecx & HYPERVISOR == 0 {
        return None;
    }
    let leaf = __cpuid(0x4000_0000);
    let name: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .filter(u8::is_ascii_graphic)
        .collect();
    Some(Finding {
        what: "nesting",
        ok: true,
        text: format!(
            "this host is itself a virtual machine ({}): machines here are nested, and their exits cost several times as much",
            String::from_utf8_lossy(&name)
        ),
    })
}

/// The processor's flags, as the kernel lists them.
fn processor_flags() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = cpuinfo.lines().find(|line| line.starts_with("flags"));
    line.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVM: KvmKind = KvmKind::Hardware { vendor: "AMD SVM" };

    #[test]
    fn looking_and_timing_agree_or_the_disagreement_is_told() {
        let (fast, slow) = (Duration::from_nanos(9), Duration::from_nanos(450));
        for (seen, instruction, kind, agrees) in [
            (SVM, fast, SVM, true),
            (SVM, slow, KvmKind::EmulatedKernelMode, false),
            (KvmKind::EmulatedKernelMode, slow, KvmKind::EmulatedKernelMode, true),
        ] {
            let (judged, finding) = judge(seen, instruction);
            assert_eq!((judged, finding.ok), (kind, agrees), "{finding:?}");
            assert_eq!(finding.text.contains("contradicts"), !agrees);
        }
        let (judged, finding) = judge(KvmKind::EmulatedKernelMode, fast);
        assert!(matches!(judged, KvmKind::Hardware { .. }) && !finding.ok);
    }
}
