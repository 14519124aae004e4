//! `--cold`, and what it rests on: files dropped from the page cache one by one.

use crate::support::{Need, Place, expect, expect_holds, expect_status, say, test};
use bench::host::page_cache::{Cached, drop_file, look};
use libtest_mimic::{Failed, Trial};
use reports::model::{Results, Sample};
use std::io::Write;
use std::path::{Path, PathBuf};

const PAGES: usize = 64;

pub fn tests() -> Vec<Trial> {
    vec![
        test("a_file_that_was_read_is_dropped", &[Need::Disk], dropped),
        test(
            "a_file_that_was_just_written_is_written_back_and_dropped",
            &[Need::Disk],
            just_written,
        ),
        test("pages_that_a_process_maps_stay_and_are_counted", &[Need::Disk], mapped),
        test("a_file_in_memory_stays_as_a_whole", &[Need::Tmpfs], in_memory),
        test(
            "another_users_file_is_not_said_to_be_there",
            &[Need::Root, Need::Tool("setpriv"), Need::Disk],
            not_ours,
        ),
        test(
            "a_cold_start_of_every_target_reads_the_program_from_the_disk_and_a_warm_one_does_not",
            &[Need::Disk, Need::Kvm, Need::Containers],
            reads_the_disk,
        ),
        test(
            "cold_starts_are_rows_of_their_own_and_no_baseline_of_warm_ones",
            &[],
            own_rows,
        ),
        test("a_suite_asks_for_cold_starts_by_a_key", &[], suite_key),
    ]
}

/// A file of some pages, in the page cache and on disk.
fn file(folder: &Path) -> Result<PathBuf, Failed> {
    let path = folder.join("file");
    let mut file = std::fs::File::create(&path)?;
    file.write_all(&vec![7; PAGES * 4096])?;
    file.sync_all()?;
    Ok(path)
}

fn cached(pages: usize) -> Cached {
    Cached {
        pages: Some(pages),
        of: PAGES,
    }
}

fn expect_cached(found: Cached, expected: Cached) -> Result<(), Failed> {
    expect(found == expected, || format!("{found:?}, expected {expected:?}"))
}

fn dropped() -> Result<(), Failed> {
    let place = Place::new();
    let path = file(place.path())?;
    expect_cached(look(&path)?, cached(PAGES))?;
    expect_cached(drop_file(&path)?, cached(0))?;
    std::fs::read(&path)?;
    expect_cached(look(&path)?, cached(PAGES))?;
    std::fs::write(&path, b"")?;
    expect(drop_file(&path)?.of == 0, || "an empty file has pages".into())
}

fn just_written() -> Result<(), Failed> {
    let place = Place::new();
    let path = place.path().join("file");
    std::fs::write(&path, vec![7; PAGES * 4096])?;
    expect_cached(drop_file(&path)?, cached(0))?;
    expect(std::fs::read(&path)?.iter().all(|byte| *byte == 7), || {
        "it was changed".into()
    })
}

fn mapped() -> Result<(), Failed> {
    let place = Place::new();
    // A running program is mapped.
    let hello = bench::workloads::built_in("hello").ok_or("no workload hello")?;
    let path = crate::programs::file(place.path(), "program", hello.bytes);
    let mut running = crate::support::Running::start(std::process::Command::new(&path).arg("60000"))?;
    let exe = format!("/proc/{}/exe", running.id());
    crate::support::until("the program", || {
        (std::fs::read_link(&exe).ok()? == path.canonicalize().ok()?).then_some(())
    })?;
    let stayed = crate::support::until("a mapped page", || {
        let found = drop_file(&path).ok()?;
        (found.pages != Some(0)).then_some(found)
    })?;
    expect(stayed.pages < Some(stayed.of), || format!("{stayed:?}"))?;
    running.kill()?;
    running.wait()?;
    expect(drop_file(&path)?.pages == Some(0), || "it stayed".into())
}

