//! `isolab` and `isolab compare`: measure, print the table, keep the results.

use super::arguments::{self, WorkloadArguments};
use super::diff;
use super::input_arguments::InputArguments;
use super::machine_arguments::MachineArguments;
use super::output;
use super::progress::Progress;
use crate::comparison::{self, Outcome};
use crate::error::Error;
use crate::files::store;
use crate::host::pin::{self, CpuList};
use crate::host::system_files::SystemFiles;
use crate::measure::ready::Ready;
use crate::plan::{MOST_RUNS, MachineRequest, Plan, RUNS, Request, WARMUP};
use crate::suite::file::Suite;
use crate::suite::{Resume, Step};
use crate::targets::registry::TargetKind;
use crate::workloads::Workload;
use clap::{ArgGroup, Args};
use nix::errno::Errno;
use reports::analysis::statistics::FEWEST_FOR_INTERVAL;
use reports::chart;
use reports::model::{Message, Results, Summary};
use reports::report::Format;
use reports::{Lang, analysis, render, table};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many failed runs are looked at for their reason.
const MOST_ERRORS: usize = 100;

/// Where results go unless told otherwise.
const RESULTS: &str = "results";

// Groups of options in the help.
const MEASURING: &str = "Measuring";
const OUTPUT: &str = "Output";
const BASELINE: &str = "Baseline";

// What `isolab compare` takes.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("reference").args(["baseline", "against"]).multiple(true))]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadArguments,
    /// Name the workload in the table and in results; its path by default
    #[arg(short, long, value_name = "NAME", help_heading = OUTPUT, value_parser = arguments::name)]
    name: Option<String>,
    /// Targets to compare (`isolab target ls`, or a FILE.toml that describes a tool); the first is the reference for the
    /// others. Default: process, container, microvm, and microvm-linux with --kernel or where a kernel was added that boots
    /// here (`isolab kernel ls`)
    #[arg(long, value_name = "T,T,…", value_delimiter = ',', help_heading = MEASURING, value_parser = arguments::target)]
    on: Vec<TargetKind>,
    /// Also a target that is started by this command; program and arguments come behind it, or where it has ${program} and
    /// ${args}. It starts in the folder of the program's files: give other files by absolute paths. --with NAME='COMMAND …'
    /// names it
    #[arg(long, value_name = "COMMAND", help_heading = MEASURING, value_parser = arguments::launcher)]
    with: Vec<TargetKind>,
    /// Measured runs of each target
    #[arg(short, long, value_name = "N", default_value_t = RUNS, help_heading = MEASURING,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    runs: u32,
    /// Warm-up runs of each target, before the measured ones
    #[arg(short, long, value_name = "N", default_value_t = WARMUP, help_heading = MEASURING,
          value_parser = clap::value_parser!(u32).range(0..=10_000))]
    warmup: u32,
    /// Sleep this many milliseconds before each start; idle hosts start programs more slowly
    #[arg(long, value_name = "MS", default_value = "0", help_heading = MEASURING, value_parser = arguments::milliseconds)]
    idle_gap: Duration,
    /// Kill a run that takes longer than this many seconds, and count it as failed
    #[arg(long, value_name = "S", default_value = "30", help_heading = MEASURING, value_parser = arguments::seconds)]
    timeout: Duration,
    /// Seed of the random order of targets in each round; random by default, and kept with the results
    #[arg(long, value_name = "SEED", help_heading = MEASURING)]
    seed: Option<u64>,
    /// Cold starts: drop the files of the image, the guest kernel and the runtime from the page cache before each start
    #[arg(long, help_heading = MEASURING)]
    cold: bool,
    /// What ends the start-up: first-byte, exit, or a TEXT within a line that the program writes to stdout, such as
    /// 'listening on' (memory is that at the first byte all the same)
    #[arg(long, value_name = "first-byte|exit|TEXT", default_value_t, help_heading = MEASURING)]
    ready: Ready,
    /// Pin to CPUs, such as 1, 2,3 or 0-3: isolab to the first, the instances to the others; with one CPU, all of it to that
    #[arg(long, value_name = "LIST", help_heading = MEASURING, value_parser = pin::list)]
    pin: Option<CpuList>,
    /// Write the results to FILE, or with - to stdout (the table then goes to stderr); by default to ./results
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    json: Option<PathBuf>,
    /// Also write a report with all charts (HTML) to the folder DIR
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    report: Option<PathBuf>,
    /// Also show every figure (intervals, p-values, memory in detail, page faults, system calls) and warnings in full
    #[arg(long, help_heading = OUTPUT)]
    explain: bool,
    /// Also say what the figures are
    #[arg(long, help_heading = OUTPUT)]
    legend: bool,
    /// Compare with older results, and show what has changed. Given several times: with several older measurements of the
    /// same thing, which finds smaller changes
    #[arg(long, value_name = "FILE", help_heading = BASELINE)]
    baseline: Vec<PathBuf>,
    /// Also measure PROGRAM, another version of the program, by turns and with the same arguments: finds smaller changes than a
    /// baseline does. Each target has a row A (PROGRAM) and a row B (the program itself), and B is compared with A
    #[arg(long, value_name = "PROGRAM", conflicts_with = "baseline", help_heading = BASELINE)]
    against: Option<String>,
    /// Exit with status 1 if something is significantly worse than the baseline, or B than A, by more than this many percent
    #[arg(long, value_name = "PCT", requires = "reference", help_heading = BASELINE, value_parser = arguments::percent)]
    fail_on_regression: Option<f64>,
    /// Compare even if workload, kernel, host or configuration differ from the baseline's
    #[arg(long, alias = "baseline-differs", requires = "baseline", help_heading = BASELINE)]
    allow_different: bool,
    #[command(flatten)]
    inputs: InputArguments,
    #[command(flatten)]
    machine: MachineArguments,
}

