//! Environment variables of Datadog's clients.

use super::{collect, invalid, ordered, switch};
use crate::config::Config;
use crate::dogstatsd::Cardinality;
use crate::error::ConfigError;

impl Config {
    /// Reads the configuration for a Datadog agent from the environment of the process; see [`Config::from_dd_vars`].
    ///
    /// ```no_run
    /// use statsd_proto::Config;
    ///
    /// let config = Config::from_dd_env()?.prefix("shop");
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Config::from_dd_vars`], and a variable that is not valid Unicode.
    pub fn from_dd_env() -> Result<Self, ConfigError> {
        Self::from_dd_vars(collect(&VARIABLES)?)
    }

    /// Reads the configuration for a [Datadog agent](Self::dogstatsd) from pairs of a variable's name and value. Other
    /// variables and empty ones are ignored.
    ///
    /// | variable | value | if not set | also read by |
    /// |---|---|---|---|
    /// | `DD_AGENT_HOST` | a [host or an address](Config::host) | must be set by [`Config::host`] or [`Config::default_host`] | all of Datadog's clients |
    /// | `DD_DOGSTATSD_PORT` | 1 to 65535 | 8125 | all of them |
    /// | `DD_DOGSTATSD_SOCKET` | the path of a Unix socket, or its address; overrides the two above | | dogstatsd-ruby |
    /// | `DD_DOGSTATSD_URL` | an [address](Config::host); overrides the three above | | datadog-go, php-datadogstatsd |
    /// | `DATADOG_TAGS`, `DD_TAGS` | constant tags such as `team:web,beta`, separated by commas, or else by white space | no tags | datadogpy; dogstatsd-ruby |
    /// | `DD_ENTITY_ID`, `DD_ENV`, `DD_SERVICE`, `DD_VERSION` | constant tags `dd.internal.entity_id`, `env`, `service` and `version`, which override the tags above | no such tag | all of them |
    /// | `DD_EXTERNAL_ENV` | [external data](Config::external_data) | none | datadog-go, datadogpy, hot-shots |
    /// | `DD_CARDINALITY`, or else `DATADOG_CARDINALITY` | `none`, `low`, `orchestrator` or `high`, in any case | the agent's | datadog-go, java-dogstatsd-client, hot-shots, php-datadogstatsd |
    /// | `DD_ORIGIN_DETECTION_ENABLED` | `0`, `f`, `false`, `n`, `no` or `off` in any case for [no](Config::origin_detection) | yes | datadog-go, datadogpy, hot-shots |
    /// | `DD_DOGSTATSD_DISABLE` | a boolean, as in [`STATSD_ENABLED`](Config::from_vars); yes [disables](Config::enabled) the client | no | datadogpy |
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// let vars = [("DD_DOGSTATSD_URL", "udp://10.0.0.7:8125"), ("DD_ENV", "prod")];
    /// let config = Config::from_dd_vars(vars)?.default_host("localhost").prefix("shop");
    /// # config.check()
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A variable with an invalid value. A missing setting is reported when the configuration is used, because a
    /// setter may still supply it.
    pub fn from_dd_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut config = Self::dogstatsd("");
        // Applied in the order of the table: later variables override earlier ones.
        for (name, value) in ordered(&VARIABLES, vars) {
            if !value.as_ref().is_empty() {
                config = config.set_dd_var(name, value.as_ref())?;
            }
        }
        Ok(config)
    }

    fn set_dd_var(self, name: &'static str, value: &str) -> Result<Self, ConfigError> {
        match name {
            PORT => self.port_of(name, value),
            SOCKET if !value.contains("://") => {
                match self.address_of(name, &format!("unix://{value}")) {
                    Ok(config) => Ok(config),
                    Err(error) => Err(invalid(name, value, error.expected())),
                }
            }
            HOST | SOCKET | URL => self.address_of(name, value),
            TAGS | TRACER_TAGS => self.dd_tags(name, value),
            CARDINALITY | OTHER_CARDINALITY => match cardinality(value) {
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
            DISABLE => Ok(self.enabled(!switch(name, value)?)),
            ENTITY_ID => self.dd_tag(name, "dd.internal.entity_id", value),
            ENV => self.dd_tag(name, "env", value),
            SERVICE => self.dd_tag(name, "service", value),
            VERSION => self.dd_tag(name, "version", value),
            _ => Ok(self),
        }
    }

    fn dd_tags(mut self, name: &'static str, value: &str) -> Result<Self, ConfigError> {
        let has_commas = value.contains(',');
        let is_between = |char: char| {
            if has_commas {
                char == ','
            } else {
                char.is_whitespace()
            }
        };
        for tag in value.split(is_between).map(str::trim) {
            let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
            let is_known = self.tags.contains(&(key.to_owned(), value.to_owned()));
            if !tag.is_empty() && !is_known {
                self = self.tag(key, value).checked(name, Self::check_tags)?;
            }
        }
        Ok(self)
    }

    /// Sets a tag of which there is only one.
    fn dd_tag(mut self, name: &'static str, key: &str, value: &str) -> Result<Self, ConfigError> {
        self.tags.retain(|(known, _)| known != key);
        self.tag(key, value).checked(name, Self::check_tags)
    }
}

const CARDINALITY: &str = "DD_CARDINALITY";
const DISABLE: &str = "DD_DOGSTATSD_DISABLE";
const ENTITY_ID: &str = "DD_ENTITY_ID";
const ENV: &str = "DD_ENV";
const EXTERNAL_ENV: &str = "DD_EXTERNAL_ENV";
const HOST: &str = "DD_AGENT_HOST";
const ORIGIN_DETECTION: &str = "DD_ORIGIN_DETECTION_ENABLED";
const OTHER_CARDINALITY: &str = "DATADOG_CARDINALITY";
const PORT: &str = "DD_DOGSTATSD_PORT";
const SERVICE: &str = "DD_SERVICE";
const SOCKET: &str = "DD_DOGSTATSD_SOCKET";
const TAGS: &str = "DATADOG_TAGS";
const TRACER_TAGS: &str = "DD_TAGS";
const URL: &str = "DD_DOGSTATSD_URL";
const VERSION: &str = "DD_VERSION";

/// Variables in the order in which they are applied. Later ones override earlier ones.
const VARIABLES: [&str; 15] = [
    PORT,
    HOST,
    SOCKET,
    URL,
    TAGS,
    TRACER_TAGS,
    ENTITY_ID,
    ENV,
    SERVICE,
    VERSION,
    EXTERNAL_ENV,
    OTHER_CARDINALITY,
    CARDINALITY,
    ORIGIN_DETECTION,
    DISABLE,
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

/// Whether Datadog's clients read the value as false.
fn is_false(value: &str) -> bool {
    ["0", "f", "false", "n", "no", "off"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
