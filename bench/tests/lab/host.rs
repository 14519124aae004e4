//! Hosts that lack something: a device, a right, room. A target that cannot run is a row with its reason, and the others
//! are measured.

use crate::support::{
    Need, Place, Running, Said, binary, english, expect, expect_holds, expect_status, isolab, say, test,
};
use libtest_mimic::{Failed, Trial};
use reports::model::Results;

const UNSHARE: &[Need] = &[Need::Root, Need::Tool("unshare")];
const USER: &[Need] = &[Need::Root, Need::Tool("setpriv")];

/// A mount namespace of its own, where a test may hide things.
const OWN_MOUNTS: [&str; 3] = ["unshare", "--mount", "--"];
pub const NOBODY: [&str; 5] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--no-new-privs",
];

pub fn tests() -> Vec<Trial> {
    vec![
        test("without_dev_kvm_the_micro_vm_is_a_row_with_its_reason", UNSHARE, no_kvm),
        test(
            "a_micro_vm_alone_without_dev_kvm_ends_with_2",
            UNSHARE,
            only_kvm_and_none,
        ),
        test(
            "a_node_without_a_device_behind_it_is_told_apart",
            UNSHARE,
            kvm_is_something_else,
        ),
        test(
            "an_ordinary_user_gets_a_row_or_a_figure_for_every_target",
            USER,
            ordinary_user,
        ),
        test(
            "a_read_only_results_folder_is_refused_before_anything_is_measured",
            UNSHARE,
            read_only_results,
        ),
        test(
            "a_full_results_folder_costs_no_table_and_leaves_no_half_file",
            UNSHARE,
            full_results,
        ),
        test(
            "a_full_folder_for_temporary_files_is_an_error_that_names_it",
            UNSHARE,
            full_tmp,
        ),
        test(
            "without_a_cache_the_built_in_workloads_run_from_temporary_files",
            &[],
            no_cache,
        ),
        test("a_kept_workload_that_was_changed_is_not_measured", &[], changed_layer),
        test(
            "a_missing_folder_for_temporary_files_is_an_error_that_names_it",
            &[],
            no_tmp,
        ),
        test(
            "doctor_says_what_it_removed_after_an_isolab_was_killed",
            &[],
            doctor_sweeps,
        ),
        test("doctor_has_a_section_for_every_target", &[], doctor),
        test("doctor_gives_its_findings_as_json_with_identifiers", &[], doctor_json),
        test("doctor_speaks_korean", &[], doctor_in_korean),
        test(
            "doctor_ends_with_1_where_a_required_target_cannot_run",
            UNSHARE,
            doctor_required,
        ),
        test("doctor_says_what_to_do_without_dev_kvm", UNSHARE, doctor_without_kvm),
    ]
}

fn in_own_mounts(place: &Place, script: &str) -> Result<Said, Failed> {
    say(place.script(&OWN_MOUNTS, script))
}

fn reason(results: &Results, target: &str) -> Option<String> {
    let found = results.targets.iter().find(|found| found.name == target)?;
    found.unavailable.as_ref().map(english)
}

/// What containers and isolab itself need of /dev is still there, and kvm is not.
const HIDE_KVM: &str = "mkdir dev && mount -t tmpfs dev dev && \
                        cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev/ && \
                        mount --bind dev /dev && ";

fn no_kvm() -> Result<(), Failed> {
    let place = Place::new();
    let said = in_own_mounts(&place, &format!("{HIDE_KVM} $ISOLAB compare --json - --runs 2"))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    let reason = reason(&results, "microvm").ok_or("no reason")?;
    expect_holds(&reason, "/dev/kvm")?;
    expect_holds(&reason, "modprobe")?;
    let korean = in_own_mounts(
        &place,
        &format!("{HIDE_KVM} $ISOLAB compare --json - --runs 2 --lang ko"),
    )?;
    expect(!korean.stderr.contains("does not exist"), || korean.stderr.clone())?;
    expect(
        results
            .samples
            .iter()
            .filter(|sample| sample.target == "process")
            .count()
            == 2,
        || format!("{:?}", results.samples),
    )
}

