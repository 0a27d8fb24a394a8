use super::*;
use crate::{
    CalibrationContent, CameraIntrinsics, ChannelReport, Fact, FactStatus, FactValue, Finding,
    LossReason, MountTransform, Regressions, Severity, Verdict, Window,
};
use expect_test::expect_file;
use std::collections::BTreeSet;

fn of(name: &str) -> &'static Table {
    table(name).unwrap()
}

#[test]
fn every_table_obeys_the_rules() {
    let problems: Vec<String> = TABLES
        .iter()
        .flat_map(lint)
        .chain(
            CONTEXT_FIELDS
                .iter()
                .flat_map(|field| lint_column("context", field)),
        )
        .map(|problem| problem.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let names: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
    assert_eq!(names.len(), TABLES.len());
    let fields: BTreeSet<&str> = CONTEXT_FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(fields.len(), CONTEXT_FIELDS.len());
}

/// A sound column named `name` of a table that has one besides `recording_id`.
fn broken(columns: Vec<Column>, key: &'static [&'static str]) -> Vec<Broken> {
    let columns: &'static [Column] = columns.leak();
    let groups: &'static [&'static [Column]] = vec![columns].leak();
    let table = Table {
        name: "things",
        about: "One thing.",
        key,
        groups,
    };
    lint(&table)
        .into_iter()
        .map(|problem| problem.rule)
        .collect()
}

/// The rules one column breaks in an otherwise sound table that also has a text `frame` and a number `length_m`.
fn column(column: Column) -> Vec<Broken> {
    let others = vec![
        RECORDING,
        text("frame", "Frame."),
        meters("length_m", "Length."),
    ];
    broken([others, vec![column]].concat(), &["recording_id"])
}

#[test]
fn a_sound_column_breaks_no_rule() {
    let sound = [
        text("name", "Name."),
        meters("x_m", "`x`.").frame_in("frame").null("nobody knows"),
        real("speed_mps", "Speed.").unit("m/s"),
        real("value", "Value.").unit_in("frame"),
        integer("point_count", "Points."),
        texts("track_ids", "Tracks."),
        readings("features", "Features."),
        text("severity", "Words.").one_of(&["s0", "not_evaluated"]),
        // A word that is a unit elsewhere is a name where nothing stands before it.
        text("m", "Letter."),
    ];
    for one in sound {
        assert_eq!(column(one), [], "{}", one.name);
    }
}

#[test]
fn names_and_words_are_held() {
    for name in ["Name", "name_", "na__me", "2nd", "länge", "na-me", ""] {
        assert_eq!(column(text(name, "Name.")), [Broken::Name(name.to_owned())]);
    }
    let reserved = column(text("offset", "Name."));
    assert_eq!(reserved, [Broken::Reserved("offset".to_owned())]);
    for about in ["", "name.", "Name"] {
        assert_eq!(column(text("name", about)), [Broken::About]);
    }
    for rule in ["", "nobody knows.", " nobody"] {
        let found = column(text("name", "Name.").null(rule));
        assert_eq!(found, [Broken::NullRule(rule.to_owned())]);
    }
    let twice = text("name", "Name.").one_of(&["a", "b", "a"]);
    assert_eq!(column(twice), [Broken::Words]);
    assert_eq!(
        column(integer("n", "Name.").one_of(&["a"])),
        [Broken::Words]
    );
    let found = column(text("name", "Name.").one_of(&["Not this"]));
    assert_eq!(found, [Broken::Name("Not this".to_owned())]);
    let bad = Table {
        name: "Select",
        about: "",
        ..TABLES[0]
    };
    let bad: Vec<Broken> = lint(&bad).into_iter().map(|problem| problem.rule).collect();
    assert_eq!(bad, [Broken::Name("Select".to_owned()), Broken::About]);
}

#[test]
fn keys_are_held() {
    let columns =
        |kind: fn(&'static str, &'static str) -> Column| vec![RECORDING, kind("part", "Part.")];
    assert_eq!(broken(columns(integer), &["recording_id", "part"]), []);
    assert_eq!(broken(columns(integer), &["part"]), [Broken::KeyStart]);
    assert_eq!(broken(columns(integer), &[]), [Broken::KeyStart]);
    let missing = broken(columns(integer), &["recording_id", "place"]);
    assert_eq!(missing, [Broken::KeyMissing("place".to_owned())]);
    let part = [Broken::KeyColumn("part".to_owned())];
    assert_eq!(broken(columns(real), &["recording_id", "part"]), part);
    assert_eq!(broken(columns(texts), &["recording_id", "part"]), part);
    assert_eq!(
        broken(columns(integer), &["recording_id", "part", "part"]),
        part
    );
    for bad in [
        text("part", "Part.").null("there is none"),
        text("part", "Part.").volatile(),
    ] {
        assert_eq!(
            broken(vec![RECORDING, bad], &["recording_id", "part"]),
            part
        );
    }
    let twice = broken(vec![RECORDING, RECORDING], &["recording_id"]);
    assert_eq!(twice, [Broken::Twice("recording_id".to_owned())]);
}

