//! The program inside the containers: does one thing that its arguments name, and prints what came of it.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, fork};

/// Does what was asked for and ends, when this executable was called as the payload.
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments[0] != "/payload" {
        return;
    }
    let words: Vec<&str> = arguments[1..].iter().map(String::as_str).collect();
    let code = act(&words);
    let _ = std::io::stdout().flush();
    std::process::exit(code);
}

fn act(words: &[&str]) -> i32 {
    match words {
        ["exit", code] => return code.parse().expect("a number"),
        ["arguments", ..] => {
            for word in words {
                println!("{word}");
            }
            for (name, value) in std::env::vars() {
                println!("{name}={value}");
            }
        }
        ["identity"] => println!(
            "{} {} {} {} {}",
            std::os::unix::process::parent_id(),
            nix::unistd::getuid(),
            nix::unistd::getgid(),
            fs::read_to_string("/proc/sys/kernel/hostname")
                .expect("hostname")
                .trim(),
            std::env::current_dir().expect("cwd").display(),
        ),
        ["raise", number] => {
            let number: i32 = number.parse().expect("a number");
            // SAFETY: no handler is left to run; Rust has one of its own for SIGSEGV.
            unsafe {
                libc::signal(number, libc::SIG_DFL);
                libc::raise(number);
            }
        }
        ["orphan"] => orphan(),
        ["signals"] => {
            println!("{}", status_field("SigBlk"));
            println!("{}", status_field("SigIgn"));
        }
        ["count-signals"] => return wait_for_signals(),
        ["ignore-term"] => {
            // SAFETY: ignoring a signal runs no code.
            unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }.expect("signal");
            println!("ready");
            std::thread::sleep(Duration::from_secs(1000));
        }
        ["hold"] => {
            println!("ready");
            std::thread::sleep(Duration::from_secs(1000));
        }
        ["try", tries @ ..] => tries
            .iter()
            .for_each(|attempt| println!("{attempt}: {}", try_one(attempt))),
        ["trace-init", way] => return crate::traced_init::act(way),
        ["calls", numbers @ ..] => {
            for number in numbers {
                let number: i64 = number.parse().expect("a number");
                // SAFETY: no pointer among the arguments is valid, and no number: the kernel refuses them.
                let answered = unsafe { libc::syscall(number, -1, -1, -1, -1, -1, -1) };
                println!("{}", answer(Errno::result(answered)));
            }
        }
        ["i386-getpid"] => println!("{}", i386_getpid()),
        ["status", fields @ ..] => fields.iter().for_each(|field| println!("{}", status_field(field))),
        ["descriptors", ..] => {
            let mut open: Vec<i32> = (0..4096)
                .filter(|fd| nix::fcntl::fcntl(borrowed(*fd), nix::fcntl::FcntlArg::F_GETFD).is_ok())
                .collect();
            open.sort();
            println!("{open:?}");
        }
        ["terminal"] => {
            use std::os::unix::fs::MetadataExt;
            let names = [0, 1, 2].map(|fd| {
                nix::unistd::ttyname(borrowed(fd))
                    .expect("a name")
                    .display()
                    .to_string()
            });
            println!("{}", names.join(" "));
            // SAFETY: a struct winsize of zeros is one, and the kernel fills it in.
            let size = unsafe {
                let mut size: libc::winsize = std::mem::zeroed();
                assert_eq!(libc::ioctl(0, libc::TIOCGWINSZ, &raw mut size), 0);
                size
            };
            println!("{} rows, {} columns", size.ws_row, size.ws_col);
            let device = |path: &str| fs::metadata(path).expect("a device").rdev();
            if device("/dev/console") == device(&names[0]) {
                println!("/dev/console is the same device");
            }
            let leads = nix::unistd::getsid(None) == Ok(nix::unistd::getpid());
            let opens = fs::OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok();
            match (leads, opens) {
                (true, true) => println!("leads its session, may open /dev/tty"),
                other => println!("{other:?}"),
            }
        }
        ["interfaces"] => print!("{}", fs::read_to_string("/proc/net/dev").expect("/proc/net/dev")),
        ["loopback"] => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
            std::net::TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
            println!("connected");
        }
        ["eat", mebibytes] => {
            let mut eaten = vec![0u8; mebibytes.parse::<usize>().expect("a number") << 20];
            for page in eaten.chunks_mut(4096) {
                page[0] = 1;
            }
            println!("ate {}", eaten.len());
        }
        ["forks", number] => forks(number.parse().expect("a number")),
        ["burn", milliseconds] => {
            let until = Duration::from_millis(milliseconds.parse().expect("a number"));
            let began = std::time::Instant::now();
            while began.elapsed() < until {}
        }
        other => panic!("the payload knows no {other:?}"),
    }
    0
}

fn borrowed(fd: i32) -> std::os::fd::BorrowedFd<'static> {
    // SAFETY: only asked whether it is open.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) }
}

fn status_field(name: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map_or_else(|| format!("no {name}"), |value| value.trim().to_owned())
}

