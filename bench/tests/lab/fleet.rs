//! A suite that several jobs or machines share.

use crate::support::{Need, Place, Running, binary, expect, expect_holds, expect_status, say, test, until};
use libtest_mimic::{Failed, Trial};
use reports::model::Results;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// The script of a Slurm job array.
const SLURM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fleet/slurm.sh");

pub fn tests() -> Vec<Trial> {
    let slurm = &[
        Need::Root,
        Need::Tool("slurmctld"),
        Need::Tool("slurmd"),
        Need::Tool("sbatch"),
    ];
    vec![
        test("shards_in_one_folder_are_the_suite_that_one_run_is", &[], shards),
        test("a_slurm_job_array_runs_a_suite_in_shards", slurm, slurm_array),
    ]
}

/// Five cases, on a simulated clock.
const SIMULATED: &str = r#"
description = "five cases"

[[case]]
name = "hello"
workload = "hello"
targets = ["process", "simulated"]
runs = 2
warmup = 0
memory = ["16M", "32M", "64M", "128M", "256M"]
"#;

/// The results files' names, with what was measured in them.
fn cells(folder: &Path) -> Result<Vec<(String, String)>, Failed> {
    let mut cells = Vec::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && name != "suite.json" {
            let results = Results::from_json(&std::fs::read_to_string(entry.path())?)?;
            let targets: Vec<_> = results
                .summary
                .iter()
                .map(|summary| (&summary.target, summary.runs))
                .collect();
            cells.push((name, format!("{targets:?} {}", results.config.memory_bytes)));
        }
    }
    cells.sort();
    Ok(cells)
}

fn shards() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::write(place.path().join("shared.toml"), SIMULATED)?;
    let suite = |more: &[&str]| say(place.isolab(&[&["suite", "run", "shared.toml"], more].concat()));
    expect_status(&suite(&["--out", "whole"])?, 0)?;
    let mut running = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let args = ["suite", "run", "shared.toml", "--out", "parts", "--shard", shard];
        running.push(Running::start(&mut place.isolab(&args))?);
    }
    for shard in running {
        let output = shard.wait_with_output()?;
        expect(output.status.success(), || {
            String::from_utf8_lossy(&output.stderr).into_owned()
        })?;
    }
    let parts = cells(&place.path().join("parts"))?;
    expect(parts.len() == 5 && parts == cells(&place.path().join("whole"))?, || {
        format!("{parts:?}")
    })?;
    // Measured twice is an error, and of another suite as well.
    let again = suite(&["--out", "parts", "--shard", "2/3"])?;
    expect_status(&again, 2)?;
    expect_holds(&again.stderr, "--resume")?;
    // A job that is started again goes on, in what is there and in what is not.
    for folder in ["parts", "new"] {
        expect_status(&suite(&["--out", folder, "--shard", "2/3", "--resume"])?, 0)?;
    }
    for file in [
        include_str!("../../fleet/slurm.sh"),
        include_str!("../../fleet/kubernetes.yaml"),
    ] {
        expect_holds(file, "--resume")?;
    }
    expect_status(&say(place.isolab(&["report", "parts", "--out", "report"]))?, 0)?;
    let report = std::fs::read_to_string(place.path().join("report/report.html"))?.replace('\u{a0}', " ");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    expect_holds(
        &std::fs::read_to_string(place.path().join("parts").join(&parts[0].0))?,
        host.trim(),
    )?;
    for memory in ["16", "32", "64", "128", "256"] {
        let cell = format!("guest RAM {memory} MiB");
        expect(report.contains(&cell), || format!("{cell} is not in the report"))?;
    }
    Ok(())
}

/// A cluster of this machine alone, by a configuration of its own. Nobody is authenticated; it listens on loopback only.
fn cluster(folder: &Path) -> Result<[Running; 2], Failed> {
    let free = || Ok::<u16, std::io::Error>(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let (control, node) = (free()?, free()?);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    let (host, at) = (host.trim(), folder.display());
    let settings = format!(
        "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nAuthType=auth/none\nCredType=cred/none\n\
         SlurmctldPort={control}\nSlurmdPort={node}\nSlurmctldParameters=idle_on_node_suspend\n\
         StateSaveLocation={at}/state\nSlurmdSpoolDir={at}/spool\nSlurmctldPidFile={at}/slurmctld.pid\n\
         SlurmdPidFile={at}/slurmd.pid\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nReturnToService=2\n\
         MpiDefault=none\nNodeName={host} NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN\n\
         PartitionName=all Nodes=ALL Default=YES State=UP\n"
    );
    std::fs::write(folder.join("slurm.conf"), settings)?;
    for name in ["state", "spool"] {
        std::fs::create_dir(folder.join(name))?;
    }
    let daemon = |program: &str, options: &[&str]| {
        let mut command = Command::new(program);
        command.args(options).env("SLURM_CONF", folder.join("slurm.conf"));
        Running::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    };
    Ok([daemon("slurmctld", &["-D", "-c"])?, daemon("slurmd", &["-D"])?])
}

fn slurm_array() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::write(place.path().join("shared.toml"), SIMULATED)?;
    let folder = place.path().join("slurm");
    std::fs::create_dir(&folder)?;
    let cluster = cluster(&folder)?;
    let submitted = until("the cluster to take a job array", || {
        let mut sbatch = Command::new("sbatch");
        sbatch
            .args([
                "--wait",
                "--array=1-3",
                "--output=job-%a.log",
                SLURM,
                "shared.toml",
                "results",
            ])
            .env("SLURM_CONF", folder.join("slurm.conf"))
            .env("ISOLAB", binary())
            .env("TMPDIR", place.path().join("tmp"))
            .current_dir(place.path());
        // The control daemon may not listen yet.
        sbatch.output().ok().filter(|output| output.status.success())
    });
    drop(cluster);
    let logs = || {
        let read = |job| std::fs::read_to_string(place.path().join(format!("job-{job}.log"))).unwrap_or_default();
        (1..=3).map(read).collect::<String>()
    };
    submitted.map_err(|failed| Failed::from(format!("{failed:?}: {}", logs())))?;
    expect_status(
        &say(place.isolab(&["suite", "run", "shared.toml", "--out", "whole"]))?,
        0,
    )?;
    let cells = |folder: &str| cells(&place.path().join(folder));
    expect(
        cells("results")?.len() == 5 && cells("results")? == cells("whole")?,
        logs,
    )
}
