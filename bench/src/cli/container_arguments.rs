//! What `isolab run --on container` can be asked for beside the program.

use crate::targets::container::Options;
use crate::units;
use clap::Args;
use container::{Access, Capability, Limits, Network, Terminal, Tmpfs, Volume, Writable};
use std::path::PathBuf;

// Options of containers only.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub struct ContainerArguments {
    /// Show a file or folder of the host inside, at the absolute path DST
    #[arg(long, value_name = "SRC:DST[:ro]", value_parser = volume)]
    volume: Vec<Volume>,
    /// Mount an empty file system in memory at the absolute path DST
    #[arg(long, value_name = "DST[:SIZE]", value_parser = tmpfs)]
    tmpfs: Vec<Tmpfs>,
    /// Let the program keep a capability, for example NET_ADMIN
    #[arg(long, value_name = "CAP")]
    cap_add: Vec<Capability>,
    /// Which network it sees: its own with a loopback device, or the host's
    #[arg(long, value_name = "NET", default_value = "loopback", value_parser = ["loopback", "host"])]
    network: String,
    /// Let it write nowhere but to volumes and --tmpfs
    #[arg(long)]
    read_only: bool,
    /// Give it a terminal of its own, connected to this one
    #[arg(short, long)]
    pub tty: bool,
}

impl ContainerArguments {
    /// The option that was given, if any was: other targets have none of them.
    pub fn given(&self) -> Option<&'static str> {
        [
            (!self.volume.is_empty(), "--volume"),
            (!self.tmpfs.is_empty(), "--tmpfs"),
            (!self.cap_add.is_empty(), "--cap-add"),
            (self.network == "host", "--network"),
            (self.read_only, "--read-only"),
            (self.tty, "--tty"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }

    /// As the target takes them.
    pub fn options(&self, limits: Limits, terminal: Terminal) -> Options {
        let mut options = Options {
            volumes: self.volume.clone(),
            tmpfs: self.tmpfs.clone(),
            capabilities: self.cap_add.iter().copied().collect(),
            limits,
            terminal,
            ..Options::default()
        };
        if self.network == "host" {
            options.network = Network::Host;
        }
        if self.read_only {
            options.writable = Writable::No;
        }
        options
    }
}

/// `SRC:DST`, or `SRC:DST:ro`.
fn volume(text: &str) -> Result<Volume, String> {
    let mut parts = text.split(':');
    let (Some(source), Some(target), access, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("it has the form SRC:DST or SRC:DST:ro".into());
    };
    let access = match access {
        None | Some("rw") => Access::ReadWrite,
        Some("ro") => Access::ReadOnly,
        Some(other) => return Err(format!("{other:?} is not an access; ro and rw are")),
    };
    let source = std::path::absolute(source).map_err(|error| format!("{source:?}: {error}"))?;
    Ok(Volume {
        source,
        target: inside(target)?,
        access,
    })
}

/// `DST`, or `DST:SIZE`.
fn tmpfs(text: &str) -> Result<Tmpfs, String> {
    let (target, size) = match text.split_once(':') {
        Some((target, size)) => (target, Some(units::size(size)?)),
        None => (text, None),
    };
    Ok(Tmpfs {
        target: inside(target)?,
        size_bytes: size,
    })
}

fn inside(path: &str) -> Result<PathBuf, String> {
    if path.starts_with('/') {
        Ok(PathBuf::from(path))
    } else {
        Err(format!("{path:?} is not an absolute path inside"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_volume_names_source_target_and_access() {
        let read_only = volume("/a:/b:ro").unwrap();
        assert_eq!(
            (read_only.source, read_only.target),
            (PathBuf::from("/a"), PathBuf::from("/b"))
        );
        assert_eq!(read_only.access, Access::ReadOnly);
        assert_eq!(volume("/a:/b").unwrap().access, Access::ReadWrite);
        for wrong in ["", "/a", "/a:b", "/a:/b:rx", "/a:/b:ro:x", ":/b"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tmpfs_names_its_place_and_perhaps_its_size() {
        assert_eq!(tmpfs("/tmp").unwrap().size_bytes, None);
        assert_eq!(tmpfs("/tmp:1M").unwrap().size_bytes, Some(1 << 20));
        for wrong in ["", "tmp", "/tmp:", "/tmp:x"] {
            assert!(tmpfs(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,12}") {
            let _ = (volume(&text), tmpfs(&text));
        }
    }
}
