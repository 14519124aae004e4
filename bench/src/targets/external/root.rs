//! The files that a tool gets: a copy of the image with the folders that the tool mounts at, and the description's own files.

use super::description::Description;
use super::template::Values;
use crate::error::Error;
use crate::files::scratch::{Left, Scratch};
use crate::workloads::image::{Image, read_back};
use crate::workloads::sha256;
use reports::model::Message;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

/// What a tool gets of one image.
#[derive(Debug)]
pub struct Root {
    scratch: Scratch,
    /// Where the image's files were copied from.
    layer: PathBuf,
    /// The program's path in the root.
    program: String,
    args: Vec<String>,
    environment: Vec<String>,
}

impl Root {
    /// Copies the image and writes the files of the description.
    pub fn make(description: &Description, image: &Image, args: &[String]) -> Result<Self, Error> {
        let root = Root {
            scratch: Scratch::new()?,
            layer: image.layer().to_owned(),
            program: image.program().into(),
            args: args.to_vec(),
            environment: image.environment().to_vec(),
        };
        let files: Vec<(PathBuf, String)> = description
            .files
            .iter()
            .map(|(path, text)| Ok((root.work().join(path), root.values("").text(text)?)))
            .collect::<Result<_, Error>>()?;
        root.write(image, &description.folders, &files).map_err(|error| {
            Error::of_path("cannot-write-to", root.scratch.path(), error).remedy(Message::new("do-make-room"))
        })?;
        Ok(root)
    }

    fn write(&self, image: &Image, folders: &[PathBuf], files: &[(PathBuf, String)]) -> std::io::Result<()> {
        image.copy_with_folders(&self.folder(), folders)?;
        std::fs::create_dir(self.work())?;
        std::fs::set_permissions(self.work(), PermissionsExt::from_mode(0o755))?;
        for (path, text) in files {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, text)?;
        }
        Ok(())
    }

    /// Whether it was made of this image, for these arguments.
    pub fn is_of(&self, image: &Image, args: &[String]) -> bool {
        self.layer == image.layer() && self.args == args && self.environment == image.environment()
    }

    /// What the placeholders stand for in the instance `id`.
    pub fn values(&self, id: &str) -> Values {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        // A text or a list of texts is JSON whatever it holds.
        let json = |value: serde_json::Value| value.to_string();
        let command: Vec<&str> = [self.program.as_str()]
            .into_iter()
            .chain(self.args.iter().map(String::as_str))
            .collect();
        let texts = BTreeMap::from([
            ("root", text(self.folder())),
            ("root-json", json(text(self.folder()).into())),
            ("work", text(self.work())),
            ("program", self.program.clone()),
            ("id", id.to_owned()),
            ("command-json", json(command.into())),
            ("environment-json", json(self.environment.clone().into())),
        ]);
        Values::new(texts, self.args.clone())
    }

    /// Device and inode of the program's file.
    pub fn program(&self) -> (u64, u64) {
        let file = std::fs::metadata(self.executable());
        // Without a file nothing is executed, and no process is looked for.
        file.map_or((0, 0), |file| (file.dev(), file.ino()))
    }

    /// SHA-256 of the program as the tool is given it.
    pub fn program_sha256(&self) -> Result<String, Error> {
        Ok(sha256(&read_back(&self.executable())?))
    }

    /// Notes the command that removes what an instance leaves.
    pub fn leave(&self, id: &str, clean_up: &[String]) -> Result<Left, Error> {
        self.scratch.leave(id, clean_up).map_err(|error| {
            Error::of_path("cannot-write-to", self.scratch.path(), error).remedy(Message::new("do-make-room"))
        })
    }

    /// The image's files as the tool gets them, and its own.
    pub fn files(&self) -> Vec<PathBuf> {
        let folders = [self.folder(), self.work()];
        let entries = folders.into_iter().flat_map(std::fs::read_dir).flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect()
    }

    fn executable(&self) -> PathBuf {
        self.folder().join(self.program.trim_start_matches('/'))
    }

    fn folder(&self) -> PathBuf {
        self.scratch.path().join("root")
    }

    fn work(&self) -> PathBuf {
        self.scratch.path().join("work")
    }
}
