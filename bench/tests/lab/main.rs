//! The built `isolab` as its users meet it: each test runs the binary, and what a test needs that this host lacks makes it
//! `ignored`, with the reason.

mod baselines;
mod cold;
mod comparing;
mod counting;
mod demonstrations;
mod density;
mod diffing;
mod economy;
mod ending;
mod exporting;
mod external_tools;
mod first_tries;
mod fleet;
mod habits;
mod host;
mod host_kernel;
mod inputs;
mod languages;
mod launchers;
mod memory;
mod pinning;
mod programs;
mod refusing;
mod root_disks;
mod running;
mod speed;
mod suites;
mod support;
mod terminals;
mod versions;
mod wording;

use libtest_mimic::Arguments;

fn main() {
    // Some tests start instances themselves, whose runtime is this program again.
    bench::targets::runtime::run_if_asked();
    let arguments = Arguments::from_args();
    let tests = [
        baselines::tests(),
        cold::tests(),
        comparing::tests(),
        counting::tests(),
        demonstrations::tests(),
        density::tests(),
        diffing::tests(),
        economy::tests(),
        ending::tests(),
        exporting::tests(),
        external_tools::tests(),
        first_tries::tests(),
        fleet::tests(),
        habits::tests(),
        host::tests(),
        host_kernel::tests(),
        inputs::tests(),
        languages::tests(),
        launchers::tests(),
        wording::tests(),
        pinning::tests(),
        refusing::tests(),
        root_disks::tests(),
        running::tests(),
        speed::tests(),
        suites::tests(),
        terminals::tests(),
        versions::tests(),
    ];
    let conclusion = libtest_mimic::run(&arguments, tests.into_iter().flatten().collect());
    conclusion.exit_if_failed();
    // The host's memory is looked at: one after the other, and beside nothing else.
    let alone = Arguments {
        test_threads: Some(1),
        ..arguments
    };
    libtest_mimic::run(&alone, memory::tests()).exit();
}
