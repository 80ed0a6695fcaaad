//! Drafts: one step each, with all its values in place; only what it needs is still a text.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::{Diagnostic, Limits, Patterns};
use serde_json::{Map, Number, Value as Json};

use crate::codes;
use crate::lower::delivery::DeclaredSecret;
use crate::lower::document::{Declared, Entries};
use crate::lower::expand::Expansion;
use crate::lower::fields::{Fields, Texts};
use crate::lower::grants::{self, StateField};
use crate::lower::interpolate::{Scope, fill};
use crate::lower::limits::limits;
use crate::lower::pattern_code;
use crate::mistakes::Mistakes;
use crate::pipeline::{FieldPlace, GrantAt, Places, Step};
use crate::place::{Place, Sources};
use crate::text::{Entry, Kind, Located, Text, Value};

/// A step whose `needs` are not looked up yet.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Without its needs.
    pub(crate) step: Step,
    /// Its plain name.
    pub(crate) plain: Arc<str>,
    pub(crate) needs: Vec<Text>,
    /// The valid ones of the patterns of its inputs.
    pub(crate) inputs: Vec<Text>,
    /// The valid ones of the patterns of its outputs.
    pub(crate) outputs: Vec<Text>,
}

/// What making drafts takes, besides the entry itself.
pub(crate) struct Drafting<'a> {
    pub(crate) mistakes: &'a mut Mistakes,
    pub(crate) sources: &'a Sources,
    pub(crate) vars: &'a BTreeMap<String, Text>,
    secrets: &'a BTreeMap<String, DeclaredSecret>,
    /// Patterns that were made before: steps often share them, and making them is costly.
    patterns: BTreeMap<Vec<String>, Patterns>,
}

/// What all steps made from one entry share.
pub(crate) struct Shared {
    plain: Arc<str>,
    limits: Limits,
    /// Those without variables.
    grants: Vec<GrantAt>,
    places: Arc<Places>,
}

impl<'a> Drafting<'a> {
    pub(crate) fn new(
        mistakes: &'a mut Mistakes,
        sources: &'a Sources,
        entries: &'a Entries,
    ) -> Self {
        let (vars, secrets) = (&entries.vars, &entries.delivery.secrets);
        Self { mistakes, sources, vars, secrets, patterns: BTreeMap::new() }
    }

    /// Prepares what does not differ between the steps of one entry.
    pub(crate) fn share(&self, declared: &Declared, fields: &Fields) -> Shared {
        Shared {
            plain: Arc::from(declared.name.value.as_str()),
            limits: limits(self.sources, fields),
            grants: fields.grants.fixed(self.secrets),
            places: Arc::new(places(fields)),
        }
    }

    /// Makes one step.
    pub(crate) fn draft(
        &mut self,
        declared: &Declared,
        fields: &Fields,
        shared: &Shared,
        expansion: Expansion<'_>,
    ) -> Draft {
        let Expansion { name, member, values } = expansion;
        let scope = Scope { vars: self.vars, member: member.as_ref(), matrix: &values };
        let (inputs, input_texts) = self.patterns(&scope, fields.inputs.as_ref());
        let (outputs, output_texts) = self.patterns(&scope, fields.outputs.as_ref());
        let doc = fields.doc.as_ref().map(|doc| self.fill(&scope, doc)).unwrap_or_default();
        let config = match &fields.with {
            Some(with) => self.json(&scope, &with.value),
            None => Json::Object(Map::new()),
        };
        let needs = self.texts(&scope, fields.needs.as_ref());
        let step = Step {
            name,
            doc,
            uses: fields.uses.as_ref().map(|uses| uses.value.clone()).unwrap_or_default(),
            needs: Vec::new(),
            inputs,
            outputs,
            config,
            grants: self.grants(&scope, fields, shared),
            min_isolation: fields.min_isolation.unwrap_or_default(),
            limits: shared.limits.clone(),
            retries: fields.retries.unwrap_or(0),
            member: member.clone(),
            at: declared.at.clone(),
            places: Arc::clone(&shared.places),
        };
        let plain = Arc::clone(&shared.plain);
        Draft { step, plain, needs, inputs: input_texts, outputs: output_texts }
    }

    pub(crate) fn fill(&mut self, scope: &Scope<'_>, text: &Text) -> String {
        fill(self.mistakes, self.sources, scope, text)
    }

    fn texts(&mut self, scope: &Scope<'_>, texts: Option<&Texts>) -> Vec<Text> {
        let texts = texts.into_iter().flat_map(|texts| &texts.value);
        texts.map(|text| Located { value: self.fill(scope, text), at: text.at.clone() }).collect()
    }

