//! What must have arrived, told from the transcript alone.

use std::collections::BTreeSet;

use statsd_proto::{Overflow, Report};

use crate::frame;
use crate::network::{Connection, Fate};
use crate::world::World;

/// Holds the transcript of a session that ended against what it accepted and reported.
pub(crate) fn check(world: &World, report: &Report) {
    let stats = report.stats;
    assert_eq!(stats.accepted, stats.sent + stats.dropped.total());
    assert_eq!(report.sent, stats.sent);
    assert_eq!(report.abandoned, stats.dropped.abandoned);
    if world.settings.overflow == Overflow::RefuseNewest {
        assert_eq!(stats.dropped.overflow, 0);
    }
    if world.settings.is_datagram() {
        check_datagrams(world, report);
    } else {
        check_streams(world, report);
    }
}

/// The lines that arrived, whole, in the order of their arrival.
pub(crate) fn arrived(world: &World) -> Vec<String> {
    let connections = &world.net.connections;
    if world.settings.is_datagram() {
        let datagrams = connections.iter().flat_map(|link| &link.datagrams);
        let arrived = datagrams.filter(|datagram| datagram.fate == Fate::Arrived);
        return arrived
            .flat_map(|datagram| datagram.text.split('\n').map(str::to_owned))
            .collect();
    }
    let arrived = |link: &Connection| whole_lines(world, &link.taken[..link.arrived]).0;
    connections.iter().flat_map(arrived).collect()
}

/// The lines that the kernel took are those accepted, whole and in order, and none of them twice.
fn check_streams(world: &World, report: &Report) {
    let stats = report.stats;
    let mut taken = Vec::new();
    for link in &world.net.connections {
        let (lines, tail) = whole_lines(world, &link.taken);
        taken.extend(lines);
        let is_start = |line: &String| line.starts_with(&tail) || *line == tail;
        if stats.dropped.overflow == 0 {
            assert!(tail.is_empty() || world.accepted.get(taken.len()).is_some_and(is_start));
        } else {
            assert!(world.accepted.iter().any(is_start));
        }
    }
    assert_eq!(taken.len() as u64, stats.sent);
    assert_eq!(stats.dropped.unsendable, 0);
    if stats.dropped.overflow == 0 {
        assert_eq!(taken, world.accepted[..taken.len()]);
    }
    assert_in_order(&taken, &world.accepted);
    assert_in_order(&arrived(world), &taken);
}

/// Datagrams arrive once and in order; one that does not was dropped, or the network swallowed it.
fn check_datagrams(world: &World, report: &Report) {
    let stats = report.stats;
    let mut swallowed = BTreeSet::new();
    for datagram in world
        .net
        .connections
        .iter()
        .flat_map(|link| &link.datagrams)
    {
        let lines = datagram.text.split('\n').collect::<Vec<_>>();
        assert!(lines.iter().all(|line| !line.is_empty()), "{datagram:?}");
        let is_one_record = lines.len() == 1 || lines.len() == 2 && lines[1].contains(":-");
        let may_be_long = is_one_record && world.settings.is_udp();
        assert!(datagram.text.len() <= world.settings.max_datagram || may_be_long);
        for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
            let is_half = line.ends_with(":0|g");
            assert!(
                !is_half || next.ends_with(":-5|g"),
                "a pair is in one datagram"
            );
        }
        if datagram.fate == Fate::Swallowed {
            swallowed.extend(lines);
        }
    }
    let arrived = arrived(world);
    assert_in_order(&arrived, &world.accepted);
    let arrived = arrived.iter().map(String::as_str).collect::<BTreeSet<_>>();
    let is_lost = |line: &&String| !arrived.contains(line.as_str());
    let lost = world.accepted.iter().filter(is_lost).collect::<Vec<_>>();
    let is_explained = |line: &&&String| swallowed.contains(line.as_str());
    let dropped_at_least = lost.len() - lost.iter().filter(is_explained).count();
    assert!(
        stats.dropped.total() >= dropped_at_least as u64,
        "{stats:?} lost {lost:?}"
    );
    assert!(
        stats.dropped.total() <= lost.len() as u64,
        "{stats:?} lost {lost:?}"
    );
}

/// `part` are some of `all`, in the same order.
fn assert_in_order(part: &[String], all: &[String]) {
    let mut rest = all.iter();
    for line in part {
        assert!(
            rest.any(|other| other == line),
            "{line:?} is torn, out of order, or there twice"
        );
    }
}

/// The lines that are whole, and the beginning of the one behind them.
fn whole_lines(world: &World, stream: &[u8]) -> (Vec<String>, String) {
    if world.settings.is_framed() {
        let (lines, torn) = frame::all(stream);
        let text = torn.get(4..).unwrap_or_default();
        let text = String::from_utf8(text.to_vec()).expect("lines are text");
        let first = text.split('\n').next().unwrap_or_default();
        return (lines, first.to_owned());
    }
    let text = String::from_utf8(stream.to_vec()).expect("lines are text");
    let mut lines = text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let tail = lines.pop().unwrap_or_default();
    (lines, tail)
}
