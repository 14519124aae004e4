//! A path inside the root where something is to be mounted.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use crate::arena::Arena;
use crate::error::Error;
use crate::plan::{Kind, Target, TargetStep};
use crate::validate::{absolute, c_string, wrong};

/// Takes an absolute path apart. `..` is refused: it means different things before and after links are followed.
pub fn target(path: &Path, kind: Kind, what: &str, arena: &mut Arena) -> Result<Target, Error> {
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
                    path: arena.text(&c_string(OsStr::from_bytes(&prefix), what)?)?,
                    name: arena.text(&c_string(name, what)?)?,
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
    match steps.first().map(|first| first.path.to_bytes()) {
        None => Err(wrong(format!("{what} {path:?}"), "the root itself cannot be covered")),
        Some(b"proc" | b"sys") if what != "working directory" => Err(wrong(
            format!("{what} {path:?}"),
            "/proc and /sys belong to the kernel: choose another place",
        )),
        Some(_) => Ok(Target {
            steps: arena.list(steps)?,
            kind,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefixes(path: &str) -> Result<Vec<String>, Error> {
        let mut arena = Arena::private()?;
        let target = target(Path::new(path), Kind::Directory, "volume target", &mut arena)?;
        let path = |step: &TargetStep| step.path.to_str().unwrap().to_owned();
        Ok(target.steps.iter().map(path).collect())
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
