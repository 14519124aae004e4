//! The memory of an instance in the views that other tools show: resident, proportional and unique set, and its memory
//! cgroup (proc_pid_smaps(5)).
//!
//! None of them is what one more instance takes: the unique set has clean file pages in it, which are page cache, and none
//! has what the kernel keeps for an instance.

use super::smaps::{self, Mapping, sum};
use super::tasks;
use crate::targets::{CgroupMemory, Instance, Role};
use reports::model::{self, Message};
use std::time::Duration;

/// What one process, or one mapping of it, has resident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resident {
    /// Every resident page.
    pub rss_bytes: u64,
    /// Shared pages divided among those who map them.
    pub pss_bytes: u64,
    /// Pages that only this process maps.
    pub uss_bytes: u64,
}

impl Resident {
    fn of<'a>(maps: impl IntoIterator<Item = &'a Mapping> + Clone) -> Self {
        let sum = |name| sum(maps.clone(), name);
        Resident {
            rss_bytes: sum("Rss"),
            pss_bytes: sum("Pss"),
            uss_bytes: sum("Private_Clean").saturating_add(sum("Private_Dirty")),
        }
    }

    fn add(&mut self, other: Resident) {
        self.rss_bytes += other.rss_bytes;
        self.pss_bytes += other.pss_bytes;
        self.uss_bytes += other.uss_bytes;
    }
}

/// How often, and in what steps, an instance is looked at until it has come to rest.
const LOOKS: u32 = 30;
/// The pause between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);

/// The memory of all the instance's processes once it has come to rest: a container's own pid 1 may still be on its way
/// when the program has written its first byte. What could not be had is told with the reason.
pub fn of_instance(instance: &dyn Instance) -> model::Instance {
    let mut memory = look(instance);
    for _ in 1..LOOKS {
        std::thread::sleep(BETWEEN_LOOKS);
        let again = look(instance);
        let rested = again.metrics.get("uss_bytes") == memory.metrics.get("uss_bytes");
        memory = again;
        if rested {
            break;
        }
    }
    memory
}

fn look(instance: &dyn Instance) -> model::Instance {
    let mut memory = model::Instance::default();
    let mut all = Resident::default();
    let mut unreadable = None;
    for (pid, role) in tasks::processes(instance) {
        match of_process(pid, role, &mut memory) {
            Ok(resident) => all.add(resident),
            Err(why) => unreadable = Some(why),
        }
    }
    let views = [
        ("rss_bytes", all.rss_bytes),
        ("pss_bytes", all.pss_bytes),
        ("uss_bytes", all.uss_bytes),
    ];
    match unreadable {
        // A sum that leaves a process out would be a wrong figure.
        Some(why) => {
            memory = model::Instance::default();
            for (view, _) in views {
                memory.missing.insert(view.into(), why.clone());
            }
        }
        None => views
            .into_iter()
            .for_each(|(view, bytes)| memory.metrics.set(view, bytes as f64)),
    }
    add_cgroup(instance, &mut memory);
    memory
}

fn of_process(pid: i32, role: Role, memory: &mut model::Instance) -> Result<Resident, Message> {
    let resident = Resident::of(&smaps::read(pid, "smaps_rollup")?);
    let mut add = |part: &str, bytes: u64| {
        let before = memory.metrics.get(part).unwrap_or(0.0);
        memory.metrics.set(part, before + bytes as f64);
    };
    match role {
        Role::Program => add("uss_program_bytes", resident.uss_bytes),
        Role::Runtime => add("uss_runtime_bytes", resident.uss_bytes),
        Role::Monitor => match guest_ram(&smaps::read(pid, "smaps")?) {
            Some(guest) => {
                add("uss_guest_ram_bytes", guest.uss_bytes);
                add("uss_monitor_bytes", resident.uss_bytes.saturating_sub(guest.uss_bytes));
            }
            None => {
                for part in ["uss_guest_ram_bytes", "uss_monitor_bytes"] {
                    memory.missing.insert(part.into(), Message::new("no-guest-ram"));
                }
            }
        },
    }
    Ok(resident)
}

fn add_cgroup(instance: &dyn Instance, memory: &mut model::Instance) {
    let (counted, why) = match instance.cgroup_memory() {
        Ok(counted) => (counted, Message::new("cgroup-not-counted")),
        Err(why) => (CgroupMemory::default(), why),
    };
    for (view, bytes) in [
        ("cgroup_anon_bytes", counted.anon_bytes),
        ("cgroup_peak_bytes", counted.peak_bytes),
    ] {
        // Zero is what a cgroup says until the kernel sums up its counters, which it does every two seconds
        // (Linux, mm/memcontrol.c, FLUSH_TIME).
        match bytes.filter(|bytes| *bytes > 0) {
            Some(bytes) => memory.metrics.set(view, bytes as f64),
            None => drop(memory.missing.insert(view.into(), why.clone())),
        }
    }
}

/// What the mappings have resident that are a guest's RAM; `None` where none is.
fn guest_ram(maps: &[Mapping]) -> Option<Resident> {
    let ram = maps.iter().filter(|map| map.is_guest_ram());
    ram.clone().next().map(|_| Resident::of(ram))
}

#[cfg(test)]
mod tests {
    use super::smaps::mappings;
    use super::*;
    use proptest::prelude::*;

    const SMAPS: &str = "\
00400000-00500000 r-xp 00000000 fd:00 1 /usr/bin/isolab
Size:               1024 kB
Rss:                 100 kB
Pss:                  50 kB
Private_Clean:         4 kB
Private_Dirty:         0 kB
VmFlags: rd ex mr mw me
100000000000-100008000000 rw-p 00000000 00:00 0
Size:             131072 kB
Rss:                 300 kB
Pss:                 300 kB
Private_Clean:         0 kB
Private_Dirty:       300 kB
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]
Rss:                  12 kB
Pss:                  12 kB
Private_Dirty:        12 kB
";

    #[test]
    fn everything_is_summed_and_the_guests_ram_is_told_apart() {
        let kib = |rss: u64, pss: u64, uss: u64| Resident {
            rss_bytes: rss * 1024,
            pss_bytes: pss * 1024,
            uss_bytes: uss * 1024,
        };
        assert_eq!(Resident::of(&mappings(SMAPS)), kib(412, 362, 316));
        assert_eq!(guest_ram(&mappings(SMAPS)), Some(kib(300, 300, 300)));
        let elsewhere = SMAPS.replace("100000000000-", "7f0000000000-");
        assert_eq!(guest_ram(&mappings(&elsewhere)), None);
    }

    #[test]
    fn this_process_has_resident_memory_and_its_views_are_in_order() {
        let mut memory = model::Instance::default();
        let resident = of_process(std::process::id() as i32, Role::Program, &mut memory).unwrap();
        assert!(resident.uss_bytes > 0);
        assert!(resident.uss_bytes <= resident.pss_bytes && resident.pss_bytes <= resident.rss_bytes);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "([A-Za-z_]{0,8}:? *[0-9]{0,25} ?(kB)?\n|.{0,20}\n){0,20}") {
            let maps = mappings(&text);
            let _ = (Resident::of(&maps), guest_ram(&maps));
        }
    }
}
