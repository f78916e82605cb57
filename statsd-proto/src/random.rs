//! Seeded random numbers for jitter and sampling. A session with the same seed and input behaves the same.

/// SplitMix64: eight bytes of state and a few instructions. It is not secure against an attacker, and need not be.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Independent generator, seeded by this one.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// Number in `0.0..1.0`.
    #[inline]
    pub(crate) fn fraction(&mut self) -> f64 {
        // An `f64` holds the 53 high bits.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Number in `0..end`, uniform but for a bias of at most `end` / 2^64.
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
