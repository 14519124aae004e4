//! Instances that are held at once: how many, what they take, why there are not more, and that nothing of them is left.

use crate::support::{
    Need, Place, Running, Said, descendants, english, expect, expect_holds, expect_status, is_alive, say, test, until,
};
use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const ALL: &[Need] = &[Need::Kvm, Need::Containers];
const EVERYWHERE: &str = "process,container,microvm";

pub fn tests() -> Vec<Trial> {
    vec![
        test("instances_of_every_target_are_held_up_to_the_count", ALL, count),
        test("no_more_are_held_than_the_budget_of_memory_has_room_for", &[], budget),
        test(
            "a_place_that_cannot_be_written_to_is_refused_before_a_start",
            &[],
            refused,
        ),
        test("a_limit_of_the_host_ends_it_with_the_kernels_answer", &[], limit),
        test(
            "a_program_keeps_the_descriptors_that_isolab_was_given",
            &[],
            descriptors,
        ),
        test("sigint_keeps_what_was_held_and_leaves_nothing", ALL, || {
            ended(Signal::SIGINT)
        }),
        test("nothing_is_left_of_instances_whose_isolab_is_killed", ALL, || {
            ended(Signal::SIGKILL)
        }),
    ]
}

fn density(place: &Place, more: &[&str]) -> Result<Said, Failed> {
    say(place.isolab(&[&["density", "--json", "-"], more].concat()))
}

fn count() -> Result<(), Failed> {
    let place = Place::new();
    let said = density(&place, &["--on", EVERYWHERE, "--max", "12"])?;
    expect_status(&said, 0)?;
    expect_holds(&said.stderr, "container 12 in")?;
    let results = said.results()?;
    for held in &results.density {
        // Other tests give memory back meanwhile; what instances take of it is tested beside nothing else.
        let used = held.used_bytes.iter().copied().fold(0.0, f64::max);
        let sound = held.ended.id == "density-count" && held.start_ms.len() == 12 && held.used_bytes.len() == 12;
        expect(sound && used > 0.0, || format!("{held:?}"))?;
    }
    expect(results.density.len() == 3, || format!("{:?}", results.targets))?;
    expect(place.left().is_empty(), || format!("{:?}", place.left()))
}

fn refused() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::write(place.path().join("file"), "")?;
    for to in ["--json", "--report"] {
        let said = say(place.isolab(&["density", "--on", "process", "--max", "1", to, "file/below"]))?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, "file/below")?;
        expect(said.stdout.is_empty(), || said.stdout.clone())?;
    }
    Ok(())
}

fn budget() -> Result<(), Failed> {
    let said = density(
        &Place::new(),
        &["--on", "process", "--max", "90", "--budget", "90M", "hold", "--", "16"],
    )?;
    expect_status(&said, 0)?;
    let held = said.results()?.density.remove(0);
    // Of 90 MiB, with 16 MiB each; what other programs take or give back meanwhile counts until the end.
    let few = (1..90).contains(&held.start_ms.len());
    expect(held.ended.id == "density-budget" && few, || format!("{held:?}"))
}

fn limit() -> Result<(), Failed> {
    let script = "ulimit -n 40; $ISOLAB density --json - --on process --max 90";
    let said = say(Place::new().script(&["env"], script))?;
    expect_status(&said, 0)?;
    let held = said.results()?.density.remove(0);
    expect((1..40).contains(&held.start_ms.len()), || format!("{held:?}"))?;
    expect_holds(&english(&held.ended), "open files")
}

fn descriptors() -> Result<(), Failed> {
    let place = Place::new();
    let mut isolab = Running::start(&mut place.script(
        &["env"],
        "ulimit -S -n 100; exec $ISOLAB density --on process --max 9000",
    ))?;
    let limits = until("an instance", || {
        let held = descendants(isolab.id()).first().copied()?;
        let executed = std::fs::read_link(format!("/proc/{held}/exe")).ok()?;
        let isolab = std::fs::read_link(format!("/proc/{}/exe", isolab.id())).ok()?;
        (executed != isolab).then(|| std::fs::read_to_string(format!("/proc/{held}/limits")).ok())?
    });
    isolab.kill()?;
    isolab.wait()?;
    let limits = limits?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap_or_default();
    expect(line.split_whitespace().nth(3) == Some("100"), || limits.clone())
}

fn ended(by: Signal) -> Result<(), Failed> {
    for target in EVERYWHERE.split(',') {
        let place = Place::new();
        let mut isolab = Running::start(&mut place.isolab(&["density", "--on", target, "--max", "9000"]))?;
        let held = until("ten processes of instances", || {
            let held = descendants(isolab.id());
            (held.len() >= 10).then_some(held)
        })?;
        kill(Pid::from_raw(isolab.id() as i32), by)?;
        let status = isolab.wait()?;
        let wanted = if by == Signal::SIGINT { Some(130) } else { None };
        expect(status.code() == wanted, || format!("{target}: {status}"))?;
        until("every process of the held instances to be gone", || {
            held.iter().all(|pid| !is_alive(*pid)).then_some(())
        })?;
        // The next command removes what one that was killed could not.
        expect_status(&say(place.isolab(&["target", "ls"]))?, 0)?;
        expect(place.left().is_empty(), || format!("{target}: {:?}", place.left()))?;
    }
    Ok(())
}
