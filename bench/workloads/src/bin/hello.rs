//! Says hello and ends: what is left is the cost of starting.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(b"{\"workload\":\"hello\"}\n")
}
