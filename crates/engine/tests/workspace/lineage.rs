//! Where things came from and what came of them: recordings, originals, stretches and rows.

use crate::bench::{Bench, in_world, recording};
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::Form;
use fieldassay_engine::workspace::card;
use fieldassay_engine::workspace::ingest;
use fieldassay_engine::workspace::lineage::{
    self, Direction, Document, MOST_LINKS, Request, openlineage,
};
use fieldassay_engine::workspace::release::create;
use fieldassay_model::release;

fn request(id: &str, direction: Direction) -> Request {
    Request {
        id: id.to_owned(),
        direction,
        depth: None,
        most: MOST_LINKS,
    }
}

fn followed(bench: &Bench, id: &str, direction: Direction) -> Document {
    lineage::run(&bench.open(), &request(id, direction)).expect(id)
}

fn refused(bench: &Bench, id: &str) -> String {
    let asked = lineage::run(&bench.open(), &request(id, Direction::Up));
    asked.expect_err(id).to_string()
}

/// A workspace with one recording; its id and the digest of its file.
fn one() -> (Bench, String, String) {
    let bench = Bench::new();
    let id = bench.brought();
    let rows = bench.ask("SELECT sha256 FROM files");
    let digest = rows[0]["sha256"].as_str().expect("a digest").to_owned();
    (bench, id, digest)
}

#[test]
fn a_recording_comes_from_its_file_and_the_policy_and_back_again() {
    let (bench, id, digest) = one();
    let up = followed(&bench, &id, Direction::Up);
    let kinds: Vec<&str> = up.nodes.iter().map(|node| node.kind.as_str()).collect();
    assert_eq!(kinds, ["blob", "policy", "recording"]);
    assert_eq!(up.operations.len(), 1);
    let deed = &up.operations[0];
    assert_eq!(deed.verb, "ingest");
    assert_eq!(deed.id, format!("op:{}", deed.batch));
    assert_eq!((deed.plan_sha256.len(), deed.actor.len()), (64, 64));
    assert!(deed.time_ns > 0 && deed.published_ns.is_some());
    for text in [
        format!("blob:{digest}"),
        digest.clone(),
        digest[..12].to_owned(),
    ] {
        let down = followed(&bench, &text, Direction::Down);
        assert_eq!(down.id, format!("blob:{digest}"));
        assert_eq!(down.edges[0].child, id);
    }
    let by_name = followed(&bench, "drive.mcap", Direction::Up);
    assert_eq!(by_name.id, id);
    assert_eq!(by_name.edges, up.edges);
    let down = followed(&bench, "policy:default@1", Direction::Down);
    assert!(down.edges.iter().any(|edge| edge.child == id), "{down:?}");
    // Ingesting it again says nothing twice.
    let path = bench.inputs().join("drive.mcap");
    bench.ingest(&[&path], &NoProgress).expect("a run");
    assert_eq!(followed(&bench, &id, Direction::Up).edges, up.edges);
}

#[test]
fn a_stretch_leads_to_the_bytes_it_lies_in() {
    let (bench, id, digest) = one();
    let whole = bench.ask("SELECT chunk, start_ns, end_ns FROM chunks ORDER BY chunk");
    let chunks = whole.as_array().expect("rows").len();
    let document = followed(&bench, &format!("{id}@1.5-2"), Direction::Up);
    let sample = document.sample.as_ref().expect("a sample");
    let first = 1_600_002_000_000_000_000_i64;
    assert_eq!(
        (sample.start_ns, sample.end_ns),
        (Some(first + 1_500_000_000), Some(first + 2_000_000_000))
    );
    assert!(!sample.chunks.is_empty() && sample.chunks.len() <= chunks);
    assert_eq!(sample.topics, ["/a", "/b"]);
    let bytes = std::fs::metadata(bench.inputs().join("drive.mcap"))
        .expect("a file")
        .len();
    for chunk in &sample.chunks {
        assert_eq!(chunk.blob_sha256, digest);
        let end = chunk.offset_bytes + chunk.length_bytes;
        assert!(u64::try_from(end).expect("positive") <= bytes);
        assert!(chunk.start_ns <= sample.end_ns && chunk.end_ns >= sample.start_ns);
    }
    let ends: Vec<&str> = document
        .edges
        .iter()
        .map(|edge| edge.parent.as_str())
        .collect();
    assert!(ends.contains(&id.as_str()), "{ends:?}");
    assert!(
        ends.contains(&format!("blob:{digest}").as_str()),
        "{ends:?}"
    );
    // The same stretch in nanoseconds.
    let nanos = format!("{id}@{}-{}", first + 1_500_000_000, first + 2_000_000_000);
    assert_eq!(followed(&bench, &nanos, Direction::Up).id, document.id);
    let down = followed(&bench, &nanos, Direction::Down);
    assert!(
        down.edges
            .iter()
            .any(|edge| edge.child == id && edge.operation.is_none())
    );
}

