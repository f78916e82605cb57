//! The table of settings in the documentation of `Config`: it names every setter, in the order of the methods, with the
//! default that the method's own documentation gives.

/// Setter in the source: its name, and its documentation in one line.
struct Setter {
    name: &'static str,
    doc: String,
}

#[test]
fn the_table_names_every_setter_in_the_order_of_the_methods() {
    let expected: Vec<_> = setters().iter().map(|setter| setter.name).collect();
    let rows: Vec<_> = rows().into_iter().map(|(name, _)| name).collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_table_gives_the_default_that_the_setter_gives() {
    for ((name, default), Setter { doc, .. }) in rows().into_iter().zip(setters()) {
        // A dash: the method changes another setting, or adds to one.
        let is_given = default != "–" && default != "required";
        assert_eq!(doc.contains("Default: "), is_given, "{name}");
        let words = format!("Default: {default}");
        let rest = doc.split_once(&words).map(|(_, rest)| rest);
        let is_whole = |rest: &str| rest.is_empty() || rest.starts_with([' ', '.', ',', ';']);
        assert!(!is_given || rest.is_some_and(is_whole), "{name}: {words}");
    }
}

/// Rows of the table: setting and default.
fn rows() -> Vec<(&'static str, &'static str)> {
    let rows = CONFIG
        .lines()
        .filter_map(|line| line.strip_prefix("/// | [`"));
    let row = |row: &'static str| {
        let (name, rest) = row.split_once("`](Self::").expect("a row names a method");
        let cells: Vec<_> = rest.split(" | ").collect();
        assert_eq!(cells[0], format!("{name})"), "the link leads elsewhere");
        (name, cells[1])
    };
    rows.map(row).collect()
}

/// Setters of `Config` in the order of the documentation, which is that of the declarations of their modules.
fn setters() -> Vec<Setter> {
    let declared = CONFIG.lines().filter_map(|line| line.strip_prefix("mod "));
    let declared = declared.map(|line| line.trim_end_matches(';'));
    let source = |module: &str| MODULES.iter().find(|(name, _)| *name == module);
    let sources: Vec<_> = declared.filter_map(source).collect();
    assert_eq!(sources.len(), MODULES.len(), "a module is not declared");
    let of_config = |source: &'static str| {
        let blocks = source.split("\nimpl Config {\n").skip(1);
        blocks.filter_map(|block| block.split("\n}\n").next())
    };
    sources
        .into_iter()
        .flat_map(|(_, source)| of_config(source))
        .flat_map(setters_of)
        .collect()
}

fn setters_of(block: &'static str) -> Vec<Setter> {
    let mut setters = Vec::new();
    let mut doc = String::new();
    let mut rest = block;
    while let Some((line, after)) = rest.split_once('\n') {
        let text = line.trim_start();
        if let Some(text) = text.strip_prefix("///") {
            doc.push_str(text);
        } else if let Some(function) = line.strip_prefix("    pub fn ") {
            if is_setter(rest) {
                let name = function
                    .split(['(', '<'])
                    .next()
                    .expect("a split has a first part");
                setters.push(Setter {
                    name,
                    doc: std::mem::take(&mut doc),
                });
            }
        } else if !text.starts_with("#[") {
            doc.clear();
        }
        rest = after;
    }
    setters
}

/// Whether a function takes `self` by value.
fn is_setter(function: &str) -> bool {
    let arguments = function.split_once('(').map(|(_, rest)| rest.trim_start());
    arguments.is_some_and(|arguments| {
        arguments.starts_with("self,") || arguments.starts_with("mut self,")
    })
}

const CONFIG: &str = include_str!("../../config.rs");

/// Modules with settings.
const MODULES: [(&str, &str); 6] = [
    ("line", include_str!("../line.rs")),
    ("link", include_str!("../link.rs")),
    ("origin", include_str!("../origin.rs")),
    ("queue", include_str!("../queue.rs")),
    ("server", include_str!("../server.rs")),
    ("telemetry", include_str!("../telemetry.rs")),
];
