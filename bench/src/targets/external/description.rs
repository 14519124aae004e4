//! A target's description: a TOML file, one of isolab's own, one in `~/.config/isolab/targets`, or one named by its path.
//!
//! ```toml
//! name = "tool"                                # the target's name
//! about = "how it isolates, in a line"
//! install = "apt-get install tool"             # may be left out, as the next
//! version = ["tool", "--version"]              # says whether it is there, and which
//! folders = ["proc"]                           # empty folders of the root, to mount at
//! run = ["tool", "--root", "${root}", "${program}", "${args}"]
//! clean-up = ["tool", "delete", "${id}"]       # after a run that was killed or failed; leave it out where nothing stays
//! [files]                                      # files that the tool reads, in ${work}
//! "config.json" = '{ "command": ${command-json} }'
//! ```
//!
//! Placeholders: `${root}` a folder with the image's files, `${program}` the program's path in it, `${args}` its arguments (a
//! word of its own), `${work}` a folder for the tool's files, `${id}` a name of the instance's own; for files also
//! `${root-json}`, `${command-json}` (program and arguments) and `${environment-json}`. The command starts in `${root}`.

use crate::error::Error;
use crate::files::source::Source;
use crate::files::xdg;
use crate::workloads::sha256;
use reports::model;
use reports::model::Message;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The tools that isolab brings descriptions of.
const BUILT_IN: [(&str, &str); 3] = [
    ("bwrap.toml", include_str!("../../../targets/bwrap.toml")),
    ("runc.toml", include_str!("../../../targets/runc.toml")),
    ("unshare.toml", include_str!("../../../targets/unshare.toml")),
];

/// Names that rows of isolab's own targets have (`super::super::registry`), and what those of cold starts end in.
const RESERVED: [&str; 8] = [
    "process",
    "container",
    "container-no-init",
    "container-pod",
    "container-bound",
    "microvm",
    "microvm-linux",
    "simulated",
];
/// See [`RESERVED`].
const COLD: &str = "-cold";

/// How a tool is made a target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Description {
    /// The target's name.
    pub name: String,
    /// How it isolates, in a line.
    pub about: String,
    /// How the tool is installed; empty where that is not said.
    #[serde(default)]
    pub install: String,
    /// The command that prints its version; empty where there is none.
    #[serde(default)]
    pub version: Vec<String>,
    /// Folders of the root that it mounts at.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
    /// The command that runs the program.
    pub run: Vec<String>,
    /// The command that removes what a run has left that was killed or failed.
    #[serde(default)]
    pub clean_up: Vec<String>,
    /// Files that the tool reads, by name.
    #[serde(default)]
    pub files: BTreeMap<PathBuf, String>,
    /// The whole text.
    #[serde(skip)]
    pub text: String,
}

impl Description {
    /// As the results file holds it.
    pub fn describe(&self) -> model::Description {
        model::Description {
            text: self.text.clone(),
            sha256: sha256(self.text.as_bytes()),
        }
    }
}

/// Every description: isolab's own, then those of the user's folder that can be read.
pub fn all() -> Vec<Description> {
    let own = BUILT_IN.iter().filter_map(|(name, text)| parse(name, text).ok());
    let users = users().into_iter().filter_map(|path| read(&path).ok());
    own.chain(users).collect()
}

/// The description of that name, or in the file of that name; `None` where there is none.
///
/// # Errors
/// A file that cannot be read, or is no description.
pub fn find(name: &str) -> Result<Option<Description>, Error> {
    if name.ends_with(".toml") {
        return read(Path::new(name)).map(Some);
    }
    for (file, text) in BUILT_IN {
        let description = parse(file, text)?;
        if description.name == name {
            return Ok(Some(description));
        }
    }
    // By the name that it gives itself; a file of that name that is wrong says why.
    let users: Vec<_> = users().into_iter().map(|path| (read(&path), path)).collect();
    let named = |found: &Result<Description, Error>| found.as_ref().is_ok_and(|description| description.name == name);
    let wrong = |(found, path): &(Result<Description, Error>, PathBuf)| {
        found.is_err() && path.file_stem().is_some_and(|stem| stem == name)
    };
    let place = users
        .iter()
        .position(|(found, _)| named(found))
        .or_else(|| users.iter().position(wrong));
    place
        .and_then(|place| users.into_iter().nth(place))
        .map(|(found, _)| found)
        .transpose()
}

/// The files of the user's folder.
fn users() -> Vec<PathBuf> {
    let folder = xdg::config().map(|config| config.join("targets"));
    let entries = folder
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> Result<Description, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::of_path("cannot-read-target", path, error))?;
    parse(&path.display().to_string(), &text)
}

pub(super) fn parse(file: &str, text: &str) -> Result<Description, Error> {
    let description = Description {
        text: text.into(),
        ..toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let source = Source {
                name: file.into(),
                text,
            };
            source.error(at, error.message().trim_end())
        })?
    };
    let wrong = |what: &str| {
        let what = Message::new(what);
        Err(Error::new(Message::new("at").with("place", file).with("what", what)))
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if description.name.is_empty() || !description.name.chars().all(fits) {
        return wrong("description-name");
    }
    if RESERVED.contains(&description.name.as_str()) || description.name.ends_with(COLD) {
        return wrong("description-name-taken");
    }
    if description.about.chars().any(char::is_control) {
        return wrong("description-about");
    }
    if description.run.is_empty() {
        return wrong("description-commands");
    }
    let stays_below = |path: &PathBuf| {
        path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some()
    };
    if !description
        .folders
        .iter()
        .chain(description.files.keys())
        .all(stays_below)
    {
        return wrong("description-paths");
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOOL: &str = "name = \"tool\"\nabout = \"\"\ninstall = \"\"\nversion = [\"tool\"]\nrun = [\"tool\"]\n";

    #[test]
    fn isolabs_own_descriptions_are_right() {
        assert_eq!(all().len(), BUILT_IN.len() + users().len());
        for (name, text) in BUILT_IN {
            let description = parse(name, text).unwrap();
            assert_eq!(name, format!("{}.toml", description.name));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_files_name() {
        let wrong = |more: &str| parse("tool.toml", &format!("{TOOL}{more}")).unwrap_err().to_string();
        assert!(parse("tool.toml", TOOL).is_ok());
        assert!(wrong("nonsense = 1").starts_with("tool.toml:6:1: "));
        assert!(wrong("folders = [\"../etc\"]").contains("relative"));
        assert!(wrong("[files]\n\"/etc/passwd\" = \"\"").contains("relative"));
        assert!(parse("tool.toml", &TOOL.replace("run = [\"tool\"]", "run = []")).is_err());
        for taken in RESERVED.into_iter().chain(["tool-cold"]) {
            let named = TOOL.replace("name = \"tool\"", &format!("name = \"{taken}\""));
            let why = parse("tool.toml", &named).unwrap_err().to_string();
            assert!(why.contains("isolab's own"), "{taken}: {why}");
        }
        assert!(parse("tool.toml", &TOOL.replace("\"tool\"\nabout", "\"to ol\"\nabout")).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "((name|run|files|folders) = (\"\\PC{0,4}\"|\\[\"é\"\\])\n|\\PC{0,9}\n){0,8}") {
            let _ = parse("x", &text);
        }
    }
}
