//! The memory of an instance in the views that other tools show: resident, proportional and unique set, and its memory
//! cgroup (proc_pid_smaps(5)).
//!
//! None of them is what one more instance takes: the unique set has clean file pages in it, which are page cache, and none
//! has what the kernel keeps for an instance.

use super::tasks;
use crate::targets::{CgroupMemory, Instance, Role};
use reports::model::Memory;
use std::collections::BTreeMap;
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
pub fn of_instance(instance: &dyn Instance) -> Memory {
    let mut memory = look(instance);
    for _ in 1..LOOKS {
        std::thread::sleep(BETWEEN_LOOKS);
        let again = look(instance);
        let rested = again.uss_bytes == memory.uss_bytes;
        memory = again;
        if rested {
            break;
        }
    }
    memory
}

fn look(instance: &dyn Instance) -> Memory {
    let mut memory = Memory::default();
    let mut sum = Resident::default();
    let mut unreadable = None;
    for (pid, role) in tasks::processes(instance) {
        match of_process(pid, role, &mut memory) {
            Ok(resident) => sum.add(resident),
            Err(why) => unreadable = Some(why),
        }
    }
    match unreadable {
        // A sum that leaves a process out would be a wrong figure.
        Some(why) => {
            memory = Memory::default();
            for view in ["rss_bytes", "pss_bytes", "uss_bytes"] {
                memory.missing.insert(view.into(), why.clone());
            }
        }
        None => {
            memory.rss_bytes = Some(sum.rss_bytes);
            memory.pss_bytes = Some(sum.pss_bytes);
            memory.uss_bytes = Some(sum.uss_bytes);
        }
    }
    add_cgroup(instance, &mut memory);
    memory
}

fn of_process(pid: i32, role: Role, memory: &mut Memory) -> Result<Resident, String> {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let rollup = read("smaps_rollup")?;
    if !rollup.contains("Rss:") {
        // What a process that has ended, but is not reaped yet, shows.
        return Err(format!("process {pid} ended before it could be looked at"));
    }
    let resident = sum(&rollup);
    match role {
        Role::Program => {}
        Role::Runtime => *memory.runtime_bytes.get_or_insert(0) += resident.uss_bytes,
        Role::Monitor => {
            let guest = guest_ram(&read("smaps")?);
            match guest {
                Some(guest) => {
                    memory.guest_ram_bytes = Some(guest.uss_bytes);
                    memory.monitor_bytes = Some(resident.uss_bytes.saturating_sub(guest.uss_bytes));
                }
                None => {
                    let why = "the guest's RAM is not where the monitor puts it";
                    memory.missing.insert("guest_ram_bytes".into(), why.into());
                    memory.missing.insert("monitor_bytes".into(), why.into());
                }
            }
        }
    }
    Ok(resident)
}

fn add_cgroup(instance: &dyn Instance, memory: &mut Memory) {
    let (counted, why) = match instance.cgroup_memory() {
        Ok(counted) => (
            // Zero is what a cgroup says until the kernel sums up its counters, which it does every two seconds
            // (Linux, mm/memcontrol.c, FLUSH_TIME).
            CgroupMemory {
                anon_bytes: counted.anon_bytes.filter(|bytes| *bytes > 0),
                peak_bytes: counted.peak_bytes.filter(|bytes| *bytes > 0),
            },
            "the memory cgroup does not count it, or has not summed it up yet".to_owned(),
        ),
        Err(why) => (CgroupMemory::default(), why),
    };
    memory.cgroup_anon_bytes = counted.anon_bytes;
    memory.cgroup_peak_bytes = counted.peak_bytes;
    for (view, value) in [
        ("cgroup_anon_bytes", counted.anon_bytes),
        ("cgroup_peak_bytes", counted.peak_bytes),
    ] {
        if value.is_none() {
            memory.missing.insert(view.into(), why.clone());
        }
    }
}

/// The sum over everything in the text of smaps or smaps_rollup.
fn sum(text: &str) -> Resident {
    let fields = fields(text.lines());
    let field = |name: &str| fields.get(name).copied().unwrap_or(0);
    Resident {
        rss_bytes: field("Rss"),
        pss_bytes: field("Pss"),
        uss_bytes: field("Private_Clean").saturating_add(field("Private_Dirty")),
    }
}

/// The sum over the mappings in the text of smaps that are a guest's RAM; `None` where none is.
fn guest_ram(text: &str) -> Option<Resident> {
    let mut found: Option<Resident> = None;
    let mut lines = text.lines().peekable();
    // A mapping begins with its addresses: 7f00-7f10 rw-p 00000000 00:00 0
    while let Some(heading) = lines.next() {
        let mut body = String::new();
        while let Some(field) = lines.next_if(|line| is_field(line)) {
            body.push_str(field);
            body.push('\n');
        }
        let start = heading
            .split('-')
            .next()
            .and_then(|start| u64::from_str_radix(start, 16).ok());
        if start.is_some_and(|start| microvm::GUEST_RAM.contains(&start)) {
            found.get_or_insert_default().add(sum(&body));
        }
    }
    found
}

/// A line of the form `Rss:   12 kB`.
fn is_field(line: &str) -> bool {
    line.split_ascii_whitespace()
        .next()
        .is_some_and(|first| first.ends_with(':'))
}

/// The sums of all `NAME: N kB` lines in bytes.
fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        let mut words = line.split_ascii_whitespace();
        if let (Some(name), Some(kib), Some("kB")) = (words.next(), words.next(), words.next())
            && let (Some(name), Ok(kib)) = (name.strip_suffix(':'), kib.parse::<u64>())
        {
            let sum: &mut u64 = sums.entry(name).or_default();
            *sum = sum.saturating_add(kib.saturating_mul(1024));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
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
        assert_eq!(sum(SMAPS), kib(412, 362, 316));
        assert_eq!(guest_ram(SMAPS), Some(kib(300, 300, 300)));
        assert_eq!(guest_ram(&SMAPS.replace("100000000000-", "7f0000000000-")), None);
    }

    #[test]
    fn this_process_has_resident_memory_and_its_views_are_in_order() {
        let mut memory = Memory::default();
        let resident = of_process(std::process::id() as i32, Role::Program, &mut memory).unwrap();
        assert!(resident.uss_bytes > 0);
        assert!(resident.uss_bytes <= resident.pss_bytes && resident.pss_bytes <= resident.rss_bytes);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "([A-Za-z_]{0,8}:? *[0-9]{0,25} ?(kB)?\n|.{0,20}\n){0,20}") {
            let _ = sum(&text);
            let _ = guest_ram(&text);
        }
    }
}
