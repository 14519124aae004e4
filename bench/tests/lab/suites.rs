//! `isolab suite`: what was finished is kept, whatever ends the suite.

use crate::support::{Need, Place, Running, Said, expect, expect_holds, expect_status, isolab, say, test, until};
use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reports::model::Results;
use std::path::{Path, PathBuf};

pub fn tests() -> Vec<Trial> {
    vec![
        test("the_built_in_suites_are_listed", &[], listed),
        test(
            "a_suite_keeps_one_results_file_for_each_combination",
            &[Need::Containers],
            kept,
        ),
        test(
            "image_parts_of_a_larger_image_are_found_on_every_target",
            &[Need::Kvm, Need::Containers],
            image_sizes,
        ),
        test("memory_and_processors_of_a_suite_reach_its_results", &[], parameters),
        test(
            "a_suite_stopped_by_sigint_keeps_what_was_done_and_goes_on_from_there",
            &[],
            || stopped(Signal::SIGINT, 130),
        ),
        test(
            "a_suite_stopped_by_sigterm_keeps_what_was_done_and_goes_on_from_there",
            &[],
            || stopped(Signal::SIGTERM, 143),
        ),
        test(
            "a_suite_that_is_killed_keeps_what_was_done_and_goes_on_from_there",
            &[],
            || stopped(Signal::SIGKILL, -9),
        ),
        test(
            "a_full_disk_in_the_middle_of_a_suite_loses_nothing_that_was_done",
            &[Need::Root, Need::Tool("unshare")],
            full_disk,
        ),
        test(
            "a_folder_that_becomes_read_only_in_the_middle_of_a_suite_loses_nothing_that_was_done",
            &[Need::Root, Need::Tool("unshare")],
            read_only,
        ),
        test("another_suites_folder_is_not_gone_on_with", &[], other_suite),
        test("a_mistake_in_a_suite_is_pointed_at", &[], mistake),
        test(
            "a_suite_is_not_gone_on_with_by_another_description_of_a_tool",
            &[],
            other_description,
        ),
    ]
}

/// Two quick cases, then one that takes until it is stopped.
const STOPS_AT_THE_THIRD: &str = r#"
[defaults]
targets = ["process"]
runs = 3
warmup = 0

[[case]]
name = "one"
workload = "hello"

[[case]]
name = "two"
workload = "hello"

[[case]]
name = "three"
workload = "hello"
args = ["FIRST"]
"#;

fn listed() -> Result<(), Failed> {
    let said = isolab(&["suite", "list"])?;
    expect_status(&said, 0)?;
    ["quick", "classroom", "full"]
        .iter()
        .try_for_each(|name| expect_holds(&said.stdout, name))
}

fn write(place: &Place, text: &str) -> std::io::Result<()> {
    std::fs::write(place.path().join("suite.toml"), text)
}

fn results(path: &Path) -> Result<Results, Failed> {
    Ok(Results::from_json(&std::fs::read_to_string(path)?)?)
}

/// The results files of the suite, in order.
fn files(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.path().join("results/suite"))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| !path.ends_with("suite.json"))
        .collect();
    files.sort();
    files
}

fn kept() -> Result<(), Failed> {
    let place = Place::new();
    write(
        &place,
        "[[case]]\nname = \"gaps\"\nworkload = \"hello\"\ntargets = [\"process\", \"container\"]\nruns = 2\n\
         idle_gap_ms = [0, 1]\nmemory = [\"64M\", \"128M\"]\n",
    )?;
    expect_status(&say(place.isolab(&["suite", "run", "suite.toml"]))?, 0)?;
    let found = files(&place);
    let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let expected = [
        "01-gaps-64MiB-gap0ms.json",
        "02-gaps-64MiB-gap1ms.json",
        "03-gaps-128MiB-gap0ms.json",
        "04-gaps-128MiB-gap1ms.json",
    ];
    expect(names == expected, || format!("{names:?}"))?;
    for path in &found {
        expect(results(path)?.samples.len() == 4, || format!("{path:?}"))?;
    }
    Ok(())
}

