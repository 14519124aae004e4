//! The files of /etc that tell a program its host's name and where names are looked up: hostname, hosts, resolv.conf.
//!
//! They belong to the container, not to its image, which cannot know either. An image without /etc has no use for them.

use std::ffi::CString;
use std::fs;

use crate::spec::{Network, Spec};

/// A file of /etc, and what is in it.
pub struct NameFile {
    pub name: CString,
    pub text: Vec<u8>,
}

/// The files for a container; none for an image without /etc.
pub fn name_files(spec: &Spec) -> Vec<NameFile> {
    // What the topmost layer that has one says.
    let etc = |layer: &std::path::PathBuf| fs::symlink_metadata(layer.join("etc")).ok();
    if !spec
        .layers
        .iter()
        .rev()
        .find_map(etc)
        .is_some_and(|about| about.is_dir())
    {
        return Vec::new();
    }
    let name = &spec.hostname;
    let (hosts, resolver) = match spec.namespaces.network {
        Network::Loopback => (
            format!("127.0.0.1\tlocalhost {name}\n::1\tlocalhost ip6-localhost ip6-loopback {name}\n").into_bytes(),
            b"# There is no network here but loopback.\n".to_vec(),
        ),
        // A host without them looks nothing up there either.
        Network::Host => (
            fs::read("/etc/hosts").unwrap_or_default(),
            fs::read("/etc/resolv.conf").unwrap_or_default(),
        ),
    };
    let files = [
        (c"hostname", format!("{name}\n").into_bytes()),
        (c"hosts", hosts),
        (c"resolv.conf", resolver),
    ];
    let files = files.map(|(name, text)| NameFile {
        name: name.to_owned(),
        text,
    });
    files.into()
}
