//! The texts of tables, charts and reports, in the reader's language.
//!
//! They live in `messages/*.ftl` (Project Fluent), embedded in the library. A text that a translation lacks is shown in
//! English; a test keeps the files complete.

use crate::model::{Argument, Message, Version};
use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use std::str::FromStr;
use unic_langid::LanguageIdentifier;

/// A language of isolab's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// Every language, in the order of a help text.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Ko];

    /// The BCP 47 tag: `en` or `ko`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ko => "ko",
        }
    }

    pub(crate) fn source(self) -> &'static str {
        match self {
            Lang::En => concat!(
                include_str!("../../messages/en.ftl"),
                "\n",
                include_str!("../../messages/doctor-en.ftl"),
                "\n",
                include_str!("../../messages/errors-en.ftl"),
                "\n",
                include_str!("../../messages/density-en.ftl")
            ),
            Lang::Ko => concat!(
                include_str!("../../messages/ko.ftl"),
                "\n",
                include_str!("../../messages/doctor-ko.ftl"),
                "\n",
                include_str!("../../messages/errors-ko.ftl"),
                "\n",
                include_str!("../../messages/density-ko.ftl")
            ),
        }
    }
}

/// The language asked for is none of [`Lang::ALL`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no texts in the language {0:?}; there are `en` (English) and `ko` (Korean)")]
pub struct UnknownLang(String);

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(tag: &str) -> Result<Lang, UnknownLang> {
        Lang::ALL
            .into_iter()
            .find(|lang| lang.tag() == tag)
            .ok_or_else(|| UnknownLang(tag.to_owned()))
    }
}

/// The texts of one language.
pub(crate) struct Messages {
    bundle: FluentBundle<FluentResource>,
    english: Option<Box<Messages>>,
}

