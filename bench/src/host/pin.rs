//! Pins isolab and what it starts to CPUs (sched_setaffinity(2), which children inherit): with one CPU all of it, with several
//! isolab to the first and the instances to the others, so that neither takes time from the other.

use super::cpu_list;
use super::system_files::SystemFiles;
use crate::error::Error;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use reports::model::Message;

/// CPUs that were asked for, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuList(pub Vec<u32>);

/// Reads a list from the command line.
pub fn list(text: &str) -> Result<CpuList, Error> {
    cpu_list::parse(text).map(CpuList)
}

/// CPUs to pin to, all of which this process may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinning {
    cpus: Vec<u32>,
}

impl Pinning {
    /// The CPUs asked for, where all of them may be used.
    pub fn new(asked: &CpuList) -> Result<Self, Error> {
        let allowed = allowed().map_err(|errno| Error::from_cause(Message::new("cannot-read-allowed-cpus"), errno))?;
        Self::among(asked, &allowed)
    }

    fn among(asked: &CpuList, allowed: &[u32]) -> Result<Self, Error> {
        let other: Vec<u32> = asked.0.iter().copied().filter(|cpu| !allowed.contains(cpu)).collect();
        if other.is_empty() {
            return Ok(Pinning { cpus: asked.0.clone() });
        }
        let (other, allowed) = (cpu_list::format(&other), cpu_list::format(allowed));
        Err(Error::new(
            Message::new("cannot-pin-to-others")
                .with("cpus", other)
                .with("allowed", allowed.as_str()),
        )
        .remedy(Message::new("do-pin-allowed").with("allowed", allowed)))
    }

    /// All of them; none where nothing is pinned.
    pub fn cpus(&self) -> &[u32] {
        &self.cpus
    }

    /// Those of the instances, where they are others than isolab's own.
    pub fn of_instances(&self) -> Option<&[u32]> {
        match self.cpus.as_slice() {
            [_, others @ ..] if !others.is_empty() => Some(others),
            _ => None,
        }
    }

    /// Pins the calling thread to isolab's CPU.
    pub fn apply(&self) -> Result<(), Error> {
        let own = self.cpus.first().map(std::slice::from_ref);
        own.map_or(Ok(()), pin)
    }

    /// What to know of these CPUs before trusting the figures.
    pub fn hints(&self, files: &SystemFiles) -> Vec<String> {
        let Some((own, instances)) = self.cpus.split_first() else {
            return Vec::new();
        };
        let mut hints = Vec::new();
        let listed = |path: &str| {
            files
                .text(path)
                .and_then(|text| cpu_list::parse(&text).ok())
                .unwrap_or_default()
        };
        let siblings = listed(&format!(
            "/sys/devices/system/cpu/cpu{own}/topology/thread_siblings_list"
        ));
        let shared: Vec<u32> = instances.iter().copied().filter(|cpu| siblings.contains(cpu)).collect();
        if !shared.is_empty() {
            hints.push(format!(
                "CPU {} shares a core with isolab's own CPU {own} (SMT), and each slows the other down; see lscpu -e for CPUs of \
                 other cores",
                cpu_list::format(&shared)
            ));
        }
        let isolated = listed("/sys/devices/system/cpu/isolated");
        let on_isolated: Vec<u32> = instances.iter().copied().filter(|cpu| isolated.contains(cpu)).collect();
        if on_isolated.len() > 1 {
            hints.push(format!(
                "CPUs {} are isolated (isolcpus): the kernel does not spread threads over them, and all stay where they start",
                cpu_list::format(&on_isolated)
            ));
        } else if !isolated.is_empty() && on_isolated.is_empty() && !isolated.contains(own) {
            hints.push(format!(
                "this host has isolated CPUs, which nothing else disturbs: --pin {own},{}",
                cpu_list::format(&isolated)
            ));
        }
        hints
    }
}

/// Keeps the calling thread on other CPUs, until it is dropped: what is started meanwhile stays there.
#[derive(Debug)]
pub struct Moved {
    back_to: CpuSet,
}

impl Moved {
    /// Moves to these CPUs.
    pub fn to(cpus: &[u32]) -> Result<Self, Error> {
        let back_to = sched_getaffinity(Pid::from_raw(0))
            .map_err(|errno| Error::from_cause(Message::new("cannot-read-allowed-cpus"), errno))?;
        pin(cpus)?;
        Ok(Moved { back_to })
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        // It came from there. Should the CPU be gone (hotplug), the thread stays where it is.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.back_to);
    }
}

/// The CPUs that the calling thread may use.
pub fn allowed() -> nix::Result<Vec<u32>> {
    let set = sched_getaffinity(Pid::from_raw(0))?;
    let is_set = |cpu: &u32| set.is_set(*cpu as usize).unwrap_or(false);
    Ok((0..CpuSet::count() as u32).filter(is_set).collect())
}

fn pin(cpus: &[u32]) -> Result<(), Error> {
    let pinned = || {
        let mut set = CpuSet::new();
        cpus.iter().try_for_each(|cpu| set.set(*cpu as usize))?;
        sched_setaffinity(Pid::from_raw(0), &set)
    };
    pinned().map_err(|errno| {
        let cpus = cpu_list::format(cpus);
        Error::from_cause(Message::new("cannot-pin").with("cpus", cpus), errno).remedy(Message::new("do-show-allowed"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::system_files::Fixture;
    use super::*;

    fn pinning(cpus: &[u32]) -> Pinning {
        Pinning::among(&CpuList(cpus.to_vec()), &[0, 1, 2, 3]).unwrap()
    }

    #[test]
    fn one_cpu_is_shared_and_of_several_the_first_is_isolabs_own() {
        assert_eq!(pinning(&[2]).of_instances(), None);
        assert_eq!(pinning(&[2, 3, 0]).of_instances(), Some(&[3, 0][..]));
        assert_eq!(Pinning::default().of_instances(), None);
    }

    #[test]
    fn cpus_that_may_not_be_used_are_named_with_those_that_may() {
        let error = Pinning::among(&CpuList(vec![1, 4, 5]), &[0, 1, 2, 3]).unwrap_err();
        assert!(
            error.to_string().contains("CPU 4-5") && error.to_string().contains("CPU 0-3"),
            "{error}"
        );
    }

    #[test]
    fn siblings_and_isolated_cpus_are_worth_a_hint() {
        let siblings = "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list";
        let isolated = "/sys/devices/system/cpu/isolated";
        let hints = |cpus: &[u32], files: &[(&str, &str)]| pinning(cpus).hints(&Fixture::new(files).files);
        assert!(hints(&[0, 2], &[(siblings, "0,2\n")])[0].contains("shares a core"));
        assert!(hints(&[0, 2, 3], &[(isolated, "2-3\n")])[0].contains("does not spread"));
        assert!(hints(&[0, 1], &[(isolated, "2-3\n")])[0].contains("--pin 0,2-3"));
        assert_eq!(hints(&[0, 1], &[(siblings, "0\n"), (isolated, "")]), [""; 0]);
        assert_eq!(hints(&[0, 2], &[(siblings, "0\n"), (isolated, "2\n")]), [""; 0]);
    }

    #[test]
    fn a_thread_that_moved_comes_back() {
        let before = allowed().unwrap();
        let last = *before.last().unwrap();
        let moved = Moved::to(&[last]).unwrap();
        assert_eq!(allowed().unwrap(), [last]);
        drop(moved);
        assert_eq!(allowed().unwrap(), before);
    }
}
