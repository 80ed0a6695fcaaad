//! Effects: all that can leave, by kind or, in full, in their order.

use belljar_model::delivery::{Effect, SecretUse, ToolEffect};

use super::super::sections::Item;
use super::super::words::clean;
use super::{Detail, at_most, more, within};
use crate::style::{Style, Tone};
use crate::text;

/// The kinds in the order in which they are shown: what leaves for other systems first.
const KINDS: [Kind; 6] = [
    Kind { noun: "request", shown: 10 },
    Kind { noun: "run of a tool", shown: 10 },
    Kind { noun: "removal", shown: 10 },
    Kind { noun: "switch", shown: 10 },
    Kind { noun: "upload", shown: 5 },
    Kind { noun: "write", shown: 5 },
];

/// One kind of effect.
struct Kind {
    noun: &'static str,
    /// How many the short form shows.
    shown: usize,
}

impl Kind {
    fn counted(&self, number: usize) -> String {
        match (number, self.noun) {
            (1, noun) => format!("1 {noun}"),
            (_, "run of a tool") => format!("{} runs of tools", text::grouped(number as u64)),
            (_, noun) => text::count(number, noun),
        }
    }
}

/// The place of an effect's kind in [`KINDS`].
const fn kind(effect: &Effect) -> usize {
    match effect {
        Effect::Http { .. } => 0,
        Effect::Tool(_) => 1,
        Effect::Remove { .. } => 2,
        Effect::Swap { .. } => 3,
        Effect::Put { .. } => 4,
        Effect::Write { .. } => 5,
    }
}

/// The bytes that an effect sends from this side.
const fn sent(effect: &Effect) -> u64 {
    match effect {
        Effect::Http { body: digest, .. }
        | Effect::Put { blob: digest, .. }
        | Effect::Write { data: digest, .. }
        | Effect::Swap { data: digest, .. } => digest.size(),
        Effect::Remove { .. } => 0,
        Effect::Tool(tool) => tool.stdin.size(),
    }
}

/// The lines of the effects. Each has its number in the plan, counted from 1.
pub(super) fn list(effects: &[Effect], detail: Detail, style: &Style) -> Vec<Item> {
    if effects.is_empty() {
        return vec!["none: nothing can leave".to_owned().into()];
    }
    let all = text::count(effects.len(), "effect");
    let mut items =
        vec![format!("{all} in the order of the numbers; nothing else can leave").into()];
    if detail == Detail::Short {
        let left_out = "headers, variables and whole digests are left out (-v shows them)";
        items.push(Item::toned(Tone::Faint, left_out));
    }
    items.extend(lines(effects, detail, style));
    items
}

/// The effects themselves: by kind or, in full, in their order.
pub(super) fn lines(effects: &[Effect], detail: Detail, style: &Style) -> Vec<Item> {
    let mut items = Vec::new();
    let digits = effects.len().to_string().len();
    let line = |(index, effect): &(usize, &Effect)| {
        let number = index + 1;
        let shown = within(&effect.to_string(), detail, style);
        format!("  {number:>digits$}  {shown}{}", conditions(effect))
    };
    let numbered: Vec<_> = effects.iter().enumerate().collect();
    match detail {
        Detail::Full => {
            for one in &numbered {
                items.push(line(one).into());
                let indent = " ".repeat(digits + 6);
                items.extend(
                    particulars(one.1)
                        .into_iter()
                        .map(|text| Item::from(format!("{indent}{text}"))),
                );
            }
        }
        Detail::Short => {
            for (place, of) in KINDS.iter().enumerate() {
                let group: Vec<_> =
                    numbered.iter().filter(|(_, effect)| kind(effect) == place).collect();
                if group.is_empty() {
                    continue;
                }
                let sizes = group.iter().map(|(_, effect)| sent(effect));
                let size = match sizes.fold(0, u64::saturating_add) {
                    0 => String::new(),
                    size => format!(" ({})", text::size(size)),
                };
                items.push(format!("{}{size}", of.counted(group.len())).into());
                let shown = at_most(of.shown, detail).min(group.len());
                items.extend(group.iter().take(shown).map(|one| line(one).into()));
                items.extend(more(group.len(), shown).map(|item| item.deeper(2)));
            }
        }
    }
    items
}

/// What else decides about an effect: the secrets that go along, and what must be so.
fn conditions(effect: &Effect) -> String {
    match effect {
        Effect::Http { secrets, expect, .. } => {
            format!("{}; expects {}", with_secrets(secrets), any_of(expect))
        }
        Effect::Tool(ToolEffect { secrets, expect, .. }) => {
            format!("{}; expects exit {}", with_secrets(secrets), any_of(expect))
        }
        Effect::Swap { expected: Some(before), data, .. } => {
            format!(" from {} to {}", before.short(), data.short())
        }
        Effect::Swap { expected: None, data, .. } => {
            format!(" from nothing to {}", data.short())
        }
        Effect::Put { .. } | Effect::Write { .. } | Effect::Remove { .. } => String::new(),
    }
}

fn with_secrets(secrets: &[SecretUse]) -> String {
    let uses: Vec<_> = secrets
        .iter()
        .map(|one| format!("{} in {}", clean(&one.secret), clean(&one.place)))
        .collect();
    match uses.len() {
        0 => String::new(),
        number => format!("; with the {} {}", text::plural(number, "secret"), uses.join(", ")),
    }
}

fn any_of(numbers: &[impl ToString]) -> String {
    match numbers {
        [] => "anything".to_owned(),
        _ => numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
    }
}

/// Where a secret goes, and what stands before it.
fn place(secret: &SecretUse) -> String {
    let SecretUse { place, prefix, secret } = secret;
    format!("secret {}: {}[{}]", clean(place), clean(prefix), clean(secret))
}

/// Everything of an effect that its line does not say.
fn particulars(effect: &Effect) -> Vec<String> {
    match effect {
        Effect::Http { headers, secrets, body, .. } => {
            let headers = headers.iter().map(|(name, value)| {
                let (name, value) = (clean(name), clean(value));
                format!("header {name}: {value}")
            });
            headers.chain(secrets.iter().map(place)).chain([format!("body {body}")]).collect()
        }
        Effect::Put { blob: data, .. } | Effect::Write { data, .. } => {
            vec![format!("content {data}")]
        }
        Effect::Swap { expected, data, .. } => {
            let before = expected.map_or_else(|| "nothing".to_owned(), |before| before.to_string());
            vec![format!("from {before}"), format!("to {data}")]
        }
        Effect::Remove { .. } => Vec::new(),
        Effect::Tool(tool) => {
            let env = tool.env.iter().map(|(name, value)| {
                let (name, value) = (clean(name), clean(value));
                format!("variable {name}={value}")
            });
            // Display joins the arguments; where one ends is part of what is approved.
            let args = serde_json::to_string(&tool.args).expect("strings have a JSON form");
            let mut lines = vec![format!("arguments {}", clean(&args))];
            lines.extend(env);
            lines.extend(tool.secrets.iter().map(place));
            lines.push(format!("starts in /{}", clean(tool.cwd.as_str())));
            lines.push(format!("sees {}", tool.root));
            lines.push(format!("reads {}", tool.stdin));
            lines
        }
    }
}
