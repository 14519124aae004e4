//! Arguments that several commands share.

use crate::error::Error;
use crate::files::search_path;
use crate::targets::registry::TargetKind;
use crate::units;
use crate::workloads::{Workload, built_in};
use clap::Args;
use reports::model::Message;
use std::path::Path;
use std::time::Duration;

/// The workload when none is named.
const DEFAULT_WORKLOAD: &str = "hello";
/// The exit status of `isolab run` without a program, as shells have it.
const NOT_FOUND: u8 = 127;

// Which program runs, in every command that runs one.
#[derive(Debug, Args)]
pub struct WorkloadArguments {
    /// A built-in workload (`isolab workload ls`); hello by default
    #[arg(value_name = "WORKLOAD")]
    built_in: Option<String>,
    // As it was spelled before the name could stand alone.
    #[arg(long = "workload", hide = true, value_name = "WORKLOAD", conflicts_with = "built_in")]
    named: Option<String>,
    /// A static program and its arguments; after WORKLOAD, the workload's arguments only
    #[arg(last = true, value_name = "PROGRAM ARGS")]
    words: Vec<String>,
}

impl WorkloadArguments {
    /// With a name, a built-in workload with its arguments; without, a program with its. `command` is for what a hint says to type.
    pub fn find(&self, command: &str) -> Result<Workload, Error> {
        match (self.built_in.as_deref().or(self.named.as_deref()), &self.words[..]) {
            (Some(name), arguments) => match built_in(name) {
                // `compare ./program` without the dashes.
                None if name.contains('/') || Path::new(name).is_file() => {
                    let words = [&[name.to_owned()], arguments].concat().join(" ");
                    Err(Error::new(Message::new("file-not-workload").with("name", name))
                        .remedy(Message::new("do-after-dashes").with("command", format!("isolab {command} -- {words}")))
                        .run_status(NOT_FOUND))
                }
                _ => Workload::own(name, arguments.to_vec()),
            },
            (None, [program, arguments @ ..]) => own_program(program, arguments, command),
            (None, []) => Workload::own(DEFAULT_WORKLOAD, vec![]),
        }
    }
}

/// A program by its path, or by a name that is looked up in the working directory and then as a shell does.
fn own_program(program: &str, arguments: &[String], command: &str) -> Result<Workload, Error> {
    if program.contains('/') || Path::new(program).exists() {
        return Workload::program(program.as_ref(), arguments.to_vec());
    }
    if let Ok(path) = search_path::find(program) {
        return Workload::program(&path, arguments.to_vec());
    }
    let not_found = Error::new(Message::new("no-program").with("name", program)).run_status(NOT_FOUND);
    let words = match arguments {
        [] => String::new(),
        arguments => format!(" -- {}", arguments.join(" ")),
    };
    Err(match (program, built_in(program)) {
        (_, Some(_)) => not_found
            .remedy(Message::new("do-before-dashes").with("command", format!("isolab {command} {program}{words}"))),
        ("--workload", None) => not_found.remedy(
            Message::new("do-before-dashes").with("command", format!("isolab {command} {}", arguments.join(" "))),
        ),
        _ => not_found.remedy(Message::new("do-check-name")),
    })
}

/// Another version of a workload: a program by its path or name, given the same as that.
pub fn version(program: &str, of: &Workload) -> Result<Workload, Error> {
    Ok(Workload {
        inputs: of.inputs.clone(),
        ready: of.ready.clone(),
        ..own_program(program, &of.args, "compare")?
    })
}

/// What a workload is called in tables and file names: on one line, and with something to see.
pub fn name(text: &str) -> Result<String, Error> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(Error::of_text("invisible-name", text));
    }
    Ok(text.into())
}

/// A target by its name, or by the file that describes it.
pub fn target(name: &str) -> Result<TargetKind, Error> {
    TargetKind::find(name)
}

/// A target by the command that starts a program.
pub fn launcher(command: &str) -> Result<TargetKind, String> {
    TargetKind::launcher(command).map_err(|error| error.to_string())
}

/// Guest RAM.
pub fn ram(text: &str) -> Result<u64, Error> {
    /// No container or machine starts with less.
    const LEAST: u64 = 1 << 16;
    match units::size(text)? {
        0 => Err(Error::of_text("not-positive", text)),
        ..LEAST if text.bytes().all(|byte| byte.is_ascii_digit()) => Err(Error::of_text("bytes-too-few", text)),
        bytes => Ok(bytes),
    }
}

/// A number, a fraction is fine.
pub fn number(text: &str) -> Result<f64, Error> {
    text.parse().map_err(|_| Error::of_text("no-number", text))
}

/// A time in seconds, a fraction is fine; more than zero.
pub fn seconds(text: &str) -> Result<Duration, Error> {
    let seconds: f64 = number(text)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(Error::of_text("not-positive", text)),
    }
}

/// A time in milliseconds, a fraction is fine; zero is none.
pub fn milliseconds(text: &str) -> Result<Duration, Error> {
    let ms: f64 = number(text)?;
    Duration::try_from_secs_f64(ms / 1e3).map_err(|_| Error::of_text("negative", text))
}

/// A share in percent, zero or more.
pub fn percent(text: &str) -> Result<f64, Error> {
    let percent = number(text.trim_end_matches('%'))?;
    if f64::is_finite(percent) && percent >= 0.0 {
        Ok(percent)
    } else {
        Err(Error::of_text("negative", text))
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
        let find = |name: Option<&str>, words: &[&str]| {
            let arguments = WorkloadArguments {
                built_in: name.map(Into::into),
                named: None,
                words: words.iter().map(|word| (*word).to_owned()).collect(),
            };
            arguments.find("compare")
        };
        assert_eq!(find(None, &[]).unwrap().name, "hello");
        let cpu = find(Some("cpu"), &["10"]).unwrap();
        assert_eq!((cpu.name.as_str(), cpu.args), ("cpu", vec!["10".to_owned()]));
        assert!(find(Some("nonsense"), &[]).is_err());
        assert!(find(None, &["/nonexistent"]).is_err());
        // What people type instead, and what they are told to type.
        for (name, words, told) in [
            (None, &["cpu", "10"][..], "isolab compare cpu -- 10"),
            (None, &["--workload", "cpu"], "isolab compare cpu"),
            (Some("./hello"), &[], "isolab compare -- ./hello"),
        ] {
            let error = find(name, words).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn a_size_without_its_unit_is_asked_about() {
        assert_eq!(ram("64M"), Ok(64 << 20));
        assert!(ram("64").unwrap_err().to_string().ends_with("64M?"));
        assert_eq!(ram("67108864"), Ok(64 << 20));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,12}") {
            let _ = (name(&text), ram(&text), seconds(&text), milliseconds(&text), percent(&text));
        }
    }
}
