//! Sets the linker flags that a Node addon needs.

fn main() {
    let arch = std::env::var_os("CARGO_CFG_TARGET_ARCH");
    if arch.is_none_or(|arch| arch != "wasm32") {
        napi_build::setup();
    }
}
