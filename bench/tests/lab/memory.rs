//! What one more instance takes of the host's memory.
//!
//! Other tests run at the same time and change the host's memory: a look that says so is taken again, and no bound is
//! wider for it.

use crate::programs::{self, EXIT, PAUSE, WRITE_AND_EXIT, elf, touching, touching_and_reading, with_busy_thread};
use crate::support::{
    Need, Place, Running, descendants, expect, expect_holds, expect_status, is_alive, say, test, until,
};
use bench::error::Error;
use bench::measure::memory::hold::{self, Held, Stage};
use bench::measure::memory::{look, of_instance, series::Budget};
use bench::plan::Machine;
use bench::targets::Backend;
use bench::targets::microvm::Tell;
use bench::targets::registry::{Purpose, TargetKind};
use bench::targets::spawn::Group;
use bench::workloads::Workload;
use bench::workloads::image::Image;
use libtest_mimic::{Failed, Trial};
use reports::model::Instance;
use std::time::Duration;

const ALL: &[Need] = &[Need::Kvm, Need::Containers];
const TARGETS: [&str; 3] = ["process", "container", "microvm"];
const MIB: u64 = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a look is taken on a host that other tests keep busy.
const LOOKS: u32 = 20;

pub fn tests() -> Vec<Trial> {
    vec![
        test("touched_memory_is_in_the_figure_of_every_target", ALL, touched),
        test("a_file_that_is_only_read_is_shared_and_in_no_figure", ALL, only_read),
        test(
            "a_process_takes_less_than_a_container_and_that_less_than_a_micro_vm",
            ALL,
            in_order,
        ),
        test(
            "a_program_that_ends_at_its_first_byte_has_its_memory_every_time",
            ALL,
            short_lived,
        ),
        test(
            "all_threads_of_a_held_program_stand_still",
            &[Need::Containers],
            threads,
        ),
        test("a_program_that_writes_nothing_is_an_error_that_says_so", ALL, silent),
        test("held_instances_die_with_an_isolab_that_is_killed", ALL, killed),
        test(
            "an_ordinary_user_holds_instances_too",
            &[Need::Root, Need::Tool("setpriv")],
            ordinary_user,
        ),
    ]
}

fn backend(target: &str) -> Result<Box<dyn Backend>, Error> {
    let purpose = Purpose {
        machine: &Machine {
            memory_bytes: 512 * MIB,
            ..Machine::default()
        },
        group: Group::Own,
        timeout: None,
        tell: Tell::default(),
        container: None,
    };
    let backend = TargetKind::find(target)?.backend(&purpose);
    backend.ok_or_else(|| Error::new(format!("{target} runs no program")))
}

/// An image of a program with this code, followed by so many pages.
fn image(code: &[u8], pages: u32) -> Result<Image, Failed> {
    let place = Place::new();
    let mut code = code.to_vec();
    code.resize(code.len() + pages as usize * 4096, 1);
    let path = programs::file(place.path(), "program", &elf(&code));
    Ok(Image::build(&Workload::program(&path, Vec::new())?, 0)?)
}

/// What one more takes.
#[derive(Debug)]
struct OneMore(Instance);

impl OneMore {
    fn bytes(&self, part: &str) -> u64 {
        let id = match part {
            "" => "memory_bytes".to_owned(),
            part => format!("memory_{part}_bytes"),
        };
        self.0.metrics.get(&id).unwrap_or(0.0) as u64
    }

    fn standard_error_bytes(&self) -> f64 {
        let interval = self.0.intervals.get("memory_bytes").copied().unwrap_or_default();
        (interval.high - interval.low) / 2.0 / 1.96
    }
}

/// What one more takes, with a standard error of at most so much, as soon as the host is quiet enough.
fn one_more(target: &str, image: &Image, error_bytes: u64) -> Result<OneMore, Failed> {
    let backend = backend(target)?;
    let mut found = None;
    for _ in 0..LOOKS {
        let one_more = OneMore(look(backend.as_ref(), image, TIMEOUT, Budget::default())?);
        if one_more.bytes("") > 0 && one_more.standard_error_bytes() <= error_bytes as f64 {
            return Ok(one_more);
        }
        found = Some(one_more);
    }
    Err(format!("{target}: no figure in {LOOKS} looks, last {found:?}").into())
}

/// The figures are compared with that of a program that touches 8 MiB, too: beside that, other tests are little.
fn touched() -> Result<(), Failed> {
    const BASE_MIB: u32 = 8;
    let figure = |target, mebibytes: u32, error_bytes| {
        let image = image(&touching((BASE_MIB + mebibytes) * 256), 0)?;
        one_more(target, &image, error_bytes)
    };
    for target in TARGETS {
        let base = figure(target, 0, 64 << 10)?;
        for mebibytes in [8, 64, 256] {
            let touched = f64::from(mebibytes) * MIB as f64;
            let found = figure(target, mebibytes, (touched / 128.0) as u64)?;
            let own = |of: &OneMore| (of.bytes("program") + of.bytes("guest_ram")) as f64;
            for (what, rise) in [
                ("host", found.bytes("") as f64 - base.bytes("") as f64),
                ("program", own(&found) - own(&base)),
            ] {
                expect((rise / touched - 1.0).abs() < 0.02, || {
                    format!("{target}, {mebibytes} MiB more, {what}: {base:?}, then {found:?}")
                })?;
            }
        }
    }
    Ok(())
}

/// Programs that touch this much are measured with a small error while other tests run.
const SOME_PAGES: u32 = 512;

