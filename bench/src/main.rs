//! `isolab`: see `isolab --help`.

fn main() {}
