//! Exit codes: part of the stable interface.

use std::process::ExitCode;

use belljar_model::Blame;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// All is well.
    Success,
    /// The command line, a setting or the pipeline file is wrong.
    Usage,
    /// The machine, the store or a plugin is at fault.
    Infrastructure,
    /// Nothing was selected.
    Nothing,
    /// A plan waits for approvals.
    Waiting,
    /// `plan --exit-code`: there is work to do.
    WorkToDo,
    /// As the run says: 0, 1, 2, 3, 5 or 130.
    Run(u8),
}

impl Exit {
    /// The code for a fault that ends a command before any step ran.
    pub(crate) const fn of(blame: Blame) -> Self {
        match blame {
            Blame::Project => Self::Run(1),
            Blame::Configuration => Self::Usage,
            Blame::Plugin | Blame::Infrastructure => Self::Infrastructure,
            Blame::Policy => Self::Run(5),
            Blame::Cancelled => Self::Run(130),
        }
    }

    /// The number.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Usage => 2,
            Self::Infrastructure => 3,
            Self::Nothing => 4,
            Self::Waiting => 6,
            Self::WorkToDo => 10,
            Self::Run(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
