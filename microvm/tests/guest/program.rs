//! What the micro-VM's tests run inside the guest: each argument names something to try; it prints what it saw.

mod hostile;
mod random_calls;
mod semantics;

use std::arch::asm;
use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant, SystemTime};

/// A system call with its raw answer: a number, or a negative error number.
fn syscall(number: u64, arguments: [u64; 6]) -> i64 {
    let [a, b, c, d, e, f] = arguments;
    let answer: i64;
    // SAFETY: the tests pass addresses of their own, or addresses that the kernel must refuse.
    unsafe {
        asm!("syscall", inlateout("rax") number as i64 => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
             in("r8") e, in("r9") f, out("rcx") _, out("r11") _);
    }
    answer
}

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("arguments") => arguments(),
        Some("exit") => std::process::exit(args.next().and_then(|code| code.parse().ok()).unwrap_or(0)),
        Some("fault") => fault(&args.next().unwrap_or_default()),
        Some("files") => return files(),
        Some("big-file") => return big_file(),
        Some("map-file") => map_file(),
        Some("memory") => memory(),
        Some("break") => heap_end(),
        Some("recycle") => recycle(),
        Some("exhaust") => exhaust(),
        Some("unknown") => unknown(),
        Some("bad-addresses") => bad_addresses(),
        Some("own-state") => own_state(),
        Some("time") => time(),
        Some("echo") => return echo(),
        Some("features") => features(),
        Some("random") => random(),
        Some("name") => name(),
        Some("floats") => floats(),
        Some("say") => println!("{}", args.next().unwrap_or_default()),
        Some("hold") => hold()?,
        Some("endless") => loop {
            black_box(0);
        },
        Some("flood") => loop {
            io::stdout().write_all(&[b'x'; 4096])?;
        },
        Some("total-memory") => return total_memory(),
        Some("disk") => return disk(),
        Some("root") => return root(args.next().and_then(|status| status.parse().ok()).unwrap_or(0)),
        Some("count") => (0..args.next().and_then(|end| end.parse().ok()).unwrap_or(0)).for_each(|n| println!("{n}")),
        Some("random-now") => random_now(),
        Some("processors") => println!("{} processors", std::thread::available_parallelism()?),
        Some("paths") => semantics::paths(),
        Some("signals") => semantics::signals(),
        Some("waiting") => semantics::waiting(),
        Some("futex") => semantics::futex(),
        Some("mappings") => semantics::mappings(),
        Some("costs") => semantics::costs(),
        Some("sleep") => std::thread::sleep(Duration::from_millis(300)),
        Some("random-calls") => {
            let mut number = || args.next().and_then(|number| number.parse().ok()).unwrap_or(0);
            random_calls::run(number(), number());
        }
        Some("hostile") => hostile::run(&args.next().unwrap_or_default()),
        Some("touch") => touch(args.next().and_then(|mib| mib.parse().ok()).unwrap_or(1)),
        other => panic!("no such test: {other:?}"),
    }
    Ok(())
}

fn arguments() {
    for argument in std::env::args().skip(2) {
        println!("argument {argument:?}");
    }
    let mut variables: Vec<_> = std::env::vars().collect();
    variables.sort();
    for (key, value) in variables {
        println!("variable {key}={value:?}");
    }
    println!("executable {:?}", std::env::current_exe().ok());
}

fn fault(kind: &str) {
    // SAFETY: none is claimed: these faults are what the tests are about.
    unsafe {
        match kind {
            "null" => asm!("mov byte ptr [{}], 1", in(reg) 8u64),
            "kernel-read" => asm!("mov {0}, [{0}]", inout(reg) 0xffff_ffff_8010_0000u64 => _),
            "kernel-jump" => asm!("jmp {}", in(reg) 0xffff_ffff_8010_0000u64),
            "read-only" => asm!("mov byte ptr [{}], 1", in(reg) fault as *const () as u64),
            "no-execute" => asm!("call {}", in(reg) [0xc3u8; 16].as_ptr()),
            "undefined" => asm!("ud2"),
            "divide" => asm!("div {0:e}", in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _),
            "breakpoint" => asm!("int3"),
            "privileged" => asm!("hlt"),
            "abort" => std::process::abort(),
            other => panic!("no such fault: {other}"),
        }
    }
}

