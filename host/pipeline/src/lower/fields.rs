//! Fields: what a step or a template says, each part of the right type.

use std::time::Duration;

use belljar_model::{Diagnostic, Tier};

use crate::codes;
use crate::lower::grants::GrantFields;
use crate::lower::limits::LimitFields;
use crate::lower::quantity;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Kind, Located, Table, Text, Value};

/// The keys of a step, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &[
    "doc",
    "uses",
    "needs",
    "inputs",
    "outputs",
    "with",
    "grants",
    "min-isolation",
    "timeout",
    "retries",
    "limits",
    "for-each",
    "matrix",
    "extends",
];
/// The most often a step may be tried again.
pub(crate) const MOST_RETRIES: i64 = 100;

/// A list of texts, and where the whole list is.
pub(crate) type Texts = Located<Vec<Text>>;

/// What one `[step.x]` or `[template.x]` says. `None` is what it does not say.
#[derive(Clone, Default, Debug)]
pub(crate) struct Fields {
    pub(crate) extends: Vec<Text>,
    pub(crate) doc: Option<Text>,
    pub(crate) uses: Option<Text>,
    pub(crate) needs: Option<Texts>,
    pub(crate) inputs: Option<Texts>,
    pub(crate) outputs: Option<Texts>,
    pub(crate) with: Option<Entry>,
    pub(crate) grants: GrantFields,
    pub(crate) min_isolation: Option<Tier>,
    pub(crate) timeout: Option<Located<Duration>>,
    pub(crate) retries: Option<u32>,
    pub(crate) limits: LimitFields,
    pub(crate) for_each: Option<Texts>,
    pub(crate) matrix: Vec<Axis>,
    /// Where `matrix` is written.
    pub(crate) matrix_at: Option<Place>,
    /// Whether something that it says was not understood, so that what is missing may be there.
    pub(crate) broken: bool,
}

/// One axis of a matrix.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) name: Text,
    pub(crate) values: Vec<Text>,
}

impl Fields {
    /// Reads the table of a step or template. Mistakes are reported and left out.
    pub(crate) fn read(mistakes: &mut Mistakes, table: Table, owner: &str) -> Self {
        let mut fields = Self::default();
        for entry in table.0 {
            fields.take(mistakes, entry, owner);
        }
        fields
    }

    fn take(&mut self, mistakes: &mut Mistakes, entry: Entry, owner: &str) {
        let Entry { key, value } = entry;
        match key.value.as_str() {
            "extends" => {
                let extends = expect::one_or_more(mistakes, "extends", value);
                self.broken |= extends.is_none();
                self.extends = extends.map(|texts| texts.value).unwrap_or_default();
            }
            "doc" => self.doc = expect::text(mistakes, "doc", "a text", value),
            "uses" => {
                self.uses = expect::text(mistakes, "uses", "the name of a plugin", value);
                self.broken |= self.uses.is_none();
            }
            "needs" => self.needs = expect::texts(mistakes, "needs", value),
            "inputs" => self.inputs = expect::texts(mistakes, "inputs", value),
            "outputs" => self.outputs = expect::texts(mistakes, "outputs", value),
            "with" => match value.value {
                Kind::Table(_) => self.with = Some(Entry { key, value }),
                _ => expect::wrong_type(mistakes, "with", "a table", &value),
            },
            "grants" => self.grants = GrantFields::read(mistakes, value),
            "min-isolation" => self.min_isolation = tier(mistakes, value),
            "timeout" => self.timeout = timeout(mistakes, value),
            "retries" => self.retries = retries(mistakes, &value),
            "limits" => self.limits = LimitFields::read(mistakes, value),
            "for-each" => self.for_each = expect::one_or_more(mistakes, "for-each", value),
            "matrix" => {
                self.matrix_at = Some(value.at.clone());
                self.matrix = matrix(mistakes, value);
            }
            _ => {
                expect::unknown_key(mistakes, owner, &key, KEYS);
                self.broken |= suggest::closest(&key.value, ["uses", "extends"]).is_some();
            }
        }
    }

