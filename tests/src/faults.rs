//! The page on faults names the tests that show what it says.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_page_on_faults_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("statsd-proto/FAULTS.md")).expect("the page is there");
    let mut sources = String::new();
    for folder in [
        "statsd-proto/src",
        "statsd-proto/tests",
        "statsd-tokio/src",
        "tests",
    ] {
        read_sources(&root.join(folder), &mut sources);
    }
    let mut named = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let shown_by = row.rsplit('|').nth(1).unwrap_or_default();
        for name in shown_by.split('`').skip(1).step_by(2) {
            // Scenarios have the adapter they are for as a parameter.
            let has = |end| sources.contains(&format!("fn {name}{end}"));
            assert!(has('(') || has('<'), "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 80, "{named} tests are not all");
}

/// Reads all files of Rust in a folder and those below it.
fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).expect("a source is text"));
        }
    }
}
