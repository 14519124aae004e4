//! The texts of tables, charts and reports, in the reader's language.
//!
//! They live in `messages/*.ftl` (Project Fluent), embedded in the library. A text that a translation lacks is shown in
//! English; a test keeps the files complete.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use std::str::FromStr;
use unic_langid::LanguageIdentifier;

/// A language of the lab's output.
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

    fn source(self) -> &'static str {
        match self {
            Lang::En => concat!(
                include_str!("../messages/en.ftl"),
                "\n",
                include_str!("../messages/doctor-en.ftl")
            ),
            Lang::Ko => concat!(
                include_str!("../messages/ko.ftl"),
                "\n",
                include_str!("../messages/doctor-ko.ftl")
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

    /// The translation of a name that comes from the results file, or the name itself where there is none.
    pub(crate) fn name(&self, kind: &str, name: &str) -> String {
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
            outline.insert((message.id.name.to_owned(), arguments));
        }
        outline
    }

    #[test]
    fn the_languages_have_the_same_messages_with_the_same_arguments() {
        let (english, korean) = (outline(Lang::En), outline(Lang::Ko));
        assert!(english.len() > 20);
        let missing: Vec<_> = english.symmetric_difference(&korean).collect();
        assert!(
            missing.is_empty(),
            "only in one language, or with other arguments: {missing:?}"
        );
    }

    #[test]
    fn an_unknown_message_shows_its_name() {
        assert_eq!(Messages::new(Lang::Ko).get("no-such-message"), "⟨no-such-message⟩");
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
