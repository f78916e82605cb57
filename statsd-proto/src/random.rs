//! Seeded randomness for jitter and sampling, so that a session repeats itself exactly.

/// SplitMix64: eight bytes of state, a few instructions, and good enough for what no attacker sees.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another sequence, decided by this one.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A number of at least 0 and below 1.
    #[inline]
    pub(crate) fn fraction(&mut self) -> f64 {
        // The 53 high bits, which is what an `f64` holds.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `end`, each with the same chance but for one in a billion of billions.
    #[inline]
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
