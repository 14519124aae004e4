//! The options that the root's file systems are mounted with.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::error::Error;
use crate::spec::{Spec, Writable};
use crate::validate::{c_string, wrong};

/// Of the memory file system with the writable layer.
pub fn stage_options(spec: &Spec) -> Result<CString, Error> {
    let text = match spec.writable {
        Writable::Memory { size_bytes: Some(size) } => format!("mode=0755,size={size}"),
        _ => "mode=0755".to_owned(),
    };
    c_string(OsStr::new(&text), "size of the writable layer")
}

/// mount(2) copies at most a page of options.
const OPTIONS_MAX: usize = 4095;

/// The layers' paths, lowest first, wherever the working directory is.
pub fn layers(spec: &Spec) -> Result<Vec<PathBuf>, Error> {
    if spec.layers.is_empty() {
        return Err(wrong(
            "no layer".into(),
            "a root file system needs at least one directory",
        ));
    }
    let absolute = |layer: &PathBuf| {
        let path = std::path::absolute(layer).map_err(|error| wrong(format!("layer {layer:?}"), &error.to_string()))?;
        match path.starts_with("/proc") {
            true => Err(wrong(
                format!("layer {layer:?}"),
                "/proc is where the root is put together: name the directory itself",
            )),
            false => Ok(path),
        }
    };
    spec.layers.iter().map(absolute).collect()
}

/// Of the overlay of these layers, lowest first.
pub fn overlay_options(layers: &[PathBuf], user_namespace: bool) -> Result<CString, Error> {
    let mut options = b"lowerdir=".to_vec();
    // The kernel wants the highest first.
    for (index, layer) in layers.iter().rev().enumerate() {
        if index > 0 {
            options.push(b':');
        }
        for byte in layer.as_os_str().as_bytes() {
            if b"\\:,".contains(byte) {
                options.push(b'\\');
            }
            options.push(*byte);
        }
    }
    options.extend(b",upperdir=upper,workdir=work");
    if user_namespace {
        options.extend(b",userxattr");
    }
    if options.len() > OPTIONS_MAX {
        return Err(wrong(
            format!("{} layers", layers.len()),
            "their paths are longer than a page together, which is all that mount(2) takes: use fewer layers or shorter paths",
        ));
    }
    c_string(OsStr::from_bytes(&options), "layer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorStep;

    #[test]
    fn layers_are_given_highest_first_and_escaped() {
        let mut spec = Spec::new(vec!["/low".into(), r"/a:b,c\d".into()], "/bin/true");
        let options = |spec: &Spec| layers(spec).and_then(|layers| overlay_options(&layers, false));
        assert_eq!(
            options(&spec).unwrap().to_str().unwrap(),
            r"lowerdir=/a\:b\,c\\d:/low,upperdir=upper,workdir=work"
        );
        spec.layers.clear();
        assert_eq!(options(&spec).unwrap_err().step, ErrorStep::Spec);
        spec.layers = vec![format!("/{}", "x".repeat(5000)).into()];
        assert_eq!(options(&spec).unwrap_err().step, ErrorStep::Spec);
    }
}
