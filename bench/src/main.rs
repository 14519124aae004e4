//! `isolab`: see `isolab --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::target::microvm::monitor::run_if_asked();
    bench::cli::main()
}
