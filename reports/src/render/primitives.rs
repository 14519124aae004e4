//! How long the host's operations take, beside those of the built-in guest kernel.

use crate::model::{Message, On, Primitive};
use crate::render::finding::{Finding, Section, Severity};

/// The operations, and the messages that name them.
const NAMES: [(&str, &str); 8] = [
    ("system-call", "primitive-system-call"),
    ("page-fault", "primitive-page-fault"),
    ("cpuid", "primitive-cpuid"),
    ("context-switch", "primitive-context-switch"),
    ("clone", "primitive-clone"),
    ("clone-network", "primitive-clone-network"),
    ("clone-user-network", "primitive-clone-user-network"),
    ("create-vm", "primitive-create-vm"),
];

/// A line for each operation that was timed, and for each that could not be on the host.
pub fn findings(primitives: &[Primitive]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, name) in NAMES {
        let of = |on: On| {
            primitives
                .iter()
                .find(move |primitive| primitive.id == id && primitive.on == on)
        };
        let time = |on: On| of(on).and_then(|primitive| primitive.median_ns).map(time);
        let (host, guest) = (time(On::Host), time(On::Guest));
        if host.is_some() || guest.is_some() {
            let text = |time: Option<String>| time.unwrap_or_else(|| "none".into());
            findings.push(
                Finding::new(Section::Primitives, Severity::Ok, "primitive")
                    .arg("name", Message::new(name))
                    .arg("host", text(host))
                    .arg("guest", text(guest)),
            );
        }
        // Why there is no guest is said where the target microvm is, once.
        findings.extend(
            of(On::Host)
                .and_then(|primitive| primitive.missing.as_deref())
                .map(|why| {
                    Finding::new(Section::Primitives, Severity::Note, "primitive-missing")
                        .arg("name", Message::new(name))
                        .arg("why", why)
                }),
        );
    }
    findings
}

/// Three digits in the unit that fits.
fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns => (ns / 1e6, "ms"),
    };
    let digits = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Argument;

    #[test]
    fn times_have_three_digits() {
        assert_eq!(
            [93.05, 969.0, 1078.5, 49_347.5, 266_323.0, 2.5e6].map(time),
            ["93.0 ns", "969 ns", "1.08 µs", "49.3 µs", "266 µs", "2.50 ms"]
        );
    }

    #[test]
    fn host_and_guest_stand_in_one_line_and_what_is_missing_in_another() {
        let primitive = |on, median_ns: Option<f64>| Primitive {
            id: "system-call".into(),
            on,
            median_ns,
            missing: median_ns.is_none().then(|| "no KVM".into()),
            ..Primitive::default()
        };
        let both = findings(&[primitive(On::Host, Some(90.0)), primitive(On::Guest, Some(4e4))]);
        assert_eq!((both.len(), &both[0].args["guest"]), (1, &Argument::from("40.0 µs")));
        let ids = |primitives: &[Primitive]| -> Vec<String> {
            findings(primitives).into_iter().map(|finding| finding.id).collect()
        };
        assert_eq!(
            ids(&[primitive(On::Host, Some(90.0)), primitive(On::Guest, None)]),
            ["primitive"]
        );
        assert_eq!(ids(&[primitive(On::Host, None)]), ["primitive-missing"]);
    }
}
