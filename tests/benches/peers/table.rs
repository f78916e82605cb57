//! The figures as tables in Markdown.

use std::fmt::Write;
use std::fs;
use std::thread;

use crate::campaign::Campaign;
use crate::column::{ALL, Cell, Column};
use crate::subject::{ENTRIES, Way};
use crate::workload::Workload;

pub(crate) fn render(campaign: &Campaign) -> String {
    let mut page = format!(
        "Rounds: {}. Cores: {}. {}\n\n",
        campaign.rounds,
        thread::available_parallelism().map_or(1, usize::from),
        system()
    );
    for (way, title) in [
        (Way::Lines, "Each metric is a line"),
        (Way::Sums, "Metrics of one name are aggregated"),
        (Way::HeldSums, "A handle aggregates"),
        (Way::Yardstick, "What the machine allows"),
    ] {
        let subjects = campaign.subjects.iter().copied();
        let subjects: Vec<_> = subjects
            .filter(|place| ENTRIES[*place].way == way)
            .collect();
        if subjects.is_empty() {
            continue;
        }
        let _ = writeln!(page, "### {title}\n\nAt the caller, ns per metric:\n");
        head(&mut page, Column::CALLER.iter().map(|column| column.title));
        for subject in &subjects {
            row(&mut page, campaign, *subject, &Column::CALLER, &[]);
        }
        let _ = writeln!(page, "\nIn all:\n");
        let counted = ["allocations (2 tags)", "system calls for 1000", "delivered"];
        let titles = Column::IN_ALL.iter().map(|column| column.title);
        head(&mut page, titles.chain(counted));
        for subject in subjects {
            let counted = counted_cells(campaign, subject);
            row(&mut page, campaign, subject, &Column::IN_ALL, &counted);
        }
        page.push('\n');
    }
    page.pop();
    page
}

/// Processor and kernel, if the kernel reports them.
fn system() -> String {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let mut lines = processor.lines();
    let model = lines.find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map(|(_, model)| format!("Processor: {model}. "));
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{}Linux: {}.", model.unwrap_or_default(), kernel.trim())
}

fn head<'a>(page: &mut String, titles: impl Iterator<Item = &'a str>) {
    let mut rule = String::from("|---|");
    page.push_str("| |");
    for title in titles {
        let _ = write!(page, " {title} |");
        rule.push_str("---:|");
    }
    let _ = writeln!(page, "\n{rule}");
}

fn row(
    page: &mut String,
    campaign: &Campaign,
    subject: usize,
    columns: &[Column],
    counted: &[String],
) {
    let _ = write!(page, "| {} |", ENTRIES[subject].name);
    for column in columns {
        let cell = column.cell(campaign, subject);
        let text = cell.map(|cell| measured(campaign, subject, column, &cell));
        let _ = write!(page, " {} |", text.as_deref().unwrap_or(NONE));
    }
    for cell in counted {
        let _ = write!(page, " {cell} |");
    }
    page.push('\n');
}

/// A median with its spread; if it is ours, with how many times as good as the best peer it is; if it
/// is the best peer's, in bold.
fn measured(campaign: &Campaign, subject: usize, column: &Column, cell: &Cell) -> String {
    let mut text = number(cell.median);
    if campaign.rounds > 1 {
        let _ = write!(text, " ± {}", number(cell.half_range));
    }
    let entry = &ENTRIES[subject];
    let best = column.best(campaign, entry.way);
    if cell.is_lossy() {
        let _ = write!(text, ", delivers {}", percent(cell.delivered));
    } else if let (true, Some(best)) = (entry.is_ours, best) {
        let _ = write!(text, " ({}×)", number(column.ratio(cell.median, best)));
    } else if best == Some(cell.median) {
        text = format!("**{text}**");
    }
    text
}

fn counted_cells(campaign: &Campaign, subject: usize) -> [String; 3] {
    let allocations = campaign.allocations(subject);
    let allocations = allocations.map(|[count, tagged]| match tagged.is_nan() {
        true => number(count),
        false => format!("{} ({})", number(count), number(tagged)),
    });
    let syscalls = campaign.syscalls(subject).map(number);
    let delivered = Workload::ALL.map(|workload| campaign.delivered(subject, workload));
    let least = delivered.into_iter().fold(1.0, f64::min);
    [
        allocations.unwrap_or_else(|| NONE.to_owned()),
        syscalls.unwrap_or_else(|| NONE.to_owned()),
        percent(least),
    ]
}

/// With as many digits as mean something.
pub(crate) fn number(value: f64) -> String {
    let value = value.max(0.0);
    match value {
        ..0.005 => "0".to_owned(),
        ..0.995 => format!("{value:.2}"),
        ..9.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Rounded down, so that what loses anything does not look as if it lost nothing.
pub(crate) fn percent(share: f64) -> String {
    if share >= ALL {
        return "100 %".to_owned();
    }
    format!("{} %", (share * 1000.0).floor() / 10.0)
}

const NONE: &str = "n/a";
