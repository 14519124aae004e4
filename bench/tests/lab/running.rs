//! `isolab run`: one workload on this terminal, and its status.

use crate::programs;
use crate::support::{
    Need, Place, Running, descendants, expect, expect_holds, expect_status, is_alive, isolab, say, test, until,
};
use libtest_mimic::{Failed, Trial};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

pub fn tests() -> Vec<Trial> {
    let containers = &[Need::Containers];
    let kvm = &[Need::Kvm];
    vec![
        test("a_process_gives_its_output_and_its_status", &[], || {
            output_and_status("process")
        }),
        test("a_container_gives_its_output_and_its_status", containers, || {
            output_and_status("container")
        }),
        test(
            "containers_without_an_init_in_a_pod_and_bound_give_their_output_and_their_status",
            &[Need::Root, Need::Containers],
            || {
                ["container-no-init", "container-pod", "container-bound"]
                    .into_iter()
                    .try_for_each(output_and_status)
            },
        ),
        test("a_micro_vm_gives_its_output_and_its_status", kvm, || {
            output_and_status("microvm")
        }),
        test("a_process_that_a_signal_ends_gives_128_and_its_number", &[], || {
            signal("process")
        }),
        test(
            "a_container_that_a_signal_ends_gives_128_and_its_number",
            containers,
            || signal("container"),
        ),
        test(
            "a_micro_vm_whose_program_faults_gives_128_and_the_signals_number",
            kvm,
            || signal("microvm"),
        ),
        test("a_process_past_its_timeout_is_ended_with_124", &[], || {
            timeout("process")
        }),
        test("a_container_past_its_timeout_is_ended_with_124", containers, || {
            timeout("container")
        }),
        test("a_micro_vm_past_its_timeout_is_ended_with_124", kvm, || {
            timeout("microvm")
        }),
        test(
            "a_jailed_micro_vm_gives_its_output_and_its_status",
            &[Need::Kvm, Need::Containers],
            || output_and_status_of(&["--on", "microvm", "--jail"]),
        ),
        test(
            "a_jailed_monitor_sees_its_machines_files_and_nothing_else_and_dies_with_its_isolab",
            &[Need::Kvm, Need::Containers, Need::Root],
            jailed,
        ),
        test("a_process_reads_isolabs_stdin_to_its_end", &[], || stdin("process")),
        test("a_container_reads_isolabs_stdin_to_its_end", containers, || {
            stdin("container")
        }),
        test("a_micro_vm_reads_isolabs_stdin_to_its_end", kvm, || stdin("microvm")),
        test("volumes_are_refused_where_there_are_none", &[], volume_refused),
        test("options_of_one_target_are_refused_on_another", &[], options_refused),
        test("a_container_explains_its_start_step_by_step", containers, explained),
        test("a_micro_vm_explains_its_start_step_by_step", kvm, machine_explained),
        test("a_guest_kernels_log_is_shown_where_it_is_asked_for", kvm, kernel_log),
        test(
            "a_container_past_its_memory_limit_is_told_so",
            &[Need::Root, Need::Containers],
            out_of_memory,
        ),
    ]
}

fn options_refused() -> Result<(), Failed> {
    for (target, option, value) in [
        ("process", "--pids", "3"),
        ("process", "--memory", "1M"),
        ("microvm", "--cap-add", "NET_ADMIN"),
        ("microvm", "--cpus", "0.5"),
        ("container", "--kernel", "/vmlinux"),
    ] {
        let said = isolab(&["run", "--on", target, option, value, "hello"])?;
        expect_status(&said, 125)?;
        expect_holds(&said.stderr, option)?;
    }
    let said = isolab(&["run", "--on", "container", "--tty", "hello"])?;
    expect_status(&said, 125)?;
    expect_holds(&said.stderr, "-t needs a terminal on stdin")
}

fn explained() -> Result<(), Failed> {
    let said = isolab(&["run", "--on", "container", "--explain", "hello"])?;
    expect_status(&said, 0)?;
    expect(said.stdout == "{\"workload\":\"hello\"}\n", || said.stdout.clone())?;
    for step in [
        "clone3(",
        "pivot_root",
        "unshare(CLONE_NEWNET)",
        "PR_SET_NO_NEW_PRIVS",
        "SECCOMP_SET_MODE_FILTER",
        "execve",
    ] {
        expect_holds(&said.stderr, step)?;
    }
    Ok(())
}

fn machine_explained() -> Result<(), Failed> {
    // These ask for the time.
    let said = isolab(&["run", "--on", "microvm", "--explain", "clock", "--", "1"])?;
    expect_status(&said, 0)?;
    let said = isolab(&["run", "--on", "microvm", "--explain", "syscall", "--", "10"])?;
    expect_status(&said, 0)?;
    expect_holds(&said.stderr, "getppid")?;
    let said = isolab(&["run", "--on", "microvm", "--explain", "hello"])?;
    expect_status(&said, 0)?;
    for part in [
        "guest kernel: load the program",
        "ioctl(KVM_CREATE_VM)",
        "exit port",
        " CPUID instructions",
        "  write\n",
        "KVM's own count",
        "the kernel's command line: stdio=port counts rdinit=/hello",
    ] {
        expect_holds(&said.stderr, part)?;
    }
    Ok(())
}

