//! What the comparisons say of programs whose difference is known.

use crate::Found;
use crate::targets::{image, ready_ms, target, warm_up};
use bench::error::Error;
use bench::targets::Target;
use reports::analysis::statistics;

/// A difference counts as found below this p-value.
const SIGNIFICANT: f64 = 0.05;

pub fn median(samples: &[f64]) -> Result<f64, Error> {
    statistics::median(samples).ok_or_else(|| Error::new("there are no samples"))
}

/// Both programs compute, the one longer than the other: what isolab itself still does after a start then lies beside
/// the computing in both alike. The median is taken over all runs. The intervals are those that each of twenty
/// comparisons reports; of sixty 95 % intervals 57 are expected to hold the truth, and fewer than 52 do so once in a
/// hundred times (binomial).
pub fn delays() -> Result<Found, Error> {
    const BASE_MS: f64 = 1.0;
    const COMPARISONS: u64 = 20;
    const RUNS: u32 = 30;
    let (mut what, mut holds, mut held) = (String::new(), true, 0);
    for delay_ms in [1.0, 5.0, 20.0] {
        let mut targets = [
            target("process", "base", &image("hello", Some(BASE_MS))?)?,
            target("process", "delayed", &image("hello", Some(BASE_MS + delay_ms))?)?,
        ];
        let (mut base, mut delayed) = (Vec::new(), Vec::new());
        warm_up(&mut targets)?;
        for seed in 0..COMPARISONS {
            let samples = ready_ms(&mut targets, RUNS, seed)?;
            let contrast = contrast(&samples[1], &samples[0], seed)?;
            let base_ms = median(&samples[0])?;
            let reported = contrast
                .interval
                .ok_or_else(|| Error::new("there are too few samples"))?;
            held += u32::from(reported.contains(1.0 + delay_ms / base_ms));
            base.extend_from_slice(&samples[0]);
            delayed.extend_from_slice(&samples[1]);
        }
        let found = median(&delayed)? - median(&base)?;
        holds &= (found / delay_ms - 1.0).abs() <= 0.03;
        what.push_str(&format!("{delay_ms} ms as {found:.3}, "));
    }
    what.push_str(&format!("inside {held} of 60 intervals"));
    Ok(Found {
        holds: holds && held >= 52,
        what,
    })
}

/// Of samples in the order of their rounds.
fn contrast(samples: &[f64], against: &[f64], seed: u64) -> Result<statistics::Contrast, Error> {
    let rounds = |samples: &[f64]| -> Vec<(u32, f64)> { (0..).zip(samples.iter().copied()).collect() };
    statistics::contrast(&rounds(samples), &rounds(against), seed).ok_or_else(|| Error::new("there are no samples"))
}

/// One program, laid out once, under two names. Since the order is drawn anew in each round, both names have the same chances
/// whatever the host does meanwhile.
pub fn false_alarms() -> Result<Found, Error> {
    let hello = image("hello", None)?;
    let mut targets = [target("process", "one", &hello)?, target("process", "other", &hello)?];
    let mut alarms = 0;
    warm_up(&mut targets)?;
    for seed in 0..200 {
        let samples = ready_ms(&mut targets, 30, seed)?;
        alarms += u32::from(contrast(&samples[0], &samples[1], seed)?.p_value < SIGNIFICANT);
    }
    // 10 expected; 17 are exceeded once in a hundred times (binomial, n = 200, p = 0.05).
    Ok(Found {
        holds: alarms <= 17,
        what: format!("{alarms} of 200"),
    })
}

/// On each target, with its own noise: a program that takes some five milliseconds more than the bare start, and one whose
/// whole start takes 5 % longer than that.
pub fn blindness() -> Result<Found, Error> {
    const BASE_MS: f64 = 5.0;
    const COMPARISONS: u64 = 30;
    const RUNS: u32 = 50;
    let (mut what, mut holds) = (String::new(), true);
    for on in ["process", "container", "microvm"] {
        let base = target(on, "base", &image("hello", Some(BASE_MS))?)?;
        let mut alone = [base];
        warm_up(&mut alone)?;
        let whole_ms = median(&ready_ms(&mut alone, RUNS, 0)?[0])?;
        let [base] = alone;
        let slower = target(on, "slower", &image("hello", Some(BASE_MS + 0.05 * whole_ms))?)?;
        let mut targets: [Box<dyn Target>; 2] = [base, slower];
        warm_up(&mut targets)?;
        let mut found = 0;
        for seed in 0..COMPARISONS {
            let samples = ready_ms(&mut targets, RUNS, seed)?;
            let contrast = contrast(&samples[1], &samples[0], seed)?;
            found += u32::from(contrast.p_value < SIGNIFICANT && contrast.ratio > 1.0);
        }
        holds &= f64::from(found) >= 0.8 * COMPARISONS as f64;
        what.push_str(&format!("{} ({whole_ms:.2} ms): in {found} of {COMPARISONS}; ", on));
    }
    Ok(Found { holds, what })
}

/// All targets in one order and in the other, by turns every few rounds, so that both see the same host. Where the two differ
/// by more than chance, which for one of three targets happens once in a hundred times, they must still agree within 5 %.
pub fn order() -> Result<Found, Error> {
    const BLOCKS: u64 = 200;
    const RUNS: u32 = 3;
    const NAMES: [&str; 3] = ["process", "container", "microvm"];
    let hello = image("hello", None)?;
    let targets = || NAMES.map(|on| target(on, on, &hello));
    let [process, container, microvm] = targets();
    let mut forwards = [process?, container?, microvm?];
    let [process, container, microvm] = targets();
    let mut backwards = [microvm?, container?, process?];
    warm_up(&mut forwards)?;
    warm_up(&mut backwards)?;
    let mut times: [[Vec<f64>; 2]; 3] = Default::default();
    for seed in 0..BLOCKS {
        for (way, targets) in [&mut forwards, &mut backwards].into_iter().enumerate() {
            for (place, samples) in ready_ms(targets, RUNS, seed)?.into_iter().enumerate() {
                let name = if way == 0 { place } else { NAMES.len() - 1 - place };
                times[name][way].extend(samples);
            }
        }
    }
    let (mut what, mut holds) = (String::new(), true);
    for (on, [forwards, backwards]) in NAMES.iter().zip(&times) {
        let found = contrast(forwards, backwards, 1)?;
        holds &= found.p_value > 0.01 / 3.0 || (found.ratio - 1.0).abs() < 0.05;
        let (forwards, backwards) = (median(forwards)?, median(backwards)?);
        what.push_str(&format!(
            "{} {forwards:.3} and {backwards:.3} ms (p = {:.2}); ",
            on, found.p_value
        ));
    }
    Ok(Found { holds, what })
}
