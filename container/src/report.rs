//! What the child tells isolab, in memory that both see: how far it is, what failed, and when each step ended.
//!
//! Everything is atomic, because isolab and child run at the same time. A log has one writer at a time; a reader looks
//! only after the kernel has cleared the writer's word.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering::*};

use crate::steps::Step;
use crate::sys::{self, Errno};

/// Values of [`Report::program_word`] and [`Report::pid1_word`]. The kernel clears such a word when the process has executed
/// another program or is dead, and uses this memory no more (CLONE_CHILD_CLEARTID).
pub mod word {
    /// It runs on isolab's memory, or is not there yet.
    pub const BUSY: u32 = 1;
    /// It does not any more.
    pub const RELEASED: u32 = 0;
}

/// Bits of [`Report::gates`].
pub mod gate {
    /// The id maps are written.
    pub const IDS: u32 = 1;
    /// The control group is ready to be entered.
    pub const CGROUP: u32 = 2;
    /// The network namespace is there, and a descriptor of it on its way.
    pub const NETWORK: u32 = 4;
    /// The system-call filter is compiled.
    pub const FILTER: u32 = 8;
}

/// See the top of the file.
#[repr(C)]
pub struct Report {
    /// Whether the program's process runs on isolab's memory.
    pub program_word: AtomicU32,
    /// Whether pid 1 does.
    pub pid1_word: AtomicU32,
    /// The pipe that closes when pid 1 has executed its init: the end to read, and the one that only pid 1 has open.
    pub executed: [AtomicI32; 2],
    /// Whether the thread that leaves the host does, if there is one.
    pub leaver_word: AtomicU32,
    /// What each has finished that others wait for.
    pub gates: AtomicU32,
    /// Whether everything before the program's exec went well.
    pub prepared: AtomicBool,
    /// Whether the starter has waited for that, and has not been killed before.
    pub awaited: AtomicBool,
    /// Whether the helper executes the program, and says over a pipe what came of it.
    pub by_helper: AtomicBool,
    /// Whether the layers were copied, because the kernel refused an overlay.
    pub copied: AtomicBool,
    failure: AtomicU64,
    /// Pid 1 as its maker sees it; 0 before it is there.
    pub pid: AtomicI32,
    /// Steps of the process that starts the container: those before pid 1 was there, and those beside it.
    pub starter: Log,
    /// Steps of pid 1: those before the program's process was there, and those beside it.
    pub pid1: Log,
    /// Steps of the program's process.
    pub program: Log,
}

/// A step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Which step.
    pub step: Step,
    /// Which of several of the same kind: the volume's index, the cgroup file's index.
    pub item: u16,
    /// What the kernel answered.
    pub errno: Errno,
}

impl Report {
    /// A report of a start that was asked for at `began_ns`.
    pub fn new(began_ns: u64) -> Self {
        Report {
            program_word: AtomicU32::new(word::BUSY),
            pid1_word: AtomicU32::new(word::BUSY),
            executed: [const { AtomicI32::new(-1) }; 2],
            leaver_word: AtomicU32::new(word::RELEASED),
            gates: AtomicU32::new(0),
            prepared: AtomicBool::new(false),
            awaited: AtomicBool::new(false),
            by_helper: AtomicBool::new(false),
            copied: AtomicBool::new(false),
            failure: AtomicU64::new(0),
            pid: AtomicI32::new(0),
            starter: Log::new(began_ns),
            pid1: Log::new(began_ns),
            program: Log::new(began_ns),
        }
    }

    /// Notes a failure. The first one counts.
    pub fn fail(&self, failure: Failure) {
        let packed = 1 << 63 | (failure.step as u64) << 48 | u64::from(failure.item) << 32 | failure.errno as u64;
        let _ = self.failure.compare_exchange(0, packed, AcqRel, Acquire);
    }

    /// What failed, if anything has.
    pub fn failure(&self) -> Option<Failure> {
        let packed = self.failure.load(Acquire);
        let step = Step::from_number((packed >> 48) as u8)?;
        (packed != 0).then_some(Failure {
            step,
            item: (packed >> 32) as u16,
            errno: packed as u32 as Errno,
        })
    }

    /// Whether nobody runs on isolab's memory any more.
    pub fn is_released(&self) -> bool {
        [&self.program_word, &self.pid1_word, &self.leaver_word]
            .into_iter()
            .all(|process| process.load(Acquire) == word::RELEASED)
    }

