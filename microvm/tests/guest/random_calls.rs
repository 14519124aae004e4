//! Random system calls with wild arguments, from a seed. What would end or hang an honest program is left out: its own end,
//! signals to itself, sleep, its thread pointer, and changes to the memory that it runs in.

use super::syscall;

/// Memory that the calls may do with as they like.
const ARENA: u64 = 0x10_0000_0000;
const ARENA_BYTES: u64 = 16 << 20;
/// Nobody but a kernel has addresses from here on.
const KERNEL: u64 = 0xffff_8000_0000_0000;
/// Where the kernel has its memory; random bytes are hardly ever addresses there.
const MAPS: [u64; 2] = [0xffff_ff80_0000_0000, 0xffff_ffff_8000_0000];
const PAGE: u64 = 4096;

/// Calls that end the program: exit, kill, exit_group, tkill, tgkill, and the one that sets the thread pointer.
const LEFT_OUT: [u64; 6] = [60, 62, 158, 200, 231, 234];
/// Calls that wait: poll, nanosleep, futex, clock_nanosleep, ppoll. They get bad addresses only, or do not wait.
const WAITING: [u64; 5] = [7, 35, 202, 230, 271];
/// Calls that change memory: mmap, mprotect, munmap, brk, mremap, madvise.
const CHANGING: [u64; 6] = [9, 10, 11, 12, 25, 28];
/// Calls that the kernel has, more likely than others.
const LIKELY: [u64; 48] = [
    0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 20, 21, 25, 28, 39, 63, 72, 79, 89, 96, 97, 99, 127,
    131, 201, 204, 217, 218, 228, 229, 257, 262, 267, 269, 273, 302, 318, 334, 7, 202, 230,
];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn of(&mut self, choices: &[u64]) -> u64 {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// An address that no program has: around the borders of the address space's parts, and anywhere.
    fn bad_address(&mut self) -> u64 {
        let borders = [
            0,
            0x1000,
            0x7f00_0000_0000,
            0x7fff_7fff_e000,
            0x7fff_8000_0000,
            0x7fff_ffff_f000,
            1 << 47,
            1 << 63,
            KERNEL,
            0xffff_ff80_0010_0000,
            0xffff_ffff_8010_0000,
            0xffff_ffff_8011_5000,
            u64::MAX - 4095,
            u64::MAX - 7,
            u64::MAX,
        ];
        let near = self.of(&borders);
        match self.below(4) {
            0 => self.next() | 1 << 62,
            1 => near.wrapping_sub(self.below(64)),
            2 => near.wrapping_add(self.below(3 * PAGE)),
            _ => near,
        }
    }

    fn address(&mut self) -> u64 {
        match self.below(3) {
            0 => self.bad_address(),
            1 => ARENA + self.below(ARENA_BYTES / PAGE) * PAGE,
            _ => ARENA + self.below(ARENA_BYTES),
        }
    }

    fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(20),
            1 => self.below(10_000),
            2 => self.of(&[
                i32::MAX as u64,
                1 << 31,
                u64::from(u32::MAX),
                1 << 32,
                1 << 47,
                i64::MAX as u64,
                u64::MAX,
            ]),
            _ => 1 << self.below(64),
        }
    }

    fn argument(&mut self) -> u64 {
        match self.below(8) {
            0..4 => self.address(),
            4..7 => self.number(),
            _ => self.next(),
        }
    }
}

