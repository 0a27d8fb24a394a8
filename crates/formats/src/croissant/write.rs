//! A data set as a document.

use super::{CONFORMS_TO, RAI_CONFORMS_TO};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Properties of Croissant RAI by name, each with what is said.
pub type Rai = BTreeMap<&'static str, Vec<String>>;

/// A data set. What is empty or none is left out of the document, never made up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// URLs or SPDX names of its licences.
    pub license: Vec<String>,
    /// The page about it.
    pub url: Option<String>,
    /// Who made it.
    pub creators: Vec<Creator>,
    /// When it was published: `2026-11-22`, or with a time.
    pub date_published: Option<String>,
    /// Its version: `2.0.0`.
    pub version: Option<String>,
    /// How to cite it.
    pub cite_as: Option<String>,
    /// Words it is found by.
    pub keywords: Vec<String>,
    /// For what it may be used, and for what not.
    pub usage: Vec<String>,
    /// Its files.
    pub files: Vec<FileObject>,
    /// What is in them.
    pub record_sets: Vec<RecordSet>,
    /// What is said for responsible use.
    pub rai: Rai,
    /// How it was made.
    pub provenance: Option<Provenance>,
}

/// Who made a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creator {
    /// A name.
    pub name: String,
    /// A page.
    pub url: Option<String>,
    /// Whether it is a person; otherwise an organization.
    pub is_person: bool,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileObject {
    /// Its id in the document, and its name.
    pub id: String,
    /// What it holds.
    pub description: String,
    /// Where it is, relative to the document.
    pub content_url: String,
    /// Media type.
    pub encoding_format: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// Records of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordSet {
    /// Its id in the document, and its name.
    pub id: String,
    /// What one record is.
    pub description: String,
    /// The file they are in.
    pub file: String,
    /// Columns that no two records have the same.
    pub key: Vec<String>,
    /// Columns.
    pub fields: Vec<Field>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the file.
    pub name: String,
    /// What it means.
    pub description: String,
    /// What a cell is.
    pub kind: Kind,
    /// Whether a cell is a list of these.
    pub is_list: bool,
    /// A column of another file that it points at: record set and column.
    pub references: Option<(String, String)>,
}

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// True or false.
    Boolean,
}

/// How a data set was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The act, in words.
    pub activity: String,
    /// Its id: a URN of the digest of what it was asked.
    pub activity_id: String,
    /// When.
    pub ended_at: Option<String>,
    /// Program that did it.
    pub software: String,
    /// Who had it done, as a commitment.
    pub agent: Option<String>,
    /// What it was made from: id and name.
    pub derived_from: Vec<(String, String)>,
}

impl Dataset {
    /// The document, JSON-LD. The same data set gives the same document.
    pub fn document(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| {
            let is_empty = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                _ => false,
            };
            if !is_empty {
                out.insert(name.to_owned(), value);
            }
        };
        put("@context", context());
        put("@type", json!("sc:Dataset"));
        put("conformsTo", json!([CONFORMS_TO, RAI_CONFORMS_TO]));
        put("name", json!(self.name));
        put("description", json!(self.description));
        put("license", one_or_many(&self.license));
        put("url", json!(self.url));
        let creators: Vec<Value> = self.creators.iter().map(creator).collect();
        put("creator", json!(creators));
        put("datePublished", json!(self.date_published));
        put("version", json!(self.version));
        put("citeAs", json!(self.cite_as));
        put("keywords", json!(self.keywords));
        put("isLiveDataset", json!(false));
        put("usageInfo", json!(self.usage));
        let files: Vec<Value> = self.files.iter().map(file).collect();
        put("distribution", json!(files));
        let sets: Vec<Value> = self.record_sets.iter().map(record_set).collect();
        put("recordSet", json!(sets));
        for (name, said) in &self.rai {
            put(&format!("rai:{name}"), one_or_many(said));
        }
        if let Some(provenance) = &self.provenance {
            put("prov:wasGeneratedBy", activity(provenance));
            let sources = provenance
                .derived_from
                .iter()
                .map(|(id, name)| json!({"@id": id, "@type": "prov:Entity", "prov:label": name}));
            put(
                "prov:wasDerivedFrom",
                Value::Array(sources.collect::<Vec<_>>()),
            );
        }
        Value::Object(out)
    }
}

fn one_or_many(items: &[String]) -> Value {
    match items {
        [one] => json!(one),
        several => json!(several),
    }
}

