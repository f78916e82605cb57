//! What a count costs its caller, as bars.

use std::fmt::Write;

use crate::campaign::Campaign;
use crate::column::Column;
use crate::subject::ENTRIES;
use crate::table::{number, percent};

/// An SVG image in the colour of the text around it.
pub(crate) fn render(campaign: &Campaign) -> String {
    let columns = &Column::CALLER[..3];
    let height = TOP + campaign.subjects.len() * GROUP;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         fill=\"currentColor\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>ns per count at the caller</title>\n\
         <text x=\"0\" y=\"14\">ns per count at the caller, without rest: 1, 2 and 8 threads. \
         Hollow: loses metrics. Bars end at {LONGEST} ns.</text>\n"
    );
    for (line, subject) in campaign.subjects.iter().enumerate() {
        let entry = &ENTRIES[*subject];
        let y = TOP + line * GROUP;
        let weight = if entry.is_ours { "bold" } else { "normal" };
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{}\" font-weight=\"{weight}\">{}</text>",
            y + 22,
            entry.name
        );
        for (bar, column) in columns.iter().enumerate() {
            if let Some(cell) = column.cell(campaign, *subject) {
                let y = y + bar * BAR;
                let width = cell.median.min(LONGEST) / LONGEST * BARS;
                let (look, loss) = if cell.is_lossy() {
                    let loss = format!(", delivers {}", percent(cell.delivered));
                    ("fill=\"none\" stroke=\"currentColor\"", loss)
                } else if entry.is_ours {
                    ("fill=\"#2a7ae2\"", String::new())
                } else {
                    ("fill=\"#999\"", String::new())
                };
                let _ = writeln!(
                    svg,
                    "<rect x=\"{LABEL}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" {look}/>\
                     <text x=\"{:.1}\" y=\"{}\" font-size=\"10\">{}{loss}</text>",
                    BAR - 2,
                    LABEL as f64 + width + 4.0,
                    y + BAR - 3,
                    number(cell.median)
                );
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

const WIDTH: usize = 860;
const TOP: usize = 28;
/// The height of one subject's bars and the gap below them.
const GROUP: usize = 44;
const BAR: usize = 12;
/// Where the bars begin.
const LABEL: usize = 240;
/// How wide the longest is, in pixels.
const BARS: f64 = 480.0;
/// What sends a datagram for each metric costs more, and would make all others look alike.
const LONGEST: f64 = 600.0;
