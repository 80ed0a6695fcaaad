//! Sample: some measurements of one thing, of which the median counts.

use std::time::Instant;

use anyhow::Result;

/// How often a measurement in this process is repeated, after one that does not count.
const BATCHES: usize = 7;

/// The median, and between what the measurements lay.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Sample {
    /// Half of the measurements were below.
    pub(crate) median: f64,
    /// The lowest.
    pub(crate) min: f64,
    /// The highest.
    pub(crate) max: f64,
}

impl Sample {
    /// Sums measurements up, of which there must be at least one.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        let (min, max) = (values[0], values[values.len() - 1]);
        Self { median: f64::midpoint(low, high), min, max }
    }

    /// How many times `other` this is.
    pub(crate) fn over(&self, other: &Self) -> f64 {
        self.median / other.median
    }
}

/// Repeats a batch that returns seconds; it is told its number.
///
/// # Errors
/// When a batch does.
pub(crate) fn batches(mut batch: impl FnMut(u32) -> Result<f64>) -> Result<Sample> {
    batch(0)?;
    let numbers = 1..=u32::try_from(BATCHES)?;
    Ok(Sample::of(numbers.map(batch).collect::<Result<_>>()?))
}

/// Returns the seconds that `work` takes.
///
/// # Errors
/// When it fails.
pub(crate) fn seconds<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let started = Instant::now();
    let done = work()?;
    Ok((started.elapsed().as_secs_f64(), done))
}

/// Returns the seconds that one of `count` turns takes; `work` is told which one it is.
///
/// # Errors
/// When a turn fails.
pub(crate) fn each(count: u32, mut work: impl FnMut(u32) -> Result<()>) -> Result<f64> {
    let (taken, ()) = seconds(|| (0..count).try_for_each(&mut work))?;
    Ok(taken / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |values: &[f64]| Sample::of(values.to_vec());
        assert_eq!(of(&[3.0, 1.0, 2.0]), Sample { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(of(&[4.0, 1.0]), Sample { median: 2.5, min: 1.0, max: 4.0 });
    }
}
