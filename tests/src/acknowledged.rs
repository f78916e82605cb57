//! The kernel's own report on a connection.

use std::fs;
use std::net::SocketAddr;

/// Number of bytes in the send buffers of the connections to a server on this machine at 127.0.0.1,
/// sent or not: those that its kernel has not acknowledged. `None` if the system does not report it.
pub fn unacknowledged(server: SocketAddr) -> Option<usize> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let address = format!("0100007F:{:04X}", server.port());
    let rows = table.lines().map(|row| row.split_whitespace());
    // The number, the address here and there, the state, and what waits to be sent and to be read.
    let waiting = rows.filter_map(|mut row| {
        let is_client = row.nth(2) == Some(&address);
        let (sent, _) = row.nth(1)?.split_once(':')?;
        usize::from_str_radix(sent, 16).ok().filter(|_| is_client)
    });
    Some(waiting.sum())
}