fn files() -> io::Result<()> {
    println!("text {:?}", fs::read_to_string("/etc/text")?);
    println!(
        "link {:?} -> {:?}",
        fs::read_to_string("/link")?,
        fs::read_link("/link")?
    );
    println!("dotted {:?}", fs::read_to_string("/etc/../etc/./text")?);
    println!(
        "size {} directory {}",
        fs::metadata("/etc/text")?.len(),
        fs::metadata("/etc")?.is_dir()
    );
    let mut names: Vec<_> = fs::read_dir("/")?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    println!("root {names:?}");
    let mut file = fs::File::open("/etc/text")?;
    file.seek(SeekFrom::Start(6))?;
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    println!("rest {rest:?}");
    for error in [
        fs::read("/missing").err(),
        fs::read("/etc/text/below").err(),
        fs::write("/new", "x").err(),
        fs::write("/etc/text", "x").err(),
        fs::read("/loop").err(),
    ] {
        println!("error {:?}", error.map(|error| error.raw_os_error()));
    }
    Ok(())
}

fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

fn big_file() -> io::Result<()> {
    let bytes = fs::read("/big")?;
    println!("{} bytes, sum {}", bytes.len(), sum(&bytes));
    Ok(())
}

fn map_file() {
    let path = c"/big";
    let descriptor = syscall(2, [path.as_ptr() as u64, 0, 0, 0, 0, 0]) as u64;
    const PRIVATE: u64 = 2;
    for (protection, name) in [(1, "read-only"), (3, "writable")] {
        let address = syscall(9, [0, 3 << 20, protection, PRIVATE, descriptor, 0]) as *mut u8;
        // SAFETY: a mapping of that size.
        let bytes = unsafe { std::slice::from_raw_parts_mut(address, 3 << 20) };
        let before = sum(bytes);
        if protection == 3 {
            bytes.iter_mut().step_by(4096).for_each(|byte| *byte ^= 0xff);
            bytes.iter_mut().step_by(4096).for_each(|byte| *byte ^= 0xff);
        }
        println!("{name} sum {before} then {}", sum(bytes));
    }
}

fn memory() {
    let mut numbers: Vec<u64> = Vec::new();
    for n in 0..2_000_000 {
        numbers.push(n);
    }
    println!(
        "grown {}",
        numbers.iter().enumerate().all(|(n, value)| n as u64 == *value)
    );
    fn deep(n: u64) -> u64 {
        let page = black_box([n; 512]);
        if n == 0 { 0 } else { deep(n - 1) + page[7] / n.max(1) }
    }
    println!("stack {}", deep(1000));
    let mut map = HashMap::new();
    for n in 0..10_000u64 {
        map.insert(n, vec![n as u8; n as usize % 300]);
    }
    println!("heap {}", map.values().map(Vec::len).sum::<usize>());
}

/// Maps, writes, checks for zeroes and unmaps again, more than the machine has in all.
fn recycle() {
    let mut dirty = 0;
    for _ in 0..40 {
        let size = 8 << 20;
        let address = syscall(9, [0, size, 3, 0x22, u64::MAX, 0]) as *mut u8;
        // SAFETY: a mapping of that size.
        let bytes = unsafe { std::slice::from_raw_parts_mut(address, size as usize) };
        dirty += bytes.iter().step_by(512).filter(|byte| **byte != 0).count();
        bytes.iter_mut().step_by(512).for_each(|byte| *byte = 0xaa);
        assert_eq!(syscall(11, [address as u64, size, 0, 0, 0, 0]), 0);
    }
    println!("dirty {dirty}");
}

