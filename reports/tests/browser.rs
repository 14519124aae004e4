//! The HTML report in a real browser: nothing overlaps, nothing sticks out, tables sort.
//!
//! Needs Chromium (`chromium`, `chromium-browser` or `google-chrome` on PATH, or the path in ISOLAB_CHROMIUM). Where there
//! is none the tests are shown as ignored.

mod fixtures;

use fixtures::results;
use libtest_mimic::{Arguments, Failed, Trial};
use reports::model::Results;
use reports::{Lang, report};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// A browser that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reports what a reader would see as a flaw, as text in the page.
const PROBE: &str = r#"<script>
const flaws = [];
for (const svg of document.querySelectorAll("svg")) {
  const paper = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map((text) => [text.getBoundingClientRect(), text.textContent.trim()]);
  texts.forEach(([a, first], index) => {
    if (a.left < paper.left - 1 || a.right > paper.right + 1 || a.bottom > paper.bottom + 1) flaws.push("outside: " + first);
    for (const [b, second] of texts.slice(index + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Boxes of lines are higher than their letters.
      if (across > 1 && down > 3) flaws.push("overlap: " + first + " / " + second);
    }
  });
}
if (document.documentElement.scrollWidth > window.innerWidth) flaws.push("wider than the window: " + document.documentElement.scrollWidth);
for (const missing of document.querySelectorAll("figure svg:not([aria-label]), figure svg[aria-label='']")) flaws.push("no alt text");
const names = () => [...document.querySelectorAll("table.comparison tbody th .main")].map((cell) => cell.textContent).join(" ");
const heading = document.querySelectorAll("table.comparison thead button")[1];
const sorted = [names()];
for (let presses = 0; presses < 2; presses++) { heading.click(); sorted.push(names()); }
parent.document.getElementById("probe").textContent = "flaws=" + flaws.join("; ") + "|sorted=" + sorted.join(",") + "|width=" + window.innerWidth + "|";
</script>"#;

fn browser() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ISOLAB_CHROMIUM") {
        return Some(path.into());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    folders
        .iter()
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// What the probe wrote when the page was opened in a window of this width.
fn probe(html: &str, width: u32) -> Result<String, Failed> {
    let browser = browser().ok_or("no browser")?;
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("report.html");
    // In a frame, since Chromium's windows are at least 500 pixels wide.
    let probed = html
        .replace("</body>", &format!("{PROBE}</body>"))
        .replace('&', "&amp;")
        .replace('"', "&quot;");
    let frame = format!(
        "<!DOCTYPE html><pre id=\"probe\"></pre><iframe width={width} height=900 srcdoc=\"{probed}\"></iframe>"
    );
    std::fs::write(&page, frame)?;
    let dom = folder.path().join("dom.html");
    let mut process = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(["--no-first-run", "--disable-background-networking"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg("--window-size=1200,1000")
        .arg("--dump-dom")
        .arg(&page)
        .stdin(Stdio::null())
        .stdout(File::create(&dom)?)
        .stderr(Stdio::null())
        .spawn()?;
    let begin = Instant::now();
    while process.try_wait()?.is_none() {
        if begin.elapsed() > PATIENCE {
            process.kill()?;
            process.wait()?;
            return Err("the browser did not end".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let dom = std::fs::read_to_string(dom)?;
    let probe = dom
        .split("<pre id=\"probe\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next());
    Ok(probe
        .filter(|text| !text.is_empty())
        .ok_or("the page did not run its scripts")?
        .to_owned())
}

fn field<'a>(probe: &'a str, name: &str) -> &'a str {
    probe
        .split('|')
        .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or("")
}

fn flawless(files: Vec<Results>, lang: Lang, width: u32) -> Result<(), Failed> {
    let found = probe(&report::html(&files, lang)?, width)?;
    match field(&found, "flaws") {
        "" => Ok(()),
        flaws => Err(format!("{} ({} pixels wide)", flaws, field(&found, "width")).into()),
    }
}

fn sorts() -> Result<(), Failed> {
    let mut results = results("three");
    results.targets.reverse();
    let found = probe(&report::html(&[results], Lang::En)?, 1000)?;
    let wanted = "microvm container process,process container microvm,microvm container process";
    if field(&found, "sorted") == wanted {
        Ok(())
    } else {
        Err(found.into())
    }
}

fn main() -> ExitCode {
    let missing = browser().is_none();
    let trial = |name: String, test: Box<dyn FnOnce() -> Result<(), Failed> + Send>| {
        let reason = if missing {
            " (no chromium on PATH: install the package chromium)"
        } else {
            ""
        };
        Trial::test(format!("{name}{reason}"), test).with_ignored_flag(missing)
    };
    let mut trials = vec![trial(
        "a_table_sorts_by_a_column_up_and_down".to_owned(),
        Box::new(sorts),
    )];
    for lang in Lang::ALL {
        for (targets, fixture) in [(1, "one"), (3, "cpu"), (10, "ten")] {
            for (medium, width) in [("screen", 1000), ("phone", 360)] {
                let name = format!(
                    "nothing_overlaps_or_sticks_out_with_{targets}_targets_on_a_{medium}_in_{}",
                    lang.tag()
                );
                trials.push(trial(
                    name,
                    Box::new(move || flawless(vec![results(fixture)], lang, width)),
                ));
            }
        }
        let name = format!("nothing_overlaps_or_sticks_out_with_two_files_in_{}", lang.tag());
        trials.push(trial(
            name,
            Box::new(move || flawless(vec![results("ten"), results("faster")], lang, 1000)),
        ));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