fn only_kvm_and_none() -> Result<(), Failed> {
    let place = Place::new();
    let said = in_own_mounts(&place, &format!("{HIDE_KVM} $ISOLAB compare --on microvm"))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stdout, "/dev/kvm")?;
    expect_holds(&said.stderr, "isolab doctor")
}

fn kvm_is_something_else() -> Result<(), Failed> {
    let place = Place::new();
    if !std::path::Path::new("/dev/kvm").exists() {
        // There is no node to put something else over; the other tests cover its absence.
        return Err("this host has no /dev/kvm to replace".into());
    }
    let said = in_own_mounts(
        &place,
        "mount --bind /dev/null /dev/kvm && $ISOLAB run --on microvm hello",
    )?;
    expect_status(&said, 125)?;
    expect_holds(&said.stderr, "/dev/kvm")
}

fn ordinary_user() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::copy(binary(), place.path().join("isolab"))?;
    let said = say(place.script(&NOBODY, "./isolab compare --json - --runs 2"))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    expect(results.targets.len() == 3, || format!("{:?}", results.targets))?;
    for target in &results.targets {
        let counted = results
            .samples
            .iter()
            .filter(|sample| sample.target == target.name)
            .count();
        let explained = target
            .unavailable
            .as_ref()
            .is_some_and(|reason| english(reason).len() > 20);
        expect(explained != (counted == 2), || {
            format!("{target:?} with {counted} samples")
        })?;
    }
    expect(reason(&results, "process").is_none(), || {
        format!("{:?}", results.targets)
    })?;
    // Some hosts give an ordinary user no user namespace. Where they do, a reason is no figure.
    let run = say(place.script(&NOBODY, "./isolab run --on container hello"))?;
    expect(run.status != 0 || reason(&results, "container").is_none(), || {
        format!("a container runs for this user: {:?}", results.targets)
    })?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn read_only_results() -> Result<(), Failed> {
    let place = Place::new();
    let script = "mkdir results && mount -t tmpfs -o ro none results && $ISOLAB compare --on process --runs 2";
    let said = in_own_mounts(&place, script)?;
    expect_status(&said, 2)?;
    expect(said.stdout.is_empty(), || said.stdout.clone())?;
    expect_holds(&said.stderr, "Read-only file system")?;
    expect_holds(&said.stderr, "--json FILE")
}

fn full_results() -> Result<(), Failed> {
    let place = Place::new();
    let script = "mkdir results && mount -t tmpfs -o size=8k none results && \
                  { $ISOLAB compare --on process --runs 200 || echo status $?; } && ls -A results";
    let said = in_own_mounts(&place, script)?;
    expect_holds(&said.stdout, "process")?;
    expect(said.stdout.trim_end().ends_with("status 2"), || said.stdout.clone())?;
    expect_holds(&said.stderr, "No space left on device")
}

fn full_tmp() -> Result<(), Failed> {
    let place = Place::new();
    program(&place)?;
    let script = "mount -t tmpfs -o size=64k none tmp && $ISOLAB compare --on process --runs 2 -- ./program";
    let said = in_own_mounts(&place, script)?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "No space left on device")?;
    expect_holds(&said.stderr, "TMPDIR=")
}

fn no_tmp() -> Result<(), Failed> {
    let place = Place::new();
    program(&place)?;
    let mut command = place.isolab(&["compare", "--on", "process", "--", "./program"]);
    command.env("TMPDIR", place.path().join("nothing"));
    let said = say(command)?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "nothing")?;
    expect_holds(&said.stderr, "TMPDIR=")
}

/// A program that is not isolab's own, and therefore laid out anew for each command.
fn program(place: &Place) -> Result<(), Failed> {
    let hello = bench::workloads::built_in("hello").ok_or("no workload hello")?;
    crate::programs::file(place.path(), "program", hello.bytes);
    Ok(())
}

