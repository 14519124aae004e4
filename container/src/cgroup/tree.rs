//! The v2 hierarchy: where in it groups are made, so that isolab's own limits hold for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::hierarchy::{Mounted, missing};
use super::{Controller, failed};
use crate::error::{Error, ErrorStep, errno_of};

/// The v2 hierarchy as it is mounted.
#[derive(Debug)]
pub struct Tree {
    point: PathBuf,
    /// The directory of isolab's own group.
    own: PathBuf,
    /// The places found so far, by what they control.
    places: Mutex<BTreeMap<Vec<Controller>, &'static Mounted>>,
}

impl Tree {
    pub fn new(point: PathBuf, own: PathBuf) -> Tree {
        Tree {
            point,
            own,
            places: Mutex::default(),
        }
    }

    /// Whether it has any controller that is used here.
    pub fn has_controllers(&self) -> bool {
        !listed(&self.point, "cgroup.controllers").is_empty()
    }

    /// The directory in which groups with these controllers are made.
    pub fn place(&self, wanted: &[Controller]) -> Result<&'static Mounted, Error> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(wanted) {
            return Ok(place);
        }
        // Kept: there are as many as sets of controllers.
        let place: &'static Mounted = Box::leak(Box::new(self.search(wanted)?));
        places.insert(wanted.to_vec(), place);
        Ok(place)
    }

    /// From isolab's own group upwards the first that hands the controllers down and can be written to, as long as no limit of
    /// a group below that one would be escaped. Root may have the topmost group hand them down.
    fn search(&self, wanted: &[Controller]) -> Result<Mounted, Error> {
        for directory in self
            .own
            .ancestors()
            .take_while(|directory| directory.starts_with(&self.point))
        {
            let handed_down = listed(directory, "cgroup.subtree_control");
            if wanted.iter().all(|controller| handed_down.contains(controller)) && writable(directory) {
                return Ok(Mounted::new(directory.to_owned(), wanted.to_vec(), Vec::new()));
            }
            if let Some((file, value)) = limit(directory, wanted) {
                return Err(Error {
                    step: ErrorStep::Cgroup,
                    tried: format!("make a group above {}, where {file} is {value}", directory.display()),
                    errno: None,
                    hint: "a container would escape this limit of isolab's own group: let that group hand its controllers \
                           down and run isolab in one below it, or leave the limits out"
                        .into(),
                });
            }
        }
        let available = listed(&self.point, "cgroup.controllers");
        if let Some(&controller) = wanted.iter().find(|controller| !available.contains(controller)) {
            return Err(missing(controller));
        }
        let handed_down = listed(&self.point, "cgroup.subtree_control");
        let missing = wanted
            .iter()
            .copied()
            .filter(|controller| !handed_down.contains(controller));
        Ok(Mounted::new(self.point.clone(), wanted.to_vec(), missing.collect()))
    }
}

fn listed(directory: &Path, file: &str) -> Vec<Controller> {
    let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
    Controller::ALL
        .into_iter()
        .filter(|controller| text.split_whitespace().any(|name| name == controller.v2_name()))
        .collect()
}

/// Whether groups can be made in it and processes moved there from isolab's own.
fn writable(directory: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(directory, AccessFlags::W_OK).is_ok() && access(&directory.join("cgroup.procs"), AccessFlags::W_OK).is_ok()
}

/// A limit of that group on what the controllers count.
fn limit(directory: &Path, wanted: &[Controller]) -> Option<(&'static str, String)> {
    let files = wanted.iter().flat_map(|controller| match controller {
        Controller::Memory => &["memory.max", "memory.high", "memory.swap.max"][..],
        Controller::Cpu => &["cpu.max"],
        Controller::Pids => &["pids.max"],
        Controller::Cpuset => &["cpuset.cpus"],
        Controller::Io => &["io.max"],
    });
    files.copied().find_map(|file| {
        let text = fs::read_to_string(directory.join(file)).ok()?;
        let value = text.trim();
        let is_none = value.is_empty() || value.starts_with("max");
        (!is_none).then(|| (file, value.to_owned()))
    })
}

/// What this process has had the topmost group hand down, to be taken back.
static HANDED_DOWN: Mutex<Vec<(PathBuf, Controller)>> = Mutex::new(Vec::new());