impl Messages {
    pub(crate) fn new(lang: Lang) -> Messages {
        let identifier = LanguageIdentifier::from_bytes(lang.tag().as_bytes()).unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![identifier]);
        // Fluent would put invisible direction marks around every argument; they break alignment and searching.
        bundle.set_use_isolating(false);
        // A line with a syntax error costs its own message, which then shows in English; a test finds it.
        let resource = FluentResource::try_new(lang.source().to_owned()).unwrap_or_else(|(whole_lines, _)| whole_lines);
        bundle.add_resource_overriding(resource);
        let english = (lang != Lang::En).then(|| Box::new(Messages::new(Lang::En)));
        Messages { bundle, english }
    }

    /// The text of `id`, which takes no arguments.
    pub(crate) fn get(&self, id: &str) -> String {
        self.with(id, &[])
    }

    /// The text of `id` with its arguments filled in; numbers choose plural forms.
    pub(crate) fn with(&self, id: &str, arguments: &[(&str, FluentValue)]) -> String {
        self.find(id, arguments).unwrap_or_else(|| format!("⟨{id}⟩"))
    }

    /// What a message of a results file says: the text `KIND-ID` with the message's arguments, or the English text that it
    /// brings along where there is none, or lacks an argument.
    pub(crate) fn say(&self, kind: &str, message: &Message) -> String {
        let texts: Vec<(&str, FluentValue)> = message
            .args
            .iter()
            .map(|(name, argument)| (name.as_str(), self.argument(name, argument)))
            .collect();
        let id = format!("{kind}-{}", message.id);
        // What doctor finds is said elsewhere, too, by its whole name.
        let whole = || {
            let of_doctor = ["doctor-", "primitive-"]
                .iter()
                .any(|start| message.id.starts_with(start));
            of_doctor.then(|| self.complete(&message.id, &texts)).flatten()
        };
        let text = Some(&message.id)
            .filter(|id| is_identifier(id))
            .and_then(|_| self.complete(&id, &texts).or_else(whole));
        text.or_else(|| message.text.as_deref().map(clean))
            .unwrap_or_else(|| self.unknown(message, &texts))
    }

    /// What is filled in for `name`. Targets and metrics go by their names in the language.
    fn argument(&self, name: &str, argument: &Argument) -> FluentValue<'static> {
        match (name, argument) {
            ("target", Argument::Text(target)) => self.name("target", target).into(),
            ("metric", Argument::Text(id)) => self.metric_name(id).into(),
            (_, Argument::Number(number)) => (*number).into(),
            (_, Argument::Text(text)) => clean(text).into(),
            (_, Argument::Message(message)) => self.say("reason", message).into(),
        }
    }

    /// A message of a newer version, as far as it can be understood.
    fn unknown(&self, message: &Message, arguments: &[(&str, FluentValue)]) -> String {
        let text = |value: &FluentValue| match value {
            FluentValue::Number(number) => number.as_string().into_owned(),
            FluentValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        let list: Vec<String> = arguments
            .iter()
            .map(|(name, value)| format!("{}: {}", clean(name), text(value)))
            .collect();
        if list.is_empty() {
            return clean(&message.id);
        }
        format!("{} ({})", clean(&message.id), list.join(", "))
    }

    /// The text of `id`, where it is there and none of its arguments is missing.
    fn complete(&self, id: &str, arguments: &[(&str, FluentValue)]) -> Option<String> {
        let pattern = self.bundle.get_message(id).and_then(|message| message.value())?;
        let arguments: FluentArgs = arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(&arguments), &mut errors)
            .into_owned();
        errors.is_empty().then_some(text)
    }

    /// What a metric is called.
    pub(crate) fn metric_name(&self, id: &str) -> String {
        self.metric(id, &[]).map_or_else(|| clean(id), |(name, _)| name)
    }

    /// Name and definition of a metric; one that is not known goes by its own name.
    pub(crate) fn metric(&self, id: &str, arguments: &[(&str, FluentValue)]) -> Option<(String, String)> {
        let id = format!("metric-{}", id.replace('_', "-"));
        let known = is_identifier(&id).then(|| self.find(&id, arguments)).flatten()?;
        Some((
            known,
            self.find(&format!("{id}-meaning"), arguments).unwrap_or_default(),
        ))
    }

    /// The translation of a name that comes from the results file, or the name itself where there is none.
    pub(crate) fn name(&self, kind: &str, name: &str) -> String {
        // Of one version only: a hostile file has names of any number.
        match Version::of(name) {
            Some((target, version)) => format!("{} {version}", self.plain_name(kind, target)),
            None => self.plain_name(kind, name),
        }
    }

    /// The same of a name that is no version's.
    fn plain_name(&self, kind: &str, name: &str) -> String {
        let words: Vec<&str> = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let id = format!("{kind}-{}", words.join("-"));
        // Names that were shortened to fit an identifier are other names.
        let same = words.join("").len() + name.matches([' ', '_', '-', ':']).count() == name.len();
        same.then(|| self.find(&id, &[]))
            .flatten()
            .unwrap_or_else(|| clean(name))
    }

    /// The text of `id` where there is one.
    pub(crate) fn known(&self, id: &str, arguments: &[(&str, FluentValue)]) -> Option<String> {
        Some(id)
            .filter(|id| is_identifier(id))
            .and_then(|id| self.find(id, arguments))
    }

    fn find(&self, id: &str, arguments: &[(&str, FluentValue)]) -> Option<String> {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return self.english.as_ref().and_then(|english| english.find(id, arguments));
        };
        let arguments: FluentArgs = arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        Some(
            self.bundle
                .format_pattern(pattern, Some(&arguments), &mut errors)
                .into_owned(),
        )
    }
}

