//! Real servers, fed by every adapter over each transport that they have, and read back.
//!
//! The reference server is looked for in the folder that `STATSD_INTEROP` names, the others where Debian
//! puts them. A test without its server says so and does nothing, unless `STATSD_INTEROP` is set: then all
//! servers have to be there.
//!
//! ```text
//! npm install --prefix FOLDER --no-audit --no-fund --omit=optional statsd@0.9.0
//! apt-get install -y --no-install-recommends collectd-core netdata-core
//! STATSD_INTEROP=FOLDER cargo test -p tests --test interop
//! ```

// A scenario that is written and not listed below would pass without being run.
#![deny(dead_code)]

mod adapters;
mod aggregates;
mod collectd;
mod counts;
mod exclusive;
mod folder;
mod kinds;
mod misread;
mod netdata;
mod process;
mod programs;
mod reference;
mod restarts;
mod server;

/// Makes each scenario a test for each adapter, against each of the scenario's servers.
macro_rules! interop {
    ($($file:ident { $($scenario:ident $turn:ident: $($server:ident)+;)+ })+) => {$($(
        mod $scenario {
            per_adapter! { $file $scenario $turn $($server)+ }
        }
    )+)+};
}

/// One line for each adapter.
macro_rules! per_adapter {
    ($($scenario:tt)+) => {
        per_server! { async_std $($scenario)+ }
        per_server! { smol $($scenario)+ }
        per_server! { tokio $($scenario)+ }
    };
}

macro_rules! per_server {
    ($adapter:ident $file:ident $scenario:ident $turn:ident $($server:ident)+) => {
        mod $adapter {
            $(server! { $server $adapter $file $scenario $turn })+
        }
    };
}

/// One line for each server, dialect and transport.
macro_rules! server {
    (collectd_udp $($test:ident)+) => { test! { collectd_udp Collectd Collectd Udp $($test)+ } };
    (graphite_tcp $($test:ident)+) => { test! { graphite_tcp Reference Graphite Tcp $($test)+ } };
    (graphite_udp $($test:ident)+) => { test! { graphite_udp Reference Graphite Udp $($test)+ } };
    (netdata_tcp $($test:ident)+) => { test! { netdata_tcp Netdata Netdata Tcp $($test)+ } };
    (netdata_udp $($test:ident)+) => { test! { netdata_udp Netdata Netdata Udp $($test)+ } };
    (reference_tcp $($test:ident)+) => { test! { reference_tcp Reference Statsd Tcp $($test)+ } };
    (reference_udp $($test:ident)+) => { test! { reference_udp Reference Statsd Udp $($test)+ } };
}

macro_rules! test {
    ($name:ident $server:ident $dialect:ident $transport:ident
     $adapter:ident $file:ident $scenario:ident $turn:ident) => {
        #[test]
        fn $name() {
            use crate::server::{RealServer as _, Speech, $server};
            use statsd_proto::{Dialect, Transport};

            let _turn = crate::exclusive::$turn();
            if let Some(mut server) = $server::installed() {
                let speech = Speech {
                    dialect: Dialect::$dialect,
                    transport: Transport::$transport,
                };
                crate::$file::$scenario(&mut server, speech, crate::adapters::$adapter);
            }
        }
    };
}

interop! {
    aggregates {
        a_thousand_counts_become_few_lines_and_add_up_exactly beside_others: collectd_udp netdata_tcp netdata_udp reference_tcp reference_udp;
        added_times_keep_their_count_and_sum beside_others: reference_tcp reference_udp;
        a_server_that_was_away_gets_all_counts beside_others: reference_tcp reference_udp;
    }
    counts {
        counts_add_up_exactly alone: collectd_udp netdata_tcp netdata_udp reference_tcp reference_udp;
        datagrams_may_be_as_large_as_the_dialect_says alone: collectd_udp netdata_udp reference_udp;
    }
    kinds {
        meters_and_histograms_are_read_where_there_are_some beside_others: netdata_tcp netdata_udp;
        every_kind_of_metric_is_read_as_it_is_meant beside_others: collectd_udp graphite_tcp graphite_udp netdata_tcp netdata_udp reference_tcp reference_udp;
        no_text_is_misread_or_brings_it_down beside_others: collectd_udp graphite_tcp graphite_udp netdata_tcp netdata_udp reference_tcp reference_udp;
    }
    misread {
        what_it_would_misread_is_an_error beside_others: collectd_udp graphite_udp netdata_udp reference_udp;
    }
    programs {
        a_program_that_knows_only_cadence alone: reference_tcp;
        a_program_that_knows_only_the_metrics_facade alone: reference_tcp;
    }
    restarts {
        a_kill_at_rest_loses_nothing beside_others: collectd_udp netdata_tcp netdata_udp reference_tcp reference_udp;
        a_kill_under_load_loses_what_the_kernel_had_taken alone: reference_tcp;
    }
}