fn creator(creator: &Creator) -> Value {
    let kind = if creator.is_person {
        "sc:Person"
    } else {
        "sc:Organization"
    };
    let mut out = json!({"@type": kind, "name": creator.name});
    if let (Some(object), Some(url)) = (out.as_object_mut(), &creator.url) {
        object.insert("url".to_owned(), json!(url));
    }
    out
}

fn file(file: &FileObject) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": file.id,
        "name": file.id,
        "description": file.description,
        "contentUrl": file.content_url,
        "contentSize": format!("{} B", file.size_bytes),
        "encodingFormat": file.encoding_format,
        "sha256": file.sha256,
    })
}

fn record_set(set: &RecordSet) -> Value {
    let fields: Vec<Value> = set.fields.iter().map(|one| field(set, one)).collect();
    let keys: Vec<Value> = set
        .key
        .iter()
        .map(|name| json!({"@id": format!("{}/{name}", set.id)}))
        .collect();
    let mut out = json!({
        "@type": "cr:RecordSet",
        "@id": set.id,
        "name": set.id,
        "description": set.description,
        "field": fields,
    });
    if let Some(object) = out.as_object_mut()
        && !keys.is_empty()
    {
        object.insert("key".to_owned(), json!(keys));
    }
    out
}

fn field(set: &RecordSet, field: &Field) -> Value {
    let id = format!("{}/{}", set.id, field.name);
    let kind = match field.kind {
        Kind::Text => "sc:Text",
        Kind::Integer => "sc:Integer",
        Kind::Real => "sc:Float",
        Kind::Boolean => "sc:Boolean",
    };
    let mut out = json!({
        "@type": "cr:Field",
        "@id": id,
        "name": field.name,
        "description": field.description,
        "dataType": kind,
        "source": {
            "fileObject": {"@id": set.file},
            "extract": {"column": field.name},
        },
    });
    if let Some(object) = out.as_object_mut() {
        if field.is_list {
            object.insert("isArray".to_owned(), json!(true));
            object.insert("arrayShape".to_owned(), json!("-1"));
        }
        if let Some((set, column)) = &field.references {
            let to = json!({"field": {"@id": format!("{set}/{column}")}});
            object.insert("references".to_owned(), to);
        }
    }
    out
}

fn activity(provenance: &Provenance) -> Value {
    let mut agents = vec![json!({
        "@type": "prov:SoftwareAgent",
        "prov:label": provenance.software,
    })];
    if let Some(agent) = &provenance.agent {
        agents.push(json!({"@type": "prov:Agent", "@id": agent}));
    }
    let mut out = json!({
        "@type": "prov:Activity",
        "@id": provenance.activity_id,
        "prov:label": provenance.activity,
        "prov:wasAssociatedWith": agents,
    });
    if let (Some(object), Some(ended)) = (out.as_object_mut(), &provenance.ended_at) {
        object.insert("prov:endedAtTime".to_owned(), json!(ended));
    }
    out
}

/// The context of appendix 1, with the words of PROV-O; `name` and `description` by language as the reference loader
/// of version 1.1 has them.
fn context() -> Value {
    let mut out = Map::new();
    for name in [
        "annotation",
        "arrayShape",
        "citeAs",
        "column",
        "containedIn",
        "equivalentProperty",
        "excludes",
        "extract",
        "field",
        "fileObject",
        "fileProperty",
        "fileSet",
        "format",
        "includes",
        "isArray",
        "isLiveDataset",
        "jsonPath",
        "key",
        "md5",
        "parentField",
        "path",
        "readLines",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "samplingRate",
        "sdVersion",
        "separator",
        "source",
        "subField",
        "transform",
        "unArchive",
        "value",
    ] {
        out.insert(name.to_owned(), json!(format!("cr:{name}")));
    }
    for (name, value) in [
        ("@language", json!("en")),
        ("@vocab", json!("https://schema.org/")),
        ("sc", json!("https://schema.org/")),
        ("cr", json!("http://mlcommons.org/croissant/")),
        ("rai", json!("http://mlcommons.org/croissant/RAI/")),
        ("dct", json!("http://purl.org/dc/terms/")),
        ("prov", json!("http://www.w3.org/ns/prov#")),
        ("conformsTo", json!("dct:conformsTo")),
        ("data", json!({"@id": "cr:data", "@type": "@json"})),
        ("dataType", json!({"@id": "cr:dataType", "@type": "@vocab"})),
        ("examples", json!({"@id": "cr:examples", "@type": "@json"})),
        ("name", json!({"@container": "@language"})),
        ("description", json!({"@container": "@language"})),
    ] {
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}
