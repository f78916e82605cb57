//! Segmentation offload: several datagrams in one system call.

use std::io;

use crate::session::failure::{Failure, System};
use crate::session::instruction::Transmit;

/// Segmentation offload of a UDP socket: how many datagrams of a [`Transmit`] a driver sends in one system call.
///
/// With the socket option `UDP_SEGMENT`, Linux sends all of them in one call and splits them itself. Everywhere else a
/// call sends one datagram. The state belongs to one socket. Not every kernel, network card and path supports
/// segmentation; after a failure, datagrams are sent one by one.
///
/// ```
/// # use std::io;
/// # use statsd_proto::{Segmentation, Transmit};
/// # struct Socket;
/// # impl Socket {
/// #     fn set_segment_size(&self, _: usize) -> io::Result<()> { Ok(()) }
/// #     fn send(&self, bytes: &[u8]) -> io::Result<usize> { Ok(bytes.len()) }
/// # }
/// fn write(socket: &Socket, segmentation: &mut Segmentation, transmit: &Transmit) -> io::Result<usize> {
///     loop {
///         let (bytes, len) = segmentation.next(transmit, |size| socket.set_segment_size(size));
///         match socket.send(bytes) {
///             Err(error) if segmentation.disable_on_error(&error) => {}
///             sent => return sent.map(|_| len),
///         }
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Segmentation {
    /// Segment size that is set on the socket, in bytes. 0 means that segmentation is off.
    size: usize,
    is_off: bool,
}

impl Segmentation {
    /// Returns the bytes to send next, without the padding at their end, and the number of bytes of `transmit` that
    /// they cover. On a stream: all of it.
    ///
    /// `set` sets the segment size on the socket. A size of 0 turns segmentation off.
    pub fn next<'a>(
        &mut self,
        transmit: &'a Transmit,
        set: impl FnOnce(usize) -> io::Result<()>,
    ) -> (&'a [u8], usize) {
        let one = transmit.first_datagram();
        let all = transmit.all_datagrams();
        let wanted = match transmit.segment_size {
            Some(size) if !self.is_off && one.1 < all.1 => size,
            // The kernel does not split data that is no longer than a segment, so the option can stay set.
            Some(_) if !self.is_off && one.0.len() <= self.size => self.size,
            Some(_) | None => 0,
        };
        if wanted != self.size {
            let is_set = set(wanted).is_ok();
            self.size = if is_set { wanted } else { 0 };
            self.is_off |= !is_set;
        }
        if self.is_off { one } else { all }
    }

    /// Whether segmentation may have caused a failed send. If so, it is turned off for the socket, and the driver
    /// retries with [`next`](Self::next).
    pub fn disable_on_error(&mut self, error: &io::Error) -> bool {
        let is_segmenting = self.size > 0 && !self.is_off;
        let disable_on_error =
            is_segmenting && Failure::new(error, System::CURRENT).is_about_data();
        self.is_off |= disable_on_error;
        disable_on_error
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn all_datagrams_are_sent_at_once_and_the_last_without_padding() {
        let mut segmentation = Segmentation::default();
        let mut sizes = Vec::new();
        for _ in 0..2 {
            let transmit = transmit("aaa\nbb\n\nc\n\n\n", 4);
            let next = segmentation.next(&transmit, |size| record(&mut sizes, size));
            assert_eq!(next, (&b"aaa\nbb\n\nc"[..], 12));
        }
        assert_eq!(sizes, [4], "the option is set once");
    }

    #[test]
    fn the_option_is_set_only_if_that_makes_a_difference() {
        let mut segmentation = Segmentation::default();
        let mut sizes = Vec::new();
        for (text, size) in [
            ("a", 4),        // alone, and nothing is set
            ("aaa\nb", 4),   // two
            ("a", 4),        // alone, and no longer than what is set
            ("aaaaa", 5),    // alone, and longer
            ("aaa\nb", 4),   // two
            ("aaaa\nbb", 5), // two of another size
        ] {
            let transmit = transmit(text, size);
            let next = segmentation.next(&transmit, |size| record(&mut sizes, size));
            assert_eq!(next, (text.as_bytes(), text.len()));
        }
        assert_eq!(sizes, [4, 0, 4, 5]);
    }

    #[test]
    fn without_kernel_support_datagrams_are_sent_one_by_one() {
        let mut segmentation = Segmentation::default();
        let transmit = transmit("aaa\nbb", 4);
        let refuse = |_| Err(io::ErrorKind::Unsupported.into());
        assert_eq!(segmentation.next(&transmit, refuse), (&b"aaa"[..], 4));
        let never = |_| panic!("the option is not set again");
        assert_eq!(segmentation.next(&transmit, never), (&b"aaa"[..], 4));
        assert!(!segmentation.disable_on_error(&io::ErrorKind::InvalidInput.into()));
    }

    #[test]
    fn a_send_that_fails_with_segmentation_is_retried_without() {
        let mut segmentation = Segmentation::default();
        let mut sizes = Vec::new();
        let transmit = transmit("aaa\nbb", 4);
        segmentation.next(&transmit, |size| record(&mut sizes, size));
        assert!(segmentation.disable_on_error(&io::Error::other("EIO")));
        let next = segmentation.next(&transmit, |size| record(&mut sizes, size));
        assert_eq!(next, (&b"aaa"[..], 4));
        assert_eq!(sizes, [4, 0]);
        assert!(!segmentation.disable_on_error(&io::Error::other("EIO")));
    }

    #[test]
    fn an_unreachable_server_does_not_disable_segmentation() {
        let mut segmentation = Segmentation::default();
        let transmit = transmit("aaa\nbb", 4);
        segmentation.next(&transmit, |_| Ok(()));
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::PermissionDenied,
        ] {
            assert!(!segmentation.disable_on_error(&kind.into()), "{kind}");
        }
    }

    #[test]
    fn a_part_of_a_stream_is_sent_as_it_is() {
        let transmit = Transmit {
            data: Bytes::from_static(b"a\nb\n"),
            segment_size: None,
            keeps_break: false,
        };
        let never = |_| panic!("a stream has no segments");
        let next = Segmentation::default().next(&transmit, never);
        assert_eq!(next, (&b"a\nb\n"[..], 4));
    }

    fn transmit(text: &'static str, size: usize) -> Transmit {
        Transmit {
            data: Bytes::from_static(text.as_bytes()),
            segment_size: Some(size),
            keeps_break: false,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a kernel may fail")]
    fn record(sizes: &mut Vec<usize>, size: usize) -> io::Result<()> {
        sizes.push(size);
        Ok(())
    }
}
