//! Several datagrams in one system call, where the kernel cuts them apart.

use std::io;

use crate::session::failure::{Failure, System};
use crate::session::instruction::Transmit;

/// How many datagrams of a [`Transmit`] a driver gives the kernel in one call: all of them where the
/// kernel cuts them apart by itself, as Linux does with the socket option `UDP_SEGMENT`, and one where
/// it cannot.
///
/// It belongs to a socket. Not every kernel, network card and path can cut: once that has failed,
/// datagrams leave one by one.
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
    /// How far apart the kernel cuts; 0 if it does not.
    size: usize,
    is_off: bool,
}

impl Segmentation {
    /// The bytes to send next, without what fills them up at their end, and how many bytes of the
    /// transmit they stand for. A part of a stream is all of it.
    ///
    /// `set` tells the kernel how far apart to cut, or with 0 not to cut at all.
    pub fn next<'a>(
        &mut self,
        transmit: &'a Transmit,
        set: impl FnOnce(usize) -> io::Result<()>,
    ) -> (&'a [u8], usize) {
        let one = transmit.first_datagram();
        let all = transmit.all_datagrams();
        let wanted = match transmit.segment_size {
            Some(size) if !self.is_off && one.1 < all.1 => size,
            // What is no longer than that is not cut.
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

    /// Whether a send may have failed because the kernel was to cut. Then it is not asked to any more,
    /// and the [`next`](Self::next) bytes may pass.
    pub fn disable_on_error(&mut self, error: &io::Error) -> bool {
        let is_cutting = self.size > 0 && !self.is_off;
        let disable_on_error = is_cutting && Failure::new(error, System::CURRENT).is_about_data();
        self.is_off |= disable_on_error;
        disable_on_error
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn all_datagrams_go_at_once_and_the_last_without_its_filling() {
        let mut segmentation = Segmentation::default();
        let mut told = Vec::new();
        for _ in 0..2 {
            let transmit = transmit("aaa\nbb\n\nc\n\n\n", 4);
            let next = segmentation.next(&transmit, |size| tell(&mut told, size));
            assert_eq!(next, (&b"aaa\nbb\n\nc"[..], 12));
        }
        assert_eq!(told, [4], "the kernel is told once");
    }

    #[test]
    fn the_kernel_is_told_only_what_makes_a_difference() {
        let mut segmentation = Segmentation::default();
        let mut told = Vec::new();
        for (text, size) in [
            ("a", 4),        // alone, and nothing is set
            ("aaa\nb", 4),   // two
            ("a", 4),        // alone, and no longer than what is set
            ("aaaaa", 5),    // alone, and longer
            ("aaa\nb", 4),   // two
            ("aaaa\nbb", 5), // two of another size
        ] {
            let transmit = transmit(text, size);
            let next = segmentation.next(&transmit, |size| tell(&mut told, size));
            assert_eq!(next, (text.as_bytes(), text.len()));
        }
        assert_eq!(told, [4, 0, 4, 5]);
    }

    #[test]
    fn a_kernel_that_cannot_cut_gets_one_by_one() {
        let mut segmentation = Segmentation::default();
        let transmit = transmit("aaa\nbb", 4);
        let refuse = |_| Err(io::ErrorKind::Unsupported.into());
        assert_eq!(segmentation.next(&transmit, refuse), (&b"aaa"[..], 4));
        let never = |_| panic!("it is not asked again");
        assert_eq!(segmentation.next(&transmit, never), (&b"aaa"[..], 4));
        assert!(!segmentation.disable_on_error(&io::ErrorKind::InvalidInput.into()));
    }

    #[test]
    fn a_send_that_the_cutting_let_fail_is_tried_again_without() {
        let mut segmentation = Segmentation::default();
        let mut told = Vec::new();
        let transmit = transmit("aaa\nbb", 4);
        segmentation.next(&transmit, |size| tell(&mut told, size));
        assert!(segmentation.disable_on_error(&io::Error::other("EIO")));
        let next = segmentation.next(&transmit, |size| tell(&mut told, size));
        assert_eq!(next, (&b"aaa"[..], 4));
        assert_eq!(told, [4, 0]);
        assert!(!segmentation.disable_on_error(&io::Error::other("EIO")));
    }

    #[test]
    fn a_server_that_is_away_is_not_blamed_on_the_cutting() {
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
    fn a_part_of_a_stream_goes_as_it_is() {
        let transmit = Transmit {
            data: Bytes::from_static(b"a\nb\n"),
            segment_size: None,
            keeps_break: false,
        };
        let never = |_| panic!("there is nothing to cut");
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
    fn tell(told: &mut Vec<usize>, size: usize) -> io::Result<()> {
        told.push(size);
        Ok(())
    }
}
