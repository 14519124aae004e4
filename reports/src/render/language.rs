//! No English in Korean output and no Korean in English output: over all texts of the message files, and over everything that is
//! rendered from results files.

use super::messages::{Lang, Messages};
use super::terminal::{TableStyle, details_in, legend_in, render_in};
use crate::analysis::diff::{Pair, diff};
use crate::model::{Diff, Message, Results};
use crate::render::report;
use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

/// Words in lower case that are names: of programs and files, of things of the kernel, of commands. Words with capitals, digits or
/// signs in them (`KVM`, `/dev/kvm`, `--runs`) are names by their look.
const NAMES: [&str; 58] = [
    "isolab",
    "kvm",
    "cgroup",
    "cgroups",
    "root",
    "clone",
    "pid",
    "init",
    "exec",
    "fork",
    "seccomp",
    "tmpfs",
    "steal",
    "time",
    "cargo",
    "run",
    "tsc",
    "rootless",
    "privileged",
    "microvm",
    "linux",
    "ms",
    "net",
    "getrusage",
    "exit",
    "permission",
    "denied",
    "operation",
    "not",
    "permitted",
    "static",
    "or",
    "vhv",
    "host",
    "echo",
    "tee",
    "sudo",
    "metal",
    "udevadm",
    "control",
    "trigger",
    "diff",
    "kill",
    "mount",
    "noexec",
    "none",
    "sysctl",
    "tracefs",
    "ulimit",
    "fsync",
    "pids",
    "cpuset",
    "initramfs",
    "uname",
    "deb",
    "ro",
    "rw",
    "vmlinux",
];

/// The first word of English prose in a text.
fn english(text: &str, names: &[&str]) -> Option<String> {
    let outside: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let words = outside.split(|c: char| c.is_whitespace() || "()[]{},;:\"'“”·→".contains(c) || hangul(c));
    let words = words.map(|word| word.trim_matches(|c: char| c == '.' || c == '…' || c == '?' || c == '~'));
    let mut prose = words.filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()));
    prose
        .find(|word| !NAMES.contains(word) && !names.contains(word))
        .map(str::to_owned)
}

fn hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// The texts of a message, with nothing filled in.
fn texts(pattern: &Pattern<&str>) -> String {
    let text = |element: &PatternElement<&str>| match element {
        PatternElement::TextElement { value } => (*value).to_owned(),
        PatternElement::Placeable { expression } => match expression {
            Expression::Select { variants, .. } => variants.iter().map(|variant| texts(&variant.value)).collect(),
            Expression::Inline(InlineExpression::StringLiteral { value }) => (*value).to_owned(),
            Expression::Inline(_) => " ".to_owned(),
        },
    };
    pattern.elements.iter().map(text).collect()
}

fn messages(lang: Lang) -> Vec<(String, String)> {
    let resource = FluentResource::try_new(lang.source().to_owned()).map_err(|(_, errors)| errors);
    let resource = resource.expect("a message file without syntax errors");
    let entries = resource.entries().filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name.to_owned(), texts(message.value.as_ref()?))),
        _ => None,
    });
    entries.collect()
}

#[test]
fn no_message_is_in_the_other_language() {
    let korean: Vec<_> = messages(Lang::Ko)
        .into_iter()
        .filter_map(|(id, text)| Some((id, english(&text, &[])?)))
        .collect();
    assert_eq!(korean, [], "English in the Korean file");
    let english: Vec<_> = messages(Lang::En)
        .into_iter()
        .filter(|(_, text)| text.contains(hangul))
        .collect();
    assert_eq!(english, [], "Korean in the English file");
}

/// What a results file brings along in English: names, and texts of older versions.
const OF_FILES: [&str; 16] = [
    "hello",
    "ops",
    "cpu",
    "bwrap",
    "crun",
    "docker",
    "podman",
    "qemu",
    "runc",
    "gzip",
    "hybrid",
    "builtin",
    "compare",
    "schedutil",
    "performance",
    "workload",
];