fn parameters() -> Result<(), Failed> {
    let place = Place::new();
    write(
        &place,
        "[[case]]\nname = \"sizes\"\nworkload = \"hello\"\ntargets = [\"simulated\"]\nruns = 2\n\
         memory = [\"64M\", \"1G\"]\ncpus = [0.5, 2]\n",
    )?;
    expect_status(&say(place.isolab(&["suite", "run", "suite.toml"]))?, 0)?;
    let found = files(&place);
    let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let expected = [
        "01-sizes-64MiB-0.5cpus.json",
        "02-sizes-64MiB-2cpus.json",
        "03-sizes-1024MiB-0.5cpus.json",
        "04-sizes-1024MiB-2cpus.json",
    ];
    expect(names == expected, || format!("{names:?}"))?;
    let given = |path: &PathBuf| -> Result<_, Failed> {
        let config = results(path)?.config;
        let limits = config.container_limits;
        Ok((config.memory_bytes >> 20, config.cpus, limits.memory_bytes, limits.cpus))
    };
    let given = found.iter().map(given).collect::<Result<Vec<_>, _>>()?;
    let expected = [(64, 1, 0.5), (64, 2, 2.0), (1024, 1, 0.5), (1024, 2, 2.0)]
        .map(|(mebibytes, guest, share)| (mebibytes, guest, Some(mebibytes << 20), Some(share)));
    expect(given == expected, || format!("{given:?}"))
}

fn image_sizes() -> Result<(), Failed> {
    let place = Place::new();
    write(
        &place,
        "[[case]]\nname = \"sizes\"\nworkload = \"hello\"\nruns = 1\nimage_files = [\"0\", \"1M\"]\n",
    )?;
    expect_status(&say(place.isolab(&["suite", "run", "suite.toml"]))?, 0)?;
    let found = files(&place);
    let bytes = |path: &Path, target: &str| -> Result<u64, Failed> {
        let results = results(path)?;
        let target = results
            .targets
            .iter()
            .find(|found| found.name == target)
            .ok_or("no such target")?;
        Ok(target.image.iter().map(|part| part.bytes).sum())
    };
    for target in ["process", "container"] {
        let more = bytes(&found[1], target)? - bytes(&found[0], target)?;
        expect(more == 1 << 20, || format!("{target}: {more} bytes more"))?;
    }
    // An archive has a header for each file, and its files begin at whole pages.
    let more = bytes(&found[1], "microvm")? - bytes(&found[0], "microvm")?;
    expect((1 << 20..(1 << 20) + 12_288).contains(&more), || {
        format!("microvm: {more} bytes more")
    })
}

fn stopped(signal: Signal, status: i32) -> Result<(), Failed> {
    let place = Place::new();
    write(&place, &STOPS_AT_THE_THIRD.replace("FIRST", "600000"))?;
    let lab = Running::start(&mut place.isolab(&["suite", "run", "suite.toml"]))?;
    until("the third case", || {
        let running = crate::support::descendants(lab.id());
        (files(&place).len() == 2 && !running.is_empty()).then_some(())
    })?;
    kill(Pid::from_raw(i32::try_from(lab.id())?), signal)?;
    expect_status(&Said::from(&lab.wait_with_output()?), status)?;
    for path in &files(&place)[..2] {
        expect(results(path)?.samples.len() == 3, || format!("{path:?}"))?;
    }
    let third = files(&place).get(2).map(|path| results(path)).transpose()?;
    expect(
        third.is_none_or(|results| results.warnings.iter().any(|warning| warning.id == "incomplete")),
        || "the third case is not marked as incomplete".into(),
    )?;
    // The same suite goes on; where its third case would take for ever again, the folder's note is changed with it.
    let times = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let before = [times(&files(&place)[0])?, times(&files(&place)[1])?];
    for name in ["suite.toml", "results/suite/suite.json"] {
        let path = place.path().join(name);
        std::fs::write(&path, std::fs::read_to_string(&path)?.replace("600000", "0"))?;
    }
    let said = say(place.isolab(&["suite", "run", "suite.toml", "--resume"]))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "02-two (kept from before)")?;
    let found = files(&place);
    expect(
        found.len() == 3 && [times(&found[0])?, times(&found[1])?] == before,
        || format!("{found:?}"),
    )?;
    expect(results(&found[2])?.samples.len() == 3, || {
        "the third case was not measured".into()
    })?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn full_disk() -> Result<(), Failed> {
    let place = Place::new();
    write(
        &place,
        &STOPS_AT_THE_THIRD
            .replace("FIRST", "0")
            .replace("runs = 3", "runs = 60"),
    )?;
    // Room for the first case's file and not for the second's.
    let script = "mkdir results && mount -t tmpfs -o size=56k none results && \
                  { $ISOLAB suite run suite.toml >/dev/null || echo status $?; } && ls -A results/suite && \
                  cat results/suite/01-one.json";
    let said = say(place.script(&["unshare", "--mount", "--"], script))?;
    expect_holds(&said.stderr, "No space left on device")?;
    let (listing, json) = said.stdout.split_once('{').ok_or("no results")?;
    expect(listing.contains("status 2") && listing.contains("01-one.json"), || {
        listing.to_owned()
    })?;
    expect(!listing.contains("02-two") && !listing.contains(".isolab-"), || {
        listing.to_owned()
    })?;
    expect(Results::from_json(&format!("{{{json}"))?.samples.len() == 60, || {
        "not every sample was kept".into()
    })
}

