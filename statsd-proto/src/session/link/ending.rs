//! End of a connection on purpose, because the session ends or the connection has reached its maximum age.

use std::time::Instant;

use super::{Link, State};

/// Next step of the end of a connection.
#[derive(Debug)]
pub(crate) enum End {
    /// The socket may be closed.
    Close,
    ShutDown,
    Wait(Instant),
}

impl Link {
    /// Next step of an end of the connection on purpose. A custom stream, which may have to say that it ends, is shut
    /// down first, until `deadline`.
    pub(crate) fn end(&mut self, now: Instant, deadline: Instant) -> End {
        match &mut self.state {
            State::Up(up) if up.is_custom_stream() && now < deadline => {
                if up.has_progress {
                    self.backoff.reset();
                }
                self.state = State::Ending(Some(deadline));
                End::ShutDown
            }
            State::Ending(Some(until)) if now < deadline.min(*until) => {
                End::Wait(deadline.min(*until))
            }
            State::Connecting { .. }
            | State::Ending(_)
            | State::Idle { .. }
            | State::Resolving
            | State::Up(_) => End::Close,
        }
    }

    /// Handles the end of a shutdown.
    pub(crate) fn on_shut_down(&mut self) {
        if let State::Ending(deadline) = &mut self.state {
            *deadline = None;
        }
    }

    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending(_))
    }
}
