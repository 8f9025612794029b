//! Loads arbitrary bytes as a policy in each format. No input may panic or hang; what loads must survive being
//! written in every format that can hold it and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limitr_engine::policy::{Format, LoadOptions, Policy, load};

const TEXT_FORMATS: [Format; 3] = [Format::Yaml, Format::Json, Format::Toml];

fuzz_target!(|source: &[u8]| {
    let options = LoadOptions { strict: false, validate: true };
    for format in [Format::Auto, Format::Yaml, Format::Json, Format::Toml] {
        match load(source, format, &options) {
            Ok(loaded) => reload(&loaded.policy, &options),
            Err(diagnostics) => assert!(!diagnostics.is_empty(), "refused without a reason"),
        }
    }
});

fn reload(policy: &Policy, options: &LoadOptions) {
    for format in TEXT_FORMATS {
        let text = match policy.render(format) {
            Ok(text) => text,
            Err(_) if format == Format::Toml => continue, // TOML has no null, which further fields may hold
            Err(error) => panic!("a policy that loaded can't be written: {error}"),
        };
        match load(text.as_bytes(), format, options) {
            Ok(again) => assert_eq!(&again.policy, policy, "reading back gives another policy:\n{text}"),
            Err(diagnostics) => panic!("reading back is refused: {diagnostics:?}\n{text}"),
        }
    }
}
