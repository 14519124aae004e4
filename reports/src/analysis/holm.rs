//! Holm's method (1979): of several tests together, true nulls are rejected no more often than one test would.

/// The share that the interval of each test leaves outside, so that all together keep to `outside`: the most significant of
/// m tests gets 1/m of it, the next 1/(m - 1), and so on, until one is not rejected. That one and all behind it get the
/// share at which it stopped.
pub(super) fn shares(p_values: &[f64], outside: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut shares = vec![0.0; p_values.len()];
    let mut stopped = None;
    for (rank, index) in order.into_iter().enumerate() {
        let share = stopped.unwrap_or(outside / (p_values.len() - rank) as f64);
        if p_values[index] > share {
            stopped = Some(share);
        }
        shares[index] = share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_from_test_to_test_until_one_is_not_rejected() {
        let found = shares(&[0.04, 0.001, 0.03, 0.012], 0.05);
        let expected = [0.025, 0.0125, 0.025, 0.05 / 3.0];
        found
            .iter()
            .zip(expected)
            .for_each(|(found, expected)| assert!((found - expected).abs() < 1e-12, "{found}"));
    }

    #[test]
    fn one_test_alone_keeps_all_of_it() {
        assert_eq!(shares(&[0.9], 0.05), [0.05]);
        assert!(shares(&[], 0.05).is_empty());
    }
}
