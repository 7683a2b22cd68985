#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradtape_fuzz::safetensors(bytes));