/// Has the topmost group hand controllers down, unless it does. They are noted first: should isolab be killed, a sweep takes them
/// back.
pub fn hand_down(top: &Path, wanted: &[Controller]) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let file = top.join("cgroup.subtree_control");
    let already = listed(top, "cgroup.subtree_control");
    let mut handed_down = HANDED_DOWN.lock().unwrap_or_else(PoisonError::into_inner);
    // One by one: some controllers can be refused while others are not (cpu with real-time tasks around).
    for &controller in wanted.iter().filter(|controller| !already.contains(controller)) {
        let value = format!("+{}", controller.v2_name());
        fs::write(&file, &value).map_err(|error| failed(&format!("write {value:?} to"), &file, errno_of(&error)))?;
        if handed_down.is_empty() {
            // SAFETY: a function without arguments that does not unwind. Should there be no room for it, which the answer
            // would say, the controllers stay handed down.
            let _ = unsafe { libc::atexit(take_back_all) };
        }
        handed_down.push((top.to_owned(), controller));
    }
    Ok(())
}

/// Leaves the topmost group as it was.
extern "C" fn take_back_all() {
    for (top, controller) in std::mem::take(&mut *HANDED_DOWN.lock().unwrap_or_else(PoisonError::into_inner)) {
        take_back(&top, controller);
    }
}

/// Has the topmost group hand a controller down no more, unless somebody has a group in it, who may count on it by now.
pub fn take_back(top: &Path, controller: Controller) {
    let mut entries = fs::read_dir(top).into_iter().flatten().flatten();
    if !entries.any(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        // Refused, it stays handed down.
        let _ = fs::write(top.join("cgroup.subtree_control"), format!("-{}", controller.v2_name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that looks like a group.
    fn group(path: &Path, handed_down: &str) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("cgroup.procs"), "").unwrap();
        fs::write(path.join("cgroup.controllers"), "cpu memory pids\n").unwrap();
        fs::write(path.join("cgroup.subtree_control"), handed_down).unwrap();
    }

    #[test]
    fn the_nearest_group_that_hands_down_what_is_asked_for_is_taken() {
        let top = tempfile::tempdir().unwrap();
        let (middle, own) = (top.path().join("middle"), top.path().join("middle/own"));
        group(top.path(), "cpu memory pids");
        group(&middle, "memory");
        group(&own, "");
        let tree = Tree::new(top.path().to_owned(), own);
        assert_eq!(tree.place(&[Controller::Memory]).unwrap().base, middle);
        assert_eq!(
            tree.place(&[Controller::Memory, Controller::Pids]).unwrap().base,
            top.path()
        );
    }

    #[test]
    fn a_limit_on_the_way_up_is_not_escaped() {
        let top = tempfile::tempdir().unwrap();
        let own = top.path().join("own");
        group(top.path(), "cpu memory pids");
        group(&own, "");
        fs::write(own.join("memory.max"), "max\n").unwrap();
        fs::write(own.join("pids.max"), "100\n").unwrap();
        let tree = Tree::new(top.path().to_owned(), own);
        assert_eq!(tree.place(&[Controller::Memory]).unwrap().base, top.path());
        let error = tree.place(&[Controller::Pids]).unwrap_err();
        assert!(
            error.tried.contains("pids.max is 100") && !error.hint.is_empty(),
            "{error}"
        );
    }

    #[test]
    fn what_the_topmost_group_is_had_to_hand_down_is_taken_back_unless_it_may_be_in_use() {
        let top = tempfile::tempdir().unwrap();
        group(top.path(), "pids");
        let file = top.path().join("cgroup.subtree_control");
        let content = || fs::read_to_string(&file).unwrap();
        hand_down(top.path(), &[Controller::Pids]).unwrap();
        assert_eq!(content(), "pids");
        hand_down(top.path(), &[Controller::Memory]).unwrap();
        assert_eq!(content(), "+memory");
        take_back_all();
        assert_eq!(content(), "-memory");
        hand_down(top.path(), &[Controller::Cpu]).unwrap();
        fs::create_dir(top.path().join("somebody's")).unwrap();
        take_back_all();
        assert_eq!(content(), "+cpu");
    }
}
