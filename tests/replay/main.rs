//! The corpus of the fuzz targets, through the same functions, with the toolchain that all else is
//! tested with.
//!
//! Whatever fuzzing found once is a file there, and stays found.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tests::fuzz;

#[test]
fn every_case_of_adding_up_holds() {
    replay("adding", fuzz::adding);
}

#[test]
fn every_case_of_the_encoder_holds() {
    replay("encoder", fuzz::encoder);
}

#[test]
fn every_case_of_the_session_holds() {
    replay("session", fuzz::session);
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
