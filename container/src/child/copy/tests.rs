use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;

/// Copies layers, the lowest first, on a stack as large as the program's process has.
fn copy(folder: &Path, layers: &[&str]) -> Result<(), Errno> {
    let path = |name: &str| CString::new(folder.join(name).to_str().unwrap()).unwrap();
    let layers: Vec<CString> = layers.iter().map(|layer| path(layer)).collect();
    let (work, out) = (path("work"), path("out"));
    for name in ["work", "out"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let copying = std::thread::Builder::new().stack_size(60 << 10).spawn(move || {
        let user_namespace = !nix::unistd::geteuid().is_root();
        let mut workshop = Workshop::new(&work, user_namespace)?;
        layers.iter().try_for_each(|layer| workshop.copy_layer(layer, &out))
    });
    let copied = copying.unwrap().join().unwrap();
    if copied.is_ok() {
        for name in ["work/links", "work/removed"] {
            assert_eq!(fs::read_dir(folder.join(name)).unwrap().count(), 0, "{name}");
        }
    }
    copied
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_higher_layer_replaces_and_merges() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for directory in ["low/d", "high/d", "out/proc"] {
        fs::create_dir_all(path(directory)).unwrap();
    }
    for (file, text) in [
        ("low/d/a", "low a"),
        ("low/d/b", "low b"),
        ("high/d/b", "high b"),
        ("high/proc", "hidden"),
    ] {
        fs::write(path(file), text).unwrap();
    }
    symlink("b", path("high/d/link")).unwrap();
    symlink("/outside", path("low/e")).unwrap();
    fs::write(path("high/e"), "a file now").unwrap();
    fs::set_permissions(path("low/d/a"), fs::Permissions::from_mode(0o4751)).unwrap();
    copy(folder.path(), &["low", "high"]).unwrap();
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("out/d/a"), "low a");
    assert_eq!(read("out/d/b"), "high b");
    assert_eq!(read("out/d/link"), "high b");
    assert_eq!(read("out/e"), "a file now");
    assert_eq!(
        fs::metadata(path("out/d/a")).unwrap().permissions().mode() & 0o7777,
        0o4751
    );
    assert!(path("out/proc").is_dir());
}

#[test]
fn large_folders_and_files_are_copied_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("out"));
    fs::create_dir(&from).unwrap();
    for number in 0..300 {
        fs::write(
            from.join(format!("a-rather-long-name-of-a-file-{number}")),
            number.to_string(),
        )
        .unwrap();
    }
    let large: Vec<u8> = (0..3_000_000u32).map(|byte| byte as u8).collect();
    fs::write(from.join("large"), &large).unwrap();
    copy(folder.path(), &["from"]).unwrap();
    assert_eq!(fs::read_dir(&to).unwrap().count(), 301);
    assert_eq!(fs::read(to.join("large")).unwrap(), large);
}

#[test]
fn a_deep_tree_is_copied_and_one_too_deep_refused() {
    for (levels, expected) in [(200, Ok(())), (300, Err(libc::ELOOP))] {
        let folder = tempfile::tempdir().unwrap();
        let deepest = "d/".repeat(levels);
        write(folder.path(), &[(&format!("from/{deepest}file"), "deep")]);
        assert_eq!(copy(folder.path(), &["from"]), expected);
        let found = fs::read_to_string(folder.path().join("out").join(deepest).join("file"));
        assert_eq!(found.is_ok(), expected.is_ok());
    }
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("low/file", "low"),
            ("low/folder/a/b/c", "low"),
            ("low/folder/d", "low"),
            ("high/file/inner", "high"),
            ("high/folder", "high"),
        ],
    );
    copy(folder.path(), &["low", "high"]).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    assert_eq!(read("file/inner"), "high");
    assert_eq!(read("folder"), "high");
}

#[test]
fn whiteouts_and_opaque_folders_hide_what_is_below() {
    let mark = match nix::unistd::geteuid().is_root() {
        true => c"trusted.overlay.opaque",
        false => c"user.overlay.opaque",
    };
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("low/gone", "low"),
            ("low/gone-folder/a/b", "low"),
            ("low/opaque/hidden/deep", "low"),
            ("low/opaque/replaced", "low"),
            ("high/opaque/replaced", "high"),
        ],
    );
    for name in ["gone", "gone-folder", "never-there"] {
        let (kind, mode) = (nix::sys::stat::SFlag::S_IFCHR, nix::sys::stat::Mode::empty());
        nix::sys::stat::mknod(&folder.path().join("high").join(name), kind, mode, 0).unwrap();
    }
    set_attribute(&folder.path().join("high/opaque"), mark, b"y");
    copy(folder.path(), &["low", "high"]).unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["opaque"]);
    let left: Vec<_> = fs::read_dir(folder.path().join("out/opaque"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["replaced"]);
    assert_eq!(attribute(&folder.path().join("out/opaque"), mark), None);
}

#[test]
fn hard_links_times_and_attributes_stay() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(folder.path(), &[("low/a/first", "same"), ("high/other", "another")]);
    fs::create_dir(path("low/b")).unwrap();
    fs::hard_link(path("low/a/first"), path("low/b/second")).unwrap();
    // The same file in both layers, as a store that keeps each content once makes them.
    fs::hard_link(path("low/a/first"), path("high/third")).unwrap();
    symlink("a/first", path("low/link")).unwrap();
    nix::unistd::mkfifo(&path("low/pipe"), nix::sys::stat::Mode::from_bits_truncate(0o640)).unwrap();
    set_attribute(&path("low/a/first"), c"user.note", b"kept");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 5_000_000);
    for name in ["low/a/first", "low/b", "low/a"] {
        fs::File::open(path(name)).unwrap().set_modified(long_ago).unwrap();
    }
    copy(folder.path(), &["low", "high"]).unwrap();
    let about = |name: &str| fs::symlink_metadata(path("out").join(name)).unwrap();
    assert_eq!(about("a/first").ino(), about("b/second").ino());
    assert_ne!(about("a/first").ino(), about("third").ino());
    assert_eq!((about("a/first").nlink(), about("third").nlink()), (2, 1));
    for name in ["a/first", "a", "b"] {
        assert_eq!(about(name).modified().unwrap(), long_ago, "{name}");
    }
    assert_eq!(
        about("link").modified().unwrap(),
        fs::symlink_metadata(path("low/link")).unwrap().modified().unwrap()
    );
    assert_eq!(about("pipe").mode() & 0o7777, 0o640);
    let kept = attribute(&path("out/a/first"), c"user.note");
    assert_eq!(kept.as_deref(), Some(&b"kept"[..]));
}

fn set_attribute(path: &Path, name: &CStr, value: &[u8]) {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: terminated strings; pointer and length of a slice.
    let set = unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

fn attribute(path: &Path, name: &CStr) -> Option<Vec<u8>> {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    let mut value = vec![0; 64];
    // SAFETY: terminated strings; pointer and length of a live buffer.
    let length = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(usize::try_from(length).ok()?);
    Some(value)
}
