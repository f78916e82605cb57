//! The session in a virtual-time world: a scripted network, a clock that jumps to the next wake-up, and
//! checks on every poll.

mod arbitrary;
mod close;
mod datagram;
mod delivery;
mod failures;
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
mod reconnect;
mod settings;
mod tasks;
mod unacknowledged;
mod unix_datagram;
mod world;
