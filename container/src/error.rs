//! What went wrong: the step, what was tried, what the kernel answered, why that usually is, what to do.

use std::fmt;

use nix::errno::Errno;

/// Why a container could not be started, controlled or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The step of the set-up, one of the names that [`stamps`](crate::Container::stamps) uses, or `"spec"`.
    pub step: &'static str,
    /// What was tried, with its arguments: `mkdir /sys/fs/cgroup/…`.
    pub tried: String,
    /// What the kernel answered; `None` when the description itself is wrong.
    pub errno: Option<Errno>,
    /// Why that usually is and what to do about it; empty when nothing helpful is known.
    pub hint: String,
}

impl Error {
    /// Of a call that makes a descriptor, which fails mostly because there are too many.
    pub(crate) fn of_descriptor(
        step: &'static str,
        tried: impl Into<String>,
        errno: impl Into<Option<Errno>>,
    ) -> Error {
        let errno = errno.into();
        let hint = match errno {
            Some(Errno::EMFILE) => "too many open files: raise `ulimit -n`",
            _ => "",
        };
        Error {
            step,
            tried: tried.into(),
            errno,
            hint: hint.into(),
        }
    }

    /// The exit code `docker run` gives for this: 127 the program is not there, 126 it cannot be run, 125 all else.
    pub fn exit_code(&self) -> u8 {
        match (self.step, self.errno) {
            ("exec", Some(Errno::ENOENT)) => 127,
            ("exec", Some(_)) => 126,
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
