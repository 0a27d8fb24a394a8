//! What is known about a recording besides its messages: where, when and by whom it was made, and what it may be used for.
//!
//! Read [`Given`] first. Said by a flag, by a file given with the command, by a file beside the recording, or by the
//! recording itself; for each field the first of these that says anything is believed.
//!
//! Not here: rows of it (`workspace`), what is asked of it (`contract`, `workspace::settings`).

use crate::EngineError;
use crate::sources::{OpenedRecording, Source};
use fieldassay_model::contract::ObservedContext;
use fieldassay_model::tables::{CONTEXT_FIELDS, Kind};
use fieldassay_model::{TimeBound, nearest};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of a file that speaks of all recordings in its folder; `<name>.context.yaml` speaks of one.
const FILE: &str = "context.yaml";

/// Key of what a file says of some recordings.
const RECORDINGS: &str = "recordings";

/// Fields with their values.
pub(crate) type Fields = BTreeMap<String, Vec<Said>>;

/// One value, and who said it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) value: String,
    pub(crate) real: Option<f64>,
    pub(crate) unit: Option<String>,
    pub(crate) start: Option<TimeBound>,
    pub(crate) end: Option<TimeBound>,
    pub(crate) given_by: &'static str,
    pub(crate) place: String,
}

/// What the command says, of all recordings and of some.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub(crate) flags: Fields,
    pub(crate) all: Fields,
    pub(crate) some: Vec<(glob::Pattern, Fields)>,
}

impl Given {
    /// Reads flags `field=value` and a file.
    ///
    /// Errors: [`EngineError::Context`] with the flag, or the file and its key.
    pub(crate) fn read(flags: &[String], file: Option<&Path>) -> Result<Self, EngineError> {
        let mut given = Self::default();
        for flag in flags {
            let place = format!("--set {flag}");
            let Some((field, value)) = flag.split_once('=') else {
                return Err(wrong(
                    &place,
                    "it says no value\nhint: `--set site=plant-3`",
                ));
            };
            let value = scalar_of(value);
            let said = said(field, &value, ("flag", &place))?;
            given
                .flags
                .entry(field.to_owned())
                .or_default()
                .extend(said);
        }
        let Some(file) = file else { return Ok(given) };
        let mut top = mapping(file)?;
        let place = file.display().to_string();
        // Where the file lies is of one machine; what is kept says which file it was.
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some(some) = top.remove(RECORDINGS) {
            let Json::Object(some) = some else {
                return Err(wrong(
                    &place,
                    "`recordings` is no mapping of names to fields",
                ));
            };
            for (pattern, fields) in some {
                let compiled = glob::Pattern::new(&pattern).map_err(|error| {
                    wrong(&place, &format!("`{pattern}` is no pattern: {error}"))
                })?;
                let Json::Object(fields) = fields else {
                    return Err(wrong(&place, &format!("`{pattern}` has no fields")));
                };
                let fields = read_fields(&fields, ("flag", &name))?;
                given.some.push((compiled, fields));
            }
        }
        given.all = read_fields(&top, ("flag", &name))?;
        Ok(given)
    }

