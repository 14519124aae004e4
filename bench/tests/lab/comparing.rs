//! `isolab` and `isolab compare`: what a comparison holds.

use crate::programs;
use crate::support::{Need, Place, Running, english, expect, expect_holds, expect_status, isolab, say, test};
use bench::workloads::Workload;
use libtest_mimic::{Failed, Trial};
use reports::model::{Name, On, Results, Summary};
use std::io::Read;
use std::process::Stdio;

const ALL: &[Need] = &[Need::Kvm, Need::Containers];

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "every_target_is_given_the_same_program_byte_for_byte",
            ALL,
            same_program,
        ),
        test(
            "the_same_work_has_the_same_checksum_on_every_target",
            ALL,
            same_checksum,
        ),
        test(
            "phases_add_up_to_the_start_up_time_and_exit_comes_after_ready",
            ALL,
            phases_add_up,
        ),
        test("memory_and_image_are_filled_in_for_every_target", ALL, memory_and_image),
        test(
            "what_explains_the_host_is_kept_with_the_results",
            &[Need::Kvm],
            environment,
        ),
        test("image_parts_equal_the_bytes_on_disk", &[Need::Kvm], image_parts),
        test(
            "touched_memory_is_found_in_the_unique_set_of_every_target",
            ALL,
            touched_memory,
        ),
        test(
            "no_start_up_is_shorter_than_what_the_program_computes_for",
            ALL,
            known_delay,
        ),
        test(
            "limits_hold_for_the_container_and_are_kept_with_the_results",
            &[Need::Root, Need::Containers],
            limits,
        ),
        test(
            "more_processors_than_the_guest_kernel_takes_are_a_reason_in_the_targets_row",
            &[Need::Kvm],
            several_processors,
        ),
        test(
            "a_failed_run_names_the_system_call_that_the_guest_kernel_lacks",
            &[Need::Kvm],
            missing_call,
        ),
        test("a_first_byte_at_the_end_of_a_long_run_is_pointed_out", &[], late),
        test("the_main_job_prints_a_table_and_keeps_results_and_chart", &[], main_job),
        test("json_on_stdout_stands_alone", &[], json_alone),
        test(
            "the_same_seed_gives_the_same_order_of_runs",
            &[Need::Containers],
            same_order,
        ),
        test("a_failing_workload_is_counted_and_given_up", &[], failing_workload),
        test(
            "a_program_of_the_users_own_is_compared_and_looked_at",
            &[Need::Containers],
            own_program,
        ),
    ]
}

fn environment() -> Result<(), Failed> {
    let found = compare(&["--on", "process", "--runs", "1"])?.host.environment;
    expect(found.clock_source.is_some() && found.measured_at.is_some(), || {
        format!("{found:?}")
    })?;
    let timed = |on: On| {
        let timed = found.primitives.iter().filter(|primitive| primitive.on == on);
        timed.filter(|primitive| primitive.median_ns.is_some()).count()
    };
    expect(timed(On::Host) >= 5 && timed(On::Guest) == 3, || {
        format!("{:?}", found.primitives)
    })?;
    // Nothing of this host is looked at for a clock that is simulated.
    let simulated = compare(&["--on", "simulated", "--runs", "1"])?;
    expect(simulated.host.environment.primitives.is_empty(), || {
        format!("{:?}", simulated.host)
    })
}

fn limits() -> Result<(), Failed> {
    let limits = ["--memory", "16M", "--cpus", "1", "--pids", "8", "--runs", "1"];
    let args = ["--on", "process,container", "--workload", "hold"];
    let said = isolab(&[&["compare", "--json", "-"], &args[..], &limits, &["--", "64"]].concat())?;
    expect_status(&said, 3)?;
    let results = said.results()?;
    let found = &results.config.container_limits;
    expect(
        (found.memory_bytes, found.cpus, found.pids) == (Some(16 << 20), Some(1.0), Some(8)),
        || format!("{found:?}"),
    )?;
    for sample in &results.samples {
        // 64 MiB do not fit into 16, and a plain process has no limit.
        let failed = sample.error.is_some();
        expect(failed == (sample.target == "container"), || format!("{sample:?}"))?;
        if let Some(error) = &sample.error {
            expect_holds(&english(error), "the memory limit was reached")?;
        }
    }
    Ok(())
}

