//! All runs of all subjects.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};

use crate::arguments::Arguments;
use crate::figures::Figures;
use crate::process::{Receiver, allocations};
use crate::spread::Spread;
use crate::subject::{ENTRIES, Entry, Kind};
use crate::workload::Workload;

pub(crate) struct Campaign {
    /// By the subject's place in [`ENTRIES`].
    runs: BTreeMap<(usize, Workload), Vec<Figures>>,
    syscalls: BTreeMap<usize, f64>,
    /// For a count and for one with tags, by the subject's name.
    allocations: BTreeMap<String, [f64; 2]>,
    /// The subjects that took part, by their places.
    pub(crate) subjects: Vec<usize>,
    pub(crate) rounds: usize,
}

impl Campaign {
    pub(crate) fn run(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let is_meant = |entry: &Entry| entry.name.contains(&*arguments.only);
        let mut campaign = Self {
            runs: BTreeMap::new(),
            syscalls: BTreeMap::new(),
            allocations: parse(&allocations()?),
            subjects: (0..ENTRIES.len())
                .filter(|place| is_meant(&ENTRIES[*place]))
                .collect(),
            rounds: arguments.rounds,
        };
        let receiver = Receiver::start()?;
        for round in 1..=arguments.rounds {
            for (place, workload) in Workload::ALL.into_iter().enumerate() {
                writeln!(io::stderr(), "round {round}: {workload:?}")?;
                let metrics = workload.metrics(arguments.is_quick);
                for subject in campaign.subjects.clone() {
                    if workload.kind == Kind::Tagged && !ENTRIES[subject].has_tags {
                        continue;
                    }
                    let figures = receiver.run(subject, place, metrics)?;
                    let runs = campaign.runs.entry((subject, workload)).or_default();
                    runs.push(figures);
                }
            }
        }
        if arguments.counts_syscalls {
            campaign.count_syscalls(&receiver, arguments)?;
        }
        Ok(campaign)
    }

    fn count_syscalls(
        &mut self,
        receiver: &Receiver,
        arguments: &Arguments,
    ) -> Result<(), Box<dyn Error>> {
        writeln!(io::stderr(), "system calls")?;
        // Each is slow when it is traced.
        let metrics = Workload::COUNT[0].metrics(arguments.is_quick) / 5;
        for subject in self.subjects.clone() {
            if let Some(calls) = receiver.syscalls(subject, 0, metrics)? {
                self.syscalls.insert(subject, calls);
            }
        }
        Ok(())
    }

    /// Figure of a subject at a workload, or `None` if the subject has no such metrics.
    pub(crate) fn spread(
        &self,
        subject: usize,
        workload: Workload,
        figure: fn(&Figures) -> f64,
    ) -> Option<Spread> {
        let runs = self.runs.get(&(subject, workload))?;
        Some(Spread::of(runs.iter().map(figure)))
    }

    /// Share of the metrics that arrived in the worst round. 1 if the subject has no such metrics.
    pub(crate) fn delivered(&self, subject: usize, workload: Workload) -> f64 {
        let runs = self.runs.get(&(subject, workload));
        let shares = runs.into_iter().flatten().map(|run| run.delivered);
        shares.fold(1.0, f64::min)
    }

    pub(crate) fn syscalls(&self, subject: usize) -> Option<f64> {
        self.syscalls.get(&subject).copied()
    }

    pub(crate) fn allocations(&self, subject: usize) -> Option<[f64; 2]> {
        self.allocations.get(ENTRIES[subject].name).copied()
    }
}

fn parse(allocations: &str) -> BTreeMap<String, [f64; 2]> {
    allocations
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let name = fields.next()?.to_owned();
            let mut number = || fields.next()?.parse().ok();
            Some((name, [number()?, number()?]))
        })
        .collect()
}
