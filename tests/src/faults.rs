//! The page on faults names the tests that prove each row.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_page_on_faults_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = read_page();
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
    for (fault, tests) in proofs(&page) {
        let names = tests.split('`').skip(1).step_by(2);
        assert!(names.clone().count() > 0, "no test proves: {fault}");
        for name in names {
            // Scenarios have the adapter they are for as a parameter.
            let has = |end| sources.contains(&format!("fn {name}{end}"));
            assert!(has('(') || has('<'), "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 80, "{named} tests are not all");
}

#[test]
fn every_row_of_the_page_on_faults_has_its_tests_in_the_same_order() {
    let page = read_page();
    let tables = page
        .split("\n\n")
        .filter(|text| text.contains("| effect |"));
    let rows = tables.flat_map(|table| table.lines().skip(2));
    let faults = rows.filter_map(|row| row.strip_prefix("| ")?.split(" | ").next());
    let proven = proofs(&page).map(|(fault, _)| fault);
    assert_eq!(faults.collect::<Vec<_>>(), proven.collect::<Vec<_>>());
}

fn read_page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join("statsd-proto/FAULTS.md")).expect("the page is there")
}

/// Each row and the text with its tests, from the lists below the tables.
fn proofs(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let items = page.lines().filter_map(|line| line.strip_prefix("- "));
    items.filter_map(|item| Some(item.split_at(item.find(": `")?)))
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
