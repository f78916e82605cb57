//! A library that records metrics. It depends on `statsd-proto` alone, and takes a [`Client`] from the program, which
//! chooses the server and the runtime: `statsd_tokio::Client` and those of the other adapters are this type.

use statsd_proto::Client;

/// Imports rows, and counts them.
#[derive(Debug)]
pub struct Importer {
    client: Client,
}

impl Importer {
    /// Records with this client. Without metrics, pass [`Client::noop`].
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.scoped("importer"),
        }
    }

    /// Imports the rows that contain a comma. Returns their number.
    pub fn import(&self, rows: &[&str]) -> usize {
        let _guard = self.client.time("import");
        let (good, bad): (Vec<&str>, Vec<&str>) = rows.iter().partition(|row| row.contains(','));
        for (quality, rows) in [("good", &good), ("bad", &bad)] {
            let count = self.client.count("rows", rows.len());
            count.tag("quality", quality).send();
        }
        good.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use statsd_proto::Config;
    use statsd_proto::testing::recorder;

    use super::*;

    #[test]
    fn an_import_counts_its_rows() {
        let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
        assert_eq!(Importer::new(&client).import(&["a,1", "b,2", "c"]), 2);
        let expected = [
            "importer.rows:2|c|#quality:good",
            "importer.rows:1|c|#quality:bad",
            // The clock of the recorder does not advance by itself.
            "importer.import:0|ms",
        ];
        assert_eq!(recorder.lines(), expected);
    }

    #[test]
    fn an_import_during_an_outage_is_sent_afterwards() {
        let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
        recorder.set_up(false);
        Importer::new(&client).import(&["a,1"]);
        recorder.advance(Duration::from_secs(300));
        assert_eq!(recorder.lines(), [""; 0]);
        recorder.set_up(true);
        assert_eq!(recorder.names().len(), 3);
    }

    #[test]
    fn without_a_client_an_import_works_the_same() {
        assert_eq!(Importer::new(&Client::noop()).import(&["a,1"]), 1);
    }
}
