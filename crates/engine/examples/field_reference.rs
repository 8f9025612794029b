//! Writes the field tables of `docs/policy.md` anew, between their two markers:
//! `cargo run -p limitr-engine --example field_reference`

use std::path::Path;
use std::{fs, io};

const BEGIN: &str = "<!-- fields: begin -->\n";
const END: &str = "<!-- fields: end -->\n";

fn main() -> io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let text = fs::read_to_string(&path)?;
    let (Some((before, _)), Some((_, after))) = (text.split_once(BEGIN), text.split_once(END)) else {
        return Err(io::Error::other("docs/policy.md lacks its markers"));
    };
    let tables = limitr_engine::policy::field_reference();
    fs::write(path, format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}
