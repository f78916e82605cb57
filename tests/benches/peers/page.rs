//! A page that has the tables within its text.

/// Replaces what is between two marks.
pub(crate) fn insert(page: &str, tables: &str) -> Result<String, String> {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| format!("the page lacks {BEGIN} and {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- end of figures -->";
