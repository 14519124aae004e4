//! What a runtime leaves at its end: how the start went, step by step, and what went wrong.

use crate::error::{Cause, Error};
use crate::targets::{End, MachineStory, Step};
use nix::sys::memfd::{MFdFlags, memfd_create};
use reports::model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

/// No report is longer. A monitor that its guest has taken over may write anything.
const MOST_BYTES: u64 = 64 << 20;

/// What a runtime reports at its end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The phases of the start, with when each ended, in ns of CLOCK_MONOTONIC.
    pub stamps: Vec<(String, u64)>,
    /// VM exits by reason.
    pub exits: BTreeMap<String, u64>,
    /// Why no instance could be started.
    pub refused: Option<Error>,
    /// What went wrong afterwards.
    pub failure: Option<String>,
    /// What a reader of the status should know of it.
    pub note: Option<Message>,
    /// Whether the instance was ended because its time was up.
    pub timed_out: bool,
    /// Every step of the start, where it was asked for.
    pub steps: Vec<Step>,
    /// What a virtual machine tells besides, where it was asked for.
    pub machine: Option<MachineStory>,
    /// The guest kernel's log, where it was asked for.
    pub kernel_log: Option<String>,
}

impl Report {
    /// In the runtime: leaves the report for isolab.
    ///
    /// # Errors
    /// What write(2) answers.
    pub fn write(&self, file: &File) -> std::io::Result<()> {
        file.write_all_at(&serde_json::to_vec(self)?, 0)
    }

    /// The end of an instance whose runtime ended with `status`.
    ///
    /// # Errors
    /// The reason where no instance could be started.
    pub fn into_end(self, status: i32) -> Result<End, Error> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(End {
                status,
                stamps: self.stamps,
                vm_exits: self.exits,
                failure: self.failure,
                note: self.note,
                steps: self.steps,
                machine: self.machine,
                kernel_log: self.kernel_log,
                timed_out: self.timed_out,
            }),
        }
    }
}

/// A file in memory for a report: isolab's handle of it.
#[derive(Debug)]
pub struct ReportFile(File);

impl ReportFile {
    /// Isolab's handle, and the runtime's.
    ///
    /// # Errors
    /// A descriptor that is not to be had.
    pub fn new() -> Result<(Self, OwnedFd), Error> {
        let file = memfd_create("isolab-report", MFdFlags::MFD_CLOEXEC)
            .map(File::from)
            .map_err(|errno| Error::from_cause(Message::new("cannot-make-file-in-memory"), errno))?;
        let given = file.try_clone().map(OwnedFd::from);
        let given = given.map_err(|error| Error::from_cause(Message::new("cannot-duplicate-descriptor"), error))?;
        Ok((ReportFile(file), given))
    }

    /// The report in any other file.
    pub fn of(file: File) -> Self {
        ReportFile(file)
    }

    /// The report; `None` where the runtime was killed before it could write one.
    ///
    /// # Errors
    /// What cannot be read, or is no report.
    pub fn read(&self) -> Result<Option<Report>, Error> {
        let failed = |error: &dyn Cause| Error::from_cause(Message::new("cannot-read-runtime-report"), error);
        let length = self.0.metadata().map_err(|error| failed(&error))?.len();
        if length == 0 {
            return Ok(None);
        }
        if length > MOST_BYTES {
            return Err(failed(&format!(
                "it has {length} bytes, and none has more than {MOST_BYTES}"
            )));
        }
        let mut bytes = vec![0; length as usize];
        self.0.read_exact_at(&mut bytes, 0).map_err(|error| failed(&error))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(&error))
    }
}
