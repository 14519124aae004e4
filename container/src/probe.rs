//! What this host lets a container do, found by trying it.

/// One thing tried on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `user namespaces`, `overlay`, `cgroup memory`, …
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
    Vec::new()
}
