//! What people type first: it works, or they are told what to type.

use crate::programs;
use crate::support::{Place, Said, expect, expect_holds, expect_status, isolab, say, test};
use libtest_mimic::{Failed, Trial};

/// A command line, its exit status, and words that it prints.
type Try = (&'static [&'static str], i32, &'static str);

const TRIES: &[Try] = &[
    // Which program.
    (
        &["run", "--on", "process", "--workload", "hello"],
        0,
        "{\"workload\":\"hello\"}",
    ),
    (&["run", "--on", "process", "hello"], 0, "{\"workload\":\"hello\"}"),
    (&["run", "--on", "process", "nonsense"], 125, "Built in are hello, hold"),
    (
        &["run", "--on", "process", "--", "cpu", "1"],
        127,
        "isolab run --on T cpu -- 1",
    ),
    (&["compare", "--", "cpu", "1"], 2, "isolab compare cpu -- 1"),
    (&["compare", "--", "--workload", "cpu"], 2, "isolab compare cpu"),
    (&["compare", "./program"], 2, "isolab compare -- ./program"),
    (
        &["compare", "--", "no-such-program-here"],
        2,
        "there is no program \"no-such-program-here\", here or on PATH",
    ),
    // How much.
    (&["compare", "--memory", "64"], 2, "64M?"),
    (&["compare", "--memory", "1,5G"], 2, "1M?"),
    (
        &["compare", "--on", "process", "--memory", "1.5G"],
        2,
        "--memory is for",
    ),
    // With what.
    (&["compare", "--file", "*.txt"], 2, "or the folder"),
    (&["compare", "--file", "no-such-file"], 2, "cannot read no-such-file"),
    (
        &["compare", "--stdin", "-"],
        2,
        "write what comes from there to a file first",
    ),
    (
        &["compare", "--env", "NO_SUCH_VARIABLE_HERE"],
        2,
        "there is no variable",
    ),
    (&["compare", "--ready", ""], 2, "first-byte, exit, or a text"),
    (
        &["run", "--on", "process", "--ready", "exit", "hello"],
        125,
        "isolab compare --ready \"exit\"",
    ),
    (
        &["run", "--on", "process", "crash"],
        2,
        "say how: segv, oom, panic or fork-bomb",
    ),
    (
        &["run", "--on", "process", "crash", "--", "segv"],
        139,
        "ended by SIGSEGV",
    ),
    (&["run", "--on", "process", "inspect"], 0, "kernel: Linux"),
    (&["inspect", "--on", "process"], 0, "Process ID"),
    (&["inspect", "--on", "microvm-linux"], 2, "microvm-linux needs a kernel"),
    // In which language.
    (&["--lang", "ko", "doctor"], 0, "호스트"),
    (&["doctor", "--lang", "ko"], 0, "호스트"),
    (&["run", "--on", "process", "--lang", "ko", "hello"], 0, "hello"),
    (&["--lang", "de", "doctor"], 2, "`en` (English) and `ko` (Korean)"),
    // Kernels.
    (&["kernel", "inspect", "builtin"], 0, "boots     yes, by PVH"),
    (
        &["kernel", "rm", "no-such-kernel"],
        2,
        "no kernel \"no-such-kernel\" was added",
    ),
    (
        &["run", "--on", "microvm-linux", "hello"],
        125,
        "microvm-linux needs a kernel",
    ),
    // Suites and reports.
    (&["suite", "show", "quick"], 0, "[defaults]"),
    (
        &["suite", "show", "nonsense"],
        2,
        "built-in suites are quick, classroom, full.",
    ),
    (
        &["report", "/sys/class"],
        2,
        "there are no results files (*.json) in /sys/class",
    ),
];

pub fn tests() -> Vec<Trial> {
    vec![
        test("what_is_typed_first_works_or_says_what_to_type", &[], tries),
        test("a_program_is_found_on_path_and_in_the_folder", &[], found_programs),
        test("a_report_takes_a_folder_of_results", &[], folder_of_results),
        test("a_kernel_that_was_imported_can_be_removed", &[], removed_kernel),
    ]
}

fn holds(said: &Said, text: &str) -> Result<(), Failed> {
    expect_holds(&format!("{}{}", said.stdout, said.stderr), text)
}

fn tries() -> Result<(), Failed> {
    let mut wrong = String::new();
    for (words, status, text) in TRIES {
        let said = isolab(words)?;
        let right = expect_status(&said, *status).and_then(|()| holds(&said, text));
        if let Err(failed) = right {
            wrong += &format!("isolab {}: {failed:?}\n", words.join(" "));
        }
    }
    expect(wrong.is_empty(), || wrong.clone())
}

fn found_programs() -> Result<(), Failed> {
    let (place, elsewhere) = (Place::new(), Place::new());
    programs::file(place.path(), "a-program", &programs::elf(&programs::saying(b"found\n")));
    let run = |name| ["run", "--on", "process", "--", name];
    let mut on_path = elsewhere.isolab(&run("a-program"));
    on_path.env("PATH", place.path());
    for command in [
        place.isolab(&run("a-program")),
        place.isolab(&run("./a-program")),
        on_path,
    ] {
        let said = say(command)?;
        expect_status(&said, 0)?;
        expect_holds(&said.stdout, "found")?;
    }
    Ok(())
}

fn folder_of_results() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::create_dir(place.path().join("results"))?;
    for name in ["a", "b"] {
        let file = format!("results/{name}.json");
        expect_status(
            &say(place.isolab(&["compare", "--on", "simulated", "-n", name, "--json", &file]))?,
            0,
        )?;
    }
    // As a suite leaves it beside its results.
    std::fs::write(place.path().join("results/suite.json"), "{}")?;
    for words in [
        &["report", "results", "--format", "csv"][..],
        &["report", "results/a.json", "results/suite.json", "--format", "csv"],
    ] {
        expect_status(&say(place.isolab(words))?, 0)?;
    }
    Ok(())
}

fn removed_kernel() -> Result<(), Failed> {
    let place = Place::new();
    let isolab = |words: &[&str]| say(place.isolab(words));
    expect_status(&isolab(&["kernel", "export", "builtin", "vmlinux"])?, 0)?;
    let added = isolab(&["kernel", "add", "vmlinux"])?;
    expect_status(&added, 0)?;
    let listed = isolab(&["kernel", "ls"])?.stdout;
    expect_holds(&listed, "vmlinux ")?;
    expect_status(&isolab(&["kernel", "rm", "vmlinux"])?, 0)?;
    let left: Vec<_> = std::fs::read_dir(place.path().join("data/isolab/kernels"))?
        .flatten()
        .collect();
    expect(left.is_empty(), || format!("{left:?}"))
}