/// The main job: compare on `hello`.
pub fn default_job() -> Result<u8, Error> {
    // clap fills in the defaults, so that they stand in one place only.
    #[derive(clap::Parser)]
    struct Defaults {
        #[command(flatten)]
        arguments: Arguments,
    }
    run(<Defaults as clap::Parser>::parse_from(["isolab"]).arguments)
}

/// Compares as asked.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let to_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    let machine = match &mut arguments.machine.requests()[..] {
        [(_, machine)] => std::mem::take(machine),
        several => return sweep(&arguments, several),
    };
    check_gate(&arguments)?;
    let plan = plan(&arguments, machine)?;
    tell(&arguments, &plan);
    let baseline = arguments.baseline.iter().map(|file| super::report::read(file));
    let baseline = baseline.collect::<Result<Vec<Results>, _>>()?;
    if arguments.json.is_none() {
        store::check(&Path::new(RESULTS).join("results.json")).map_err(elsewhere)?;
    }
    check_places(arguments.json.as_deref(), arguments.report.as_deref())?;
    plan.pinning.apply()?;
    if !baseline.is_empty() && !arguments.allow_different {
        // Before minutes are spent on measuring; guest kernels are compared afterwards.
        check(&baseline, &comparison::planned(&plan))?;
    }
    let mut progress = Progress::new(plan.steps());
    let Outcome { mut results, complete } = comparison::compare(&plan, &mut progress)?;
    drop(progress);
    if !complete && results.samples.is_empty() {
        return Err(Error::new(Message::new("ended-before-first-run")));
    }
    // What was stopped half-way cannot tell.
    let judged = match complete {
        true => judge(&arguments, &mut results, &baseline),
        false => Ok(()),
    };
    let tables = |style| {
        let mut text = table::render_in(&results, style, output::language());
        if arguments.explain {
            text.push('\n');
            text.push_str(&table::details_in(&results, style, output::language()));
        }
        if arguments.legend {
            text.push('\n');
            text.push_str(&table::legend_in(&results, style, output::language()));
        }
        text
    };
    if to_stdout {
        output::text(&tables(output::table_style(&std::io::stderr())));
        output::print_with(|stdout| Ok(results.write(stdout)?))?;
    } else {
        output::print(tables(output::table_style(&std::io::stdout())).as_bytes())?;
        keep(arguments.json.as_deref(), &results)?;
    }
    if !complete {
        // What has been measured is kept and marked; whether it is worse than a baseline it cannot tell.
        return Err(Error::new(
            Message::new("ended-before-all-runs").with("runs", results.samples.len()),
        ));
    }
    if let Some(folder) = &arguments.report {
        let files = super::report::write(
            std::slice::from_ref(&results),
            &[Format::Html],
            folder,
            output::language(),
        )?;
        output::say(&Message::new("report-is-in").with("files", files.join(", ")));
    }
    if results.targets.iter().all(|target| target.unavailable.is_some()) {
        return Err(Error::new(Message::new("no-target-could-run")).remedy(Message::new("do-doctor")));
    }
    judged?;
    let status = status(&results);
    if status != 0 && misses_a_file(&results) {
        output::hint(
            "a program finds only the files that it is given, by relative paths: isolab compare --file data.txt -- PROGRAM",
        );
    }
    let Some(found) = &results.diff else { return Ok(status) };
    output::text(&render::diff(found, &[&results], output::language()));
    Ok(match diff::gate(std::slice::from_ref(found))? {
        0 => status,
        regression => regression,
    })
}

