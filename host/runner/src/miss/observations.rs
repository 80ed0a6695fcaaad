//! Differences between what an execution was told then and what it would be told now.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{
    Answer, MissReason, NodeKind, Observation, Question, Trace, View, WorkspacePath,
};

use crate::answers::Answers;

/// Returns what differs, in the order in which the execution asked, and each cause once.
pub(super) fn differences(trace: &Trace, answers: &mut Answers<'_>) -> Vec<MissReason> {
    let view = answers.view();
    let mut differing: Vec<(&Observation, Answer)> = Vec::new();
    for then in &trace.0 {
        let now = answers.of(&then.question);
        if *now != then.answer {
            differing.push((then, now.into_owned()));
        }
    }
    let causes = causes(&differing);
    let mut told = BTreeSet::new();
    let mut reasons = Vec::new();
    for (then, now) in &differing {
        let Some(reason) = reason(view, then, now) else { continue };
        let Some(path) = presence(&reason) else {
            reasons.push(reason);
            continue;
        };
        if told.insert(path.clone()) {
            reasons.push(causes.get(path).cloned().unwrap_or(reason));
        }
    }
    without_folders(reasons)
}

/// The path of a reason that tells what became of the thing at a path as a whole. Several
/// questions about one path show one such change.
fn presence(reason: &MissReason) -> Option<&WorkspacePath> {
    match reason {
        MissReason::FileChanged { path, .. }
        | MissReason::FileAppeared { path }
        | MissReason::FileVanished { path }
        | MissReason::StatChanged { path, .. }
        | MissReason::DeclarationChanged { path, .. } => Some(path),
        _ => None,
    }
}

/// What is the cause at a path, whatever else shows it: a changed size is the shadow of a
/// changed content, and a path that appeared may only have become declared.
fn causes(differing: &[(&Observation, Answer)]) -> BTreeMap<WorkspacePath, MissReason> {
    let mut causes = BTreeMap::new();
    for (then, now) in differing {
        match (&then.question, &then.answer, now) {
            (Question::Content(path), Answer::Content(old), Answer::Content(new)) => {
                let reason = MissReason::FileChanged { path: path.clone(), old: *old, new: *new };
                causes.insert(path.clone(), reason);
            }
            (Question::Declared(path), _, Answer::Flag(declared)) => {
                let declared = *declared;
                let reason = MissReason::DeclarationChanged { path: path.clone(), declared };
                causes.insert(path.clone(), reason);
            }
            _ => {}
        }
    }
    causes
}

/// Says what one different answer means. `None` for an answer that does not fit its question,
/// which only a damaged record can hold.
fn reason(view: &View, then: &Observation, now: &Answer) -> Option<MissReason> {
    let path = match &then.question {
        Question::Environment(name) => {
            return Some(MissReason::EnvironmentChanged {
                name: name.clone(),
                was_set: then.answer != Answer::Absent,
                is_set: *now != Answer::Absent,
            });
        }
        Question::Tool(name) => return tool(name, &then.answer, now),
        // It was granted then and is now: grants belong to the family.
        Question::Secret(_) => return None,
        Question::Glob { patterns, .. } => {
            let (Answer::Paths(old), Answer::Paths(new)) = (&then.answer, now) else { return None };
            let (patterns, (gained, lost)) = (patterns.clone(), changes(old, new));
            return Some(MissReason::GlobChanged { patterns, gained, lost });
        }
        Question::Content(path)
        | Question::Stat(path)
        | Question::Executable(path)
        | Question::Listing(path)
        | Question::Link(path)
        | Question::Declared(path) => path.clone(),
    };
    Some(match (&then.answer, now) {
        (Answer::Absent, _) => MissReason::FileAppeared { path },
        (old, Answer::Absent) => gone(view, path, old),
        (Answer::Content(old), Answer::Content(new)) => {
            MissReason::FileChanged { path, old: *old, new: *new }
        }
        (Answer::Stat(old, bytes), Answer::Stat(new, bytes_now)) => {
            MissReason::StatChanged { path, old: (*old, *bytes), new: (*new, *bytes_now) }
        }
        (Answer::Flag(_), Answer::Flag(flag)) => match then.question {
            Question::Declared(_) => MissReason::DeclarationChanged { path, declared: *flag },
            _ => MissReason::ModeChanged { path, executable: *flag },
        },
        (Answer::Listing(old), Answer::Listing(new)) => {
            let (gained, lost) = changes(old, new);
            MissReason::ListingChanged { path, gained, lost }
        }
        (Answer::Link(old), Answer::Link(new)) => {
            MissReason::LinkChanged { path, old: old.clone(), new: new.clone() }
        }
        _ => return None,
    })
}

/// A tool that was granted then is granted now: grants belong to the family.
fn tool(name: &str, then: &Answer, now: &Answer) -> Option<MissReason> {
    let (Answer::Tool(then), Answer::Tool(now)) = (then, now) else { return None };
    let name = name.to_owned();
    Some(if then.identity == now.identity {
        MissReason::IsolationChanged { name, old: then.tier, new: now.tier }
    } else {
        MissReason::ToolChanged { name, old: then.identity, new: now.identity }
    })
}

/// What was there is not there as what it was: it became another kind of thing, it is not
/// declared any more, or it is gone.
fn gone(view: &View, path: WorkspacePath, old: &Answer) -> MissReason {
    let (kind, bytes) = match old {
        Answer::Content(digest) => (NodeKind::File, digest.size()),
        Answer::Stat(kind, bytes) => (*kind, *bytes),
        Answer::Link(_) => (NodeKind::Symlink, 0),
        Answer::Listing(_) => (NodeKind::Directory, 0),
        Answer::Flag(_) | Answer::Paths(_) | Answer::Tool(_) | Answer::Absent => {
            (NodeKind::File, 0)
        }
    };
    match view.answer(&Question::Stat(path.clone())) {
        Answer::Stat(now, bytes_now) => {
            MissReason::StatChanged { path, old: (kind, bytes), new: (now, bytes_now) }
        }
        _ if kind != NodeKind::Directory && !view.declared.matches(&path) => {
            MissReason::DeclarationChanged { path, declared: false }
        }
        _ => MissReason::FileVanished { path },
    }
}

/// What only the new list has, and what only the old one has. A name that is another kind of
/// thing now both went and came.
fn changes<T: Ord + Clone>(old: &[(T, NodeKind)], new: &[(T, NodeKind)]) -> (Vec<T>, Vec<T>) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    let only = |one: &BTreeSet<&(T, NodeKind)>, other: &BTreeSet<&(T, NodeKind)>| {
        one.difference(other).map(|(name, _)| name.clone()).collect()
    };
    (only(&new, &old), only(&old, &new))
}

/// Takes out folders that came or went only because something in them did.
fn without_folders(mut reasons: Vec<MissReason>) -> Vec<MissReason> {
    let mut parents = BTreeSet::new();
    for reason in &reasons {
        if let MissReason::FileAppeared { path }
        | MissReason::FileVanished { path }
        | MissReason::DeclarationChanged { path, .. } = reason
        {
            let mut parent = path.parent();
            while let Some(folder) = parent {
                parent = folder.parent();
                if !parents.insert(folder) {
                    break;
                }
            }
        }
    }
    reasons.retain(|reason| match reason {
        MissReason::FileAppeared { path } | MissReason::FileVanished { path } => {
            !parents.contains(path)
        }
        _ => true,
    });
    reasons
}
