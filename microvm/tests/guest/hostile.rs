//! A program that means harm to the kernel below it: each word names an attack. One that fails as it should ends the
//! machine by a signal, or prints what an honest program would see.

use super::syscall;
use std::arch::asm;
use std::fs;

/// Flags that no program may give itself: I/O privilege level 3 and interrupts, beside the bit that is always 1.
const PRIVILEGED_FLAGS: u64 = 0x3202;
/// Size of a page.
const PAGE: u64 = 4096;
/// The kernel is linked above this address.
const KERNEL: u64 = 0xffff_ffff_8010_0000;
/// An address that is not canonical: no page can be there (SDM volume 1, 3.3.7.1).
const NOT_CANONICAL: u64 = 1 << 63;

const GETPID: u64 = 39;
const GETPPID: u64 = 110;
const EXIT_GROUP: u64 = 231;
const CLOCK_NANOSLEEP: u64 = 230;
const PRLIMIT: u64 = 302;

/// What would go out of a port.
static BYTES: [u8; 1] = [42];

/// Runs the attack of that name.
pub fn run(attack: &str) {
    // SAFETY: none is claimed: these are attacks.
    unsafe {
        match attack {
            "forged-flags" => take_the_exit_port(kernel_entry(), GETPID),
            "forged-flags-of-a-failed-call" => take_the_exit_port(first_instruction(), PRLIMIT),
            "forged-return" => asm!("jmp {entry}", entry = in(reg) kernel_entry(), in("rax") GETPID,
                in("rcx") NOT_CANONICAL, in("r11") 2, options(noreturn)),
            "forged-return-of-a-failed-call" => asm!("jmp {entry}", entry = in(reg) first_instruction(),
                in("rax") PRLIMIT, in("rdi") 0, in("rsi") 3, in("rdx") 0, in("r10") WILD,
                in("rcx") NOT_CANONICAL, in("r11") 2, options(noreturn)),
            "forged-flags-in-ring-3" => take_the_exit_port(gate(), GETPPID),
            "forged-return-in-ring-3" => asm!("jmp {entry}", entry = in(reg) gate(), in("rax") GETPPID,
                in("rcx") NOT_CANONICAL, in("r11") 2, options(noreturn)),
            "forged-number-in-ring-3" => take_the_exit_port(gate(), EXIT_GROUP),
            "forged-direction" => backward(kernel_entry()),
            "direction" => direction(),
            "flags" => flags(),
            "ports" => asm!("out 0xf4, al", in("al") 42u8),
            "string-ports" => asm!("rep outsb", in("dx") 0xf4, in("rsi") (&raw const BYTES), in("rcx") 1),
            "interrupts" => asm!("sti"),
            "control-register" => asm!("mov {}, cr3", out(reg) _),
            "debug-register" => asm!("mov dr7, {}", in(reg) 0x401u64),
            "model-specific-register" => asm!("wrmsr", in("ecx") 0xc000_0082u32, in("eax") 0, in("edx") 0),
            "descriptor-table" => asm!("lidt [{}]", in(reg) [0u64; 2].as_ptr()),
            "software-interrupt" => asm!("int 0x80"),
            "double-fault" => asm!("int 8"),
            "sysenter" => asm!("sysenter"),
            "debug-trap" => asm!(".byte 0xf1"),
            "single-step" => asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq", "nop", "nop"),
            "end-of-a-helper" => asm!("jmp {}", in(reg) undefined_instruction()),
            "stack-pointer" => asm!("mov rsp, {0}", "syscall", "mov edi, 7", "mov eax, 231", "syscall",
                in(reg) NOT_CANONICAL | 8, in("rax") GETPID, options(noreturn)),
            "far-return" => asm!(
                "push 8",
                "lea rax, [rip + 2f]",
                "push rax",
                "retfq",
                "2:",
                "mov al, 42",
                "out 0xf4, al",
                options(noreturn)
            ),
            "interrupt-return" => asm!("mov rcx, rsp", "push 0x23", "push rcx", "push {flags}", "push 0x2b",
                "lea rax, [rip + 2f]", "push rax", "iretq", "2:", "mov al, 42", "out 0xf4, al",
                flags = const PRIVILEGED_FLAGS, options(noreturn)),
            "system-return" => asm!("lea rcx, [rip + 2f]", "sysretq", "2:", "mov al, 42", "out 0xf4, al",
                in("r11") PRIVILEGED_FLAGS, options(noreturn)),
            "popped-flags" => {
                asm!("push {flags}", "popfq", "mov al, 42", "out 0xf4, al", flags = const PRIVILEGED_FLAGS)
            }
            "swap" => asm!("swapgs"),
            "invalidate" => asm!("invlpg [{}]", in(reg) KERNEL),
            "extended-control-register" => asm!("xsetbv", in("ecx") 0, in("eax") 1, in("edx") 0),
            "counter" => asm!("rdpmc", in("ecx") 0, out("eax") _, out("edx") _),
            "hypercall" => asm!("vmmcall", "mov al, 42", "out 0xf4, al", in("rax") 1),
            "window" => window(),
            "unmap" => unmap(),
            "clock" => clock(),
            "recycled" => recycled(),
            other => panic!("no such attack: {other}"),
        }
    }
}

