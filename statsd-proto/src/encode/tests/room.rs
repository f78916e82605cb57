//! In a buffer of any size, a record is written whole, or not at all and with the right error.

use proptest::prelude::*;

use super::arbitrary::{case, dialect};
use super::*;
use crate::dogstatsd::{Event, ServiceCheck, Status};

proptest! {
    #[test]
    fn a_record_is_the_same_in_any_room_that_is_large_enough(case in case()) {
        let pairs = case.pairs();
        let metric = case.metric(&pairs);
        let encoder = Encoder::new(&case.config);
        check_rooms(|cursor| encoder.encode(&metric, cursor))?;
        if let Ok(template) = encoder.template(&metric) {
            check_rooms(|cursor| encoder.encode_value(&template, metric.value, None, cursor))?;
        }
    }

    #[test]
    fn an_event_or_a_check_is_the_same_in_any_room(text in "\\PC{0,9}[\n\r|m:]{0,5}", name in "[a-z|]{1,9}") {
        let tags = [(&*name, &*text)];
        let event = Event::new(&name, &text).hostname(&name).tags(&tags).timestamp(77);
        let check = ServiceCheck::new(&name, Status::Ok).message(&text).tags(&tags);
        let encoder = Encoder::new(&Config::dogstatsd("localhost").container_id("1f"));
        check_rooms(|cursor| encoder.encode_event(&event, cursor))?;
        check_rooms(|cursor| encoder.encode_service_check(&check, cursor))?;
    }

    #[test]
    fn no_record_is_longer_than_the_limit(dialect in dialect(), len in 0..80_usize, is_stream: bool, count in 1..5_usize) {
        let transport = if is_stream { Transport::Tcp } else { Transport::UnixDatagram };
        let config = Config::new("localhost").kind_prefixes(false).dialect(dialect).transport(transport);
        let config = config.max_line(64).max_datagram(64);
        let limit = if dialect == Dialect::DogStatsd && !is_stream { 63 } else { 64 };
        let name = "n".repeat(len + 1);
        let values = vec![0.5; count];
        for metric in [
            Metric::counter(&name, 1),
            Metric::gauge(&name, -1),
            Metric::timings_ms(&name, &values),
        ] {
            let result = encode(&config, &metric);
            // Result without a limit.
            let free = encode(&config.clone().max_line(4095).max_datagram(4095), &metric).unwrap();
            let longest = if is_stream {
                free.split('\n').map(str::len).max().unwrap()
            } else {
                free.len()
            };
            let expected = if longest <= limit { Ok(free) } else { Err(RecordError::LineTooLong) };
            prop_assert_eq!(result, expected);
        }
    }
}

/// Writes into buffers of each size up to a little more than needed.
fn check_rooms(
    encode: impl Fn(Cursor<'_>) -> Result<Written, Unwritten>,
) -> Result<(), TestCaseError> {
    let mut room = vec![0; 8192];
    let whole = encode(Cursor::new(&mut room));
    let len = match whole {
        Ok(written) => written.bytes,
        Err(Unwritten::Refused(_)) => 100,
        Err(Unwritten::Full) => panic!("the room is larger than any of these records"),
    };
    for size in 0..len + 80 {
        let mut memory = vec![b'#'; size + 1];
        let result = encode(Cursor::new(&mut memory[..size]));
        prop_assert_eq!(memory[size], b'#');
        match (whole, result) {
            (Ok(_), Ok(written)) => {
                prop_assert!(size >= len);
                prop_assert_eq!(whole, Ok(written));
                prop_assert_eq!(&memory[..len], &room[..len]);
            }
            (Ok(_), Err(error)) => {
                prop_assert_eq!(error, Unwritten::Full);
                prop_assert!(size < len, "{size} is room for {len}");
            }
            // A buffer that is too small may end before the invalid part is reached.
            (Err(error), Err(met)) => prop_assert!(met == error || met == Unwritten::Full),
            (Err(error), Ok(_)) => prop_assert!(false, "{error:?}, but written into {size}"),
        }
    }
    Ok(())
}

#[test]
fn a_record_that_no_room_makes_a_line_of_is_refused_in_a_room_of_the_limit() {
    let encoder = Encoder::new(&statsd_config());
    for name in [
        "n".repeat(4096),
        "n".repeat(8 << 20),
        "\u{1f600}".repeat(2 << 20),
    ] {
        for metric in [
            Metric::counter(&name, 1),
            Metric::gauge(&name, -1),
            Metric::set("x", &name),
            Metric::counter("x", 1).tags(&[("k", &name)]),
            Metric::counter("x", 1).tags(&[(&*name, "v"), ("k", "v")]),
            Metric::line(&name),
        ] {
            for size in [4095, 4096, 9000] {
                let mut room = vec![0; size];
                let result = encoder.encode(&metric, Cursor::new(&mut room));
                assert_eq!(result, Err(Unwritten::Refused(RecordError::LineTooLong)));
            }
        }
    }
}

#[test]
fn every_line_of_a_record_may_have_the_longest_length_on_a_stream() {
    let config = statsd_config().max_line(16);
    let level = Metric::gauge("n", -1_234_567_890.0);
    let expected = "n:0|g\nn:-1234567890|g";
    assert_eq!(encode(&config, &level).as_deref(), Ok(expected));
    let longer = Metric::gauge("n", -12_345_678_901.0);
    let refused = Err(RecordError::LineTooLong);
    assert_eq!(encode(&config.clone().max_line(15), &longer), refused);
    // A datagram needs room for both lines.
    let datagram = config.transport(Transport::UnixDatagram).max_datagram(20);
    assert_eq!(encode(&datagram, &level), refused);
}

#[test]
fn an_encoded_record_is_described_with_the_length_of_its_name() {
    let config = statsd_config()
        .dialect(Dialect::SignalFx)
        .prefix("shop")
        .tag("k", "v");
    let encoder = Encoder::new(&config);
    let mut room = [0; 200];
    let mut encode = |metric: Metric<'_>| encoder.encode(&metric, Cursor::new(&mut room)).unwrap();
    for (metric, lines, bytes, is_joined) in [
        (Metric::counter("x", 1), 1, "shop.x[k=v]:1|c".len(), false),
        (
            Metric::gauge("x", -1),
            2,
            "shop.x[k=v]:0|g\nshop.x[k=v]:-1|g".len(),
            true,
        ),
        (
            Metric::timings_ms("x", &[1.0, 2.0]),
            2,
            "shop.x[k=v]:1|ms\nshop.x[k=v]:2|ms".len(),
            false,
        ),
        (
            Metric::line("shop.x[k=v]:1|c"),
            1,
            "shop.x[k=v]:1|c".len(),
            false,
        ),
    ] {
        let expected = Written {
            lines,
            bytes,
            name_len: "shop.x".len(),
            is_joined,
        };
        assert_eq!(encode(metric), expected, "{metric:?}");
    }
}
