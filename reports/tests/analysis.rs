//! What samples come to: summaries, comparisons with the first target, and diffs of old results and new ones.

mod fixtures;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reports::analysis::headline::{Finding, headline};
use reports::analysis::{analyse, conditions, diff, statistics};
use reports::metrics;
use reports::model::*;
use reports::table::{TableStyle, render_in};
use reports::{Lang, report};

fn sample(target: &str, round: u32, ready_ms: f64) -> Sample {
    let phase = |name: &str, ms| Phase { name: name.into(), ms };
    Sample {
        target: target.into(),
        run: round,
        round,
        metrics: [("ready_ms", ready_ms), ("exit_ms", ready_ms + 1.0)].into(),
        phases: vec![phase("start", ready_ms / 4.0), phase("program", ready_ms * 3.0 / 4.0)],
        ..Sample::default()
    }
}

/// Results of these samples, of as many targets as they name.
fn results(samples: impl IntoIterator<Item = Sample>) -> Results {
    let samples: Samples = samples.into_iter().collect();
    let target = |name: Name| Target {
        name: name.into(),
        ..Target::default()
    };
    let mut results = Results {
        schema: SCHEMA.into(),
        host: Host::default(),
        config: Config::default(),
        workload: Workload::default(),
        against: None,
        targets: samples.targets().into_iter().map(target).collect(),
        metrics: Vec::new(),
        samples,
        instances: Vec::new(),
        summary: Vec::new(),
        comparisons: Vec::new(),
        density: Vec::new(),
        diff: None,
        warnings: Vec::new(),
    };
    analyse(&mut results, &[]);
    results
}

/// Without intervals, which take most of the time: enough for a diff.
fn unsummed(samples: Samples) -> Results {
    let mut results = Results { samples, ..results([]) };
    results.metrics = metrics::definitions(&results, &[]);
    for name in results.samples.targets() {
        results.targets.push(Target {
            name: name.clone().into(),
            ..Target::default()
        });
        let value = |id: &str| {
            let figures: Vec<f64> = results
                .samples
                .of(&name)
                .filter_map(|sample| sample.metric(id))
                .collect();
            let value = statistics::median(&figures).expect("every sample has it");
            (
                Name::from(id),
                Distribution {
                    value,
                    ..Distribution::default()
                },
            )
        };
        results.summary.push(Summary {
            metrics: ["ready_ms", "exit_ms"].map(value).into(),
            target: name.into(),
            ..Summary::default()
        });
    }
    results
}

/// A host on which measurements are made.
struct Simulated {
    /// The mean of what a start takes beyond the least, relative to that.
    tail: f64,
    /// By how much it is another host in each session: the standard deviation, relative.
    drift: f64,
    /// By how much it is slower in each session than in the one before, relative.
    trend: f64,
    /// Whether old and new sessions are measured by turns, not all old ones first.
    by_turns: bool,
}

/// A program of some 0.3 ms, on a host that does not change.
const CONSTANT: Simulated = Simulated {
    tail: 0.08,
    drift: 0.0,
    trend: 0.0,
    by_turns: true,
};
/// What its runs scatter by: the scaled median absolute deviation of an exponential tail.
const SPREAD_OF_CONSTANT: f64 = 0.71 * CONSTANT.tail;
/// A program of some 10 ms, on a virtual machine.
const USUAL: Simulated = Simulated {
    tail: 0.012,
    drift: 0.004,
    ..CONSTANT
};