/// Nothing is mapped there.
const WILD: u64 = 0x1234_5678_9000;

/// The end of the stack, which is where the page begins that the kernel shares with the program.
fn shared_page() -> u64 {
    const AT_EXECFN: u64 = 31;
    // SAFETY: reads this process's auxiliary vector.
    let path = unsafe { getauxval(AT_EXECFN) };
    (path + PAGE - 1) & !(PAGE - 1)
}

unsafe extern "C" {
    fn getauxval(kind: u64) -> u64;
}

fn shared_bytes() -> &'static [u8] {
    // SAFETY: a page that the program can read.
    unsafe { std::slice::from_raw_parts(shared_page() as *const u8, PAGE as usize) }
}

/// The addresses of the kernel's that the shared page has: its system-call entry, and the gate to calls that are made in ring 3.
fn kernel_addresses() -> impl Iterator<Item = u64> {
    let words = shared_bytes()
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    words.filter(|word| (KERNEL..KERNEL + (1 << 20)).contains(word))
}

fn kernel_entry() -> u64 {
    kernel_addresses().next().unwrap()
}

fn gate() -> u64 {
    kernel_addresses().nth(1).unwrap()
}

/// Where SYSCALL leads to when it stays in ring 3: `cmp eax, 12`.
fn first_instruction() -> u64 {
    shared_page()
        + shared_bytes()
            .windows(3)
            .position(|code| code == [0x83, 0xf8, 12])
            .unwrap() as u64
}

/// Where a helper of the kernel's ends: `ud2`.
fn undefined_instruction() -> u64 {
    shared_page() + shared_bytes().windows(2).position(|code| code == [0x0f, 0x0b]).unwrap() as u64
}

/// Makes a system call by a jump, with flags of its own, and ends the machine by a port if that gave it the right to.
unsafe fn take_the_exit_port(entry: u64, number: u64) -> ! {
    // SAFETY: none is claimed.
    unsafe {
        asm!("lea rcx, [rip + 2f]", "jmp r9", "2:", "mov al, 42", "out 0xf4, al",
            in("r9") entry, in("rax") number, in("rdi") 0, in("rsi") 3, in("rdx") 0, in("r10") WILD,
            in("r11") PRIVILEGED_FLAGS, options(noreturn))
    }
}

/// Makes a call that copies 16 bytes to the kernel's stack, by a jump, with string instructions counting down.
unsafe fn backward(entry: u64) {
    let no_time = [0u64; 2];
    let answer: i64;
    // SAFETY: none is claimed; the direction is put back.
    unsafe {
        asm!("std", "lea rcx, [rip + 2f]", "jmp {entry}", "2:", "cld",
            entry = in(reg) entry, inlateout("rax") CLOCK_NANOSLEEP => answer, in("rdi") 1, in("rsi") 0,
            in("rdx") no_time.as_ptr(), in("r10") 0, out("rcx") _, in("r11") 0x402);
    }
    println!("answered {answer}");
}

/// The same by the instruction that is meant for it, on different ways through the kernel.
unsafe fn direction() {
    let no_time = [0u64; 2];
    let path = c"/etc/text";
    let calls = [
        (CLOCK_NANOSLEEP, [1, 0, no_time.as_ptr() as u64]),
        (21, [path.as_ptr() as u64, 0, 0]), // access
        (GETPID, [0; 3]),
    ];
    for (number, [a, b, c]) in calls {
        let (answer, flags): (i64, u64);
        // SAFETY: the direction is put back.
        unsafe {
            asm!("std", "syscall", "pushfq", "pop {flags}", "cld", flags = out(reg) flags,
                inlateout("rax") number => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") 0,
                out("rcx") _, out("r11") _);
        }
        println!("answered {answer}, direction {}", flags >> 10 & 1);
    }
}

