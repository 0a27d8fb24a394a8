//! See `croissant_document` in the entries.
#![no_main]

#[path = "../../xtask/src/fuzz/entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for target in entries::TARGETS
        .iter()
        .filter(|target| target.name == "croissant_document")
    {
        (target.run)(bytes);
    }
});
