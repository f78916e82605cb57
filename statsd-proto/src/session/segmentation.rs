//! Several datagrams in one system call, where the kernel cuts them apart.

use std::io;

use crate::session::failure::{Failure, System};
use crate::session::instruction::Transmit;

/// How many datagrams of a [`Transmit`] a driver gives the kernel in one call: all of them where the
/// kernel cuts them apart by itself, as Linux does with the control message `UDP_SEGMENT`, and one where
/// it cannot, which is the default.
///
/// It belongs to a socket. Not every network card and path can cut: once that has failed, datagrams
/// leave one by one.
///
/// ```
/// # use std::io;
/// # use statsd_proto::{Segmentation, Transmit};
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
    /// Whether the kernel was asked to cut what was sent last.
    was_asked: bool,
}

impl Segmentation {
    /// For the Linux kernel of this release, as `/proc/sys/kernel/osrelease` has it: from 4.18 on it cuts. One
    /// before would take no notice of the control message, and send everything as one datagram.
    pub fn of_linux(release: &str) -> Self {
        let mut numbers = release.split(|char: char| !char.is_ascii_digit());
        let mut number = || numbers.next().and_then(|number| number.parse().ok());
        let version: (Option<u32>, Option<u32>) = (number(), number());
        Self {
            is_on: version >= (Some(4), Some(18)),
            was_asked: false,
        }
    }

    /// The bytes to send next, without what fills them up at their end, and how many bytes of the
    /// transmit they stand for. A part of a stream is all of it. With a size, they are several datagrams, and
    /// the kernel is to cut them so many bytes apart.
    pub fn next<'a>(&mut self, transmit: &'a Transmit) -> (&'a [u8], usize, Option<usize>) {
        let one = transmit.first_datagram();
        let all = transmit.all_datagrams();
        let size = transmit
            .segment_size
            .filter(|_| self.is_on && one.1 < all.1);
        self.was_asked = size.is_some();
        let (bytes, len) = match transmit.segment_size {
            Some(_) if size.is_none() => one,
            Some(_) | None => all,
        };
        (bytes, len, size)
    }

    /// Whether a send may have failed because the kernel was to cut. Then it is not asked to any more,
    /// and the [`next`](Self::next) bytes may pass.
    pub fn disable_on_error(&mut self, error: &io::Error) -> bool {
        let is_to_blame = self.was_asked && Failure::new(error, System::CURRENT).is_about_data();
        if is_to_blame {
            *self = Self::default();
        }
        is_to_blame
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn all_datagrams_go_at_once_and_the_last_without_its_filling() {
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
    fn a_kernel_that_cannot_cut_gets_one_by_one() {
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
    fn a_send_that_the_cutting_let_fail_is_tried_again_without() {
        let mut segmentation = Segmentation::of_linux("6.1.0");
        let transmit = transmit("aaa\nbb", 4);
        segmentation.next(&transmit);
        assert!(segmentation.disable_on_error(&io::Error::other("EIO")));
        assert_eq!(segmentation.next(&transmit), (&b"aaa"[..], 4, None));
        assert!(!segmentation.disable_on_error(&io::Error::other("EIO")));
    }

    #[test]
    fn a_send_that_was_not_to_be_cut_is_not_tried_again() {
        let mut segmentation = Segmentation::of_linux("6.1.0");
        segmentation.next(&transmit("aaa\nbb", 4));
        segmentation.next(&transmit("aaa", 4));
        assert!(!segmentation.disable_on_error(&io::Error::other("EIO")));
    }

    #[test]
    fn a_server_that_is_away_is_not_blamed_on_the_cutting() {
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
    fn a_part_of_a_stream_goes_as_it_is() {
        let transmit = Transmit {
            data: Bytes::from_static(b"a\nb\n"),
            segment_size: None,
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
            keeps_break: false,
        }
    }
}
