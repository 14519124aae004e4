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
const seen = (element) => element.checkVisibility();
for (const svg of [...document.querySelectorAll("svg")].filter(seen)) {
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
// What folds out is looked at as well.
for (const part of document.querySelectorAll("details:not(.data)")) part.open = true;
const blocks = [...document.querySelectorAll("h1, h2, h3, p, li, dt, dd, svg, summary, .large, .scroll")].filter(seen);
const boxes = blocks.map((block) => [block, block.getBoundingClientRect()]).filter(([, box]) => box.width && box.height);
boxes.forEach(([one, a], index) => {
  const name = one.tagName + " " + one.textContent.trim().slice(0, 40);
  if (a.left < -1 || a.right > window.innerWidth + 1) flaws.push("cut off at the side: " + name);
  for (const [other, b] of boxes.slice(index + 1)) {
    if (one.contains(other) || other.contains(one)) continue;
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 1 && down > 1) flaws.push("blocks overlap: " + name + " / " + other.tagName + " " + other.textContent.trim().slice(0, 40));
  }
});
// Rows of one name say nothing, and neither do headings.
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) flaws.push("two of the id " + id);
const headings = [...document.querySelectorAll("h2")].map((heading) => heading.textContent);
for (const text of headings.filter((text, index) => headings.indexOf(text) !== index)) flaws.push("two of the heading " + text);
for (const text of [...document.querySelectorAll("svg text")].filter(seen)) {
  if (text.textContent.includes("…")) flaws.push("cut: " + text.textContent);
}
for (const cell of document.querySelectorAll("table.comparison td, table.comparison th")) {
  const [outer, inner] = [cell.getBoundingClientRect(), cell.querySelector(".main")?.getBoundingClientRect()];
  if (inner && (inner.left < outer.left - 1 || inner.right > outer.right + 1)) flaws.push("cell too narrow: " + cell.textContent);
}
for (const table of document.querySelectorAll("table.comparison")) {
  const room = table.closest(".scroll");
  const roomy = window.innerWidth >= 1200 || window.innerWidth < 700;
  if (roomy && room.scrollWidth > room.clientWidth + 1) flaws.push("the table needs " + room.scrollWidth + " pixels and has " + room.clientWidth);
}
if (document.documentElement.scrollWidth > window.innerWidth) flaws.push("wider than the window: " + document.documentElement.scrollWidth);
for (const missing of document.querySelectorAll("figure svg:not([aria-label]), figure svg[aria-label='']")) flaws.push("no alt text");
const first = document.querySelector("figure");
const bottom = first.querySelector("svg") && Math.max(...[...first.querySelectorAll("svg")].filter(seen).map((svg) => svg.getBoundingClientRect().bottom));
const names = () => [...document.querySelectorAll("table.comparison tbody th .main")].map((cell) => cell.textContent).join(" ");
const heading = document.querySelectorAll("table.comparison thead button")[1];
const sorted = [names()];
for (let presses = 0; presses < 2; presses++) { heading.click(); sorted.push(names()); }
parent.document.getElementById("probe").textContent = "flaws=" + flaws.join("; ") + "|sorted=" + sorted.join(",") + "|width=" + window.innerWidth + "|bottom=" + Math.round(bottom + scrollY) + "|";
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
        "<!DOCTYPE html><meta charset=\"utf-8\"><pre id=\"probe\"></pre><iframe width={width} height=900 srcdoc=\"{probed}\"></iframe>"
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
    let found = probe(&report::html(&files, lang), width)?;
    match field(&found, "flaws") {
        "" => Ok(()),
        flaws => Err(format!("{} ({} pixels wide)", flaws, field(&found, "width")).into()),
    }
}

fn sorts() -> Result<(), Failed> {
    let mut results = results("three");
    results.targets.reverse();
    let found = probe(&report::html(&[results], Lang::En), 1000)?;
    let wanted = "micro-VM container process,process container micro-VM,micro-VM container process";
    if field(&found, "sorted") == wanted {
        Ok(())
    } else {
        Err(found.into())
    }
}

/// Eleven files of three programs under different settings, as a suite leaves them.
fn suite() -> Vec<Results> {
    let with = |name: &str, change: &dyn Fn(&mut Results)| {
        let mut file = results(name);
        change(&mut file);
        file
    };
    let mut files = vec![with("three", &|_| {})];
    for gap in [20.0, 300.0] {
        files.push(with("three", &|file| file.config.idle_gap_ms = gap));
    }
    for ram in [128, 256, 512, 1024] {
        files.push(with("three", &|file| {
            file.workload.name = "hold".into();
            file.config.memory_bytes = ram << 20;
        }));
    }
    files.push(with("three", &|file| file.workload.args = vec!["64".into()]));
    for cpus in [None, Some(0.5), Some(1.0)] {
        files.push(with("cpu", &|file| file.config.container_limits.cpus = cpus));
    }
    files
}

/// Headline, figures and the chart of start-up, on a screen of 1200 by 800.
fn first_screen(lang: Lang) -> Result<(), Failed> {
    let found = probe(&report::html(&[results("cpu")], lang), 1200)?;
    let bottom: u32 = field(&found, "bottom").parse()?;
    if bottom > 800 {
        return Err(format!("the chart of start-up ends {bottom} pixels down").into());
    }
    Ok(())
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
            for (medium, width) in [
                ("screen", 1200),
                ("large_screen", 1920),
                ("tablet", 768),
                ("phone", 390),
                ("small_phone", 360),
            ] {
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
        trials.push(trial(
            format!("the_first_screen_has_headline_figures_and_start_up_in_{}", lang.tag()),
            Box::new(move || first_screen(lang)),
        ));
        for (medium, width) in [("screen", 1200), ("phone", 390)] {
            let name = format!(
                "nothing_overlaps_or_sticks_out_with_a_suite_of_11_on_a_{medium}_in_{}",
                lang.tag()
            );
            trials.push(trial(name, Box::new(move || flawless(suite(), lang, width))));
        }
        let name = format!("nothing_overlaps_or_sticks_out_with_two_files_in_{}", lang.tag());
        trials.push(trial(
            name,
            Box::new(move || flawless(vec![results("ten"), results("faster")], lang, 1000)),
        ));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