    /// Notes that every process of the container has been reaped. The kernel has cleared the words of those there were.
    pub fn release(&self) {
        for process in [&self.program_word, &self.pid1_word, &self.leaver_word] {
            process.store(word::RELEASED, Release);
        }
    }

    /// The last step on the way to the program that has ended.
    pub fn last_step(&self) -> Option<Step> {
        let logs = [&self.program, &self.pid1, &self.starter].into_iter();
        logs.filter_map(|log| log.entries().last().map(|entry| entry.0)).next()
    }

    /// Opens a gate.
    pub fn open_gate(&self, bit: u32) {
        self.gates.fetch_or(bit, AcqRel);
        sys::futex_wake(&self.gates);
    }
}

/// The most steps one log holds: every step, and one that is made twice.
const CAPACITY: usize = Step::COUNT + 1;

/// Steps that followed one another. One process or thread writes it.
#[repr(C)]
pub struct Log {
    began_ns: AtomicU64,
    length: AtomicU32,
    steps: [AtomicU32; CAPACITY],
    begins_ns: [AtomicU64; CAPACITY],
    ends_ns: [AtomicU64; CAPACITY],
}

/// A step that has ended, its beginning and end in ns of CLOCK_MONOTONIC.
pub type Entry = (Step, u64, u64);

impl Log {
    fn new(began_ns: u64) -> Self {
        Log {
            began_ns: AtomicU64::new(began_ns),
            length: AtomicU32::new(0),
            steps: [const { AtomicU32::new(0) }; CAPACITY],
            begins_ns: [const { AtomicU64::new(0) }; CAPACITY],
            ends_ns: [const { AtomicU64::new(0) }; CAPACITY],
        }
    }

    /// Sets the beginning of the next step to now.
    pub fn begin(&self) {
        self.began_ns.store(sys::now_ns(), Relaxed);
    }

    /// Sets the beginning of the next step.
    #[allow(dead_code, reason = "for the runtime executable")]
    pub fn begin_at(&self, began_ns: u64) {
        self.began_ns.store(began_ns, Relaxed);
    }

    /// Sets the beginning of the next step to where another log has got.
    pub fn begin_after(&self, other: &Log) {
        self.began_ns.store(other.began_ns.load(Relaxed), Relaxed);
    }

    /// Notes that `step` has just ended, and the next begins.
    pub fn end(&self, step: Step) {
        let index = self.length.load(Relaxed) as usize;
        let slots = (
            self.steps.get(index),
            self.begins_ns.get(index),
            self.ends_ns.get(index),
        );
        if let (Some(slot), Some(begin), Some(end)) = slots {
            let now = sys::now_ns();
            slot.store(step as u32, Relaxed);
            begin.store(self.began_ns.swap(now, Relaxed), Relaxed);
            end.store(now, Relaxed);
            self.length.store(index as u32 + 1, Release);
        }
    }

    /// The steps so far.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let length = self.length.load(Acquire) as usize;
        let times = self.begins_ns.iter().zip(&self.ends_ns);
        let slots = self.steps.iter().zip(times).take(length);
        slots.filter_map(|(step, (begin, end))| {
            let step = Step::from_number(step.load(Relaxed) as u8)?;
            Some((step, begin.load(Relaxed), end.load(Relaxed)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_the_one_reported() {
        let report = Report::new(0);
        assert_eq!(report.failure(), None);
        let first = Failure {
            step: Step::Overlay,
            item: 7,
            errno: libc::EINVAL,
        };
        report.fail(first);
        report.fail(Failure {
            step: Step::Exec,
            item: 0,
            errno: libc::ENOENT,
        });
        assert_eq!(report.failure(), Some(first));
    }

    #[test]
    fn a_log_has_room_for_every_step() {
        let log = Log::new(0);
        for number in 0..Step::COUNT {
            log.end(Step::from_number(number as u8).unwrap());
        }
        assert_eq!(log.entries().count(), Step::COUNT);
    }

    #[test]
    fn steps_of_a_log_follow_one_another_without_a_gap() {
        let log = Log::new(1);
        for step in [Step::Plan, Step::Clone, Step::Network] {
            log.end(step);
        }
        let entries: Vec<Entry> = log.entries().collect();
        assert_eq!(
            entries.iter().map(|entry| entry.0).collect::<Vec<_>>(),
            [Step::Plan, Step::Clone, Step::Network]
        );
        assert_eq!(entries[0].1, 1);
        assert!(entries.windows(2).all(|pair| pair[0].2 == pair[1].1));
    }
}
