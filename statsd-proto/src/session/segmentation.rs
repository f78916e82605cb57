//! Segmentation offload: several datagrams in one system call.

use std::io;

use crate::session::failure::{Failure, System};
use crate::session::instruction::Transmit;

/// Segmentation offload of a UDP socket: how many datagrams of a [`Transmit`] a driver sends in one system call.
///
/// With the control message `UDP_SEGMENT`, Linux sends all of them in one call and splits them itself. By default, and
/// everywhere else, a call sends one datagram. The state belongs to one socket. Not every network card and path supports
/// segmentation; after a failure, datagrams are sent one by one.
///
/// ```
/// # use std::io;
/// # use statsd_proto::driver::{Segmentation, Transmit};
/// # struct Socket;
/// # impl Socket {
/// #     fn send(&self, bytes: &[u8], segment_size: Option<usize>) -> io::Result<usize> { Ok(bytes.len()) }
/// # }
/// fn write(socket: &Socket, segmentation: &mut Segmentation, transmit: &Transmit) -> io::Result<usize> {
///     loop {
///         let (bytes, len, segment_size) = segmentation.next(transmit);
///         match socket.send(bytes, segment_size) {
///             Err(error) if segmentation.disable_on_error(&error) => {}
///             sent => return sent.map(|_| len),
///         }
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Segmentation {
    is_on: bool,
    /// Whether the last send used segmentation.
    was_segmented: bool,
}

impl Segmentation {
    /// State for a Linux kernel of this release, the content of `/proc/sys/kernel/osrelease`. Segmentation is on from
    /// 4.18. An earlier kernel would ignore the control message and send everything as one datagram.
    ///
    /// ```
    /// use statsd_proto::driver::Segmentation;
    ///
    /// let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    /// let segmentation = Segmentation::of_linux(&release);
    /// ```
    #[must_use]
    pub fn of_linux(release: &str) -> Self {
        let mut numbers = release.split(|char: char| !char.is_ascii_digit());
        let mut number = || numbers.next().and_then(|number| number.parse().ok());
        let version: (Option<u32>, Option<u32>) = (number(), number());
        Self {
            is_on: version >= (Some(4), Some(18)),
            was_segmented: false,
        }
    }

    /// Returns the bytes to send next, without the padding at their end, the number of bytes of `transmit` that they
    /// cover, and the segment size. On a stream: all bytes. A segment size means that they are several datagrams, which
    /// the kernel has to split at this distance. `None` means a single datagram, or a stream.
    pub fn next<'a>(&mut self, transmit: &'a Transmit) -> (&'a [u8], usize, Option<usize>) {
        let one = transmit.first_datagram();
        let all = transmit.all_datagrams();
        let size = transmit
            .segment_size
            .filter(|_| self.is_on && one.1 < all.1);
        self.was_segmented = size.is_some();
        let (bytes, len) = match transmit.segment_size {
            Some(_) if size.is_none() => one,
            Some(_) | None => all,
        };
        (bytes, len, size)
    }

    /// Whether segmentation may have caused a failed send. If so, it is turned off for the socket, and the driver
    /// retries with [`next`](Self::next).
    pub fn disable_on_error(&mut self, error: &io::Error) -> bool {
        let is_cause = self.was_segmented && Failure::new(error, System::CURRENT).is_about_data();
        if is_cause {
            *self = Self::default();
        }
        is_cause
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn all_datagrams_are_sent_at_once_and_the_last_without_padding() {
        let mut segmentation = Segmentation::of_linux("6.1.0");
        for (text, bytes, len, size) in [
            ("aaa\nbb\n\nc\n\n\n", "aaa\nbb\n\nc", 12, Some(4)),
            ("a\n\n\n", "a", 4, None),
            ("aaa\nb", "aaa\nb", 5, Some(4)),
        ] {
            let transmit = transmit(text, 4);
            let next = segmentation.next(&transmit);
            assert_eq!(next, (bytes.as_bytes(), len, size));
        }
    }

    #[test]
    fn without_kernel_support_datagrams_are_sent_one_by_one() {
        let transmit = transmit("aaa\nbb", 4);
        for (release, is_cut) in [
            ("4.18.0-553.el8_10.x86_64\n", true),
            ("4.19.0", true),
            ("5.4.0-1103-aws", true),
            ("6.18.44", true),
            ("10.0", true),
            ("4.17.19", false),
            ("3.10.0-1160.el7.x86_64", false),
            // gVisor, which knows nothing of it, and an old subsystem for Linux of Windows.
            ("4.4.0", false),
            ("4.4.0-19041-Microsoft", false),
            ("4", false),
            ("", false),
            ("unknown", false),
        ] {
            let mut segmentation = Segmentation::of_linux(release);
            let size = segmentation.next(&transmit).2;
            assert_eq!(size, is_cut.then_some(4), "{release}");
        }
        let next = Segmentation::default().next(&transmit);
        assert_eq!(next, (&b"aaa"[..], 4, None));
    }

    #[test]
    fn a_send_that_fails_with_segmentation_is_retried_without() {
        let mut segmentation = Segmentation::of_linux("6.1.0");
        let transmit = transmit("aaa\nbb", 4);
        segmentation.next(&transmit);
        assert!(segmentation.disable_on_error(&io::Error::other("EIO")));
        assert_eq!(segmentation.next(&transmit), (&b"aaa"[..], 4, None));
        assert!(!segmentation.disable_on_error(&io::Error::other("EIO")));
    }

    #[test]
    fn a_send_that_fails_without_segmentation_is_not_retried() {
        let mut segmentation = Segmentation::of_linux("6.1.0");
        segmentation.next(&transmit("aaa\nbb", 4));
        segmentation.next(&transmit("aaa", 4));
        assert!(!segmentation.disable_on_error(&io::Error::other("EIO")));
    }

    #[test]
    fn an_unreachable_server_does_not_disable_segmentation() {
        let mut segmentation = Segmentation::of_linux("6.1.0");
        let transmit = transmit("aaa\nbb", 4);
        segmentation.next(&transmit);
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
            ends_stream: false,
            header: 0,
            keeps_break: false,
        };
        for release in ["6.1.0", ""] {
            let next = Segmentation::of_linux(release).next(&transmit);
            assert_eq!(next, (&b"a\nb\n"[..], 4, None));
        }
    }

    fn transmit(text: &'static str, size: usize) -> Transmit {
        Transmit {
            data: Bytes::from_static(text.as_bytes()),
            segment_size: Some(size),
            ends_stream: false,
            header: 0,
            keeps_break: false,
        }
    }
}