/// Whether a program of one's own did not find a file.
fn misses_a_file(results: &Results) -> bool {
    let errors = results.samples.iter().filter_map(|sample| sample.error);
    errors
        .take(MOST_ERRORS)
        .any(|error| render::reason(&error, Lang::En).contains(Errno::ENOENT.desc()))
}

/// The exit status of results: whether there is a target that could run the program, and none of whose runs ended well.
pub fn status(results: &Results) -> u8 {
    /// Neither that of a regression nor that of isolab's own failure.
    const FAILED_RUNS: u8 = 3;
    let failed = |summary: &Summary| summary.failed > 0 && summary.metric("ready_ms").is_none();
    match results.summary.iter().any(failed) {
        true => FAILED_RUNS,
        false => 0,
    }
}

/// Refuses places for the results that cannot be written to, before minutes are spent on measuring.
pub fn check_places(json: Option<&Path>, report: Option<&Path>) -> Result<(), Error> {
    if let Some(file) = json.filter(|file| *file != Path::new("-")) {
        store::check(file)?;
    }
    report.map_or(Ok(()), |folder| store::check(&folder.join("report.html")))
}

/// The error of the usual place for results.
fn elsewhere(error: Error) -> Error {
    error.remedy(Message::new("do-json-elsewhere"))
}

/// Refuses a gate of fewer runs than an interval takes, before they are measured.
fn check_gate(arguments: &Arguments) -> Result<(), Error> {
    let (runs, least) = (arguments.runs, FEWEST_FOR_INTERVAL);
    if arguments.fail_on_regression.is_none() || runs >= least {
        return Ok(());
    }
    let few = Message::new("gate-of-few-runs").with("runs", runs).with("least", least);
    Err(Error::new(few).remedy(Message::new("do-gate-runs").with("runs", RUNS)))
}

/// Refuses a baseline of something else.
fn check(then: &[Results], now: &Results) -> Result<(), Error> {
    diff::check(&diff::refer(then), &[now], output::language())
        .map_err(|error| error.remedy(Message::new("do-new-baseline")))
}

/// Notes in the results what has changed since the baseline, or from one version to the other, where there are two.
fn judge(arguments: &Arguments, results: &mut Results, then: &[Results]) -> Result<(), Error> {
    if then.is_empty() {
        results.diff = analysis::diff::versions(results, arguments.fail_on_regression);
        return Ok(());
    }
    if !arguments.allow_different {
        check(then, results)?;
    }
    results.diff = analysis::diff::diff(&[(&diff::refer(then), &[results])], arguments.fail_on_regression).pop();
    Ok(())
}

fn workload(arguments: &Arguments) -> Result<Workload, Error> {
    let workload = arguments.inputs.give_to(arguments.workload.find("compare")?)?;
    Ok(Workload {
        name: arguments.name.clone().unwrap_or(workload.name),
        ready: arguments.ready.clone(),
        ..workload
    })
}

