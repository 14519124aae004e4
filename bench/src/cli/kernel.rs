//! `isolab kernel`: the guest kernels.

use super::output;
use crate::error::Error;
use crate::files::scratch::Scratch;
use crate::files::store;
use crate::kernels::{self, Found, HOST, HOST_LESSON};
use clap::Subcommand;
use microvm::kernel::{Format, Inspection};
use reports::model::Message;
use reports::render;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The name of the kernel inside this program.
const BUILTIN: &str = "builtin";

/// What can be done with guest kernels.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// List guest kernels by name: --kernel NAME boots one
    #[command(visible_alias = "list")]
    Ls,
    /// Import a kernel: a vmlinux, a bzImage, or Debian packages (.deb), with the modules that a guest can use
    Add {
        /// The file; several packages where one holds the kernel and another its modules
        #[arg(required = true)]
        file: Vec<PathBuf>,
    },
    /// Download this distribution's kernel for virtual machines, and import it
    Fetch,
    /// Remove a kernel that was imported
    Rm {
        /// Its name, as `isolab kernel ls` shows it
        name: String,
    },
    /// Show what a kernel is, and whether and how isolab boots it
    Inspect {
        /// The kernel file, or a name that `isolab kernel ls` shows, also `builtin`
        #[arg(value_name = "FILE|NAME")]
        file: String,
    },
    /// Write a guest kernel to a file, to boot it elsewhere
    Export {
        /// Which; `builtin` is the one inside this program
        #[arg(value_parser = [BUILTIN])]
        kernel: String,
        /// Where to
        file: PathBuf,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<u8, Error> {
    match command {
        Command::Ls => output::print(list()?.as_bytes())?,
        Command::Add { file } => imported(&kernels::add(&file)?),
        Command::Fetch => {
            let folder = Scratch::new()?;
            let packages = kernels::fetch::fetch(folder.path(), |words| {
                output::say(&Message::new("runs").with("command", words))
            })?;
            imported(&kernels::add(&packages)?);
        }
        Command::Rm { name } => kernels::remove(&name)?,
        Command::Inspect { file } => output::print(inspect(&file)?.as_bytes())?,
        Command::Export { kernel: _, file } => store::write(&file, microvm::kernel::builtin())?,
    }
    Ok(0)
}

fn imported(found: &Found) {
    let name = &found.name;
    let imported = Message::new("kernel-imported")
        .with("name", name.as_str())
        .with("modules", found.modules.len());
    output::say(&imported);
}

fn list() -> Result<String, Error> {
    let mut page = String::from("name                      format        KiB  modules  version\n");
    let builtin = kernels::inspect(Path::new(BUILTIN), microvm::kernel::builtin())?;
    let version_of_builtin = format!("isolab {}", microvm::kernel::BUILTIN_VERSION);
    page.push_str(&line(BUILTIN, &builtin, 0, &version_of_builtin));
    for found in kernels::list() {
        page.push_str(&line_of(&found).unwrap_or_else(|error| refused(&found.name, &error)));
    }
    match kernels::host().and_then(|host| Ok((line_of(&host)?, host.kernel))) {
        Ok((line, path)) => {
            page.push_str(&line);
            let _ = writeln!(page, "{:26}{}: {HOST_LESSON}", "", path.display());
        }
        Err(error) => page.push_str(&refused(HOST, &error)),
    }
    if let Some(why) = kernels::here::why_not() {
        let _ = writeln!(page, "{}", reason(&why));
    }
    Ok(page)
}

fn line_of(found: &Found) -> Result<String, Error> {
    let inspected = kernels::read(&found.kernel)?.1;
    let version = inspected.version().unwrap_or("unknown");
    Ok(line(&found.name, &inspected, found.modules.len(), version))
}

/// The lines of a kernel that cannot be read.
fn refused(name: &str, error: &Error) -> String {
    let text = error.text(output::language());
    let mut lines = text.lines();
    let why = lines.next().unwrap_or_default();
    let more: String = lines.map(|line| format!("{:24}{line}\n", "")).collect();
    format!("{name:24}  -: {why}\n{more}")
}

fn line(name: &str, inspected: &Inspection, modules: usize, version: &str) -> String {
    let (format, kib) = (format_name(inspected), inspected.bytes >> 10);
    format!("{name:24}  {format:8} {kib:8}  {modules:7}  {version}\n")
}

fn inspect(name: &str) -> Result<String, Error> {
    if name == BUILTIN {
        let inspected = kernels::inspect(Path::new(BUILTIN), microvm::kernel::builtin())?;
        return Ok(format!(
            "file      inside this program; isolab kernel export {BUILTIN} FILE writes it\n{inspected}\n"
        ));
    }
    let found = kernels::find(name)?;
    let (bytes, inspected) = kernels::read(&found.kernel)?;
    let mut page = format!("file      {}\n{inspected}\n", found.kernel.display());
    if !inspected.is_elf() {
        match microvm::kernel::unpack(&bytes).and_then(|kernel| microvm::kernel::inspect(&kernel)) {
            Ok(inside) => {
                let _ = writeln!(page, "\nthe kernel in it\n{inside}");
            }
            Err(why) => {
                let _ = writeln!(page, "          the kernel in it cannot be unpacked: {why}");
            }
        }
    }
    let names = found.modules.iter().filter_map(|path| path.file_stem()?.to_str());
    let names: Vec<&str> = names.collect();
    if !names.is_empty() {
        let _ = writeln!(page, "modules   {}", names.join(", "));
    }
    if let Some(why) = kernels::here::why_not().filter(|_| inspected.wants_pc()) {
        let _ = writeln!(page, "not here  {}", reason(&why));
    }
    Ok(page)
}

/// What a message says in the reader's language.
fn reason(why: &Message) -> String {
    render::reason(why, output::language())
}

fn format_name(inspected: &Inspection) -> &'static str {
    match inspected.format {
        Format::Elf(_) => "vmlinux",
        Format::BzImage(_) => "bzImage",
    }
}
