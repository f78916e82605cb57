use super::*;

#[test]
fn each_system_reports_the_same_in_its_own_codes() {
    for (kind, apple, linux, windows) in [
        (Refused, 61, 111, 10_061),
        (Reset, 54, 104, 10_054),
        (TooLarge, 40, 90, 10_040),
        (Transient, 55, 105, 10_055),
        (Network, 51, 101, 10_051),
        (PeerClosed, 57, 107, 10_057),
        (TimedOut, 60, 110, 10_060),
        (WrongSocket, 41, 91, 10_041),
        (Unsupported, 47, 97, 10_047),
    ] {
        for (system, code) in [
            (System::Apple, apple),
            (System::Bsd, apple),
            (System::Linux, linux),
            (System::Windows, windows),
        ] {
            assert_eq!(read(code, system), kind, "{code} of {system:?}");
        }
    }
}

#[test]
fn a_peer_that_is_gone_has_other_codes_where_datagrams_go_to_a_file() {
    for system in [System::Apple, System::Bsd] {
        // `ENOTCONN`, `EDESTADDRREQ`, `EPIPE`.
        for code in [57, 39, 32] {
            assert_eq!(read(code, system), PeerClosed, "{code} of {system:?}");
        }
    }
    assert_eq!(read(89, System::Linux), PeerClosed, "EDESTADDRREQ");
}

#[test]
fn a_code_of_another_system_is_not_read_by_this_ones() {
    let refused_here = if cfg!(target_os = "linux") { 111 } else { 61 };
    let elsewhere = if System::CURRENT == System::Windows {
        System::Linux
    } else {
        System::Windows
    };
    let _ = read(refused_here, System::CURRENT);
    assert_eq!(read(refused_here, elsewhere), Other);
}

#[test]
fn errors_that_no_system_reported_are_read_by_their_kind() {
    for system in [System::Apple, System::Linux, System::Other, System::Windows] {
        for (kind, expected) in [
            (ErrorKind::UnexpectedEof, PeerClosed),
            (ErrorKind::ConnectionRefused, Refused),
            (ErrorKind::Unsupported, Unsupported),
            (ErrorKind::InvalidData, Other),
        ] {
            assert_eq!(Failure::new(&kind.into(), system).kind(), expected);
        }
    }
}

#[test]
fn the_systems_words_are_kept_and_a_bare_name_gets_ours() {
    // What the standard library adds to the resolver's words.
    let words = "failed to lookup address information: Name or service not known";
    let failure = Failure::new(&io::Error::other(words), System::CURRENT);
    assert_eq!(failure.to_string(), "Name or service not known");
    let failure = Failure::new(&ErrorKind::UnexpectedEof.into(), System::CURRENT);
    assert_eq!(failure.to_string(), "closed by the server");
    let code = io::Error::from_raw_os_error(if cfg!(windows) { 10_061 } else { 111 });
    let failure = Failure::new(&code, System::CURRENT);
    assert_eq!(failure.to_string(), code.to_string());
}

#[test]
fn what_a_runtime_puts_around_an_error_hides_neither_its_code_nor_its_words() {
    #[derive(Debug)]
    struct Wrapped(io::Error);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("could not connect")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let code = if System::CURRENT == System::Windows {
        10_061
    } else {
        111
    };
    let inner = io::Error::from_raw_os_error(code);
    let expected = format!("could not connect: {inner}");
    let failure = Failure::new(&io::Error::other(Wrapped(inner)), System::Linux);
    assert_eq!(failure.to_string(), expected);
    assert_eq!(failure.kind() == Refused, code == 111);
}

fn read(code: i32, system: System) -> FailureKind {
    Failure::new(&io::Error::from_raw_os_error(code), system).kind()
}