#[test]
fn a_row_leads_to_what_it_was_made_from() {
    let (bench, id, digest) = one();
    let document = followed(&bench, &format!("{id}/facts/0"), Direction::Up);
    let sample = document.sample.as_ref().expect("a sample");
    assert_eq!(sample.table.as_deref(), Some("facts"));
    let row = sample.row.as_ref().expect("a row");
    assert_eq!(row["recording_id"], id.as_str());
    let source = sample.source_id.as_deref().expect("a source");
    assert!(
        document
            .nodes
            .iter()
            .any(|node| node.id == source && node.kind == "recipe")
    );
    assert!(
        document
            .nodes
            .iter()
            .any(|node| node.id == format!("blob:{digest}"))
    );
    let same = followed(&bench, &format!("{id}/facts/{source}/0"), Direction::Up);
    assert_eq!(same.edges.len(), document.edges.len());
}

#[test]
fn what_means_nothing_is_explained() {
    let (bench, id, _) = one();
    for (text, expected) in [
        ("drve.mcap".to_owned(), "drive.mcap"),
        (format!("{id}@5-2"), "it ends before it starts"),
        (format!("{id}@500-600"), "has nothing there"),
        (format!("{id}@x"), "no two times"),
        (format!("{id}/lables/1"), "did you mean `labels`?"),
        (format!("{id}/labels/x"), "names no row"),
        (format!("{id}/labels/1"), "has no row 1"),
        ("policy:defalt@1".to_owned(), "policy:default@1"),
        (
            format!("blob:{}", "0".repeat(64)),
            "nothing in this workspace",
        ),
    ] {
        let error = refused(&bench, &text);
        assert!(
            error.contains(expected) && error.contains("hint:"),
            "{text}: {error}"
        );
    }
}

#[test]
fn it_is_drawn_and_told_in_every_form() {
    let (bench, id, _) = one();
    let document = followed(&bench, &format!("{id}@1.5-2"), Direction::Up);
    let tree = document.tree();
    assert!(tree.starts_with("sample "), "{tree}");
    assert!(document.dot().contains(&format!("\"{id}\"")));
    let svg = document.drawing();
    assert!(
        svg.starts_with("<svg") && svg.contains("drive.mcap"),
        "{svg}"
    );
    let events = lineage::told(&bench.open(), &document, openlineage::NAMESPACE).expect("events");
    assert_eq!(events.len(), 2);
    let output = &events[1]["outputs"][0];
    assert_eq!(output["name"], id.as_str());
    assert_eq!(output["facets"]["schema"]["fields"][0]["name"], "/a");
}

#[test]
fn depth_and_limits_are_kept() {
    let (bench, id, _) = one();
    let workspace = bench.open();
    let shallow = Request {
        depth: Some(1),
        ..request(&id, Direction::Up)
    };
    let document = lineage::run(&workspace, &shallow).expect("lineage");
    assert_eq!((document.edges.len(), document.is_cut), (2, false));
    let few = Request {
        most: 1,
        ..request(&id, Direction::Up)
    };
    let document = lineage::run(&workspace, &few).expect("lineage");
    assert_eq!((document.edges.len(), document.is_cut), (1, true));
    assert!(document.graph().left_out.contains("--most"));
}

/// Makes a release of what a condition selects; gives its name with the version.
fn released(bench: &Bench, name: &str, condition: Option<&str>) -> String {
    let asked = create::Request {
        name: name.to_owned(),
        release: release::Request {
            include_quarantined: true,
            condition: condition.map(str::to_owned),
            ..release::Request::default()
        },
        contracts: Vec::new(),
        keep_splits: None,
        jobs: 2,
    };
    let workspace = bench.open();
    let plan = create::plan(&workspace, &asked).expect("a plan");
    let made =
        in_world(|world| create::run(&workspace, world, plan, &NoProgress)).expect("a release");
    format!("{name}@{}", made.version)
}

fn names(document: &Document, kind: &str) -> Vec<String> {
    let of_kind = document.nodes.iter().filter(|node| node.kind == kind);
    of_kind.map(|node| node.id.clone()).collect()
}

#[test]
fn releases_are_correct_by_version() {
    let (bench, first, digest) = one();
    let one_only = released(&bench, "night", None);
    let path = bench.inputs().join("later.mcap");
    recording(&path, 5, 200);
    let second = bench.ingest(&[&path], &NoProgress).expect("a run").inputs[0]
        .recording_id
        .clone()
        .expect("an id");
    let both = released(&bench, "night", None);
    let other = released(&bench, "other", Some("name = 'later.mcap'"));
    assert_eq!((one_only.as_str(), both.as_str()), ("night@1", "night@2"));

    let up = followed(&bench, &one_only, Direction::Up);
    assert_eq!(names(&up, "recording"), std::slice::from_ref(&first));
    assert_eq!(names(&up, "blob"), [format!("blob:{digest}")]);
    assert!(up.nodes[0].sha256.is_some());
    let deed = up
        .operations
        .iter()
        .find(|deed| deed.verb == "release")
        .expect("a deed");
    assert!(deed.time_ns > 0 && deed.actor.len() == 64, "{deed:?}");
    let up = followed(&bench, "night", Direction::Up);
    assert_eq!(up.id, "night@2");
    assert_eq!(names(&up, "recording").len(), 2);
    assert!(names(&up, "release").contains(&one_only));

    let down = followed(&bench, &format!("{first}@1-2"), Direction::Down);
    assert_eq!(names(&down, "release"), [one_only, both.clone()]);
    let down = followed(&bench, &format!("{second}@0-1"), Direction::Down);
    assert_eq!(names(&down, "release"), [both.clone(), other.clone()]);
    let down = followed(&bench, &format!("{second}/facts/0"), Direction::Down);
    assert_eq!(names(&down, "release"), [both, other]);
    assert!(refused(&bench, "night@7").contains("versions 1, 2"));
}

