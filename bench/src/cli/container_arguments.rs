//! What `isolab run --on container` can be asked for beside the program.

use crate::error::Error;
use crate::targets::container::Options;
use crate::units;
use clap::Args;
use container::{
    Access, Capability, IdMap, Limits, Network, Rlimit, Terminal, Tmpfs, UnknownCapability, User, UserNamespace,
    Volume, Writable,
};
use nix::libc;
use reports::model::Message;
use std::path::{Path, PathBuf};

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
    /// Let the program keep a capability, for example NET_ADMIN; `default` are Docker's fourteen. Without --userns they are root's
    /// on the host: SYS_ADMIN, for one, confines nothing any more, and SYS_PTRACE gives it the container's pid 1
    #[arg(long, value_name = "CAP", value_parser = capabilities)]
    cap_add: Vec<Capabilities>,
    /// Run the program as this user, and group
    #[arg(long, value_name = "UID[:GID]", value_parser = user)]
    user: Option<User>,
    /// Begin in this folder, which is made when missing
    #[arg(long, value_name = "DST", value_parser = inside)]
    workdir: Option<PathBuf>,
    /// The host name inside
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Show a device file of the host inside, for example /dev/kvm
    #[arg(long, value_name = "FILE")]
    device: Vec<PathBuf>,
    /// Limit a resource of the process (setrlimit(2)), for example nofile=64:128
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = ulimit)]
    ulimit: Vec<Rlimit>,
    /// Run on these processors only, for example 0-1,4
    #[arg(long, value_name = "LIST")]
    cpuset: Option<String>,
    /// Which network it sees: its own with a loopback device, or the host's
    #[arg(long, value_name = "NET", default_value = "loopback", value_parser = ["loopback", "host"])]
    network: String,
    /// Give it a user namespace whose users from 0 on are the host's from UID on (65536 of them), or the `host`'s
    #[arg(long, value_name = "UID[:COUNT]|host", value_parser = user_namespace)]
    userns: Option<UserNamespace>,
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
            (self.user.is_some(), "--user"),
            (self.workdir.is_some(), "--workdir"),
            (self.hostname.is_some(), "--hostname"),
            (!self.device.is_empty(), "--device"),
            (!self.ulimit.is_empty(), "--ulimit"),
            (self.cpuset.is_some(), "--cpuset"),
            (self.network == "host", "--network"),
            (self.userns.is_some(), "--userns"),
            (self.read_only, "--read-only"),
            (self.tty, "--tty"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }

    /// As the target takes them.
    pub fn options(&self, mut limits: Limits, terminal: Terminal) -> Options {
        limits.cpuset = self.cpuset.clone();
        let mut options = Options {
            volumes: self.volume.clone(),
            tmpfs: self.tmpfs.clone(),
            capabilities: self.cap_add.iter().flat_map(|added| &added.0).copied().collect(),
            user: self.user,
            cwd: self.workdir.clone(),
            hostname: self.hostname.clone(),
            devices: self.device.clone(),
            rlimits: self.ulimit.clone(),
            limits,
            terminal,
            ..Options::default()
        };
        if self.network == "host" {
            options.namespaces.network = Network::Host;
        }
        if let Some(user) = &self.userns {
            options.namespaces.user = user.clone();
        }
        if self.read_only {
            options.writable = Writable::No;
        }
        options
    }
}

/// The capabilities that one option adds.
#[derive(Debug, Clone)]
struct Capabilities(Vec<Capability>);

fn capabilities(text: &str) -> Result<Capabilities, UnknownCapability> {
    match text {
        "default" => Ok(Capabilities(Capability::DOCKER.into())),
        name => Ok(Capabilities(vec![name.parse()?])),
    }
}

/// `UID`, or `UID:GID`.
fn user(text: &str) -> Result<User, Error> {
    let number = |text: &str| text.parse().map_err(|_| Error::of_text("no-user", text));
    let (uid, gid) = text.split_once(':').unwrap_or((text, "0"));
    Ok(User {
        uid: number(uid)?,
        gid: number(gid)?,
    })
}

/// `host`, `UID`, or `UID:COUNT`.
fn user_namespace(text: &str) -> Result<UserNamespace, Error> {
    /// As many as Docker and Podman give (subuid(5)): also enough for `nobody`, 65534.
    const USUAL: u32 = 65_536;
    if text == "host" {
        return Ok(UserNamespace::Host);
    }
    let number = |text: &str| text.parse::<u32>().map_err(|_| Error::of_text("form-userns", text));
    let (outside, count) = match text.split_once(':') {
        Some((outside, count)) => (number(outside)?, number(count)?),
        None => (number(text)?, USUAL),
    };
    if count == 0 || outside.checked_add(count).is_none() {
        return Err(Error::of_text("no-such-users", text));
    }
    let map = IdMap {
        inside: 0,
        outside,
        count,
    };
    Ok(UserNamespace::Mapped {
        uids: vec![map],
        gids: vec![map],
    })
}

