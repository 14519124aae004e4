//! What isolab refuses: wrong programs, wrong words, wrong files. Each says what it is and what to do.

use crate::programs;
use crate::support::{Need, Place, expect, expect_holds, expect_status, isolab, say, test};
use libtest_mimic::{Failed, Trial};
use std::path::Path;

const TARGETS: [&str; 3] = ["process", "container", "microvm"];

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "a_file_that_is_no_static_program_is_named_for_what_it_is_on_every_target",
            &[],
            wrong_programs,
        ),
        test(
            "a_program_that_may_not_be_read_is_named",
            &[Need::Root, Need::Tool("setpriv")],
            unreadable,
        ),
        test(
            "a_program_that_is_not_there_gives_127_and_one_that_cannot_be_executed_126",
            &[],
            run_statuses,
        ),
        test(
            "wrong_words_on_the_command_line_end_with_2_and_name_themselves",
            &[],
            wrong_words,
        ),
        test("a_file_that_is_no_results_file_is_named", &[], wrong_results),
        test(
            "a_guest_kernel_that_is_none_is_a_reason_in_the_targets_row",
            &[Need::Kvm],
            wrong_kernel,
        ),
        test("an_option_without_a_target_that_takes_it_is_refused", &[], no_taker),
    ]
}

/// Files that are no workload, with what isolab must say of each.
fn wrong_files(folder: &Path) -> Vec<(String, &'static str)> {
    let hello = bench::workloads::built_in("hello").map_or(&[][..], |hello| hello.bytes);
    let with = |name: &str, change: fn(&mut Vec<u8>)| {
        let mut bytes = hello.to_vec();
        change(&mut bytes);
        programs::file(folder, name, &bytes);
        format!("./{name}")
    };
    programs::file(folder, "script", b"#!/usr/bin/python3\nprint()\n");
    programs::file(folder, "empty", b"");
    programs::file(folder, "text", b"hello, world\n");
    vec![
        ("./script".into(), "it is a script for /usr/bin/python3"),
        ("./empty".into(), "it is empty"),
        ("./text".into(), "it is not an ELF file"),
        ("/bin/sh".into(), "it is dynamically linked"),
        (
            with("arm", |bytes| (bytes[4], bytes[18]) = (1, 40)),
            "it is a 32-bit ELF for ARM",
        ),
        (with("arm64", |bytes| bytes[18] = 183), "it is an ELF for ARM64"),
        (with("object", |bytes| bytes[16] = 1), "an object file"),
        (
            with("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
            "it is a truncated ELF",
        ),
        (".".into(), "it is a directory"),
        ("/dev/null".into(), "it is not a regular file"),
        ("./nothing".into(), "there is no such file"),
    ]
}

fn wrong_programs() -> Result<(), Failed> {
    let place = Place::new();
    for (path, expected) in wrong_files(place.path()) {
        for target in TARGETS {
            let said = say(place.isolab(&["compare", "--on", target, "--", &path]))?;
            expect_status(&said, 2)?;
            expect_holds(&said.stderr, expected)?;
            expect_holds(&said.stderr, "hint: ")?;
            expect(said.stdout.is_empty(), || said.stdout.clone())?;
        }
    }
    expect(place.left().is_empty(), || format!("{:?}", place.left()))
}

fn unreadable() -> Result<(), Failed> {
    let place = Place::new();
    let path = programs::file(
        place.path(),
        "secret",
        bench::workloads::built_in("hello").map_or(&[][..], |hello| hello.bytes),
    );
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    std::fs::copy(crate::support::binary(), place.path().join("isolab"))?;
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let said = say(place.script(&user, "./isolab compare --on process -- ./secret"))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "it cannot be read: Permission denied")?;
    expect_holds(&said.stderr, "chmod +r")
}

fn run_statuses() -> Result<(), Failed> {
    let place = Place::new();
    for target in TARGETS {
        expect_status(&say(place.isolab(&["run", "--on", target, "--", "./nothing"]))?, 127)?;
        expect_status(&say(place.isolab(&["run", "--on", target, "--", "/bin/sh"]))?, 126)?;
        expect_status(&say(place.isolab(&["run", "--on", target, "nonsense"]))?, 125)?;
    }
    Ok(())
}

fn wrong_words() -> Result<(), Failed> {
    let cases: [(&[&str], &str); 12] = [
        (&["nonsense"], "nonsense"),
        (&["compare", "--on", "vm"], "vm"),
        (&["compare", "--on", "process,process"], "process twice"),
        (&["compare", "--runs", "0"], "--runs"),
        (&["compare", "--runs", "-1"], "-1"),
        (&["compare", "--runs", "many"], "many"),
        (&["compare", "--idle-gap", "-5"], "-5"),
        (&["compare", "--idle-gap", "soon"], "soon"),
        (&["compare", "--timeout", "0"], "--timeout"),
        (&["compare", "--memory", "1X"], "1X"),
        (&["compare", "--workload", "nonsense"], "nonsense"),
        (&["run", "hello"], "--on"),
    ];
    for (args, expected) in cases {
        let said = isolab(args)?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, expected)?;
    }
    Ok(())
}

fn wrong_results() -> Result<(), Failed> {
    let place = Place::new();
    for (name, text) in [
        ("empty", ""),
        ("array", "[]"),
        ("half", "{\"schema\": \"isolab-results/1\""),
        ("text", "x"),
    ] {
        std::fs::write(place.path().join(name), text)?;
        let said = say(place.isolab(&["report", name]))?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, name)?;
    }
    let said = say(place.isolab(&["report", "nothing.json"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "cannot read nothing.json")
}

fn no_taker() -> Result<(), Failed> {
    for (args, part) in [
        (&["--on", "process", "--pids", "3"][..], "--pids is for container"),
        (
            &["--on", "microvm", "--kernel", "/vmlinux"],
            "--kernel is for microvm-linux",
        ),
        (&["--on", "microvm-linux"], "microvm-linux needs a kernel"),
    ] {
        let said = isolab(&[&["compare"], args].concat())?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, part)?;
    }
    Ok(())
}

fn wrong_kernel() -> Result<(), Failed> {
    let place = Place::new();
    programs::file(place.path(), "kernel", b"not a kernel");
    let args = [
        "compare",
        "--json",
        "-",
        "--runs",
        "1",
        "--on",
        "process,microvm-linux",
        "--kernel",
        "./kernel",
    ];
    let said = say(place.isolab(&args))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    expect(
        results.targets[1].unavailable.is_some() || results.summary.iter().any(|summary| summary.failed > 0),
        || format!("{:?} {:?}", results.targets, results.summary),
    )?;
    expect(
        results.summary.iter().any(|summary| summary.target == "process"),
        || format!("{:?}", results.summary),
    )
}