/// A card in a form, or why there is none.
fn card(
    bench: &Bench,
    release: &str,
    form: card::Form,
    is_draft: bool,
) -> Result<card::Card, String> {
    let request = card::Request {
        release: release.to_owned(),
        form,
        is_draft,
    };
    card::run(&bench.open(), &request).map_err(|error| error.to_string())
}

#[test]
fn a_card_says_what_the_files_of_the_release_say() {
    let (bench, id, digest) = one();
    let name = released(&bench, "night", None);
    let error = card(&bench, &name, card::Form::Croissant, false).expect_err("parts are missing");
    for part in [
        "`creator`",
        "`description`",
        "`license`",
        "`url`",
        "--draft",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let draft = card(&bench, &name, card::Form::Markdown, true).expect("a draft");
    assert_eq!(draft.missing.len(), 4);
    assert!(draft.text.contains("**Draft.**"), "{}", draft.text);

    let settings = bench.path().join("fieldassay.toml");
    let mut text = std::fs::read_to_string(&settings).expect("settings");
    text.push_str("\n[card]\ndescription = \"Drives\"\nlicense = \"CC-BY-4.0\"\ncreator = \"Example\"\nurl = \"https://example.com\"\n");
    std::fs::write(&settings, text).expect("settings");
    let made = card(&bench, &name, card::Form::Croissant, false).expect("a card");
    assert_eq!((made.release.as_str(), made.missing.len()), ("night@1", 0));
    let document: serde_json::Value = serde_json::from_str(&made.text).expect("JSON");
    assert_eq!(fieldassay_formats::croissant::problems(&document), []);
    assert_eq!(
        document["prov:wasDerivedFrom"][0]["@id"],
        format!("urn:sha256:{digest}")
    );
    let folder = bench.path().join(".fieldassay/releases");
    let folder = std::fs::read_dir(folder)
        .expect("a folder")
        .next()
        .expect("one")
        .expect("one");
    for file in document["distribution"].as_array().expect("files") {
        let path = folder
            .path()
            .join(file["contentUrl"].as_str().expect("a path"));
        let bytes = std::fs::read(&path).expect("the file is there");
        assert_eq!(file["contentSize"], format!("{} B", bytes.len()));
    }
    let page = card(&bench, "night", card::Form::Markdown, false)
        .expect("a card")
        .text;
    for expected in [
        "- Recordings: **1** (1 simulated)",
        "**Simulated data.**",
        "| mcap | 1 |",
        "time.jitter",
    ] {
        assert!(page.contains(expected), "`{expected}` in:\n{page}");
    }
    let html = card(&bench, "night", card::Form::Html, false)
        .expect("a card")
        .text;
    assert!(
        html.starts_with("<!doctype html>") && html.contains("night@1"),
        "{html}"
    );
    let error = card(&bench, "nigt", card::Form::Html, false).expect_err("no release");
    assert!(error.contains("did you mean `night`?"), "{error}");
    // The same release, the same card.
    let again = card(&bench, &name, card::Form::Croissant, false).expect("a card");
    assert_eq!(again.text, made.text);
    assert!(!made.text.contains(bench.path().to_str().expect("a path")) && !id.is_empty());
}

#[test]
fn a_card_counts_labels_and_votes() {
    let bench = Bench::new();
    for (name, form, text) in [
        (
            "labels.csv",
            Form::Labels,
            "item,label\na,car\nb,car\nc,person\n",
        ),
        (
            "votes.csv",
            Form::Votes,
            "item,annotator,label\na,x,car\na,y,car\nb,x,bus\n",
        ),
    ] {
        let path = bench.inputs().join(name);
        std::fs::write(&path, text).expect("a file");
        let outcome = bench.ingest_as(&[&path], &NoProgress, |request| ingest::Request {
            form: Some(form),
            ..request
        });
        assert_eq!(outcome.expect("a run").inputs[0].status, "added", "{name}");
    }
    let name = released(&bench, "said", None);
    let page = card(&bench, &name, card::Form::Markdown, true)
        .expect("a card")
        .text;
    for expected in [
        "| label | car | 2 | 1 of 2, 50.0 %",
        "| Votes per item | 1 to 2, median 1.5 |",
        "Labels and objects: **3**",
    ] {
        assert!(page.contains(expected), "`{expected}` in:\n{page}");
    }
}
