//! What `isolab doctor` finds: identifiers with parameters, and their texts in the reader's language
//! (`messages/doctor-*.ftl`).

use crate::model::{Argument, Message};
use crate::render::messages::{Lang, Messages, clean};
pub use crate::render::primitives::findings as of_primitives;
use fluent_bundle::FluentValue;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which: kebab-case, stable. Its text is the message `doctor-ID`.
    pub id: String,
    /// What it is about.
    pub section: Section,
    /// How much it matters.
    pub severity: Severity,
    /// What the text names.
    pub args: BTreeMap<String, Argument>,
    /// Ways to mend it, the nearest first. Their texts are the messages `doctor-do-ID`, with the same arguments.
    pub to_do: Vec<String>,
}

/// What a finding is about: a target, or what all of them need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// The machine and its kernel.
    Host,
    /// The target `process`.
    Process,
    /// The target `container`.
    Container,
    /// The target `microvm`.
    Microvm,
    /// The kernels of the target `microvm-linux`.
    Kernels,
    /// How long the host's operations take.
    Primitives,
    /// What killed processes of isolab had left.
    LeftBehind,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// Something works less well, or figures say less.
    Degraded,
    /// A target cannot run.
    Missing,
}

impl Finding {
    /// A finding without parameters.
    pub fn new(section: Section, severity: Severity, id: impl Into<String>) -> Self {
        Finding {
            id: id.into(),
            section,
            severity,
            args: BTreeMap::new(),
            to_do: Vec::new(),
        }
    }

    /// The same finding, with a parameter.
    pub fn arg(mut self, name: &str, value: impl Into<Argument>) -> Self {
        self.args.insert(name.into(), value.into());
        self
    }

    /// What was found, as a reason in a results file.
    pub fn reason(&self) -> Message {
        self.message(format!("doctor-{}", self.id))
    }

    /// What to do about it, likewise.
    pub fn advice(&self) -> impl Iterator<Item = Message> + '_ {
        self.to_do.iter().map(|id| self.message(format!("doctor-do-{id}")))
    }

    fn message(&self, id: String) -> Message {
        Message {
            id,
            args: self.args.clone(),
            text: None,
        }
    }

    /// The same finding, with a way to mend it.
    pub fn to_do(mut self, id: impl Into<String>) -> Self {
        self.to_do.push(id.into());
        self
    }
}

/// The texts of findings in one language.
pub struct FindingTexts(Messages);

impl FindingTexts {
    /// Those of a language.
    pub fn new(lang: Lang) -> Self {
        FindingTexts(Messages::new(lang))
    }

    /// What was found.
    pub fn text(&self, finding: &Finding) -> String {
        self.message(&format!("doctor-{}", finding.id), finding)
    }

    /// What to do about it.
    pub fn to_do(&self, finding: &Finding) -> Vec<String> {
        let text = |id: &String| self.message(&format!("doctor-do-{id}"), finding);
        finding.to_do.iter().map(text).collect()
    }

    fn message(&self, id: &str, finding: &Finding) -> String {
        let value = |arg: &Argument| match arg {
            Argument::Text(text) => FluentValue::from(clean(text)),
            Argument::Number(number) => FluentValue::from(*number),
            // A word that every language has.
            Argument::Message(message) => FluentValue::from(self.0.get(&message.id)),
        };
        let args: Vec<(&str, FluentValue)> = finding
            .args
            .iter()
            .map(|(name, arg)| (name.as_str(), value(arg)))
            .collect();
        self.0.with(id, &args)
    }

    /// A page with all findings, section by section in their order.
    pub fn page(&self, findings: &[Finding]) -> String {
        let mark = |severity| {
            let id = match severity {
                Severity::Ok => "ok",
                Severity::Note => "note",
                Severity::Degraded => "degraded",
                Severity::Missing => "missing",
            };
            self.0.get(&format!("doctor-severity-{id}"))
        };
        let all = [Severity::Ok, Severity::Note, Severity::Degraded, Severity::Missing];
        let width = all.iter().map(|severity| mark(*severity).width()).max().unwrap_or(0);
        let mut page = String::new();
        let mut section = None;
        for finding in findings {
            if section != Some(finding.section) {
                section = Some(finding.section);
                page.push_str(&self.0.get(heading(finding.section)));
                page.push('\n');
            }
            let mark = mark(finding.severity);
            let pad = " ".repeat(width - mark.width());
            // Writing to a string cannot fail.
            let _ = writeln!(page, "  {mark}{pad} {}", self.text(finding));
            for text in self.to_do(finding) {
                let text = self.0.with("doctor-to-do", &[("text", text.into())]);
                let _ = writeln!(page, "  {:width$} {text}", "");
            }
        }
        page
    }
}

fn heading(section: Section) -> &'static str {
    match section {
        Section::Host => "doctor-section-host",
        Section::Process => "doctor-section-process",
        Section::Container => "doctor-section-container",
        Section::Microvm => "doctor-section-microvm",
        Section::Kernels => "doctor-section-kernels",
        Section::Primitives => "doctor-section-primitives",
        Section::LeftBehind => "doctor-section-left-behind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        Finding::new(Section::Host, Severity::Degraded, "ksm").to_do("ksm")
    }

    #[test]
    fn a_page_has_its_sections_and_every_finding_with_what_to_do() {
        let process = Finding::new(Section::Process, Severity::Ok, "process");
        let page = FindingTexts::new(Lang::En).page(&[finding(), process]);
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!((lines[0], lines[3]), ("host", "process"));
        assert!(lines[1].starts_with("  degraded "), "{page}");
        assert!(lines[2].starts_with("           to do: "), "{page}");
        assert!(lines[4].starts_with("  ok       "), "{page}");
    }

    #[test]
    fn every_language_has_the_texts_and_marks_of_one_width() {
        for lang in Lang::ALL {
            let page = FindingTexts::new(lang).page(&[finding()]);
            assert!(!page.contains('⟨'), "{page}");
        }
    }

    #[test]
    fn what_the_host_says_cannot_drive_a_terminal() {
        let finding = Finding::new(Section::Host, Severity::Ok, "cgroups").arg("mode", "v2\u{1b}[31m");
        assert!(!FindingTexts::new(Lang::En).text(&finding).contains('\u{1b}'));
    }
}