/// Whether a name from a file can be part of the name of a text.
fn is_identifier(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Text from a results file, made harmless to look at: control characters (terminal escapes, what XML forbids) and marks
/// that reverse the direction of writing become U+FFFD, white space becomes plain spaces.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_name_of_very_many_versions_is_a_name() {
        let name = Messages::new(Lang::En).name("target", &"@A".repeat(1 << 20));
        assert!(name.ends_with("@A A"));
    }

    /// Every message of a file with the names of its arguments.
    fn outline(lang: Lang) -> BTreeSet<(String, BTreeSet<String>)> {
        let resource = FluentResource::try_new(lang.source().to_owned()).map_err(|(_, errors)| errors);
        let resource = resource.expect("a message file without syntax errors");
        let mut outline = BTreeSet::new();
        for entry in resource.entries() {
            let fluent_syntax::ast::Entry::Message(message) = entry else {
                continue;
            };
            let text = format!("{:?}", message.value);
            let arguments = text.split("VariableReference { id: Identifier { name: \"").skip(1);
            let arguments = arguments
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned)
                .collect();
            // How a sentence is put together is each language's own matter.
            let arguments = if message.id.name.starts_with("headline") {
                BTreeSet::new()
            } else {
                arguments
            };
            outline.insert((message.id.name.to_owned(), arguments));
        }
        outline
    }

    #[test]
    fn the_languages_have_the_same_messages_with_the_same_arguments() {
        let (english, korean) = (outline(Lang::En), outline(Lang::Ko));
        assert!(english.len() > 20);
        // What libraries say in English stands in their own sources.
        let of_library = |(id, _): &&(String, BTreeSet<String>)| id.starts_with("reason-library-");
        let missing = english.symmetric_difference(&korean).filter(|entry| !of_library(entry));
        let missing: Vec<_> = missing.collect();
        assert!(
            missing.is_empty(),
            "only in one language, or with other arguments: {missing:?}"
        );
    }

    #[test]
    fn every_metric_and_every_target_has_its_name_and_what_it_is_in_every_language() {
        let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        let (english, korean) = (Messages::new(Lang::En), Messages::new(Lang::Ko));
        for id in crate::metrics::ids() {
            for messages in [&english, &korean] {
                let (name, meaning) = messages.metric(id, &[]).unwrap_or_default();
                assert!(!name.is_empty() && !meaning.is_empty(), "{id}");
            }
            let (name, meaning) = english.metric(id, &[]).unwrap_or_default();
            assert!(!hangul(&name) && !hangul(&meaning), "{id}");
            assert!(hangul(&korean.metric(id, &[]).unwrap_or_default().1), "{id}");
        }
        for target in [
            "process",
            "container",
            "container-no-init",
            "container-pod",
            "container-bound",
            "microvm",
            "microvm-linux",
        ] {
            assert!(
                hangul(&korean.name("target", target)) && hangul(&korean.name("noun", target)),
                "{target}"
            );
        }
    }

    #[test]
    fn a_message_is_said_in_the_language_or_else_as_its_file_has_it() {
        let (english, korean) = (Messages::new(Lang::En), Messages::new(Lang::Ko));
        let status = Message::new("status").with("status", 3.0);
        let said = Message::new("said").with("why", status).with("said", "no such host");
        assert_eq!(
            english.say("reason", &said),
            "the workload ended with status 3; on stderr: no such host"
        );
        assert_eq!(
            korean.say("reason", &said),
            "프로그램이 상태 3번으로 종료됨; 표준 오류 출력: no such host"
        );
        // A file of an older version has a text and nothing to fill in.
        let old = Message {
            id: "busy-host".into(),
            text: Some("other programs kept 1.5 processors busy".into()),
            ..Message::default()
        };
        assert_eq!(korean.say("warning", &old), "other programs kept 1.5 processors busy");
        // One of a newer version has neither.
        let new = Message::new("solar-flare").with("class", "X");
        assert_eq!(korean.say("warning", &new), "solar-flare (class: X)");
        assert_eq!(korean.say("warning", &Message::new("<b>\u{1b}")), "<b>\u{fffd}");
        // Targets and metrics are named in the language.
        let gave_up = Message::new("no-memory").with("target", "microvm").with("why", "?");
        assert!(korean.say("warning", &gave_up).starts_with("마이크로 VM"));
    }

    #[test]
    fn an_unknown_message_shows_its_name() {
        assert_eq!(Messages::new(Lang::Ko).get("no-such-message"), "⟨no-such-message⟩");
    }

    #[test]
    fn a_name_of_a_million_versions_is_a_name() {
        let name = "@A".repeat(1_000_000);
        assert_eq!(Messages::new(Lang::En).name("target", &name).len(), name.len());
        assert_eq!(Messages::new(Lang::En).name("target", "process@A"), "process A");
    }

    #[test]
    fn a_name_from_the_file_is_never_taken_for_another_message() {
        let messages = Messages::new(Lang::Ko);
        assert_eq!(messages.name("phase", "<script>"), "<script>");
        assert_eq!(messages.name("part", "<guest kernel>"), "<guest kernel>");
        assert_ne!(messages.name("phase", "guest kernel: entry"), "guest kernel: entry");
        assert_eq!(messages.name("part", "no such part"), "no such part");
        assert_ne!(messages.name("part", "guest kernel"), "guest kernel");
    }

    #[test]
    fn an_unknown_language_is_refused_with_those_there_are() {
        let error = "de".parse::<Lang>().unwrap_err().to_string();
        assert!(
            error.contains("`en`") && error.contains("`ko`") && error.contains("de"),
            "{error}"
        );
    }

    #[test]
    fn text_from_the_file_cannot_drive_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
    }
}
