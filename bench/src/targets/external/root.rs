//! The files that a tool gets: a copy of the image with the folders that the tool mounts at, and the description's own files.

use super::description::Description;
use super::template::Values;
use crate::error::Error;
use crate::files::scratch::Left;
use crate::targets::work_folder::WorkFolder;
use crate::workloads::image::{Image, read_back};
use crate::workloads::sha256;
use reports::model::Message;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

/// What a tool gets of one image.
#[derive(Debug)]
pub struct Root {
    /// Holds the root and the tool's files.
    folder: WorkFolder,
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
        let mut root = Root {
            folder: WorkFolder::new()?,
            layer: image.layer().to_owned(),
            program: image.program().into(),
            args: args.to_vec(),
            environment: image.environment().to_vec(),
        };
        root.renew(description, image)?;
        Ok(root)
    }

    /// The same files again, where a run has changed anything.
    pub fn renew(&mut self, description: &Description, image: &Image) -> Result<(), Error> {
        let files: Vec<(PathBuf, String)> = description
            .files
            .iter()
            .map(|(path, text)| Ok((self.work().join(path), self.values("").text(text)?)))
            .collect::<Result<_, Error>>()?;
        let (root, work) = (self.root(), self.work());
        self.folder.renew(|folder| {
            image.copy_with_folders(&root, &description.folders)?;
            std::fs::create_dir(&work)?;
            // The programs of every user namespace must get through.
            for directory in folder.parent().into_iter().chain([&*work]) {
                std::fs::set_permissions(directory, PermissionsExt::from_mode(0o755))?;
            }
            for (path, text) in &files {
                path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                std::fs::write(path, text)?;
            }
            Ok(())
        })?;
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
            ("root", text(self.root())),
            ("root-json", json(text(self.root()).into())),
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
        let scratch = self.folder.scratch();
        scratch.leave(id, clean_up).map_err(|error| {
            Error::of_path("cannot-write-to", scratch.path(), error).remedy(Message::new("do-make-room"))
        })
    }

    /// The image's files as the tool gets them, and its own.
    pub fn files(&self) -> Vec<PathBuf> {
        let folders = [self.root(), self.work()];
        let entries = folders.into_iter().flat_map(std::fs::read_dir).flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect()
    }

    fn executable(&self) -> PathBuf {
        self.root().join(self.program.trim_start_matches('/'))
    }

    /// Where the program's files are.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }
}
