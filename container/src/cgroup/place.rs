//! Where the group of a container will be made, and what it will be limited to.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI32;

use nix::errno::Errno;

use super::group::{Directory, Group};
use super::hierarchy::Mounted;
use super::limits::{check, wanted};
use super::{Controller, Hierarchies, Setting, Version, failed, tree, v1, v2};
use crate::arena::Arena;
use crate::descriptors::Descriptors;
use crate::error::Error;
use crate::plan::{Doing, FILES, GroupPlan, Item, PartPlan, Value};
use crate::spec::Limits;
use crate::sys;

/// One directory to be made.
#[derive(Debug)]
struct Part {
    version: Version,
    mounted: &'static Mounted,
    /// What is written before anybody enters.
    files: Vec<Setting>,
    /// What limits memory of a group that pid 1 is born in.
    late: Vec<Setting>,
}

/// The group of a container before it is made.
#[derive(Debug)]
pub struct Place {
    name: String,
    memory_bytes: u64,
    parts: Vec<Part>,
}

impl Place {
    /// Prepares the group for the limits; `None` when nothing is limited, and then it is given no name.
    pub fn find(limits: &Limits, name: impl FnOnce() -> String) -> Result<Option<Place>, Error> {
        check(limits)?;
        let wanted = wanted(limits);
        if wanted.is_empty() {
            return Ok(None);
        }
        let places = Hierarchies::get()?.places(&wanted)?;
        let parts = places
            .into_iter()
            .map(|(version, mounted)| Part::new(version, mounted, limits));
        Ok(Some(Place {
            name: name(),
            memory_bytes: limits.memory_bytes.unwrap_or(u64::MAX),
            parts: parts.collect::<Result<_, _>>()?,
        }))
    }

    /// What a killed isolab leaves, as lines for its note: the directories that the group's own will be made in, and `+CONTROLLER
    /// DIRECTORY` for what such a one will be made to hand down.
    pub fn notes(&self) -> impl Iterator<Item = Vec<u8>> {
        self.parts.iter().flat_map(|part| {
            let base = part.mounted.base.as_os_str().as_bytes();
            let to_hand_down = part.mounted.to_hand_down.iter();
            let handed_down =
                to_hand_down.map(|controller| [b"+", controller.v2_name().as_bytes(), b" ", base].concat());
            std::iter::once(base.to_vec()).chain(handed_down)
        })
    }

    /// Has those directories hand down what they have to.
    pub fn hand_down(&self) -> Result<(), Error> {
        let mut mounted = self.parts.iter().map(|part| part.mounted);
        mounted.try_for_each(|mounted| tree::hand_down(&mounted.base, &mounted.to_hand_down))
    }

    /// The group in a form that processes use which must not allocate.
    pub fn plan(&self, arena: &mut Arena, descriptors: &mut Descriptors) -> Result<GroupPlan, Error> {
        let mut parts = Vec::new();
        for part in &self.parts {
            let mut value = |file: &str, text: &str, implied| {
                Ok(Value {
                    file: arena.text(&CString::new(format!("{}/{file}", self.name)).unwrap_or_default())?,
                    text: arena.bytes(text.as_bytes())?,
                    implied,
                    open: AtomicI32::new(-1),
                })
            };
            let mut values = |settings: &[Setting]| {
                let values = settings
                    .iter()
                    .map(|setting| value(setting.file, &setting.value, setting.implied));
                values.collect::<Result<Vec<_>, Error>>()
            };
            let (files, late) = (values(&part.files)?, values(&part.late)?);
            let (current, tasks) = (value("memory.current", "", false)?, value("tasks", "", false)?);
            parts.push(PartPlan {
                is_v2: part.version == Version::V2,
                directory: descriptors.lend(part.mounted.descriptor()?)?,
                name: arena.text(&CString::new(self.name.as_str()).unwrap_or_default())?,
                files: arena.list(files)?,
                late: arena.list(late)?,
                current,
                memory_bytes: self.memory_bytes,
                tasks,
            });
        }
        Ok(GroupPlan {
            parts: arena.list(parts)?,
        })
    }

    /// The error for what could not be done with the group.
    pub fn explain(&self, doing: Doing, (item, errno): (Item, sys::Errno)) -> Error {
        let (part, file) = (usize::from(item) / FILES, usize::from(item) % FILES);
        let Some(part) = self.parts.get(part) else {
            return failed("use", Path::new("a control group"), Errno::from_raw(errno));
        };
        let path = self.path(part);
        let setting = file
            .checked_sub(1)
            .and_then(|file| part.files.iter().chain(&part.late).nth(file));
        let (what, path) = match (doing, setting) {
            (Doing::Enter, _) => ("write 0 to".to_owned(), path.join("tasks")),
            (Doing::Create, Some(setting)) => (format!("write {:?} to", setting.value), path.join(setting.file)),
            (Doing::Create, None) => ("mkdir".to_owned(), path),
        };
        failed(&what, &path, Errno::from_raw(errno))
    }

    fn path(&self, part: &Part) -> PathBuf {
        part.mounted.base.join(&self.name)
    }

    /// The group, to be used and removed, whether or not it has been made already.
    pub fn group(&self) -> Group {
        let directories = self.parts.iter().map(|part| Directory {
            version: part.version,
            path: self.path(part),
        });
        Group {
            directories: directories.collect(),
        }
    }
}

impl Part {
    fn new(version: Version, mounted: &'static Mounted, limits: &Limits) -> Result<Part, Error> {
        let settings = match version {
            Version::V1(_) => v1::settings(limits, &mounted.base)?,
            Version::V2 => v2::settings(limits),
        };
        // With v1, a process enters only when it has made what takes memory, and what it shares is counted elsewhere.
        let is_late = |setting: &Setting| version == Version::V2 && setting.controller == Controller::Memory;
        let settings = settings
            .into_iter()
            .filter(|setting| mounted.controls(setting.controller) && !setting.is_usual());
        let (late, files) = settings.partition(is_late);
        Ok(Part {
            version,
            mounted,
            files,
            late,
        })
    }
}
