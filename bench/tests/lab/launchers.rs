//! `isolab compare --with`: any command that starts a program as a target, and what it costs where it misbehaves.

use crate::programs::compiled;
use crate::support::{Need, Place, Said, english, expect, expect_holds, expect_status, is_alive, say, test};
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![
        test("a_command_is_a_target_in_one_line", &[], measured),
        test(
            "a_peer_that_hangs_fails_prints_garbage_or_forks_away_costs_only_its_own_cells",
            &[],
            misbehaving,
        ),
        test(
            "every_run_of_a_command_begins_with_the_given_files_and_those_of_the_host_stay",
            &[Need::Tool("cc")],
            files,
        ),
        test("what_isolab_did_not_start_it_does_not_end", &[], others),
        test(
            "a_daemon_of_a_measured_process_ends_with_its_instance",
            &[Need::Tool("cc")],
            daemons,
        ),
        test(
            "isolab_run_adopts_nothing_that_no_tool_has_left",
            &[Need::Tool("cc")],
            no_adoption,
        ),
        test("a_command_that_cannot_be_read_or_named_is_refused", &[], refused),
    ]
}

fn compare(place: &Place, timeout: &str, with: &[&str]) -> Result<Said, Failed> {
    let with = with.iter().flat_map(|command| ["--with", *command]);
    let args = [
        "compare",
        "--on",
        "process",
        "-r",
        "4",
        "-w",
        "1",
        "--timeout",
        timeout,
        "--json",
        "-",
    ];
    say(place.isolab(&args.into_iter().chain(with).collect::<Vec<_>>()))
}

fn measured() -> Result<(), Failed> {
    let place = Place::new();
    let said = compare(
        &place,
        "60",
        &["env A=B", "calm=nice -n 5 '${root}${program}' ${args}", "no-such-tool"],
    )?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    let rows: Vec<&str> = results.targets.iter().map(|target| target.name.as_str()).collect();
    expect(rows == ["process", "env", "calm", "no-such-tool"], || {
        format!("{rows:?}")
    })?;
    for row in ["env", "calm"] {
        let good = results.samples.good(row).count();
        expect(good == 4, || format!("{row}: {good} of 4 runs were good"))?;
    }
    let [process, env, calm, missing] = &results.targets[..] else {
        return Err("there are not four targets".into());
    };
    expect(env.workload_sha256 == process.workload_sha256, || {
        "another program".into()
    })?;
    let description = calm.description.as_ref().map_or("", |description| &description.text);
    expect_holds(description, "\"nice\", \"-n\", \"5\"")?;
    let why = missing.unavailable.as_ref().map(english).unwrap_or_default();
    expect_holds(&why, "no-such-tool is not installed")?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn misbehaving() -> Result<(), Failed> {
    let place = Place::new();
    // A time that nobody else sleeps.
    let sleep = format!("sleep {}.125", 1_000_000 + std::process::id());
    let hang = format!("hang=sh -c '{sleep} & {sleep}'");
    let away = format!("away=setsid --fork sh -c '{sleep}'");
    let said = compare(
        &place,
        "0.5",
        &[
            "fails=sh -c 'echo why >&2; exit 1'",
            "garbage=echo '\u{1b}[31mgarbage'",
            &hang,
            &away,
        ],
    )?;
    // Rows without a good run are told by the status.
    expect_status(&said, 3)?;
    let results = said.results()?;
    expect(results.samples.good("process").count() == 4, || {
        "the process was disturbed".into()
    })?;
    let why = |row: &str| {
        let error = results.samples.of(row).find_map(|sample| sample.error);
        error.as_ref().map(english).unwrap_or_default()
    };
    expect_holds(&why("fails"), "status 1; on stderr: why")?;
    expect_holds(&why("hang"), "0.5")?;
    expect_holds(&why("away"), "wrote nothing")?;
    let differ = results.warnings.iter().any(|warning| warning.id == "outputs-differ");
    expect(differ, || format!("garbage is not pointed out: {:?}", results.warnings))?;
    expect(!said.stderr.contains('\u{1b}'), || said.stderr.clone())?;
    // Nothing of them is left, wherever it has gone.
    let sleeps = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut processes = std::fs::read_dir("/proc")?.flatten();
    let left = processes.find(|entry| {
        let command = sleeps(&entry.file_name().to_string_lossy());
        command.contains(&sleep[6..])
    });
    expect(left.is_none(), || format!("left running: {left:?}"))
}

/// Wants `data.txt` as it was given, and nothing new beside it and beside its own file; then changes that.
const CHANGES: &str = r#"
    #include <stdio.h>
    #include <string.h>
    #include <unistd.h>
    int main(void) {
        char text[100] = "";
        FILE *data = fopen("data.txt", "r+");
        if (!data || !fgets(text, sizeof text, data) || strcmp(text, "one")) return 3;
        if (access("more", F_OK) == 0) return 4;
        char beside[500] = "";
        readlink("/proc/self/exe", beside, 400);
        strcat(beside, ".log");
        if (access(beside, F_OK) == 0) return 5;
        fclose(fopen(beside, "w"));
        fputs("changed", data);
        fclose(data);
        fclose(fopen("more", "w"));
        puts("right");
        return 0;
    }"#;

fn files() -> Result<(), Failed> {
    let place = Place::new();
    compiled(place.path(), "changes", CHANGES)?;
    std::fs::write(place.path().join("data.txt"), "one")?;
    let words = [
        "compare",
        "--on",
        "process",
        "--with",
        "env A=B",
        "--with",
        "there=sh -c 'cd \"$0\" && \".$1\"' ${root} ${program}",
        "--file",
        "data.txt",
        "-r",
        "3",
        "-w",
        "1",
        "--json",
        "-",
        "--",
        "./changes",
    ];
    let said = say(place.isolab(&words))?;
    expect_status(&said, 0)?;
    for row in ["process", "env", "there"] {
        let results = said.results()?;
        let good = results.samples.good(row).count();
        expect(good == 3, || format!("{row}: {good} of 3 runs were good"))?;
    }
    let host = std::fs::read_to_string(place.path().join("data.txt"))?;
    expect(host == "one" && !place.path().join("more").exists(), || {
        format!("the user's files were changed: {host}")
    })?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))
}

