//! A document held to what the specification requires.

use super::RAI;
use fieldassay_model::nearest;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Problems told at most.
const MOST: usize = 500;
/// How deep fields may hold fields.
const DEEP: usize = 16;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where, as a path: `$.distribution[2].sha256`.
    pub path: String,
    /// What, and what to do about it.
    pub message: String,
}

impl Problem {
    /// The property at the top of the document that it is about, `license`; empty for the document itself.
    pub fn property(&self) -> &str {
        let rest = self.path.strip_prefix("$.").unwrap_or_default();
        rest.split(['.', '[']).next().unwrap_or_default()
    }
}

/// Everything in a document that is not as Croissant 1.0 or 1.1 requires, by path; empty for a valid one.
///
/// Held are: context and type; the required properties of the data set with their forms (`conformsTo`, `name`,
/// `description`, `license`, `url`, `creator`, `datePublished`, `distribution`); of every file its address, media type and
/// digest; ids, each once; of record sets and fields their types, and that what they point at is there; names of RAI.
pub fn problems(document: &Value) -> Vec<Problem> {
    let mut check = Check::default();
    if let Some(document) = document.as_object() {
        check.document(document);
    } else {
        check.problem("$", "a document is an object");
    }
    let mut found = check.found;
    found.sort();
    found.dedup();
    found
}

/// What an id names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    FileObject,
    FileSet,
    RecordSet,
    Field,
}

#[derive(Default)]
struct Check {
    found: Vec<Problem>,
    ids: BTreeMap<String, Named>,
    is_live: bool,
}

type Object = Map<String, Value>;

/// A property by its plain name or with the prefix it is also written with.
fn property<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    let prefixes = ["", "sc:", "cr:", "dct:", "schema:"];
    prefixes
        .iter()
        .find_map(|prefix| object.get(&format!("{prefix}{name}")))
        .filter(|value| !value.is_null())
}

/// One or several values.
fn values(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// A text, plain or by language.
fn is_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(by_language) => {
            !by_language.is_empty()
                && by_language
                    .values()
                    .all(|text| text.as_str().is_some_and(|text| !text.trim().is_empty()))
        }
        _ => false,
    }
}

fn is_url(text: &str) -> bool {
    let scheme = text
        .split_once(':')
        .map(|(scheme, rest)| (scheme, !rest.is_empty()));
    scheme.is_some_and(|(scheme, has_more)| {
        has_more
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !text.contains(char::is_whitespace)
    })
}

/// `2026-11-22`, `2026-11`, `2026`, or with a time after a `T`.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let is_number = |part: &str, digits: usize, most: u32| {
        part.len() == digits
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse::<u32>().is_ok_and(|number| number <= most)
    };
    let is_day = match parts.as_slice() {
        [year] => is_number(year, 4, 9999),
        [year, month] => is_number(year, 4, 9999) && is_number(month, 2, 12),
        [year, month, day] => {
            is_number(year, 4, 9999) && is_number(month, 2, 12) && is_number(day, 2, 31)
        }
        _ => false,
    };
    let is_clock = time.is_none_or(|time| {
        time.len() >= 5
            && time
                .bytes()
                .all(|b| b.is_ascii_digit() || b":.+-Z".contains(&b))
    });
    is_day && is_clock
}

