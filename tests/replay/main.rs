//! Runs the fuzz targets on their corpus, with the toolchain of all other tests. Whatever fuzzing found is a file there.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[path = "../fuzz/models/mod.rs"]
mod models;

#[test]
fn every_case_of_aggregation_holds() {
    replay("aggregation", models::aggregation);
}

#[test]
fn every_case_of_the_encoder_holds() {
    replay("encoder", models::encoder);
}

#[test]
fn every_case_of_the_session_holds() {
    replay("session", models::session);
}

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut cases = 0;
    for entry in fs::read_dir(folder).expect("the corpus is there") {
        let path = entry.expect("the corpus can be listed").path();
        let data = fs::read(&path).expect("a case is a file");
        let result = catch_unwind(AssertUnwindSafe(|| body(&data)));
        assert!(result.is_ok(), "{} fails", path.display());
        cases += 1;
    }
    assert!(cases >= 50, "{cases} cases are not the corpus");
}