/// Leaves a grandchild to pid 1 and prints its new parent, and how many zombies are left when it has ended.
fn orphan() {
    // SAFETY: a single thread; the children only make calls that are safe after fork(2).
    if let ForkResult::Parent { child } = unsafe { fork() }.expect("fork") {
        nix::sys::wait::waitpid(child, None).expect("wait");
        std::thread::sleep(Duration::from_millis(200));
        let processes = fs::read_dir("/proc").expect("/proc").flatten();
        let states: Vec<_> = processes
            .filter_map(|process| fs::read_to_string(process.path().join("stat")).ok())
            .collect();
        println!("{} zombies", states.iter().filter(|stat| stat.contains(") Z ")).count());
        return;
    }
    // SAFETY: as above.
    if let ForkResult::Child = unsafe { fork() }.expect("fork") {
        std::thread::sleep(Duration::from_millis(50));
        println!("parent {}", std::os::unix::process::parent_id());
    }
    std::process::exit(0);
}

/// Prints each signal that arrives; SIGTERM ends it with 7.
fn wait_for_signals() -> i32 {
    let signals: nix::sys::signal::SigSet = [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGUSR1].into_iter().collect();
    signals.thread_block().expect("block");
    println!("ready");
    loop {
        let arrived = signals.wait().expect("wait");
        println!("{arrived}");
        if arrived == Signal::SIGTERM {
            return 7;
        }
    }
}

fn forks(number: usize) {
    let mut made = 0;
    for _ in 0..number {
        // SAFETY: a single thread; the child only sleeps until it is killed with the container.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { .. }) => made += 1,
            Ok(ForkResult::Child) => loop {
                std::thread::sleep(Duration::from_secs(1000));
            },
            Err(errno) => {
                println!("{made} {errno:?}");
                return;
            }
        }
    }
    println!("{made} all");
}

/// Makes the i386 call number 20 in a process of its own.
fn i386_getpid() -> String {
    use nix::sys::wait::{WaitStatus, waitpid};
    // SAFETY: a single thread; the child makes two system calls.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Child => {
            let answered: i32;
            // SAFETY: getpid(2) has no arguments; the kernel changes eax only.
            unsafe {
                std::arch::asm!("int 0x80", inlateout("eax") 20 => answered, out("r8") _, out("r9") _, out("r10") _, out("r11") _)
            };
            std::process::exit(if answered < 0 { -answered } else { 0 });
        }
        ForkResult::Parent { child } => match waitpid(child, None).expect("wait") {
            WaitStatus::Exited(_, 0) => "ok".to_owned(),
            WaitStatus::Exited(_, errno) => format!("{:?}", Errno::from_raw(errno)),
            WaitStatus::Signaled(_, signal, _) => signal.to_string(),
            other => format!("{other:?}"),
        },
    }
}

fn answer(result: Result<i64, Errno>) -> String {
    result.map_or_else(|errno| format!("{errno:?}"), |_| "ok".to_owned())
}

fn io_answer(result: std::io::Result<()>) -> String {
    result.map_or_else(
        |error| format!("{:?}", Errno::from_raw(error.raw_os_error().unwrap_or(0))),
        |()| "ok".to_owned(),
    )
}