fn files() -> Vec<Results> {
    let read = |text: &str| {
        let mut results = Results::from_json(text).expect("a results file");
        // Texts of older versions are shown as they are.
        results.warnings.clear();
        results.warnings.push(Message::new("busy-host").with("cpus", 1.5));
        for target in &mut results.targets {
            target.version.clear();
            target.unavailable = target.unavailable.take().map(|_| Message::new("no-output"));
            target.guest_kernel.iter_mut().for_each(|kernel| kernel.version.clear());
        }
        results
            .instances
            .iter_mut()
            .for_each(|instance| instance.missing.clear());
        results.samples.change_all(|sample| sample.missing.clear());
        results.host.cpu_model = "AMD EPYC 7B13".into();
        results
    };
    let texts = [
        include_str!("../../tests/fixtures/one.json"),
        include_str!("../../tests/fixtures/three.json"),
        include_str!("../../tests/fixtures/cpu.json"),
        include_str!("../../tests/fixtures/no-kvm.json"),
        include_str!("../../tests/fixtures/faster.json"),
        include_str!("../../tests/fixtures/ten.json"),
    ];
    texts.into_iter().map(read).collect()
}

/// What a browser shows of a page, tooltips and texts for those who cannot see it included.
fn shown(page: &str) -> String {
    let body = page.split("<body>").nth(1).unwrap_or(page);
    let body = body.split("<script>").next().unwrap_or(body);
    let labels = body
        .split("aria-label=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let text = body
        .split('<')
        .filter_map(|piece| piece.split_once('>'))
        .map(|(_, text)| text);
    let shown = text.chain(labels).collect::<Vec<_>>().join(" ");
    shown
        .replace("&lt;", " ")
        .replace("&gt;", " ")
        .replace("&amp;", " ")
        .replace("&quot;", " ")
}

#[test]
fn nothing_that_is_rendered_is_in_the_other_language() {
    let style = TableStyle {
        color: false,
        width: 100,
    };
    let files = files();
    for lang in Lang::ALL {
        let mut pages = vec![(
            "the report of several files".to_owned(),
            shown(&report::html(&files, lang)),
        )];
        for (index, file) in files.iter().enumerate() {
            let texts = [render_in, details_in, legend_in].map(|text| text(file, style, lang));
            pages.push((format!("the table of file {index}"), texts.join("\n")));
            pages.push((
                format!("the report of file {index}"),
                shown(&report::html(std::slice::from_ref(file), lang)),
            ));
        }
        let pair: Pair = (&[&files[1]], &[&files[4]]);
        let diffs = diff(&[pair], Some(5.0));
        pages.push(("a diff".to_owned(), super::diff(&diffs[0], &[&files[4]], lang)));
        // Files with fewer targets, and none that says when it was measured.
        let (old, new) = ([&files[0], &files[1]], [&files[0], &files[4]]);
        let several = diff(&[(&old, &new)], Some(5.0));
        for id in [Diff::FEWER_OLD, Diff::FEWER_NEW, Diff::NOT_BY_TURNS] {
            assert!(
                several[0].notes.iter().any(|note| note.id == id),
                "{:?}",
                several[0].notes
            );
        }
        pages.push(("a diff of several".to_owned(), super::diff(&several[0], &new, lang)));
        for (name, text) in pages {
            match lang {
                Lang::Ko => assert_eq!(
                    english(&text, &OF_FILES),
                    None,
                    "{name}: {:?}",
                    around(&text, &OF_FILES)
                ),
                Lang::En => assert_eq!(text.find(hangul), None, "{name}"),
            }
        }
    }
}

/// What stands around the first English word, to find it by.
fn around(text: &str, names: &[&str]) -> Option<String> {
    let word = english(text, names)?;
    let pieces: Vec<&str> = text.split_whitespace().collect();
    let place = pieces.iter().position(|piece| {
        piece
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|own| own == word)
    })?;
    Some(pieces[place.saturating_sub(6)..(place + 6).min(pieces.len())].join(" "))
}

#[test]
fn english_is_found_where_there_is_any() {
    assert_eq!(english("시작 시간이 the 느림", &[]), Some("the".into()));
    assert_eq!(english("CPU의 /dev/kvm, `cargo run`, --runs 3", &[]), None);
    assert!(!Messages::new(Lang::En).get("label-notes").contains(hangul));
}
