//! Bodies of the fuzz targets: models of what must hold for any bytes. `tests/replay` runs them on the corpus.
//!
//! With a nightly toolchain and `cargo install cargo-fuzz`:
//!
//! ```text
//! mkdir -p target/corpus
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz --sanitizer none encoder \
//!     target/corpus tests/fuzz/corpus/encoder -- -max_total_time=600
//! ```
//!
//! These crates have no unsafe code, so a sanitizer would only cost time. Findings are written to
//! `tests/fuzz/artifacts`. A finding belongs in the corpus, under a name that says what it is.

mod aggregation;
mod encoder;
mod event_or_check;
mod expected;
mod grammar;
mod origin;
mod reference;
mod session;
mod text;

pub(crate) use aggregation::aggregation;
pub(crate) use encoder::encoder;
pub(crate) use session::session;