/// Makes so many calls, and prints what is left of the arena that nobody but the kernel can have written.
pub fn run(seed: u64, count: u64) {
    let mut random = Random(seed);
    let fixed = 0x32;
    assert_eq!(syscall(9, [ARENA, ARENA_BYTES, 3, fixed, u64::MAX, 0]) as u64, ARENA);
    for call in 0..count {
        // Files to do things with, as long as there are descriptors for them. Not the program itself: its code holds words that
        // look like addresses of the kernel, and what is read of it into the arena would count as a leak.
        if call % 64 == 0 {
            let path = [c"/big", c"/etc/text", c"/", c"/dev/null", c"/link"][random.below(5) as usize];
            syscall(2, [path.as_ptr() as u64, 0, 0, 0, 0, 0]);
        }
        let number = match random.below(8) {
            0 => random.below(600),
            1 => random.number(),
            _ => random.of(&LIKELY),
        };
        if LEFT_OUT.contains(&number) {
            continue;
        }
        let mut arguments = [0; 6].map(|_: u64| random.argument());
        if WAITING.contains(&number) {
            arguments = [0; 6].map(|_: u64| random.bad_address() | KERNEL);
            match number {
                202 => arguments[1] = random.of(&[1, 10]), // to wake
                7 | 271 => arguments[1] = 1 + random.below(100),
                _ => {}
            }
        }
        if CHANGING.contains(&number) {
            change(&mut random, number, &mut arguments);
        }
        // Little output: what is written is the arena.
        // The output stays open.
        if number == 3 {
            arguments[0] = random.below(100) + 3;
        } else if number == 1 {
            arguments[2] = random.below(16);
        } else if number == 20 {
            arguments[1] = random.bad_address();
        }
        syscall(number, arguments);
    }
    // The arena as it is now: of what is not mapped there is nothing to see.
    syscall(11, [ARENA, 0, 0, 0, 0, 0]);
    let mut leaked = 0;
    for page in (ARENA..ARENA + ARENA_BYTES).step_by(PAGE as usize) {
        // What the kernel can read there (rt_sigprocmask, in no way that there is) is neither missing nor behind a file.
        let mapped = syscall(10, [page, PAGE, 3, 0, 0, 0]) == 0 && syscall(14, [3, page, 0, 8, 0, 0]) != -14;
        if !mapped {
            continue;
        }
        for at in (page..page + PAGE).step_by(8) {
            // SAFETY: mapped, readable and writable.
            let word = unsafe { (at as *const u64).read_volatile() };
            leaked += usize::from(MAPS.iter().any(|map| (*map..*map + (1 << 30)).contains(&word)));
        }
    }
    println!("{count} calls, {leaked} addresses of the kernel");
}

/// Arguments of a call that changes memory: the arena's, or what is not the program's.
fn change(random: &mut Random, number: u64, arguments: &mut [u64; 6]) {
    let page = random.below(ARENA_BYTES / PAGE);
    let rest = ARENA_BYTES - page * PAGE;
    let bytes = match random.below(4) {
        0 => random.below(rest) + 1,
        1 => random.of(&[0, 1 << 47, 1 << 63, u64::MAX, u64::MAX - 4095]),
        _ => (random.below(16) * PAGE).min(rest),
    };
    let inside = random.below(4) != 0;
    arguments[0] = if inside {
        ARENA + page * PAGE
    } else {
        random.bad_address() | KERNEL
    };
    arguments[1] = bytes;
    match number {
        9 => {
            arguments[2] = random.below(16);
            // Wherever there is room, or there, and beyond what there is.
            arguments[3] = random.of(&[0x22, 0x32, 0x10_0022, 0x2, 0x12, 0x1, 0x4022, 0x21]);
            arguments[4] = random.below(20);
            arguments[5] = random.of(&[0, PAGE, 3, 1 << 40, !4095]);
            // What is mapped elsewhere stays there, so little of it.
            if arguments[3] & 0x10_0010 == 0 {
                arguments[1] = random.of(&[0, 1, PAGE, 1 << 47, u64::MAX]);
            }
        }
        10 => arguments[2] = random.below(16),
        12 => arguments[0] = random.bad_address() | KERNEL,
        25 => {
            arguments[2] = random.below(32) * PAGE;
            // Not moved over what is there: in place, or to a place of the kernel's choice.
            arguments[3] = random.below(2);
            if random.below(2) == 0 {
                arguments[2] = arguments[1];
            }
        }
        28 => arguments[2] = random.below(30),
        _ => {}
    }
}
