//! The second archive of a Linux guest's initramfs: the guest's first program (`microvm/init`), the modules that it is to
//! load, and the file that names the program to run.

use crate::kernel::unpack_module;
use crate::rootfs::files::Kind;
use crate::{Config, Error, Files};
use std::fs;

/// The first program of Linux guests, a static ELF file.
pub const INIT: &[u8] = include_bytes!(env!("ISOLAB_INIT"));
/// Where it lies.
pub const INIT_PATH: &str = "/.isolab/init";
/// What to run, as `init/start_file.rs` reads it.
const START_PATH: &str = "/.isolab/start";
/// As many as `init/start_file.rs` takes.
const STRINGS_MAX: usize = 4096;
/// As many as `init/main.rs` takes.
const MODULES_MAX: usize = 100;

impl Config {
    /// The initramfs that a Linux kernel gets, to boot it elsewhere in the same way: the program's files, and behind them this
    /// library's own. The program's output comes out of the second serial port, or of the first where there is but one.
    ///
    /// # Errors
    /// As [`crate::run`]: a file cannot be read, or the archive cannot hold what it is to.
    pub fn linux_initramfs(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = self.initramfs.to_bytes()?;
        // The kernel takes several archives, each at a multiple of four bytes.
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(archive(self)?);
        Ok(bytes)
    }
}

/// The second archive.
pub fn archive(config: &Config) -> Result<Vec<u8>, Error> {
    let mut files = Files::new();
    files.add_file(INIT_PATH, 0o755, INIT)?;
    files.add_file(START_PATH, 0o400, &start_file(config)?)?;
    if config.linux.modules.len() > MODULES_MAX {
        return Err(Error::Initramfs {
            name: "the kernel modules".into(),
            why: "there are more than 100",
        });
    }
    for (number, path) in config.linux.modules.iter().enumerate() {
        let module = fs::read(path)
            .and_then(unpack_module)
            .map_err(|error| Error::ReadModule {
                path: path.clone(),
                error,
            })?;
        files.add(&format!("/.isolab/module.{number:02}"), 0o400, Kind::Bytes(module))?;
    }
    files.to_archive()
}

/// Two counts, whether the root is a disk (1) or not (0), then every argument and every variable, each ended by a zero byte.
fn start_file(config: &Config) -> Result<Vec<u8>, Error> {
    let bad = |why| Error::Initramfs {
        name: "the program's arguments and environment".into(),
        why,
    };
    let arguments = 1 + config.args.len();
    if arguments + config.env.len() > STRINGS_MAX {
        return Err(bad("there are more than 4096"));
    }
    let mut file = Vec::new();
    file.extend_from_slice(&(arguments as u32).to_le_bytes());
    file.extend_from_slice(&(config.env.len() as u32).to_le_bytes());
    file.extend_from_slice(&u32::from(config.linux.root_disk.is_some()).to_le_bytes());
    for word in std::iter::once(&config.program).chain(&config.args).chain(&config.env) {
        if word.contains('\0') {
            return Err(bad("one holds a zero byte"));
        }
        file.extend_from_slice(word.as_bytes());
        file.push(0);
    }
    if file.len() > 1 << 20 {
        return Err(bad("they are longer than 1 MiB"));
    }
    Ok(file)
}