/// One attempt: a name, or what to do with a path: `open:PATH`, `device:PATH`, …
fn try_one(attempt: &str) -> String {
    if let Some((what, path)) = attempt.split_once(':') {
        return match what {
            "open" => io_answer(fs::OpenOptions::new().write(true).open(path).map(drop)),
            "path" => io_answer(
                fs::OpenOptions::new()
                    .read(true)
                    .custom_flags(libc::O_PATH)
                    .open(path)
                    .map(drop),
            ),
            "read" => fs::read_to_string(path).unwrap_or_else(|error| io_answer(Err(error))),
            "write" => io_answer(fs::write(path, "written inside")),
            "mkdir" => io_answer(fs::create_dir(path)),
            // A second /dev/zero: harmless if it works. Whether it could be made, and opened.
            "device" => {
                let (kind, mode) = (
                    nix::sys::stat::SFlag::S_IFCHR,
                    nix::sys::stat::Mode::from_bits_truncate(0o666),
                );
                let made = nix::sys::stat::mknod(path, kind, mode, nix::sys::stat::makedev(1, 5));
                let opened = io_answer(fs::File::open(path).map(drop));
                format!(
                    "{} {opened}",
                    made.map_or_else(|errno| format!("{errno:?}"), |()| "made".to_owned())
                )
            }
            "lock" => {
                use std::os::unix::fs::PermissionsExt;
                io_answer(fs::set_permissions(path, fs::Permissions::from_mode(0o000)))
            }
            "link" => fs::read_link(path).map_or_else(|error| io_answer(Err(error)), |to| to.display().to_string()),
            "list" => match fs::read_dir(path) {
                Ok(entries) => {
                    let mut names: Vec<_> = entries
                        .flatten()
                        .map(|entry| entry.file_name().to_string_lossy().into_owned())
                        .collect();
                    names.sort();
                    names.join(" ")
                }
                Err(error) => io_answer(Err(error)),
            },
            other => panic!("the payload knows no attempt {other}"),
        };
    }
    // SAFETY: numbers.
    let pidfd_of_1 = unsafe { libc::syscall(libc::SYS_pidfd_open, 1, 0) };
    // Each call has harmless or invalid arguments: what counts is whether the kernel looks at them at all.
    let calls: BTreeMap<&str, (i64, [i64; 4])> = BTreeMap::from([
        (
            "unshare-user",
            (libc::SYS_unshare, [i64::from(libc::CLONE_NEWUSER), 0, 0, 0]),
        ),
        (
            "unshare-net",
            (libc::SYS_unshare, [i64::from(libc::CLONE_NEWNET), 0, 0, 0]),
        ),
        (
            "clone-user",
            (
                libc::SYS_clone,
                [i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD), 0, 0, 0],
            ),
        ),
        ("clone3", (libc::SYS_clone3, [0, 0, 0, 0])),
        // __X32_SYSCALL_BIT of asm/unistd.h.
        ("x32-getpid", (0x4000_0000 | libc::SYS_getpid, [0; 4])),
        ("fsconfig", (libc::SYS_fsconfig, [-1, 0, 0, 0])),
        ("keyctl", (libc::SYS_keyctl, [0, 0, 0, 0])),
        (
            "ptrace-1",
            (libc::SYS_ptrace, [i64::from(libc::PTRACE_ATTACH), 1, 0, 0]),
        ),
        // The length of a kernel's log.
        ("syslog", (libc::SYS_syslog, [10, 0, 0, 0])),
        ("module", (libc::SYS_delete_module, [c"none".as_ptr() as i64, 0, 0, 0])),
        // BPF_PROG_LOAD, and no program.
        ("bpf", (libc::SYS_bpf, [5, 0, 0, 0])),
        ("perf", (libc::SYS_perf_event_open, [0, 0, -1, -1])),
        ("iopl", (libc::SYS_iopl, [3, 0, 0, 0])),
        ("kexec", (libc::SYS_kexec_load, [0, 0, 0, 0])),
        ("setns", (libc::SYS_setns, [-1, 0, 0, 0])),
        (
            "handle",
            (libc::SYS_open_by_handle_at, [-1, c"\x08".as_ptr() as i64, 0, 0]),
        ),
        ("getfd-1", (libc::SYS_pidfd_getfd, [pidfd_of_1, 0, 0, 0])),
        (
            "madvise-1",
            (libc::SYS_process_madvise, [pidfd_of_1, 0, 0, libc::MADV_COLD as i64]),
        ),
        ("chroot", (libc::SYS_chroot, [c"/".as_ptr() as i64, 0, 0, 0])),
        (
            "vsock",
            (
                libc::SYS_socket,
                [i64::from(libc::AF_VSOCK), i64::from(libc::SOCK_STREAM), 0, 0],
            ),
        ),
        (
            "alg",
            (
                libc::SYS_socket,
                [i64::from(libc::AF_ALG), i64::from(libc::SOCK_SEQPACKET), 0, 0],
            ),
        ),
        (
            "tcp",
            (
                libc::SYS_socket,
                [i64::from(libc::AF_INET), i64::from(libc::SOCK_STREAM), 0, 0],
            ),
        ),
        (
            "raw",
            (
                libc::SYS_socket,
                [i64::from(libc::AF_INET), i64::from(libc::SOCK_RAW), 1, 0],
            ),
        ),
        ("personality", (libc::SYS_personality, [0xffff_ffff, 0, 0, 0])),
        ("personality-odd", (libc::SYS_personality, [0x40000, 0, 0, 0])),
        (
            "tiocsti",
            (libc::SYS_ioctl, [0, libc::TIOCSTI as i64, c"x".as_ptr() as i64, 0]),
        ),
    ]);
    if attempt == "vm-read-1" {
        let mut byte = 0u8;
        let part = libc::iovec {
            iov_base: (&raw mut byte).cast(),
            iov_len: 1,
        };
        // SAFETY: a live byte here; there, whatever is at that address.
        let read = unsafe { libc::process_vm_readv(1, &part, 1, &part, 1, 0) };
        return answer(Errno::result(read as i64));
    }
    if attempt == "mount-cgroup" || attempt == "mount-proc" {
        let kind = CString::new(attempt.trim_start_matches("mount-")).expect("no zero");
        // SAFETY: terminated strings; no data.
        let made = unsafe { libc::mount(c"x".as_ptr(), c"/dev/shm".as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
        return answer(Errno::result(i64::from(made)));
    }
    let (number, [a, b, c, d]) = calls
        .get(attempt)
        .unwrap_or_else(|| panic!("the payload knows no attempt {attempt}"));
    // SAFETY: numbers, null or static strings; a clone that succeeds makes an ordinary child, which ends at once.
    let result = unsafe { libc::syscall(*number, *a, *b, *c, *d) };
    if attempt == "clone-user" && result == 0 {
        std::process::exit(0);
    }
    answer(Errno::result(result))
}
