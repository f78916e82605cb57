//! Scenarios that every adapter has to pass over each carrier, against servers on plain threads.

// A scenario that is written and not listed below would pass without being run.
#![deny(dead_code)]

mod adapters;
mod blocking;
mod config;
mod custom;
mod delivery;
mod floods;
mod hosts;
mod logs;
mod origin;
mod overload;
mod own;
mod packing;
mod reconnect;
mod resends;
mod resets;
mod scripted;
mod shutdown;
#[cfg(unix)]
mod sockets;
mod timers;
mod wire;
mod world;

/// Makes each scenario a test for each adapter, over each of the scenario's carriers.
macro_rules! conformance {
    ($($file:ident { $($scenario:ident: $($carrier:ident)+;)+ })+) => {$($(
        mod $scenario {
            per_adapter! { $file $scenario $($carrier)+ }
        }
    )+)+};
}

/// One line for each adapter.
macro_rules! per_adapter {
    ($($scenario:tt)+) => {
        per_carrier! { async_std AsyncStd $($scenario)+ }
        per_carrier! { smol Smol $($scenario)+ }
        per_carrier! { tokio Tokio $($scenario)+ }
    };
}

macro_rules! per_carrier {
    ($runtime:ident $adapter:ident $file:ident $scenario:ident $($carrier:ident)+) => {
        mod $runtime {
            $(carrier! { $carrier $adapter $file $scenario })+
        }
    };
}