    /// All grants of one step, sorted.
    fn grants(&mut self, scope: &Scope<'_>, fields: &Fields, shared: &Shared) -> Vec<GrantAt> {
        let mut all = shared.grants.clone();
        let mut folders = Vec::new();
        for StateField { name, path } in &fields.grants.state {
            let path = Located { value: self.fill(scope, path), at: path.at.clone() };
            folders.push(StateField { name: name.clone(), path });
        }
        all.extend(grants::mounts(self.mistakes, &folders));
        all.sort_by(|one, other| one.grant.cmp(&other.grant));
        all
    }

    /// Makes patterns of the valid texts, and reports the others.
    fn patterns(&mut self, scope: &Scope<'_>, texts: Option<&Texts>) -> (Patterns, Vec<Text>) {
        let mut texts = self.texts(scope, texts);
        loop {
            let key: Vec<String> = texts.iter().map(|text| text.value.clone()).collect();
            if let Some(patterns) = self.patterns.get(&key) {
                return (patterns.clone(), texts);
            }
            match Patterns::parse(&key) {
                Ok(patterns) => {
                    self.patterns.insert(key, patterns.clone());
                    return (patterns, texts);
                }
                Err(error) => {
                    let bad = texts.remove(error.index);
                    let reason = if bad.value.is_empty() {
                        "a pattern cannot be empty".to_owned()
                    } else {
                        error.reason
                    };
                    let code = pattern_code(&bad.value);
                    self.mistakes.add(Diagnostic::error(code, reason, bad.at.label("")));
                }
            }
        }
    }

    /// The JSON form of a configuration, with variables filled in.
    pub(crate) fn json(&mut self, scope: &Scope<'_>, value: &Value) -> Json {
        match &value.value {
            Kind::Text(text) => {
                // Most texts have no variable; those need no copy with a place.
                if text.contains("${") {
                    let text = Located { value: text.clone(), at: value.at.clone() };
                    return Json::String(self.fill(scope, &text));
                }
                Json::String(text.clone())
            }
            Kind::Integer(number) => Json::from(*number),
            Kind::Bool(flag) => Json::Bool(*flag),
            Kind::List(items) => {
                Json::Array(items.iter().map(|item| self.json(scope, item)).collect())
            }
            Kind::Table(table) => {
                let entry =
                    |Entry { key, value }: &Entry| (key.value.clone(), self.json(scope, value));
                Json::Object(table.0.iter().map(entry).collect())
            }
            Kind::Float(number) => match Number::from_f64(*number) {
                Some(number) => Json::Number(number),
                None => self.no_json_form(value, "not a finite number"),
            },
            kind @ (Kind::Date(_) | Kind::HugeInteger) => {
                self.no_json_form(value, &kind.in_words())
            }
        }
    }

    fn no_json_form(&mut self, value: &Value, what: &str) -> Json {
        let message = format!("the configuration of a plugin cannot hold this: it is {what}");
        self.mistakes.add(
            Diagnostic::error(codes::NO_JSON_FORM, message, value.at.label(""))
                .help("write it as a text, in quotes"),
        );
        Json::Null
    }
}

fn places(fields: &Fields) -> Places {
    let list = |texts: Option<&Texts>| texts.map(|texts| texts.at.clone());
    Places {
        uses: fields.uses.as_ref().map(|uses| uses.at.clone()).unwrap_or_default(),
        inputs: list(fields.inputs.as_ref()),
        outputs: list(fields.outputs.as_ref()),
        timeout: fields.timeout.as_ref().map(|timeout| timeout.at.clone()),
        with: config_places(fields.with.as_ref()),
    }
}

/// Where the parts of a configuration are, by JSON pointer.
pub(crate) fn config_places(with: Option<&Entry>) -> BTreeMap<String, FieldPlace> {
    let mut places = BTreeMap::new();
    if let Some(with) = with {
        walk(&mut places, String::new(), &with.key.at, &with.value);
    }
    places
}

/// Notes the place of a part of a configuration and of all parts inside.
fn walk(places: &mut BTreeMap<String, FieldPlace>, pointer: String, key: &Place, value: &Value) {
    match &value.value {
        Kind::Table(table) => {
            for entry in &table.0 {
                let segment = entry.key.value.replace('~', "~0").replace('/', "~1");
                walk(places, format!("{pointer}/{segment}"), &entry.key.at, &entry.value);
            }
        }
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(places, format!("{pointer}/{index}"), &item.at, item);
            }
        }
        _ => {}
    }
    places.insert(pointer, FieldPlace { key: key.clone(), value: value.at.clone() });
}
