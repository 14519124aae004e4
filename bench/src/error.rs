//! What isolab says when it cannot do something: what was tried and why it failed, and what to do about it. The texts stand in
//! `reports/messages/errors-*.ftl`, each as `reason-ID`, so that they are said in the reader's language; only what kernels,
//! libraries and other programs answer is quoted as it is.

use nix::errno::Errno;
use reports::finding::Finding;
use reports::model::Message;
use reports::{Lang, render};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::Path;

/// A failure with its remedy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Error {
    /// What was tried and what the answer was.
    why: Box<Message>,
    /// What lies behind it: the lines of a file that is wrong. Each is a line of its own.
    #[serde(default)]
    behind: Vec<Message>,
    /// What the user can do, each a way of its own.
    to_do: Vec<Message>,
    /// The exit status that `isolab run` gives for it, as `docker run` does: 125 isolab failed, 126 the program cannot
    /// be executed, 127 it is not there.
    pub run_status: u8,
}

impl Error {
    /// A failure that explains itself.
    pub fn new(why: impl Into<Message>) -> Self {
        Error {
            why: Box::new(why.into()),
            behind: Vec::new(),
            to_do: Vec::new(),
            run_status: 125,
        }
    }

    /// `tried` failed because of `cause`.
    pub fn from_cause(tried: impl Into<Message>, cause: impl Cause) -> Self {
        Error::new(
            Message::new("because")
                .with("tried", tried.into())
                .with("cause", cause.message()),
        )
    }

    /// What `tried` names could not be done with the file or folder `path`.
    pub fn of_path(tried: &str, path: &Path, cause: impl Cause) -> Self {
        Error::from_cause(Message::new(tried).with("path", path.display().to_string()), cause)
    }

    /// A word that cannot be understood, or not be used.
    pub fn of_text(why: &str, text: impl Into<String>) -> Self {
        Error::new(Message::new(why).with("text", text.into()))
    }

    /// The same failure, with what lies behind it.
    pub fn behind(mut self, lines: impl IntoIterator<Item = Message>) -> Self {
        self.behind.extend(lines);
        self
    }

    /// The same failure, with what to do about it.
    pub fn remedy(mut self, what: impl Into<Message>) -> Self {
        self.to_do.push(what.into());
        self
    }

    /// What `isolab doctor` finds, as a failure.
    pub fn found(finding: &Finding) -> Self {
        finding.advice().fold(Error::new(finding.reason()), Error::remedy)
    }

    /// The same failure, as one of `what`.
    pub fn about(self, what: Message) -> Self {
        let why = Error::from_cause(what, &*self.why).why;
        Error { why, ..self }
    }

    /// The same failure, with the exit status that `isolab run` gives for it.
    pub fn run_status(mut self, status: u8) -> Self {
        self.run_status = status;
        self
    }

    /// Why, without what to do.
    pub fn why(&self) -> &Message {
        &self.why
    }

    /// Why, and what lies behind it.
    pub fn lines(self) -> impl Iterator<Item = Message> {
        [*self.why].into_iter().chain(self.behind)
    }

    /// Why, and what to do, for a results file.
    pub fn reason(&self) -> Message {
        self.to_do
            .iter()
            .cloned()
            .fold((*self.why).clone(), Message::with_advice)
    }

