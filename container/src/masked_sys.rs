//! Which directories of /sys are covered on this host: those of every host, and each processor's count of how often it was too
//! hot, by which one program can tell what others do (github.com/moby/moby, pull request 49560).

use std::ffi::{CStr, CString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

use crate::arena::Arena;
use crate::error::Error;
use crate::kernel_files::MASKED_SYS;

/// Their paths. Processors are looked for once.
pub fn masked_sys(arena: &mut Arena) -> Result<&'static [&'static CStr], Error> {
    static THERMAL: OnceLock<Vec<CString>> = OnceLock::new();
    let thermal = THERMAL.get_or_init(|| thermal(Path::new("/sys/devices/system/cpu")));
    let paths = MASKED_SYS.into_iter().chain(thermal.iter().map(CString::as_c_str));
    let paths = paths.map(|path| arena.text(path)).collect::<Result<_, _>>()?;
    arena.list(paths)
}

fn thermal(processors: &Path) -> Vec<CString> {
    let entries = fs::read_dir(processors).into_iter().flatten().flatten();
    let paths = entries
        .filter(|entry| entry.file_name().as_bytes().starts_with(b"cpu"))
        .map(|entry| entry.path().join("thermal_throttle"))
        .filter(|path| path.is_dir());
    paths
        .filter_map(|path| CString::new(path.into_os_string().into_encoded_bytes()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_that_counts_is_found() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "cpu0/thermal_throttle",
            "cpu11/thermal_throttle",
            "cpu2/topology",
            "cpufreq",
        ] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        let mut found = thermal(folder.path());
        found.sort();
        let expected = ["cpu0", "cpu11"].map(|name| folder.path().join(name).join("thermal_throttle"));
        let expected = expected.map(|path| CString::new(path.into_os_string().into_encoded_bytes()).unwrap());
        assert_eq!(found, expected);
    }
}
