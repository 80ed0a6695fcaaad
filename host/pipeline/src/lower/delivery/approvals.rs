//! Who must agree, as `approvals` says.

use belljar_model::Diagnostic;
use belljar_model::delivery::{ApprovalPolicy, Approver, GROUP_PREFIX};

use super::{DeliveryEntries, numbers};
use crate::codes;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Located, Text, Value};

/// The keys of `approvals`, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &["count", "from", "expires"];

/// `approvals` as written.
#[derive(Default, Debug)]
pub(super) struct PolicyFields {
    count: Option<Located<u32>>,
    pub(super) from: Vec<Text>,
    expires: Option<Located<u64>>,
    /// Whether something that it says was not understood.
    broken: bool,
}

impl PolicyFields {
    /// Reads the table. Mistakes are reported and left out.
    pub(super) fn read(mistakes: &mut Mistakes, value: Value) -> Self {
        let mut policy = Self::default();
        let Some(table) = expect::table(mistakes, "approvals", value) else {
            return Self { broken: true, ..policy };
        };
        let mut from_at = None;
        for Entry { key, value } in table.0 {
            let field = format!("approvals.{}", key.value);
            match key.value.as_str() {
                "count" => {
                    policy.count = numbers::count(mistakes, &field, 0, &value);
                    policy.broken |= policy.count.is_none();
                }
                "from" => {
                    let from = expect::texts(mistakes, &field, value);
                    policy.broken |= from.is_none();
                    if let Some(from) = from {
                        if from.value.is_empty() {
                            bad(
                                mistakes,
                                "nobody is named, so nobody could approve",
                                &from.at,
                                "leave `from` out to take every approver of the file",
                            );
                        }
                        policy.from = from.value;
                        from_at = Some(key.at);
                    }
                }
                "expires" => {
                    let so = "no approval would ever hold";
                    policy.expires = numbers::positive(mistakes, &field, so, value);
                }
                _ => {
                    expect::unknown_key(mistakes, "`approvals`", &key, KEYS);
                    policy.broken |= suggest::closest(&key.value, ["count", "from"]).is_some();
                }
            }
        }
        if let (Some(at), None, false) = (from_at, &policy.count, policy.broken) {
            let message = "this says who may approve, but not how many must";
            bad(mistakes, message, &at, "add `count = 1`, or another number");
        }
        policy
    }

    /// Looks the names up, and whether there are enough people.
    pub(super) fn resolve(
        &self,
        mistakes: &mut Mistakes,
        environment: &Text,
        entries: &DeliveryEntries,
    ) -> ApprovalPolicy {
        let known = self.from.iter().filter(|from| check_name(mistakes, entries, from));
        let known = known.count() == self.from.len();
        let mut from: Vec<String> = self.from.iter().map(|from| from.value.clone()).collect();
        from.sort();
        from.dedup();
        let default = ApprovalPolicy::default();
        let policy = ApprovalPolicy {
            count: self.count.as_ref().map_or(default.count, |count| count.value),
            from,
            expires_ms: self.expires.as_ref().map_or(default.expires_ms, |expires| expires.value),
        };
        let approvers = entries.approvers.values();
        let understood = approvers.clone().all(|declared| declared.approver.is_some());
        if let (Some(count), true, true, false) = (&self.count, known, understood, self.broken) {
            let specs = approvers.filter_map(|declared| Some(&declared.approver.as_ref()?.spec));
            let named: Vec<_> = specs.filter(|approver| approver.is_named_by(&policy)).collect();
            check_count(mistakes, environment, count, &named);
        }
        policy
    }
}

fn check_count(
    mistakes: &mut Mistakes,
    environment: &Text,
    count: &Located<u32>,
    named: &[&Approver],
) {
    if named.len() >= usize::try_from(count.value).unwrap_or(usize::MAX) {
        return;
    }
    let people: Vec<&str> = named.iter().map(|approver| approver.name.as_str()).collect();
    let name = &environment.value;
    let there_are = match people.as_slice() {
        [] => "there is nobody who may".to_owned(),
        [only] => format!("only `{only}` may"),
        all => format!("only {} may", suggest::quoted_list(all)),
    };
    let wanted = if count.value == 1 { "1 person" } else { &format!("{} people", count.value) };
    let message = format!("{wanted} must approve for `{name}`, but {there_are}");
    mistakes.add(
        Diagnostic::error(codes::TOO_FEW_APPROVERS, message, count.at.label("too many"))
            .help("declare more people as `[approver.NAME]`, or ask for fewer approvals"),
    );
}

/// Whether the person or group is declared.
fn check_name(mistakes: &mut Mistakes, entries: &DeliveryEntries, from: &Text) -> bool {
    let people: Vec<&str> = entries.approvers.keys().map(String::as_str).collect();
    let specs =
        entries.approvers.values().filter_map(|declared| Some(&declared.approver.as_ref()?.spec));
    let mut groups: Vec<&str> = specs.flat_map(|spec| &spec.groups).map(String::as_str).collect();
    groups.sort_unstable();
    groups.dedup();
    let (message, help) = if let Some(group) = from.value.strip_prefix(GROUP_PREFIX) {
        if groups.contains(&group) {
            return true;
        }
        let named: Vec<_> = groups.iter().map(|name| format!("{GROUP_PREFIX}{name}")).collect();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let help = suggest::did_you_mean(&from.value, &named, "the groups are");
        (format!("nobody is in a group `{group}`"), help)
    } else {
        if people.contains(&from.value.as_str()) {
            return true;
        }
        let help = if groups.contains(&from.value.as_str()) {
            Some(format!("did you mean `{GROUP_PREFIX}{}`?", from.value))
        } else {
            suggest::did_you_mean(&from.value, &people, "the approvers are")
        };
        (format!("there is no approver `{}`", from.value), help)
    };
    let mut diagnostic =
        Diagnostic::error(codes::UNKNOWN_APPROVER, message, from.at.label("not declared"));
    let declare = "declare the person as `[approver.NAME]`, with the groups that they are in";
    diagnostic.help = Some(help.unwrap_or_else(|| declare.to_owned()));
    mistakes.add(diagnostic);
    false
}

fn bad(mistakes: &mut Mistakes, message: &str, at: &Place, help: &str) {
    mistakes.add(Diagnostic::error(codes::BAD_APPROVALS, message, at.label("")).help(help));
}
