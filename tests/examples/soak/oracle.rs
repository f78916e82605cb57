//! Comparison of the lines that arrived with the lines that were recorded.

/// The numbers of the lines that arrived.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    /// Whether the connection is known of each line, so that lost lines differ from refused ones.
    is_stream: bool,
    /// A bit for each number.
    seen: Vec<u64>,
    /// The first and the last number of each connection.
    spans: Vec<Option<(u64, u64)>>,
    pub(crate) arrived: u64,
    pub(crate) duplicates: u64,
    pub(crate) last: Option<u64>,
    pub(crate) violations: Vec<String>,
}

impl Oracle {
    pub(crate) fn new(is_stream: bool) -> Self {
        Self {
            is_stream,
            ..Self::default()
        }
    }

    /// A connection, counted from 0, brought these lines; or datagrams did.
    pub(crate) fn see(&mut self, connection: usize, lines: &[String]) {
        for line in lines {
            match number(line) {
                Some(number) => self.see_number(connection, number),
                None => self.complain(format!("{line:?} was never recorded")),
            }
        }
    }

    /// The connections brought their lines one after the other.
    pub(crate) fn check_connections(&mut self) {
        let spans = self.spans.iter().flatten().copied().collect::<Vec<_>>();
        for pair in spans.windows(2) {
            let ((_, last), (first, _)) = (pair[0], pair[1]);
            if self.is_stream && first <= last {
                self.complain(format!("a connection begins with {first} after {last}"));
            }
        }
    }

    /// Whether the last `count` of so many lines are all there.
    pub(crate) fn ends_with(&self, total: u64, count: u64) -> bool {
        (total - count..total).all(|number| self.has(number))
    }

    pub(crate) fn complain(&mut self, violation: String) {
        // The first few are enough for a report.
        if self.violations.len() < 10 && !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    fn see_number(&mut self, connection: usize, number: u64) {
        if self.spans.len() <= connection {
            self.spans.resize(connection + 1, None);
        }
        let span = self.spans[connection];
        self.spans[connection] = Some((span.map_or(number, |(first, _)| first), number));
        if self.mark(number) {
            self.duplicates += 1;
            self.complain(format!("{number} came twice"));
            return;
        }
        self.arrived += 1;
        self.last = self.last.max(Some(number));
        match span {
            Some((_, last)) if self.is_stream && number != last + 1 => {
                self.complain(format!("{number} came after {last} on one connection"));
            }
            Some((_, last)) if number <= last => {
                self.complain(format!("{number} came after {last}"));
            }
            Some(_) | None => {}
        }
    }

    fn has(&self, number: u64) -> bool {
        let word = usize::try_from(number / 64).ok();
        let word = word.and_then(|index| self.seen.get(index));
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Marks a number as seen. Returns whether it was before.
    fn mark(&mut self, number: u64) -> bool {
        let index =
            usize::try_from(number / 64).expect("so many lines take longer than anybody waits");
        if self.seen.len() <= index {
            self.seen.resize(index + 1, 0);
        }
        let bit = 1 << (number % 64);
        let was_seen = self.seen[index] & bit != 0;
        self.seen[index] |= bit;
        was_seen
    }
}

/// The number in a line that is whole.
fn number(line: &str) -> Option<u64> {
    let line = line.strip_prefix(PREFIX)?.strip_prefix(".count:")?;
    line.strip_suffix("|c")?.parse().ok()
}

/// Long, so that many a break is in mid-line.
pub(crate) const PREFIX: &str =
    "a.prefix.that.makes.each.line.long.enough.for.most.breaks.to.come.in.the.middle.of.one";
