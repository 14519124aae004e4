//! `--rootfs disk`: what there is to see of it without a Linux guest. Those are in `microvm/tests/linux.rs`.

use crate::support::{Need, Place, expect, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};

const BLOCK: usize = 4096;

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "an_exported_disk_is_erofs_holds_the_program_in_blocks_of_its_own_and_is_the_same_each_time",
            &[],
            exported,
        ),
        test(
            "parts_of_a_disk_image_equal_its_bytes_the_results_say_where_the_root_was_and_nothing_is_left",
            &[Need::Kvm],
            described,
        ),
        test(
            "a_kernel_that_takes_no_disks_is_refused_with_and_without_a_jail",
            &[Need::Kvm, Need::Containers],
            no_disks,
        ),
        test("a_root_is_refused_where_it_makes_no_sense", &[], refused),
    ]
}

fn export(place: &Place, words: &[&str]) -> Result<(), Failed> {
    expect_status(&say(place.isolab(words))?, 0)
}

fn exported() -> Result<(), Failed> {
    let place = Place::new();
    for name in ["disk", "again"] {
        export(&place, &["image", "export", "--disk", name])?;
    }
    let disk = std::fs::read(place.path().join("disk"))?;
    let hello = bench::workloads::built_in("hello").ok_or("no hello")?.bytes;
    // The superblock's magic number (Linux, fs/erofs/erofs_fs.h).
    expect(disk[1024..1028] == 0xe0f5_e1e2_u32.to_le_bytes(), || {
        format!("{:x?}", &disk[1024..1028])
    })?;
    let mut blocks = (0..disk.len()).step_by(BLOCK);
    expect(blocks.any(|at| disk[at..].starts_with(hello)), || {
        "the program is not in it".into()
    })?;
    expect(disk == std::fs::read(place.path().join("again"))?, || {
        "two disks differ".into()
    })?;
    expect(place.left().is_empty(), || format!("{:?}", place.left()))
}

fn described() -> Result<(), Failed> {
    let place = Place::new();
    export(&place, &["kernel", "export", "builtin", "kernel"])?;
    export(&place, &["image", "export", "--disk", "disk"])?;
    let words = "compare --json - --runs 1 --on process,microvm-linux --kernel ./kernel --rootfs disk";
    let said = say(place.isolab(&words.split(' ').collect::<Vec<_>>()))?;
    // What boots here is no Linux and has no use for the disk.
    expect_status(&said, 3)?;
    let results = said.results()?;
    let target = &results.targets[1];
    let part = |name: &str| {
        let part = target.image.iter().find(|part| part.part == name);
        part.map_or(0, |part| part.bytes)
    };
    let on_disk = std::fs::metadata(place.path().join("disk"))?.len();
    expect(
        part("workload") == results.workload.bytes && part("workload") + part("disk image") == on_disk,
        || format!("{target:?}"),
    )?;
    expect(target.workload_sha256 == results.workload.sha256, || {
        format!("{target:?}")
    })?;
    expect(part("files") == 0 && part("guest init") > 0, || format!("{target:?}"))?;
    expect(results.config.rootfs.as_deref() == Some("disk"), || {
        format!("{:?}", results.config)
    })?;
    expect(place.left().is_empty(), || format!("{:?}", place.left()))
}

fn no_disks() -> Result<(), Failed> {
    let place = Place::new();
    export(&place, &["kernel", "export", "builtin", "kernel"])?;
    for jail in ["", " --jail"] {
        let words = format!("run --on microvm-linux --kernel ./kernel --rootfs disk{jail} hello");
        let said = say(place.isolab(&words.split(' ').collect::<Vec<_>>()))?;
        expect_status(&said, 125)?;
        expect_holds(&said.stderr, "it is not a Linux kernel; disks unsupported")?;
    }
    expect(place.left().is_empty(), || format!("{:?}", place.left()))
}

fn refused() -> Result<(), Failed> {
    let place = Place::new();
    for (words, part) in [
        ("run --on microvm-linux --kernel k --rootfs tape hello", "tape"),
        ("run --on microvm --rootfs disk hello", "--kernel"),
        (
            "run --on microvm --kernel k --rootfs disk hello",
            "--kernel is for microvm-linux",
        ),
        ("image export", "--initramfs <FILE>|--disk <FILE>"),
    ] {
        let said = say(place.isolab(&words.split(' ').collect::<Vec<_>>()))?;
        expect(said.status != 0, || words.into())?;
        expect_holds(&said.stderr, part)?;
    }
    Ok(())
}
