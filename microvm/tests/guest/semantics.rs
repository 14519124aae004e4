//! System calls whose answers a program may have to count on, at their edges: what is printed is what Linux answers.

use super::syscall;
use std::ffi::CString;
use std::time::Instant;

const PAGE: u64 = 4096;
const EVER: u64 = 0;

/// Paths that are too long, or empty.
pub fn paths() {
    let open = |path: &[u8]| {
        let path = CString::new(path).unwrap();
        let at = path.as_ptr() as u64;
        let mut place = [0u64; 18];
        [
            syscall(2, [at, 0, 0, 0, 0, 0]),
            syscall(4, [at, place.as_mut_ptr() as u64, 0, 0, 0, 0]),
            syscall(21, [at, 0, 0, 0, 0, 0]),
            syscall(89, [at, place.as_mut_ptr() as u64, 8, 0, 0, 0]),
        ]
    };
    println!("empty {:?}", open(b""));
    println!("longest name {:?}", open(&[b'x'; 255]));
    println!("long name {:?}", open(&[b'x'; 256]));
    println!("longest {:?}", open(&b"/.".repeat(2047)));
    println!("long {:?}", open(&b"/.".repeat(2048)));
}

/// Signals that a program sends to itself, and what it asks for about them.
pub fn signals() {
    let action = |signal, new: u64, size| syscall(13, [signal, new, 0, size, 0, 0]);
    let new = [0u64; 4];
    let at = new.as_ptr() as u64;
    println!("kill {} {}", action(9, at, 8), action(9, 0, 8));
    println!("stop {} {}", action(19, at, 8), action(19, 0, 8));
    println!("size {} {}", action(10, at, 8), action(10, at, 4));
    let mask = |how, set: &u64| {
        let mut old = u64::MAX;
        (
            syscall(14, [how, set as *const u64 as u64, &raw mut old as u64, 8, 0, 0]),
            old,
        )
    };
    const USR1: u64 = 1 << 9;
    println!("block {:?}", mask(0, &(USR1 | 1 << 8 | 1 << 18)));
    println!("how {:?} size {}", mask(3, &0).0, syscall(14, [0, 0, 0, 4, 0, 0]));
    println!(
        "none {} {} {}",
        syscall(62, [1, 0, 0, 0, 0, 0]),
        syscall(62, [1, 65, 0, 0, 0, 0]),
        syscall(62, [7, 10, 0, 0, 0, 0])
    );
    println!(
        "thread {} {}",
        syscall(200, [0, 10, 0, 0, 0, 0]),
        syscall(234, [1, 7, 10, 0, 0, 0])
    );
    println!("blocked {}", syscall(62, [1, 10, 0, 0, 0, 0]));
    let mut pending = 0u64;
    println!(
        "pending {} {pending}",
        syscall(127, [&raw mut pending as u64, 8, 0, 0, 0, 0])
    );
    println!("unblock {:?}", mask(1, &USR1));
}

/// Waiting for input that does not come, and for nothing.
pub fn waiting() {
    let mut input = [1u64 << 32]; // descriptor 0, POLLIN
    let at = input.as_mut_ptr() as u64;
    let time = |nanoseconds: u64| [0, nanoseconds];
    let ppoll = |count, time: &[u64; 2]| syscall(271, [at, count, time.as_ptr() as u64, 0, 0, 0]);
    println!("wait {}", ppoll(1, &time(2_000_000)));
    println!("at once {}", ppoll(1, &time(0)));
    println!("for nothing {}", ppoll(0, &time(1)));
    println!(
        "wrong time {} {}",
        ppoll(1, &time(1_000_000_000)),
        syscall(271, [at, 1, 8, 0, 0, 0])
    );
    println!(
        "too many {} {}",
        ppoll(u64::MAX >> 32, &time(0)),
        syscall(7, [at, 1 << 20, 0, 0, 0, 0])
    );
    println!("poll {}", syscall(7, [at, 1, 2, 0, 0, 0]));
}

