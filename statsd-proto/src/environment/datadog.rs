//! The environment variables of Datadog's clients.

use super::{collect, invalid, rename};
use crate::config::{Config, Transport};
use crate::dogstatsd::Cardinality;
use crate::error::ConfigError;

impl Config {
    /// Reads the configuration for a Datadog agent from the process's environment; see
    /// [`Config::from_dd_vars`].
    ///
    /// # Errors
    ///
    /// As [`Config::from_dd_vars`]; also a variable that is not Unicode.
    pub fn from_dd_env() -> Result<Self, ConfigError> {
        Self::from_dd_vars(collect(&VARIABLES)?)
    }

    /// Reads the configuration for a [Datadog agent](Self::dogstatsd) from pairs of a variable's name and
    /// value, as datadog-go and datadogpy understand them; others are passed over, and so are empty ones.
    ///
    /// | variable | value | if not set |
    /// |---|---|---|
    /// | `DD_AGENT_HOST` | a host name, an IP address, or what may stand in `DD_DOGSTATSD_URL` | must be set by [`Config::host`] or [`Config::default_host`] |
    /// | `DD_DOGSTATSD_PORT` | 1 to 65535 | 8125 |
    /// | `DD_DOGSTATSD_URL` | `udp://host:port`, `unix:///path` or `unixgram:///path` for a socket of datagrams, `unixstream:///path` for a stream; wins over the two above | |
    /// | `DD_ENTITY_ID`, `DD_ENV`, `DD_SERVICE`, `DD_VERSION` | constant tags `dd.internal.entity_id`, `env`, `service` and `version` | no such tag |
    /// | `DD_EXTERNAL_ENV` | [external data](Config::external_data) | none |
    /// | `DD_CARDINALITY` | `none`, `low`, `orchestrator` or `high`, in any case | the agent's |
    /// | `DD_ORIGIN_DETECTION_ENABLED` | `0`, `f`, `false`, `n`, `no` or `off` in any case for [no](Config::origin_detection) | yes |
    ///
    /// Behind `unix://` those clients try a socket of datagrams first, which is what the agent listens
    /// on, and a stream if it is none; here it is always the former. They do not read `DD_TAGS`, which is
    /// for tracers; nor is it read here.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// let vars = [("DD_DOGSTATSD_URL", "unix:///var/run/datadog/dsd.socket"), ("DD_ENV", "prod")];
    /// let config = Config::from_dd_vars(vars)?.default_host("localhost").prefix("shop");
    /// # config.check()
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A variable whose value cannot work. What is missing is told when the configuration is used,
    /// since a setter may still add it.
    pub fn from_dd_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut values = VARIABLES.map(|_| None);
        for (name, value) in vars {
            let place = VARIABLES.iter().position(|known| *known == name.as_ref());
            if let Some(place) = place.filter(|_| !value.as_ref().is_empty()) {
                values[place] = Some(value);
            }
        }
        let mut config = Self::dogstatsd("");
        // In the table's order, whatever theirs was: the later win.
        for (name, value) in VARIABLES.into_iter().zip(values) {
            if let Some(value) = value {
                config = config.set_dd_var(name, value.as_ref())?;
            }
        }
        Ok(config)
    }

    fn set_dd_var(self, name: &'static str, value: &str) -> Result<Self, ConfigError> {
        match name {
            PORT => match value.trim().parse() {
                Ok(port) if port != 0 => Ok(self.port(port)),
                Ok(_) | Err(_) => Err(invalid(PORT, value, "a number from 1 to 65535")),
            },
            HOST if !value.contains("://") => {
                let config = self.host(value);
                config.check_host().map_err(|error| rename(error, HOST))?;
                Ok(config)
            }
            HOST | URL => self.dd_address(name, value),
            CARDINALITY => match cardinality(value) {
                Some(cardinality) => Ok(self.cardinality(cardinality)),
                None => Err(invalid(
                    name,
                    value,
                    "`none`, `low`, `orchestrator` or `high`",
                )),
            },
            EXTERNAL_ENV => self
                .external_data(value.trim())
                .checked(name, Self::check_origin),
            ORIGIN_DETECTION => Ok(self.origin_detection(!is_false(value))),
            ENTITY_ID => self.dd_tag(name, "dd.internal.entity_id", value),
            ENV => self.dd_tag(name, "env", value),
            SERVICE => self.dd_tag(name, "service", value),
            VERSION => self.dd_tag(name, "version", value),
            _ => Ok(self),
        }
    }

    fn dd_address(self, name: &'static str, value: &str) -> Result<Self, ConfigError> {
        const EXPECTED: &str = "a udp://, unix://, unixgram:// or unixstream:// address";
        match value.split_once("://") {
            Some(("unix" | "unixgram", path)) if !path.is_empty() => Ok(self.unix_datagram(path)),
            Some(("unixstream", path)) if !path.is_empty() => Ok(self.unix_stream(path)),
            Some(("udp", _)) => self
                .transport(Transport::Udp)
                .address(value)
                .map_err(|error| rename(error, name)),
            _ => Err(invalid(name, value, EXPECTED)),
        }
    }

    fn dd_tag(self, name: &'static str, key: &str, value: &str) -> Result<Self, ConfigError> {
        self.tag(key, value).checked(name, Self::check_tags)
    }

    /// The configuration, if what was just set can work.
    fn checked(
        self,
        name: &'static str,
        check: impl FnOnce(&Self) -> Result<(), ConfigError>,
    ) -> Result<Self, ConfigError> {
        check(&self).map_err(|error| rename(error, name))?;
        Ok(self)
    }
}