/// The built-in kernel in a file is like any other's.
fn kernel_log() -> Result<(), Failed> {
    let place = Place::new();
    programs::file(place.path(), "open", &programs::elf(programs::UNKNOWN_CALL));
    let said = say(place.isolab(&["run", "--on", "microvm", "--kernel-log", "--", "./open"]))?;
    expect_holds(&said.stderr, "system call")?;
    // The boot's own lines, of a program that ends well, too.
    let said = isolab(&["run", "--on", "microvm", "--kernel-log", "hello"])?;
    expect_status(&said, 0)?;
    expect_holds(&said.stderr, "ms] load the program")
}

fn out_of_memory() -> Result<(), Failed> {
    let said = isolab(&["run", "--on", "container", "--memory", "16M", "hold", "--", "64"])?;
    expect_status(&said, 137)?;
    expect_holds(&said.stderr, "OOM kill")
}

fn output_and_status(target: &str) -> Result<(), Failed> {
    output_and_status_of(&["--on", target])
}

fn output_and_status_of(target: &[&str]) -> Result<(), Failed> {
    let run = |words: &[&str]| isolab(&[&["run"], target, words].concat());
    let said = run(&["hello"])?;
    expect_status(&said, 0)?;
    expect(said.stdout == "{\"workload\":\"hello\"}\n", || said.stdout.clone())?;
    let failed = run(&["hello", "--", "never"])?;
    expect_status(&failed, 2)?;
    // A virtual machine has one console for both.
    expect_holds(
        &format!("{}{}", failed.stdout, failed.stderr),
        "\"never\" is not a number of milliseconds",
    )
}

fn jailed() -> Result<(), Failed> {
    let place = Place::new();
    let mut lab = Running::start(&mut place.isolab(&["run", "--on", "microvm", "--jail", "hello", "--", "600000"]))?;
    let lab_id = lab.id();
    let link = |pid: u32, name: &str| std::fs::read_link(format!("/proc/{pid}/{name}")).unwrap_or_default();
    // The monitor is the process whose executable is isolab's, in a root of its own.
    let (processes, monitor) = until("a jailed monitor", || {
        let processes = descendants(lab_id);
        let monitor = processes
            .iter()
            .copied()
            .find(|&pid| link(pid, "exe") == Path::new("/isolab"));
        monitor.map(|monitor| (processes, monitor))
    })?;
    let entries = std::fs::read_dir(format!("/proc/{monitor}/root"))?.flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    expect(
        names == ["dev", "files", "isolab", "order", "proc", "report", "sys"],
        || format!("{names:?}"),
    )?;
    for namespace in ["ns/net", "ns/pid", "ns/mnt", "ns/ipc", "ns/uts"] {
        expect(link(monitor, namespace) != link(lab_id, namespace), || {
            format!("isolab's {namespace}")
        })?;
    }
    lab.kill()?;
    lab.wait()?;
    until("every process of the machine to be gone", || {
        processes.iter().all(|pid| !is_alive(*pid)).then_some(())
    })
}

fn signal(target: &str) -> Result<(), Failed> {
    let place = Place::new();
    programs::file(place.path(), "illegal", &programs::elf(programs::ILLEGAL));
    let said = say(place.isolab(&["run", "--on", target, "--", "./illegal"]))?;
    expect_status(&said, 128 + nix::sys::signal::Signal::SIGILL as i32)?;
    expect_holds(&said.stderr, "the program was ended by SIGILL")?;
    // Where: told by the guest kernel; by the host's where this user may read its log.
    if target == "microvm" {
        expect_holds(&said.stderr, "at 0x400078")?;
    }
    Ok(())
}

fn timeout(target: &str) -> Result<(), Failed> {
    let said = isolab(&["run", "--on", target, "--timeout", "0.3", "hello", "--", "60000"])?;
    expect_status(&said, 124)?;
    expect_holds(&said.stderr, "--timeout")
}

fn stdin(target: &str) -> Result<(), Failed> {
    let place = Place::new();
    let mut lab = Running::start(place.isolab(&["run", "--on", target, "hold"]).stdin(Stdio::piped()))?;
    lab.stdin.take().ok_or("no stdin")?.write_all(b"something\n")?;
    let output = lab.wait_with_output()?;
    let said = crate::support::Said::from(&output);
    expect_status(&said, 0)?;
    expect(said.stdout == "{\"workload\":\"hold\"}\n", || said.stdout.clone())
}

fn volume_refused() -> Result<(), Failed> {
    let said = isolab(&["run", "--on", "process", "--volume", "/tmp:/data", "hello"])?;
    expect_status(&said, 125)?;
    expect_holds(&said.stderr, "--volume is for container")
}
