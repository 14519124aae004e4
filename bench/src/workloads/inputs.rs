//! What a workload is given besides its arguments: files, environment variables and standard input, the same on every target.
//!
//! A file is named by a relative path. The program finds it there in its working directory, which is the root in a container and
//! a virtual machine, and a folder of the run's own for a plain process (`crate::targets::work_folder`). What is given are
//! copies: the files that were named are never changed.

use super::image::OTHER_FILE;
use super::sha256;
use crate::error::Error;
use crate::files::regular;
use reports::model::{self, Message};
use serde::Serialize;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The environment of every workload on every target, so that it is the same and nothing of the user's leaks into it.
pub const ENVIRONMENT: [&str; 2] = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/",
];

/// The most files, those of folders counted one by one: a monitor is told of each in one argument, and has each open.
const MOST_FILES: usize = 200;
/// The longest path of one inside, for the same reason.
const LONGEST_PATH: usize = 200;

/// Places where targets have something of their own, so that a file there would not be seen everywhere.
const TAKEN: [&str; 8] = [
    "dev",
    "proc",
    "sys",
    "tmp",
    "etc/hostname",
    "etc/hosts",
    "etc/resolv.conf",
    OTHER_FILE,
];

/// What was asked for, as it is written on a command line or in a suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InputRequest {
    /// Files and folders: `SRC` or `SRC:DST`.
    pub files: Vec<String>,
    /// Variables: `NAME=VALUE`, or `NAME` for isolab's own.
    pub env: Vec<String>,
    /// A file that standard input is read from.
    pub stdin: Option<PathBuf>,
}

/// What a workload is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Files, in the order of their paths.
    pub files: Vec<GivenFile>,
    /// Variables besides [`ENVIRONMENT`] or in their place, `NAME=value`, each name once.
    pub env: Vec<String>,
    /// They as the results file holds them: the SHA-256 of a value that was not written where it can be seen.
    pub recorded_env: Vec<String>,
    /// What standard input is read from; empty input where there is none.
    pub stdin: Option<GivenFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenFile {
    /// Its path inside, relative to the root. Of standard input, its name.
    pub inside: String,
    /// The file of the host.
    pub source: PathBuf,
    /// Whether it can be executed.
    pub executable: bool,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hex.
    pub sha256: String,
}

impl InputRequest {
    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        *self == InputRequest::default()
    }

    /// Reads what was asked for, for a program that is called `program` inside.
    ///
    /// # Errors
    /// A file that cannot be read, a path that cannot be inside, two files of one path, and a variable that there is not.
    pub fn resolve(&self, program: &str) -> Result<Inputs, Error> {
        let mut files = Vec::new();
        for text in &self.files {
            let (source, inside) = split(text)?;
            add(&source, inside, &mut files)?;
        }
        files.sort_by(|one, other| one.inside.cmp(&other.inside));
        check(&files, program)?;
        let mut env: Vec<(String, String)> = Vec::new();
        for text in &self.env {
            let given = variable(text)?;
            env.retain(|(other, _)| name(other) != name(&given));
            let value = given.split_once('=').map_or("", |(_, value)| value);
            let recorded = match text.contains('=') {
                true => given.clone(),
                false => format!("{text} (SHA-256 {})", sha256(value.as_bytes())),
            };
            env.push((given, recorded));
        }
        let (env, recorded_env) = env.into_iter().unzip();
        let stdin = self.stdin.as_ref().map(|source| {
            let named = source.file_name().unwrap_or_default();
            read(source, named.to_string_lossy().into_owned())
        });
        Ok(Inputs {
            files,
            env,
            recorded_env,
            stdin: stdin.transpose()?,
        })
    }
}

impl Inputs {
    /// The whole environment of the program.
    pub fn environment(&self) -> Vec<String> {
        let usual = ENVIRONMENT.into_iter().map(String::from);
        let kept = usual.filter(|usual| !self.env.iter().any(|given| name(given) == name(usual)));
        kept.chain(self.env.iter().cloned()).collect()
    }
}

impl GivenFile {
    /// As the results file holds it.
    pub fn describe(&self) -> model::InputFile {
        model::InputFile {
            name: self.inside.clone(),
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        }
    }

