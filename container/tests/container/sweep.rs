//! An isolab killed at any moment leaves nothing once the next one has swept.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use container::{ErrorStep, Init};
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::run::{self, usual_limits};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    (
        "an isolab killed at a random moment leaves nothing",
        Need::Nothing,
        killed_labs,
    ),
    (
        "a killed isolab's containers end at once",
        Need::Nothing,
        killed_lab_ends_containers,
    ),
    (
        "a note that is forged kills nobody and removes nothing",
        Need::Nothing,
        forged_notes,
    ),
    (
        "another user's notes are not believed",
        Need::Root,
        notes_of_another_user,
    ),
    ("a group that was left is emptied and removed", Need::Groups, left_group),
    (
        "what the topmost group was made to hand down is taken back, when no other isolab is there",
        Need::GroupsV2,
        handed_down,
    ),
    ("a note stays as long as a group does", Need::Groups, note_with_group),
];

/// A note as an isolab that is gone leaves it, and what its groups are called.
const NOTE: &str = "1-0123456789abcdef.groups";
const GROUP: &str = "isolab-1-0123456789abcdef-0";

/// A process that a sweep could kill.
struct Victim(Child);

impl Victim {
    fn new() -> Victim {
        Victim(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What says that it is a control group and is none.
fn false_group(base: &Path, victim: &Victim) -> PathBuf {
    let group = base.join(GROUP);
    fs::create_dir(&group).unwrap();
    fs::write(group.join("cgroup.procs"), format!("{}\n", victim.0.id())).unwrap();
    group
}

fn forged_notes() {
    let (state, base) = (run::directory(), run::directory());
    let mut victim = Victim::new();
    let group = false_group(base.path(), &victim);
    fs::write(state.path().join(NOTE), format!("{}\n", base.path().display())).unwrap();
    assert_eq!(container::sweep(state.path()), Ok(0));
    assert!(victim.is_alive() && group.exists());

    // A state directory that others may write to, a link to one, and a link to a note.
    let write = |path: &Path| fs::write(path, format!("{}\n", base.path().display())).unwrap();
    write(&state.path().join(NOTE));
    let set_mode =
        |mode| fs::set_permissions(state.path(), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    set_mode(0o777);
    let error = container::sweep(state.path()).unwrap_err();
    assert!(error.step == ErrorStep::State && !error.hint.is_empty(), "{error}");
    set_mode(0o755);
    let link = base.path().join("link");
    std::os::unix::fs::symlink(state.path(), &link).unwrap();
    assert_eq!(container::sweep(&link).unwrap_err().step, ErrorStep::State);
    fs::rename(state.path().join(NOTE), base.path().join("note")).unwrap();
    std::os::unix::fs::symlink(base.path().join("note"), state.path().join(NOTE)).unwrap();
    assert_eq!(container::sweep(state.path()), Ok(0));
    assert!(state.path().join(NOTE).is_symlink());
    assert!(victim.is_alive() && group.exists());
}

fn notes_of_another_user() {
    let (state, base) = (run::directory(), run::directory());
    let mut victim = Victim::new();
    false_group(base.path(), &victim);
    fs::write(state.path().join(NOTE), format!("{}\n", base.path().display())).unwrap();
    std::os::unix::fs::chown(state.path(), Some(65534), None).unwrap();
    let error = container::sweep(state.path()).unwrap_err();
    assert!(error.to_string().contains("another user's"), "{error}");
    let mut spec = run::payload(&["exit", "0"]);
    spec.limits = usual_limits();
    spec.state_dir = state.path().to_owned();
    assert_eq!(run::refusal(spec).step, ErrorStep::State);
    // This user's directory, and another's note in it.
    std::os::unix::fs::chown(state.path(), Some(0), None).unwrap();
    std::os::unix::fs::chown(state.path().join(NOTE), Some(65534), None).unwrap();
    assert_eq!(container::sweep(state.path()), Ok(0));
    assert!(state.path().join(NOTE).exists() && victim.is_alive());
}

/// Where this user's groups are made.
fn places() -> Vec<PathBuf> {
    let mut spec = run::payload(&["hold"]);
    spec.limits = usual_limits();
    let mut running = run::start(spec).unwrap();
    assert_eq!(running.read_line(), "ready");
    let own = format!("isolab-{}-", std::process::id());
    let groups = groups()
        .into_iter()
        .filter(|path| path.to_string_lossy().contains(&own));
    let mut places: Vec<_> = groups.map(|path| path.parent().unwrap().to_owned()).collect();
    places.sort();
    places.dedup();
    places
}

fn left_group() {
    let state = run::directory();
    let mut text = String::new();
    let mut victims = Vec::new();
    for place in places() {
        let group = place.join(GROUP);
        fs::create_dir(&group).unwrap();
        divide(&group);
        for busy in [group.clone(), group.join("wide-7")] {
            let victim = Victim::new();
            fs::write(busy.join("cgroup.procs"), victim.0.id().to_string()).unwrap();
            victims.push((victim, group.clone()));
        }
        text += &format!("{}\n", place.display());
    }
    fs::write(state.path().join(NOTE), text).unwrap();
    let mut bystander = Victim::new();
    assert_eq!(container::sweep(state.path()), Ok(victims.len() / 2));
    for (victim, group) in &mut victims {
        assert!(!group.exists());
        victim.0.wait().unwrap();
    }
    assert!(bystander.is_alive());
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}

/// What has the topmost group hand `io` down, and takes it back when the test ends, however that is.
struct HandedDown {
    group: PathBuf,
    before: String,
}

impl HandedDown {
    fn new(group: PathBuf) -> HandedDown {
        let before = fs::read_to_string(group.with_file_name("cgroup.subtree_control")).unwrap();
        HandedDown { group, before }
    }
}

impl Drop for HandedDown {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.group);
        if !self.before.split_whitespace().any(|name| name == "io") {
            let _ = fs::write(self.group.with_file_name("cgroup.subtree_control"), "-io");
        }
    }
}

fn handed_down() {
    let top = Path::new("/sys/fs/cgroup");
    let (group, state) = (
        top.join(format!("isolab-test-{}", std::process::id())),
        run::directory(),
    );
    let control = |group: &Path, text: &str| fs::write(group.join("cgroup.subtree_control"), text).unwrap();
    let handed = || fs::read_to_string(group.join("cgroup.subtree_control")).unwrap();
    let _taken_back = HandedDown::new(group.clone());
    control(top, "+io");
    fs::create_dir(&group).unwrap();
    control(&group, "+io");
    let note = |name: &str| fs::write(state.path().join(name), format!("+io {}\n", group.display())).unwrap();
    note(NOTE);
    let other = state.path().join("2-0123456789abcdef.groups");
    fs::write(&other, "").unwrap();
    let held = container::user_folder::lock(&other).unwrap();
    assert_eq!(container::sweep(state.path()), Ok(0));
    assert_eq!(handed(), "io\n");
    drop(held);
    assert_eq!(container::sweep(state.path()), Ok(0));
    assert_eq!(handed(), "");
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}

/// Makes groups below one: many beside each other, and one in another.
pub fn divide(group: &Path) {
    for number in 0..20 {
        fs::create_dir(group.join(format!("wide-{number}"))).unwrap();
    }
    fs::create_dir_all(group.join(["deep"; 50].join("/"))).unwrap();
}

/// An isolab that ends by itself without having removed its container.
fn note_with_group() {
    let state = run::directory();
    let mut command = own("killed-lab");
    command
        .env(LIMITS, "1")
        .arg("leave")
        .args([state.path(), &run::layer()]);
    let said = command.stdout(Stdio::piped()).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1);
    assert!(container::sweep(state.path()).unwrap() >= 1);
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}

/// The variable that says how many isolab processes are killed, for a longer run.
const KILLS: &str = "CONTAINER_TEST_KILLS";
/// The variable that repeats the moments of an earlier run.
const SEED: &str = "CONTAINER_TEST_SEED";
/// The variable that says that the isolab processes set limits.
const LIMITS: &str = "CONTAINER_TEST_LIMITS";

/// How long the kernel may take to end what belongs to a killed isolab, on the slowest host.
const PATIENCE: Duration = Duration::from_secs(30);

/// Called as `killed-lab once|hold|leave STATE_DIR LAYER`: an isolab that will be killed, or ends and leaves its
/// container. Called as `lab-killer FOLDER LAYER`: what kills isolab processes; a process of its own, so that it can
/// see every process that an isolab leaves.
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["killed-lab", "once", state_dir, layer] => live_once(spec(state_dir, layer)),
        ["killed-lab", "hold", state_dir, layer] => hold(spec(state_dir, layer)),
        ["killed-lab", "leave", state_dir, layer] => {
            let mut spec = spec(state_dir, layer);
            spec.args = vec!["hold".into()];
            std::mem::forget(container::start(&spec).expect("start"));
        }
        ["lab-killer", folder, layer] => kill_labs(Path::new(folder), Path::new(layer)),
        _ => return,
    }
    std::process::exit(0);
}