#[test]
fn names_units_and_kinds_agree() {
    let disagree = [
        real("width_m", "Width."),
        real("width_m", "Width.").unit("px"),
        real("width_px", "Width.").unit_in("frame"),
        real("width", "Width.").unit("m"),
        integer("length_ns", "Length."),
        integer("length", "Length.").unit("bytes"),
        reals("matrix", "Matrix.").unit("px"),
    ];
    for one in disagree {
        let found = column(one);
        assert!(
            matches!(found.as_slice(), [Broken::Unit { .. }]),
            "{}: {found:?}",
            one.name
        );
    }
    let wrong = [
        real("t_ns", "When.").unit("ns"),
        reals("starts_ns", "When.").unit("ns"),
        integer("width_m", "Width.").unit("m"),
        integer("track_id", "Track."),
        integers("track_ids", "Tracks."),
        integer("sha256", "Digest."),
        real("message_count", "Messages."),
        reals("part_counts", "Parts."),
        boolean("detail_json", "Detail."),
    ];
    for one in wrong {
        let found = column(one);
        assert!(
            matches!(found.as_slice(), [Broken::Kind { .. }]),
            "{}: {found:?}",
            one.name
        );
    }
    for (name, last) in [
        ("log_time", "time"),
        ("said_at", "at"),
        ("length_s", "s"),
        ("date", "date"),
    ] {
        assert_eq!(column(text(name, "When.")), [Broken::Time(last.to_owned())]);
    }
    let digest = column(text("file_hash", "Digest."));
    assert_eq!(digest, [Broken::Digest("hash".to_owned())]);
    for one in [
        text("name", "Name.").unit("furlong"),
        boolean("moving", "Moving.").frame_in("frame"),
        real("share", "Share.").unit(""),
    ] {
        assert_eq!(column(one), [Broken::Stated(one.name)]);
    }
}

#[test]
fn coordinates_name_their_frame() {
    for one in [
        meters("x_m", "Place."),
        meters("center_z_m", "Place."),
        pixels("y_px", "Place."),
        real("qw", "Turn."),
        real("yaw_rad", "Turn.").unit("rad"),
        real("vx_mps", "Speed.").unit("m/s"),
        reals("points_px", "Places.").unit("px"),
        reals("covariance", "Covariance."),
    ] {
        assert_eq!(column(one), [Broken::Frame], "{}", one.name);
        assert_eq!(column(one.frame("image")), [], "{}", one.name);
    }
    for wrong in ["nowhere", "length_m"] {
        let found = column(meters("x_m", "Place.").frame_in(wrong));
        assert_eq!(found, [Broken::Reference(wrong.to_owned())]);
        let found = column(real("value", "Value.").unit_in(wrong));
        assert_eq!(found, [Broken::Reference(wrong.to_owned())]);
    }
}

#[test]
fn object_rows_hold_what_was_promised() {
    // ARCHITECTURE.md, conventions, "Object rows".
    let promised = "recording_id t_ns frame track_id category x_m y_m z_m qw qx qy qz length_m width_m height_m source x_px y_px width_px height_px";
    for name in promised.split(' ') {
        assert!(of("objects").column(name).is_some(), "{name}");
    }
    // So are those of facts.
    for name in "name subject value unit low high n method version status".split(' ') {
        assert!(of("facts").column(name).is_some(), "{name}");
    }
}