fn exhaust() {
    let mut blocks = Vec::new();
    loop {
        blocks.push(vec![1u8; 1 << 20]);
        black_box(&blocks);
    }
}

fn unknown() {
    println!(
        "{} {} {}",
        syscall(56, [0; 6]),
        syscall(56, [0; 6]),
        syscall(9999, [0; 6])
    );
}

fn bad_addresses() {
    let path = c"/big";
    let file = syscall(2, [path.as_ptr() as u64, 0, 0, 0, 0, 0]) as u64;
    let wild = 0x1234_5678_9000;
    let kernel = 0xffff_ffff_8010_0000;
    println!(
        "write {} {}",
        syscall(1, [1, wild, 10, 0, 0, 0]),
        syscall(1, [1, kernel, 10, 0, 0, 0])
    );
    println!(
        "read small {} {}",
        syscall(0, [file, wild, 10, 0, 0, 0]),
        syscall(0, [file, kernel, 10, 0, 0, 0])
    );
    println!(
        "read large {} {}",
        syscall(0, [file, wild, 9000, 0, 0, 0]),
        syscall(0, [file, kernel, 9000, 0, 0, 0])
    );
    println!(
        "path {} {}",
        syscall(2, [wild, 0, 0, 0, 0, 0]),
        syscall(2, [kernel, 0, 0, 0, 0, 0])
    );
    println!("stat {}", syscall(4, [path.as_ptr() as u64, wild, 0, 0, 0, 0]));
    println!(
        "map {} {}",
        syscall(9, [0, 1 << 50, 3, 0x22, u64::MAX, 0]),
        syscall(11, [1, 1, 0, 0, 0, 0])
    );
}

/// What a program sets of its own state reads back, whatever the kernel keeps it for.
fn own_state() {
    const SIGUSR1: u64 = 10;
    let wild = 0x1234_5678_9000;
    let action = |signal, new: &[u64; 4], old: &mut [u64; 4]| {
        syscall(13, [signal, new.as_ptr() as u64, old.as_mut_ptr() as u64, 8, 0, 0])
    };
    let (mut first, mut second) = ([9; 4], [9; 4]);
    let answers = [
        action(SIGUSR1, &[1, 2, 3, 4], &mut first),
        action(SIGUSR1, &[5, 6, 7, 8], &mut second),
    ];
    println!("action {answers:?} {first:?} {second:?}");
    let mut same = [1, 0, 0, 0u64];
    let place = same.as_mut_ptr() as u64;
    println!("in place {} {same:?}", syscall(13, [SIGUSR1, place, place, 8, 0, 0]));
    let refused = [action(0, &[0; 4], &mut first), action(65, &[0; 4], &mut first)];
    println!("refused {refused:?} {}", syscall(13, [SIGUSR1, wild, 0, 8, 0, 0]));
    let mut stack = [0u64; 3];
    let new = [place, 0, 4096u64];
    println!("stack {}", syscall(131, [new.as_ptr() as u64, 0, 0, 0, 0, 0]));
    println!(
        "stack {} {}",
        syscall(131, [0, stack.as_mut_ptr() as u64, 0, 0, 0, 0]),
        stack == new
    );
    println!(
        "stack {} {}",
        syscall(131, [wild, 0, 0, 0, 0, 0]),
        syscall(131, [0, wild, 0, 0, 0, 0])
    );
    let mut limits = [0u64; 2];
    println!(
        "limit {} {limits:?}",
        syscall(302, [0, 3, 0, limits.as_mut_ptr() as u64, 0, 0])
    );
    println!(
        "limit {} {}",
        syscall(302, [0, 3, 0, wild, 0, 0]),
        syscall(302, [7, 3, 0, 0, 0, 0])
    );
    println!(
        "random {} {}",
        syscall(318, [wild, 8, 0, 0, 0, 0]),
        syscall(318, [place, 8, 0, 0, 0, 0])
    );
    println!(
        "ids {} {} {}",
        syscall(39, [0; 6]),
        syscall(186, [0; 6]),
        syscall(218, [0; 6])
    );
}

