//! The examples of all crates as programs of their own: what arrives, what they print, how they exit.

// A scenario that is written and not listed below would pass without being run.
#![deny(dead_code)]

mod faults;
mod loops;
mod newcomer;
mod pipe;
mod process;
mod quickstart;
mod settings;
#[cfg(unix)]
mod signals;
#[cfg(not(all(windows, target_env = "gnu")))]
mod tls;
mod tool;
mod web;

/// Makes a scenario a test for each of these programs.
macro_rules! scenario {
    ($file:ident, $scenario:ident: $($name:ident $examples:ident),+) => {
        mod $scenario {
            use crate::process::Examples;

            $(
                #[test]
                fn $name() {
                    crate::$file::$scenario(Examples::$examples);
                }
            )+
        }
    };
}

/// Makes each scenario a test for the examples of each adapter.
macro_rules! programs {
    ($($file:ident { $($scenario:ident;)+ })+) => {$($(
        scenario! { $file, $scenario: async_std ASYNC_STD, smol SMOL, tokio TOKIO }
    )+)+};
}

/// Makes each scenario a test for the examples `pipe` and for the tool.
macro_rules! pipes {
    ($($file:ident { $($scenario:ident;)+ })+) => {$($(
        scenario! { $file, $scenario: async_std ASYNC_STD, smol SMOL, tokio TOKIO, tool TOOL }
    )+)+};
}

pipes! {
    faults {
        a_server_that_closes_at_once_sees_few_connections;
        resets_in_mid_line_neither_repeat_reorder_nor_tear;
    }
    pipe {
        lines_arrive_once_each_in_order;
        more_than_the_queue_holds_waits_for_a_slow_server;
        invalid_lines_are_reported_by_number_and_left_out;
        a_line_longer_than_a_batch_spoils_no_other;
        input_that_is_not_text_is_reported_and_left_out;
        an_empty_input_is_a_success;
        lines_are_sent_before_the_input_ends;
        the_prefix_precedes_each_name;
        a_late_server_gets_everything;
        without_a_server_all_is_dropped_after_the_linger;
        when_disabled_everything_is_read_and_nothing_sent;
        what_cannot_work_is_named_before_anything_is_read;
        an_unknown_argument_is_named;
    }
}

programs! {
    quickstart {
        it_shows_what_its_own_receivers_receive;
        it_sends_to_the_server_of_the_environment;
    }
}

// Its server needs ring, which the check of Windows by its GNU tools cannot compile.
#[cfg(not(all(windows, target_env = "gnu")))]
programs! {
    tls {
        lines_arrive_over_tls_also_after_a_restart;
        a_server_whose_certificate_is_not_known_gets_nothing;
        nothing_is_read_of_a_client_whose_certificate_is_not_known;
    }
}

#[cfg(unix)]
pipes! {
    signals {
        a_signal_ends_it_with_what_is_queued_sent;
        a_signal_without_a_server_ends_it_after_the_linger;
    }
}

#[cfg(target_os = "linux")]
pipes! {
    faults {
        a_resolver_that_hangs_delays_neither_the_stop_nor_the_end;
        a_server_that_never_reads_costs_little_memory;
    }
}
