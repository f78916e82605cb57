//! What a call records, for counts by type.

use super::{Code, Kind, Metric};
use crate::encode;

/// What a call records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    Metric(Kind),
    Event,
    ServiceCheck,
    /// Metric of a type that is no [`Kind`].
    Other,
}

impl Metric<'_> {
    #[inline(always)]
    pub(crate) fn class(&self) -> Class {
        match self.code {
            Code::Known(kind) => Class::Metric(kind),
            Code::Line | Code::Parsed(_) | Code::Raw(_) => self.class_of_code(),
        }
    }

    #[cold]
    fn class_of_code(&self) -> Class {
        let kind = match self.code {
            Code::Line => Code::Parsed(encode::code_of(self.name)).kind(),
            code @ (Code::Known(_) | Code::Parsed(_) | Code::Raw(_)) => code.kind(),
        };
        kind.map_or(Class::Other, Class::Metric)
    }
}
