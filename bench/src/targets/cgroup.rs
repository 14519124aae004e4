//! What the memory control group of an instance's process counts, found by the process itself: so it is told of any tool's
//! container alike (cgroups(7), Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).

use super::CgroupMemory;
use reports::model::Message;
use std::fs;
use std::path::{Path, PathBuf};

/// What the memory cgroup of process `pid` counts, or why there is none of its own.
pub fn memory_of(pid: i32) -> Result<CgroupMemory, Message> {
    let read = |path: &str| {
        fs::read_to_string(path).map_err(|error| {
            Message::new("cannot-read")
                .with("path", path)
                .with("answer", error.to_string())
        })
    };
    let groups = |pid: &str| read(&format!("/proc/{pid}/cgroup"));
    let group = memory_group(&groups(&pid.to_string())?).ok_or_else(|| Message::new("no-memory-cgroups"))?;
    if Some(&group) == memory_group(&groups("self")?).as_ref() {
        return Err(Message::new("no-own-cgroup"));
    }
    let mounts = read("/proc/self/mountinfo")?;
    let folder = folder(&mounts, &group).ok_or_else(|| Message::new("cgroup-not-mounted"))?;
    let (anon, peak) = match group.version {
        Version::V1 => ("rss", "memory.max_usage_in_bytes"),
        Version::V2 => ("anon", "memory.peak"),
    };
    Ok(CgroupMemory {
        anon_bytes: fs::read_to_string(folder.join("memory.stat"))
            .ok()
            .and_then(|text| field(&text, anon)),
        peak_bytes: fs::read_to_string(folder.join(peak))
            .ok()
            .and_then(|text| text.trim().parse().ok()),
    })
}

/// What the limits of this process's memory cgroup, and of those above it, leave to be used; `None` where nothing is limited,
/// or it cannot be seen.
pub fn left_to_this_process() -> Option<u64> {
    let group = memory_group(&fs::read_to_string("/proc/self/cgroup").ok()?)?;
    let folder = folder(&fs::read_to_string("/proc/self/mountinfo").ok()?, &group)?;
    let (limit, used) = match group.version {
        Version::V1 => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        Version::V2 => ("memory.max", "memory.current"),
    };
    left(&folder, limit, used)
}

/// The least that any folder from this one upwards leaves. What is used counts page cache, which would be given back, too: so
/// this is rather too little than too much.
fn left(folder: &Path, limit: &str, used: &str) -> Option<u64> {
    let number = |path: PathBuf| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let of = |folder: &Path| Some(number(folder.join(limit))?.saturating_sub(number(folder.join(used))?));
    folder.ancestors().filter_map(of).min()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// A process's place in the hierarchy that has the memory controller.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    version: Version,
    path: String,
}

/// The place in the text of /proc/PID/cgroup: lines `ID:CONTROLLERS:PATH`, v2 with neither number nor controllers.
fn memory_group(text: &str) -> Option<Place> {
    let place = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let version = match controllers {
            "" => Version::V2,
            names if names.split(',').any(|name| name == "memory") => Version::V1,
            _ => return None,
        };
        let path = path.to_owned();
        Some(Place { version, path })
    };
    let places: Vec<Place> = text.lines().filter_map(place).collect();
    let v1 = places.iter().position(|place| place.version == Version::V1);
    places.into_iter().nth(v1.unwrap_or(0))
}

/// Where the group's folder is, by the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).
fn folder(mounts: &str, place: &Place) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut words = mount.split(' ').skip(3);
        let (root, point) = (words.next()?, words.next()?);
        let mut kind = kind.split(' ');
        let (name, options) = (kind.next()?, kind.nth(1)?);
        let fits = match place.version {
            Version::V1 => name == "cgroup" && options.split(',').any(|option| option == "memory"),
            Version::V2 => name == "cgroup2",
        };
        let below = place.path.strip_prefix(root.trim_end_matches('/'))?;
        fits.then(|| Path::new(point).join(below.trim_start_matches('/')))
    })
}

/// The number behind `name` in lines `NAME NUMBER`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HYBRID: &str = "5:pids:/a\n4:cpu,memory:/b/c\n0::/d\n";
    const MOUNTS: &str = "30 25 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup rw\n\
                          31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                          32 25 0:28 /b /mnt rw shared:3 - cgroup cgroup rw,cpu,memory\n";

    #[test]
    fn the_memory_controllers_hierarchy_is_preferred_and_v2_is_the_other() {
        let place = memory_group(HYBRID).unwrap();
        assert_eq!((place.version, place.path.as_str()), (Version::V1, "/b/c"));
        assert_eq!(folder(MOUNTS, &place), Some("/sys/fs/cgroup/memory/b/c".into()));
        let place = memory_group("0::/d\n").unwrap();
        assert_eq!(folder(MOUNTS, &place), Some("/sys/fs/cgroup/unified/d".into()));
        assert_eq!(memory_group("5:pids:/a\n"), None);
    }

    #[test]
    fn a_hierarchy_of_which_a_part_is_mounted_is_followed_from_there() {
        let place = memory_group(HYBRID).unwrap();
        let part = MOUNTS.lines().last().unwrap();
        assert_eq!(folder(part, &place), Some("/mnt/c".into()));
    }

    #[test]
    fn the_least_of_all_groups_above_is_what_is_left() {
        let root = tempfile::tempdir().unwrap();
        let group = root.path().join("a/b");
        fs::create_dir_all(&group).unwrap();
        let write = |folder: &Path, name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        let left = || left(&group, "memory.max", "memory.current");
        write(&group, "memory.max", "max\n");
        write(&group, "memory.current", "100\n");
        assert_eq!(left(), None);
        write(&root.path().join("a"), "memory.max", "1000\n");
        write(&root.path().join("a"), "memory.current", "400\n");
        assert_eq!(left(), Some(600));
        write(&group, "memory.max", "150\n");
        assert_eq!(left(), Some(50));
        write(&group, "memory.current", "200\n");
        assert_eq!(left(), Some(0));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field("anon_thp 5\nanon 7\n", "anon"), Some(7));
        assert_eq!(field("anon_thp 5\n", "anon"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "([0-9]:|memory|:|/|é|cgroup2? | - |[ a-z]|\n){0,40}") {
            if let Some(place) = memory_group(&text) {
                let _ = folder(&text, &place);
            }
            let _ = field(&text, "memory");
        }
    }
}
