//! The Datadog agent's parser of events and service checks: `parse_events.go` and
//! `parse_service_checks.go` in `comp/dogstatsd/server/impl`, step by step.

/// Event or service check that the agent has read.
#[derive(Debug, Default)]
pub(super) struct Reading<'a> {
    /// The title, or the name.
    pub(super) name: String,
    pub(super) status: Option<&'a str>,
    /// The text, or the message.
    pub(super) text: String,
    pub(super) tags: Vec<&'a str>,
    /// Who sends, and how many tags that makes.
    pub(super) origin: Vec<&'a str>,
    /// Mark and text of each other field.
    fields: Vec<(char, &'a str)>,
}

impl Reading<'_> {
    /// Text of a field that occurs at most once.
    pub(super) fn field(&self, mark: char) -> &str {
        let mut fields = self.fields.iter().filter(|(other, _)| *other == mark);
        let field = fields.next().map_or("", |(_, text)| text);
        assert_eq!(fields.next(), None, "{mark} twice");
        field
    }
}

pub(super) fn read(line: &str) -> Reading<'_> {
    let (mut reading, rest) = if line.starts_with("_e{") {
        read_event(line)
    } else {
        read_check(line)
    };
    let is_check = reading.status.is_some();
    for field in rest.split('|').filter(|field| !field.is_empty()) {
        let text = |mark: &str| field.strip_prefix(mark);
        if let Some(tags) = text("#") {
            reading.tags.extend(tags.split(','));
        } else if ["c:", "e:", "card:"]
            .iter()
            .any(|mark| field.starts_with(mark))
        {
            reading.origin.push(field);
        } else if let (Some(message), true) = (text("m:"), is_check) {
            reading.text = message.replace(r"\n", "\n");
        } else {
            let (mark, text) = field.split_once(':').expect("a field has a mark");
            let marks = if is_check { "dh" } else { "dhkpst" };
            assert!(mark.len() == 1 && marks.contains(mark), "{field:?}");
            reading.fields.extend(mark.chars().map(|mark| (mark, text)));
        }
    }
    reading
}

/// The lengths say where the title and the text end.
fn read_event(line: &str) -> (Reading<'_>, &str) {
    let (header, body) = line[3..].split_once("}:").expect("an event has a header");
    let (title, text) = header.split_once(',').expect("a header has two lengths");
    let len = |text: &str| text.parse::<usize>().expect("a length is a number");
    let (title, text) = (len(title), len(text));
    assert!(title > 0 && body.as_bytes()[title] == b'|');
    let (text, rest) = body[title + 1..].split_at(text);
    assert!(rest.is_empty() || rest.starts_with('|'));
    let reading = Reading {
        name: body[..title].replace(r"\n", "\n"),
        text: text.replace(r"\n", "\n"),
        ..Reading::default()
    };
    (reading, rest)
}

fn read_check(line: &str) -> (Reading<'_>, &str) {
    let mut parts = line.splitn(4, '|');
    assert_eq!(parts.next(), Some("_sc"));
    let reading = Reading {
        name: parts.next().expect("a check has a name").to_owned(),
        status: parts.next(),
        ..Reading::default()
    };
    assert!(reading.status.is_some(), "a check has a status");
    (reading, parts.next().unwrap_or_default())
}
