//! The `relplan` command.

fn main() {}