fn in_memory() -> Result<(), Failed> {
    let folder = tempfile::tempdir_in("/dev/shm")?;
    let path = file(folder.path())?;
    expect_cached(drop_file(&path)?, cached(PAGES))
}

fn not_ours() -> Result<(), Failed> {
    let place = Place::new();
    let path = place.path().join("program");
    std::fs::copy(crate::support::binary(), place.path().join("isolab"))?;
    let hello = bench::workloads::built_in("hello").ok_or("no workload hello")?;
    crate::programs::file(place.path(), "program", hello.bytes);
    let script = format!(
        "./isolab compare --cold --on container --json - -r 1 -w 0 -- {} || true",
        path.display()
    );
    let said = say(place.script(&crate::host::NOBODY, &script))?;
    // Whether or not this user may start containers, root's executable is none of its own.
    let results = said.results()?;
    let ran = results.samples.iter().any(|sample| sample.error.is_none());
    let told = results.warnings.iter().any(|warning| warning.id == "not-cold-unknown");
    expect(told || !ran, || format!("{:?}", results.warnings))
}

fn compare(place: &Place, args: &[&str]) -> Result<Results, Failed> {
    let said = say(place.isolab(&[&["compare", "--json", "-", "-r", "3", "-w", "1"], args].concat()))?;
    expect_status(&said, 0)?;
    said.results()
}

/// The page faults of a run for which the disk was read.
fn disk_reads(sample: &Sample) -> u64 {
    sample.metric("major_faults").unwrap_or(0.0) as u64
}

fn reads_the_disk() -> Result<(), Failed> {
    let place = Place::new();
    // Not the executable that other tests run meanwhile.
    std::fs::copy(crate::support::binary(), place.path().join("isolab"))?;
    let compare = |options: &str| -> Result<Results, Failed> {
        let said = say(place.script(
            &["env"],
            &format!("./isolab compare --json - -r 3 -w 1 {options} hello"),
        ))?;
        expect_status(&said, 0)?;
        said.results()
    };
    for target in ["process", "container", "microvm"] {
        let warm = compare(&format!("--on {target}"))?;
        // A host that is short of memory may have dropped something between two runs.
        expect(warm.samples.iter().any(|sample| disk_reads(&sample) == 0), || {
            format!("{target}, warm: {:?}", warm.samples)
        })?;
        let cold = compare(&format!("--on {target} --cold"))?;
        expect(cold.samples.iter().all(|sample| disk_reads(&sample) > 0), || {
            format!("{target}, cold: {:?}", cold.samples)
        })?;
        let runtime = cold.warnings.iter().any(|warning| warning.id == "not-cold");
        expect(runtime == (target != "process"), || {
            format!("{target}: {:?}", cold.warnings)
        })?;
    }
    Ok(())
}

fn own_rows() -> Result<(), Failed> {
    let place = Place::new();
    let cold = compare(&place, &["--on", "simulated", "--cold"])?;
    expect(cold.config.cold && cold.targets[0].name == "simulated-cold", || {
        format!("{:?}", cold.targets)
    })?;
    expect(cold.summary[0].target == "simulated-cold", || {
        format!("{:?}", cold.summary)
    })?;
    std::fs::write(place.path().join("cold.json"), cold.to_json()?)?;
    let said = say(place.isolab(&["compare", "--on", "simulated", "--baseline", "cold.json"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "starts are warm and were cold")
}

fn suite_key() -> Result<(), Failed> {
    let place = Place::new();
    let case = "[[case]]\nname = \"a\"\nworkload = \"hello\"\ntargets = [\"simulated\"]\nruns = 6\ncold = true\n";
    std::fs::write(place.path().join("suite.toml"), case)?;
    expect_status(&say(place.isolab(&["suite", "run", "suite.toml", "--out", "out"]))?, 0)?;
    let results = Results::from_json(&std::fs::read_to_string(place.path().join("out/01-a.json"))?)?;
    expect(results.config.cold, || format!("{:?}", results.config))
}