fn spec(state_dir: &str, layer: &str) -> container::Spec {
    let mut spec = container::Spec::new(vec![layer.into()], "/payload");
    spec.state_dir = state_dir.into();
    spec.stdio.stdout = container::Stdio::Null;
    if std::env::var_os(LIMITS).is_some() {
        spec.limits = usual_limits();
    }
    println!("ready");
    spec
}

/// Starts a container, waits for it, removes it, and then waits to be killed.
fn live_once(mut spec: container::Spec) {
    spec.args = vec!["burn".into(), "1".into()];
    let mut instance = container::start(&spec).expect("start");
    instance.wait().expect("wait");
    instance.remove().expect("remove");
    println!("removed");
    std::thread::sleep(Duration::from_secs(1000));
}

/// Holds three containers, the last one without an init, and says which processes they are.
fn hold(mut spec: container::Spec) {
    spec.args = vec!["hold".into()];
    let held = [Init::Small, Init::Small, Init::None].map(|init| {
        spec.init = init;
        container::start(&spec).expect("start")
    });
    let pids: Vec<_> = held.iter().flat_map(container::Container::pids).collect();
    println!("{pids:?}");
    std::thread::sleep(Duration::from_secs(1000));
}

/// Has the isolab processes started from here set limits where this user may.
fn with_limits(mut command: Command) -> Command {
    if run::cannot_limit().is_none() {
        command.env(LIMITS, "1");
    }
    command
}