fn missing_call() -> Result<(), Failed> {
    let place = Place::new();
    let program = programs::file(place.path(), "program", &programs::elf(programs::UNKNOWN_CALL));
    let program = program.to_string_lossy().into_owned();
    // It writes nothing, and so fails.
    let said = isolab(&[
        "compare", "--json", "-", "--on", "microvm", "--runs", "1", "--", &program,
    ])?;
    expect_status(&said, 3)?;
    let results = said.results()?;
    let error = results
        .samples
        .iter()
        .find_map(|sample| sample.error)
        .ok_or("it worked")?;
    expect_holds(&english(&error), "does not have the system calls 425 (io_uring_setup)")
}

fn late() -> Result<(), Failed> {
    let place = Place::new();
    let hello = Workload::own("hello", Vec::new())?;
    let program = programs::file(place.path(), "program", &hello.bytes);
    let program = program.to_string_lossy().into_owned();
    let warned = |delay_ms: &str| -> Result<bool, Failed> {
        let results = compare(&["--on", "process", "--runs", "3", "--", &program, delay_ms])?;
        Ok(results.warnings.iter().any(|warning| warning.id == "late-first-byte"))
    };
    expect(warned("100")? && !warned("0")?, || "late, or not".into())
}

fn several_processors() -> Result<(), Failed> {
    let results = compare(&["--on", "process,microvm", "--cpus", "2", "--runs", "1"])?;
    let reason = results.targets[1].unavailable.as_ref().map(english).unwrap_or_default();
    expect_holds(&reason, "runs on one processor")
}

fn compare(args: &[&str]) -> Result<Results, Failed> {
    let said = isolab(&[&["compare", "--json", "-", "--warmup", "1"], args].concat())?;
    expect_status(&said, 0)?;
    said.results()
}

fn same_program() -> Result<(), Failed> {
    let results = compare(&["--runs", "1"])?;
    expect(results.targets.len() == 3, || format!("{:?}", results.targets))?;
    for target in &results.targets {
        expect(
            target.workload_sha256 == results.workload.sha256 && target.workload_sha256.len() == 64,
            || format!("{target:?} was not given {}", results.workload.sha256),
        )?;
    }
    Ok(())
}

fn same_checksum() -> Result<(), Failed> {
    let results = compare(&["--runs", "2", "--workload", "cpu", "--", "2"])?;
    let sums: Vec<Name> = results.samples.iter().filter_map(|sample| sample.checksum).collect();
    expect(sums.len() == 6 && sums.iter().all(|sum| *sum == sums[0]), || {
        format!("{sums:?}")
    })
}

fn phases_add_up() -> Result<(), Failed> {
    let results = compare(&["--runs", "5"])?;
    expect(results.samples.len() == 15, || {
        format!("{} samples", results.samples.len())
    })?;
    for sample in &results.samples {
        let ready_ms = sample.ready_ms().ok_or_else(|| format!("{sample:?}"))?;
        let sum: f64 = sample.phases.iter().map(|phase| phase.ms).sum();
        expect((sum - ready_ms).abs() <= f64::max(0.01 * ready_ms, 0.05), || {
            format!("{sum} {sample:?}")
        })?;
        expect(
            sample.phases.len() > 1 && sample.phases.iter().all(|phase| phase.ms >= 0.0),
            || format!("{sample:?}"),
        )?;
        expect(sample.exit_ms() >= Some(ready_ms), || format!("{sample:?}"))?;
    }
    Ok(())
}

