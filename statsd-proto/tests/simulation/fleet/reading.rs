//! A line as servers of both dialects read it.

/// Name and tags in their order: what is one series.
pub(crate) type Key = (String, Vec<String>);

#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) key: Key,
    pub(crate) code: String,
    pub(crate) values: Vec<String>,
    pub(crate) rate: f64,
}

impl Reading {
    pub(crate) fn new(line: &str) -> Self {
        let (name, rest) = line.split_once(':').expect("a line has a value");
        let mut fields = rest.split('|');
        let values = fields.next().expect("split has a first part");
        let code = fields.next().expect("a line has a type").to_owned();
        let (mut rate, mut tags) = (1.0, Vec::new());
        for field in fields {
            match field.split_at(1) {
                ("@", text) => rate = text.parse().expect("a rate is a number"),
                ("#", text) => tags = text.split(',').map(str::to_owned).collect(),
                ("T", _) => {}
                _ => panic!("{line:?}"),
            }
        }
        tags.sort();
        Self {
            key: (name.to_owned(), tags),
            code,
            values: values.split(':').map(str::to_owned).collect(),
            rate,
        }
    }
}
