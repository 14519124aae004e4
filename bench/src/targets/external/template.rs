//! Words and texts of a description with their placeholders: `${root}`, `${program}`, ….

use crate::error::Error;
use reports::model::Message;
use std::collections::BTreeMap;

/// What the placeholders stand for.
#[derive(Clone, Debug)]
pub struct Values {
    texts: BTreeMap<&'static str, String>,
    /// What the whole word `${args}` is replaced by.
    args: Vec<String>,
}

/// The word that is replaced by all arguments of the program.
const ARGS: &str = "${args}";

impl Values {
    /// Placeholders with what they stand for, and the program's arguments.
    pub fn new(texts: BTreeMap<&'static str, String>, args: Vec<String>) -> Self {
        Values { texts, args }
    }

    /// A command's words.
    ///
    /// # Errors
    /// A placeholder that there is not.
    pub fn words(&self, words: &[String]) -> Result<Vec<String>, Error> {
        let mut filled = Vec::with_capacity(words.len() + self.args.len());
        for word in words {
            if word == ARGS {
                filled.extend_from_slice(&self.args);
            } else {
                filled.push(self.text(word)?);
            }
        }
        Ok(filled)
    }

    /// A text.
    ///
    /// # Errors
    /// A placeholder that there is not.
    pub fn text(&self, text: &str) -> Result<String, Error> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            filled.push_str(before);
            let (name, after) = behind.split_once('}').ok_or_else(|| {
                Error::new(Message::new("placeholder-without-end").with("text", format!("${{{behind}")))
            })?;
            let value = self.texts.get(name).ok_or_else(|| self.unknown(name))?;
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<String> = self.texts.keys().map(|name| format!("${{{name}}}")).collect();
        Error::new(Message::new("no-placeholder").with("name", format!("${{{name}}}"))).remedy(
            Message::new("do-placeholders")
                .with("names", known.join(", "))
                .with("args", ARGS),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> Values {
        let texts = BTreeMap::from([("root", "/r".to_owned()), ("id", "${root}".to_owned())]);
        Values::new(texts, vec!["a".into(), "${b}".into()])
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn placeholders_are_filled_in_once_and_arguments_stay_as_they_are() {
        let filled = values()
            .words(&words(&["x", "${root}/y:${root}", "${args}", "${id}", "$root {}"]))
            .unwrap();
        assert_eq!(filled, words(&["x", "/r/y:/r", "a", "${b}", "${root}", "$root {}"]));
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_those_there_are() {
        let error = values().text("${rot}").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("${rot}") && text.contains("${root}"), "{text}");
        assert!(values().text("${root").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_filled_without_a_panic(text in "(\\$\\{|root|\\}|é|\\PC){0,12}") {
            let _ = values().text(&text);
        }
    }
}
