//! Lists of tags, borrowed from callers in several forms.

/// List of tags, borrowed from the caller as pairs of key and value. A pair with an empty value is a tag without a
/// value.
///
/// Slices, arrays and vectors of `(&str, &str)`, `(&str, String)`, `(&str, &String)` and `(String, String)` convert
/// into it, so methods that accept `impl Into<TagList>` accept them directly:
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// let owned = vec![("region", String::from("eu"))];
/// client.count("logins", 1).tags(&owned).tags(&[("tier", "free")]).send();
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TagList<'a>(List<'a>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum List<'a> {
    Borrowed(&'a [(&'a str, &'a str)]),
    Mixed(&'a [(&'a str, String)]),
    Owned(&'a [(String, String)]),
    Referred(&'a [(&'a str, &'a String)]),
    /// Tags of a parsed line: `key:value,key:value`.
    Written(&'a str),
}

/// Tags of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tags<'a> {
    /// Tags of a parsed line: `key:value,key:value`.
    List(&'a str),
    /// Lists in the order in which they were added. Unused elements are empty.
    Lists([TagList<'a>; MAX_LISTS]),
    /// Single list of borrowed pairs, the most common case.
    Pairs(&'a [(&'a str, &'a str)]),
    /// More than [`MAX_LISTS`] lists. Recording refuses the metric.
    TooMany,
}

impl<'a> Tags<'a> {
    pub(crate) const NONE: Self = Self::Pairs(&[]);

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        matches!(self, Self::List("") | Self::Pairs([]))
    }

    /// Returns these tags followed by the tags of `list`.
    #[inline(always)]
    pub(crate) fn plus(self, list: TagList<'a>) -> Self {
        match (self, list.0) {
            (Self::Pairs([]), List::Borrowed(pairs)) => Self::Pairs(pairs),
            _ => self.plus_any(list),
        }
    }

    /// Returns these tags followed by a list of any form.
    #[cold]
    fn plus_any(self, list: TagList<'a>) -> Self {
        if list.is_empty() || self == Self::TooMany {
            return self;
        }
        let mut lists = self.lists();
        match lists.iter_mut().find(|list| list.is_empty()) {
            Some(free) => *free = list,
            None => return Self::TooMany,
        }
        Self::Lists(lists)
    }

    /// Lists of these tags. Unused elements are empty.
    fn lists(self) -> [TagList<'a>; MAX_LISTS] {
        let mut lists = [TagList::NONE; MAX_LISTS];
        match self {
            Self::List(list) => lists[0] = TagList(List::Written(list)),
            Self::Lists(all) => lists = all,
            Self::Pairs(pairs) => lists[0] = TagList(List::Borrowed(pairs)),
            Self::TooMany => {}
        }
        lists
    }

    /// Key and value of each tag, in order.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.lists().into_iter().flat_map(TagList::pairs)
    }
}

impl<'a> TagList<'a> {
    const NONE: Self = Self(List::Borrowed(&[]));

    #[inline]
    fn is_empty(self) -> bool {
        matches!(
            self.0,
            List::Borrowed([])
                | List::Mixed([])
                | List::Owned([])
                | List::Referred([])
                | List::Written("")
        )
    }

    /// Key and value of each tag, in order.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (mut borrowed, mut mixed, mut owned, mut referred, mut written) =
            (&[][..], &[][..], &[][..], &[][..], "");
        match self.0 {
            List::Borrowed(pairs) => borrowed = pairs,
            List::Mixed(pairs) => mixed = pairs,
            List::Owned(pairs) => owned = pairs,
            List::Referred(pairs) => referred = pairs,
            List::Written(list) => written = list,
        }
        let mixed = mixed.iter().map(|(key, value)| (*key, &**value));
        let owned = owned.iter().map(|(key, value)| (&**key, &**value));
        let referred = referred.iter().map(|(key, value)| (*key, &***value));
        let borrowed = borrowed.iter().copied().chain(referred);
        borrowed.chain(mixed).chain(owned).chain(read(written))
    }
}

/// Parses the tags of a line. Some PHP clients write `#` before each tag, so it is stripped from each.
fn read(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let tags = list.split(',');
    let tags = tags.map(|tag| tag.strip_prefix('#').unwrap_or(tag));
    tags.filter(|tag| !tag.is_empty())
        .map(|tag| tag.split_once(':').unwrap_or((tag, "")))
}

/// Maximum number of tag lists of one metric, which are stored without an allocation.
const MAX_LISTS: usize = 2;

macro_rules! list_from {
    ($list:ident: [$($lifetime:lifetime),*] $pair:ty) => {
        impl<'a, $($lifetime: 'a),*> From<&'a [$pair]> for TagList<'a> {
            #[inline]
            fn from(pairs: &'a [$pair]) -> Self {
                Self(List::$list(pairs))
            }
        }

        impl<'a, $($lifetime: 'a,)* const N: usize> From<&'a [$pair; N]> for TagList<'a> {
            #[inline]
            fn from(pairs: &'a [$pair; N]) -> Self {
                Self(List::$list(pairs))
            }
        }

        impl<'a, $($lifetime: 'a),*> From<&'a Vec<$pair>> for TagList<'a> {
            #[inline]
            fn from(pairs: &'a Vec<$pair>) -> Self {
                Self(List::$list(pairs))
            }
        }
    };
}

list_from!(Borrowed: ['k, 'v] (&'k str, &'v str));
list_from!(Mixed: ['k] (&'k str, String));
list_from!(Owned: [] (String, String));
list_from!(Referred: ['k, 'v] (&'k str, &'v String));