    /// All of it in a language: why, and a line for each way out.
    pub fn text(&self, lang: Lang) -> String {
        let hint = |what: &Message| {
            let what = Message::new("hint").with("what", what.clone());
            format!("  {}", render::reason(&what, lang))
        };
        let said = [&*self.why].into_iter().chain(&self.behind);
        let lines = said
            .map(|line| render::reason(line, lang))
            .chain(self.to_do.iter().map(hint));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Error {}

/// What a call answered.
pub trait Cause {
    /// As it is said: the kernel's errors in the reader's language where they have a text, all else as it is.
    fn message(&self) -> Message;
}

impl Cause for Errno {
    fn message(&self) -> Message {
        Message {
            text: Some(format!("{} ({self:?})", self.desc())),
            ..Message::new(&format!("library-{self:?}"))
        }
    }
}

impl Cause for io::Error {
    fn message(&self) -> Message {
        let own = self.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let text = self.to_string();
        // A library may have put a path around the kernel's answer, and keep that to itself.
        let within = || text.split_once("(os error ")?.1.split_once(')')?.0.parse().ok();
        match (own, self.raw_os_error().or_else(within)) {
            (Some(own), _) => own.why().clone(),
            (None, Some(number)) => Errno::from_raw(number).message(),
            (None, None) => in_english(text),
        }
    }
}

impl Cause for Message {
    fn message(&self) -> Message {
        self.clone()
    }
}

/// What a library or the kernel says in English, under the name by which other languages may have it: `reason-library-` and
/// its first words.
pub fn in_english(text: impl Into<String>) -> Message {
    const WORDS: usize = 6;
    let text = text.into();
    let words = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let name = words.take(WORDS).collect::<Vec<_>>().join("-").to_lowercase();
    Message {
        text: Some(text),
        ..Message::new(&format!("library-{name}"))
    }
}

/// Of libraries and other programs, in their own words.
macro_rules! in_its_own_words {
    ($($cause:ty),*) => {
        $(impl Cause for $cause {
            fn message(&self) -> Message {
                in_english(self.to_string())
            }
        })*
    };
}

in_its_own_words!(str, String, serde_json::Error, microvm::Error);

impl Cause for container::Error {
    /// The step and what was tried; its hint is a remedy.
    fn message(&self) -> Message {
        let tried = Message::plain(format!("{}: {}", self.step, self.tried));
        match self.errno {
            None => tried,
            Some(errno) => Message::new("because")
                .with("tried", tried)
                .with("cause", errno.message()),
        }
    }
}

impl Cause for reports::file::ReadError {
    fn message(&self) -> Message {
        self.message()
    }
}

impl<T: Cause + ?Sized> Cause for &T {
    fn message(&self) -> Message {
        (*self).message()
    }
}

impl From<microvm::Error> for Error {
    fn from(error: microvm::Error) -> Self {
        Error::from_cause(Message::new("virtual-machine"), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    /// The Rust files below a folder of the repository.
    fn sources(folder: &str) -> String {
        fn below(folder: PathBuf, texts: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                match entry.path() {
                    path if path.is_dir() => below(path, texts),
                    path if path.extension().is_some_and(|extension| extension == "rs") => {
                        *texts += &std::fs::read_to_string(path).unwrap();
                    }
                    _ => {}
                }
            }
        }
        let mut texts = String::new();
        below(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder),
            &mut texts,
        );
        texts
    }

    /// The names of the texts, in a language.
    fn names(lang: Lang) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/messages");
        let files = ["", "errors-"].map(|kind| folder.join(format!("{kind}{}.ftl", lang.tag())));
        let texts = files.map(|file| std::fs::read_to_string(file).unwrap()).concat();
        let names = texts
            .lines()
            .filter_map(|line| line.strip_prefix("reason-")?.split_once(" ="));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_text_is_said_somewhere_and_what_is_said_has_its_text() {
        let (sources, names) = (sources("bench/src") + &sources("reports/src"), names(Lang::En));
        assert!(names.len() > 200);
        let unused: Vec<_> = names
            .iter()
            .filter(|name| !sources.contains(&format!("\"{name}\"")))
            .collect();
        assert!(unused.is_empty(), "said nowhere: {unused:?}");
        for begin in [
            "Error::of_path(\"",
            "Error::of_text(\"",
            "Error::new(Message::new(\"",
            "remedy(Message::new(\"",
        ] {
            let said = sources.split(begin).skip(1).filter_map(|rest| rest.split('"').next());
            for name in said.filter(|name| !name.is_empty()) {
                assert!(names.contains(name), "{name} has no text");
            }
        }
    }

    #[test]
    fn what_other_languages_have_of_a_librarys_sentence_is_of_one_that_it_says() {
        let continued = sources("container/src") + &sources("microvm/src");
        let mut said = BTreeSet::new();
        for text in continued.replace("\\\n", " ").split('"') {
            said.insert(in_english(text).id);
        }
        // Those of the standard library, and the kernel's.
        said.extend(
            [
                "invalid digit found in string",
                "cannot parse integer from empty string",
            ]
            .map(|text| in_english(text).id),
        );
        let of_kernel = |name: &str| name.chars().filter(|c| c.is_ascii_uppercase()).count() > 1;
        let stale: Vec<_> = names(Lang::Ko)
            .into_iter()
            .filter(|name| name.starts_with("library-") && !of_kernel(name) && !said.contains(name))
            .collect();
        assert!(stale.is_empty(), "{stale:?}");
    }

    #[test]
    fn an_error_is_said_in_the_language_with_its_ways_out() {
        let error =
            Error::of_path("cannot-open", Path::new("/x"), Errno::EACCES).remedy(Message::new("do-other-place"));
        assert_eq!(
            error.to_string(),
            "cannot open /x: Permission denied (EACCES)\n  hint: Name another place."
        );
        let korean = error.text(Lang::Ko);
        assert!(
            korean.starts_with("열 수 없음: /x: 권한이 없음 (EACCES)\n  조치: "),
            "{korean}"
        );
    }
}
