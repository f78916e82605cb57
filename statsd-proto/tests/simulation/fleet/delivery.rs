//! Lines that have arrived, as far as a client can know.

use statsd_proto::Transport;

use crate::clients::Clients;
use crate::network::Fate;
use crate::oracle::{check_datagram, whole_lines};
use crate::world::World;

/// The lines that the kernel took and no refusal brought back, each once, and whether the network has lost none.
pub(crate) fn delivered(world: &World<Clients>) -> (Vec<String>, bool) {
    let connections = &world.net.connections;
    if world.settings.is_datagram() {
        let datagrams = connections.iter().flat_map(|link| &link.datagrams);
        let is_whole = datagrams
            .clone()
            .all(|datagram| datagram.fate != Fate::Swallowed);
        let arrived = datagrams.filter(|datagram| datagram.fate == Fate::Arrived);
        let lines = arrived.flat_map(|datagram| datagram.text.lines().map(str::to_owned));
        return (lines.collect(), is_whole);
    }
    let mut lines = Vec::new();
    for (index, link) in connections.iter().enumerate() {
        let is_last = index + 1 == connections.len();
        // The next connection brings again what was not acknowledged.
        let known = match world.settings.resends() && !is_last {
            true => &link.taken[..link.acknowledged],
            false => &link.taken[..],
        };
        lines.extend(whole_lines(world, known).0);
    }
    (lines, true)
}

/// Holds the counts of lines against what the kernel took, and datagrams against their limit.
pub(crate) fn check_lines(world: &World<Clients>) {
    let stats = world.stats();
    let connections = &world.net.connections;
    if world.settings.is_datagram() {
        let datagrams = connections.iter().flat_map(|link| &link.datagrams);
        datagrams.for_each(|datagram| check_datagram(&world.settings, datagram));
        return;
    }
    let count = |part: &[u8]| whole_lines(world, part).0.len() as u64;
    let taken = connections.iter().map(|link| count(&link.taken));
    assert_eq!(taken.sum::<u64>(), stats.sent);
    if world.settings.transport == Transport::Tcp && world.settings.resends() {
        let again = connections
            .iter()
            .map(|link| count(&link.taken[link.acknowledged..]));
        assert_eq!(again.sum::<u64>(), stats.resent + stats.unacknowledged);
    } else {
        assert_eq!((stats.resent, stats.unacknowledged), (0, 0));
    }
}