/// The names a value has when it is written.
fn fields(value: impl serde::Serialize) -> Vec<String> {
    let value = serde_json::to_value(value).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

/// Every field has a column of its name, or those that `renamed` lists for it.
fn covered(table: &str, fields: &[String], renamed: &[(&str, &str)]) {
    for field in fields {
        let columns = renamed.iter().find(|(from, _)| from == field);
        for column in columns.map_or(field.as_str(), |(_, to)| to).split(' ') {
            assert!(
                of(table).column(column).is_some(),
                "{table} does not hold `{field}` in `{column}`"
            );
        }
    }
}

#[test]
fn tables_hold_every_field_of_the_documents() {
    let mut fact = Fact::count("a.b", "recording", 1).with_window(0, 1);
    fact.reason = Some("none".to_owned());
    let fact = fact.with_detail("class", FactValue::Bool(true));
    let window = ("window", "window_start_ns window_end_ns");
    covered("facts", &fields(fact), &[window, ("detail", "detail_json")]);
    let finding = Finding {
        code: "a.b".to_owned(),
        severity: Severity::Warn,
        subject: String::new(),
        window: Some(Window {
            start_ns: 0,
            end_ns: 1,
        }),
        count: 1,
        message: String::new(),
        hint: String::new(),
        facts: Vec::new(),
        windows: Vec::new(),
    };
    covered(
        "findings",
        &fields(finding),
        &[window, ("windows", "window_starts_ns window_ends_ns")],
    );
    let loss = LossReason {
        code: String::new(),
        start: 0,
        end: 1,
        messages: None,
        suspect_messages: 0,
        message: String::new(),
    };
    let renamed = [
        ("start", "start_bytes"),
        ("end", "end_bytes"),
        ("messages", "message_count"),
        ("suspect_messages", "suspect_message_count"),
    ];
    covered("losses", &fields(loss), &renamed);
    let channel = ChannelReport {
        topic: String::new(),
        schema: String::new(),
        encoding: String::new(),
        message_count: 0,
        rate_hz: None,
        median_period_ns: None,
        max_gap_ns: None,
        regressions: Regressions::default(),
        worst: None,
    };
    // Regressions are facts, the worst severity is that of its findings.
    let kept: Vec<String> = fields(channel)
        .into_iter()
        .filter(|field| field != "regressions" && field != "worst")
        .collect();
    covered(
        "channels",
        &kept,
        &[("schema", "schema_name"), ("encoding", "message_encoding")],
    );
}

#[test]
fn tables_hold_every_field_of_a_calibration() {
    let content = CalibrationContent {
        cameras: vec![CameraIntrinsics::default()],
        mounts: vec![MountTransform::default()],
    };
    let camera = [
        ("width", "width_px"),
        ("height", "height_px"),
        ("d", "distortion"),
        ("k", "intrinsic_matrix_px"),
        ("r", "rectification_matrix"),
        ("p", "projection_matrix_px"),
    ];
    covered("cameras", &fields(&content.cameras[0]), &camera);
    let mount = [
        ("parent", "frame"),
        ("child", "child_frame"),
        ("translation_meters", "x_m y_m z_m"),
        ("quat_xyzw", "qx qy qz qw"),
    ];
    covered("transforms", &fields(&content.mounts[0]), &mount);
}

#[test]
fn words_are_those_of_the_types() {
    fn words<T: serde::Serialize>(values: &[T]) -> Vec<String> {
        let word = |value: &T| {
            serde_json::to_value(value)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        values.iter().map(word).collect()
    }
    let severities = words(&[Severity::Info, Severity::Warn, Severity::Error]);
    assert_eq!(
        of("findings").column("severity").unwrap().one_of,
        severities
    );
    let verdicts = words(&[
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Fail,
        Verdict::NotEvaluated,
    ]);
    assert_eq!(of("recordings").column("verdict").unwrap().one_of, verdicts);
    let statuses = words(&[FactStatus::Ok, FactStatus::NotEvaluated]);
    assert_eq!(of("facts").column("status").unwrap().one_of, statuses);
}

#[test]
fn a_fingerprint_is_about_the_schema_and_not_about_sentences() {
    let with = |columns: &[Column], about: &'static str, key: &'static [&'static str]| {
        let columns: &'static [Column] = columns.to_vec().leak();
        let groups: &'static [&'static [Column]] = vec![columns].leak();
        Table {
            name: "things",
            about,
            key,
            groups,
        }
        .fingerprint()
    };
    let key: &[&str] = &["recording_id"];
    let x = meters("x_m", "Place.").frame_in("frame");
    let columns = [RECORDING, text("frame", "Frame."), x];
    let one = with(&columns, "One.", key);
    let replaced = |x: Column| with(&[RECORDING, text("frame", "Frame."), x], "One.", key);
    assert_eq!(one, with(&columns, "Another.", key));
    assert_eq!(
        one,
        replaced(Column {
            about: "Other words.",
            ..x
        })
    );
    assert_eq!(replaced(x.null("so")), replaced(x.null("or so")));
    for changed in [
        Column { name: "y_m", ..x },
        Column {
            kind: Kind::RealList,
            ..x
        },
        Column {
            unit: Stated::Here("px"),
            ..x
        },
        Column {
            unit: Stated::InColumn("m"),
            ..x
        },
        Column {
            frame: Stated::Here("frame"),
            ..x
        },
        Column {
            frame: Stated::Nowhere,
            ..x
        },
        x.null("so"),
        x.volatile(),
        x.one_of(&["a"]),
        x.one_of(&["b"]),
    ] {
        assert_ne!(one, replaced(changed), "{changed:?}");
    }
    let swapped = [columns[0], columns[2], columns[1]];
    assert_ne!(one, with(&swapped, "One.", key));
    assert_ne!(one, with(&columns, "One.", &["recording_id", "frame"]));
}

#[test]
fn a_change_of_a_table_is_meant() {
    // After a change on purpose: say in the commit what it means for workspaces that exist, then run the tests with
    // `UPDATE_EXPECT=1`.
    let tables = TABLES
        .iter()
        .map(|table| format!("{} {}\n", table.name, table.fingerprint()));
    let field = |field: &Column| format!("context field {} {}\n", field.name, field.kind.delta());
    let found: String = tables.chain(CONTEXT_FIELDS.iter().map(field)).collect();
    expect_file!["fingerprints.txt"].assert_eq(&found);
}
