//! Frames, read as a server reads them.

/// The lines of the first frame, without what fills it up, and how many bytes it takes; none if it is not
/// whole.
pub(crate) fn first(stream: &[u8]) -> Option<(Vec<String>, usize)> {
    let (header, rest) = stream.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*header)).ok()?;
    let text = String::from_utf8(rest.get(..len)?.to_vec()).expect("lines are text");
    let lines = text.trim_end_matches('\n').split('\n').map(str::to_owned);
    Some((lines.collect(), header.len() + len))
}

/// The lines of all whole frames, and the bytes of the one that is torn.
pub(crate) fn all(mut stream: &[u8]) -> (Vec<String>, &[u8]) {
    let mut lines = Vec::new();
    while let Some((more, len)) = first(stream) {
        lines.extend(more);
        stream = &stream[len..];
    }
    (lines, stream)
}
