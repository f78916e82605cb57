//! The session in a virtual-time world: a scripted network, a clock that jumps to the next wake-up, and
//! checks on every poll.

mod arbitrary;
mod clients;
mod close;
mod custom;
mod datagram;
mod delivery;
mod events;
mod failures;
mod fleet;
mod flush;
mod frame;
mod frames;
mod hostile;
mod invariants;
mod logs;
mod lookups;
mod model;
mod network;
mod oracle;
mod overload;
#[cfg(target_os = "linux")]
mod page;
mod reconnect;
mod settings;
mod subject;
mod tasks;
mod threads;
mod unacknowledged;
mod unix_datagram;
mod unix_types;
mod world;