/// The limits of setrlimit(2) by the names that ulimit and Docker have for them.
const RESOURCES: [(&str, u32); 15] = [
    ("as", libc::RLIMIT_AS),
    ("core", libc::RLIMIT_CORE),
    ("cpu", libc::RLIMIT_CPU),
    ("data", libc::RLIMIT_DATA),
    ("fsize", libc::RLIMIT_FSIZE),
    ("locks", libc::RLIMIT_LOCKS),
    ("memlock", libc::RLIMIT_MEMLOCK),
    ("msgqueue", libc::RLIMIT_MSGQUEUE),
    ("nice", libc::RLIMIT_NICE),
    ("nofile", libc::RLIMIT_NOFILE),
    ("nproc", libc::RLIMIT_NPROC),
    ("rtprio", libc::RLIMIT_RTPRIO),
    ("rttime", libc::RLIMIT_RTTIME),
    ("sigpending", libc::RLIMIT_SIGPENDING),
    ("stack", libc::RLIMIT_STACK),
];

/// `NAME=SOFT`, or `NAME=SOFT:HARD`, each a number or `unlimited`.
fn ulimit(text: &str) -> Result<Rlimit, Error> {
    let (name, values) = text
        .split_once('=')
        .ok_or_else(|| Error::of_text("form-ulimit", text))?;
    let resource = RESOURCES.iter().find(|(known, _)| *known == name);
    let &(_, resource) = resource.ok_or_else(|| {
        let known: Vec<_> = RESOURCES.iter().map(|(name, _)| *name).collect();
        Error::new(
            Message::new("no-resource")
                .with("name", name)
                .with("known", known.join(", ")),
        )
    })?;
    let number = |text: &str| match text {
        "unlimited" => Ok(libc::RLIM_INFINITY),
        text => text.parse().map_err(|_| Error::of_text("no-number", text)),
    };
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let (soft, hard) = (number(soft)?, number(hard)?);
    if soft > hard {
        return Err(Error::of_text("soft-above-hard", values));
    }
    Ok(Rlimit { resource, soft, hard })
}

/// `SRC:DST`, or `SRC:DST:ro`.
fn volume(text: &str) -> Result<Volume, Error> {
    let mut parts = text.split(':');
    let (Some(source), Some(target), access, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Error::of_text("form-volume", text));
    };
    let access = match access {
        None | Some("rw") => Access::ReadWrite,
        Some("ro") => Access::ReadOnly,
        Some(other) => return Err(Error::of_text("no-access", other)),
    };
    let source =
        std::path::absolute(source).map_err(|error| Error::of_path("cannot-find", Path::new(source), error))?;
    Ok(Volume {
        source,
        target: inside(target)?,
        access,
    })
}

/// `DST`, or `DST:SIZE`.
fn tmpfs(text: &str) -> Result<Tmpfs, Error> {
    let (target, size) = match text.split_once(':') {
        Some((target, size)) => (target, Some(units::size(size)?)),
        None => (text, None),
    };
    Ok(Tmpfs {
        target: inside(target)?,
        size_bytes: size,
    })
}

fn inside(path: &str) -> Result<PathBuf, Error> {
    if path.starts_with('/') {
        Ok(PathBuf::from(path))
    } else {
        Err(Error::of_text("not-absolute", path))
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
    fn a_user_names_its_group_or_has_that_of_root() {
        assert_eq!(user("7:8"), Ok(User { uid: 7, gid: 8 }));
        assert_eq!(user("7"), Ok(User { uid: 7, gid: 0 }));
        for wrong in ["", "root", "7:", "-1", "7:8:9"] {
            assert!(user(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_user_namespace_begins_at_a_user_of_the_host() {
        let map = |outside, count| {
            let map = IdMap {
                inside: 0,
                outside,
                count,
            };
            Ok(UserNamespace::Mapped {
                uids: vec![map],
                gids: vec![map],
            })
        };
        assert_eq!(user_namespace("100000"), map(100_000, 65_536));
        assert_eq!(user_namespace("1000:1"), map(1000, 1));
        assert_eq!(user_namespace("host"), Ok(UserNamespace::Host));
        for wrong in ["", "auto", "1:0", "4294967295", "1:2:3", "-1"] {
            assert!(user_namespace(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_names_its_resource_and_one_number_or_two() {
        let limit = ulimit("nofile=64:unlimited").unwrap();
        assert_eq!(
            (limit.resource, limit.soft, limit.hard),
            (libc::RLIMIT_NOFILE, 64, libc::RLIM_INFINITY)
        );
        assert_eq!(ulimit("core=0").unwrap().hard, 0);
        for wrong in ["", "nofile", "files=1", "nofile=2:1", "nofile=x"] {
            assert!(ulimit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn default_are_the_capabilities_that_docker_gives() {
        assert_eq!(capabilities("default").unwrap().0.len(), 14);
        assert_eq!(capabilities("net_admin").unwrap().0, [Capability::NetAdmin]);
        assert!(capabilities("everything").is_err());
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
            let _ = (volume(&text), tmpfs(&text), user(&text), ulimit(&text));
            let _ = user_namespace(&text);
        }
    }
}