fn plan(arguments: &Arguments, machine: MachineRequest) -> Result<Plan, Error> {
    let mut workload = workload(arguments)?;
    let against = arguments.against.as_deref();
    let against = against
        .map(|program| arguments.inputs.give_to(arguments::version(program, &workload)?))
        .transpose()?;
    if against.is_some() {
        // A built-in workload is laid out anew then, as the other version is.
        workload.known_sha256 = None;
    }
    let request = Request {
        workload,
        against,
        targets: (!arguments.on.is_empty()).then(|| arguments.on.clone()),
        launchers: arguments.with.clone(),
        runs: Some(arguments.runs),
        warmup: Some(arguments.warmup),
        idle_gap: Some(arguments.idle_gap),
        timeout: Some(arguments.timeout),
        seed: arguments.seed,
        machine,
        image_files_bytes: 0,
        cold: arguments.cold,
        pin: arguments.pin.clone(),
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
    };
    request.resolve()
}

/// What to know before measuring.
fn tell(arguments: &Arguments, plan: &Plan) {
    arguments.machine.tell_kernel(&plan.machine);
    for text in plan.pinning.hints(&SystemFiles::of_this_host()) {
        output::hint(&text);
    }
    let last = pin::allowed().ok().and_then(|cpus| cpus.last().copied());
    if let Some(last) = last.filter(|_| arguments.fail_on_regression.is_some() && arguments.pin.is_none()) {
        output::hint(&format!(
            "pinned runs scatter less, so that the gate finds smaller changes: --pin {last}"
        ));
    }
}

/// One comparison with each of these machines, kept in a folder of their own, as those of a suite are.
fn sweep(arguments: &Arguments, machines: &mut [(String, MachineRequest)]) -> Result<u8, Error> {
    if !arguments.baseline.is_empty() || arguments.against.is_some() || arguments.json.is_some() {
        return Err(Error::new(
            "--baseline, --against and --json are for one comparison, and several values make several",
        )
        .remedy("Give one value of --memory and --cpus. The files of several go to a folder in ./results."));
    }
    let step = |(number, (suffix, machine)): (usize, &mut (String, MachineRequest))| -> Result<Step, Error> {
        let plan = plan(arguments, std::mem::take(machine))?;
        let name = file_name(&plan.workload.name);
        Ok(Step {
            name: format!("{:02}-{name}{suffix}", number + 1),
            plan,
        })
    };
    let steps: Vec<Step> = machines.iter_mut().enumerate().map(step).collect::<Result<_, _>>()?;
    let plan = &steps[0].plan;
    tell(arguments, plan);
    plan.pinning.apply()?;
    let suite = Suite {
        name: "compare".into(),
        description: plan.command.join(" "),
        seed: plan.schedule.seed,
        cases: Vec::new(),
    };
    let folder = Path::new(RESULTS).join(dated(&plan.workload.name));
    let status = super::suite::run_steps(&suite, &steps, &folder, Resume::No, None)?;
    match &arguments.report {
        Some(report) => {
            let files = super::report::results_in(&folder)?;
            let results: Vec<Results> = files
                .iter()
                .map(|file| super::report::read(file))
                .collect::<Result<_, _>>()?;
            let files = super::report::write(&results, &[Format::Html], report, output::language())?;
            output::hint(&format!("a report is in {}", files.join(", ")));
        }
        None => output::hint(&format!("charts over all of them: isolab report {}", folder.display())),
    }
    Ok(status)
}

/// Writes the results file and beside it the chart, and says where.
fn keep(asked: Option<&Path>, results: &Results) -> Result<(), Error> {
    let path = match asked {
        Some(path) => path.to_owned(),
        None => Path::new(RESULTS).join(format!("{}.json", dated(&results.workload.name))),
    };
    store::write_with(&path, |file| Ok(results.write(file)?)).map_err(|error| match asked {
        Some(_) => error,
        None => elsewhere(error),
    })?;
    output::say(&Message::new("results-are-in").with("path", path.display().to_string()));
    if asked.is_none() {
        let path = path.with_extension("svg");
        store::write(&path, chart::startup_phases(results).svg().as_bytes())?;
        output::say(&Message::new("chart-is-in").with("path", path.display().to_string()));
    }
    Ok(())
}

/// The workload's name and the time, in UTC: `hello-20260102T030405Z`.
fn dated(workload: &str) -> String {
    let file = file_name(workload);
    format!("{file}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}

/// The last part of a workload's name, which may be a path.
fn file_name(workload: &str) -> String {
    Path::new(workload)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
