//! Linux capabilities by name and number (capabilities(7), `include/uapi/linux/capability.h`).

use std::fmt;
use std::str::FromStr;

macro_rules! capabilities {
    ($($variant:ident = $number:literal $name:literal,)*) => {
        /// One capability of capabilities(7). Its number is the discriminant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "capabilities(7) describes each")]
        pub enum Capability { $($variant = $number,)* }

        impl Capability {
            /// Every capability, by number.
            pub const ALL: &[Capability] = &[$(Capability::$variant,)*];

            /// The name without `CAP_`, as `docker run --cap-add` takes it.
            pub fn name(self) -> &'static str {
                match self { $(Capability::$variant => $name,)* }
            }
        }
    };
}

capabilities! {
    Chown = 0 "CHOWN",
    DacOverride = 1 "DAC_OVERRIDE",
    DacReadSearch = 2 "DAC_READ_SEARCH",
    Fowner = 3 "FOWNER",
    Fsetid = 4 "FSETID",
    Kill = 5 "KILL",
    Setgid = 6 "SETGID",
    Setuid = 7 "SETUID",
    Setpcap = 8 "SETPCAP",
    LinuxImmutable = 9 "LINUX_IMMUTABLE",
    NetBindService = 10 "NET_BIND_SERVICE",
    NetBroadcast = 11 "NET_BROADCAST",
    NetAdmin = 12 "NET_ADMIN",
    NetRaw = 13 "NET_RAW",
    IpcLock = 14 "IPC_LOCK",
    IpcOwner = 15 "IPC_OWNER",
    SysModule = 16 "SYS_MODULE",
    SysRawio = 17 "SYS_RAWIO",
    SysChroot = 18 "SYS_CHROOT",
    SysPtrace = 19 "SYS_PTRACE",
    SysPacct = 20 "SYS_PACCT",
    SysAdmin = 21 "SYS_ADMIN",
    SysBoot = 22 "SYS_BOOT",
    SysNice = 23 "SYS_NICE",
    SysResource = 24 "SYS_RESOURCE",
    SysTime = 25 "SYS_TIME",
    SysTtyConfig = 26 "SYS_TTY_CONFIG",
    Mknod = 27 "MKNOD",
    Lease = 28 "LEASE",
    AuditWrite = 29 "AUDIT_WRITE",
    AuditControl = 30 "AUDIT_CONTROL",
    Setfcap = 31 "SETFCAP",
    MacOverride = 32 "MAC_OVERRIDE",
    MacAdmin = 33 "MAC_ADMIN",
    Syslog = 34 "SYSLOG",
    WakeAlarm = 35 "WAKE_ALARM",
    BlockSuspend = 36 "BLOCK_SUSPEND",
    AuditRead = 37 "AUDIT_READ",
    Perfmon = 38 "PERFMON",
    Bpf = 39 "BPF",
    CheckpointRestore = 40 "CHECKPOINT_RESTORE",
}

impl Capability {
    /// The fourteen that Docker gives by default (docs.docker.com/engine/containers/run, "Runtime privilege and Linux
    /// capabilities").
    pub const DOCKER: [Capability; 14] = [
        Capability::AuditWrite,
        Capability::Chown,
        Capability::DacOverride,
        Capability::Fowner,
        Capability::Fsetid,
        Capability::Kill,
        Capability::Mknod,
        Capability::NetBindService,
        Capability::NetRaw,
        Capability::Setfcap,
        Capability::Setgid,
        Capability::Setpcap,
        Capability::Setuid,
        Capability::SysChroot,
    ];
}

/// A name that is no capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no capability: capabilities(7) lists their names, with or without CAP_, in either case")]
pub struct UnknownCapability(pub String);

impl FromStr for Capability {
    type Err = UnknownCapability;

    /// Takes the name with or without `CAP_`, in either case.
    fn from_str(text: &str) -> Result<Self, UnknownCapability> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        let found = Capability::ALL
            .iter()
            .copied()
            .find(|capability| capability.name() == name);
        found.ok_or_else(|| UnknownCapability(text.to_owned()))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAP_{}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_found_by_its_name_in_every_usual_spelling() {
        for capability in Capability::ALL {
            for spelling in [
                capability.name().to_owned(),
                capability.to_string(),
                capability.name().to_lowercase(),
            ] {
                assert_eq!(spelling.parse(), Ok(*capability));
            }
        }
        assert_eq!(
            "CAP_ROOT".parse::<Capability>(),
            Err(UnknownCapability("CAP_ROOT".into()))
        );
    }

    #[test]
    fn numbers_are_consecutive_from_zero() {
        assert!(
            Capability::ALL
                .iter()
                .enumerate()
                .all(|(index, capability)| index == *capability as usize)
        );
    }
}
