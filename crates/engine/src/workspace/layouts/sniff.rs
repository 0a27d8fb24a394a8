//! What a single file is, by its content; the end of its name only says where to look.
//!
//! Read [`Seen`] and [`look`] first. Only the beginning of a file is looked at, but for JSON, whose keys come in any
//! order, and tables whose columns are listed at their end.
//!
//! Not here: which files belong together (`layouts`).

use super::columns;
use super::form::Form;
use super::json;
use fieldassay_formats::table;
use serde::de::IgnoredAny;
use std::path::Path;

/// Bytes of text that are looked at.
const HEAD_BYTES: usize = 64 << 10;
/// Bytes of JSON of no form that are gone through to say what is wrong with them.
const MOST_PARSED_BYTES: usize = 1 << 20;
/// Lines of text that are looked at.
const HEAD_LINES: usize = 20;
/// Endings of files that are recordings, pictures, clouds, archives or programs: never labels.
const OTHERS: [&str; 36] = [
    "mcap", "bag", "db3", "ulg", "jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff", "mp4",
    "avi", "mkv", "mov", "webm", "wav", "mp3", "flac", "bin", "pcd", "ply", "las", "laz", "pdf",
    "zip", "tar", "gz", "zst", "bz2", "xz", "7z", "tfrecord", "pt", "onnx",
];

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// All or a part of an input of that form.
    Labels(Form),
    /// Names of classes that other files count.
    Names,
    /// Names of codes of Open Images.
    OpenImagesNames,
    /// Nothing: an image without objects where others of its folder have some.
    Empty,
    /// Nothing we know, and why.
    No(String),
}

/// What a file of that name and these bytes is.
pub(super) fn look(path: &Path, bytes: &[u8]) -> Seen {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = ending(path);
    if OTHERS.contains(&ending.as_str()) {
        return Seen::No(format!("a .{ending} file, not labels"));
    }
    let Some(first) = bytes.trim_ascii_start().first() else {
        return Seen::Empty;
    };
    if bytes.starts_with(b"version https://git-lfs") {
        return Seen::No("a Git LFS pointer; run `git lfs pull` first".to_owned());
    }
    let is_rows = ["jsonl", "ndjson"].contains(&ending.as_str());
    match first {
        _ if is_packed_table(bytes) => of_table(&name, bytes),
        b'<' => of_xml(bytes),
        b'{' | b'[' if !is_rows => of_json(bytes),
        _ if name.starts_with("class-descriptions") && ending == "csv" => Seen::OpenImagesNames,
        _ if is_rows || ["csv", "tsv"].contains(&ending.as_str()) => of_text_table(&name, bytes),
        _ if ["yaml", "yml"].contains(&ending.as_str()) => of_yaml(bytes),
        _ if ending == "names" || name == "classes.txt" => Seen::Names,
        _ if ending == "txt" => of_lines(bytes),
        b'\xef' if bytes.starts_with(b"\xef\xbb\xbf<") => of_xml(bytes),
        _ if ending == "pb" => Seen::No("protobuf, which is read of no form of labels".to_owned()),
        _ => Seen::No(UNKNOWN.to_owned()),
    }
}

/// Said of what nothing can be said of.
const UNKNOWN: &str = "no form that is known";

/// Whether a reason says nothing of what a file is.
pub(super) fn is_plain(reason: &str) -> bool {
    reason.ends_with(UNKNOWN)
}

/// The end of a name, in lower case.
pub(super) fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_ascii_lowercase()
}

fn is_packed_table(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"PAR1", b"ARROW1", b"\x93NUMPY"];
    marks.iter().any(|mark| bytes.starts_with(mark))
}

/// The name of the root of XML.
fn of_xml(bytes: &[u8]) -> Seen {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<!") {
            ">"
        } else {
            break;
        };
        let Some((_, behind)) = rest.split_once(end) else {
            return Seen::No("XML without a root in its beginning".to_owned());
        };
        rest = behind.trim_start();
    }
    let root = rest.trim_start_matches('<');
    let root = root.split([' ', '\t', '\r', '\n', '>', '/']).next();
    match root.unwrap_or_default() {
        "annotation" => Seen::Labels(Form::Voc),
        "annotations" => Seen::Labels(Form::Cvat),
        "commonRoad" => Seen::Labels(Form::CommonRoad),
        name => Seen::No(format!(
            "XML with the root `<{}>`; looked for `annotation` (VOC), `annotations` (CVAT), `commonRoad`",
            name.chars().take(40).collect::<String>()
        )),
    }
}