impl Simulated {
    /// Start-ups as they are: a floor, and a tail to the right; one in twenty is disturbed.
    fn session(&self, targets: &[(&str, f64)], runs: u32, seed: u64) -> Samples {
        let mut random = StdRng::seed_from_u64(seed);
        let mut samples = Samples::default();
        // The sum of twelve even numbers is nearly normal.
        let mut drift = || self.drift * ((0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0);
        let drifts: Vec<f64> = targets.iter().map(|_| drift().exp()).collect();
        for round in 0..runs {
            for ((name, scale), drift) in targets.iter().zip(&drifts) {
                let tail = -self.tail * (1.0 - random.random::<f64>()).ln();
                let disturbed = if random.random::<f64>() < 0.05 { 0.5 } else { 0.0 };
                samples.push(sample(name, round, scale * drift * (1.0 + tail + disturbed)));
            }
        }
        samples
    }

    /// How many of so many comparisons, of one or several sessions of 50 runs a side, make a statement for which `said` holds.
    /// The last of three targets is slower by this factor.
    fn count(&self, times: u64, sessions: u64, slower: f64, said: impl Fn(&Diff) -> bool) -> u64 {
        self.count_uneven(times, (sessions, sessions), slower, said)
    }

    /// The same with so many old sessions and so many new ones.
    fn count_uneven(&self, times: u64, (before, after): (u64, u64), slower: f64, said: impl Fn(&Diff) -> bool) -> u64 {
        let side = |scale: f64, seed: u64, is_new: bool| -> Vec<Results> {
            let sessions = if is_new { after } else { before };
            let session = |n: u64| {
                let place = match (self.by_turns, is_new) {
                    (true, _) => 2 * n + u64::from(is_new) * u64::from(after > 1),
                    (false, false) => n,
                    (false, true) => before + n,
                };
                // A lone new session is measured between the old ones.
                let place = if self.by_turns && is_new && after == 1 {
                    before
                } else {
                    place
                };
                let slowed = (self.trend * place as f64).exp();
                let targets = [
                    ("process", slowed),
                    ("container", 2.5 * slowed),
                    ("microvm", 10.0 * scale * slowed),
                ];
                let seed = 2 * (seed * sessions + n) + u64::from(scale > 1.0);
                at(unsummed(self.session(&targets, 50, seed)), place)
            };
            (0..sessions).map(session).collect()
        };
        let compared = |seed: &u64| {
            let (old, new) = (side(1.0, 2 * seed, false), side(slower, 2 * seed + 1, true));
            let (old, new): (Vec<&Results>, Vec<&Results>) = (old.iter().collect(), new.iter().collect());
            said(&diff::diff(&[(&old, &new)], None)[0])
        };
        (0..times).filter(compared).count() as u64
    }
}

/// Measured in this minute.
fn at(mut results: Results, minute: u64) -> Results {
    results.host.environment.measured_at = Some(format!("2026-01-02T03:{minute:02}:00Z"));
    results
}

fn noise(targets: &[(&str, f64)], runs: u32, seed: u64) -> Samples {
    CONSTANT.session(targets, runs, seed)
}

fn noisy(targets: &[(&str, f64)], runs: u32, seed: u64) -> Results {
    results(&noise(targets, runs, seed))
}

fn of_one(old: &Results, new: &Results, limit: Option<f64>) -> Diff {
    diff::diff(&[(&[old], &[new])], limit).remove(0)
}

fn verdict(diff: &Diff, target: &str, metric: &str) -> Verdict {
    let change = diff
        .changes
        .iter()
        .find(|change| change.target == target && change.metric == *metric);
    change.expect("both files have it").verdict
}

#[test]
fn a_failed_run_is_counted_and_is_in_none_of_the_figures() {
    let failed = Sample {
        error: Some("status 1".into()),
        ..sample("a", 3, 1000.0)
    };
    let results = results([sample("a", 0, 1.0), sample("a", 1, 2.0), sample("a", 2, 3.0), failed]);
    let summary = &results.summary[0];
    assert_eq!((summary.runs, summary.failed), (3, 1));
    assert_eq!(
        summary.metric("ready_ms").map(|ready| (ready.n, ready.value)),
        Some((3, 2.0))
    );
}

#[test]
fn the_run_nearest_the_median_stands_for_all_and_its_phases_add_up() {
    let starts = [5.0, 1.0, 2.9, 9.0, 3.3, 3.0];
    let results = results((0..).zip(starts).map(|(round, ms)| sample("a", round, ms)));
    let nearest = results.summary[0].nearest.as_ref().expect("there are runs");
    // The median lies between 3.0 and 3.3.
    assert_eq!((nearest.run, nearest.ready_ms), (4, 3.3));
    let sum: f64 = nearest.phases.iter().map(|phase| phase.ms).sum();
    assert!((sum - nearest.ready_ms).abs() < 1e-12);
}

#[test]
fn every_target_is_compared_with_the_first_and_one_without_samples_with_none() {
    let mut results =
        results((1..=20).flat_map(|n| [sample("a", n, f64::from(n)), sample("b", n, 3.0 * f64::from(n))]));
    let found = &results.comparisons;
    assert_eq!(
        found.iter().map(|c| &*c.metric).collect::<Vec<_>>(),
        ["ready_ms", "exit_ms"]
    );
    assert_eq!((found[0].target.as_str(), found[0].against.as_str()), ("b", "a"));
    assert!((found[0].ratio - 3.0).abs() < 1e-9);
    // In every round the one takes three times as long: that is sure, however much rounds differ.
    assert!(found[0].interval.is_some_and(|interval| interval.contains(3.0)));
    assert!(found[0].p_value.is_some_and(|p| p < 0.001));
    results.targets[0].name = "nowhere".into();
    analyse(&mut results, &[]);
    assert!(results.comparisons.is_empty());
}

#[test]
fn the_effect_size_is_the_share_of_pairs_in_which_the_target_is_slower() {
    let superiority = |a: [f64; 2], b: [f64; 2]| {
        let samples = [("a", 0, a[0]), ("a", 1, a[1]), ("b", 0, b[0]), ("b", 1, b[1])];
        results(samples.map(|(target, round, ms)| sample(target, round, ms))).comparisons[0].superiority
    };
    assert_eq!(superiority([1.0, 4.0], [2.0, 3.0]), Some(0.5));
    assert_eq!(superiority([1.0, 3.0], [2.0, 4.0]), Some(0.75));
}

#[test]
fn what_was_taken_apart_from_the_runs_is_summed_up_and_belongs_to_no_run() {
    let mut results = results([sample("a", 0, 1.0)]);
    let look = |uss: f64| Instance {
        target: "a".into(),
        metrics: [("uss_bytes", uss)].into(),
        ..Instance::default()
    };
    results.instances = vec![look(100.0), look(300.0), look(200.0)];
    analyse(&mut results, &[]);
    let uss = results.metric_of("a", "uss_bytes").expect("it was taken");
    assert_eq!((uss.n, uss.value, uss.interval), (3, 200.0, None));
}

#[test]
fn a_slope_keeps_its_own_interval_and_the_number_of_instances() {
    let mut results = results([sample("a", 0, 1.0), sample("b", 0, 1.0)]);
    let slope = |target: &str, value: f64| Instance {
        target: target.into(),
        alive: Some(40),
        metrics: [("memory_bytes", value), ("memory_kernel_bytes", value / 4.0)].into(),
        intervals: [(
            "memory_bytes".into(),
            Interval {
                low: 0.98 * value,
                high: 1.02 * value,
            },
        )]
        .into(),
        ..Instance::default()
    };
    results.instances = vec![slope("a", 50e3), slope("b", 500e3)];
    analyse(&mut results, &[]);
    let memory = results.metric_of("b", "memory_bytes").expect("it was taken");
    assert_eq!((memory.n, memory.value, memory.p5), (40, 500e3, None));
    assert!(memory.interval.is_some());
    let compared = results.comparison_of("b", "memory_bytes").expect("both have it");
    let interval = compared.interval.expect("both slopes have one");
    assert!(
        (compared.ratio - 10.0).abs() < 1e-9 && interval.low > 9.6 && interval.high < 10.4,
        "{interval:?}"
    );
    assert_eq!(metrics::memory(&results), "memory_bytes");
}

#[test]
fn slopes_of_two_sessions_differ_by_more_than_their_errors_say() {
    let with = |bytes: f64| {
        let mut results = results([sample("a", 0, 1.0)]);
        results.instances = vec![Instance {
            target: "a".into(),
            alive: Some(40),
            metrics: [("memory_bytes", bytes)].into(),
            intervals: [(
                "memory_bytes".into(),
                Interval {
                    low: 0.98 * bytes,
                    high: 1.02 * bytes,
                },
            )]
            .into(),
            ..Instance::default()
        }];
        analyse(&mut results, &[]);
        results
    };
    let verdict = |new: f64| verdict(&of_one(&with(800e3), &with(new), None), "a", "memory_bytes");
    // As the container's memory in two sessions of a quiet host.
    assert_eq!(verdict(840e3), Verdict::NoDifference);
    assert_eq!(verdict(960e3), Verdict::Worse);
}

#[test]
fn a_metric_that_nobody_here_knows_is_compared_by_its_own_definition() {
    let with = |joules: f64| {
        let samples = (0..20).map(|round| {
            let mut sample = sample("a", round, 1.0 + f64::from(round * 7 % 20) / 100.0);
            sample.metrics.set("joules", joules + f64::from(round * 7 % 20));
            sample
        });
        let mut results = results(samples);
        analyse(&mut results, &[Definition::of_program("joules", "J", Better::Lower)]);
        results
    };
    let (old, new) = (with(100.0), with(200.0));
    let definition = new.definition("joules").expect("the file carries it");
    assert_eq!(
        (definition.unit.clone(), definition.better),
        (Unit::Other("J".into()), Better::Lower)
    );
    let diff = of_one(&old, &new, None);
    assert_eq!(verdict(&diff, "a", "joules"), Verdict::Worse);
    assert_eq!(verdict(&diff, "a", "ready_ms"), Verdict::NoDifference);
}

fn is_found(diff: &Diff) -> bool {
    verdict(diff, "microvm", "ready_ms") == Verdict::Worse
}

fn is_flagged(diff: &Diff) -> bool {
    assert_eq!(diff.tests, 6);
    diff.changes
        .iter()
        .any(|change| change.verdict != Verdict::NoDifference)
}

/// The most false alarms of 400 comparisons: one in twenty is expected at most, and more than this happens once in a hundred
/// times (binomial).
const MOST_ALARMS_OF_400: u64 = 30;
/// The same of 200.
const MOST_ALARMS_OF_200: u64 = 17;

#[test]
fn a_true_change_of_5_percent_at_50_runs_is_found_in_4_of_5_cases() {
    let found = USUAL.count(200, 1, 1.05, is_found);
    assert!(found >= 160, "{found} of 200");
}

#[test]
fn a_true_change_of_5_percent_of_a_short_program_is_found_in_4_of_5_cases_by_six_sessions_a_side() {
    let drifting = Simulated {
        drift: 0.01,
        ..CONSTANT
    };
    let found = drifting.count(200, 6, 1.05, is_found);
    assert!(found >= 160, "{found} of 200");
}

#[test]
fn of_the_same_thing_twice_no_more_than_1_in_20_is_flagged() {
    let flagged = USUAL.count(400, 1, 1.0, is_flagged);
    assert!(flagged <= MOST_ALARMS_OF_400, "{flagged} of 400");
    let flagged = CONSTANT.count(400, 1, 1.0, is_flagged);
    assert!(flagged <= MOST_ALARMS_OF_400, "{flagged} of 400");
}

/// Nothing in the figures of one session tells of such a drift.
#[test]
fn of_several_sessions_a_side_no_more_than_1_in_20_is_flagged_however_much_the_host_drifts() {
    for (sessions, drift) in [(3, 0.02), (3, 0.2), (6, 0.2)] {
        let flagged = Simulated { drift, ..USUAL }.count(200, sessions, 1.0, is_flagged);
        assert!(
            flagged <= MOST_ALARMS_OF_200,
            "{flagged} of 200 with {sessions} sessions"
        );
    }
}

#[test]
fn of_sides_that_are_not_measured_by_turns_no_more_than_1_in_20_is_flagged_on_a_host_that_gets_slower() {
    let apart = Simulated {
        trend: 0.3 * SPREAD_OF_CONSTANT,
        by_turns: false,
        ..CONSTANT
    };
    for sides in [(2, 2), (5, 5), (2, 1)] {
        let flagged = apart.count_uneven(200, sides, 1.0, is_flagged);
        assert!(flagged <= MOST_ALARMS_OF_200, "{flagged} of 200 of {sides:?}");
        let found = apart.count_uneven(20, sides, 3.0, is_found);
        assert_eq!(found, 20, "three times as slow, of {sides:?}");
    }
    let by_turns = Simulated {
        by_turns: true,
        ..apart
    };
    let flagged = by_turns.count(200, 5, 1.0, is_flagged);
    assert!(flagged <= MOST_ALARMS_OF_200, "{flagged} of 200 by turns");
}

/// One target alone, so that no correction for several tests hides it.
#[test]
fn of_one_session_against_two_or_more_no_more_than_1_in_20_is_flagged_even_where_sessions_differ_as_much_as_runs() {
    let drifting = Simulated {
        drift: SPREAD_OF_CONSTANT,
        ..CONSTANT
    };
    let session = |seed: u64, minute: u64| at(unsummed(drifting.session(&[("a", 1.0)], 50, seed)), minute);
    let pair_by_pair = |seed: &u64| {
        let [first, new, last] = [0, 1, 2].map(|n| session(3 * seed + n, n));
        let p_value = |diff: Diff| diff.changes[0].p_value.expect("there are figures");
        p_value(diff::diff(&[(&[&first, &last], &[&new])], None).remove(0)) < 0.05
    };
    let flagged = (0..400).filter(pair_by_pair).count() as u64;
    assert!(flagged <= MOST_ALARMS_OF_400, "{flagged} of 400");
}

#[test]
fn a_gate_does_not_pass_three_times_the_old_figure_because_its_few_sessions_disagree() {
    let session = |scale: f64, seed: u64| at(noisy(&[("process", scale)], 30, seed), seed);
    let [first, old, last] = [(2.4, 1), (1.0, 2), (3.75, 3)].map(|(scale, seed)| session(scale, seed));
    let gate = |old: &[&Results], new: &[&Results]| diff::diff(&[(old, new)], Some(5.0)).remove(0);
    let found = gate(&[&old], &[&first, &last]);
    assert!(!found.has_regression() && found.is_undecided(), "{found:?}");
    // The other way round it has become faster, and without a limit there is no gate.
    assert!(!gate(&[&first, &last], &[&old]).is_undecided());
    assert!(!diff::diff(&[(&[&old], &[&first, &last])], None)[0].is_undecided());
    let again = session(2.4, 3);
    let agreed = gate(&[&old], &[&first, &again]);
    assert!(agreed.has_regression() && !agreed.is_undecided(), "{agreed:?}");
}

#[test]
fn sides_that_are_not_measured_by_turns_are_said_to_be_and_are_as_wide_as_one_session_a_side() {
    let session = |seed: u64, minute: u64| at(unsummed(USUAL.session(&[("a", 1.0)], 50, seed)), minute);
    let found = |minutes: [u64; 4]| {
        let all: Vec<Results> = (0..).zip(minutes).map(|(seed, minute)| session(seed, minute)).collect();
        diff::diff(&[(&[&all[0], &all[1]], &[&all[2], &all[3]])], None).remove(0)
    };
    let noted = |diff: &Diff| diff.notes.iter().any(|note| note.id == Diff::NOT_BY_TURNS);
    let width = |diff: &Diff| {
        let interval = diff.changes[0].interval.expect("enough runs");
        (interval.high / interval.low).ln()
    };
    let (turns, apart) = (found([0, 2, 1, 3]), found([0, 1, 2, 3]));
    assert!(!noted(&turns) && noted(&apart));
    assert!(
        width(&apart) > 1.4 * width(&turns),
        "{} {}",
        width(&apart),
        width(&turns)
    );
    // Files that do not say when they were measured cannot show that it was by turns.
    let mut all: Vec<Results> = (0..4).map(|n| session(n, n)).collect();
    all[3].host.environment.measured_at = None;
    assert!(noted(
        &diff::diff(&[(&[&all[0], &all[2]], &[&all[1], &all[3]])], None)[0]
    ));
}

#[test]
fn what_a_file_lacks_is_compared_by_the_others_and_passes_no_gate() {
    let with = |scale, seed| at(noisy(&[("process", 1.0), ("container", scale)], 30, seed), seed);
    let without = |seed| at(noisy(&[("process", 1.0)], 30, seed), seed);
    // Old files, new ones, and how many of each have the container.
    type Case = (Vec<Results>, Vec<Results>, (u32, u32));
    let cases: [Case; 6] = [
        (vec![with(1.0, 1), without(3)], vec![with(3.0, 2)], (1, 1)),
        (vec![without(1), with(1.0, 3)], vec![with(3.0, 2)], (1, 1)),
        (vec![with(1.0, 1)], vec![without(2), with(3.0, 3)], (1, 1)),
        (vec![with(1.0, 1), without(3)], vec![without(2), with(3.0, 4)], (1, 1)),
        (
            vec![without(1), with(1.0, 3), with(1.0, 5)],
            vec![with(3.0, 2), with(3.0, 4)],
            (2, 2),
        ),
        (
            vec![with(1.0, 1), with(1.0, 3)],
            vec![without(2), with(3.0, 4), with(3.0, 6)],
            (2, 2),
        ),
    ];
    for (case, (old, new, sessions)) in cases.into_iter().enumerate() {
        let (old, new): (Vec<&Results>, Vec<&Results>) = (old.iter().collect(), new.iter().collect());
        let diff = diff::diff(&[(&old, &new)], Some(5.0)).remove(0);
        assert!(diff.has_regression(), "case {case}: {diff:?}");
        let of = |target: &str| {
            let mut changes = diff.changes.iter();
            let found = changes.find(|change| change.target == target && change.metric == *"ready_ms");
            found.expect("it is compared").clone()
        };
        let container = of("container");
        assert!(
            container.regression && (container.ratio - 3.0).abs() < 0.3,
            "case {case}: {container:?}"
        );
        assert_eq!(
            (container.old_sessions, container.new_sessions),
            sessions,
            "case {case}"
        );
        // The process is in all files.
        let all = (old.len() as u32, new.len() as u32);
        assert_eq!(
            (of("process").old_sessions, of("process").new_sessions),
            all,
            "case {case}"
        );
        let noted = |id: &str| diff.notes.iter().filter(|note| note.id == id).count();
        assert_eq!(
            noted(Diff::FEWER_OLD),
            usize::from(sessions.0 < all.0),
            "case {case}: {:?}",
            diff.notes
        );
        assert_eq!(
            noted(Diff::FEWER_NEW),
            usize::from(sessions.1 < all.1),
            "case {case}: {:?}",
            diff.notes
        );
    }
    // No new file has it, and the first old one has not.
    let (old, new) = ([without(1), with(1.0, 3)], without(2));
    let diff = diff::diff(&[(&[&old[0], &old[1]], &[&new])], Some(5.0)).remove(0);
    assert!(diff.has_regression() && diff.notes.iter().any(|note| note.id == Diff::GONE));
}

#[test]
fn a_metric_that_the_first_files_lack_is_compared_and_shown_with_its_unit() {
    let with = |joules: Option<f64>, seed: u64| {
        let mut results = noisy(&[("a", 1.0)], 20, seed);
        let Some(joules) = joules else { return at(results, seed) };
        results.samples.change_all(|sample| {
            sample
                .metrics
                .set("joules", joules + f64::from(sample.run * 7 % 20) / 100.0);
        });
        analyse(&mut results, &[Definition::of_program("joules", "J", Better::Lower)]);
        at(results, seed)
    };
    let (old, new) = (
        [with(None, 1), with(Some(10.0), 3)],
        [with(None, 2), with(Some(30.0), 4)],
    );
    let new = [&new[0], &new[1]];
    let diff = diff::diff(&[(&[&old[0], &old[1]], &new)], Some(5.0)).remove(0);
    assert_eq!(verdict(&diff, "a", "joules"), Verdict::Worse);
    assert!(diff.has_regression());
    let text = reports::render::diff(&diff, &new, Lang::En);
    assert!(text.contains("30.1 J") && text.contains("1 of 2 old files"), "{text}");
}

#[test]
fn figures_of_which_there_is_no_factor_are_named() {
    let with = |errors: f64| {
        let mut results = noisy(&[("a", 1.0)], 20, 1);
        results
            .samples
            .change_all(|sample| sample.metrics.set("errors", errors));
        analyse(
            &mut results,
            &[Definition::of_program("errors", "count", Better::Lower)],
        );
        results
    };
    let noted = |old, new| {
        let notes = of_one(&with(old), &with(new), None).notes;
        notes.iter().any(|note| note.id == Diff::NO_FACTOR)
    };
    assert!(noted(0.0, 100.0) && noted(100.0, 0.0));
    // None before and none now is no change.
    assert!(!noted(0.0, 0.0) && !noted(1.0, 2.0));
}

#[test]
fn a_guest_kernel_that_the_first_file_lacks_is_looked_at_all_the_same() {
    let with = |kernel: &str, seed| {
        let mut results = noisy(&[("a", 1.0), ("b", 1.0)], 10, seed);
        results.targets[1].guest_kernel = Some(GuestKernel {
            name: kernel.into(),
            ..GuestKernel::default()
        });
        results
    };
    let without = noisy(&[("a", 1.0)], 10, 1);
    let ids = |found: Vec<Message>| found.into_iter().map(|message| message.id).collect::<Vec<_>>();
    let side = [&without, &with("one", 2), &with("other", 3)];
    assert_eq!(ids(conditions::disagreements(&side)), ["guest-kernel"]);
    let said = reports::render::conditions(&[&without, side[1]], &[&without, side[2]], Lang::En);
    assert_eq!(said, ["the guest kernel is other and was one"]);
}

#[test]
fn several_sessions_of_a_side_are_one_figure_and_one_session_a_side_is_said_to_be_one() {
    let calm = |seed| {
        let mut results = results(&USUAL.session(&[("a", 1.0)], 50, seed));
        results.targets[0].image = vec![ImagePart {
            bytes: 1_124_840,
            ..ImagePart::default()
        }];
        analyse(&mut results, &[]);
        results
    };
    let (one, two, three) = (calm(1), calm(2), calm(3));
    let alone = of_one(&one, &two, None);
    assert!(alone.notes.iter().any(|note| note.id == Diff::ONE_SESSION));
    assert_eq!((alone.old_sessions, alone.new_sessions), (1, 1));
    let several = diff::diff(&[(&[&one], &[&two, &three])], None).remove(0);
    assert_eq!(verdict(&several, "a", "image_bytes"), Verdict::NoDifference);
    assert!(several.notes.iter().all(|note| note.id != Diff::ONE_SESSION));
    assert_eq!((several.old_sessions, several.new_sessions), (1, 2));
    let change = &several.changes[0];
    let (second, third) = (
        two.metric_of("a", "ready_ms").expect("it ran"),
        three.metric_of("a", "ready_ms").expect("it ran"),
    );
    assert!(
        (change.new - (second.value * third.value).sqrt()).abs() < 1e-12,
        "{change:?}"
    );
    assert_eq!(change.verdict, Verdict::NoDifference);
}

#[test]
fn a_session_of_another_program_or_another_host_is_no_session_of_the_same_thing() {
    let (one, mut other) = (noisy(&[("a", 1.0)], 10, 1), noisy(&[("a", 1.0)], 10, 2));
    assert_eq!(conditions::disagreements(&[&one, &other]), []);
    other.workload.sha256 = "x".into();
    other.host.kernel = "Linux 1.0".into();
    let ids = |found: Vec<Message>| found.into_iter().map(|message| message.id).collect::<Vec<_>>();
    assert_eq!(
        ids(conditions::disagreements(&[&one, &one, &other])),
        ["kernel", "program"]
    );
}

#[test]
fn a_disturbed_session_shows_no_change_that_the_disturbance_may_be() {
    let (old, mut new) = (
        results(&USUAL.session(&[("a", 1.0)], 50, 1)),
        results(&USUAL.session(&[("a", 1.05)], 50, 2)),
    );
    let width = |new: &Results| {
        let interval = of_one(&old, new, None).changes[0].interval.expect("enough runs");
        interval.high - interval.low
    };
    let calm = width(&new);
    new.warnings = vec![Message::new("busy-host").with("cpus", 1.0)];
    assert!(width(&new) > 1.5 * calm);
}

#[test]
fn a_regression_is_an_interval_wholly_beyond_the_limit() {
    let session = |scale, seed| results(&USUAL.session(&[("a", scale)], 50, seed));
    let (old, new) = (session(1.0, 1), session(1.2, 2));
    let regression = |limit| of_one(&old, &new, Some(limit)).has_regression();
    assert!(regression(5.0) && regression(10.0));
    // Worse by 20 %, and not by more than 20 % for sure.
    assert!(!regression(20.0) && !regression(30.0));
    assert!(!of_one(&old, &new, None).has_regression());
    // Faster is no regression.
    assert!(!of_one(&new, &old, Some(0.0)).has_regression());
    assert_eq!(verdict(&of_one(&new, &old, None), "a", "ready_ms"), Verdict::Better);
}

#[test]
fn a_difference_that_may_be_chance_is_none_however_large() {
    let few = |scale| noisy(&[("a", scale)], 3, 1);
    let diff = of_one(&few(1.0), &few(5.0), Some(5.0));
    assert!(!diff.has_regression() && diff.tests == 0);
    assert_eq!(verdict(&diff, "a", "ready_ms"), Verdict::TooFew);
    assert!(diff.changes.iter().all(|change| change.interval.is_none()));
}

#[test]
fn a_gate_does_not_pass_what_is_worse_by_more_than_the_limit_and_of_too_few_runs() {
    let session = |scale, runs| noisy(&[("a", scale)], runs, 1);
    for runs in [3, 5] {
        assert!(of_one(&session(1.0, runs), &session(5.0, runs), Some(5.0)).is_undecided());
        // Faster, within the limit, or without a limit there is nothing to decide.
        assert!(!of_one(&session(5.0, runs), &session(1.0, runs), Some(5.0)).is_undecided());
        assert!(!of_one(&session(1.0, runs), &session(1.0, runs), Some(50.0)).is_undecided());
        assert!(!of_one(&session(1.0, runs), &session(5.0, runs), None).is_undecided());
        let mut both = noisy(&[("a@A", 1.0), ("a@B", 5.0)], runs, 1);
        both.against = Some(both.workload.clone());
        let found = diff::versions(&both, Some(5.0)).expect("there are two");
        assert!(found.is_undecided() && !found.has_regression(), "{found:?}");
        assert_eq!(verdict(&found, "a", "ready_ms"), Verdict::TooFew);
    }
    assert!(!of_one(&session(1.0, 30), &session(1.04, 30), Some(5.0)).is_undecided());
}

#[test]
fn fewer_operations_per_second_are_worse() {
    let with = |ops_per_s: f64| {
        let mut results = noisy(&[("a", 1.0)], 40, 1);
        results.samples.change_all(|sample| {
            sample.metrics.set("ops_per_s", ops_per_s + f64::from(sample.run % 8));
        });
        analyse(&mut results, &[]);
        results
    };
    let diff = of_one(&with(1000.0), &with(800.0), Some(10.0));
    assert_eq!(verdict(&diff, "a", "ops_per_s"), Verdict::Worse);
    let change = diff
        .changes
        .iter()
        .find(|change| change.metric == *"ops_per_s")
        .expect("both have it");
    assert!(change.regression && (change.ratio - 0.8).abs() < 0.005, "{change:?}");
    assert!(!of_one(&with(1000.0), &with(1200.0), Some(10.0)).has_regression());
}

#[test]
fn an_image_does_not_vary_and_needs_no_test() {
    let with = |bytes| {
        let mut results = noisy(&[("a", 1.0)], 10, 1);
        results.targets[0].image = vec![ImagePart {
            bytes,
            ..ImagePart::default()
        }];
        analyse(&mut results, &[]);
        results
    };
    let diff = of_one(&with(1000), &with(1200), Some(10.0));
    assert_eq!(verdict(&diff, "a", "image_bytes"), Verdict::Worse);
    let nearly = of_one(&with(100_000), &with(100_008), None);
    assert_eq!(verdict(&nearly, "a", "image_bytes"), Verdict::NoDifference);
    assert!(diff.has_regression() && !of_one(&with(1000), &with(1050), Some(10.0)).has_regression());
}

#[test]
fn figures_of_different_methods_are_never_compared() {
    let (old, mut new) = (noisy(&[("a", 1.0)], 50, 1), noisy(&[("a", 2.0)], 50, 2));
    let definition = new.metrics.iter_mut().find(|definition| definition.id == *"ready_ms");
    definition.expect("it was measured").method += 1;
    let diff = of_one(&old, &new, Some(5.0));
    assert!(diff.changes.iter().all(|change| change.metric == *"exit_ms"));
    assert!(diff.notes.iter().any(|note| note.id == "methods"), "{:?}", diff.notes);
}

#[test]
fn a_target_that_runs_no_more_or_fails_more_often_is_a_regression_where_there_is_a_limit() {
    let old = noisy(&[("a", 1.0), ("b", 1.0)], 30, 1);
    let without = noisy(&[("a", 1.0)], 30, 2);
    let gone = of_one(&old, &without, Some(5.0));
    assert!(gone.has_regression() && gone.notes.iter().any(|note| note.id == Diff::GONE));
    assert!(!of_one(&old, &without, None).has_regression());
    let mut failing = old.clone();
    failing.summary[1].failed = 3;
    assert!(of_one(&old, &failing, Some(5.0)).has_regression());
    assert!(!of_one(&failing, &old, Some(5.0)).has_regression());
}

#[test]
fn the_tests_of_several_pairs_are_corrected_together() {
    let (old, new) = (noisy(&[("a", 1.0)], 50, 1), noisy(&[("a", 1.2)], 50, 2));
    let width = |pairs: usize| {
        let found = diff::diff(&vec![(&[&old][..], &[&new][..]); pairs], None);
        let interval = found[0].changes[0].interval.expect("enough runs");
        interval.high - interval.low
    };
    assert!(width(10) > width(1));
}

#[test]
fn another_program_is_a_word_and_another_host_is_a_refusal() {
    let (mut old, mut new) = (noisy(&[("a", 1.0)], 10, 1), noisy(&[("a", 1.0)], 10, 2));
    new.workload.sha256 = "x".into();
    new.workload.name = "/new/build/server".into();
    old.workload.name = "/old/build/server".into();
    assert_eq!(conditions::differences(&old, &new), []);
    assert!(of_one(&old, &new, None).notes.iter().any(|note| note.id == "program"));
    // A host that was not the same all the time is a word, too.
    new.warnings = vec![Message::new("busy-host").with("cpus", 1.0)];
    assert!(
        of_one(&old, &new, None)
            .notes
            .iter()
            .any(|note| note.id == "disturbed-new")
    );
    new.host.kernel = "Linux 1.0".into();
    new.config.memory_bytes = 1;
    new.workload.args = vec!["20".into()];
    let found: Vec<String> = conditions::differences(&old, &new)
        .into_iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(found, ["arguments", "kernel", "guest-ram"]);
}

#[test]
fn the_parts_of_the_sentence_say_how_sure_they_are() {
    let of = |targets: &[(&str, f64)], runs| headline(&noisy(targets, runs, 7)).expect("they ran");
    let found = of(&[("process", 1.0), ("container", 1.0), ("microvm", 10.0)], 50);
    assert_eq!(found.baseline, "process");
    let findings: Vec<Finding> = found.others.iter().map(|clause| clause.finding).collect();
    assert_eq!(findings, [Finding::NoDifference, Finding::Different]);
    assert!((found.others[1].ratio - 10.0).abs() < 0.5);
    assert_eq!(
        of(&[("process", 1.0), ("container", 3.0)], 3).others[0].finding,
        Finding::TooFew
    );
    assert!(of(&[("process", 1.0)], 30).others.is_empty());
    assert_eq!(headline(&results([])), None);
}

/// The first line of the table.
fn sentence(results: &Results, lang: Lang) -> String {
    let style = TableStyle {
        color: false,
        width: 200,
    };
    let table = render_in(results, style, lang);
    table.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_sentence_is_right_of_equal_slower_faster_failed_lone_and_few() {
    let said = |targets: &[(&str, f64)], runs| {
        let results = noisy(targets, runs, 7);
        [sentence(&results, Lang::En), sentence(&results, Lang::Ko)]
    };
    let equal = said(&[("process", 1.0), ("container", 1.0)], 50);
    assert_eq!(
        equal[0],
        "A container takes as long to start as a process (no difference found)."
    );
    assert_eq!(equal[1], "프로세스 대비 시작 시간은 컨테이너 1배(차이 없음)입니다.");
    let slower = said(&[("process", 1.0), ("container", 1.0), ("microvm", 10.0)], 50);
    assert!(slower[0].contains("(no difference found), a micro-VM "), "{slower:?}");
    assert!(
        slower[0].ends_with("×.") && slower[1].ends_with("배입니다."),
        "{slower:?}"
    );
    let faster = said(&[("process", 2.0), ("container", 1.0)], 50);
    assert!(
        faster[0].starts_with("A container takes 0.5× as long to start as a process"),
        "{faster:?}"
    );
    let few = said(&[("process", 1.0), ("container", 3.0)], 3);
    assert!(
        few[0].contains("about 3") && few[0].ends_with("(too few runs to be sure)."),
        "{few:?}"
    );
    assert!(few[1].contains("약 3") && few[1].contains("실행 횟수 부족"), "{few:?}");
    let alone = said(&[("process", 1.0)], 30);
    assert!(
        alone[0].starts_with("A process takes ") && alone[0].ends_with("ms to start."),
        "{alone:?}"
    );

    let mut failed = noisy(&[("process", 1.0), ("container", 3.0), ("microvm", 10.0)], 30, 7);
    failed.samples.change_all(|sample| {
        if sample.target == *"container" {
            sample.error = Some("it broke".into());
        }
    });
    analyse(&mut failed, &[]);
    let failed = [sentence(&failed, Lang::En), sentence(&failed, Lang::Ko)];
    assert!(
        failed[0].starts_with("A micro-VM takes ") && failed[0].ends_with("as a process."),
        "{failed:?}"
    );
    assert!(!failed[1].contains("컨테이너"), "{failed:?}");
}

#[test]
fn the_sentence_stands_first_in_the_report() {
    let results = noisy(&[("process", 1.0), ("container", 3.0)], 30, 7);
    for lang in Lang::ALL {
        let html = report::html(std::slice::from_ref(&results), lang);
        let heading = html.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next());
        let heading = heading.map(|text| text.replace('\u{2060}', ""));
        assert_eq!(heading, Some(sentence(&results, lang)));
    }
}
