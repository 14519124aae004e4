//! How much of the host's memory is in use, to the page.
//!
//! MemFree and MemAvailable (proc_meminfo(5)) are off by megabytes: pages that a processor keeps for itself (per-CPU page
//! lists) count as used, each processor adds its changes to the totals only now and then, and half of the page cache counts as
//! wanted. /proc/buddyinfo has the free pages themselves, and /proc/zoneinfo what lies in the lists.
//!
//! From what is in use the page cache is taken off: it is given back when memory is wanted. Shared memory and tmpfs, which
//! the kernel counts as page cache, cannot be given back and stay. So does all slab: the directory entries and inodes of
//! a container's mounts are called reclaimable, but do not go before the container does.

use reports::model::Message;
use std::fs;

/// Memory that is in use and no page cache, without this process's own anonymous memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// In bytes from an unknown origin: differences mean something.
    pub used: f64,
    /// The same without anonymous memory, which is most of what other programs change. The kernel's count of that is some
    /// hundred KiB behind, as every processor counts for itself first.
    pub not_anonymous: f64,
}

/// Reads it.
pub fn read() -> Result<Reading, Message> {
    let free = free_pages(&text("/proc/buddyinfo")?).ok_or_else(|| Message::new("odd-buddyinfo"))?;
    let zones = text("/proc/zoneinfo")?;
    let listed = sum(&zones, "count:");
    let cache = sum(&zones, "nr_file_pages") - sum(&zones, "nr_shmem");
    let own_kib = sum(&text("/proc/self/smaps_rollup")?, "Anonymous:");
    let in_use = -(free + listed + cache) * page_bytes();
    Ok(Reading {
        used: (in_use - own_kib * 1024) as f64,
        not_anonymous: (in_use - sum(&zones, "nr_anon_pages") * page_bytes()) as f64,
    })
}

/// What distorts memory on this host, as the kernel's manual has it (Documentation/admin-guide/mm).
pub fn distortions() -> Vec<Message> {
    let setting = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let merging = setting("/sys/kernel/mm/ksm/run").trim() == "1";
    let huge = setting("/sys/kernel/mm/transparent_hugepage/enabled").contains("[always]");
    [merging.then_some("ksm"), huge.then_some("huge-pages")]
        .into_iter()
        .flatten()
        .map(Message::new)
        .collect()
}

fn text(path: &str) -> Result<String, Message> {
    fs::read_to_string(path).map_err(|error| super::cannot_read(path, &error))
}

fn page_bytes() -> i64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .unwrap_or(4096)
}

/// Free pages: `Node 0, zone Normal` is followed by the numbers of free blocks of 1, 2, 4, … pages.
fn free_pages(buddyinfo: &str) -> Option<i64> {
    let mut pages = 0_i64;
    for line in buddyinfo.lines() {
        let (_, zone) = line.split_once("zone")?;
        for (order, blocks) in zone.split_ascii_whitespace().skip(1).enumerate() {
            let blocks: i64 = blocks.parse().ok()?;
            let size = 2_i64.checked_pow(u32::try_from(order).ok()?)?;
            pages = pages.checked_add(blocks.checked_mul(size)?)?;
        }
    }
    Some(pages)
}

/// The sum of all lines `NAME N`.
fn sum(text: &str, name: &str) -> i64 {
    let numbers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == name).then(|| words.next()?.parse().ok()).flatten()
    });
    numbers.fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn free_blocks_are_counted_in_pages() {
        let buddyinfo = "Node 0, zone      DMA      1      0      2\nNode 0, zone   Normal      3      1      0\n";
        assert_eq!(free_pages(buddyinfo), Some(1 + 8 + 3 + 2));
        assert_eq!(free_pages("Node 0, zone DMA x"), None);
    }

    #[test]
    fn the_lists_of_all_zones_and_processors_are_summed() {
        let zoneinfo = "  pagesets\n    cpu: 0\n              count:    7\n              high:     9\n    cpu: 1\n              count: 5\n";
        assert_eq!(sum(zoneinfo, "count:"), 12);
    }

    #[test]
    fn memory_that_this_process_touches_is_not_in_the_figure_of_the_others() {
        let quietest = (0..50)
            .map(|_| {
                let before = read().unwrap().used;
                let mut memory = vec![0_u8; 64 << 20];
                memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
                std::hint::black_box(&memory);
                (read().unwrap().used - before).abs()
            })
            .fold(f64::INFINITY, f64::min);
        assert!(quietest < f64::from(16 << 20), "{quietest}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(Node [0-9], zone [A-Z]{3}( [0-9]{1,25}){0,80}\n|count: [0-9-]{1,30}\n|.{0,20}\n){0,9}") {
            let _ = free_pages(&text);
            let _ = sum(&text, "count:");
        }
    }
}