const CARDINALITY: &str = "DD_CARDINALITY";
const ENTITY_ID: &str = "DD_ENTITY_ID";
const ENV: &str = "DD_ENV";
const EXTERNAL_ENV: &str = "DD_EXTERNAL_ENV";
const HOST: &str = "DD_AGENT_HOST";
const ORIGIN_DETECTION: &str = "DD_ORIGIN_DETECTION_ENABLED";
const PORT: &str = "DD_DOGSTATSD_PORT";
const SERVICE: &str = "DD_SERVICE";
const URL: &str = "DD_DOGSTATSD_URL";
const VERSION: &str = "DD_VERSION";

/// In the order in which they are set: addresses win over the port, and the URL over all.
const VARIABLES: [&str; 10] = [
    PORT,
    HOST,
    URL,
    ENTITY_ID,
    ENV,
    SERVICE,
    VERSION,
    EXTERNAL_ENV,
    CARDINALITY,
    ORIGIN_DETECTION,
];

fn cardinality(value: &str) -> Option<Cardinality> {
    [
        Cardinality::High,
        Cardinality::Low,
        Cardinality::None,
        Cardinality::Orchestrator,
    ]
    .into_iter()
    .find(|cardinality| value.eq_ignore_ascii_case(cardinality.text()))
}

/// What either of the two clients takes for no.
fn is_false(value: &str) -> bool {
    ["0", "f", "false", "n", "no", "off"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where_the_agent_is_and_who_sends() {
        let vars = [
            ("DD_VERSION", "7"),
            ("DD_SERVICE", "shop"),
            ("DD_ENV", "prod"),
            ("DD_ENTITY_ID", "pod-1"),
            ("DD_AGENT_HOST", "10.0.0.7"),
            ("DD_DOGSTATSD_PORT", "9125"),
            ("DD_EXTERNAL_ENV", " it-false,cn-web\n"),
            ("DD_CARDINALITY", "Low"),
            ("DD_ORIGIN_DETECTION_ENABLED", "true"),
            ("DD_TAGS", "a:b"),
            ("STATSD_PREFIX", "c"),
        ];
        let expected = Config::dogstatsd("10.0.0.7")
            .port(9125)
            .tag("dd.internal.entity_id", "pod-1")
            .tag("env", "prod")
            .tag("service", "shop")
            .tag("version", "7")
            .external_data("it-false,cn-web")
            .cardinality(Cardinality::Low);
        assert_eq!(expected.check(), Ok(()));
        let mut vars = Vec::from(vars);
        for _ in 0..vars.len() {
            vars.rotate_left(1);
            assert_eq!(Config::from_dd_vars(vars.clone()), Ok(expected.clone()));
        }
    }

    #[test]
    fn an_address_wins_over_host_and_port() {
        let base = || Config::dogstatsd("").port(7);
        for (url, expected) in [
            ("udp://a:9125", base().host("a").port(9125)),
            ("udp://a", base().host("a")),
            ("udp://[::1]:1", base().host("[::1]").port(1)),
            ("unix:///dsd", base().unix_datagram("/dsd")),
            ("unixgram:///dsd", base().unix_datagram("/dsd")),
            ("unixstream:///dsd", base().unix_stream("/dsd")),
        ] {
            let port = ("DD_DOGSTATSD_PORT", "7");
            let as_host = Config::from_dd_vars([("DD_AGENT_HOST", url), port]);
            assert_eq!(as_host, Ok(expected.clone()), "{url}");
            let vars = [("DD_DOGSTATSD_URL", url), port, ("DD_AGENT_HOST", "b")];
            let config = Config::from_dd_vars(vars).unwrap();
            let host = expected.host.clone();
            assert_eq!(config.host(host), expected, "{url}");
        }
    }

    #[test]
    fn empty_variables_are_as_good_as_none() {
        let vars = VARIABLES.map(|name| (name, ""));
        assert_eq!(Config::from_dd_vars(vars), Ok(Config::dogstatsd("")));
    }

    #[test]
    fn origin_detection_is_turned_off_by_any_word_for_no() {
        for (value, is_sent) in [
            ("false", false),
            ("0", false),
            ("OFF", false),
            ("no", false),
            ("1", true),
            ("yes", true),
            ("maybe", true),
        ] {
            let vars = [("DD_ORIGIN_DETECTION_ENABLED", value)];
            let config = Config::from_dd_vars(vars).unwrap();
            let expected = Config::dogstatsd("").origin_detection(is_sent);
            assert_eq!(config, expected, "{value}");
        }
    }

    #[test]
    fn a_bad_variable_is_named_with_its_value() {
        for (name, value) in [
            ("DD_AGENT_HOST", "a b"),
            ("DD_AGENT_HOST", "host:8125"),
            ("DD_AGENT_HOST", "tcp://host"),
            ("DD_DOGSTATSD_PORT", "0"),
            ("DD_DOGSTATSD_PORT", "http"),
            ("DD_DOGSTATSD_URL", "host:8125"),
            ("DD_DOGSTATSD_URL", "tcp://host:8125"),
            ("DD_DOGSTATSD_URL", "udp://host:0"),
            ("DD_DOGSTATSD_URL", "unix://"),
            ("DD_DOGSTATSD_URL", r"\\.\pipe\dsd"),
            ("DD_CARDINALITY", "medium"),
            ("DD_EXTERNAL_ENV", "a|b"),
            ("DD_ENV", "a|b"),
            ("DD_ENTITY_ID", "a\n"),
            ("DD_SERVICE", "a,b"),
        ] {
            let error = Config::from_dd_vars([(name, value)]).unwrap_err();
            let text = error.to_string();
            let shown = format!("{value:?}");
            let shown = shown.trim_matches('"');
            assert!(text.contains(name) && text.contains(shown), "{text}");
        }
    }
}
