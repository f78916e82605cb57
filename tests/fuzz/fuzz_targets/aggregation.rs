#![no_main]
#![allow(dead_code, unused_imports, reason = "each target uses one of the models")]

#[path = "../models/mod.rs"]
mod models;

libfuzzer_sys::fuzz_target!(|data: &[u8]| models::aggregation(data));
