//! What an instance is made of: the memory that its processes do not share with others, by what they are, and the file pages
//! that all instances share (proc_pid_smaps(5)).
//!
//! It is to be looked at while other instances are alive: what they share then shows as shared. Memory counts by its
//! proportional share, so that what two processes of an instance have in common counts once. Clean file pages are page cache;
//! dirty ones of a shared mapping are, too, and go back to their file.

use super::smaps::{self, Mapping};
use crate::targets::Role;
use reports::model::Message;
use std::collections::BTreeMap;

/// Memory of one instance, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Anonymous memory and shared memory of the program.
    pub program: u64,
    /// Of the container's own processes.
    pub runtime: u64,
    /// Of the virtual machine monitor.
    pub monitor: u64,
    /// Of the guest.
    pub guest_ram: u64,
    /// The anonymous part of all these: without shared memory, which the host counts as page cache that cannot be given back.
    pub anonymous: u64,
    /// File pages that are mapped and not written to: they are there once for all instances, as page cache.
    pub shared_files: u64,
}

impl Parts {
    /// What the instance has to itself.
    pub fn own(&self) -> u64 {
        self.program + self.runtime + self.monitor + self.guest_ram
    }
}

/// What these processes are made of.
pub fn of_processes(processes: &[(i32, Role)]) -> Result<Parts, Message> {
    let mut parts = Parts::default();
    let mut files: BTreeMap<(String, u64, u64), u64> = BTreeMap::new();
    for (pid, role) in processes {
        let maps = smaps::read(*pid, "smaps")?;
        let rollup = smaps::read(*pid, "smaps_rollup")?;
        let own = own(&rollup);
        parts.anonymous += own - shared(&rollup);
        match role {
            Role::Program => parts.program += own,
            Role::Runtime => parts.runtime += own,
            Role::Monitor => {
                let guest = guest_ram(&maps).ok_or_else(|| Message::new("no-guest-ram"))?;
                parts.guest_ram += guest;
                parts.monitor += own.saturating_sub(guest);
            }
        }
        for map in maps {
            let pages = map.file_pages();
            // Processes of an instance map the same pages of a file.
            if let Some(file) = map.file {
                let most = files.entry(file).or_default();
                *most = pages.max(*most);
            }
        }
    }
    parts.shared_files = files.values().sum();
    Ok(parts)
}

/// Anonymous and shared memory in the text of smaps_rollup. Kernels before 5.4 do not tell the shares.
fn own(rollup: &[Mapping]) -> u64 {
    let sum = |name| rollup.iter().map(|map| map.field(name)).sum::<u64>();
    let told = rollup.iter().any(|map| map.has("Pss_Anon"));
    let resident = if told {
        sum("Pss_Anon") + sum("Pss_Shmem")
    } else {
        sum("Anonymous")
    };
    resident + sum("SwapPss")
}

/// The shared memory in [`own`].
fn shared(rollup: &[Mapping]) -> u64 {
    rollup.iter().map(|map| map.field("Pss_Shmem")).sum()
}

/// What is the guest's of the mappings that are its RAM; `None` where none is.
fn guest_ram(maps: &[Mapping]) -> Option<u64> {
    let mut ram = maps.iter().filter(|map| map.is_guest_ram()).peekable();
    ram.peek()?;
    // A file that is mapped into it is page cache where the guest has not written to it.
    let own = ram.map(|map| map.field(if map.file.is_some() { "Anonymous" } else { "Pss" }));
    Some(own.sum())
}

#[cfg(test)]
mod tests {
    use super::super::smaps::{SMAPS, mappings};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shared_memory_is_the_instances_own_and_apart_from_what_is_anonymous() {
        let rollup = mappings(
            "0-1 ---p 0 0:0 0 [rollup]\nPss_Anon:  12 kB\nPss_File:  9 kB\nPss_Shmem:  5 kB\nSwapPss:  1 kB\n",
        );
        assert_eq!((own(&rollup), shared(&rollup)), (18 << 10, 5 << 10));
    }

    #[test]
    fn the_guests_ram_is_what_the_guest_wrote_to_and_not_the_file_below_it() {
        assert_eq!(guest_ram(&mappings(SMAPS)), Some(312 << 10));
        assert_eq!(
            guest_ram(&mappings("00400000-00500000 r-xp 00001000 fd:00 17 /x\n")),
            None
        );
    }

    #[test]
    fn anonymous_and_shared_memory_are_an_instances_own_also_in_swap() {
        let rollup = "00400000-7fff r--p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss_Anon: 56 kB\nPss_File: 4 kB\n\
                      Pss_Shmem: 3 kB\nAnonymous: 60 kB\nSwapPss: 2 kB\n";
        assert_eq!(own(&mappings(rollup)), 61 << 10);
        let old = "00400000-7fff r--p 00000000 00:00 0 [rollup]\nRss: 900 kB\nAnonymous: 60 kB\n";
        assert_eq!(own(&mappings(old)), 60 << 10);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "([0-9a-f]{1,17}-[0-9]{1,3} rw-p [0-9a-f]{1,20} 0:1 [0-9]{1,25}( /x)?\n|Rss: [0-9]{1,25} kB\n|.{0,20}\n){0,20}") {
            let maps = mappings(&text);
            let _ = (own(&maps), guest_ram(&maps));
        }
    }
}
