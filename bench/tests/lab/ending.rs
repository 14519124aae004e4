//! How isolab ends before its time: signals, and readers that go away. Nothing is left behind.

use crate::support::{
    Need, Place, Running, Said, descendants, expect, expect_holds, expect_status, full_pipe, is_alive, say, test, until,
};
use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reports::model::Results;
use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

/// A workload that takes longer than any test.
const LONG: [&str; 4] = ["--workload", "hello", "--", "600000"];

pub fn tests() -> Vec<Trial> {
    let containers = &[Need::Containers];
    let kvm = &[Need::Kvm];
    vec![
        test("sigint_ends_a_process_and_the_lab_with_130", &[], || {
            signal("process", Signal::SIGINT, 130)
        }),
        test("sigint_ends_a_container_and_the_lab_with_130", containers, || {
            signal("container", Signal::SIGINT, 130)
        }),
        test("sigint_ends_a_micro_vm_and_the_lab_with_130", kvm, || {
            signal("microvm", Signal::SIGINT, 130)
        }),
        test("sigterm_ends_the_lab_with_143", &[], || {
            signal("process", Signal::SIGTERM, 143)
        }),
        test("a_process_dies_with_an_isolab_that_is_killed", &[], || {
            killed("process")
        }),
        test("a_container_dies_with_an_isolab_that_is_killed", containers, || {
            killed("container")
        }),
        test("a_micro_vm_dies_with_an_isolab_that_is_killed", kvm, || {
            killed("microvm")
        }),
        test("sigint_ends_a_pause_between_starts", &[], pause),
        test("sigint_keeps_the_finished_runs_of_a_comparison", &[], || {
            kept(Signal::SIGINT, 130)
        }),
        test("sigterm_keeps_the_finished_runs_of_a_comparison", &[], || {
            kept(Signal::SIGTERM, 143)
        }),
        test("a_second_sigint_ends_isolab_at_once", &[], twice),
        test("results_are_written_to_a_device_and_not_in_its_place", &[], device),
        test("a_reader_that_goes_away_is_not_an_error", &[], broken_pipe),
        test("what_a_process_leaves_running_is_ended", &[], left_running),
    ]
}

/// An isolab in the middle of a run on `target`, and the processes of that run.
fn started(place: &Place, target: &str) -> Result<(Running, Vec<u32>), Failed> {
    let args = [&["compare", "--on", target], LONG.as_slice()].concat();
    let lab = Running::start(&mut place.isolab(&args))?;
    let name = if target == "microvm" { "isolab" } else { "hello" };
    let processes = until("an instance", || {
        let processes = descendants(lab.id());
        let runs = |pid: &u32| {
            std::fs::read_to_string(format!("/proc/{pid}/comm"))
                .is_ok_and(|comm| comm.trim() == name || comm.trim() == "exe")
        };
        processes.iter().any(runs).then_some(processes)
    })?;
    Ok((lab, processes))
}

fn all_gone(processes: &[u32]) -> Result<(), Failed> {
    until("every process of the instance to be gone", || {
        processes.iter().all(|pid| !is_alive(*pid)).then_some(())
    })
}

fn send(lab: &Child, signal: Signal) -> Result<(), Failed> {
    Ok(kill(Pid::from_raw(i32::try_from(lab.id())?), signal)?)
}