/// One line for each carrier.
macro_rules! carrier {
    (custom_datagram $($test:ident)+) => { custom! { custom_datagram Udp false $($test)+ } };
    (custom_stream $($test:ident)+) => { custom! { custom_stream Tcp true $($test)+ } };
    (memory $($test:ident)+) => { test! { memory Tcp $($test)+ } };
    (tcp $($test:ident)+) => { test! { tcp Tcp $($test)+ } };
    (udp $($test:ident)+) => { test! { udp Udp $($test)+ } };
    (tcp_on_linux $($test:ident)+) => { test! { #[cfg(target_os = "linux")] tcp Tcp $($test)+ } };
    (unix_datagram_on_linux $($test:ident)+) => { test! { #[cfg(target_os = "linux")] unix_datagram UnixDatagram $($test)+ } };
    (unix_stream_on_linux $($test:ident)+) => { test! { #[cfg(target_os = "linux")] unix_stream UnixStream $($test)+ } };
    (unix_datagram $($test:ident)+) => { test! { #[cfg(unix)] unix_datagram UnixDatagram $($test)+ } };
    (unix_frames $($test:ident)+) => { test! { #[cfg(unix)] unix_frames UnixFrames $($test)+ } };
    (unix_stream $($test:ident)+) => { test! { #[cfg(unix)] unix_stream UnixStream $($test)+ } };
}

macro_rules! test {
    ($(#[$where:meta])? $name:ident $carrier:ident $adapter:ident $file:ident $scenario:ident) => {
        #[test]
        $(#[$where])?
        fn $name() {
            use crate::{adapters::$adapter, world::World};
            use tests::carrier::Carrier;

            crate::$file::$scenario(&World::<$adapter>::new(Carrier::$carrier));
        }
    };
}

/// The same, with sockets that the test opens itself.
macro_rules! custom {
    ($name:ident $carrier:ident $is_stream:literal $adapter:ident $file:ident $scenario:ident) => {
        #[test]
        fn $name() {
            use crate::{adapters::$adapter, own::Own, world::World};
            use tests::carrier::Carrier;

            crate::$file::$scenario(&World::<Own<$adapter, $is_stream>>::new(Carrier::$carrier));
        }
    };
}

conformance! {
    blocking {
        a_task_that_records_and_blocks_holds_up_no_metrics: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        a_server_that_reads_again_gets_everything_while_a_task_blocks: tcp unix_datagram unix_frames unix_stream;
        a_connection_comes_back_while_a_task_blocks: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        a_flush_ends_that_a_task_blocks_for: tcp udp unix_datagram unix_frames unix_stream;
        stop_ends_while_a_task_blocks: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
    }
    custom {
        lines_arrive_and_the_stream_is_shut_down_at_the_end: memory;
        a_connector_is_given_the_target_at_each_attempt: memory;
        a_connector_that_hangs_is_dropped_and_called_again: memory;
        stop_ends_while_a_connector_hangs: memory;
        a_connector_that_panics_ends_the_connection_and_is_not_hidden: memory;
        a_stream_that_ends_is_replaced_before_anything_is_written: memory;
        a_stream_that_fails_is_replaced: memory;
        lines_count_as_sent_when_the_stream_has_flushed_them: memory;
        what_was_not_flushed_is_sent_again: memory;
        a_stream_that_takes_nothing_is_given_up_after_the_write_timeout: memory;
        a_write_of_no_byte_is_a_failure_and_no_spin: memory;
        stop_ends_while_a_stream_hangs: memory;
        a_shutdown_that_fails_loses_nothing: memory;
        a_stream_that_is_old_is_shut_down_and_replaced: memory;
        a_restart_calls_the_connector_again: memory;
        what_only_a_socket_of_the_kernel_can_keep_is_refused_by_name: memory;
    }
    delivery {
        metrics_arrive_once_each_in_the_order_recorded: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        metrics_recorded_before_the_server_exists_arrive_once_it_starts: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        start_returns_before_it_is_connected: tcp udp unix_datagram unix_stream;
        a_line_leaves_by_itself_after_the_flush_interval: tcp udp unix_datagram unix_frames unix_stream;
        flush_does_not_wait_for_the_interval: tcp udp unix_datagram unix_frames unix_stream;
        flush_ends_when_the_lines_are_with_the_kernel: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        a_confirmed_flush_ends_when_nothing_can_be_refused_any_more: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        each_of_many_threads_keeps_its_order: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        a_burst_that_waits_for_room_loses_nothing: tcp unix_datagram unix_frames unix_stream;
        a_connection_awaited_beside_others_sends: tcp udp unix_datagram unix_frames unix_stream;
        a_client_that_records_nothing_sends_nothing: tcp udp unix_datagram unix_stream;
    }
    floods {
        metrics_arrive_at_a_server_that_talks_without_end: custom_stream tcp unix_frames unix_stream;
        datagrams_arrive_at_a_server_that_talks_without_end: custom_datagram udp;
        stop_ends_while_a_server_talks_and_does_not_read: tcp unix_frames unix_stream;
    }
    packing {
        every_line_on_a_stream_ends_in_one_line_break: custom_stream tcp unix_stream;
        every_frame_follows_its_length: unix_frames;
        datagrams_and_frames_hold_whole_lines_up_to_their_size: custom_datagram udp unix_datagram unix_frames;
        a_datagram_ends_in_line_breaks_only_if_they_fill_it_up: udp;
        without_segmentation_no_datagram_is_padded: custom_datagram udp unix_datagram;
        a_datagram_or_frame_may_be_full_to_the_byte: custom_datagram udp unix_datagram unix_frames;
        a_line_longer_than_a_datagram_goes_alone: udp;
        a_line_that_nothing_can_carry_is_refused_and_counted: tcp udp;
        the_longest_line_arrives_and_one_byte_more_is_refused: tcp udp unix_datagram unix_frames unix_stream;
        five_hundred_metrics_leave_in_few_writes: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
    }
    wire {
        each_call_sends_the_line_of_its_kind: tcp udp unix_datagram unix_stream;
        the_prefix_precedes_every_name: tcp udp unix_datagram unix_stream;
        without_a_prefix_names_start_with_their_kind: tcp udp;
        a_negative_gauge_is_zero_and_a_decrease: tcp udp;
        what_is_no_number_never_reaches_the_wire: tcp udp;
        a_name_cannot_forge_a_metric: tcp udp;
        names_are_sent_in_the_encoding_that_the_server_reads: tcp udp;
        tags_and_rates_reach_the_wire: tcp udp unix_datagram unix_frames;
    }
    timers {
        a_timer_sends_the_time_between_start_and_stop: tcp udp;
        a_stopped_timer_sends_only_on_request: tcp udp;
        a_timer_may_be_started_stopped_and_used_again: tcp udp;
        a_guard_sends_even_if_the_block_panics: tcp udp;
    }
    config {
        the_defaults_are_those_of_sprockets_statsd: tcp;
        a_setting_that_cannot_work_fails_before_anything_starts: tcp udp;
        an_unknown_protocol_is_an_error_at_construction: tcp;
        the_environment_decides_where_metrics_go: tcp udp unix_datagram unix_stream;
        explicit_settings_win_over_the_environment: tcp udp unix_datagram unix_stream;
        the_program_wins_over_an_address_of_the_environment: tcp udp;
        a_prefix_is_required_of_the_environment_unless_disabled: tcp udp;
        an_empty_environment_is_enough_to_be_disabled: tcp;
        a_disabled_config_does_nothing: tcp udp unix_datagram unix_frames unix_stream;
    }
    hosts {
        localhost_is_reached_at_each_of_its_addresses: tcp udp;
        an_ipv6_address_is_reached_with_and_without_brackets: tcp udp;
        a_host_that_cannot_be_found_does_not_keep_stop_waiting: tcp udp;
    }
    reconnect {
        fifty_lines_recorded_while_disconnected_arrive_in_order: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        a_restarted_server_is_found_again_and_again: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        a_reset_is_followed_by_a_new_connection: custom_stream tcp unix_frames unix_stream;
        an_orderly_end_is_followed_by_a_new_connection: custom_stream tcp unix_frames unix_stream;
        a_half_closed_connection_is_given_up: custom_stream tcp unix_frames unix_stream;
        a_closed_connection_is_noticed_before_the_next_write: custom_stream tcp unix_frames unix_stream;
        accept_then_close_is_neither_flooded_nor_written_to: custom_stream tcp unix_stream;
        a_server_that_stops_accepting_and_closing_gets_everything: custom_stream tcp unix_frames unix_stream;
        a_connect_without_an_answer_is_given_up: custom_stream tcp unix_stream;
        an_old_link_gives_way_to_a_new_one_and_nothing_is_lost: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        refused_datagrams_are_resent: custom_datagram udp;
        an_outage_costs_at_most_one_datagram: custom_datagram udp unix_datagram;
    }
    resets {
        resets_in_mid_line_neither_repeat_reorder_nor_tear: custom_stream tcp unix_frames unix_stream;
        closed_connections_under_load_neither_repeat_nor_reorder: custom_stream tcp unix_frames unix_stream;
        a_server_that_reads_nothing_is_given_up: custom_stream tcp unix_frames unix_stream;
        a_cut_line_is_resent_from_its_start: tcp unix_frames unix_stream;
    }
    resends {
        unacknowledged_lines_are_resent_if_so_configured: tcp;
        lines_are_resent_after_any_number_of_resets: tcp;
        stop_waits_for_what_is_not_acknowledged: tcp;
        stop_reports_unacknowledged_lines: tcp;
        no_carrier_but_tcp_sends_again_what_has_left: udp unix_datagram unix_frames unix_stream;
    }
    overload {
        a_full_queue_refuses_the_newest_and_keeps_the_earlier: tcp udp unix_datagram unix_frames unix_stream;
        a_full_queue_that_drops_the_oldest_keeps_the_newest: tcp udp unix_datagram unix_frames unix_stream;
        a_server_that_never_reads_costs_bounded_memory: tcp unix_datagram unix_frames unix_stream;
        a_server_that_never_reads_is_given_what_its_kernel_holds_and_a_write: tcp_on_linux;
        a_stalled_server_that_reads_again_gets_everything: custom_stream tcp unix_datagram unix_frames unix_stream;
        ready_waits_while_the_queue_is_full: tcp udp unix_datagram unix_frames unix_stream;
        a_queue_bounded_in_lines_does_not_wait_for_the_flush_interval: tcp udp unix_datagram unix_frames unix_stream;
        many_clients_may_wait_for_room: tcp udp unix_datagram unix_frames unix_stream;
    }
    shutdown {
        stop_sends_what_is_queued: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        stop_closes_the_connection: custom_stream tcp unix_stream;
        stop_with_nothing_queued_needs_no_server: custom_datagram custom_stream tcp udp unix_datagram unix_stream;
        stop_without_a_server_gives_up_after_the_close_timeout: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        stop_connects_again_to_send_what_is_queued: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        stop_ends_while_a_connect_hangs: custom_stream tcp unix_stream;
        stop_ends_while_the_server_does_not_read: custom_stream tcp unix_datagram unix_frames unix_stream;
        stop_twice_gives_the_same_report: tcp udp unix_datagram unix_stream;
        stop_from_many_threads_gives_the_same_report: tcp udp unix_datagram unix_stream;
        restart_after_stop_sends_again: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        restart_while_running_changes_nothing: tcp udp unix_datagram unix_stream;
        metrics_after_a_stop_are_refused_and_counted: tcp udp unix_datagram unix_stream;
        dropping_the_last_client_ends_the_connection: custom_datagram custom_stream tcp udp unix_datagram unix_frames unix_stream;
        any_client_may_wait_for_the_end: tcp udp unix_datagram unix_stream;
        a_cancelled_connection_releases_those_who_wait: custom_datagram custom_stream tcp udp unix_datagram unix_stream;
        stop_ends_after_the_runtime_has_gone: custom_datagram custom_stream tcp udp unix_datagram unix_stream;
        a_server_that_said_something_is_not_reset: tcp unix_frames unix_stream;
        a_connection_dropped_before_it_ran_counts_what_it_lost: tcp udp unix_datagram unix_stream;
    }
    sockets {
        a_socket_file_is_found_again_whether_it_stayed_or_went: unix_datagram unix_frames unix_stream;
        a_refused_datagram_waits_and_earlier_ones_are_not_resent: unix_datagram;
        a_full_receive_queue_that_stays_full_is_given_up_and_costs_nothing: unix_datagram;
        a_server_that_goes_while_a_datagram_waits_for_it_is_noticed: unix_datagram;
        datagrams_on_this_machine_are_not_paced: unix_datagram;
        a_socket_of_another_kind_is_no_server: unix_datagram unix_stream;
        the_address_that_the_agent_hands_out_is_one_of_datagrams: unix_datagram;
        an_abstract_socket_is_reached: unix_datagram_on_linux unix_stream_on_linux;
    }
    origin {
        an_agent_hears_which_container_sends: udp unix_datagram unix_frames;
        an_agent_hears_nothing_where_detection_is_off: udp unix_datagram unix_frames;
    }
    logs {
        a_connection_that_is_cut_off_is_logged_once: tcp udp unix_datagram unix_frames unix_stream;
        a_log_that_records_what_it_logs_neither_hangs_nor_feeds_itself: tcp udp unix_datagram unix_frames unix_stream;
        a_connector_that_is_dropped_without_a_stop_is_logged_once: tcp udp unix_datagram unix_frames unix_stream;
        a_failing_server_is_logged_in_few_words: tcp udp unix_datagram unix_stream;
        a_host_that_is_not_found_is_logged_with_the_systems_words: tcp udp;
        a_socket_of_another_kind_is_logged_with_the_systems_words: unix_datagram unix_stream;
        the_type_of_a_socket_is_found_and_logged: unix_frames;
        a_name_whose_second_address_answers_is_no_outage: tcp udp;
        a_full_queue_is_logged_in_few_words: tcp;
    }
}
