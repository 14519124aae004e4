//! The files of /etc that tell a program its host's name and where names are looked up: hostname, hosts, resolv.conf.
//!
//! They belong to the container, not to its image, which cannot know either. An image without /etc has no use for them.

use std::fs;

use crate::arena::Arena;
use crate::error::Error;
use crate::plan::NameFile;
use crate::spec::{Network, Spec};

/// The files for a container; none for an image without /etc.
pub fn name_files(spec: &Spec, arena: &mut Arena) -> Result<&'static [NameFile], Error> {
    // What the topmost layer that has one says.
    let etc = |layer: &std::path::PathBuf| fs::symlink_metadata(layer.join("etc")).ok();
    if !spec
        .layers
        .iter()
        .rev()
        .find_map(etc)
        .is_some_and(|about| about.is_dir())
    {
        return Ok(&[]);
    }
    let name = &spec.hostname;
    let (hosts, resolver) = match spec.namespaces.network {
        Network::Loopback | Network::Of(_) => (
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
    let files = files.into_iter().map(|(name, text)| {
        Ok(NameFile {
            name: arena.text(name)?,
            text: arena.bytes(&text)?,
        })
    });
    let files = files.collect::<Result<_, Error>>()?;
    arena.list(files)
}