fn others() -> Result<(), Failed> {
    let place = Place::new();
    // A child of the shell's, and with exec of isolab's.
    let script = "sleep 300 >/dev/null 2>&1 & echo $! >sleep; \
                  exec $ISOLAB compare --on process --with 'env A=B' -r 1 -w 0 --json - hello";
    let said = say(place.script(&["env"], script))?;
    let pid: u32 = std::fs::read_to_string(place.path().join("sleep"))?.trim().parse()?;
    let alive = is_alive(pid);
    say(place.script(&["env"], &format!("kill {pid} || :")))?;
    expect_status(&said, 0)?;
    expect(alive, || "a process that isolab did not start was ended".into())
}

/// Leaves a daemon, and its number in the file that it is given.
const DAEMON: &str = r#"
    #include <stdio.h>
    #include <unistd.h>
    #include <sys/wait.h>
    int main(int count, char **words) {
        if (fork() == 0) {
            setsid();
            int daemon = fork();
            if (daemon == 0) {
                close(1);
                close(2);
                sleep(300);
                return 0;
            }
            FILE *file = fopen(words[1], "a");
            fprintf(file, "%d\n", daemon);
            fclose(file);
            _exit(0);
        }
        wait(NULL);
        puts("right");
        return 0;
    }"#;

fn daemons() -> Result<(), Failed> {
    let place = Place::new();
    compiled(place.path(), "leaves", DAEMON)?;
    let pids = place.path().join("pids");
    let file = pids.display().to_string();
    let words = [
        "compare", "--on", "process", "-r", "2", "-w", "0", "--json", "-", "--", "./leaves", &file,
    ];
    let said = say(place.isolab(&words))?;
    let pids = std::fs::read_to_string(&pids)?;
    let pids = pids.lines().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
    let left: Vec<u32> = pids.iter().copied().filter(|pid| is_alive(*pid)).collect();
    for pid in &left {
        say(place.script(&["env"], &format!("kill {pid} || :")))?;
    }
    expect_status(&said, 0)?;
    expect(pids.len() >= 2 && left.is_empty(), || {
        format!("of {} daemons are left: {left:?}", pids.len())
    })
}

/// Says who becomes the parent of a process whose own parent ends.
const FORKS_AWAY: &str = r#"
    #include <stdio.h>
    #include <unistd.h>
    #include <sys/wait.h>
    int main(void) {
        int isolab = getppid(), ends[2];
        char byte;
        pipe(ends);
        if (fork() == 0) {
            int self = getpid();
            if (fork() != 0) _exit(0);
            while (getppid() == self) usleep(1000);
            puts(getppid() == isolab ? "adopted" : "left alone");
            return 0;
        }
        close(ends[1]);
        wait(NULL);
        return read(ends[0], &byte, 1);
    }"#;

fn no_adoption() -> Result<(), Failed> {
    let place = Place::new();
    compiled(place.path(), "away", FORKS_AWAY)?;
    let said = say(place.isolab(&["run", "--on", "process", "--", "./away"]))?;
    expect_status(&said, 0)?;
    expect(said.stdout == "left alone\n", || said.stdout.clone())
}

fn refused() -> Result<(), Failed> {
    let place = Place::new();
    for (command, told) in [
        ("nice 'x", "a quote has no end"),
        ("process=nice", "isolab's own"),
        ("", "no command"),
    ] {
        let said = compare(&place, "60", &[command])?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, told)?;
    }
    Ok(())
}
