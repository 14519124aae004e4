//! What a program is given besides its arguments, and what ends its start-up: the same on every target.

use crate::programs::compiled;
use crate::support::{Need, Place, Said, english, expect, expect_holds, expect_status, isolab, say, test};
use libtest_mimic::{Failed, Trial};
use reports::model::Results;

const EVERYWHERE: &[Need] = &[Need::Tool("cc"), Need::Containers, Need::Kvm];

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "files_variables_and_stdin_are_the_same_on_every_target",
            EVERYWHERE,
            given,
        ),
        test(
            "an_external_tool_gives_them_too",
            &[Need::Tool("cc"), Need::Root, Need::Tool("unshare")],
            by_tools,
        ),
        test("a_start_ends_with_the_mark_that_is_asked_for", EVERYWHERE, marks),
        test("a_suite_gives_files_variables_and_stdin", &[Need::Tool("cc")], by_suite),
        test(
            "a_program_that_misses_a_file_is_told_how_to_give_it",
            &[Need::Tool("cc")],
            missing,
        ),
        test("what_cannot_be_given_is_refused_with_what_to_do", &[], refused),
    ]
}

/// Says what it was given, changes it, and says in its second line when it is ready. With the variable
/// it fails where anything is not as it was given.
const READER: &str = r#"
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <time.h>
    static int wrong;
    static void show(const char *name, FILE *file, const char *given) {
        char text[100] = "";
        if (file) fgets(text, sizeof text, file);
        wrong |= strcmp(text, given) != 0;
        printf("%s: %s; ", name, text);
    }
    int main(void) {
        struct timespec pause = { 0, 30000000 };
         const char *greeting = getenv("GREETING"), *root = getenv("root");
         show("data.txt", fopen("data.txt", "r"), "one");
         show("in/b", fopen("in/b", "r"), "two");
         show("stdin", stdin, "three");
         printf("GREETING: %s; root: %s\n", greeting ? greeting : "", root ? root : "");
        fflush(stdout);
        FILE *changed = fopen("data.txt", "w");
        if (changed) fputs("changed", changed), fclose(changed);
        nanosleep(&pause, NULL);
        printf("listening on 80\n");
        fflush(stdout);
        nanosleep(&pause, NULL);
        return greeting && wrong;
    }"#;

const WRITTEN: &str = "data.txt: one; in/b: two; stdin: three; GREETING: hello; root: /srv\nlistening on 80\n";

