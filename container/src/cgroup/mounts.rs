//! What the kernel says of mounted cgroup hierarchies and of a process's groups in them, read.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A cgroup mount of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
#[derive(Debug, PartialEq, Eq)]
pub struct Mount {
    root: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
    /// The v1 controllers it has; `None` for v2.
    pub controllers: Option<Vec<String>>,
}

impl Mount {
    /// Whether it has the v1 controller.
    pub fn has(&self, name: &str) -> bool {
        self.controllers.iter().flatten().any(|controller| controller == name)
    }

    /// Where a path of the hierarchy is found under the mount point.
    pub fn directory(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.root).ok()?;
        // join("") would leave a slash at the end.
        Some(if below.as_os_str().is_empty() {
            self.point.clone()
        } else {
            self.point.join(below)
        })
    }
}

/// The cgroup mounts among all mounts.
pub fn parse_mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(parse_mount).collect()
}

fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, point) = (unescape(before.next()?), unescape(before.next()?));
    let mut after = after.split(' ');
    let controllers = match after.next()? {
        "cgroup" => Some(after.nth(1)?.split(',').map(str::to_owned).collect()),
        "cgroup2" => None,
        _ => return None,
    };
    Some(Mount {
        root,
        point,
        controllers,
    })
}

/// The kernel writes space, tab, newline and backslash as a backslash and three octal digits.
fn unescape(field: &str) -> PathBuf {
    let bytes = field.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if first == b'\\' => {
                plain.push(byte);
                rest = &tail[3..];
            }
            _ => {
                plain.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsStr::from_bytes(&plain))
}

/// A line of `/proc/self/cgroup`: `ID:CONTROLLERS:PATH`.
#[derive(Debug, PartialEq, Eq)]
pub struct Own {
    controllers: Vec<String>,
    /// The group's path in the hierarchy.
    pub path: PathBuf,
}

impl Own {
    /// Whether it is about this mount.
    pub fn names(&self, mount: &Mount) -> bool {
        match &mount.controllers {
            None => self.controllers.is_empty(),
            Some(_) => self.controllers.iter().any(|name| mount.has(name)),
        }
    }
}

/// The groups of a process.
pub fn parse_own(text: &str) -> Vec<Own> {
    let parse = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields
            .next()?
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let path = fields.next()?;
        path.starts_with('/').then(|| Own {
            controllers,
            path: PathBuf::from(path),
        })
    };
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HYBRID: &str = "\
22 1 253:0 / / rw,relatime - ext4 /dev/vda rw
30 29 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
31 29 0:26 /docker/abc /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory
32 29 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn mounts_are_found_with_their_controllers() {
        let mounts = parse_mounts(HYBRID);
        assert_eq!(mounts.len(), 3);
        assert!(mounts[0].has("cpu") && mounts[0].has("cpuacct") && !mounts[0].has("memory"));
        assert_eq!(mounts[1].point, Path::new("/sys/fs/cgroup/my memory"));
        assert_eq!(mounts[2].controllers, None);
    }

    #[test]
    fn the_labs_own_group_is_found_under_a_mount_of_a_part_of_the_tree() {
        let mounts = parse_mounts(HYBRID);
        let own = parse_own("4:memory:/docker/abc/lab\n3:cpu,cpuacct:/\n0::/user.slice\n");
        let directory = |index: usize| {
            let own = own.iter().find(|own| own.names(&mounts[index]))?;
            mounts[index].directory(&own.path)
        };
        assert_eq!(directory(0), Some("/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(directory(1), Some("/sys/fs/cgroup/my memory/lab".into()));
        assert_eq!(directory(2), Some("/sys/fs/cgroup/unified/user.slice".into()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in "(\\PC|[\\\\0-7 :,/\n-]){0,200}") {
            parse_mounts(&text);
            parse_own(&text);
            unescape(&text);
        }

        #[test]
        fn escaped_characters_come_back(name in "[a-z \\\\\t]{1,20}") {
            let escaped: String = name.bytes().map(|byte| match byte {
                b' ' | b'\t' | b'\\' => format!("\\{byte:03o}"),
                other => char::from(other).to_string(),
            }).collect();
            prop_assert_eq!(unescape(&escaped), PathBuf::from(name));
        }
    }
}