    /// Its permissions inside.
    pub fn permissions(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// The name of a variable `NAME=value`.
fn name(variable: &str) -> &str {
    variable.split('=').next().unwrap_or_default()
}

/// `NAME=VALUE`, or `NAME` with the value that isolab's own environment has.
pub fn variable(text: &str) -> Result<String, Error> {
    match (name(text), text.contains('=')) {
        ("", _) => Err(Error::of_text("form-variable", text)),
        (_, true) => Ok(text.into()),
        (name, false) => match std::env::var(name) {
            Ok(value) => Ok(format!("{name}={value}")),
            Err(std::env::VarError::NotPresent) => Err(Error::of_text("no-variable", name)),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::of_text("variable-not-utf-8", name)),
        },
    }
}

/// The host's file, and the path inside: `SRC`, which is then found by its own name, or `SRC:DST`.
fn split(text: &str) -> Result<(PathBuf, String), Error> {
    let wrong = |why: &str| Err(Error::of_text(why, text).remedy(Message::new("do-form-file")));
    let whole = Path::new(text);
    let (source, inside) = match text.rsplit_once(':') {
        // A colon may be part of a name.
        Some((source, inside)) if !whole.exists() => (Path::new(source), inside),
        _ => (whole, ""),
    };
    let own_name = || source.file_name().and_then(OsStr::to_str).map(str::to_owned);
    let inside = match inside.trim_start_matches('/') {
        "" => own_name(),
        folder if folder.ends_with('/') => own_name().map(|name| format!("{folder}{name}")),
        path => Some(path.to_owned()),
    };
    let Some(inside) = inside else {
        return wrong("file-without-name");
    };
    let parts = Path::new(&inside).components();
    if !parts.clone().all(|part| matches!(part, Component::Normal(_))) {
        return wrong("file-path-inside");
    }
    // One path for each place: a/b, too, where a//b or a/./b was asked for.
    let parts: Vec<_> = parts.filter_map(|part| part.as_os_str().to_str()).collect();
    Ok((source.into(), parts.join("/")))
}

/// Adds a file, or the files of a folder.
fn add(source: &Path, inside: String, files: &mut Vec<GivenFile>) -> Result<(), Error> {
    let failed = |error| Error::of_path("cannot-read-file", source, error);
    if files.len() >= MOST_FILES {
        let problem = Message::new("too-many-files").with("most", MOST_FILES);
        return Err(Error::new(problem).remedy(Message::new("do-pack-files")));
    }
    if !source.is_dir() {
        files.push(read(source, inside)?);
        return Ok(());
    }
    for entry in std::fs::read_dir(source).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(Error::new(
                Message::new("not-utf-8").with("path", entry.path().display().to_string()),
            ));
        };
        // A link to a folder may lead back to it.
        if entry.file_type().map_err(failed)?.is_symlink() && entry.path().is_dir() {
            let problem = Message::new("link-to-folder").with("path", entry.path().display().to_string());
            return Err(Error::new(problem).remedy(Message::new("do-name-folder")));
        }
        add(&entry.path(), format!("{inside}/{name}"), files)?;
    }
    Ok(())
}

fn read(source: &Path, inside: String) -> Result<GivenFile, Error> {
    use std::os::unix::fs::PermissionsExt;
    let remedy = match source.to_string_lossy() {
        path if path.contains(['*', '?']) => "do-name-each-file",
        path if path == "-" => "do-write-it-first",
        _ => "do-check-file",
    };
    let failed = |error| Error::of_path("cannot-read-file", source, error).remedy(Message::new(remedy));
    regular::check(source).map_err(failed)?;
    let bytes = std::fs::read(source).map_err(failed)?;
    let permissions = source.metadata().map_err(failed)?.permissions().mode();
    Ok(GivenFile {
        inside,
        source: source.into(),
        executable: permissions & 0o111 != 0,
        bytes: bytes.len() as u64,
        sha256: sha256(&bytes),
    })
}

