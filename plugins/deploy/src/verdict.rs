//! What several strategies saw, as one observation.

use belljar_sdk::deploy::{Condition, Observation};

use crate::release::short;

/// Joins observations, of which there is at least one. All must be healthy; one that is unhealthy
/// counts more than one that could not be made.
pub(crate) fn join(seen: &[Observation]) -> Observation {
    let has = |condition| seen.iter().any(|one| one.condition == condition);
    let detail: Vec<&str> = seen.iter().map(|one| one.detail.as_str()).collect();
    let detail = detail.join("; ");
    let joined = if has(Condition::Unhealthy) {
        Observation::unhealthy(detail)
    } else if has(Condition::Unknown) || seen.is_empty() {
        Observation::unknown(detail)
    } else {
        Observation::healthy(detail)
    };
    // Another release is worth more to know than this one: an unhealthy strategy speaks first.
    let ill = seen.iter().filter(|one| one.condition != Condition::Healthy);
    let release = ill.chain(seen).find_map(|one| one.release.clone());
    match release {
        Some(release) => joined.release(release),
        None => joined,
    }
}

/// Another release is live.
pub(crate) fn other(place: &str, live: &str) -> Observation {
    Observation::unhealthy(format!("{place} has another release, {}", short(live))).release(live)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_must_be_healthy_and_the_worst_counts() {
        let (well, ill, lost) =
            (Observation::healthy("a"), Observation::unhealthy("b"), Observation::unknown("c"));
        let check = |seen: &[&Observation], condition: Condition, detail: &str| {
            let joined = join(&seen.iter().map(|one| (*one).clone()).collect::<Vec<_>>());
            assert_eq!((joined.condition, joined.detail.as_str()), (condition, detail));
        };
        check(&[&well, &well], Condition::Healthy, "a; a");
        check(&[&well, &lost], Condition::Unknown, "a; c");
        check(&[&lost, &ill, &well], Condition::Unhealthy, "c; b; a");
        check(&[], Condition::Unknown, "");
    }

    #[test]
    fn another_release_is_told_before_this_one() {
        let this = Observation::healthy("").release("this");
        let joined = join(&[this.clone(), other("x", "other")]);
        assert_eq!(joined.release.as_deref(), Some("other"));
        assert_eq!(join(&[Observation::healthy(""), this]).release.as_deref(), Some("this"));
    }
}
