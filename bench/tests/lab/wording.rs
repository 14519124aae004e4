//! Errors are said in the language that was asked for: what isolab says itself, not what it quotes.

use crate::support::{Place, expect, say, test};
use libtest_mimic::{Failed, Trial};

/// Command lines that are refused, of every command.
const REFUSED: [&str; 46] = [
    "compare nope",
    "compare ./nope",
    "compare -- ./script",
    "compare -- ./text",
    "compare -- /nonexistent",
    "compare --on process,nope",
    "compare --on process,process",
    "compare --on process --pids 3",
    "compare --on microvm-linux",
    "compare --kernel nope",
    "compare --runs x",
    "compare --runs 0",
    "compare --memory 64",
    "compare --memory 64X",
    "compare --pin 9000",
    "compare --pin 0-x",
    "compare --nonsense",
    "compare --baseline nope.json",
    "compare --json /proc/x/y.json --runs 1 --warmup 0 --on process",
    "run --on container --volume x hello",
    "run --on container --user root hello",
    "run --on container --cpus 0 hello",
    "run --on container --ulimit x=1 hello",
    "run --on process -- /etc/passwd",
    "run --on process --volume a:/b hello",
    "run hello",
    "suite run nope",
    "suite run wrong.toml",
    "suite show nope",
    "suite",
    "report nope.json",
    "report newer.json",
    "report cut.json",
    "report text",
    "report folder",
    "diff a b c",
    "diff newer.json cut.json",
    "kernel add text",
    "kernel rm nope",
    "kernel inspect /dev/null",
    "kernel export nope file",
    "target nope",
    "workload nope",
    "doctor --require nope",
    "image export",
    "nonsense",
];

pub fn tests() -> Vec<Trial> {
    vec![test("errors_are_in_the_language_that_was_asked_for", &[], errors)]
}

/// The first three words of English prose in a row, outside of what is quoted.
fn english(text: &str) -> Option<String> {
    let outside: Vec<&str> = text.split(['`', '"']).step_by(2).collect();
    let outside = outside.join(" | ");
    let words: Vec<&str> = outside.split_whitespace().collect();
    let is_prose = |word: &&str| {
        word.len() > 1
            && !word.ends_with(',')
            && word
                .trim_end_matches(['.', ',', ':'])
                .chars()
                .all(|c| c.is_ascii_lowercase())
    };
    // Commands are shown as they are typed, and names are listed with commas.
    let prose = words
        .windows(3)
        .find(|three| three.iter().all(is_prose) && three[0] != "isolab");
    prose.map(|three| three.join(" "))
}

fn hangul(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}

fn errors() -> Result<(), Failed> {
    let place = Place::new();
    for (name, text) in [
        ("script", "#!/bin/sh\n"),
        ("text", "hello, world\n"),
        ("newer.json", "{\"schema\":\"isolab-results/99\"}"),
        ("cut.json", "{"),
        ("wrong.toml", "[[case]]\nname = \"a\"\nworkload = \"nope\"\n"),
    ] {
        std::fs::write(place.path().join(name), text)?;
    }
    std::fs::create_dir(place.path().join("folder"))?;
    let mut wrong = String::new();
    for line in REFUSED {
        let (program_comes, words) = line
            .split_once(" -- ")
            .map_or((None, line), |(before, program)| (Some(program), before));
        for lang in ["en", "ko"] {
            let mut words: Vec<&str> = words.split(' ').chain(["--lang", lang]).collect();
            words.extend(program_comes.iter().flat_map(|program| ["--", *program]));
            let said = say(place.isolab(&words))?;
            let right = match lang {
                "en" => !hangul(&said.stderr),
                _ => hangul(&said.stderr) && english(&said.stderr).is_none(),
            };
            if !right || said.status == 0 {
                wrong += &format!(
                    "isolab {}: {:?}: {}\n",
                    words.join(" "),
                    english(&said.stderr),
                    said.stderr
                );
            }
        }
    }
    expect(wrong.is_empty(), || wrong.clone())
}