fn read_only() -> Result<(), Failed> {
    let place = Place::new();
    write(&place, &STOPS_AT_THE_THIRD.replace("FIRST", "500"))?;
    // The third case runs for more than a second: meanwhile its folder becomes read-only.
    let script = "mkdir results && mount -t tmpfs none results && { $ISOLAB suite run suite.toml >/dev/null & } && \
                  until test -e results/suite/02-two.json; do sleep 0.01; done && mount -o remount,ro results && \
                  { wait $! || echo status $?; } && ls -A results/suite && cat results/suite/02-two.json";
    let said = say(place.script(&["unshare", "--mount", "--"], script))?;
    expect_holds(&said.stderr, "03-three.json: Read-only file system")?;
    expect_holds(&said.stderr, "hint: ")?;
    let (listing, json) = said.stdout.split_once('{').ok_or("no results")?;
    let expected = "status 2\n01-one.json\n02-two.json\nsuite.json\n";
    expect(listing == expected, || listing.to_owned())?;
    expect(Results::from_json(&format!("{{{json}"))?.samples.len() == 3, || {
        "not every sample was kept".into()
    })
}

fn other_suite() -> Result<(), Failed> {
    let place = Place::new();
    let case =
        |name: &str| format!("[[case]]\nname = \"{name}\"\nworkload = \"hello\"\nruns = 1\ntargets = [\"process\"]\n");
    write(&place, &case("one"))?;
    expect_status(&say(place.isolab(&["suite", "run", "suite.toml"]))?, 0)?;
    let again = say(place.isolab(&["suite", "run", "suite.toml"]))?;
    expect_status(&again, 2)?;
    expect_holds(&again.stderr, "--resume")?;
    write(&place, &case("two"))?;
    let other = say(place.isolab(&["suite", "run", "suite.toml", "--resume"]))?;
    expect_status(&other, 2)?;
    expect_holds(&other.stderr, "another suite")
}

fn other_description() -> Result<(), Failed> {
    let place = Place::new();
    let describe = |about: &str| {
        let text = format!(
            "name = \"tool\"\nabout = \"{about}\"\ninstall = \"none\"\nversion = [\"echo\", \"1\"]\n\
             run = [\"${{root}}/${{program}}\", \"${{args}}\"]\n"
        );
        std::fs::write(place.path().join("tool.toml"), text)
    };
    let case = "[[case]]\nname = \"one\"\nworkload = \"hello\"\nruns = 1\ntargets = [\"./tool.toml\"]\n";
    describe("a test")?;
    write(&place, case)?;
    let run = |more: &[&str]| say(place.isolab(&[&["suite", "run", "suite.toml"], more].concat()));
    expect_status(&run(&[])?, 0)?;
    expect_status(&run(&["--resume"])?, 0)?;
    describe("another test")?;
    let other = run(&["--resume"])?;
    expect_status(&other, 2)?;
    expect_holds(&other.stderr, "another description of tool")
}

fn mistake() -> Result<(), Failed> {
    let place = Place::new();
    write(&place, "[[case]]\nname = \"one\"\nworkload = \"nonsense\"\n")?;
    let said = say(place.isolab(&["suite", "run", "suite.toml"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "suite.toml:3:12: ")?;
    expect_holds(&said.stderr, "workload = \"nonsense\"\n")
}
