//! The files of /proc and /sys that say what a host is like.

use std::path::PathBuf;

/// Files below a root, which is `/` but in tests.
#[derive(Clone, Debug)]
pub struct SystemFiles {
    root: PathBuf,
}

impl SystemFiles {
    /// Those of this host.
    pub fn of_this_host() -> Self {
        Self::below("/")
    }

    /// Those in a folder.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        SystemFiles { root: root.into() }
    }

    /// What is in a file, without white space around it. `None` where it is empty or cannot be read.
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.path(path)).ok()?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// A number in a file.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.parse().ok()
    }

    /// A file that holds 0 or another number.
    pub fn switch(&self, path: &str) -> Option<bool> {
        Some(self.number(path)? != 0)
    }

    /// A file that holds `Y` or `N`, or a number, as parameters of modules do.
    pub fn parameter(&self, path: &str) -> Option<bool> {
        let text = self.text(path)?;
        match text.as_str() {
            "Y" => Some(true),
            "N" => Some(false),
            number => Some(number.parse::<u64>().ok()? != 0),
        }
    }

    /// Where a symbolic link leads.
    pub fn link(&self, path: &str) -> Option<String> {
        std::fs::read_link(self.path(path))
            .ok()?
            .into_os_string()
            .into_string()
            .ok()
    }

    /// Whether there is such a file or folder.
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// The files in a folder with what is in them.
    pub fn folder(&self, path: &str) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(self.path(path)).into_iter().flatten().flatten();
        let named = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let text = self.text(&format!("{path}/{name}"))?;
            Some((name, text))
        });
        named.collect()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// Files for a test, in a folder that goes with them.
#[cfg(test)]
pub struct Fixture {
    _folder: tempfile::TempDir,
    /// The files.
    pub files: SystemFiles,
}

#[cfg(test)]
impl Fixture {
    /// Files with their contents.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Fixture {
            files: SystemFiles::below(folder.path()),
            _folder: folder,
        }
    }

    /// Where a file of the fixture is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.files.path(path)
    }
}
