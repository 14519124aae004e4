//! A target described in one line: the command that starts a program, as `compare --with` takes it.
//!
//! `nice -n 5`, or with a name of its own `calm=nice -n 5`. The program and its arguments come behind it, unless the command says
//! by placeholders where ([`super::description`]). A command without `${root}` gets the program's path on the host.
//! It starts in the folder of the program's files, so that files it is given itself need absolute paths.

use super::description::{Description, parse};
use crate::error::Error;
use crate::files::search_path;
use reports::model::Message;
use serde::Serialize;

/// The same as a description file has it.
#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    about: String,
    run: Vec<String>,
}

/// The target that this command makes.
///
/// # Errors
/// No command, a quote without its end, a name that a built-in target has.
pub fn launcher(text: &str) -> Result<Description, Error> {
    let wrong = |why: &str| {
        Error::new(format!("--with {text:?}: {why}")).remedy(
            "Give a command as a shell has it, such as --with 'nice -n 5', or with a name: --with 'calm=nice -n 5'.",
        )
    };
    let (name, command) = match text.split_once('=') {
        Some((name, command)) if is_name(name) => (Some(name), command),
        _ => (None, text),
    };
    let mut run = words(command).ok_or_else(|| wrong("a quote has no end"))?;
    let tool = run
        .first()
        .filter(|tool| !tool.is_empty())
        .ok_or_else(|| wrong("there is no command"))?;
    let base = tool.rsplit('/').next().unwrap_or(tool).to_owned();
    let variable = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if let Some(name) = name.filter(variable).filter(|_| search_path::find(tool).is_err()) {
        let why = Message::new("with-name-no-command")
            .with("text", text)
            .with("command", tool.as_str());
        let hint = Message::new("do-with-env").with("name", name).with("command", command);
        return Err(Error::new(why).remedy(hint));
    }
    let name = name.unwrap_or(&base);
    if !is_name(name) {
        return Err(wrong("the command's name is none of a target's; put one before it"));
    }
    if !run
        .iter()
        .any(|word| word.contains("${program}") || word.contains("${command-json}"))
    {
        let inside = run.iter().any(|word| word.contains("${root"));
        run.push(if inside { "${program}" } else { "${root}${program}" }.into());
        run.push("${args}".into());
    }
    let written = Written {
        name,
        about: "as --with has it".into(),
        run,
    };
    let text = toml::to_string(&written).map_err(|error| wrong(&error.to_string()))?;
    parse("--with", &text)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Words as a shell reads them: quotes and backslashes, and nothing else; `None` where a quote has no end.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        end if end == c => break,
                        '\\' if c == '"' => match rest.next()? {
                            '\n' => {}
                            special @ ('$' | '`' | '"' | '\\') => word.push(special),
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => match rest.next()? {
                '\n' => {}
                other => word.get_or_insert_default().push(other),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let read = words(r#"a  'b c' "d \"e" f\ g '' h"i"j"#).unwrap();
        assert_eq!(read, ["a", "b c", "d \"e", "f g", "", "hij"]);
        // In double quotes a backslash is one before most characters (Shell Command Language, 2.2.3).
        let read = words("\"a\\n \\$x \\` \\\\ \\\n\" b\\\nc").unwrap();
        assert_eq!(read, ["a\\n $x ` \\ ", "bc"]);
        assert_eq!(words(" "), Some(vec![]));
        assert_eq!(words("a 'b"), None);
        assert_eq!(words("a\\"), None);
    }

    #[test]
    fn the_program_comes_behind_the_command_or_where_that_says() {
        let run = |text: &str| launcher(text).unwrap().run;
        assert_eq!(run("nice -n 5"), ["nice", "-n", "5", "${root}${program}", "${args}"]);
        assert_eq!(run("jail ${root}"), ["jail", "${root}", "${program}", "${args}"]);
        assert_eq!(run("sh -c '${root}${program}'"), ["sh", "-c", "${root}${program}"]);
    }

    #[test]
    fn a_target_is_named_by_its_command_or_by_a_word_before_it() {
        let name = |text: &str| launcher(text).map(|description| description.name);
        assert_eq!(name("/usr/bin/env A=b").unwrap(), "env");
        assert_eq!(name("calm=nice -n 5").unwrap(), "calm");
        for wrong in ["", "x=", "'a b'", "process=nice", "nice 'x", "process"] {
            let error = name(wrong).unwrap_err().to_string();
            assert!(error.contains("--with"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_variable_before_a_command_is_told_from_a_name() {
        let error = launcher("LANG=no-such-language nice -n 5").unwrap_err().to_string();
        assert!(error.contains("env LANG=no-such-language nice -n 5"), "{error}");
        assert_eq!(launcher("A=sh -c true").unwrap().name, "A");
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "([a-z]=|'|\"|\\\\| |\\$\\{root\\}|é|\\PC){0,12}") {
            let _ = launcher(&text);
        }
    }
}
