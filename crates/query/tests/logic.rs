//! SQL with expected answers, as files; and the reference page.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "helpers of tests may fail loudly"
)]

mod workspace;

use expect_test::expect_file;
use fieldassay_query::{Format, Session};
use fieldassay_store::Place;
use regex::Regex;
use std::fmt::Write as _;
use std::path::Path;
use workspace::{CHUNKED, WHOLE};

/// One record of a file in the form of sqllogictest.
struct Case {
    line: usize,
    kind: String,
    sql: String,
    expected: String,
}

fn named(text: &str) -> String {
    text.replace("$CHUNKED", CHUNKED).replace("$WHOLE", WHOLE)
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (mut sql, mut expected, mut answer) = (String::new(), String::new(), false);
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
            if line == "----" {
                answer = true;
                continue;
            }
            let part = if answer { &mut expected } else { &mut sql };
            part.push_str(line);
            part.push('\n');
        }
        cases.push(Case {
            line: number + 1,
            kind: line.to_owned(),
            sql: named(&sql),
            expected: named(&expected),
        });
    }
    cases
}

async fn csv(session: &Session, sql: &str) -> Result<String, String> {
    let answer = session.run(sql).await.map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let written = fieldassay_query::output::write(answer, Format::Csv, 0, &mut bytes).await;
    written.map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).expect("text");
    let (_, rows) = text.split_once('\n').expect("a header");
    Ok(rows.to_owned())
}

/// What is wrong with a case, none where it holds.
async fn fault(session: &Session, case: &Case) -> Option<String> {
    let found = csv(session, &case.sql).await;
    let (word, rest) = case.kind.split_once(' ').unwrap_or((&case.kind, ""));
    match (word, rest.split_once(' ').unwrap_or((rest, ""))) {
        ("statement", ("ok", _)) => found.err(),
        ("statement", ("error", _)) => match found {
            Ok(rows) => Some(format!("no error but\n{rows}")),
            Err(error) if error.trim_end() == case.expected.trim_end() => None,
            Err(error) => Some(format!("another error:\n{error}")),
        },
        ("query", ("contains", _)) => match found {
            Ok(rows) => {
                let missing = case.expected.lines().find(|line| {
                    let pattern = Regex::new(line).expect("a pattern");
                    !pattern.is_match(&rows)
                });
                missing.map(|line| format!("`{line}` is not in\n{rows}"))
            }
            Err(error) => Some(error),
        },
        ("query", (sort, _)) => match found {
            Ok(rows) => {
                let mut lines: Vec<&str> = rows.lines().collect();
                if sort == "rowsort" {
                    lines.sort_unstable();
                }
                let rows = lines.join("\n");
                (rows != case.expected.trim_end()).then(|| format!("other rows:\n{rows}"))
            }
            Err(error) => Some(error),
        },
        _ => panic!("line {}: unknown `{}`", case.line, case.kind),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_sql_give_what_they_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let places = [
        Place::folder(folder.path()).expect("a place"),
        Place::open("memory:///", &std::collections::BTreeMap::new(), &|_| None).expect("a place"),
    ];
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let mut faults = String::new();
    for place in &places {
        let session = workspace::workspace(place).await;
        let mut paths: Vec<_> = std::fs::read_dir(&files)
            .expect("files")
            .map(|entry| entry.expect("a file").path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty());
        for path in paths {
            let cases = cases(&std::fs::read_to_string(&path).expect("a file"));
            assert!(!cases.is_empty(), "{}", path.display());
            for case in &cases {
                if let Some(fault) = fault(&session, case).await {
                    let name = path.file_name().unwrap_or_default().display();
                    let _ = write!(
                        faults,
                        "\n{name}:{} at {}\n{}{fault}\n",
                        case.line,
                        place.url(),
                        case.sql
                    );
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_reference_page_is_as_declared() {
    expect_file!["../../../docs/reference/sql.md"].assert_eq(&fieldassay_query::reference());
}