fn of_json(bytes: &[u8]) -> Seen {
    let mut known = Vec::new();
    let is_list = json::keys(bytes, |key| {
        if known.len() < 64 {
            known.push(key.to_owned());
        }
        decided(&known).is_some()
    });
    if let Some(form) = decided(&known) {
        return Seen::Labels(form);
    }
    let has = |key: &str| known.iter().any(|known| known == key);
    if has("vcd") {
        return Seen::No("VCD before OpenLABEL 1.0, which is not read".to_owned());
    }
    if has("images") && has("annotations") {
        return Seen::No("JSON in COCO's form without `categories`".to_owned());
    }
    if is_list {
        return columns::of_names(&known.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Seen::No(
        damage(bytes).unwrap_or_else(|| "JSON with the keys of no form that is known".to_owned()),
    )
}

/// Why JSON cannot be read as one document; none where it can, or is too long to be gone through for that.
fn damage(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MOST_PARSED_BYTES {
        return None;
    }
    let mut all = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    if let Err(error) = all.next()? {
        return Some(format!("JSON that cannot be read: {error}"));
    }
    let rest = bytes.get(all.byte_offset()..).unwrap_or_default();
    let is_over = rest.trim_ascii().is_empty();
    (!is_over).then(|| "JSON with more behind its end; rows of JSON are named .jsonl".to_owned())
}

/// The form keys of an object, or of the first object of a list, speak for.
fn decided(keys: &[String]) -> Option<Form> {
    let has = |key: &str| keys.iter().any(|known| known == key);
    if has("openlabel") {
        Some(Form::OpenLabel)
    } else if has("categories") && has("images") && has("annotations") {
        Some(Form::Coco)
    } else if has("image_id") && has("category_id") {
        Some(Form::CocoResults)
    } else if (has("data") && (has("annotations") || has("completions") || has("predictions")))
        || (has("annotation_id") && has("annotator"))
    {
        Some(Form::LabelStudio)
    } else {
        None
    }
}

/// A table of text by the names in its first line.
fn of_text_table(name: &str, bytes: &[u8]) -> Seen {
    let bytes = columns::as_utf8(bytes);
    let head = bytes.get(..HEAD_BYTES).unwrap_or(&bytes);
    let end = head.iter().rposition(|byte| *byte == b'\n');
    let head = if head.len() < bytes.len() {
        head.get(..end.unwrap_or(head.len())).unwrap_or(head)
    } else {
        head
    };
    // A cell may go on behind the last line of the head.
    match table::read(name, head) {
        Ok(table) => columns::of_names(&table.names().collect::<Vec<_>>()),
        Err(_) => of_table(name, &bytes),
    }
}

fn of_table(name: &str, bytes: &[u8]) -> Seen {
    match table::read(name, bytes) {
        Ok(table) => columns::of_table(&table),
        Err(error) => Seen::No(error.to_string()),
    }
}

/// A list of names in YAML, as a `data.yaml` has it.
fn of_yaml(bytes: &[u8]) -> Seen {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    if text.lines().any(|line| line.starts_with("names:")) {
        Seen::Names
    } else if text.starts_with("rosbag2_bagfile_information:") {
        Seen::No("what lies beside the files of a rosbag2, which are not there".to_owned())
    } else {
        Seen::No("YAML without a list `names` of classes".to_owned())
    }
}

/// Text without a line of names, by the cells of its lines.
fn of_lines(bytes: &[u8]) -> Seen {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let mut lines: Vec<&str> = text.lines().collect();
    if head.len() < bytes.len() {
        lines.pop();
    }
    let lines = lines.into_iter().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty())
        .take(HEAD_LINES)
        .collect();
    let all = |is: fn(&str) -> bool| !lines.is_empty() && lines.iter().all(|line| is(line));
    if all(is_mot) {
        Seen::Labels(Form::Mot)
    } else if all(is_kitti) {
        Seen::Labels(Form::Kitti)
    } else if all(is_yolo) {
        Seen::Labels(Form::Yolo)
    } else {
        Seen::No("text whose lines are of no form that is known".to_owned())
    }
}

/// `frame,id,left,top,width,height,confidence`, and more.
fn is_mot(line: &str) -> bool {
    let cells: Option<Vec<f64>> = line
        .split(',')
        .map(|cell| cell.trim().parse().ok())
        .collect();
    cells.is_some_and(|cells| {
        let whole = cells.iter().take(2).all(|cell| cell.fract() == 0.0);
        (7..=10).contains(&cells.len()) && whole && cells.first().is_some_and(|frame| *frame >= 1.0)
    })
}

/// A word and 14 numbers, in results 15; frame and track before them where it is about a sequence.
fn is_kitti(line: &str) -> bool {
    let cells: Vec<bool> = line
        .split_ascii_whitespace()
        .map(|cell| cell.parse::<f64>().is_ok())
        .collect();
    let cells = cells.as_slice();
    let object = cells.strip_prefix(&[true, true]).unwrap_or(cells);
    let [false, numbers @ ..] = object else {
        return false;
    };
    [14, 15].contains(&numbers.len()) && numbers.iter().all(|is_number| *is_number)
}

/// A class and shares of an image: a box, perhaps with how sure it is, or corners.
fn is_yolo(line: &str) -> bool {
    let cells: Option<Vec<f64>> = line
        .split_ascii_whitespace()
        .map(|cell| cell.parse().ok())
        .collect();
    let Some([class, shares @ ..]) = cells.as_deref() else {
        return false;
    };
    let fits = matches!(shares.len(), 4 | 5) || (shares.len() >= 6 && shares.len() % 2 == 0);
    fits && *class >= 0.0 && class.fract() == 0.0 && shares.iter().all(|share| share.abs() <= 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_what_is_in_them() {
        let seen = |name: &str, text: &str| look(Path::new(name), text.as_bytes());
        for (name, text, form) in [
            (
                "a.xml",
                "\u{feff}<?xml version='1.0'?>\n<!-- <annotations> -->\n<annotation>",
                Form::Voc,
            ),
            ("a.xml", "<annotations><version>1.1</version>", Form::Cvat),
            ("a.xml", "<commonRoad timeStepSize='1'>", Form::CommonRoad),
            (
                "a",
                r#" {"info": {"categories": 1}, "images": [{"annotations": 2}], "annotations": [], "categories": []}"#,
                Form::Coco,
            ),
            (
                "a.json",
                r#"[{"image_id": 1, "bbox": [1], "category_id": 2}]"#,
                Form::CocoResults,
            ),
            ("a.json", r#"{"openlabel": {}}"#, Form::OpenLabel),
            (
                "a.json",
                r#"[{"id": 1, "data": {"image": "a\"b"}, "annotations": []}]"#,
                Form::LabelStudio,
            ),
            (
                "a.json",
                r#"[{"question": 1, "worker": 2, "answer": 3}]"#,
                Form::Votes,
            ),
            (
                "a.txt",
                "1,3,113.84,274.5,57.307,130.05,-1,-1,-1,-1\n",
                Form::Mot,
            ),
            (
                "a.txt",
                "0 1 Car 0 0 1.5 1 2 3 4 1 1 1 1 1 1 1\n",
                Form::Kitti,
            ),
            ("a.txt", "Car 0 0 1.5 1 2 3 4 1 1 1 1 1 1 1\n", Form::Kitti),
            (
                "a.txt",
                "0 0.5 0.5 0.1 0.1\n14 0.1 0.1 0.2 0.2 0.9\n",
                Form::Yolo,
            ),
            ("a.csv", "item,annotator,label\n", Form::Votes),
            (
                "a.jsonl",
                "{\"item\": 1, \"annotator\": 2, \"label\": 3}\n",
                Form::Votes,
            ),
        ] {
            assert_eq!(seen(name, text), Seen::Labels(form), "{text}");
        }
        assert_eq!(
            seen("data.yaml", "path: x\nnames:\n  0: cat\n"),
            Seen::Names
        );
        assert_eq!(seen("a.txt", " \n"), Seen::Empty);
        for (name, text, said) in [
            ("a.xml", "<OpenSCENARIO>", "`<OpenSCENARIO>`"),
            (
                "a.json",
                r#"{"images": [], "annotations": []}"#,
                "without `categories`",
            ),
            ("a.txt", "1311867718.6 1 2 3 0 0 0 1\n", "no form"),
            ("a.txt", "14 0.43 162.0 96.0 189.0 245.0\n", "no form"),
            ("a.png", "x", ".png"),
        ] {
            let Seen::No(reason) = seen(name, text) else {
                panic!("{text}")
            };
            assert!(reason.contains(said), "{reason}");
        }
    }
}
