//! Origin of a metric: as the configuration sets it, and as the Datadog agent reads it.

use arbitrary::{Result, Unstructured};
use statsd_proto::Config;
use statsd_proto::dogstatsd::Cardinality;

use super::text;

/// Settings of the origin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    container_id: Option<String>,
    cgroup_inode: Option<u64>,
    external_data: Option<String>,
    cardinality: Option<Cardinality>,
    is_hidden: bool,
}

impl Origin {
    pub(crate) fn arbitrary(input: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self {
            container_id: match input.int_in_range(0..=3)? {
                0 => Some(text::text(input)?),
                1 => Some("83c0a99c0a54".to_owned()),
                _ => None,
            },
            cgroup_inode: input.arbitrary()?,
            external_data: match input.int_in_range(0..=3)? {
                0 => Some(text::text(input)?),
                1 => Some("it-false,cn-web".to_owned()),
                _ => None,
            },
            cardinality: cardinality(input)?,
            is_hidden: input.ratio(1, 8)?,
        })
    }

    pub(crate) fn configure(&self, mut config: Config) -> Config {
        if let Some(id) = &self.container_id {
            config = config.container_id(id);
        }
        if let Some(inode) = self.cgroup_inode {
            config = config.cgroup_inode(inode);
        }
        if let Some(data) = &self.external_data {
            config = config.external_data(data);
        }
        if let Some(cardinality) = self.cardinality {
            config = config.cardinality(cardinality);
        }
        config.origin_detection(!self.is_hidden)
    }

    /// Whether the agent reads all of it as what it is.
    pub(crate) fn is_safe(&self) -> bool {
        let is_id = |id: &String| {
            let is_bare = !["ci-", "in-"].iter().any(|mark| id.starts_with(mark));
            let is_in_id = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
            (1..=256).contains(&id.len()) && id.chars().all(is_in_id) && is_bare
        };
        let is_data = |data: &String| {
            let is_in_data = |char: char| char != '|' && !char.is_control();
            (1..=1024).contains(&data.len()) && data.chars().all(is_in_data)
        };
        self.container_id.as_ref().is_none_or(is_id)
            && self.external_data.as_ref().is_none_or(is_data)
    }

    /// Fields after the tags, for this cardinality or the configuration's.
    pub(crate) fn fields(&self, cardinality: Option<Cardinality>) -> Vec<String> {
        let mut fields = Vec::new();
        if !self.is_hidden {
            match (&self.container_id, self.cgroup_inode) {
                (Some(id), Some(inode)) => fields.push(format!("c:ci-{id},in-{inode}")),
                (Some(id), None) => fields.push(format!("c:ci-{id}")),
                (None, Some(inode)) => fields.push(format!("c:in-{inode}")),
                (None, None) => {}
            }
            fields.extend(self.external_data.iter().map(|data| format!("e:{data}")));
        }
        let level = cardinality.or(self.cardinality);
        fields.extend(level.map(|level| format!("card:{}", name(level))));
        fields
    }

    /// The most that the fields may take.
    pub(crate) fn len(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        len(&self.container_id) + len(&self.external_data) + 64
    }
}

pub(crate) fn cardinality(input: &mut Unstructured<'_>) -> Result<Option<Cardinality>> {
    Ok(match input.int_in_range(0..=7)? {
        0 => Some(Cardinality::High),
        1 => Some(Cardinality::Low),
        2 => Some(Cardinality::None),
        3 => Some(Cardinality::Orchestrator),
        _ => None,
    })
}

/// Seconds since 1970, and what cannot be any.
pub(crate) fn timestamp(input: &mut Unstructured<'_>) -> Result<Option<u64>> {
    Ok(match input.int_in_range(0..=7)? {
        0 => Some(input.arbitrary()?),
        1 => Some(input.int_in_range(0..=2)?),
        2 => Some(i64::MAX as u64 + u64::from(input.arbitrary::<bool>()?)),
        3 => Some(1_656_581_400),
        _ => None,
    })
}

fn name(level: Cardinality) -> &'static str {
    match level {
        Cardinality::High => "high",
        Cardinality::Low => "low",
        Cardinality::None => "none",
        Cardinality::Orchestrator => "orchestrator",
        _ => panic!("{level:?} has no name yet"),
    }
}
