//! Times the operations that explain a host: machines of the same name differ threefold in them.
//!
//! A small program ([`EXECUTABLE`], source in `primitives`) times them as a plain process, and those that every kernel has
//! in a micro-VM on the built-in guest kernel.

use crate::error::Error;
use crate::measure::ready::Ready;
use crate::measure::stopwatch;
use crate::plan::Machine;
use crate::targets::registry::{Purpose, TargetKind};
use crate::workloads::Workload;
use crate::workloads::image::Image;
use crate::workloads::inputs::Inputs;
use nix::errno::Errno;
use reports::model::{Message, On, Primitive};
use reports::{Lang, render};
use std::time::Duration;

/// The program.
const EXECUTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/primitives"));

/// Far longer than it takes: some ten milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is timed on every kernel.
const EVERYWHERE: [&str; 3] = ["system-call", "page-fault", "cpuid"];

/// Times all of them; what cannot be timed is there with the reason.
pub fn measure() -> Vec<Primitive> {
    let mut primitives = run(On::Host);
    primitives.extend(match microvm::probe().kind {
        microvm::KvmKind::None(reason) => missing(On::Guest, &reason),
        _ => run(On::Guest),
    });
    primitives
}

fn run(on: On) -> Vec<Primitive> {
    match output(on) {
        Ok(text) => text.lines().filter_map(|line| parse(line, on)).collect(),
        Err(error) => missing(on, &render::reason(error.why(), Lang::En)),
    }
}

fn missing(on: On, why: &str) -> Vec<Primitive> {
    let primitive = |id: &str| Primitive {
        id: id.into(),
        on,
        missing: Some(why.into()),
        ..Primitive::default()
    };
    EVERYWHERE.map(primitive).into()
}

fn output(on: On) -> Result<String, Error> {
    let (target, args) = match on {
        On::Host => ("process", vec![]),
        On::Guest => ("microvm", vec!["guest".into()]),
    };
    let machine = Machine::default();
    let purpose = Purpose::measured(&machine, TIMEOUT);
    let backend = TargetKind::find(target)?.backend(&purpose);
    let backend = backend.ok_or_else(|| Error::new(Message::new("runs-no-program").with("name", target)))?;
    let program = Workload {
        name: "primitives".into(),
        file_name: "primitives".into(),
        bytes: EXECUTABLE.into(),
        known_sha256: Some(env!("PRIMITIVES_SHA256")),
        args,
        inputs: Inputs::default(),
        ready: Ready::default(),
    };
    let seen = stopwatch::run(backend.as_ref(), &Image::build(&program, 0)?, TIMEOUT)?;
    match (seen.end.failure, seen.end.status) {
        _ if seen.timed_out => Err(Error::new(
            Message::new("timed-out").with("seconds", TIMEOUT.as_secs_f64()),
        )),
        (Some(failure), _) => Err(Error::new(failure)),
        (None, 0) => Ok(String::from_utf8_lossy(&seen.stdout.bytes).into_owned()),
        (None, status) => Err(Error::new(Message::new("status").with("status", f64::from(status)))),
    }
}

/// A line of the program: `NAME PICOSECONDS COUNT` or `NAME !ERRNO`.
fn parse(line: &str, on: On) -> Option<Primitive> {
    let mut words = line.split_ascii_whitespace();
    let (name, word) = (words.next()?, words.next()?);
    let primitive = Primitive {
        id: name.into(),
        on,
        ..Primitive::default()
    };
    Some(match word.strip_prefix('!') {
        Some(errno) => Primitive {
            missing: Some(Errno::from_raw(errno.parse().ok()?).desc().into()),
            ..primitive
        },
        None => Primitive {
            median_ns: Some(word.parse::<u64>().ok()? as f64 / 1e3),
            n: words.next()?.parse().ok()?,
            ..primitive
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_has_a_time_or_an_error() {
        let timed = parse("system-call 101316 9", On::Host).unwrap();
        assert_eq!((timed.median_ns, timed.n, timed.missing), (Some(101.316), 9, None));
        let failed = parse("create-vm !13", On::Host).unwrap();
        assert_eq!(
            (failed.median_ns, failed.missing.as_deref()),
            (None, Some("Permission denied"))
        );
        assert_eq!(parse("", On::Host), None);
    }

    #[test]
    fn this_host_is_timed_and_what_it_lacks_has_a_reason() {
        let primitives = run(On::Host);
        let ids: Vec<&str> = primitives.iter().map(|primitive| primitive.id.as_str()).collect();
        assert_eq!(
            ids[..5],
            ["system-call", "page-fault", "cpuid", "context-switch", "clone"]
        );
        assert_eq!(ids.len(), 7);
        for primitive in &primitives {
            let timed = primitive.median_ns.is_some_and(|ns| ns > 0.0) && primitive.n > 0;
            assert!(timed != primitive.missing.is_some(), "{primitive:?}");
        }
        // What needs no right and no device is always timed.
        assert!(primitives[..5].iter().all(|primitive| primitive.missing.is_none()));
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_a_panic(line in "[a-z]{0,5} ?!?[0-9-]{0,22} ?[0-9]{0,12}") {
            let _ = parse(&line, On::Guest);
        }
    }
}
