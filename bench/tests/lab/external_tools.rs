//! Other tools as targets, by description files: what is measured, and what a tool costs that is not there, lies or hangs.

use crate::support::{
    Need, Place, Running, descendants, english, expect, expect_holds, expect_status, say, test, until,
};
use libtest_mimic::{Failed, Trial};
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "a_tool_that_a_file_describes_is_measured_like_any_target",
            &[],
            described,
        ),
        test("arguments_reach_the_program_of_a_tool_as_they_are", &[], arguments),
        test("a_file_in_the_folder_for_targets_is_known_by_its_name", &[], by_name),
        test(
            "a_tool_that_is_not_installed_is_a_row_with_the_way_to_install_it",
            &[],
            not_installed,
        ),
        test(
            "a_tool_that_fails_costs_only_its_own_row_and_is_tidied_up_after",
            &[],
            failing,
        ),
        test("a_tool_that_never_ends_is_ended_and_tidied_up_after", &[], hanging),
        test("a_wrong_description_is_refused_with_its_place", &[], wrong),
        test("targets_that_write_different_things_are_pointed_out", &[], outputs),
        test(
            "results_hold_the_description_of_a_tool_and_another_one_is_not_comparable",
            &[],
            other_description,
        ),
        test(
            "what_a_tool_leaves_behind_an_isolab_that_was_killed_is_removed_by_the_next",
            &[],
            killed,
        ),
        test(
            "bubblewrap_runs_the_same_program",
            &[Need::Tool("bwrap"), Need::Containers],
            || same_program("bwrap"),
        ),
        test("runc_runs_the_same_program", &[Need::Tool("runc"), Need::Root], || {
            same_program("runc")
        }),
    ]
}

/// A description of a tool that runs the program by `run`, in the file `tool.toml`.
fn place(run: &str) -> Result<Place, Failed> {
    let place = Place::new();
    let text = format!(
        "name = \"tool\"\nabout = \"a test\"\ninstall = \"buy it\"\nversion = [\"sh\", \"-c\", \"echo version 7\"]\n\
         run = {run}\nclean-up = [\"sh\", \"-c\", \"echo $0 >>{}\", \"${{id}}\"]\n[files]\n\"root.json\" = \"${{root-json}}\"\n",
        place.path().join("tidied").display()
    );
    std::fs::write(place.path().join("tool.toml"), text)?;
    Ok(place)
}

const PLAIN: &str = "[\"${root}/${program}\", \"${args}\"]";

fn compare(place: &Place, on: &str, more: &[&str]) -> Command {
    place.isolab(
        &[
            &["compare", "--on", on, "--runs", "4", "--warmup", "1", "--json", "-"],
            more,
        ]
        .concat(),
    )
}

fn described() -> Result<(), Failed> {
    let place = place(PLAIN)?;
    let said = say(compare(&place, "process,./tool.toml", &[]))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    let [process, tool] = &results.targets[..] else {
        return Err("there are not two targets".into());
    };
    expect(
        (tool.name.as_str(), tool.version.as_str()) == ("tool", "version 7"),
        || format!("{tool:?}"),
    )?;
    expect(tool.workload_sha256 == process.workload_sha256, || {
        "another program".into()
    })?;
    let runs = results
        .samples
        .good("tool")
        .filter(|sample| sample.ready_ms().is_some());
    expect(runs.count() == 4, || "not every run is there".into())?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn arguments() -> Result<(), Failed> {
    let place = place(PLAIN)?;
    let run = place.isolab(&["run", "--on", "./tool.toml", "hello", "--", "${root} $HOME"]);
    let said = say(run)?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "hello: \"${root} $HOME\" is not a number")
}

fn by_name() -> Result<(), Failed> {
    let place = place(PLAIN)?;
    let folder = place.path().join("config/isolab/targets");
    std::fs::create_dir_all(&folder)?;
    std::fs::rename(place.path().join("tool.toml"), folder.join("tool.toml"))?;
    let mut list = place.isolab(&["target", "ls"]);
    list.env("XDG_CONFIG_HOME", place.path().join("config"));
    expect_holds(&say(list)?.stdout, "tool ")?;
    let mut run = place.isolab(&["run", "--on", "tool", "hello"]);
    run.env("XDG_CONFIG_HOME", place.path().join("config"));
    expect_status(&say(run)?, 0)
}

fn not_installed() -> Result<(), Failed> {
    let place = place(PLAIN)?;
    let text = std::fs::read_to_string(place.path().join("tool.toml"))?;
    std::fs::write(
        place.path().join("tool.toml"),
        text.replace("[\"sh\", \"-c\", \"echo version", "[\"no-such-tool\", \"x"),
    )?;
    let said = say(compare(&place, "process,./tool.toml", &[]))?;
    expect_status(&said, 0)?;
    let reason = said.results()?.targets[1]
        .unavailable
        .as_ref()
        .map(english)
        .unwrap_or_default();
    expect_holds(&reason, "no-such-tool is not installed")?;
    expect_holds(&reason, "buy it")?;
    let korean = say(compare(&place, "process,./tool.toml", &["--lang", "ko"]))?;
    expect_holds(&korean.stderr, "설치되어 있지 않음")?;
    expect(!korean.stderr.contains("not installed"), || korean.stderr.clone())
}