/// A futex with its clocks: the answers, and whether the wait was as long as it should be.
pub fn futex() {
    const BITSET: u64 = 9;
    const REALTIME: u64 = 256;
    let word = 7u32;
    let at = &raw const word as u64;
    let now = |clock| {
        let mut time = [0u64; 2];
        syscall(228, [clock, time.as_mut_ptr() as u64, 0, 0, 0, 0]);
        time
    };
    let wait = |operation, time: &[u64; 2]| {
        let began = Instant::now();
        let answer = syscall(202, [at, operation, 7, time.as_ptr() as u64, 0, u64::from(u32::MAX)]);
        let waited = began.elapsed().as_millis();
        format!("{answer}, {}", if waited >= 20 { "waited" } else { "at once" })
    };
    let later = |[seconds, nanoseconds]: [u64; 2]| match nanoseconds + 20_000_000 {
        beyond @ 1_000_000_000.. => [seconds + 1, beyond - 1_000_000_000],
        nanoseconds => [seconds, nanoseconds],
    };
    println!("for a time {}", wait(EVER, &[0, 20_000_000]));
    println!("until {}", wait(BITSET, &later(now(1))));
    println!("until, by the real time {}", wait(BITSET | REALTIME, &later(now(0))));
    println!("until before, by the real time {}", wait(BITSET | REALTIME, &now(0)));
    println!("odd {}", syscall(202, [at + 1, 0, 7, 0, 0, 0]));
    println!("other {}", syscall(202, [at, 0, 8, 0, 0, 0]));
    println!("no bits {}", syscall(202, [at, BITSET, 7, 0, 0, 0]));
    println!("clock {}", syscall(230, [77, 0, [0u64; 2].as_ptr() as u64, 0, 0, 0]));
}

/// More memory than there is, where it need not be there; and the end of a mapped file.
pub fn mappings() {
    const NORESERVE: u64 = 0x4000;
    let map = |bytes, flags| syscall(9, [0, bytes, 3, 0x22 | flags, u64::MAX, 0]);
    println!("beyond memory {}", map(1 << 36, 0));
    let place = map(1 << 36, NORESERVE);
    println!("without reserve {}", place > 0);
    // SAFETY: mapped just now.
    unsafe { ((place + (1 << 35)) as *mut u8).write_volatile(1) }
    let write_only = syscall(9, [0, PAGE, 2, 0x22, u64::MAX, 0]) as u64;
    // SAFETY: mapped just now.
    println!("write-only {}", unsafe { (write_only as *const u8).read_volatile() });
    let path = c"/etc/text";
    let file = syscall(2, [path.as_ptr() as u64, 0, 0, 0, 0, 0]) as u64;
    let place = syscall(9, [0, 2 * PAGE, 1, 2, file, 0]) as u64;
    // SAFETY: mapped just now; of a file of fewer bytes, so zeroes.
    println!("behind the file {}", unsafe {
        ((place + PAGE - 1) as *const u8).read_volatile()
    });
    println!("written {}", syscall(1, [1, place + PAGE, 1, 0, 0, 0]));
    // SAFETY: none is claimed.
    unsafe { ((place + PAGE) as *const u8).read_volatile() };
}

/// What a test counts: five system calls, three CPUIDs, and the first touch of some pages.
pub fn costs() {
    const GETPPID: u64 = 110;
    const CLOCK_GETTIME: u64 = 228;
    for _ in 0..5 {
        syscall(GETPPID, [0; 6]);
    }
    let mut time = [0u64; 2];
    for _ in 0..10 {
        syscall(CLOCK_GETTIME, [1, time.as_mut_ptr() as u64, 0, 0, 0, 0]);
    }
    for _ in 0..3 {
        std::hint::black_box(core::arch::x86_64::__cpuid(0));
    }
    let place = syscall(9, [0, 64 * PAGE, 3, 0x22, u64::MAX, 0]) as u64;
    for page in 0..64 {
        // SAFETY: mapped just now.
        unsafe { ((place + page * PAGE) as *mut u8).write_volatile(1) }
    }
}