fn signal(target: &str, signal: Signal, status: i32) -> Result<(), Failed> {
    let place = Place::new();
    let (lab, processes) = started(&place, target)?;
    send(&lab, signal)?;
    let said = Said::from(&lab.wait_with_output()?);
    expect_status(&said, status)?;
    expect(processes.iter().all(|pid| !is_alive(*pid)), || {
        format!("{processes:?} still there")
    })?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn killed(target: &str) -> Result<(), Failed> {
    let place = Place::new();
    let (mut lab, processes) = started(&place, target)?;
    send(&lab, Signal::SIGKILL)?;
    lab.wait()?;
    all_gone(&processes)?;
    // The files of a killed isolab are removed by the next one.
    expect_status(&say(place.isolab(&["run", "--on", "process", "hello"]))?, 0)?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn pause() -> Result<(), Failed> {
    let place = Place::new();
    let lab = Running::start(&mut place.isolab(&["compare", "--on", "process", "--idle-gap", "600000"]))?;
    let layers = place.path().join("cache/isolab/layers");
    until("isolab's files", || std::fs::read_dir(&layers).ok()?.next().map(drop))?;
    send(&lab, Signal::SIGINT)?;
    expect_status(&Said::from(&lab.wait_with_output()?), 130)?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

/// A comparison of some thousand runs, when the first few are done.
fn under_way(place: &Place, json: &str) -> Result<Running, Failed> {
    let args = [
        "compare", "--on", "process", "--runs", "5000", "--warmup", "0", "--json", json,
    ];
    let lab = Running::start(&mut place.isolab(&args))?;
    // Before the first run, the host's primitives are timed in some thirty processes.
    let mut seen = BTreeSet::new();
    until("runs", || {
        seen.extend(descendants(lab.id()));
        (seen.len() > 60).then_some(())
    })?;
    Ok(lab)
}

fn kept(signal: Signal, status: i32) -> Result<(), Failed> {
    for json in ["results.json", "-"] {
        let place = Place::new();
        let lab = under_way(&place, json)?;
        send(&lab, signal)?;
        let said = Said::from(&lab.wait_with_output()?);
        expect_status(&said, status)?;
        expect_holds(&said.stderr, "ended before all runs were done")?;
        let text = match json {
            "-" => said.stdout,
            file => std::fs::read_to_string(place.path().join(file))?,
        };
        let results = Results::from_json(&text)?;
        expect((5..5000).contains(&results.samples.len()), || {
            format!("{} samples", results.samples.len())
        })?;
        expect(
            results.summary[0].metric("ready_ms").map(|ready| ready.n as usize) == Some(results.samples.len()),
            || format!("{:?}", results.summary),
        )?;
        expect(
            results.warnings.iter().any(|warning| warning.id == "incomplete"),
            || format!("{:?}", results.warnings),
        )?;
        expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))?;
    }
    Ok(())
}

fn twice() -> Result<(), Failed> {
    let place = Place::new();
    // It cannot say where its results are: the first signal is noted, and changes nothing.
    let (_reader, writer) = full_pipe()?;
    let mut command = place.isolab(&["compare", "--on", "process", "--runs", "3", "--json", "results.json"]);
    let mut lab = Running::start(command.stdout(Stdio::null()).stderr(writer))?;
    let results = place.path().join("results.json");
    until("the results", || results.exists().then_some(()))?;
    send(&lab, Signal::SIGINT)?;
    until("the first signal to be noted", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", lab.id())).unwrap_or_default();
        let pending = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.is_some_and(|mask| mask.trim().chars().any(|digit| digit != '0'))
        };
        (!pending("ShdPnd:") && !pending("SigPnd:")).then_some(())
    })?;
    expect(is_alive(lab.id()), || "the first signal ended it".into())?;
    send(&lab, Signal::SIGINT)?;
    let ended = lab.wait()?;
    expect(ended.signal() == Some(Signal::SIGINT as i32), || format!("{ended}"))
}

fn device() -> Result<(), Failed> {
    let place = Place::new();
    let full = say(place.isolab(&["compare", "--on", "process", "--runs", "2", "--json", "/dev/full"]))?;
    expect_status(&full, 2)?;
    expect_holds(&full.stderr, "cannot write /dev/full: No space left on device")?;
    let null = say(place.isolab(&["compare", "--on", "process", "--runs", "2", "--json", "/dev/null"]))?;
    expect_status(&null, 0)?;
    for path in ["/dev/full", "/dev/null"] {
        let kind = std::fs::metadata(path)?.file_type();
        expect(kind.is_char_device(), || format!("{path} is {kind:?}"))?;
    }
    Ok(())
}

fn broken_pipe() -> Result<(), Failed> {
    let place = Place::new();
    for args in [
        ["compare", "--on", "process", "--json", "-"].as_slice(),
        &["doctor"],
        &["--help"],
    ] {
        let mut lab = Running::start(place.isolab(args).stdout(Stdio::piped()))?;
        drop(lab.stdout.take());
        let mut stderr = String::new();
        lab.stderr.take().ok_or("no stderr")?.read_to_string(&mut stderr)?;
        let status = lab.wait()?;
        expect(status.code() == Some(0) && !stderr.contains("panicked"), || {
            format!("{args:?}: {status}: {stderr}")
        })?;
    }
    Ok(())
}

/// A program that starts another, which goes on when the first has ended: fork(2); the parent exits, the child pauses.
const LEAVES_A_CHILD: &[u8] = &[
    0xb8, 57, 0, 0, 0, // mov eax, 57 (fork)
    0x0f, 0x05, // syscall
    0x85, 0xc0, // test eax, eax
    0x74, 9, // jz child
    0xb8, 60, 0, 0, 0, // mov eax, 60 (exit)
    0x31, 0xff, // xor edi, edi
    0x0f, 0x05, // syscall
    0xb8, 34, 0, 0, 0, // child: mov eax, 34 (pause)
    0x0f, 0x05, // syscall
];

fn left_running() -> Result<(), Failed> {
    let place = Place::new();
    crate::programs::file(place.path(), "leaves-a-child", &crate::programs::elf(LEAVES_A_CHILD));
    let said = say(place.isolab(&[
        "compare",
        "--on",
        "process",
        "--runs",
        "1",
        "--warmup",
        "0",
        "--",
        "./leaves-a-child",
    ]))?;
    expect_status(&said, 3)?;
    let running = || -> Result<bool, Failed> {
        let processes = std::fs::read_dir("/proc")?.flatten();
        let names = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("comm")).ok());
        Ok(names.into_iter().any(|name| name.trim() == "leaves-a-child"))
    };
    until("the child to be gone", || {
        running().is_ok_and(|running| !running).then_some(())
    })
}