fn only_read() -> Result<(), Failed> {
    const PAGES: u32 = 64 * 256;
    let reads = image(&touching_and_reading(SOME_PAGES, PAGES), PAGES)?;
    for target in TARGETS {
        let found = one_more(target, &reads, 512 << 10)?;
        let figures = || format!("{target}: {found:?}");
        expect(found.bytes("shared_file") >= 64 * MIB, figures)?;
        // What is touched, a runtime or a monitor, and what the kernel keeps.
        expect(found.bytes("") < 8 * MIB, figures)?;
    }
    Ok(())
}

fn in_order() -> Result<(), Failed> {
    let image = image(&touching(SOME_PAGES), 0)?;
    let found = TARGETS
        .into_iter()
        .map(|target| one_more(target, &image, 32 << 10))
        .collect::<Result<Vec<_>, _>>()?;
    let [process, container, microvm] = &found[..] else {
        return Err("three targets, three figures".into());
    };
    let figures = || format!("{found:?}");
    expect(
        process.bytes("") < container.bytes("") && container.bytes("") < microvm.bytes(""),
        figures,
    )?;
    // Its network namespace alone is 100 KiB and more.
    expect(
        container.bytes("kernel") > process.bytes("kernel") + 100 * 1024,
        figures,
    )?;
    expect(process.bytes("runtime") == 0 && container.bytes("runtime") > 0, figures)?;
    expect(microvm.bytes("guest_ram") > 0 && microvm.bytes("monitor") > 0, figures)?;
    for one_more in &found {
        let own: u64 = ["program", "runtime", "monitor", "guest_ram"]
            .map(|part| one_more.bytes(part))
            .iter()
            .sum();
        // Both are rounded down.
        expect(
            one_more.bytes("").abs_diff(own + one_more.bytes("kernel")) <= 1,
            figures,
        )?;
        expect(
            one_more.standard_error_bytes() <= 0.03 * one_more.bytes("") as f64,
            figures,
        )?;
    }
    Ok(())
}

fn short_lived() -> Result<(), Failed> {
    const TOUCHED: u32 = 64;
    let image = image(&touching(TOUCHED), 0)?;
    for target in TARGETS {
        let (backend, stage) = (backend(target)?, Stage::new()?);
        for time in 0..100 {
            let held = stage.hold(backend.as_ref(), &image, TIMEOUT)?;
            let memory = of_instance(held.instance());
            expect(
                memory.metrics.get("uss_bytes") > Some(f64::from(TOUCHED) * 4096.0),
                || format!("{target}, time {time}: {memory:?}"),
            )?;
            hold::end(vec![held])?;
        }
    }
    Ok(())
}

/// The states of all threads of the instance's program (proc_pid_stat(5)).
fn states(held: &Held) -> Vec<char> {
    let all = held.instance().processes().into_iter();
    let programs = all.filter(|(_, role)| *role == bench::targets::Role::Program);
    let tasks = programs.flat_map(|(pid, _)| std::fs::read_dir(format!("/proc/{pid}/task")));
    let stats = tasks
        .flatten()
        .flatten()
        .flat_map(|task| std::fs::read_to_string(task.path().join("stat")));
    stats
        .filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next())
        .collect()
}

fn threads() -> Result<(), Failed> {
    let image = image(&with_busy_thread(&WRITE_AND_EXIT), 0)?;
    for target in ["process", "container"] {
        let held = Stage::new()?.hold(backend(target)?.as_ref(), &image, TIMEOUT)?;
        let stopped = until("two threads that are stopped", || {
            Some(states(&held)).filter(|states| states[..] == ['T', 'T'])
        });
        stopped.map_err(|_| format!("{target}: {:?}", states(&held)))?;
    }
    Ok(())
}

fn silent() -> Result<(), Failed> {
    const SHORT: Duration = Duration::from_millis(300);
    let (waits, ends) = (image(PAUSE, 0)?, image(EXIT, 0)?);
    for target in TARGETS {
        let (backend, stage) = (backend(target)?, Stage::new()?);
        let why = |image, timeout| match stage.hold(backend.as_ref(), image, timeout) {
            Ok(_) => "it was held".to_owned(),
            Err(error) => error.to_string(),
        };
        expect_holds(&why(&waits, SHORT), "it wrote nothing to stdout within 0.3 s")?;
        expect_holds(&why(&ends, TIMEOUT), "it ended without writing anything to stdout")?;
    }
    Ok(())
}

/// Processes that are stopped.
fn stopped(pid: &u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

fn killed() -> Result<(), Failed> {
    for target in TARGETS {
        let place = Place::new();
        let args = [
            "compare", "--on", target, "--runs", "1", "--warmup", "0", "hold", "--", "16",
        ];
        let mut isolab = Running::start(&mut place.isolab(&args))?;
        let processes = until("an instance that is held", || {
            let processes = descendants(isolab.id());
            processes.iter().any(stopped).then_some(processes)
        })?;
        isolab.kill()?;
        isolab.wait()?;
        until("every process of the held instances to be gone", || {
            processes.iter().all(|pid| !is_alive(*pid)).then_some(())
        })?;
    }
    Ok(())
}

fn ordinary_user() -> Result<(), Failed> {
    let place = Place::new();
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let script = "$ISOLAB compare --on process,container --runs 1 --warmup 0 --json - hello";
    let said = say(place.script(&user, script))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    expect(!results.samples.is_empty(), || format!("{results:?}"))?;
    for summary in &results.summary {
        let uss = summary.metric("uss_bytes").map(|uss| uss.value);
        expect(uss > Some(0.0), || format!("{summary:?}; {}", said.stderr))?;
    }
    Ok(())
}
