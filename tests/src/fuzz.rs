//! What must hold for any bytes: the bodies of the fuzz targets in `tests/fuzz`, which `tests/replay`
//! runs on the corpus.
//!
//! With a nightly toolchain and `cargo install cargo-fuzz`:
//!
//! ```text
//! mkdir -p target/corpus
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz --sanitizer none encoder \
//!     target/corpus tests/fuzz/corpus/encoder -- -max_total_time=600
//! ```
//!
//! No crate here has unsafe code, so that a sanitizer would only cost time. What is found is written to
//! `tests/fuzz/artifacts`; it belongs into the corpus, with a name that says what it is.

mod adding;
mod announced;
mod encoder;
mod grammar;
mod meant;
mod origin;
mod reference;
mod session;
mod text;
mod unframed;

pub use adding::adding;
pub use encoder::encoder;
pub use session::session;
