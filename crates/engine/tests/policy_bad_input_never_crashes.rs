//! Malformed, huge, deep and exploding documents each get their code, on a small stack, and never a crash.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use std::thread;

use limitr_engine::policy::{Format, LoadOptions, Policy, bounds, load, load_plan_text};
use proptest::prelude::*;

const FORMATS: [Format; 4] = [Format::Auto, Format::Yaml, Format::Json, Format::Toml];

/// Loads on a stack a sixteenth of the usual size.
fn codes_of(source: impl Into<Vec<u8>>, format: Format) -> Vec<&'static str> {
    let source = source.into();
    let small = thread::Builder::new().stack_size(512 * 1024);
    let work = move || match load(&source, format, &LoadOptions::default()) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.into_iter().map(|d| d.code).collect(),
    };
    small.spawn(work).expect("a thread").join().expect("no panic")
}

#[test]
fn too_large_a_document_is_refused_unread() {
    let source = vec![b' '; bounds::DOCUMENT_BYTES + 1];
    for format in FORMATS {
        assert_eq!(codes_of(source.clone(), format), ["too_large"]);
    }
}

#[test]
fn deep_documents_are_refused() {
    let deep = |open: &str, count: usize| open.repeat(count);
    for count in [70, 100, 5_000, 500_000] {
        assert_eq!(codes_of(deep("[", count), Format::Json), ["too_large"], "{count}");
        assert_eq!(codes_of(deep("{\"a\":", count), Format::Json), ["too_large"], "{count}");
        assert_eq!(codes_of(deep("[", count), Format::Yaml), ["too_large"], "{count}");
        assert_eq!(codes_of(deep("- ", count), Format::Yaml), ["too_large"], "{count}");
        assert_eq!(codes_of(deep("{a: ", count), Format::Yaml), ["too_large"], "{count}");
        assert_eq!(codes_of(format!("a = {}", deep("[", count)), Format::Toml), ["too_large"], "{count}");
        assert_eq!(codes_of(format!("a = {}", deep("{a = ", count)), Format::Toml), ["too_large"], "{count}");
        assert_eq!(codes_of(format!("a{} = 1", deep(".a", count)), Format::Toml), ["too_large"], "{count}");
        assert_eq!(codes_of(format!("[a{}]", deep(".a", count)), Format::Toml), ["too_large"], "{count}");
        assert_eq!(
            codes_of(format!("a = {}", deep("{a.a.a.a = ", count)), Format::Toml),
            ["too_large"],
            "{count}"
        );
        assert_eq!(codes_of(deep("[", count), Format::Auto), ["too_large"], "{count}");
    }
}

#[test]
fn the_deepest_document_that_may_be_loads() {
    // The document, `policy`, `credits` and the credit are four levels.
    let lists = bounds::DEPTH - 4;
    let source = |lists: usize| {
        format!(
            "{{\"policy\":{{\"credits\":{{\"a\":{{\"x\":{}{}}}}}}}}}",
            "[".repeat(lists),
            "]".repeat(lists)
        )
    };
    for format in [Format::Json, Format::Yaml] {
        assert_eq!(codes_of(source(lists), format), Vec::<&str>::new());
        assert_eq!(codes_of(source(lists + 1), format), ["too_large"]);
    }
    let toml = |lists: usize| format!("policy.credits.a.x = {}{}", "[".repeat(lists), "]".repeat(lists));
    assert_eq!(codes_of(toml(lists), Format::Toml), Vec::<&str>::new());
    assert_eq!(codes_of(toml(lists + 1), Format::Toml), ["too_large"]);
}

#[test]
fn alias_bombs_are_refused() {
    let mut nodes = String::from("policy:\n  credits:\n    a0: &a0 { x: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] }\n");
    for n in 1..20 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        nodes.push_str(&format!("    a{n}: &a{n} {{ x: [{aliases}] }}\n"));
    }
    assert_eq!(codes_of(nodes, Format::Yaml), ["too_large"]);
    let text = "x".repeat(100_000);
    let bytes = format!("policy:\n  credits:\n    a: {{ x: &x {text}, y: [{}] }}\n", "*x, ".repeat(100));
    assert_eq!(codes_of(bytes, Format::Yaml), ["too_large"]);
    let mut merges = String::from("policy:\n  credits:\n    a0: &a0 { x: 1 }\n");
    for n in 1..40 {
        merges.push_str(&format!("    a{n}: &a{n} {{ <<: [*a{0}, *a{0}], x{n}: *a{0} }}\n", n - 1));
    }
    assert_eq!(codes_of(merges, Format::Yaml), ["too_large"]);
    let mut depth = String::from("policy:\n  credits:\n    a0: &a0 { x: 1 }\n");
    for n in 1..80 {
        depth.push_str(&format!("    a{n}: &a{n} {{ x: *a{} }}\n", n - 1));
    }
    assert_eq!(codes_of(depth, Format::Yaml), ["too_large"]);
}

