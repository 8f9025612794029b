//! Prints the JSON Schema of a policy document:
//! `cargo run -p limitr-engine --example schema > schema/policy.schema.json`

use std::io::{self, Write};

fn main() -> io::Result<()> {
    writeln!(io::stdout(), "{:#}", limitr_engine::policy::json_schema())
}
