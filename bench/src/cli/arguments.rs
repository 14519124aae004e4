//! Arguments that several commands share.

use crate::error::Error;
use crate::targets::registry::TargetKind;
use crate::units;
use crate::workloads::Workload;
use std::time::Duration;

/// The workload when none is named.
const DEFAULT_WORKLOAD: &str = "hello";

/// The workload that `name` and `words` (what stands after `--`) describe: with a name, one of isolab's own with its
/// arguments, and without, a program with its.
pub fn workload(name: Option<&str>, words: &[String]) -> Result<Workload, Error> {
    match (name, words) {
        (Some(name), arguments) => Workload::own(name, arguments.to_vec()),
        (None, [program, arguments @ ..]) => Workload::program(program.as_ref(), arguments.to_vec()),
        (None, []) => Workload::own(DEFAULT_WORKLOAD, vec![]),
    }
}

/// What a workload is called in tables and file names: on one line, and with something to see.
pub fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("a name has visible characters, and no line breaks or other control characters".into());
    }
    Ok(text.into())
}

/// A target by its name, or by the file that describes it.
pub fn target(name: &str) -> Result<TargetKind, String> {
    TargetKind::find(name).map_err(|error| error.to_string())
}

/// Guest RAM.
pub fn ram(text: &str) -> Result<u64, String> {
    units::size(text).and_then(|bytes| {
        if bytes > 0 {
            Ok(bytes)
        } else {
            Err("it must be more than zero".into())
        }
    })
}

/// A time in seconds, a fraction is fine; more than zero.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("it must be positive and finite".into()),
    }
}

/// A time in milliseconds, a fraction is fine; zero is none.
pub fn milliseconds(text: &str) -> Result<Duration, String> {
    let ms: f64 = text.parse().map_err(|_| "not a number of milliseconds".to_owned())?;
    Duration::try_from_secs_f64(ms / 1e3).map_err(|_| "it must be finite and not negative".into())
}

/// A share in percent, zero or more.
pub fn percent(text: &str) -> Result<f64, String> {
    let percent = text
        .trim_end_matches('%')
        .parse()
        .map_err(|_| "not a percentage".to_owned())?;
    if f64::is_finite(percent) && percent >= 0.0 {
        Ok(percent)
    } else {
        Err("it must be finite and not negative".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_positive_and_finite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(milliseconds("0"), Ok(Duration::ZERO));
        for wrong in ["", "x", "0", "-1", "inf", "nan", "1e300"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_can_be_seen_and_is_one_line() {
        assert_eq!(name("my program"), Ok("my program".into()));
        for wrong in ["", " ", "a\nb", "\u{1b}[31m"] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_words_after_the_dashes_are_a_program_or_the_arguments_of_a_named_workload() {
        let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        assert_eq!(workload(None, &[]).unwrap().name, "hello");
        let cpu = workload(Some("cpu"), &words(&["10"])).unwrap();
        assert_eq!((cpu.name.as_str(), cpu.args), ("cpu", words(&["10"])));
        assert!(workload(Some("nonsense"), &[]).is_err());
        assert!(workload(None, &words(&["/nonexistent"])).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,12}") {
            let _ = (name(&text), ram(&text), seconds(&text), milliseconds(&text), percent(&text));
        }
    }
}