fn memory_and_image() -> Result<(), Failed> {
    let results = compare(&["--runs", "1"])?;
    expect(results.instances.len() == results.targets.len(), || {
        format!("{:?}", results.instances)
    })?;
    for look in &results.instances {
        let memory = |id: &str| look.metrics.get(id);
        let (Some(rss), Some(pss), Some(uss)) = (memory("rss_bytes"), memory("pss_bytes"), memory("uss_bytes")) else {
            return Err(format!("{look:?}").into());
        };
        expect(0.0 < uss && uss <= pss && pss <= rss, || format!("{look:?}"))?;
        if look.target == "microvm" && !look.missing.contains_key("uss_guest_ram_bytes") {
            let guest = memory("uss_guest_ram_bytes").unwrap_or(0.0);
            let parts = guest + memory("uss_monitor_bytes").unwrap_or(0.0);
            expect(parts == uss && guest > 0.0, || format!("{look:?}"))?;
        }
        // Every view that is not there says why.
        expect(
            memory("cgroup_anon_bytes").is_some() || look.missing.contains_key("cgroup_anon_bytes"),
            || format!("{look:?}"),
        )?;
    }
    for target in &results.targets {
        let part = |name: &str| {
            target
                .image
                .iter()
                .find(|part| part.part == name)
                .map(|part| part.bytes)
        };
        expect(part("workload") == Some(results.workload.bytes), || {
            format!("{target:?}")
        })?;
        expect(part("host kernel") == Some(0), || format!("{target:?}"))?;
        expect(part("guest kernel").is_some() == (target.name == "microvm"), || {
            format!("{target:?}")
        })?;
    }
    Ok(())
}

fn image_parts() -> Result<(), Failed> {
    let place = Place::new();
    for args in [
        ["kernel", "export", "builtin", "kernel"].as_slice(),
        &["image", "export", "--initramfs", "files"],
    ] {
        expect_status(&say(place.isolab(args))?, 0)?;
    }
    let on_disk = |name: &str| std::fs::metadata(place.path().join(name)).map(|metadata| metadata.len());
    let results = compare(&["--runs", "1", "--on", "microvm"])?;
    let part = |name: &str| {
        results.targets[0]
            .image
            .iter()
            .find(|part| part.part == name)
            .map_or(0, |part| part.bytes)
    };
    expect(part("guest kernel") == on_disk("kernel")?, || {
        format!("{:?}", results.targets)
    })?;
    expect(part("workload") + part("files") == on_disk("files")?, || {
        format!("{:?}", results.targets)
    })
}

/// The pages of isolab's executable are a monitor's own only while no other process has them, and other tests run at
/// the same time: a machine that is there all the time has them always.
fn touched_memory() -> Result<(), Failed> {
    let place = Place::new();
    let mut command = place.isolab(&["run", "--on", "microvm", "hold"]);
    let mut other = Running::start(command.stdin(Stdio::piped()))?;
    let begun = other.stdout.as_mut().map(|stdout| stdout.read_exact(&mut [0]));
    let found = touched_memory_is_unique();
    other.kill()?;
    other.wait()?;
    begun.transpose()?;
    found
}

fn touched_memory_is_unique() -> Result<(), Failed> {
    let uss = |mebibytes: u32| -> Result<Vec<(String, f64)>, Failed> {
        let mebibytes = mebibytes.to_string();
        let args = [
            "--runs",
            "3",
            "--memory",
            "512M",
            "--workload",
            "hold",
            "--",
            &mebibytes,
        ];
        let results = compare(&args)?;
        let median = |summary: &Summary| Some((summary.target.clone(), summary.metric("uss_bytes")?.value));
        Ok(results.summary.iter().filter_map(median).collect())
    };
    let plain = uss(0)?;
    expect(plain.len() == 3, || format!("{plain:?}"))?;
    for mebibytes in [8, 64, 256] {
        let touched = f64::from(mebibytes << 20);
        for ((target, before), (_, after)) in plain.iter().zip(uss(mebibytes)?) {
            expect(((after - before) / touched - 1.0).abs() < 0.02, || {
                format!("{target}: {before} bytes before, {after} after {touched} were touched")
            })?;
        }
    }
    Ok(())
}

