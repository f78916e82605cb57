//! Where a server keeps its files.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder for one server, which goes with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static GIVEN: AtomicU32 = AtomicU32::new(0);
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let name = format!("statsd-interop-{}-{given}", process::id());
        let path = env::temp_dir().join(name);
        // A process that was killed left its own. It fails where there is none.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("there is room for temporary files");
        Self(path)
    }

    /// Creates an empty folder in it, in place of any other.
    pub(crate) fn make(&self, name: &str) {
        let path = self.join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path).expect("there is room for temporary files");
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, text).expect("there is room for temporary files");
        path
    }

    /// Content of a file, or empty if it does not exist.
    pub(crate) fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A failure leaves only a temporary file.
        let _ = fs::remove_dir_all(&self.0);
    }
}
