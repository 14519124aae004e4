//! What this host lets a container do, found by trying it.
//!
//! Each try is a real start, up to the exec of a program that is not there: a start that gets that far has passed
//! every step before.

use std::fs;

use crate::cgroup::{Controller, Hierarchies};
use crate::container::start;
use crate::error::{Error, ErrorStep};
use crate::spec::{IdMap, Limits, Spec, UserNamespace};
use crate::steps::Step;

/// One thing tried on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `container`, `user namespace`, `cgroup memory`, …
    pub subject: &'static str,
    /// Whether it works here.
    pub verdict: Verdict,
    /// What was tried.
    pub tried: String,
    /// What the kernel answered.
    pub answer: String,
    /// What to do about it; empty when it works.
    pub remedy: String,
}

/// How well something works here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Works,
    /// It does not, and a container runs without it or with a named fallback.
    Degraded,
    /// It does not, and no container can be started.
    Missing,
}

/// Tries what a container needs on this host; for `isolab doctor`. Leaves nothing behind.
pub fn probe() -> Vec<Finding> {
    let layer = match Layer::make() {
        Ok(layer) => layer,
        Err(error) => {
            return vec![Finding {
                subject: "container",
                verdict: Verdict::Missing,
                tried: "make an empty layer in the folder for temporary files".into(),
                answer: error.to_string(),
                remedy: "set TMPDIR to a folder that can be written to".into(),
            }];
        }
    };
    let basic = layer.spec();
    let mut findings = vec![attempt(
        "container",
        "start with all namespaces, an overlay root and a system-call filter",
        Verdict::Missing,
        &basic,
    )];
    if findings.iter().any(|finding| finding.verdict == Verdict::Missing) {
        return findings;
    }
    if nix::unistd::geteuid().is_root() {
        let own = vec![IdMap {
            inside: 0,
            outside: 0,
            count: 1,
        }];
        let mut spec = layer.spec();
        spec.namespaces.user = UserNamespace::Mapped {
            uids: own.clone(),
            gids: own,
        };
        findings.push(attempt(
            "user namespace",
            "start in a user namespace",
            Verdict::Degraded,
            &spec,
        ));
    }
    let mode = Hierarchies::get().map_or("none", Hierarchies::mode);
    let wanted: [(&'static str, Controller, Limits); 3] = [
        (
            "cgroup memory",
            Controller::Memory,
            Limits {
                memory_bytes: Some(u64::MAX),
                ..Limits::default()
            },
        ),
        (
            "cgroup cpu",
            Controller::Cpu,
            Limits {
                cpus: Some(1.0),
                ..Limits::default()
            },
        ),
        (
            "cgroup pids",
            Controller::Pids,
            Limits {
                pids: Some(16),
                ..Limits::default()
            },
        ),
    ];
    for (subject, controller, limits) in wanted {
        let mut spec = layer.spec();
        spec.limits = limits;
        let tried = format!(
            "start with a {} limit; control groups here: {mode}",
            controller.v2_name()
        );
        findings.push(attempt(subject, &tried, Verdict::Degraded, &spec));
    }
    findings
}

fn attempt(subject: &'static str, tried: &str, otherwise: Verdict, spec: &Spec) -> Finding {
    let (verdict, answer, remedy) = match start(spec) {
        Err(Error {
            step: ErrorStep::Start(Step::Exec),
            ..
        }) => (Verdict::Works, "works".to_owned(), String::new()),
        Err(Error {
            hint,
            step,
            tried,
            errno,
        }) => {
            let answer = Error {
                hint: String::new(),
                step,
                tried,
                errno,
            }
            .to_string();
            (otherwise, answer, hint)
        }
        // There is no program that could run; should there be one, it is ended here.
        Ok(_) => (Verdict::Works, "works".to_owned(), String::new()),
    };
    Finding {
        subject,
        verdict,
        tried: tried.to_owned(),
        answer,
        remedy,
    }
}

/// An empty directory, removed in the end.
struct Layer(std::path::PathBuf);

impl Layer {
    fn make() -> std::io::Result<Layer> {
        let path = std::env::temp_dir().join(format!("isolab-probe-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Layer(path))
    }

    fn spec(&self) -> Spec {
        Spec::new(vec![self.0.clone()], "/not/there")
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        // An empty folder in the folder for temporary files is all that could stay.
        let _ = fs::remove_dir(&self.0);
    }
}