fn doctor_sweeps() -> Result<(), Failed> {
    let place = Place::new();
    program(&place)?;
    let mut lab = Running::start(&mut place.isolab(&["run", "--on", "process", "--", "./program", "60000"]))?;
    // The folder of all of a user's isolab processes comes first, and is not what is left behind.
    let has_layer =
        |folder: &std::path::PathBuf| std::fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_some());
    crate::support::until("isolab's files", || place.left().iter().any(has_layer).then_some(()))?;
    lab.kill()?;
    lab.wait()?;
    expect_holds(
        &say(place.isolab(&["doctor"]))?.stdout,
        "removed now: 1 temporary folders",
    )?;
    expect_holds(&say(place.isolab(&["doctor"]))?.stdout, "  ok       nothing")
}

fn no_cache() -> Result<(), Failed> {
    let place = Place::new();
    let mut command = place.isolab(&["run", "--on", "process", "hello"]);
    command.env("XDG_CACHE_HOME", "/proc/nothing");
    expect_status(&say(command)?, 0)?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn changed_layer() -> Result<(), Failed> {
    let place = Place::new();
    expect_status(&say(place.isolab(&["run", "--on", "process", "hello"]))?, 0)?;
    // Of the same size, so that only its bytes tell.
    let script = "f=$(echo cache/isolab/layers/*/hello); printf x | dd of=$f bs=1 seek=9 conv=notrunc status=none; \
                  $ISOLAB compare --on process --runs 2 --json - || rm $f; $ISOLAB run --on process hello";
    let said = say(place.script(&["env"], script))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "workload-changed")?;
    expect_holds(&said.stderr, "no target could run the workload")
}

fn doctor() -> Result<(), Failed> {
    let said = isolab(&["doctor"])?;
    expect_status(&said, 0)?;
    for section in ["host", "process", "container", "microvm"] {
        expect(said.stdout.lines().any(|line| line == section), || said.stdout.clone())?;
    }
    Ok(())
}

/// The findings of `doctor --json`, by their identifiers.
fn findings(said: &Said) -> Result<Vec<serde_json::Value>, Failed> {
    let document: serde_json::Value = serde_json::from_str(&said.stdout)?;
    expect(document["schema"] == "isolab-doctor/1", || said.stdout.clone())?;
    Ok(document["findings"].as_array().ok_or("no findings")?.clone())
}

fn doctor_json() -> Result<(), Failed> {
    let said = isolab(&["doctor", "--json"])?;
    expect_status(&said, 0)?;
    let found = findings(&said)?;
    for id in ["host", "process", "container-start", "primitive"] {
        let finding = found.iter().find(|finding| finding["id"] == id);
        let finding = finding.ok_or_else(|| format!("{id} is not in {}", said.stdout))?;
        expect(finding["text"].as_str().is_some_and(|text| !text.is_empty()), || {
            finding.to_string()
        })?;
    }
    let document: serde_json::Value = serde_json::from_str(&said.stdout)?;
    let primitives = &document["host"]["environment"]["primitives"];
    expect(
        primitives.as_array().is_some_and(|primitives| primitives.len() >= 10),
        || primitives.to_string(),
    )
}

fn doctor_in_korean() -> Result<(), Failed> {
    let page = isolab(&["doctor", "--lang", "ko"])?.stdout;
    for part in ["호스트", "마이크로 VM", "시스템 호출"] {
        expect_holds(&page, part)?;
    }
    expect(!page.contains('⟨'), || page.clone())
}

fn doctor_required() -> Result<(), Failed> {
    let place = Place::new();
    let script =
        format!("{HIDE_KVM} $ISOLAB doctor --json --require container || echo; $ISOLAB doctor --require microvm");
    let said = in_own_mounts(&place, &script)?;
    expect_status(&said, 1)?;
    expect_holds(&said.stdout, "kvm-absent")?;
    expect_status(&isolab(&["doctor", "--require", "process"])?, 2)
}

fn doctor_without_kvm() -> Result<(), Failed> {
    let place = Place::new();
    let said = in_own_mounts(&place, &format!("{HIDE_KVM} $ISOLAB doctor"))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "modprobe")
}
