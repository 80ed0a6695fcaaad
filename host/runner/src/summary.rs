//! RunSummary: what came of a run, in numbers and in an exit code.

use belljar_model::event::{Source, Status, StepReport, Totals};
use belljar_model::fault::Blame;

/// What came of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct RunSummary {
    /// How many steps ended how.
    pub totals: Totals,
    /// One report for each step of the plan, in its order.
    pub reports: Vec<StepReport>,
    /// The exit code that follows.
    pub exit_code: u8,
}

impl RunSummary {
    /// Sums up the reports of a plan, and adds the steps that had settled before.
    pub(crate) fn of(reports: Vec<StepReport>, settled: Totals) -> Self {
        let totals = sum(totals(&reports), settled);
        Self { totals, exit_code: exit_code(&reports), reports }
    }
}

fn sum(one: Totals, other: Totals) -> Totals {
    Totals {
        steps: one.steps + other.steps,
        passed: one.passed + other.passed,
        cached: one.cached + other.cached,
        failed: one.failed + other.failed,
        errored: one.errored + other.errored,
        skipped: one.skipped + other.skipped,
        cancelled: one.cancelled + other.cancelled,
        saved_us: one.saved_us.saturating_add(other.saved_us),
    }
}

fn totals(reports: &[StepReport]) -> Totals {
    let mut totals = Totals { steps: count(reports.len()), ..Totals::default() };
    for report in reports {
        *match report.status {
            Status::Passed => &mut totals.passed,
            Status::Failed => &mut totals.failed,
            Status::Errored => &mut totals.errored,
            Status::Skipped => &mut totals.skipped,
            Status::Cancelled => &mut totals.cancelled,
        } += 1;
        if matches!(report.source, Some(Source::ExactHit | Source::ObservedHit)) {
            totals.cached += 1;
            totals.saved_us = totals.saved_us.saturating_add(report.cost.wall_us);
        }
    }
    totals
}

fn count(steps: usize) -> u32 {
    u32::try_from(steps).unwrap_or(u32::MAX)
}

/// The code of the gravest fault; a mistake in the user's file first, since it may be the cause
/// of the others. A run that was cancelled before its end says so, whatever else happened.
fn exit_code(reports: &[StepReport]) -> u8 {
    let cancelled = |report: &StepReport| match report.status {
        Status::Cancelled => true,
        Status::Skipped => report.skipped_for.is_none(),
        Status::Passed | Status::Failed | Status::Errored => false,
    };
    if reports.iter().any(cancelled) {
        return 130;
    }
    let gravest =
        reports.iter().filter_map(|report| report.fault.as_ref()).map(|fault| match fault.blame {
            Blame::Configuration => (5, 2),
            Blame::Infrastructure | Blame::Plugin => (4, 3),
            Blame::Policy => (3, 5),
            Blame::Project => (2, 1),
            Blame::Cancelled => (1, 130),
        });
    gravest.max().map_or(0, |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use belljar_model::{Class, Code, Fault, StepName};

    use super::*;

    fn report(status: Status, blame: Option<Blame>) -> StepReport {
        StepReport {
            step: StepName::new("a"),
            status,
            source: None,
            summary: String::new(),
            plugin: String::new(),
            class: Class::Pure,
            action: None,
            miss: Vec::new(),
            attempts: 0,
            wall_us: 0,
            cost: belljar_model::Cost::default(),
            outputs: Vec::new(),
            log: None,
            fault: blame.map(|blame| Fault::new(blame, Code::new("E0400"), "it failed")),
            skipped_for: None,
            isolation: None,
            origin: None,
            tools: Vec::new(),
        }
    }

    #[track_caller]
    fn check(ends: &[(Status, Option<Blame>)], expected: u8) {
        let reports: Vec<_> = ends.iter().map(|(status, blame)| report(*status, *blame)).collect();
        assert_eq!(exit_code(&reports), expected);
    }

    #[test]
    fn the_gravest_fault_decides_the_exit_code() {
        let project = (Status::Failed, Some(Blame::Project));
        let policy = (Status::Errored, Some(Blame::Policy));
        let plugin = (Status::Errored, Some(Blame::Plugin));
        let machine = (Status::Errored, Some(Blame::Infrastructure));
        let file = (Status::Errored, Some(Blame::Configuration));
        let passed = (Status::Passed, None);
        check(&[], 0);
        check(&[passed], 0);
        check(&[passed, project], 1);
        check(&[project, policy], 5);
        check(&[policy, plugin, project], 3);
        check(&[machine, policy], 3);
        check(&[plugin, file, machine], 2);
    }

    #[test]
    fn a_run_that_did_not_reach_its_end_says_so() {
        check(&[(Status::Passed, None), (Status::Cancelled, None)], 130);
        check(&[(Status::Failed, Some(Blame::Project)), (Status::Skipped, None)], 130);
    }
}
