//! Median and spread of several figures.

/// A median, and half the distance between the quartiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) half_range: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        let quartiles = [0.25, 0.75].map(|share| percentile(&mut values, share));
        Self {
            median: percentile(&mut values, 0.5),
            half_range: (quartiles[1] - quartiles[0]) / 2.0,
        }
    }
}

/// The value that so great a share of the others lies below; between two it is in proportion. Not a
/// number if there is none.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() - 1) as f64;
    let below = values[place.floor() as usize];
    let above = values[place.ceil() as usize];
    below + (above - below) * place.fract()
}