fn is_digest(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Check {
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.found.len() < MOST {
            self.found.push(Problem {
                path: path.into(),
                message: message.into(),
            });
        }
    }

    fn document(&mut self, document: &Object) {
        self.context(document);
        let is_dataset = property(document, "@type").is_some_and(|kind| {
            let names = [
                "sc:Dataset",
                "Dataset",
                "https://schema.org/Dataset",
                "http://schema.org/Dataset",
            ];
            values(kind)
                .iter()
                .any(|one| one.as_str().is_some_and(|one| names.contains(&one)))
        });
        if !is_dataset {
            self.problem("$.@type", "it is required to be `sc:Dataset`");
        }
        self.conforms(document);
        self.is_live = property(document, "isLiveDataset").and_then(Value::as_bool) == Some(true);
        for name in ["name", "description"] {
            if !property(document, name).is_some_and(is_text) {
                self.problem(format!("$.{name}"), "a text is required");
            }
        }
        self.license(document);
        match property(document, "url").and_then(Value::as_str) {
            Some(url) if is_url(url) => {}
            Some(url) => self.problem("$.url", format!("`{url}` is no URL")),
            None => self.problem("$.url", "the URL of a page about the data set is required"),
        }
        self.creators(document);
        match property(document, "datePublished").and_then(Value::as_str) {
            Some(date) if is_date(date) => {}
            Some(date) => self.problem(
                "$.datePublished",
                format!("`{date}` is no date; write `2026-11-22` or a time of ISO 8601"),
            ),
            None => self.problem("$.datePublished", "the day it was published is required"),
        }
        self.distribution(document);
        let sets = property(document, "recordSet")
            .map(values)
            .unwrap_or_default();
        self.gather_fields(&sets);
        for (at, set) in sets.iter().enumerate() {
            self.record_set(set, &format!("$.recordSet[{at}]"));
        }
        self.rai(document);
    }

    fn context(&mut self, document: &Object) {
        let Some(context) = document.get("@context") else {
            self.problem("$.@context", "a context is required; appendix 1 has one");
            return;
        };
        let parts = values(context);
        let is_remote = parts.iter().any(|part| part.is_string());
        let of = |name: &str| {
            let found = parts.iter().find_map(|part| part.get(name)?.as_str());
            found.map(str::to_owned)
        };
        let vocabulary = of("@vocab");
        let is_schema = vocabulary
            .as_deref()
            .is_some_and(|iri| matches!(iri, "https://schema.org/" | "http://schema.org/"));
        if !is_schema && !is_remote {
            self.problem(
                "$.@context.@vocab",
                "the vocabulary is `https://schema.org/`",
            );
        }
        match of("cr").as_deref() {
            Some("http://mlcommons.org/croissant/") => {}
            Some(other) => self.problem(
                "$.@context.cr",
                format!("`{other}` is not the namespace `http://mlcommons.org/croissant/`"),
            ),
            None if is_remote => {}
            None => self.problem(
                "$.@context.cr",
                "the namespace `http://mlcommons.org/croissant/` is missing",
            ),
        }
    }

    fn conforms(&mut self, document: &Object) {
        let conforms = property(document, "conformsTo");
        let named = conforms.map(values).unwrap_or_default();
        let is_ours = |one: &&Value| {
            let iri = one.as_str().or_else(|| one.get("@id")?.as_str());
            iri.is_some_and(|iri| {
                matches!(
                    iri,
                    "http://mlcommons.org/croissant/1.0" | "http://mlcommons.org/croissant/1.1"
                )
            })
        };
        if !named.iter().any(is_ours) {
            self.problem(
                "$.conformsTo",
                "it is required to name `http://mlcommons.org/croissant/1.1` (or 1.0)",
            );
        }
    }

    fn license(&mut self, document: &Object) {
        let Some(license) = property(document, "license") else {
            self.problem(
                "$.license",
                "the URL of a licence is required; https://spdx.org/licenses/ lists them",
            );
            return;
        };
        for (at, one) in values(license).iter().enumerate() {
            let is_work = one.as_object().is_some_and(|work| {
                property(work, "name").is_some_and(is_text)
                    || property(work, "url").is_some_and(is_text)
            });
            if !is_text(one) && !is_work {
                self.problem(
                    format!("$.license[{at}]"),
                    "a URL, a name or a work is required",
                );
            }
        }
    }

    fn creators(&mut self, document: &Object) {
        let Some(creators) = property(document, "creator") else {
            self.problem("$.creator", "a person or an organization is required");
            return;
        };
        for (at, one) in values(creators).iter().enumerate() {
            let path = format!("$.creator[{at}]");
            let Some(creator) = one.as_object() else {
                self.problem(path, "a person or an organization with a name is required");
                continue;
            };
            if !property(creator, "name").is_some_and(is_text) {
                self.problem(format!("{path}.name"), "a name is required");
            }
        }
    }

    fn id(&mut self, object: &Object, path: &str, named: Named) {
        match object.get("@id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => {
                if self.ids.insert(id.to_owned(), named).is_some() {
                    self.problem(
                        format!("{path}.@id"),
                        format!("`{id}` names something else too"),
                    );
                }
            }
            _ => self.problem(format!("{path}.@id"), "an id is required"),
        }
    }

    fn distribution(&mut self, document: &Object) {
        let files = property(document, "distribution")
            .map(values)
            .unwrap_or_default();
        if files.is_empty() {
            self.problem("$.distribution", "at least one file is required");
        }
        let mut wanted = Vec::new();
        for (at, file) in files.iter().enumerate() {
            let path = format!("$.distribution[{at}]");
            let Some(file) = file.as_object() else {
                self.problem(path, "a `cr:FileObject` or `cr:FileSet` is required");
                continue;
            };
            let kind = file
                .get("@type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            match kind.rsplit([':', '/']).next().unwrap_or_default() {
                "FileObject" => {
                    self.id(file, &path, Named::FileObject);
                    self.file_object(file, &path);
                }
                "FileSet" => {
                    self.id(file, &path, Named::FileSet);
                    self.media_type(file, &path);
                    if property(file, "includes").is_none() {
                        self.problem(format!("{path}.includes"), "a pattern of names is required");
                    }
                }
                _ => self.problem(
                    format!("{path}.@type"),
                    format!("`{kind}` is neither `cr:FileObject` nor `cr:FileSet`"),
                ),
            }
            let inside = property(file, "containedIn")
                .map(values)
                .unwrap_or_default();
            for one in inside {
                let id = one
                    .get("@id")
                    .and_then(Value::as_str)
                    .or_else(|| one.as_str());
                wanted.push((format!("{path}.containedIn"), id.map(str::to_owned)));
            }
        }
        for (path, id) in wanted {
            self.points(&path, id.as_deref(), &[Named::FileObject, Named::FileSet]);
        }
    }

    fn media_type(&mut self, file: &Object, path: &str) {
        let formats = property(file, "encodingFormat")
            .map(values)
            .unwrap_or_default();
        // Repositories have a word of their own.
        let is_media = |one: &&Value| {
            let text = one.as_str();
            text.is_some_and(|text| text.contains('/') || text == "git+https")
        };
        if formats.is_empty() || !formats.iter().all(is_media) {
            self.problem(
                format!("{path}.encodingFormat"),
                "a media type such as `application/x-parquet` is required",
            );
        }
    }

    fn file_object(&mut self, file: &Object, path: &str) {
        self.media_type(file, path);
        let is_inside = property(file, "containedIn").is_some();
        match property(file, "contentUrl").and_then(Value::as_str) {
            Some(address) if !address.trim().is_empty() => {}
            _ => self.problem(
                format!("{path}.contentUrl"),
                "where the file is is required: a URL, or a path beside the document",
            ),
        }
        let sha256 = property(file, "sha256").map(|value| value.as_str().unwrap_or_default());
        let md5 = property(file, "md5").map(|value| value.as_str().unwrap_or_default());
        match (sha256, md5) {
            (Some(digest), _) if is_digest(digest, 64) => {}
            (Some(digest), _) => self.problem(
                format!("{path}.sha256"),
                format!("`{digest}` is no SHA-256, which has 64 hexadecimal digits"),
            ),
            (None, Some(digest)) if is_digest(digest, 32) => {}
            (None, Some(digest)) => self.problem(
                format!("{path}.md5"),
                format!("`{digest}` is no MD5, which has 32 hexadecimal digits"),
            ),
            // What is inside another file is held by the digest of that, and what is live has none.
            (None, None) if is_inside || self.is_live => {}
            (None, None) => self.problem(
                format!("{path}.sha256"),
                "the SHA-256 of the file is required",
            ),
        }
    }

    /// Ids of record sets and fields, before anything points at them.
    fn gather_fields(&mut self, sets: &[&Value]) {
        for (at, set) in sets.iter().enumerate() {
            let path = format!("$.recordSet[{at}]");
            let Some(set) = set.as_object() else {
                self.problem(path, "a `cr:RecordSet` is required");
                continue;
            };
            self.id(set, &path, Named::RecordSet);
            self.gather_of(set, &path, ("field", 0));
        }
    }

    fn gather_of(&mut self, holder: &Object, path: &str, (name, depth): (&str, usize)) {
        let fields = property(holder, name).map(values).unwrap_or_default();
        if depth > DEEP {
            self.problem(path, "fields are nested too deep");
            return;
        }
        for (at, field) in fields.iter().enumerate() {
            let path = format!("{path}.{name}[{at}]");
            let Some(field) = field.as_object() else {
                self.problem(path, "a `cr:Field` is required");
                continue;
            };
            self.id(field, &path, Named::Field);
            self.gather_of(field, &path, ("subField", depth + 1));
        }
    }

    fn record_set(&mut self, set: &Value, path: &str) {
        let Some(set) = set.as_object() else {
            return;
        };
        let fields = property(set, "field").map(values).unwrap_or_default();
        if fields.is_empty() {
            self.problem(format!("{path}.field"), "at least one field is required");
        }
        for key in property(set, "key").map(values).unwrap_or_default() {
            let id = key
                .get("@id")
                .and_then(Value::as_str)
                .or_else(|| key.as_str());
            // The specification's own example names a field of the same set without the set.
            let whole = set.get("@id").and_then(Value::as_str).zip(id);
            let whole = whole.map(|(set, id)| format!("{set}/{id}"));
            let whole = whole.filter(|whole| self.ids.contains_key(whole));
            let id = whole.as_deref().or(id);
            self.points(&format!("{path}.key"), id, &[Named::Field]);
        }
        let has_data = property(set, "data").is_some();
        for (at, field) in fields.iter().enumerate() {
            self.field(field, &format!("{path}.field[{at}]"), (has_data, 0));
        }
    }

    fn field(&mut self, field: &Value, path: &str, (has_data, depth): (bool, usize)) {
        let Some(field) = field.as_object() else {
            return;
        };
        if depth > DEEP {
            return;
        }
        let parts = property(field, "subField").map(values).unwrap_or_default();
        let source = property(field, "source");
        let references = property(field, "references");
        // A type may come from the field that is pointed at.
        let is_typed =
            property(field, "dataType").is_some() || source.is_some() || references.is_some();
        if !is_typed && parts.is_empty() {
            self.problem(format!("{path}.dataType"), "a type is required");
        }
        if source.is_none() && references.is_none() && !has_data && parts.is_empty() && depth == 0 {
            self.problem(
                format!("{path}.source"),
                "where its values are is required, or `data` in the record set",
            );
        }
        for (name, value) in [("source", source), ("references", references)] {
            if let Some(value) = value {
                self.source(value, &format!("{path}.{name}"));
            }
        }
        if property(field, "isArray").and_then(Value::as_bool) == Some(true)
            && property(field, "arrayShape").is_none()
        {
            self.problem(
                format!("{path}.arrayShape"),
                "an array says its shape; `-1` for any length",
            );
        }
        for (at, part) in parts.iter().enumerate() {
            self.field(
                part,
                &format!("{path}.subField[{at}]"),
                (has_data, depth + 1),
            );
        }
    }

    fn source(&mut self, source: &Value, path: &str) {
        let Some(object) = source.as_object() else {
            self.problem(path, "a source names a file, a set of files or a field");
            return;
        };
        if let Some(id) = object.get("@id").and_then(Value::as_str) {
            let any = [
                Named::FileObject,
                Named::FileSet,
                Named::RecordSet,
                Named::Field,
            ];
            self.points(path, Some(id), &any);
            return;
        }
        let kinds = [
            ("fileObject", vec![Named::FileObject]),
            ("fileSet", vec![Named::FileSet]),
            ("recordSet", vec![Named::RecordSet]),
            // The reference loader's own documents name files as fields, too.
            (
                "field",
                vec![Named::Field, Named::FileSet, Named::FileObject],
            ),
        ];
        let mut is_named = false;
        for (name, kinds) in &kinds {
            if let Some(value) = property(object, name) {
                is_named = true;
                let id = value
                    .get("@id")
                    .and_then(Value::as_str)
                    .or_else(|| value.as_str());
                self.points(&format!("{path}.{name}"), id, kinds);
            }
        }
        if !is_named {
            self.problem(path, "a source names a file, a set of files or a field");
        }
    }

    fn points(&mut self, path: &str, id: Option<&str>, kinds: &[Named]) {
        let Some(id) = id else {
            self.problem(path, "an `@id` is required");
            return;
        };
        if !self.ids.get(id).is_some_and(|kind| kinds.contains(kind)) {
            let of_kind = self.ids.iter().filter(|(_, kind)| kinds.contains(kind));
            let near = nearest(id, of_kind.map(|(id, _)| id.as_str()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            self.problem(path, format!("`{id}` is not in the document{hint}"));
        }
    }

    fn rai(&mut self, document: &Object) {
        let known: BTreeSet<&str> = RAI.into_iter().collect();
        for name in document.keys() {
            let Some(property) = name.strip_prefix("rai:") else {
                continue;
            };
            // The reference loader writes one of them with another capital.
            if !known.contains(property) && property != "dataCollectionTimeFrame" {
                let near = nearest(property, RAI);
                let hint =
                    near.map_or_else(String::new, |near| format!("; did you mean `rai:{near}`?"));
                self.problem(
                    format!("$.{name}"),
                    format!("Croissant RAI has no such property{hint}"),
                );
            }
        }
    }
}
