//! Disk images, read by a library that is not this project's.

use lamfold::{BlockCache, FileKind, FoldFrontend, NoVerifier, SliceSource, SubstrateCtx};
use lamfold_erofs::Erofs;
use microvm::{Files, Written};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};

/// What is at a path: its kind, its permissions, and a file's bytes or a link's target.
type Found = BTreeMap<String, (FileKind, u32, Vec<u8>)>;

fn holding(data: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(data).unwrap();
    file
}

fn written(files: &Files) -> (Vec<u8>, Written) {
    let mut image = tempfile::tempfile().unwrap();
    let written = files.write_disk(&image).unwrap();
    let mut bytes = Vec::new();
    image.rewind().unwrap();
    image.read_to_end(&mut bytes).unwrap();
    assert_eq!((bytes.len() as u64, bytes.len() % 4096), (written.bytes, 0));
    (bytes, written)
}

/// Everything in an image but its root.
fn found(image: &[u8]) -> Found {
    let mut cache = BlockCache::new(0);
    let mut context = SubstrateCtx {
        cache: &mut cache,
        verifier: &NoVerifier,
    };
    let mut system = Erofs::open(SliceSource::new(image), &mut context).unwrap();
    let mut found = Found::new();
    let mut directories = vec![(String::new(), system.root(), system.root())];
    while let Some((path, directory, above)) = directories.pop() {
        let entries = system.read_dir(directory, &mut context).unwrap();
        let names: Vec<&[u8]> = entries.iter().map(|entry| entry.name.as_bytes()).collect();
        assert!(names.is_sorted(), "Linux searches by halves");
        for entry in entries {
            let parent = match entry.name.as_str() {
                "." => Some(directory),
                ".." => Some(above),
                _ => None,
            };
            if let Some(parent) = parent {
                assert_eq!(entry.node, parent, "{path}/{}", entry.name);
                continue;
            }
            let metadata = system.metadata(entry.node, &mut context).unwrap();
            assert_eq!(metadata.kind, entry.kind);
            let path = format!("{path}/{}", entry.name);
            let data = match metadata.kind {
                FileKind::Directory => {
                    directories.push((path.clone(), entry.node, directory));
                    Vec::new()
                }
                FileKind::Symlink => system.read_link(entry.node, &mut context).unwrap().unwrap(),
                _ => {
                    let mut data = vec![0; metadata.size as usize];
                    let read = system.read_at(entry.node, 0, &mut data, &mut context).unwrap();
                    assert_eq!(read, data.len());
                    data
                }
            };
            found.insert(path, (metadata.kind, metadata.mode, data));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_file_is_found_as_it_was_put_in_and_the_same_files_give_the_same_bytes(
        tree in prop::collection::btree_map(
            "[a-c]{1,2}(/[!-.0-~é]{1,40}){0,3}",
            (0u32..0o10000, prop::collection::vec(any::<u8>(), 0..9000), any::<bool>()),
            0..40,
        ),
    ) {
        let mut files = Files::new();
        let mut expected = BTreeMap::new();
        for (path, (permissions, data, open)) in &tree {
            // Some of the paths lead through others, or have a component that is none.
            let added = match open {
                true => files.add_open_file(path, *permissions, holding(data)),
                false => files.add_file(path, *permissions, data),
            };
            if added.is_ok() {
                expected.insert(format!("/{path}"), (*permissions, data.clone()));
            }
        }
        let (image, places) = written(&files);
        prop_assert!(image == written(&files).0);
        let found = found(&image);
        let regular: BTreeMap<_, _> = found
            .iter()
            .filter(|(_, (kind, ..))| *kind == FileKind::Regular)
            .map(|(path, (_, mode, data))| (path.clone(), (*mode, data.clone())))
            .collect();
        prop_assert_eq!(&regular, &expected);
        // Nothing else but the directories above them.
        for (path, (kind, ..)) in &found {
            let below = format!("{path}/");
            prop_assert!(expected.contains_key(path) || expected.keys().any(|file| file.starts_with(&below)), "{path}");
            prop_assert!(expected.contains_key(path) || *kind == FileKind::Directory);
        }
        for (path, (_, data)) in &expected {
            let told = places.files.get(&path[1..]);
            let there = told.map_or(&[][..], |(at, bytes)| &image[*at as usize..(at + bytes) as usize]);
            prop_assert_eq!(there, &data[..]);
            prop_assert!(told.is_none_or(|(at, _)| at % 4096 == 0));
        }
    }
}

#[test]
fn a_directory_of_many_names_takes_several_blocks() {
    let mut files = Files::new();
    for number in 0..1000 {
        files.add_file(&format!("/many/{number:0100}"), 0o644, b"").unwrap();
    }
    let found = found(&written(&files).0);
    assert_eq!(found.len(), 1001);
    assert!(found.contains_key(&format!("/many/{:0100}", 999)));
}

#[test]
fn links_and_empty_directories_are_there() {
    let mut files = Files::new();
    files.add_link("/link", "directory/file").unwrap();
    files.add_directory("/directory", 0o1777).unwrap();
    let found = found(&written(&files).0);
    assert_eq!(found["/directory"], (FileKind::Directory, 0o1777, vec![]));
    assert_eq!(found["/link"], (FileKind::Symlink, 0o777, b"directory/file".to_vec()));
    assert_eq!(found.len(), 2);
}
