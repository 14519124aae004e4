//! The table of languages in README.md: what programs of several languages do on each target, and why not where they do not.

use crate::programs::compiled_with;
use crate::support::{Need, Place, english, expect, expect_holds, say, test};
use libtest_mimic::{Failed, Trial};
use std::path::Path;

const CONTAINER: &[Need] = &[Need::Containers];

/// What a program writes, or what is said of it and its exit status is not zero.
enum Does {
    Writes(&'static str),
    FailsWith(&'static str),
}
use Does::{FailsWith, Writes};

/// Threads in C and Rust, and what these lack in the guest.
const NO_THREADS: Does = FailsWith("does not have the system calls 435 (clone3), 56 (clone)");

const C_STDIO: &str = "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", 6 * 7); return 0; }";
const C_THREADS: &str = "#include <pthread.h>\n#include <stdio.h>\n\
    static void *run(void *value) { *(int *)value = 42; return NULL; }\n\
    int main(void) { pthread_t thread; int value = 0; if (pthread_create(&thread, NULL, run, &value)) return 1;\n\
    pthread_join(thread, NULL); printf(\"%d\\n\", value); return 0; }";
const C_MMAP: &str = "#include <stdio.h>\n#include <string.h>\n#include <sys/mman.h>\nint main(void) {\n\
    char *all = mmap(NULL, 1 << 24, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n\
    if (all == MAP_FAILED) return 1; memset(all, 21, 1 << 24); printf(\"%d\\n\", all[0] + all[(1 << 24) - 1]);\n\
    return munmap(all, 1 << 24); }";
const RUST_STD: &str = "fn main() { let all: Vec<u32> = vec![6, 7]; println!(\"{}\", all.iter().product::<u32>()); }";
const RUST_THREADS: &str = "fn main() { println!(\"{}\", std::thread::spawn(|| 42).join().unwrap()); }";
const GO: &str =
    "package main\nimport \"fmt\"\nfunc main() { c := make(chan int); go func() { c <- 42 }(); fmt.Println(<-c) }";
const SQLITE: &str = "#include <sqlite3.h>\n#include <stdio.h>\n\
    static int row(void *none, int count, char **values, char **names) { puts(values[0]); return 0; }\n\
    int main(void) { sqlite3 *db; return sqlite3_open(\":memory:\", &db) || sqlite3_exec(db,\n\
    \"create table t(a); insert into t values(1), (2), (39); select sum(a) from t\", row, NULL, NULL); }";

pub fn tests() -> Vec<Trial> {
    let with = |tool| [CONTAINER, &[Need::Kvm, Need::Tool(tool)]].concat();
    vec![
        test("c_works_everywhere_but_threads_in_the_guest", &with("cc"), c),
        test("rust_works_everywhere_but_threads_in_the_guest", &with("rustc"), rust),
        test(
            "go_works_as_process_and_in_a_container_and_says_why_not_in_the_guest",
            &with("go"),
            go,
        ),
        test(
            "a_static_busybox_works_everywhere_but_pipes_in_the_guest",
            &with("busybox"),
            busybox,
        ),
        test(
            "sqlite_works_everywhere_in_memory",
            &[&with("cc")[..], &[Need::File("/usr/lib/x86_64-linux-gnu/libsqlite3.a")]].concat(),
            sqlite,
        ),
    ]
}

/// Runs a program on each target.
fn check(place: &Place, program: &[&str], in_guest: &Does) -> Result<(), Failed> {
    for target in ["process", "container", "microvm"] {
        let said = say(place.isolab(&[&["run", "--on", target, "--timeout", "60", "--"], program].concat()))?;
        let does = if target == "microvm" { in_guest } else { &Writes("42\n") };
        let context = || format!("{program:?} on {target}: {} {}", said.stdout, said.stderr);
        match does {
            Writes(text) => expect(said.status == 0 && said.stdout == *text, context)?,
            FailsWith(text) => {
                expect(said.status != 0, context)?;
                expect_holds(&said.stderr, text)?;
            }
        }
    }
    Ok(())
}

fn built(place: &Place, source: (&str, &str), compiler: &[&str], more: &[&str]) -> Result<String, Failed> {
    let (file, text) = source;
    let path = compiled_with(place.path(), file, text, compiler, more)?;
    Ok(format!("./{}", path.file_name().unwrap_or_default().to_string_lossy()))
}

const CC: &[&str] = &["cc", "-static", "-O1", "-w", "-pthread"];
const RUSTC: &[&str] = &[
    "rustc",
    "--target=x86_64-unknown-linux-gnu",
    "-Ctarget-feature=+crt-static",
];

fn c() -> Result<(), Failed> {
    let place = Place::new();
    for (file, text, in_guest) in [
        ("stdio.c", C_STDIO, Writes("42\n")),
        ("mmap.c", C_MMAP, Writes("42\n")),
        ("threads.c", C_THREADS, NO_THREADS),
    ] {
        check(&place, &[&built(&place, (file, text), CC, &[])?], &in_guest)?;
    }
    Ok(())
}

fn rust() -> Result<(), Failed> {
    let place = Place::new();
    for (file, text, in_guest) in [
        ("std.rs", RUST_STD, Writes("42\n")),
        ("threads.rs", RUST_THREADS, NO_THREADS),
    ] {
        check(&place, &[&built(&place, (file, text), RUSTC, &[])?], &in_guest)?;
    }
    Ok(())
}

fn go() -> Result<(), Failed> {
    let place = Place::new();
    let program = built(
        &place,
        ("goroutines.go", GO),
        &[
            "env",
            "CGO_ENABLED=0",
            // Its standard library is compiled once, and kept where cargo keeps what it builds.
            concat!("GOCACHE=", env!("CARGO_TARGET_TMPDIR"), "/go"),
            "go",
            "build",
        ],
        &[],
    );
    check(&place, &[&program?], &FailsWith("does not have the system calls"))
}

fn sqlite() -> Result<(), Failed> {
    let place = Place::new();
    let program = built(&place, ("sqlite.c", SQLITE), CC, &["-lsqlite3", "-ldl", "-lm"])?;
    check(&place, &[&program], &Writes("42\n"))
}

fn busybox() -> Result<(), Failed> {
    let place = Place::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("busybox"))
        .find(|file| file.is_file());
    std::fs::copy(found.unwrap_or_default(), place.path().join("busybox"))?;
    if let Err(refusal) = bench::workloads::elf::read(Path::new(&place.path().join("busybox"))) {
        // A dynamic one is refused, in these words, on every target.
        return expect_holds(&english(&refusal.message()), "dynamically linked");
    }
    check(&place, &["./busybox", "sh", "-c", "echo $((6 * 7))"], &Writes("42\n"))?;
    check(
        &place,
        &["./busybox", "sh", "-c", "echo 42 | cat"],
        &FailsWith("293 (pipe2)"),
    )
}
