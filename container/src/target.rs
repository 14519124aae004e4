//! A path inside the root where something is to be mounted.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use crate::error::Error;
use crate::validate::{absolute, c_string, wrong};

/// A path inside the root as the list of its prefixes, each relative to the root: `a`, `a/b`, `a/b/c`.
pub struct Target {
    pub steps: Vec<TargetStep>,
    pub kind: Kind,
}

/// One prefix and its last component.
pub struct TargetStep {
    pub path: CString,
    pub name: CString,
}

/// What to make where a target is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
}

impl Target {
    /// Takes an absolute path apart. `..` is refused: it means different things before and after links are followed.
    pub fn new(path: &Path, kind: Kind, what: &str) -> Result<Target, Error> {
        let mut prefix = Vec::new();
        let mut steps = Vec::new();
        for component in absolute(path, what)?.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    if !prefix.is_empty() {
                        prefix.push(b'/');
                    }
                    prefix.extend(name.as_bytes());
                    steps.push(TargetStep {
                        path: c_string(OsStr::from_bytes(&prefix), what)?,
                        name: c_string(name, what)?,
                    });
                }
                Component::ParentDir | Component::Prefix(_) => {
                    return Err(wrong(
                        format!("{what} {path:?}"),
                        "leave out `..`: name the place itself",
                    ));
                }
            }
        }
        match steps.first().map(|first| first.path.as_bytes()) {
            None => Err(wrong(format!("{what} {path:?}"), "the root itself cannot be covered")),
            Some(b"proc" | b"sys") if what != "working directory" => Err(wrong(
                format!("{what} {path:?}"),
                "/proc and /sys belong to the kernel: choose another place",
            )),
            Some(_) => Ok(Target { steps, kind }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefixes(path: &str) -> Result<Vec<String>, Error> {
        let target = Target::new(Path::new(path), Kind::Directory, "volume target")?;
        Ok(target
            .steps
            .into_iter()
            .map(|step| step.path.into_string().unwrap())
            .collect())
    }

    #[test]
    fn a_target_is_walked_prefix_by_prefix() {
        assert_eq!(prefixes("/a//b/./c/").unwrap(), ["a", "a/b", "a/b/c"]);
    }

    #[test]
    fn targets_that_would_cover_the_root_or_the_kernels_files_are_refused() {
        for path in ["/", "relative", "/a/../b", "/proc/self", "/sys", "/a\0b"] {
            assert!(prefixes(path).is_err(), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn every_prefix_of_a_target_begins_with_the_one_before(path in "/[a-z./]{0,40}") {
            if let Ok(prefixes) = prefixes(&path) {
                for pair in prefixes.windows(2) {
                    let above = pair[0].clone() + "/";
                    prop_assert!(pair[1].starts_with(&above));
                }
                prop_assert!(prefixes.iter().all(|prefix| !prefix.split('/').any(|name| name == "..")));
            }
        }
    }
}