#[test]
fn what_is_not_text_is_refused() {
    assert_eq!(codes_of(b"policy: \xff".to_vec(), Format::Auto), ["syntax"]);
    assert_eq!(codes_of(b"{\"policy\": {\"plans\": {\"\\ud83d\": {}}}}".to_vec(), Format::Json), ["syntax"]);
    assert_eq!(codes_of(b"{\"policy\": {\"plans\": {\"\x01\": {}}}}".to_vec(), Format::Json), ["syntax"]);
    for format in FORMATS {
        assert_eq!(codes_of(Vec::new(), format).len(), 1);
        assert_eq!(codes_of(vec![0; 1000], format).len(), 1);
    }
}

#[test]
fn names_such_as_proto_are_ordinary() {
    let source = r#"{"policy":{"plans":{"__proto__":{},"constructor":{"entitlements":{"toString":{}}}}}}"#;
    let policy = load(source.as_bytes(), Format::Auto, &LoadOptions::default()).expect("it loads").policy;
    assert_eq!(policy.plans.keys().collect::<Vec<_>>(), ["__proto__", "constructor"]);
}

#[test]
fn many_problems_take_no_longer_than_many_fields() {
    let fields: String = (0..100_000).map(|n| format!("  filed_{n}: 1\n")).collect();
    assert_eq!(codes_of(format!("policy:\n  hold_ttl: x\n{fields}"), Format::Yaml).len(), 101);
    for piece in ["\"", "\"\"\"", "'", "=", "[a]\n", "[[a]]\n"] {
        assert!(!codes_of(piece.repeat(200_000), Format::Toml).is_empty(), "{piece}");
    }
    let names: String =
        (0..20_000).map(|n| format!("      e{n}: {{ limit: {{ credit: c{n} }} }}\n")).collect();
    let source = format!("policy:\n  plans:\n    p:\n     entitlements:\n{names}");
    assert_eq!(codes_of(source, Format::Yaml).len(), 101);
    let again = "  a: 1\n".repeat(100_000);
    assert_eq!(codes_of(format!("policy:\n{again}"), Format::Yaml).len(), 101);
    let again = "a = 1\n".repeat(20_000);
    assert_eq!(codes_of(format!("[policy]\n{again}"), Format::Toml).len(), 101);
}

/// Pieces of documents, put together at random.
fn nearly_documents() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "policy",
        "credits",
        "plans",
        "entitlements",
        "limit",
        "credit",
        "value",
        "tiers",
        "price",
        "exchange",
        ":",
        ": ",
        "\n",
        "  ",
        "    ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "[[",
        "]]",
        ",",
        "\"",
        "'",
        "'''",
        "\"\"\"",
        "=",
        ".",
        "#",
        "&a ",
        "*a",
        "<<",
        "? ",
        "| \n",
        "> \n",
        "---",
        "...",
        "!!str ",
        "!x ",
        "%YAML 1.2\n",
        "~",
        "true",
        "1",
        "-1",
        "1e400",
        "0x1f",
        ".inf",
        "5MB",
        "1day",
        "😀",
        "\u{feff}",
        "\t",
        "\r",
        "\\",
        "\\u",
        "a",
        "é",
    ];
    proptest::collection::vec(proptest::sample::select(PIECES), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(source in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            let _ = load(&source, format, &LoadOptions::default());
        }
    }

    #[test]
    fn nearly_documents_never_panic(source in nearly_documents()) {
        for format in FORMATS {
            let _ = load(source.as_bytes(), format, &LoadOptions::default());
            let _ = load_plan_text("p", source.as_bytes(), format, &Policy::default());
        }
    }
}