    /// Lays these fields upon those of a template: tables are merged key by key, everything
    /// else is replaced.
    pub(crate) fn upon(self, base: &Self) -> Self {
        let base = base.clone();
        let with = match (base.with, self.with) {
            (Some(mut below), Some(above)) => {
                let mut merged = Entry { key: above.key, value: above.value.clone() };
                if let (Kind::Table(own), Kind::Table(over)) =
                    (&mut below.value.value, &above.value.value)
                {
                    own.overlay(over);
                    merged.value.value = below.value.value;
                }
                Some(merged)
            }
            (below, above) => above.or(below),
        };
        let mut matrix = base.matrix;
        for axis in self.matrix {
            match matrix.iter_mut().find(|own| own.name.value == axis.name.value) {
                Some(own) => *own = axis,
                None => matrix.push(axis),
            }
        }
        Self {
            extends: self.extends,
            doc: self.doc.or(base.doc),
            uses: self.uses.or(base.uses),
            needs: self.needs.or(base.needs),
            inputs: self.inputs.or(base.inputs),
            outputs: self.outputs.or(base.outputs),
            with,
            grants: self.grants.upon(base.grants),
            min_isolation: self.min_isolation.or(base.min_isolation),
            timeout: self.timeout.or(base.timeout),
            retries: self.retries.or(base.retries),
            limits: self.limits.upon(base.limits),
            for_each: self.for_each.or(base.for_each),
            matrix,
            matrix_at: self.matrix_at.or(base.matrix_at),
            broken: self.broken || base.broken,
        }
    }
}

fn tier(mistakes: &mut Mistakes, value: Value) -> Option<Tier> {
    let text = expect::text(mistakes, "min-isolation", "one of `t0`, `t1`, `t2`, `t3`", value)?;
    let tier = Tier::parse(&text.value);
    if tier.is_none() {
        let message = format!("there is no tier `{}`", text.value);
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_TIER, message, text.at.label(""));
        let tiers = ["t1", "t2", "t3", "t0"];
        let lower = text.value.to_ascii_lowercase();
        diagnostic.help = Some(match Tier::parse(&lower) {
            Some(_) => format!("did you mean `{lower}`?"),
            None => {
                format!("the tiers, the strongest first, are: {}", suggest::quoted_list(&tiers))
            }
        });
        mistakes.add(diagnostic);
    }
    tier
}

fn timeout(mistakes: &mut Mistakes, value: Value) -> Option<Located<Duration>> {
    let timeout = quantity::duration_field(mistakes, "timeout", value)?;
    if timeout.value.is_zero() {
        let message = "the timeout is zero, so the step could never pass";
        mistakes.add(
            Diagnostic::error(codes::ZERO_LIMIT, message, timeout.at.label(""))
                .help("leave `timeout` out to get the default"),
        );
    }
    Some(timeout)
}

fn retries(mistakes: &mut Mistakes, value: &Value) -> Option<u32> {
    let Kind::Integer(number @ 0..=MOST_RETRIES) = value.value else {
        let wanted = format!("a whole number from 0 to {MOST_RETRIES}");
        if let Kind::Integer(number) = value.value {
            let message = format!("`retries` should be {wanted}, but is {number}");
            mistakes.add(Diagnostic::error(codes::BAD_SIZE, message, value.at.label("")));
        } else {
            expect::wrong_type(mistakes, "retries", &wanted, value);
        }
        return None;
    };
    u32::try_from(number).ok()
}

fn matrix(mistakes: &mut Mistakes, value: Value) -> Vec<Axis> {
    let at = value.at.clone();
    let Some(table) = expect::table(mistakes, "matrix", value) else { return Vec::new() };
    if table.0.is_empty() {
        let message = "the matrix has no axis, so it does nothing";
        mistakes.add(Diagnostic::warning(codes::EMPTY_EXPANSION, message, at.label("")));
    }
    table.0.into_iter().filter_map(|Entry { key, value }| axis(mistakes, key, value)).collect()
}

fn axis(mistakes: &mut Mistakes, name: Text, value: Value) -> Option<Axis> {
    let field = format!("matrix.{}", name.value);
    let Kind::List(items) = value.value else {
        expect::wrong_type(mistakes, &field, "a list of values", &value);
        return None;
    };
    if items.is_empty() {
        let message = format!("`{field}` has no value, so the step never runs");
        mistakes.add(Diagnostic::warning(codes::EMPTY_EXPANSION, message, name.at.label("")));
    }
    let mut values: Vec<Text> = Vec::new();
    for item in items {
        let text = match &item.value {
            Kind::Text(text) => text.clone(),
            Kind::Integer(number) => number.to_string(),
            Kind::Bool(flag) => flag.to_string(),
            _ => {
                let wanted = "a text, a whole number, `true` or `false`";
                expect::wrong_type(mistakes, &format!("{field}[]"), wanted, &item);
                continue;
            }
        };
        if let Some(first) = values.iter().find(|first| first.value == text) {
            let message = format!("`{field}` has the value `{text}` twice");
            mistakes.add(
                Diagnostic::error(codes::DUPLICATE_NAME, message, item.at.label("again"))
                    .label(first.at.label("first")),
            );
            continue;
        }
        values.push(Located { value: text, at: item.at });
    }
    Some(Axis { name, values })
}