/// Refuses what cannot be laid out; the files are in the order of their paths.
fn check(files: &[GivenFile], program: &str) -> Result<(), Error> {
    let long = files.iter().find(|file| file.inside.len() > LONGEST_PATH);
    if let Some(file) = long {
        let problem = Message::new("path-too-long")
            .with("path", file.inside.as_str())
            .with("most", LONGEST_PATH);
        return Err(Error::new(problem).remedy(Message::new("do-other-file-path")));
    }
    let taken = |file: &GivenFile, path: &str| {
        file.inside == path || file.inside.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    for (place, file) in files.iter().enumerate() {
        if TAKEN.iter().any(|place| taken(file, place)) {
            let problem = Message::new("place-taken").with("path", file.inside.as_str());
            return Err(Error::new(problem).remedy(Message::new("do-other-file-path")));
        }
        if taken(file, program) {
            let problem = Message::new("place-of-program").with("path", file.inside.as_str());
            return Err(Error::new(problem).remedy(Message::new("do-other-file-path")));
        }
        if files[place + 1..].iter().any(|other| taken(other, &file.inside)) {
            let problem = Message::new("two-files-of-a-path").with("path", file.inside.as_str());
            return Err(Error::new(problem).remedy(Message::new("do-other-file-path")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(files: &[String]) -> Result<Inputs, Error> {
        let request = InputRequest {
            files: files.to_vec(),
            ..InputRequest::default()
        };
        request.resolve("program")
    }

    #[test]
    fn a_file_is_found_by_its_name_or_by_the_path_that_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data.txt");
        std::fs::write(&data, "abc").unwrap();
        let data = data.display();
        for (text, inside) in [
            (format!("{data}"), "data.txt"),
            (format!("{data}:in/a.txt"), "in/a.txt"),
            (format!("{data}:/in/"), "in/data.txt"),
            (format!("{}:d", folder.path().display()), "d/data.txt"),
        ] {
            let inputs = request(&[text]).unwrap();
            assert_eq!(inputs.files[0].inside, inside);
            assert_eq!((inputs.files[0].bytes, inputs.files.len()), (3, 1));
        }
        let several = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|inside| format!("{data}:{inside}")).collect();
            request(&texts).map_err(|error| error.to_string())
        };
        assert!(several(&["a", "b", "c/d"]).is_ok());
        for (wrong, why) in [
            (&["a", "a"][..], "two files"),
            (&["a", "a.b", "a/b"], "two files"),
            (&["program"], "the program's own place"),
            (&["program/a"], "the program's own place"),
            (&["../a"], ". or .."),
            (&["a//b", "a/./b"], "two files"),
            (&["./other-files"], ". or .."),
            (&["other-files"], "something of their own"),
            (&["proc/a"], "something of their own"),
            (&["etc//hosts"], "something of their own"),
        ] {
            let said = several(wrong).unwrap_err();
            assert!(said.contains(why), "{wrong:?}: {said}");
        }
        assert!(request(&["/dev/null:x".into()]).is_err());
        assert!(request(&["/nonexistent".into()]).is_err());
    }

    #[test]
    fn a_later_variable_of_a_name_counts_and_replaces_a_usual_one() {
        let request = InputRequest {
            env: ["A=1", "HOME=/tmp", "A=2=3"].map(String::from).into(),
            ..InputRequest::default()
        };
        let environment = request.resolve("program").unwrap().environment();
        assert_eq!(environment, [ENVIRONMENT[0], "HOME=/tmp", "A=2=3"]);
        assert!(variable("PATH").unwrap().starts_with("PATH=/"));
        // A value that was not written down is not recorded either.
        let request = InputRequest {
            env: ["A=1", "PATH"].map(String::from).into(),
            ..InputRequest::default()
        };
        let inputs = request.resolve("program").unwrap();
        let value = std::env::var("PATH").unwrap();
        assert_eq!(inputs.env[1], format!("PATH={value}"));
        let recorded = format!("PATH (SHA-256 {})", sha256(value.as_bytes()));
        assert_eq!(inputs.recorded_env, ["A=1", recorded.as_str()]);
        for wrong in ["", "=x", "NO_SUCH_VARIABLE_HERE"] {
            assert!(variable(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,12}") {
            let _ = (variable(&text), split(&text));
        }
    }
}
