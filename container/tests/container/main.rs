//! What a container promises, checked against the running kernel.
//!
//! The harness is libtest-mimic, because some tests need what a host may lack (root, control groups, user namespaces):
//! those are listed as ignored, with the reason. The program inside the containers is this executable itself, copied
//! into a layer (`payload.rs`); it is also isolab that is killed (`sweep.rs`) and a careless one
//! (`life.rs`).

mod death;
mod errors;
mod files;
mod first_instruction;
mod hostile;
mod life;
mod limits;
mod out_of_reach;
mod payload;
mod run;
mod security;
mod sweep;
mod syscalls;
mod traced_init;
mod variants;

use libtest_mimic::{Arguments, Failed, Trial};
use run::Starter;

/// A test: its name as a claim, what it needs of the host, and what it does.
type Test = (&'static str, Need, fn());

/// What a test needs.
#[derive(Clone, Copy)]
enum Need {
    Nothing,
    Root,
    /// Control groups that this user may make, with these limits.
    Groups,
    /// The same, of cgroup v2.
    GroupsV2,
}

impl Need {
    /// Why the test cannot run here; `None` when it can.
    fn missing(self) -> Option<String> {
        match self {
            Need::Nothing => run::cannot_start(),
            Need::Root if !nix::unistd::geteuid().is_root() => Some("needs root".into()),
            Need::Root => run::cannot_start(),
            Need::Groups => run::cannot_start().or_else(run::cannot_limit),
            Need::GroupsV2 => Need::Groups.missing().or_else(run::limits_are_v1),
        }
    }
}

fn main() {
    payload::run_if_called();
    sweep::run_if_called();
    files::run_if_called();
    life::run_if_called();
    limits::run_if_called();
    death::run_if_called();
    let arguments = Arguments::from_args();
    let tests = [
        life::TESTS,
        files::TESTS,
        errors::TESTS,
        limits::TESTS,
        security::TESTS,
        hostile::TESTS,
        out_of_reach::TESTS,
        traced_init::TESTS,
        variants::TESTS,
        syscalls::TESTS,
        sweep::TESTS,
        death::TESTS,
    ];
    // What is promised holds whoever makes the start; these are not about who does.
    let both = [
        life::TESTS,
        files::TESTS,
        errors::TESTS,
        limits::TESTS,
        security::TESTS,
        hostile::TESTS,
        traced_init::TESTS,
        variants::TESTS,
    ];
    let by_library = tests.into_iter().flatten().map(|test| (test, Starter::Library));
    let by_runtime = both.into_iter().flatten().map(|test| (test, Starter::Runtime));
    let trials = by_library.chain(by_runtime).map(|(&(name, need, test), starter)| {
        let missing = need.missing();
        let way = match starter {
            Starter::Library => "",
            Starter::Runtime => ", started by the runtime",
        };
        let name = match &missing {
            Some(reason) => format!("{name}{way} [{reason}]"),
            None => format!("{name}{way}"),
        };
        let run = move || {
            run::STARTER.set(starter);
            std::panic::catch_unwind(test).map_err(|panic| Failed::from(message(&*panic)))
        };
        Trial::test(name, run).with_ignored_flag(missing.is_some())
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    run::clean_up();
    conclusion.exit();
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("panic")
        .to_owned()
}
