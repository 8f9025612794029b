//! Types that a document may name without defining them, so that `Limitr policy: { … }` reads. They hold nothing.

use stof::model::{Graph, Profile};
const TYPES: [&str; 17] = [
    "Limitr",
    "Policy",
    "Credit",
    "Price",
    "Tier",
    "Exchange",
    "Pair",
    "Plan",
    "Entitlement",
    "Limit",
    "Topup",
    "Notification",
    "When",
    "Capability",
    "Parameter",
    "Customer",
    "Cap",
];

/// Declares the types that the text doesn't define, as far as can be seen before it is parsed.
pub(crate) fn declare(graph: &mut Graph, text: &str) {
    let defines = |name: &str| {
        let mut found = text
            .match_indices(name)
            .map(|(at, _)| text[at + name.len()..].trim_start_matches(['"', '\'', ')', ']']));
        text.contains("#[type") && found.any(|after| after.trim_start().starts_with([':', '{']))
    };
    for name in TYPES.iter().filter(|name| !defines(name)) {
        // Of a root of its own: no field of the document.
        let root = graph.insert_root(format!("limitr {name}"));
        graph.insert_type(name, &root);
    }
}

/// How documents are read: tests in them are left out.
pub(crate) fn profile() -> Profile {
    Profile::prod()
}
