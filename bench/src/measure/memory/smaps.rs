//! The mappings of a process as the kernel tells them (proc_pid_smaps(5)).

use reports::model::Message;
use std::collections::BTreeMap;

/// One mapping of a process.
#[derive(Debug, Default)]
pub struct Mapping {
    /// Its first address.
    start: u64,
    /// Device, inode and offset, for a file.
    pub file: Option<(String, u64, u64)>,
    /// Its `NAME: N kB` lines, in bytes.
    fields: BTreeMap<String, u64>,
}

/// The mappings of a process by its smaps, or the one line of all by its smaps_rollup; or why it has none to show.
pub fn read(pid: i32, file: &str) -> Result<Vec<Mapping>, Message> {
    let path = format!("/proc/{pid}/{file}");
    let text = std::fs::read_to_string(&path).map_err(|error| super::cannot_read(&path, &error))?;
    let found = mappings(&text);
    // One that has ended, and is not reaped yet, has an empty file, or a line without figures.
    if found.iter().all(|map| map.fields.is_empty()) {
        return Err(Message::new("process-ended").with("pid", pid.to_string()));
    }
    Ok(found)
}

/// The sum of a figure over mappings.
pub fn sum<'a>(maps: impl IntoIterator<Item = &'a Mapping>, name: &str) -> u64 {
    maps.into_iter().map(|map| map.field(name)).fold(0, u64::saturating_add)
}

impl Mapping {
    /// Whether it is a part of a guest's RAM.
    pub fn is_guest_ram(&self) -> bool {
        microvm::GUEST_RAM.contains(&self.start)
    }

    /// Whether the kernel tells this figure.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// One of its figures in bytes, 0 where there is none of that name.
    pub fn field(&self, name: &str) -> u64 {
        self.fields.get(name).copied().unwrap_or(0)
    }

    /// Resident pages of its file, without those that were written to and are anonymous since.
    pub fn file_pages(&self) -> u64 {
        self.field("Rss").saturating_sub(self.field("Anonymous"))
    }
}

/// No mapping has more, as addresses have 48 bits, or 57 (Documentation/arch/x86/x86_64/5level-paging.rst).
const MOST_KIB: u64 = 1 << 47;

/// The mappings in the text of smaps or smaps_rollup.
pub fn mappings(text: &str) -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            [name, kib, "kB"] if name.ends_with(':') => {
                let kib = kib.parse::<u64>().ok().filter(|kib| *kib <= MOST_KIB);
                if let Some((map, kib)) = found.last_mut().zip(kib) {
                    map.fields.insert(name.trim_end_matches(':').into(), kib * 1024);
                }
            }
            // 7f00-7f10 rw-p 00000000 00:00 0 [heap]
            [range, _, offset, device, inode, ..] if !range.ends_with(':') => {
                let hex = |text: &str| u64::from_str_radix(text, 16).ok();
                let name = words.get(5).copied().unwrap_or("");
                let inode = inode
                    .parse()
                    .ok()
                    .filter(|inode| *inode != 0 && !is_shared_memory(name));
                found.push(Mapping {
                    start: range.split('-').next().and_then(hex).unwrap_or(0),
                    file: inode.and_then(|inode| Some((device.to_owned(), inode, hex(offset)?))),
                    fields: BTreeMap::new(),
                });
            }
            _ => {}
        }
    }
    found
}

/// Memory that shows as a file and is none (memfd_create(2), shmget(2), MAP_SHARED | MAP_ANONYMOUS).
fn is_shared_memory(name: &str) -> bool {
    ["/memfd:", "/SYSV", "/dev/zero", "/dev/shm/"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
pub const SMAPS: &str = "\
00400000-00500000 r-xp 00001000 fd:00 17 /usr/bin/isolab
Rss:                 100 kB
Pss:                  50 kB
Anonymous:             8 kB
VmFlags: rd ex mr mw me
7f0000000000-7f0000002000 r-xp 00000000 00:01 3 /memfd:init (deleted)
Rss:                   8 kB
Pss:                   8 kB
Anonymous:             0 kB
100000000000-100008000000 rw-p 00000000 00:00 0
Rss:                 300 kB
Pss:                 300 kB
Anonymous:           300 kB
100008000000-100009000000 rw-p 00000000 fd:00 18 /tmp/hello
Rss:                 800 kB
Pss:                 400 kB
Anonymous:            12 kB
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_files_are_told_from_memory_that_only_looks_like_a_file() {
        let pages: Vec<(bool, u64)> = mappings(SMAPS)
            .iter()
            .map(|map| (map.file.is_some(), map.file_pages() >> 10))
            .collect();
        assert_eq!(pages, [(true, 92), (false, 8), (false, 0), (true, 788)]);
    }

    #[test]
    fn a_process_that_has_ended_is_said_to_have() {
        assert_eq!(read(i32::MAX, "smaps").unwrap_err().id, "cannot-read");
    }
}
