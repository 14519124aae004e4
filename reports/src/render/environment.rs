//! What explains a host's figures beyond its kernel and its processor, in words: where it runs, its clock, and how long the
//! operations take that a start is made of.

use crate::model::{Environment, Message};
use crate::render::finding::{Finding, of_primitives};
use crate::render::messages::Messages;

/// A sentence each; none of files of older versions, which say nothing of it.
pub(crate) fn texts(environment: &Environment, messages: &Messages) -> Vec<String> {
    let Some(measured_at) = &environment.measured_at else {
        return Vec::new();
    };
    let nested = if environment.hardware_virtualization == Some(true) {
        "yes"
    } else {
        "no"
    };
    let mut said = vec![match &environment.hypervisor {
        Some(name) => Message::new("doctor-hypervisor")
            .with("name", name.as_str())
            .with("nested", nested),
        None => Message::new("doctor-bare-metal"),
    }];
    let clock = environment.clock_source.as_deref();
    said.extend(clock.map(|name| Message::new("doctor-clock-source").with("name", name)));
    said.extend(of_primitives(&environment.primitives).iter().map(Finding::reason));
    let begun = Message::new("measured-at").with("time", measured_at.as_str());
    [begun]
        .iter()
        .chain(&said)
        .map(|message| messages.say("environment", message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{On, Primitive};
    use crate::render::Lang;

    #[test]
    fn the_environment_is_told_in_every_language_and_nothing_of_a_file_that_has_none() {
        let environment = Environment {
            measured_at: Some("2026-01-02T03:04:05Z".into()),
            hypervisor: Some("KVM".into()),
            clock_source: Some("tsc".into()),
            primitives: vec![Primitive {
                id: "system-call".into(),
                on: On::Host,
                median_ns: Some(93.0),
                n: 9,
                missing: None,
            }],
            ..Environment::default()
        };
        for (lang, word) in [(Lang::En, "system call"), (Lang::Ko, "시스템 호출")] {
            let texts = texts(&environment, &Messages::new(lang)).join("\n");
            for part in ["2026-01-02T03:04:05Z", "KVM", "tsc", "93.0 ns", word] {
                assert!(texts.contains(part), "{part}: {texts}");
            }
            assert!(!texts.contains("doctor-") && !texts.contains('⟨'), "{texts}");
        }
        assert!(texts(&Environment::default(), &Messages::new(Lang::En)).is_empty());
    }
}