fn time() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    println!("slept {} ms", start.elapsed().as_millis());
    println!(
        "year {}",
        1970 + SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |now| now.as_secs() / 31_556_952)
    );
    println!("{}", clocks());
}

/// Whether the two clocks that may be read without entering the kernel say what the kernel says of the same clocks by other numbers
/// (CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE), and leave the registers alone.
fn clocks() -> String {
    const CLOCK_GETTIME: u64 = 228;
    let read = |clock: u64| {
        let mut time = [0u64; 2];
        let marks = [3, 8, 9].map(|mark: u64| mark << 40);
        let [mut rdx, mut r8, mut r9] = marks;
        let (clock_after, at_after): (u64, u64);
        let at = &raw mut time;
        let answer: i64;
        // SAFETY: writes to `time`.
        unsafe {
            asm!("syscall", inlateout("rax") CLOCK_GETTIME => answer, inlateout("rdi") clock => clock_after,
                 inlateout("rsi") at => at_after, inout("rdx") rdx, inout("r8") r8, inout("r9") r9, out("rcx") _, out("r11") _);
        }
        assert_eq!(
            (answer, clock_after, at_after, [rdx, r8, r9]),
            (0, clock, at as u64, marks)
        );
        assert!(time[1] < 1_000_000_000);
        time[0] * 1_000_000_000 + time[1]
    };
    for (clock, of_the_kernel) in [(1, 4), (0, 5)] {
        for _ in 0..100 {
            let times = [read(of_the_kernel), read(clock), read(clock), read(of_the_kernel)];
            if !times.is_sorted() {
                return format!("clock {clock} is not that of the kernel: {times:?}");
            }
        }
    }
    let nowhere = [1, 0].map(|clock| syscall(CLOCK_GETTIME, [clock, 0x1234_5678_9000, 0, 0, 0, 0]));
    format!("clocks agree {nowhere:?}")
}

fn echo() -> io::Result<()> {
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    println!("{} bytes: {input}", input.len());
    Ok(())
}

/// What vectors a program may use.
fn features() {
    let (avx, avx2, avx512) = (
        is_x86_feature_detected!("avx"),
        is_x86_feature_detected!("avx2"),
        is_x86_feature_detected!("avx512f"),
    );
    println!("{avx} {avx2} {avx512}");
}

fn random() {
    let mut bytes = [0u8; 16];
    assert_eq!(syscall(318, [bytes.as_mut_ptr() as u64, 16, 0, 0, 0, 0]), 16);
    println!("{bytes:?}");
}

/// Random bytes without waiting for entropy to gather (getrandom(2), GRND_NONBLOCK).
fn random_now() {
    const NONBLOCK: u64 = 1;
    let mut bytes = [0u8; 16];
    println!("{}", syscall(318, [bytes.as_mut_ptr() as u64, 16, NONBLOCK, 0, 0, 0]));
}

fn name() {
    let mut fields = [0u8; 6 * 65];
    assert_eq!(syscall(63, [fields.as_mut_ptr() as u64, 0, 0, 0, 0, 0]), 0);
    for field in fields.chunks(65) {
        println!("{}", String::from_utf8_lossy(field).trim_end_matches('\0'));
    }
}

/// Floating-point state survives system calls and page faults.
fn floats() {
    let mut pages = vec![0.0f64; 1 << 20];
    let mut sum = 0.0;
    for (n, value) in pages.iter_mut().enumerate().step_by(512) {
        *value = (n as f64).sqrt();
        sum += *value;
        if n % 8192 == 0 {
            black_box(syscall(39, [0; 6]));
        }
    }
    println!("{sum:.6}");
}

/// How many MiB of memory Linux says there are.
fn total_memory() -> io::Result<()> {
    let information = fs::read_to_string("/proc/meminfo")?;
    let total = information
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    println!("{}", total.unwrap_or(0) >> 10);
    Ok(())
}