/// Flags that a program may set and that the kernel must not run with: nested task, alignment check.
unsafe fn flags() {
    for flag in [1u64 << 14, 1 << 18] {
        // One byte off for the kernel, and in pages that are not there yet.
        let place = syscall(9, [0, 2 * PAGE, 3, 0x22, u64::MAX, 0]) as u64 + PAGE - 7;
        for number in [97, 63, GETPID] {
            let answer: i64;
            // SAFETY: `place` is mapped; the flags are put back.
            unsafe {
                asm!("pushfq", "or [rsp], {flag}", "popfq", "syscall", "mov byte ptr [{place}], 1", "pushfq",
                    "not {flag}", "and [rsp], {flag}", "not {flag}", "popfq", flag = inout(reg) flag => _,
                    place = in(reg) place, inlateout("rax") number => answer,
                    in("rdi") if number == 97 { 3 } else { place }, in("rsi") place, in("rdx") 0,
                    out("rcx") _, out("r11") _);
            }
            println!("answered {answer}");
        }
    }
}

/// Reads where the kernel shows itself the initramfs, and what lies around that in memory.
unsafe fn window() {
    // A read of many bytes needs the window.
    let big = fs::read("/big").unwrap();
    println!("{} bytes", big.len());
    for window in [0x7e00_0000_0000u64, shared_page() + 3 * PAGE] {
        // SAFETY: none is claimed.
        let word: u64 = unsafe { (window as *const u64).read_volatile() };
        println!("at {window:#x}: {word:#x}");
    }
}

/// Unmaps and maps anew what is not the program's.
unsafe fn unmap() {
    let before = fs::read("/big").unwrap();
    let end = shared_page();
    for place in [
        0x7e00_0000_0000u64,
        end,
        end + PAGE,
        end + 2 * PAGE,
        end + 3 * PAGE,
        end - PAGE + (1 << 30),
        KERNEL,
    ] {
        let mapped = |flags: u64| syscall(9, [place, 2 * PAGE, 3, 0x22 | flags, u64::MAX, 0]);
        let answers = [
            syscall(11, [place, 2 * PAGE, 0, 0, 0, 0]),
            syscall(28, [place, 2 * PAGE, 4, 0, 0, 0]),
            syscall(10, [place, 2 * PAGE, 3, 0, 0, 0]),
            mapped(0x10),
            mapped(0x10_0000),
        ];
        // Where it may be mapped it is memory, and nothing else.
        for answer in answers.iter().filter(|answer| **answer as u64 == place) {
            // SAFETY: mapped just now.
            unsafe { (*answer as *mut u64).write_volatile(0x42) }
        }
    }
    println!("same {}", fs::read("/big").unwrap() == before);
}

/// Changes the clock, which it may read: by system calls, and by itself.
unsafe fn clock() {
    let clock = shared_page() + 2 * PAGE;
    let big = c"/big";
    let file = syscall(2, [big.as_ptr() as u64, 0, 0, 0, 0, 0]) as u64;
    let answers = [
        syscall(0, [file, clock, 16, 0, 0, 0]),
        syscall(0, [file, clock, PAGE, 0, 0, 0]),
        syscall(228, [1, clock, 0, 0, 0, 0]),
        syscall(228, [1, clock, 0, 0, 0, 0]),
        syscall(228, [4, clock, 0, 0, 0, 0]),
        syscall(318, [clock, 8, 0, 0, 0, 0]),
        syscall(10, [clock, PAGE, 3, 0, 0, 0]),
    ];
    println!("{answers:?}");
    // SAFETY: none is claimed.
    unsafe {
        std::hint::black_box((clock as *const u64).read_volatile());
        println!("read");
        (clock as *mut u64).write_volatile(0);
    }
    println!("written");
}

/// Reads memory that was used before through a mapping that cannot be written: by itself, and by a system call.
unsafe fn recycled() {
    let map = |protection| syscall(9, [0, 8 << 20, protection, 0x22, u64::MAX, 0]) as u64;
    for _ in 0..10 {
        let place = map(3);
        for at in (place..place + (8 << 20)).step_by(512) {
            // SAFETY: mapped just now.
            unsafe { (at as *mut u64).write_volatile(u64::MAX) }
        }
        syscall(11, [place, 8 << 20, 0, 0, 0, 0]);
    }
    let place = map(1);
    // SAFETY: mapped just now.
    println!("reads {}", unsafe { (place as *const u64).read_volatile() });
    let bytes = place + (4 << 20);
    println!("written {}", syscall(1, [1, bytes, 3, 0, 0, 0]));
}
