//! Where isolab may keep files of its own (XDG Base Directory Specification).

use std::ffi::OsString;
use std::path::PathBuf;

/// For what can be made again: `$XDG_CACHE_HOME/isolab`, or `$HOME/.cache/isolab`. `None` where the environment names
/// neither.
pub fn cache() -> Option<PathBuf> {
    place("XDG_CACHE_HOME", ".cache", |name| std::env::var_os(name))
}

/// For what the user has put there: `$XDG_DATA_HOME/isolab`, or `$HOME/.local/share/isolab`. `None` where the
/// environment names neither.
pub fn data() -> Option<PathBuf> {
    place("XDG_DATA_HOME", ".local/share", |name| std::env::var_os(name))
}

/// For settings that the user writes: `$XDG_CONFIG_HOME/isolab`, or `$HOME/.config/isolab`. `None` where the environment
/// names neither.
pub fn config() -> Option<PathBuf> {
    place("XDG_CONFIG_HOME", ".config", |name| std::env::var_os(name))
}

fn place(variable: &str, otherwise: &str, read: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The specification: a relative path is to be ignored.
    let absolute = |name| read(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| Some(absolute("HOME")?.join(otherwise)))?;
    Some(base.join("isolab"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_before_the_home_and_relative_paths_do_not_count() {
        let of = |cache: &'static str, home: &'static str| {
            place("XDG_CACHE_HOME", ".cache", |name| {
                Some(if name == "HOME" { home } else { cache }.into())
            })
        };
        assert_eq!(of("/c", "/h"), Some("/c/isolab".into()));
        assert_eq!(of("", "/h"), Some("/h/.cache/isolab".into()));
        assert_eq!(of("c", "/h"), Some("/h/.cache/isolab".into()));
        assert_eq!(of("", ""), None);
    }
}
