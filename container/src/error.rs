//! What went wrong: the step, what was tried, what the kernel answered, why that usually is, what to do.

use std::{fmt, io};

use nix::errno::Errno;

use crate::steps::Step;

/// Why a container could not be started, controlled or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What failed.
    pub step: ErrorStep,
    /// What was tried, with its arguments: `mkdir /sys/fs/cgroup/…`.
    pub tried: String,
    /// What the kernel answered; `None` when the description itself is wrong.
    pub errno: Option<Errno>,
    /// Why that usually is and what to do about it; empty when nothing helpful is known.
    pub hint: String,
}

/// What failed: a step of the start, or something before or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorStep {
    /// The description makes no sense; nothing has been made.
    Spec,
    /// A step of the start.
    Start(Step),
    /// A process of the start ended without a word.
    SetUp,
    /// A control group could not be made, entered or removed.
    Cgroup,
    /// The notes of what is to be removed should isolab be killed could not be used.
    State,
    /// The program's terminal could not be had.
    Terminal,
    /// A signal could not be sent.
    Signal,
    /// The end could not be waited for.
    Wait,
}

impl From<Step> for ErrorStep {
    fn from(step: Step) -> Self {
        ErrorStep::Start(step)
    }
}

impl fmt::Display for ErrorStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorStep::Spec => "spec",
            ErrorStep::Start(step) => step.describe().name,
            ErrorStep::SetUp => "set-up",
            ErrorStep::Cgroup => "cgroup",
            ErrorStep::State => "state directory",
            ErrorStep::Terminal => "terminal",
            ErrorStep::Signal => "signal",
            ErrorStep::Wait => "wait",
        })
    }
}

/// What the kernel answered; EIO where the standard library found something amiss by itself.
pub fn errno_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

impl Error {
    /// Of a call that makes a descriptor or a mapping, which fails mostly because there are too many.
    pub(crate) fn of_resource(step: impl Into<ErrorStep>, tried: impl Into<String>, errno: Errno) -> Error {
        let hint = match errno {
            Errno::EMFILE => "too many open files: raise `ulimit -n`",
            Errno::ENOMEM => "memory is short: end something, or raise `ulimit -v`",
            _ => "",
        };
        Error {
            step: step.into(),
            tried: tried.into(),
            errno: Some(errno),
            hint: hint.into(),
        }
    }

    /// The exit code `docker run` gives for this: 127 the program is not there, 126 it cannot be run, 125 all else.
    pub fn exit_code(&self) -> u8 {
        match (self.step, self.errno) {
            (ErrorStep::Start(Step::Exec), Some(Errno::ENOENT)) => 127,
            (ErrorStep::Start(Step::Exec), Some(_)) => 126,
            _ => 125,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.tried)?;
        if let Some(errno) = self.errno {
            write!(f, ": {} ({errno:?})", errno.desc())?;
        }
        if !self.hint.is_empty() {
            write!(f, ": {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