/// A place with that program and its inputs, and the options that give them to it.
fn place() -> Result<(Place, [&'static str; 10]), Failed> {
    let place = Place::new();
    compiled(place.path(), "reader", READER)?;
    for (name, text) in [("data.txt", "one"), ("other", "two"), ("questions", "three")] {
        std::fs::write(place.path().join(name), text)?;
    }
    let options = [
        "--file",
        "data.txt",
        "--file",
        "other:in/b",
        "--env",
        "GREETING=hello",
        // The name of a parameter of kernels.
        "--env",
        "root=/srv",
        "--stdin",
        "questions",
    ];
    Ok((place, options))
}

fn compare(place: &Place, on: &str, options: &[&str]) -> Result<Results, Failed> {
    let words = ["compare", "--on", on, "--runs", "2", "--warmup", "1", "--json", "-"];
    let said = say(place.isolab(&[&words, options, &["--", "./reader"]].concat()))?;
    expect_status(&said, 0)?;
    said.results()
}

fn given() -> Result<(), Failed> {
    let (place, options) = place()?;
    for target in [&["process"][..], &["container"], &["microvm"], &["microvm", "--jail"]] {
        let said = say(place.isolab(&[&["run", "--on"], target, &options, &["--", "./reader"]].concat()))?;
        expect_status(&said, 0)?;
        expect(said.stdout == WRITTEN, || format!("{target:?}: {}", said.stdout))?;
    }
    let results = compare(&place, "process,container,microvm", &options)?;
    every_run_was_the_same(&results)?;
    // Both of two versions get them.
    let versions = compare(
        &place,
        "process",
        &[&options[..], &["--against", "./reader", "--ready", "listening"]].concat(),
    )?;
    every_run_was_the_same(&versions)?;
    let workload = &results.workload;
    let names: Vec<&str> = workload.files.iter().map(|file| file.name.as_str()).collect();
    expect(names == ["data.txt", "in/b"] && workload.files[0].bytes == 3, || {
        format!("{workload:?}")
    })?;
    expect(workload.env == ["GREETING=hello", "root=/srv"], || {
        format!("{workload:?}")
    })?;
    let stdin = workload.stdin.as_ref().map(|file| (file.name.as_str(), file.bytes));
    expect(stdin == Some(("questions", 5)), || format!("{workload:?}"))?;
    let host = std::fs::read_to_string(place.path().join("data.txt"))?;
    expect(host == "one", || format!("the host's file was changed: {host}"))?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

/// Each run begins with what the one before began with, and has its memory looked at.
fn every_run_was_the_same(results: &Results) -> Result<(), Failed> {
    for sample in results.samples.iter() {
        expect(sample.error.is_none(), || format!("{sample:?}"))?;
    }
    let wrong = ["outputs-differ", "outputs-vary", "no-memory"];
    let warning = results
        .warnings
        .iter()
        .find(|warning| wrong.contains(&warning.id.as_str()));
    expect(warning.is_none(), || format!("{warning:?}"))
}

fn by_tools() -> Result<(), Failed> {
    let (place, options) = place()?;
    let mut on = "process,unshare".to_owned();
    for tool in ["bwrap", "runc"] {
        if say(place.script(&["env"], &format!("command -v {tool}")))?.status == 0 {
            on = format!("{on},{tool}");
        }
    }
    every_run_was_the_same(&compare(&place, &on, &options)?)
}

fn marks() -> Result<(), Failed> {
    let (place, options) = place()?;
    // Nothing is faster than the pauses of the program before its marks.
    for (mark, on, at_least_ms) in [
        ("listening on", "process,container,microvm", 30.0),
        ("exit", "process", 60.0),
    ] {
        let results = compare(&place, on, &[&options[..], &["--ready", mark]].concat())?;
        for sample in results.samples.iter() {
            let (ready_ms, exit_ms) = (sample.ready_ms(), sample.metric("exit_ms"));
            expect(
                ready_ms.is_some_and(|ms| ms >= at_least_ms) && ready_ms <= exit_ms,
                || format!("{mark}: {sample:?}"),
            )?;
            let phases: f64 = sample.phases.iter().map(|phase| phase.ms).sum();
            expect(ready_ms.is_some_and(|ms| (ms - phases).abs() < 0.05), || {
                format!("{mark}: {sample:?}")
            })?;
        }
        let late = results.warnings.iter().any(|warning| warning.id == "late-first-byte");
        expect(!late, || format!("{mark} is not a first byte"))?;
        let noted = results.workload.ready.as_deref();
        expect(noted == Some(mark), || format!("{noted:?}"))?;
    }
    let words = [
        "compare",
        "--on",
        "process",
        "--runs",
        "1",
        "--warmup",
        "0",
        "--ready",
        "no such line",
        "--json",
        "-",
    ];
    let said = say(place.isolab(&[&words[..], &["--", "./reader"]].concat()))?;
    expect_status(&said, 3)?;
    let results = said.results()?;
    let error = results
        .samples
        .iter()
        .find_map(|sample| sample.error)
        .map(|error| english(&error));
    expect(
        error.as_ref().is_some_and(|error| error.contains("no such line")),
        || format!("{error:?}"),
    )
}

/// What most people try first: a program that reads a file which nobody has given to it.
fn missing() -> Result<(), Failed> {
    let place = Place::new();
    let source = "#include <stdio.h>\nint main(void) { if (!fopen(\"data.txt\", \"r\")) { perror(\"data.txt\"); return 1; } puts(\"found\"); return 0; }";
    compiled(place.path(), "opener", source)?;
    std::fs::write(place.path().join("data.txt"), "")?;
    let compare = |options: &[&str]| {
        let words = [
            "compare", "--on", "process", "--runs", "3", "--warmup", "0", "--json", "-",
        ];
        say(place.isolab(&[&words, options, &["--", "./opener"]].concat()))
    };
    let without = compare(&[])?;
    expect_status(&without, 3)?;
    expect_holds(&without.stderr, "isolab compare --file data.txt")?;
    expect_status(&compare(&["--file", "data.txt"])?, 0)
}

fn by_suite() -> Result<(), Failed> {
    let (place, _) = place()?;
    let case = "[[case]]\nname = \"a\"\nprogram = \"reader\"\ntargets = [\"process\"]\nruns = 2\nwarmup = 0\n\
                file = [\"data.txt\", \"other:in/b\"]\nenv = [\"GREETING=hello\"]\nstdin = \"questions\"\nready = \"listening\"\n";
    std::fs::write(place.path().join("suite.toml"), case)?;
    let said: Said = say(place.isolab(&["suite", "run", "suite.toml", "--out", "out"]))?;
    expect_status(&said, 0)?;
    let results = Results::from_json(&std::fs::read_to_string(place.path().join("out/01-a.json"))?)?;
    every_run_was_the_same(&results)?;
    expect(
        results.workload.files.len() == 2 && results.workload.stdin.is_some(),
        || format!("{:?}", results.workload),
    )?;
    expect_holds(&said.stdout, "data.txt (")?;
    expect_holds(&said.stdout, "\"listening\"")?;
    std::fs::write(place.path().join("suite.toml"), case.replace("\"listening\"", "\"\""))?;
    let said = say(place.isolab(&["suite", "run", "suite.toml", "--out", "other"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "ready = \"\"")
}

fn refused() -> Result<(), Failed> {
    let cases: [(&[&str], &str); 7] = [
        (&["--file", "/nonexistent"], "cannot read /nonexistent"),
        (&["--file", "/dev/null:x"], "it is a pipe, a device"),
        (&["--file", "/etc/passwd:../x"], "no . or .."),
        (&["--file", "/etc/passwd:proc/x"], "something of their own"),
        (&["--env", "NO_SUCH_VARIABLE_HERE"], "there is no variable"),
        (&["--stdin", "/dev/zero"], "it is a pipe, a device"),
        (&["--ready", ""], "first-byte, exit, or a text"),
    ];
    for (options, said_so) in cases {
        let said = isolab(&[&["compare", "--on", "process"], options].concat())?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, said_so)?;
    }
    Ok(())
}
