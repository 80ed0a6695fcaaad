//! Priorities: the longest path that starts at each step.

/// Returns for each step its own expected duration plus that of the longest path of steps that
/// wait for it, in microseconds. A duration that is not known is taken to be the median of those
/// that are, or 1 if none is.
///
/// `dependents[i]` are the steps that need step `i`, all after `i`.
pub fn priorities(dependents: &[Vec<usize>], expected_us: &[Option<u64>]) -> Vec<u64> {
    let unknown = median(expected_us.iter().flatten().copied().collect()).unwrap_or(1);
    let mut priorities = vec![0; dependents.len()];
    for step in (0..dependents.len()).rev() {
        let longest = dependents[step].iter().map(|&dependent| priorities[dependent]).max();
        let own = expected_us[step].unwrap_or(unknown);
        priorities[step] = longest.unwrap_or(0_u64).saturating_add(own);
    }
    priorities
}

/// The lower median, or `None` of nothing.
fn median(mut known: Vec<u64>) -> Option<u64> {
    let middle = known.len().checked_sub(1)? / 2;
    Some(*known.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_priority_is_the_longest_path_not_the_sum_of_all() {
        // 0 -> 1 -> 3 and 0 -> 2 -> 3
        let dependents = [vec![1, 2], vec![3], vec![3], vec![]];
        let expected = [Some(1), Some(10), Some(5), Some(2)];
        assert_eq!(priorities(&dependents, &expected), [13, 12, 7, 2]);
    }

    #[test]
    fn what_is_not_known_counts_as_the_median_of_the_known() {
        let dependents = vec![vec![]; 4];
        let expected = [Some(100), None, Some(7), Some(9)];
        assert_eq!(priorities(&dependents, &expected), [100, 9, 7, 9]);
        assert_eq!(priorities(&dependents, &[None; 4]), [1; 4]);
    }

    #[test]
    fn endless_durations_do_not_overflow() {
        assert_eq!(priorities(&[vec![1], vec![]], &[Some(u64::MAX), Some(1)])[0], u64::MAX);
    }
}
