//! What an event of the ledger is about.

use crate::ledger::LedgerEvent;

impl LedgerEvent {
    /// The environment that it is about, if it is about one.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Frozen { environment, .. }
            | Self::Unfrozen { environment, .. }
            | Self::IncidentOpened { environment, .. }
            | Self::IncidentClosed { environment, .. } => Some(environment),
            event => event.deployment().map(|(environment, _)| environment),
        }
    }

    /// The deployment that it is about, if it is about one: its environment and number.
    pub fn deployment(&self) -> Option<(&str, u64)> {
        match self {
            Self::Planned { plan, .. } => Some((&plan.environment.name, plan.number)),
            Self::IncidentOpened { environment, deployment, .. } => {
                deployment.map(|number| (environment.as_str(), number))
            }
            Self::Approval { environment, deployment, .. }
            | Self::PlanVoided { environment, deployment, .. }
            | Self::Started { environment, deployment, .. }
            | Self::EffectIntended { environment, deployment, .. }
            | Self::EffectDone { environment, deployment, .. }
            | Self::Applied { environment, deployment }
            | Self::Observed { environment, deployment, .. }
            | Self::GatePassed { environment, deployment }
            | Self::RollbackStarted { environment, deployment, .. }
            | Self::RollbackApplied { environment, deployment }
            | Self::Finished { environment, deployment, .. }
            | Self::DriftFound { environment, deployment, .. }
            | Self::DriftGone { environment, deployment }
            | Self::HealthChanged { environment, deployment, .. }
            | Self::BreakGlass { environment, deployment, .. } => Some((environment, *deployment)),
            Self::LedgerOpened { .. }
            | Self::KeyChanged { .. }
            | Self::Recovered { .. }
            | Self::Run { .. }
            | Self::Step { .. }
            | Self::Release { .. }
            | Self::Frozen { .. }
            | Self::Unfrozen { .. }
            | Self::IncidentClosed { .. } => None,
        }
    }
}