/// Reads a disk, writes its second MiB, and reads it again, from the disk and not from memory.
fn disk() -> io::Result<()> {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let mut disk = fs::File::options().read(true).write(true).open("/dev/vda")?;
    let mut bytes = Vec::new();
    disk.read_to_end(&mut bytes)?;
    println!("{} bytes, sum {}", bytes.len(), sum(&bytes));
    disk.seek(SeekFrom::Start(1 << 20))?;
    disk.write_all(&[0xaa; 1 << 20])?;
    disk.sync_all()?;
    fs::write("/proc/sys/vm/drop_caches", "1")?;
    disk.seek(SeekFrom::Start(0))?;
    bytes.clear();
    disk.read_to_end(&mut bytes)?;
    println!("then sum {}", sum(&bytes));
    Ok(())
}

/// What is in the root, what becomes of writing there, and what the second disk begins with; then a status.
fn root(status: i32) -> io::Result<()> {
    let mut left = vec![std::path::PathBuf::from("/")];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        let name = path.display();
        let places = ["/dev", "/proc", "/sys", "/tmp"];
        if places.iter().any(|place| path.starts_with(place)) {
            println!(
                "{name} with {} entries",
                if fs::read_dir(&path)?.next().is_some() {
                    "some"
                } else {
                    "no"
                }
            );
        } else if metadata.is_dir() {
            println!("{name} directory {:o}", metadata.permissions().mode());
            let below = fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path()));
            let mut below = below.collect::<io::Result<Vec<_>>>()?;
            below.sort_by(|a, b| b.cmp(a));
            left.extend(below);
        } else if metadata.is_symlink() {
            println!("{name} -> {}", fs::read_link(&path)?.display());
        } else {
            let bytes = fs::read(&path)?;
            println!(
                "{name} {:o}, {} bytes, sum {}",
                metadata.permissions().mode(),
                bytes.len(),
                sum(&bytes)
            );
        }
    }
    for path in ["/new", "/etc/text"] {
        let written = fs::write(path, "written").and_then(|()| fs::read_to_string(path));
        println!("write {path}: {:?}", written.map_err(|error| error.raw_os_error()));
    }
    let mut begins = [0; 4];
    let other = fs::File::open("/dev/vdb").and_then(|mut disk| disk.read_exact(&mut begins));
    println!(
        "other disk: {:?}",
        other.map(|()| begins).map_err(|error| error.raw_os_error())
    );
    std::process::exit(status);
}

/// Moves the heap's end: a little, far, back, and where it cannot be.
fn heap_end() {
    let set = |address: u64| syscall(12, [address, 0, 0, 0, 0, 0]) as u64;
    let begin = set(0);
    let moves = [
        begin + 100,
        begin + (1 << 20),
        begin + 4096,
        begin + (1 << 20),
        begin + (2 << 20),
        begin,
        begin + 5000,
    ];
    for end in moves {
        let answer = set(end);
        assert_eq!((answer, set(0), set(1), set(u64::MAX)), (end, end, end, end));
        let bytes = (begin as usize..end as usize).step_by(1000);
        let dirty = bytes
            .map(std::ptr::with_exposed_provenance_mut::<u8>)
            // SAFETY: the heap's, beyond what the allocator knows of: it has asked for nothing since.
            .filter(|byte| unsafe { std::mem::replace(&mut **byte, 1) != 0 })
            .count();
        println!("{} bytes, {dirty} dirty", end - begin);
    }
}

/// Says that it is there, and waits for the end of its input.
fn hold() -> io::Result<()> {
    println!("held");
    io::stdin().read(&mut [0]).map(drop)
}

fn touch(mib: usize) {
    let block = vec![1u8; mib << 20];
    println!(
        "touched {}",
        block.iter().step_by(4096).map(|byte| usize::from(*byte)).sum::<usize>()
    );
}