fn known_delay() -> Result<(), Failed> {
    for delay_ms in [5.0, 20.0] {
        let delay = delay_ms.to_string();
        let results = compare(&["--runs", "10", "--workload", "hello", "--", &delay])?;
        for sample in &results.samples {
            // What the program computes for is a lower bound on any host, however busy it is. A guest's clock is its own:
            // it may differ from the host's by a thousandth.
            expect(sample.ready_ms() > Some(delay_ms * 0.999), || {
                format!("{sample:?} with {delay_ms} ms")
            })?;
        }
    }
    Ok(())
}

fn main_job() -> Result<(), Failed> {
    let place = Place::new();
    let said = say(place.isolab(&[]))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "process")?;
    expect_holds(&said.stderr, "results are in results/hello-")?;
    let mut kept: Vec<_> = std::fs::read_dir(place.path().join("results"))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    kept.sort();
    let [json, svg] = kept.as_slice() else {
        return Err(format!("{kept:?}").into());
    };
    let results = Results::from_json(&std::fs::read_to_string(json)?)?;
    expect(
        results
            .samples
            .iter()
            .filter(|sample| sample.target == "process")
            .count()
            == 30,
        || "not thirty samples of the process".into(),
    )?;
    expect_holds(&std::fs::read_to_string(svg)?, "<svg")
}

fn json_alone() -> Result<(), Failed> {
    let said = isolab(&["compare", "--json", "-", "--runs", "1", "--on", "process"])?;
    expect_status(&said, 0)?;
    said.results()?;
    expect(
        said.stdout.starts_with('{') && said.stdout.trim_end().ends_with('}'),
        || said.stdout.clone(),
    )?;
    expect_holds(&said.stderr, "process")
}

fn same_order() -> Result<(), Failed> {
    let order = |seed: &str| -> Result<Vec<Name>, Failed> {
        let results = compare(&["--runs", "8", "--on", "process,container", "--seed", seed])?;
        Ok(results.samples.iter().map(|sample| sample.target).collect())
    };
    expect(order("1")? == order("1")?, || "the same seed gave another order".into())?;
    expect(order("1")? != order("3")?, || "another seed gave the same order".into())
}

fn failing_workload() -> Result<(), Failed> {
    let said = isolab(&[
        "compare",
        "--json",
        "-",
        "--on",
        "process",
        "--workload",
        "hello",
        "--",
        "nonsense",
    ])?;
    expect_status(&said, 3)?;
    let results = said.results()?;
    expect(results.summary[0].failed == 3, || format!("{:?}", results.summary))?;
    expect(results.warnings.iter().any(|warning| warning.id == "gave-up"), || {
        format!("{:?}", results.warnings)
    })?;
    let error = results.samples.get(0).and_then(|sample| sample.error);
    expect_holds(
        &error.as_ref().map(english).unwrap_or_default(),
        "is not a number of milliseconds",
    )
}

fn own_program() -> Result<(), Failed> {
    let place = Place::new();
    let bytes = bench::workloads::built_in("hold").ok_or("no workload hold")?.bytes;
    programs::file(place.path(), "mine", bytes);
    let args = [
        "compare",
        "--json",
        "-",
        "--runs",
        "1",
        "--on",
        "process,container",
        "--",
        "./mine",
        "4",
    ];
    let said = say(place.isolab(&args))?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    expect(
        results.workload.name == "./mine" && results.workload.args == ["4"],
        || format!("{:?}", results.workload),
    )?;
    for summary in &results.summary {
        let uss = summary.metric("uss_bytes").map(|uss| uss.value);
        expect(uss > Some(4.0 * 1024.0 * 1024.0), || format!("{summary:?}"))?;
    }
    Ok(())
}