fn failing() -> Result<(), Failed> {
    let place = place("[\"sh\", \"-c\", \"echo garbage; echo why >&2; exit 3\"]")?;
    let said = say(compare(&place, "process,./tool.toml", &[]))?;
    expect_status(&said, 3)?;
    let results = said.results()?;
    expect(results.samples.good("process").count() == 4, || {
        "the others were not measured".into()
    })?;
    let failed = results.samples.of("tool").find_map(|sample| sample.error);
    expect_holds(
        &failed.as_ref().map(english).unwrap_or_default(),
        "status 3; on stderr: why",
    )?;
    let tidied = std::fs::read_to_string(place.path().join("tidied"))?;
    expect_holds(&tidied, "isolab-tool-")
}

fn hanging() -> Result<(), Failed> {
    let place = place("[\"sh\", \"-c\", \"sleep 1000 & sleep 1000\"]")?;
    let said = say(compare(&place, "process,./tool.toml", &["--timeout", "0.2"]))?;
    expect_status(&said, 3)?;
    let results = said.results()?;
    expect(results.samples.good("process").count() == 4, || {
        "the others were not measured".into()
    })?;
    expect(results.samples.good("tool").count() == 0, || {
        "a run that never ended is good".into()
    })?;
    expect(place.path().join("tidied").exists(), || "not tidied up".into())
}

fn wrong() -> Result<(), Failed> {
    let place = place("[\"${rot}\"]")?;
    let said = say(place.isolab(&["run", "--on", "./tool.toml", "hello"]))?;
    expect_status(&said, 125)?;
    expect_holds(&said.stderr, "there is no placeholder ${rot}")?;
    std::fs::write(place.path().join("tool.toml"), "name = 3\n")?;
    let said = say(place.isolab(&["run", "--on", "./tool.toml", "hello"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "tool.toml")?;
    let said = say(place.isolab(&["run", "--on", "./nothing.toml", "hello"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "cannot read the target ./nothing.toml")
}

fn outputs() -> Result<(), Failed> {
    let warnings = |run: &str| -> Result<Vec<String>, Failed> {
        let results = say(compare(&place(run)?, "process,./tool.toml", &[]))?.results()?;
        let ids = results.warnings.into_iter().map(|warning| warning.id);
        Ok(ids.filter(|id| id.starts_with("outputs-")).collect())
    };
    // What differs from run to run is not compared, and said where it is always the same elsewhere.
    for (run, told) in [
        ("[\"echo\", \"something else\"]", &["outputs-differ"][..]),
        ("[\"sh\", \"-c\", \"echo $$\"]", &["outputs-vary"]),
        (PLAIN, &[]),
    ] {
        let found = warnings(run)?;
        expect(found == told, || format!("{run}: {found:?}"))?;
    }
    Ok(())
}

fn other_description() -> Result<(), Failed> {
    let place = place(PLAIN)?;
    let measure = |file: &str, more: &[&str]| {
        let args = ["compare", "--on", "process,./tool.toml", "--runs", "6", "--json", file];
        say(place.isolab(&[&args[..], more].concat()))
    };
    expect_status(&measure("old.json", &[])?, 0)?;
    let old: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(place.path().join("old.json"))?)?;
    let text = old["targets"][1]["description"]["text"].as_str().unwrap_or_default();
    expect_holds(text, "name = \"tool\"")?;
    expect(old["targets"][0]["description"].is_null(), || {
        old["targets"].to_string()
    })?;
    let path = place.path().join("tool.toml");
    std::fs::write(&path, format!("{text}# changed\n"))?;
    expect_status(&measure("new.json", &[])?, 0)?;
    let refused = say(place.isolab(&["diff", "old.json", "new.json"]))?;
    expect_status(&refused, 2)?;
    expect_holds(&refused.stderr, "description by which tool is started")
}

fn killed() -> Result<(), Failed> {
    let place = place("[\"sh\", \"-c\", \"sleep 1000\"]")?;
    let mut command = compare(&place, "./tool.toml", &[]);
    let mut isolab = Running::start(&mut command)?;
    until("an instance of the tool", || {
        (!descendants(isolab.id()).is_empty()).then_some(())
    })?;
    // It has been asked its version before; what runs now may be that.
    until("a note of what is left", || {
        let commands = descendants(isolab.id())
            .into_iter()
            .map(|pid| std::fs::read(format!("/proc/{pid}/cmdline")));
        let sleeps =
            |command: std::io::Result<Vec<u8>>| command.is_ok_and(|text| text.windows(5).any(|word| word == b"sleep"));
        commands.into_iter().any(sleeps).then_some(())
    })?;
    isolab.kill()?;
    isolab.wait()?;
    let tidied = place.path().join("tidied");
    expect(!tidied.exists(), || "tidied up by whom?".into())?;
    expect_status(&say(place.isolab(&["run", "--on", "process", "hello"]))?, 0)?;
    expect_holds(&std::fs::read_to_string(&tidied)?, "isolab-tool-")
}

fn same_program(tool: &str) -> Result<(), Failed> {
    let place = Place::new();
    let said = say(compare(&place, &format!("process,{tool}"), &[]))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    expect(results.targets[1].unavailable.is_none(), || {
        format!("{:?}", results.targets[1].unavailable)
    })?;
    expect(
        results.targets[0].workload_sha256 == results.targets[1].workload_sha256,
        || "another program".into(),
    )?;
    let good = results.samples.good(tool).count();
    expect(good == 4, || format!("{good} of 4 runs were good"))?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}
