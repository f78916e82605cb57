//! Lines that must have arrived, by the transcript alone.

use std::collections::BTreeSet;

use statsd_proto::{Overflow, Report};

use crate::frame;
use crate::network::{Connection, Datagram, Fate};
use crate::settings::Settings;
use crate::subject::Subject;
use crate::world::World;

/// Holds the transcript of a session that ended against what it accepted and reported.
pub(crate) fn check(world: &World, report: &Report) {
    let stats = report.stats;
    let recorded = stats.accepted + stats.resent;
    assert_eq!(recorded, stats.sent + stats.dropped.total());
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
            .flat_map(|datagram| {
                datagram
                    .text
                    .trim_end_matches('\n')
                    .split('\n')
                    .map(str::to_owned)
            })
            .collect();
    }
    let arrived = |link: &Connection| whole_lines(world, &link.taken[..link.arrived]).0;
    connections.iter().flat_map(arrived).collect()
}

/// The lines that the kernel took are those accepted, whole and in order, and none of them twice but what
/// was not acknowledged.
fn check_streams(world: &World, report: &Report) {
    let stats = report.stats;
    let resends = world.settings.resends() && world.net.tells;
    let (mut taken, mut again) = (0, 0);
    let mut safe = Vec::new();
    for link in &world.net.connections {
        let (mut lines, tail) = whole_lines(world, &link.taken);
        let is_start = |line: &String| line.starts_with(&tail) || *line == tail;
        if stats.dropped.overflow == 0 {
            let (before, rest) = world.accepted[safe.len()..].split_at(lines.len());
            assert_eq!(lines, before);
            assert!(tail.is_empty() || rest.first().is_some_and(is_start));
        } else {
            assert!(world.accepted.iter().any(is_start));
        }
        assert_in_order(&lines, &world.accepted);
        taken += lines.len();
        if resends {
            lines.truncate(whole_lines(world, &link.taken[..link.acknowledged]).0.len());
            again += whole_lines(world, &link.taken[link.acknowledged..]).0.len();
        }
        safe.extend(lines);
    }
    assert_eq!(taken as u64, stats.sent);
    assert_eq!(again as u64, stats.resent + stats.unacknowledged);
    assert_eq!(stats.dropped.unsendable, 0);
    assert_in_order(&safe, &world.accepted);
    if resends {
        check_at_least_once(world, report);
    } else {
        assert_in_order(&arrived(world), &safe);
    }
}

/// A line that has not arrived was dropped, or was in flight when the session had no more time to wait for it.
fn check_at_least_once(world: &World, report: &Report) {
    let arrived = arrived(world);
    let arrived = arrived.iter().collect::<BTreeSet<_>>();
    let lost = world.accepted.iter().filter(|line| !arrived.contains(line));
    let explained = report.stats.dropped.total() + report.stats.unacknowledged;
    assert!(lost.count() as u64 <= explained, "{report:?}");
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
        check_datagram(&world.settings, datagram);
        if datagram.fate == Fate::Swallowed {
            swallowed.extend(datagram.text.split('\n'));
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
    // After a refusal, what left last and was not waited for counts as dropped, though it may have arrived.
    let last = world
        .net
        .connections
        .last()
        .and_then(|link| link.datagrams.last());
    let in_doubt = last.map_or(0, |datagram| datagram.text.lines().count());
    let in_doubt = if stats.disconnects > 0 { in_doubt } else { 0 };
    assert!(
        stats.dropped.total() <= (lost.len() + in_doubt) as u64,
        "{stats:?} lost {lost:?}"
    );
}

/// A datagram is no longer than allowed, but for a single record over UDP, and has both lines of a gauge below zero.
pub(crate) fn check_datagram(settings: &Settings, datagram: &Datagram) {
    let text = datagram.text.strip_suffix('\n').unwrap_or(&datagram.text);
    let lines = text.split('\n').collect::<Vec<_>>();
    assert!(lines.iter().all(|line| !line.is_empty()), "{datagram:?}");
    let is_one_record = lines.len() == 1 || lines.len() == 2 && lines[1].contains(":-");
    let may_be_long = is_one_record && settings.is_udp();
    assert!(datagram.text.len() <= settings.max_datagram || may_be_long);
    for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
        let is_half = line.contains(":0|g");
        assert!(!is_half || next.contains(":-"), "a pair is in one datagram");
    }
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

/// Lines of all complete frames, and the bytes of the last frame if it is incomplete.
pub(crate) fn lines_of_frames(mut stream: &[u8]) -> (Vec<String>, &[u8]) {
    let mut lines = Vec::new();
    while let Some((text, len)) = frame::first(stream) {
        let text = std::str::from_utf8(text).expect("lines are text");
        lines.extend(text.trim_end_matches('\n').split('\n').map(str::to_owned));
        stream = &stream[len..];
    }
    (lines, stream)
}

/// Complete lines, and the beginning of the incomplete line after them.
pub(crate) fn whole_lines<S: Subject>(world: &World<S>, stream: &[u8]) -> (Vec<String>, String) {
    if world.settings.is_framed() {
        let (lines, torn) = lines_of_frames(stream);
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
