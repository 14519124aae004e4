//! The shared libraries that a tool is started with, for cold starts: they are read like the tool itself.

use crate::files::tool::output;
use crate::workloads::elf;
use std::path::{Path, PathBuf};

/// Those of a program, its dynamic linker included; none where it is static, a script, or its linker does not say. The linker
/// lists them without running the program (ld.so(8), `--list`).
pub fn of(program: &Path) -> Vec<PathBuf> {
    let Some(linker) = std::fs::read(program).ok().and_then(|bytes| elf::interpreter(&bytes)) else {
        return Vec::new();
    };
    let words = [linker.as_path(), Path::new("--list"), program].map(|word| word.to_string_lossy().into_owned());
    let listed = output(&words).ok().filter(|output| output.status.success());
    let text = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let mut libraries = parse(&text.unwrap_or_default());
    libraries.push(linker);
    libraries.retain(|path| path.is_file());
    libraries
}

/// The paths in lines of `NAME => PATH (ADDRESS)`. What the kernel brings along (vdso(7)) has none.
fn parse(text: &str) -> Vec<PathBuf> {
    let path = |line: &str| {
        let (_, path) = line.split_once(" => ")?;
        let (path, _) = path.rsplit_once(" (")?;
        Some(PathBuf::from(path))
    };
    text.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linkers_list_is_read() {
        let text =
            "\tlinux-vdso.so.1 (0x00007ffe)\n\tlibc.so.6 => /lib/x86 64/libc.so.6 (0x00007f11)\n\t/lib64/ld.so (0x1)\n";
        assert_eq!(parse(text), [PathBuf::from("/lib/x86 64/libc.so.6")]);
        assert!(parse("").is_empty());
    }

    #[test]
    fn a_dynamic_program_has_its_linker_and_a_static_one_has_nothing() {
        // Tests are static programs.
        assert!(of(&std::env::current_exe().unwrap()).is_empty());
        if let Some(linker) = std::fs::read("/bin/sh").ok().and_then(|bytes| elf::interpreter(&bytes)) {
            assert!(of(Path::new("/bin/sh")).contains(&linker));
        }
    }
}