    /// What is known of a recording at a path, with what it says of itself.
    ///
    /// Errors: [`EngineError::Context`] for a file beside it that cannot be read.
    pub(crate) fn of(
        &self,
        path: &Path,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Fields, EngineError> {
        let mut fields = self.flags.clone();
        let mut also = |more: Fields| {
            for (field, values) in more {
                fields.entry(field).or_insert(values);
            }
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for (pattern, some) in &self.some {
            if pattern.matches(&name) || pattern.matches_path(path) {
                also(some.clone());
            }
        }
        also(self.all.clone());
        for file in beside(path) {
            let place = file.file_name().unwrap_or_default().to_string_lossy();
            also(read_fields(&mapping(&file)?, ("sidecar", &place))?);
        }
        for (field, value) in metadata {
            let value = scalar_of(value);
            let values = said(field, &value, ("metadata", field))?;
            also(BTreeMap::from([(field.clone(), values)]));
        }
        Ok(fields)
    }
}

/// Whether a file of that name speaks of recordings beside it.
#[cfg(feature = "platform")]
pub(crate) fn is_context(name: &str) -> bool {
    let stem = name.strip_suffix(FILE);
    stem.is_some_and(|stem| stem.is_empty() || stem.ends_with('.'))
}

/// Files that speak of a recording, the nearest first.
fn beside(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if path.is_dir() {
        files.push(path.join(FILE));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    files.push(path.with_file_name(format!("{stem}.{FILE}")));
    files.push(path.with_file_name(FILE));
    files.retain(|file| file.is_file());
    files
}

fn wrong(place: &str, message: &str) -> EngineError {
    EngineError::Context {
        place: place.to_owned(),
        message: message.to_owned(),
    }
}

fn mapping(file: &Path) -> Result<Map<String, Json>, EngineError> {
    let text =
        std::fs::read_to_string(file).map_err(|error| EngineError::io("read", file, error))?;
    let place = file.display().to_string();
    let read: Json = serde_saphyr::from_str(&text)
        .map_err(|error| wrong(&place, &format!("it cannot be read: {error}")))?;
    match read {
        Json::Object(fields) => Ok(fields),
        Json::Null => Ok(Map::new()),
        _ => Err(wrong(
            &place,
            "it is no mapping\nhint: one `field: value` per line",
        )),
    }
}

fn read_fields(from: &Map<String, Json>, by: (&'static str, &str)) -> Result<Fields, EngineError> {
    from.iter()
        .map(|(field, value)| Ok((field.clone(), said(field, value, by)?)))
        .collect()
}

/// A text of a flag or of metadata, as YAML would read it.
fn scalar_of(text: &str) -> Json {
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| Json::String(text.to_owned()), |_| number(text)),
    }
}

/// A number as it is written, so that `1.10` stays what it is as a text.
fn number(text: &str) -> Json {
    Json::Array(vec![Json::String(text.to_owned())])
}

/// The values of a field.
fn said(
    field: &str,
    value: &Json,
    (given_by, place): (&'static str, &str),
) -> Result<Vec<Said>, EngineError> {
    let is_name = !field.is_empty()
        && field
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_name && given_by != "metadata" {
        let message =
            format!("`{field}` is no name of a field\nhint: small letters, digits and `_`");
        return Err(wrong(place, &message));
    }
    let plain = |value: String, real: Option<f64>| Said {
        value,
        real,
        unit: None,
        start: None,
        end: None,
        given_by,
        place: place.to_owned(),
    };
    let all = match value {
        Json::Null => Vec::new(),
        Json::Bool(truth) => vec![plain(truth.to_string(), None)],
        Json::Number(number) => vec![plain(number.to_string(), number.as_f64())],
        Json::String(text) => vec![plain(text.clone(), text.trim().parse().ok())],
        Json::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(said(field, item, (given_by, place))?);
            }
            all
        }
        Json::Object(parts) => vec![with_parts(field, parts, (given_by, place))?],
    };
    let kind = CONTEXT_FIELDS
        .iter()
        .find(|known| known.name == field)
        .map(|known| known.kind);
    let words = ["true", "false", "unknown", "not_applicable"];
    let no_truth = all.iter().find(|one| !words.contains(&one.value.as_str()));
    if let (Some(Kind::Boolean), Some(one)) = (kind, no_truth) {
        let message = format!(
            "`{field}` is `true` or `false`, and `{}` is said\nhint: or `unknown`, `not_applicable`",
            one.value
        );
        return Err(wrong(place, &message));
    }
    Ok(all)
}

/// A value with its unit and the stretch it holds for.
fn with_parts(
    field: &str,
    parts: &Map<String, Json>,
    by: (&'static str, &str),
) -> Result<Said, EngineError> {
    const PARTS: [&str; 4] = ["value", "unit", "start", "end"];
    if let Some(part) = parts.keys().find(|part| !PARTS.contains(&part.as_str())) {
        // The list of recordings under a mistaken name is taken for a field.
        let meant = nearest(field, [RECORDINGS]).or_else(|| nearest(part, PARTS));
        let near = meant.map_or_else(
            || "its parts are value, unit, start and end".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(wrong(
            by.1,
            &format!("`{field}` has an unknown part `{part}`\nhint: {near}"),
        ));
    }
    let value = parts.get("value").unwrap_or(&Json::Null);
    let plain = !matches!(value, Json::Array(_) | Json::Object(_));
    let mut one = match said(field, value, by)?.pop() {
        Some(one) if plain => one,
        _ => return Err(wrong(by.1, &format!("`{field}` has no plain `value`"))),
    };
    let text = |name: &str| match parts.get(name) {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let time = |name: &str| {
        let text = text(name);
        let parsed = text.map(|text| TimeBound::parse(&text)).transpose();
        parsed.map_err(|error| wrong(by.1, &format!("`{field}`: {error}")))
    };
    one.unit = text("unit");
    one.start = time("start")?;
    one.end = time("end")?;
    Ok(one)
}

/// The context as contracts look at it.
pub(crate) fn observed(fields: &Fields) -> BTreeMap<String, Vec<ObservedContext>> {
    let one = |said: &Said| ObservedContext {
        value: said.value.clone(),
        real: said.real,
        unit: said.unit.clone(),
    };
    fields
        .iter()
        .map(|(field, values)| (field.clone(), values.iter().map(one).collect()))
        .collect()
}

/// Entries of the metadata records of an MCAP that are named for it.
pub(crate) fn metadata_of(
    source: &Source,
    limits: &crate::limits::Limits,
) -> BTreeMap<String, String> {
    const NAMES: [&str; 2] = ["context", "fieldassay.context"];
    let Ok(OpenedRecording::Mcap(mcap)) = source.open(false, limits) else {
        return BTreeMap::new();
    };
    let metadata = mcap.metadata();
    let named = metadata
        .iter()
        .filter(|one| NAMES.contains(&&*one.record.name));
    named
        .flat_map(|one| crate::convert::owned(&one.record.metadata))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_who_says_anything_is_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("all.yaml");
        let text = "site: plant-1\nweather: [rain, fog]\nspeed_limit: {value: 30, unit: km/h}\n\
                    recordings:\n  'drive*.mcap':\n    site: plant-2\n";
        std::fs::write(&file, text).expect("a file");
        std::fs::write(
            folder.path().join("drive1.context.yaml"),
            "rig: r2\nsite: x\n",
        )
        .expect("one");
        std::fs::write(folder.path().join("context.yaml"), "rig: r1\nowner: us\n").expect("one");
        let given = Given::read(&["indoor=false".to_owned()], Some(&file)).expect("given");
        let metadata = BTreeMap::from([("owner".to_owned(), "them".to_owned())]);
        let known = given
            .of(&folder.path().join("drive1.mcap"), &metadata)
            .expect("fields");
        let value = |field: &str| {
            known[field]
                .iter()
                .map(|one| one.value.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(value("site"), ["plant-2"]);
        assert_eq!(value("weather"), ["rain", "fog"]);
        assert_eq!(value("rig"), ["r2"]);
        assert_eq!(value("owner"), ["us"]);
        assert_eq!(value("indoor"), ["false"]);
        assert_eq!(known["speed_limit"][0].unit.as_deref(), Some("km/h"));
        assert_eq!(known["speed_limit"][0].real, Some(30.0));
        assert_eq!(known["owner"][0].given_by, "sidecar");
    }

    #[test]
    fn mistakes_name_their_place() {
        let refused = |flag: &str| {
            let read = Given::read(&[flag.to_owned()], None);
            read.expect_err("a mistake").to_string()
        };
        assert!(refused("site").contains("--set site"));
        assert!(refused("indoor=maybe").contains("`maybe`"));
        assert!(refused("Site name=x").contains("`Site name`"));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&file, "recordigs:\n  drive: {rig: r1}\n").expect("written");
        let error = Given::read(&[], Some(file.path())).expect_err("a mistake");
        assert!(
            error.to_string().contains("did you mean `recordings`?"),
            "{error}"
        );
    }
}
