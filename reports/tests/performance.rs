//! What the view of many programs promises: each against the first target, with what happens in it, and why a figure is missing.

mod fixtures;

use fixtures::results;
use reports::model::{KvmKind, Message, Results};
use reports::table::{TableStyle, performance_in, render_in};
use reports::{Lang, analysis, report};

const STYLE: TableStyle = TableStyle {
    color: false,
    width: 100,
};

/// The fixture `cpu` as the results of another of isolab's programs.
fn program(name: &str) -> Results {
    let mut results = results("cpu");
    results.workload.name = name.into();
    results
}

/// Three programs, of which the last cannot run in the micro-VM.
fn three() -> [Results; 3] {
    let mut network = program("network");
    let place = network.targets.iter().position(|target| target.name == "microvm");
    network.targets[place.expect("the fixture has a micro-VM")].unavailable = Some(Message::new("no-output"));
    network.summary.retain(|summary| summary.target != "microvm");
    network.comparisons.retain(|compared| compared.target != "microvm");
    [program("cpu"), program("syscall"), network]
}

#[test]
fn every_cell_has_a_figure_or_its_reason_and_every_program_what_happens_in_it() {
    for (lang, why, missing) in [
        (
            Lang::En,
            "syscall: A container enters the host kernel",
            "! network: micro-VM: ",
        ),
        (Lang::Ko, "syscall: 컨테이너는", "! network: 마이크로 VM: "),
    ] {
        let text = performance_in(&three(), STYLE, lang);
        assert!(text.contains(why) && text.contains(missing), "{text}");
        let cells = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
            line.map_or(0, |line| line.matches('–').count() + line.matches(" (").count())
        };
        assert!(cells("cpu") >= 2 && cells("network") >= 2, "{text}");
        let page = report::html(&three(), lang);
        assert!(page.contains("id=\"performance\"") && page.contains("class=\"performance\""));
    }
}

#[test]
fn what_happens_is_another_thing_where_kvm_emulates_the_guest_kernel() {
    let mut emulated = three();
    for results in &mut emulated {
        results.host.kvm_kind = KvmKind::EmulatedKernelMode;
    }
    let [here, there] = [&emulated, &three()].map(|files| performance_in(files, STYLE, Lang::En).replace('\n', " "));
    assert!(
        here.contains("emulates that kernel") && !there.contains("emulates"),
        "{here}{there}"
    );
}

#[test]
fn one_program_is_no_view_of_many() {
    assert_eq!(performance_in(&[program("cpu")], STYLE, Lang::En), "");
    assert_eq!(performance_in(&[program("cpu"), program("cpu")], STYLE, Lang::En), "");
    assert_eq!(
        performance_in(&[results("three"), results("faster")], STYLE, Lang::En),
        ""
    );
}

#[test]
fn many_metrics_of_a_program_are_lines_in_natural_order() {
    let mut memory = program("memory-latency");
    let names = ["step_16_mib", "step_1_mib", "step_2_mib", "walk"];
    memory.samples.change_all(|sample| {
        for (place, name) in names.iter().enumerate() {
            sample.metrics.set(*name, 10.0 + place as f64);
        }
    });
    analysis::analyse(&mut memory, &[]);
    let text = render_in(&memory, STYLE, Lang::En);
    let place = |name: &str| {
        text.find(&format!("\n{name}"))
            .unwrap_or_else(|| panic!("no line of {name}: {text}"))
    };
    let order = ["step_1_mib", "step_2_mib", "step_16_mib", "walk"].map(place);
    assert!(order.is_sorted(), "{text}");
}
