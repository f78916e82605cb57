//! Errors as each system reports them: none costs a line that could have been sent.

use std::io;

use statsd_proto::driver::{Failure, FailureKind, System};

use crate::network::Refusal;
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn a_refused_datagram_is_resent_whatever_the_system_calls_it() {
    for (system, codes) in [
        // `ECONNREFUSED`, `EHOSTDOWN`, `EHOSTUNREACH`.
        (System::Apple, &[61, 64, 65][..]),
        (System::Bsd, &[61, 64, 65]),
        // These, and `EACCES`, `ENONET`, `ENOPROTOOPT`, by ICMP.
        (System::Linux, &[111, 112, 113, 13, 64, 92]),
        // `WSAECONNRESET`, `WSAENETRESET`, `WSAECONNREFUSED`, `WSAEHOSTUNREACH`, `ERROR_PORT_UNREACHABLE`.
        (System::Windows, &[10_054, 10_052, 10_061, 10_065, 1234]),
    ] {
        for code in codes {
            for refusal in [
                Refusal::NextWrite,
                Refusal::Read(ms(0)),
                Refusal::Read(ms(49)),
            ] {
                let mut world = World::new(Settings::udp());
                world.net.refusal = refusal;
                world.net.refused_by = failure(system, *code);
                world.net.is_up = false;
                world.record_lines(10);
                world.session.flush();
                world.advance(ms(40));
                if refusal == Refusal::NextWrite {
                    world.record_lines(10);
                    world.session.flush();
                }
                world.advance(ms(10));
                assert_eq!(world.stats().disconnects, 1);
                world.net.is_up = true;
                assert_eq!(world.finish().abandoned, 0);
                assert_eq!(arrived(&world), world.accepted, "{system:?} {code}");
            }
        }
    }
}

#[test]
fn an_error_that_passes_by_itself_drops_no_datagram() {
    for (system, codes) in [
        // `EPERM`, `EACCES`, `EADDRNOTAVAIL`, `ENETDOWN`, `ENETUNREACH`, `ENOBUFS`, `EAGAIN`, `ENOMEM`; and
        // those of a Unix socket whose server is gone: `ECONNRESET`, `EDESTADDRREQ`, `ENOTCONN`, `EPIPE`.
        (System::Apple, BSD_PASSING),
        (System::Bsd, BSD_PASSING),
        (
            System::Linux,
            &[1, 13, 99, 100, 101, 105, 11, 12, 104, 111, 89, 107, 32],
        ),
        (
            System::Windows,
            &[
                10_013, 10_049, 10_050, 10_051, 10_055, 10_035, 10_054, 10_061, 10_057,
            ],
        ),
    ] {
        for (settings, code) in [Settings::udp(), Settings::unix_datagram()]
            .into_iter()
            .flat_map(|settings| codes.iter().map(move |code| (settings.clone(), code)))
        {
            let mut world = World::new(settings);
            world.net.write_errors = std::iter::repeat_n(failure(system, *code), 10).collect();
            world.record_lines(10);
            world.advance(secs(20));
            let stats = world.stats();
            assert_eq!(
                (stats.disconnects, stats.connects),
                (10, 11),
                "{system:?} {code}"
            );
            assert_eq!(world.finish().sent, 10, "{system:?} {code}");
            assert_eq!(arrived(&world), world.accepted);
        }
    }
}

#[test]
fn a_datagram_that_is_too_large_is_divided_on_each_system() {
    for (system, code) in [
        (System::Apple, 40),
        (System::Bsd, 40),
        (System::Linux, 90),
        (System::Windows, 10_040),
    ] {
        // macOS sends no more than 2048 bytes to a Unix socket, unless configured otherwise.
        let mut world = World::new(Settings::unix_datagram());
        world.net.mtu = 2048;
        world.net.too_large = failure(system, code);
        world.record_lines(2000);
        assert_eq!(world.finish().stats.disconnects, 2, "{system:?}");
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn an_error_of_no_known_meaning_is_tried_three_times_and_costs_its_datagram() {
    for system in [System::Apple, System::Linux, System::Other, System::Windows] {
        let mut world = World::new(Settings::udp());
        world.net.write_errors = std::iter::repeat_n(failure(system, 5_555), 3).collect();
        world.record_lines(10);
        let report = world.finish();
        let lost = report.stats.dropped.unsendable;
        assert_eq!((lost, report.sent), (10, 0), "{system:?}");
    }
}

#[test]
fn a_failure_without_a_system_means_the_same() {
    let failure = Failure::from(FailureKind::TooLarge);
    let read = Failure::new(&io::Error::from_raw_os_error(90), System::Linux);
    assert_eq!(failure.kind(), read.kind());
}

const BSD_PASSING: &[i32] = &[1, 13, 49, 50, 51, 55, 35, 12, 54, 61, 39, 57, 32];

fn failure(system: System, code: i32) -> Failure {
    Failure::new(&io::Error::from_raw_os_error(code), system)
}