/// This executable as something else.
fn own(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg0(name);
    command
}

/// An isolab that has said that it is ready.
fn lab(mut command: Command, what: &str, state_dir: &Path, layer: &Path) -> Child {
    command.arg(what).args([state_dir, layer]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut lab = command.spawn().unwrap();
    let mut ready = [0; b"ready\n".len()];
    lab.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    lab
}

/// Kills isolab processes at random moments from the call of `start` to well past the end of `remove`. Panics when
/// something is left.
fn kill_labs(folder: &Path, layer: &Path) {
    // What an isolab leaves becomes a child of this process.
    // SAFETY: prctl(2) with numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
    let (state, temporary) = (folder.join("state"), folder.join("tmp"));
    // SAFETY: no other thread is there yet.
    unsafe { std::env::set_var("TMPDIR", &temporary) };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let (kills, seed) = (number(KILLS).unwrap_or(100), number(SEED).unwrap_or(now));
    // How long a life takes here: the median of a few.
    let lives = (0..9).map(|_| {
        let mut lab = lab(own("killed-lab"), "once", &state, layer);
        let began = Instant::now();
        lab.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let life = began.elapsed();
        lab.kill().unwrap();
        lab.wait().unwrap();
        reap_all();
        life
    });
    let mut lives: Vec<Duration> = lives.collect();
    lives.sort();
    let longest = lives[lives.len() / 2].mul_f64(1.4);
    eprintln!("{kills} isolab processes killed within {longest:?} after the start began; {SEED}={seed}");

    let mounts_before = mounts();
    let (mut state_of_random, mut killed, mut removed, mut slowest) = (seed, Vec::new(), 0, Duration::ZERO);
    for _ in 0..kills {
        let mut lab = lab(own("killed-lab"), "once", &state, layer);
        std::thread::sleep(longest.mul_f64(random(&mut state_of_random)));
        lab.kill().unwrap();
        let began = Instant::now();
        let mut said = String::new();
        lab.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        removed += u64::from(said == "removed\n");
        lab.wait().unwrap();
        reap_all();
        slowest = slowest.max(began.elapsed());
        killed.push(lab.id());
    }
    let of_killed = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        killed.iter().any(|lab| name.starts_with(&format!("isolab-{lab}-")))
    };
    let left = groups().into_iter().filter(of_killed).count();
    let swept = container::sweep(&state).unwrap();
    eprintln!(
        "{removed} of them after the removal; every process gone within {slowest:?}; {left} control groups left, {swept} swept"
    );
    let left: Vec<_> = groups().into_iter().filter(of_killed).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(mounts(), mounts_before);
    for folder in [&state, &temporary] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "files in {folder:?}");
    }
    // Otherwise these were not moments of a whole life.
    assert!(
        (1..kills).contains(&removed),
        "{removed} of {kills} killed after the removal"
    );
}

/// Reaps every child there is and will be, and expects that soon there is none.
fn reap_all() {
    let began = Instant::now();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(Errno::ECHILD) => return,
            Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_micros(200)),
            _ => {}
        }
        assert!(
            began.elapsed() < PATIENCE,
            "a killed isolab's processes are still there"
        );
    }
}

/// A number from 0 to 1 (SplitMix64).
pub fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
}

/// Every control group of a container, in any hierarchy.
pub fn groups() -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                match entry.file_name().to_string_lossy().starts_with("isolab-") {
                    true => found.push(entry.path()),
                    false => walk(&entry.path(), found),
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("/sys/fs/cgroup"), &mut found);
    found
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

fn killed_labs() {
    let folder = run::directory();
    for name in ["state", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let killer = with_limits(own("lab-killer"))
        .args([folder.path(), &run::layer()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&killer.stderr);
    eprint!("{said}");
    assert!(killer.status.success(), "{said}");
}

fn killed_lab_ends_containers() {
    let state = run::directory();
    let mut child = lab(with_limits(own("killed-lab")), "hold", state.path(), &run::layer());
    let mut pids = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut pids)
        .unwrap();
    let pids: Vec<i32> = pids
        .trim_matches(['[', ']', '\n'])
        .split(", ")
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 5);
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    let began = Instant::now();
    while !pids.iter().all(gone) {
        assert!(began.elapsed() < PATIENCE, "still there: {pids:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    container::sweep(state.path()).unwrap();
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}
