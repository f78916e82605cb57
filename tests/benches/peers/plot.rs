//! Time and allocations of a count at its caller, as one bar for each client.

use std::fmt::Write;

use crate::campaign::Campaign;
use crate::column::Column;
use crate::subject::{ENTRIES, Way};
use crate::table::{number, percent};

/// Row of the plot.
struct Row {
    name: &'static str,
    is_ours: bool,
    nanoseconds: f64,
    /// Share of the metrics that arrived, if it is not all.
    delivered: Option<f64>,
    /// Allocations for each metric, or `None` if they were not counted.
    allocations: Option<f64>,
}

/// Renders an SVG image. Its background is white, so that it is readable on a dark page.
pub(crate) fn render(campaign: &Campaign) -> String {
    let groups = [
        (Way::Lines, "each metric is a line"),
        (Way::Sums, "metrics of one name are aggregated"),
        (Way::HeldSums, "a handle aggregates"),
    ];
    let groups = groups.map(|(way, title)| (title, rows(campaign, way)));
    draw(&groups)
}

fn rows(campaign: &Campaign, way: Way) -> Vec<Row> {
    let subjects = campaign.subjects.iter().copied();
    let subjects = subjects.filter(|subject| ENTRIES[*subject].way == way);
    let row = |subject: usize| {
        let cell = BURSTS.cell(campaign, subject)?;
        Some(Row {
            name: ENTRIES[subject].name,
            is_ours: ENTRIES[subject].is_ours,
            nanoseconds: cell.median,
            delivered: cell.is_lossy().then_some(cell.delivered),
            allocations: campaign.allocations(subject).map(|[count, _]| count),
        })
    };
    subjects.filter_map(row).collect()
}

fn draw(groups: &[(&str, Vec<Row>)]) -> String {
    let mut body = String::new();
    let mut y = 48;
    for (title, rows) in groups.iter().filter(|(_, rows)| !rows.is_empty()) {
        let _ = writeln!(
            body,
            "<text x=\"{MARGIN}\" y=\"{y}\" fill=\"#57606a\">{title}</text>"
        );
        for row in rows {
            y += ROW;
            draw_row(&mut body, row, y);
        }
        y += ROW + GAP;
    }
    let height = y - ROW;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         style=\"max-width:100%\" fill=\"#1f2328\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title>Time and allocations of a count at its caller</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{TIMES}\" y=\"22\" font-weight=\"bold\">ns for a count, one thread, in bursts</text>\n\
         <text x=\"{ALLOCATIONS}\" y=\"22\" font-weight=\"bold\">allocations</text>\n\
         {body}</svg>\n"
    )
}

fn draw_row(body: &mut String, row: &Row, y: usize) {
    let weight = if row.is_ours { "bold" } else { "normal" };
    let _ = writeln!(
        body,
        "<text x=\"{MARGIN}\" y=\"{y}\" font-weight=\"{weight}\">{}</text>",
        row.name
    );
    let mut time = number(row.nanoseconds);
    if row.nanoseconds > LONGEST {
        // The bar ends at the border and would look as if it were not cut.
        time.insert_str(0, "… ");
    }
    if let Some(delivered) = row.delivered {
        let _ = write!(time, ", delivers {}", percent(delivered));
    }
    let width = row.nanoseconds.min(LONGEST) / LONGEST * TIMES_WIDTH;
    draw_bar(body, row, (TIMES, y), width, &time);
    if let Some(allocations) = row.allocations {
        let width = allocations / 4.0 * ALLOCATIONS_WIDTH;
        let position = (ALLOCATIONS, y);
        draw_bar(body, row, position, width, &number(allocations));
    }
}

fn draw_bar(body: &mut String, row: &Row, (x, y): (usize, usize), width: f64, text: &str) {
    let look = match (row.is_ours, row.delivered) {
        (_, Some(_)) => "fill=\"none\" stroke=\"#8c959f\"",
        (true, None) => "fill=\"#0969da\"",
        (false, None) => "fill=\"#8c959f\"",
    };
    let _ = writeln!(
        body,
        "<rect x=\"{x}\" y=\"{}\" width=\"{width:.1}\" height=\"{BAR}\" {look}/>\
         <text x=\"{:.1}\" y=\"{y}\">{text}</text>",
        y - BAR + 1,
        x as f64 + width + 5.0,
    );
}

/// Column of the figure: the load of a program that does more than to record.
const BURSTS: Column = Column::CALLER[5];

const WIDTH: usize = 640;
const MARGIN: usize = 12;
/// Height of a row.
const ROW: usize = 20;
/// Space between two groups.
const GAP: usize = 8;
/// Height of a bar.
const BAR: usize = 12;
/// Left end of the bars of times, and the width of the longest.
const TIMES: usize = 240;
const TIMES_WIDTH: f64 = 200.0;
/// Left end of the bars of allocations, and the width of four.
const ALLOCATIONS: usize = 530;
const ALLOCATIONS_WIDTH: f64 = 70.0;
/// Longest time that is drawn to scale, in nanoseconds. A client that sends a datagram for each metric takes far
/// longer, and all others would look alike.
const LONGEST: f64 = 300.0;
