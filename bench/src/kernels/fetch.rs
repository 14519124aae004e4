//! Gets the distribution's kernel for virtual machines through its package manager, into a folder for temporary files: no
//! right is needed, and nothing is installed.

use crate::error::Error;
use reports::model::Message;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Downloads the packages of the kernel to `folder`, and tells each command before it runs.
pub fn fetch(folder: &Path, told: impl Fn(&str)) -> Result<Vec<PathBuf>, Error> {
    let meta = meta_package(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())?;
    let depends = |package: &str| run("apt-cache", &["depends", package], folder, &told);
    let (mut image, mut needs) = (meta.to_owned(), depends(meta)?);
    // What a package points at may only point at another in turn.
    for _ in 0..CHAIN_MAX {
        let Some(next) = first_dependency(&needs, "linux-image-") else {
            break;
        };
        needs = depends(&next)?;
        image = next;
    }
    if image == meta {
        return Err(Error::new(Message::new("apt-does-not-know").with("name", meta)).remedy(Message::new(UPDATE)));
    }
    // Ubuntu has the modules in a package of their own.
    let modules = first_dependency(&needs, "linux-modules-");
    for package in [image].iter().chain(&modules) {
        run("apt-get", &["download", package], folder, &told)?;
    }
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Error::from_cause(Message::new("cannot-read-back-packages"), error))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// Packages between the one that stands for the newest kernel and that kernel's, and one more.
const CHAIN_MAX: usize = 4;
const UPDATE: &str = "do-apt-update";

/// The package that stands for the newest kernel for virtual machines, by os-release(5).
fn meta_package(os_release: &str) -> Result<&'static str, Error> {
    let field = |name: &str| {
        let line = os_release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"')
    };
    let like = |name| field("ID") == name || field("ID_LIKE").split(' ').any(|id| id == name);
    if like("ubuntu") {
        return Ok("linux-image-virtual");
    }
    if like("debian") {
        return Ok("linux-image-cloud-amd64");
    }
    let how = match () {
        () if like("fedora") || like("rhel") => "do-add-kernel-fedora",
        () if like("arch") => "do-add-kernel-arch",
        () => "do-add-kernel",
    };
    let problem = Message::new("unknown-distribution").with("name", field("PRETTY_NAME"));
    Err(Error::new(problem).remedy(Message::new(how)))
}

/// The first package of that kind that `apt-cache depends` names; of several that would do (`|Depends`), the first, too.
fn first_dependency(depends: &str, prefix: &str) -> Option<String> {
    let lines = depends.lines().map(|line| line.trim().trim_start_matches('|'));
    let names = lines.filter_map(|line| line.strip_prefix("Depends: "));
    names.map(str::to_owned).find(|name| name.starts_with(prefix))
}

fn run(program: &str, args: &[&str], folder: &Path, told: &impl Fn(&str)) -> Result<String, Error> {
    let words = format!("{program} {}", args.join(" "));
    told(&words);
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null());
    // Its answers in other languages have other words.
    command.env("LC_ALL", "C");
    let output = command.output().map_err(|error| {
        let tried = Message::new("cannot-run").with("command", words.as_str());
        Error::from_cause(tried, error).remedy(Message::new("do-is-it-installed"))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let tried = Message::new("command-failed").with("command", words);
    Err(Error::from_cause(tried, said.trim()).remedy(Message::new(UPDATE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_told_apart_by_os_release() {
        assert_eq!(meta_package("ID=debian\n"), Ok("linux-image-cloud-amd64"));
        assert_eq!(meta_package("ID=ubuntu\nID_LIKE=debian\n"), Ok("linux-image-virtual"));
        assert_eq!(
            meta_package("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            Ok("linux-image-virtual")
        );
        for (other, part) in [
            ("ID=fedora", "dnf download"),
            ("ID=arch", "vmlinuz-linux"),
            ("", "package manager"),
        ] {
            assert!(meta_package(other).unwrap_err().to_string().contains(part), "{other}");
        }
    }

    #[test]
    fn a_meta_package_names_the_real_one() {
        let depends = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-1-cloud-amd64\n  Suggests: grub\n";
        assert_eq!(
            first_dependency(depends, "linux-image-").as_deref(),
            Some("linux-image-6.1.0-1-cloud-amd64")
        );
        assert_eq!(first_dependency(depends, "linux-modules-"), None);
    }

    #[test]
    fn of_a_kernels_dependencies_that_on_its_modules_is_found() {
        // As Ubuntu 24.04 answers, in part.
        let depends = "linux-image-6.8.0-149-generic\n  Depends: kmod\n  Depends: linux-base\n  \
            Depends: linux-modules-6.8.0-149-generic\n  Conflicts: linux-image-unsigned-6.8.0-149-generic\n \
            |Recommends: grub-pc\n  Recommends: <lilo>\n  Suggests: linux-modules-extra-6.8.0-149-generic\n";
        assert_eq!(
            first_dependency(depends, "linux-modules-").as_deref(),
            Some("linux-modules-6.8.0-149-generic")
        );
        assert_eq!(first_dependency(depends, "linux-image-"), None);
        let alternatives =
            "linux-image\n  Depends: <linux-image-none>\n |Depends: linux-image-1\n  Depends: linux-image-2\n";
        assert_eq!(
            first_dependency(alternatives, "linux-image-").as_deref(),
            Some("linux-image-1")
        );
    }
}
