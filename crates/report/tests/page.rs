//! The page as a whole: well formed, closed to the network, safe, bounded and the same every time.

#![expect(
    clippy::unwrap_used,
    reason = "a page that is not there must fail the test"
)]

mod html;
mod sample;

use base64::Engine as _;
use expect_test::{Expect, expect};
use fieldassay_model::plot::{RecordingPlots, TransformEdge};
use fieldassay_model::{CheckDocument, Fact, RecordingReport, Severity, Verdict};
use fieldassay_report::{ReportError, check_report};
use proptest::prelude::*;
use sha2::Digest as _;
use std::collections::BTreeSet;

type Recordings = Vec<(RecordingReport, Option<RecordingPlots>)>;

fn split(recordings: Recordings) -> (CheckDocument, Vec<Option<RecordingPlots>>) {
    let (reports, plots): (Vec<_>, Vec<_>) = recordings.into_iter().unzip();
    (sample::document(reports), plots)
}

fn page(recordings: Recordings) -> String {
    let (document, plots) = split(recordings);
    check_report(&sample::input(&document, &plots)).unwrap()
}

/// The page of everything the sample has, faults included.
fn full_page() -> String {
    let (report, plots) = sample::troubled();
    let mut recordings = vec![(report, Some(plots))];
    recordings.extend(sample::others());
    let (document, plots) = split(recordings);
    let truth = sample::truth(plots.len());
    let mut input = sample::input(&document, &plots);
    input.simulated = true;
    input.truth = Some(&truth);
    check_report(&input).unwrap()
}

#[test]
fn the_page_is_well_formed_and_its_anchors_lead_somewhere() {
    let page = full_page();
    let tags = html::tags(&page);
    let ids = html::ids(&tags);
    for tag in &tags {
        if let Some(target) = tag
            .attribute("href")
            .and_then(|href| href.strip_prefix('#'))
        {
            assert!(ids.contains(target), "no `{target}`");
        }
        for name in ["aria-labelledby", "for"] {
            for target in tag.attribute(name).unwrap_or_default().split_whitespace() {
                assert!(ids.contains(target), "no `{target}` for `{name}`");
            }
        }
    }
}

#[test]
fn headings_do_not_skip_a_level() {
    let page = full_page();
    let mut last = 0;
    for tag in html::tags(&page) {
        let Some(level) = tag
            .name
            .strip_prefix('h')
            .and_then(|n| n.parse::<u32>().ok())
        else {
            continue;
        };
        assert!(level <= last + 1, "h{level} after h{last}");
        last = level;
    }
    assert!(last > 1);
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = full_page();
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert!(!page.contains("@import"));
    for (at, _) in page.match_indices("url(") {
        assert!(page[at..].starts_with("url(#"), "{}", &page[at..at + 30]);
    }
    for tag in html::tags(&page) {
        let src = tag.attribute("src").unwrap_or("data:image/");
        assert!(src.starts_with("data:image/"), "{tag:?}");
        let href = tag.attribute("href").unwrap_or("#");
        assert!(href.starts_with('#') || href == "data:,", "{tag:?}");
    }
}

#[test]
fn the_policy_of_the_page_lets_only_its_own_script_run() {
    let page = full_page();
    let start = page.find("<script>").unwrap() + "<script>".len();
    let script = &page[start..page.find("</script>").unwrap()];
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script));
    assert!(
        page.contains(&format!("script-src 'sha256-{digest}'")),
        "the hash in `check.html` is not that of `page.js`: sha256-{digest}"
    );
}

#[test]
fn whoever_cannot_see_the_plots_is_told() {
    let page = full_page();
    for tag in html::tags(&page).iter().filter(|tag| tag.name == "svg") {
        let named = tag
            .attribute("aria-label")
            .or(tag.attribute("aria-labelledby"));
        let decoration = tag.attribute("aria-hidden").is_some();
        let inner = tag.attribute("preserveAspectRatio").is_some();
        let axis = tag.attribute("height") == Some("16");
        assert!(named.is_some() || decoration || inner || axis, "{tag:?}");
    }
}

/// Names a page must survive.
fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onload='x",
        "</svg>",
        "</title>",
        "</style>",
        "<!--",
        "]]>",
        "&lt;",
        "&",
        "{{ 7 }}",
        "javascript:x",
        "\u{202e}",
        "\0",
        "\n",
        "`",
        "/",
        " -> ",
        "é",
        "#",
    ]);
    prop::collection::vec(parts, 1..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_text_from_outside_becomes_markup(name in hostile(), other in hostile()) {
        let (mut report, mut plots) = sample::troubled();
        let clean = page(vec![(report.clone(), Some(plots.clone()))]);
        let topic = report.channels[1].topic.clone();
        report.path.clone_from(&name);
        report.channels[1].topic.clone_from(&name);
        report.channels[1].schema.clone_from(&other);
        plots.channels[1].topic.clone_from(&name);
        plots.transforms[0].parent.clone_from(&name);
        for finding in report.findings.iter_mut().filter(|f| f.subject == topic) {
            finding.subject.clone_from(&name);
            finding.message = format!("{other} `{name}`");
            finding.hint.clone_from(&other);
        }
        report.findings[6].code.clone_from(&other);
        for fact in report.facts.iter_mut().filter(|f| f.subject == topic) {
            fact.subject.clone_from(&name);
            fact.method.clone_from(&other);
            fact.reason = Some(other.clone());
        }
        let page = page(vec![(report, Some(plots))]);
        prop_assert_eq!(page.matches("<script").count(), 1);
        let invisible = page.contains(['\u{202e}', '\0']);
        prop_assert!(!invisible);
        // Whatever the names, the page has no tag and no attribute it did not have before.
        let kinds = |page: &str| -> BTreeSet<(String, String)> {
            html::tags(page)
                .into_iter()
                .flat_map(|tag| tag.attributes.into_iter().map(move |(key, _)| (tag.name.clone(), key)))
                .collect()
        };
        let known = kinds(&clean);
        prop_assert!(kinds(&page).is_subset(&known));
    }
}

/// 300 channels, 5,000 findings and 10,000 facts.
fn huge() -> (RecordingReport, RecordingPlots) {
    let mut channels = Vec::new();
    let mut plots = RecordingPlots {
        start_ns: sample::START,
        end_ns: sample::START + 60_000_000_000,
        ..RecordingPlots::default()
    };
    for index in 0..300 {
        let gaps: Vec<(f64, f64, &str)> = (0..100)
            .map(|gap| {
                (
                    f64::from(gap) * 0.6,
                    f64::from(gap) * 0.6 + 0.3,
                    "sensor_drop",
                )
            })
            .collect();
        let topic = format!("/robot/device_{index:03}/a/rather/long/topic/name");
        let (channel, plot) = sample::channel(&topic, "some_msgs/msg/Type", 41.3, 60.0, &gaps);
        channels.push(channel);
        plots.channels.push(plot);
    }
    let mut report = sample::report("huge.mcap", channels);
    for index in 0..5000usize {
        let at = index as f64 * 0.01;
        let topic = report.channels[index % 300].topic.clone();
        let code = sample::CATALOG[index % 3].code;
        let severity = [Severity::Error, Severity::Warn, Severity::Info][index * 3 / 5000];
        report.findings.push(sample::finding(
            code,
            severity,
            &topic,
            Some(sample::window(at, at + 0.3)),
            "gap of 300 ms, 12 periods; tolerated are 10 periods, and this sentence goes on",
        ));
    }
    for index in 0..10_000 {
        let topic = report.channels[index % 300].topic.clone();
        let fact = Fact::number("time.max_gap_ratio", &topic, index as f64, "periods");
        report.facts.push(
            fact.with_n(1234)
                .with_interval(1.0, 2.0)
                .with_method("max d / median d", 1),
        );
    }
    report.verdict = Verdict::Fail;
    (report, plots)
}

#[test]
fn a_huge_recording_gives_a_page_of_bounded_size_that_says_what_is_left_out() {
    let (report, plots) = huge();
    let page = page(vec![(report, Some(plots))]);
    html::tags(&page);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    for what in [
        "more findings of this kind",
        "further facts",
        "further histograms",
    ] {
        assert!(page.contains(what), "{what}");
    }
    assert!(
        page.contains("/robot/device_299/"),
        "every channel is on the timeline"
    );
}

#[test]
fn many_recordings_give_a_page_of_bounded_size() {
    let (report, plots) = sample::troubled();
    let recordings = (0..1500)
        .map(|_| (report.clone(), Some(plots.clone())))
        .collect();
    let page = page(recordings);
    html::ids(&html::tags(&page));
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("have a section below"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(full_page(), full_page());
}

#[test]
fn a_list_of_another_length_is_refused() {
    let (document, _) = split(sample::others());
    let error = check_report(&sample::input(&document, &[])).unwrap_err();
    assert!(matches!(
        error,
        ReportError::Parallel {
            seen: 0,
            expected: 3,
            ..
        }
    ));
    assert_eq!(error.code(), "report.parallel");
}

fn check_sentence(report: RecordingReport, expected: &Expect) {
    let page = page(vec![(report, None)]);
    let start = page.find("<p class=\"verdict").unwrap();
    let line = &page[start..start + page[start..].find("</p>").unwrap()];
    let text = line
        .split("<strong>")
        .nth(1)
        .unwrap()
        .replace("</strong>", "")
        .replace("</span>", "");
    expected.assert_eq(&text);
}

#[test]
fn the_verdict_is_one_plain_sentence() {
    let (fail, _) = sample::troubled();
    check_sentence(
        fail.clone(),
        &expect![
            "Fail. 2 errors and 4 warnings. Worst is /camera/front/image_raw: gap of 3.5 s, 105 periods; tolerated are 30 periods (the worst of 3)."
        ],
    );
    let mut pass = fail.clone();
    pass.verdict = Verdict::Pass;
    pass.findings.drain(..6);
    check_sentence(
        pass.clone(),
        &expect!["Pass. Nothing goes beyond what the policy tolerates. 1 note for information."],
    );
    let mut unknown = pass;
    unknown.verdict = Verdict::NotEvaluated;
    check_sentence(
        unknown.clone(),
        &expect![
            "Not evaluated. Something the policy requires could not be measured, so this is no pass."
        ],
    );
    unknown.findings[0].message =
        "required by the policy but not evaluated: clock skew: no header stamps".to_owned();
    check_sentence(
        unknown,
        &expect![
            "Not evaluated. The policy requires what could not be measured, so this is no pass: clock skew: no header stamps."
        ],
    );
    let mut warn = fail;
    warn.verdict = Verdict::Warn;
    warn.findings.drain(..2);
    check_sentence(
        warn,
        &expect![
            "Warn. 4 warnings. Worst is /imu/data: the clock of <code>imu_link</code> gains 35.4 ppm; tolerated are 20 ppm."
        ],
    );
    let (unread, _) = sample::others().pop().unwrap();
    check_sentence(
        unread,
        &expect![
            "Not read. Nothing could be read: <code>notes.txt</code> is no recording; supported are MCAP, ROS 1 bag and rosbag2 SQLite"
        ],
    );
}

/// The frames of the tree as an indented list, with what is wrong with them.
fn check_tree(edges: &[(&str, &str, u64)], expected: &Expect) {
    let (report, mut plots) = sample::troubled();
    plots.transforms = edges
        .iter()
        .map(|(parent, child, count)| TransformEdge {
            parent: (*parent).to_owned(),
            child: (*child).to_owned(),
            count: *count,
            ..TransformEdge::default()
        })
        .collect();
    let page = page(vec![(report, Some(plots))]);
    html::tags(&page);
    let start = page.find("<div class=\"tree").unwrap();
    let tree = &page[start..start + page[start..].find("</div>").unwrap()];
    let mut depth = 0;
    let mut out = String::new();
    for part in tree.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        match tag {
            "ul" => depth += 1,
            "/ul" => depth -= 1,
            "span class=\"frame\"" => out += &["\n", &"  ".repeat(depth - 1), text].concat(),
            "/span" if !text.trim().is_empty() => out += &[":", text].concat(),
            _ => {}
        }
    }
    expected.assert_eq(out.trim_start());
}

#[test]
fn the_transform_tree_shows_what_is_not_a_tree() {
    check_tree(
        &[
            ("map", "odom", 9),
            ("odom", "base", 9),
            ("base", "imu", 1),
            ("base", "lidar", 1),
        ],
        &expect![[r"
            map
              odom
                base
                  imu
                  lidar"]],
    );
    // The rare edge closes the cycle, so the tree starts below it.
    check_tree(
        &[
            ("map", "odom", 9),
            ("odom", "base", 9),
            ("base", "map", 2),
            ("base", "imu", 1),
        ],
        &expect![[r"
            map: on a cycle: no frame is the root
              odom
                base
                  imu
                  map: cycle: leads back to this frame above"]],
    );
    check_tree(
        &[("a", "c", 1), ("b", "c", 1), ("c", "d", 1), ("e", "e", 1)],
        &expect![[r"
            a
              c: also under b
                d
            b
              c: also under a
            e: on a cycle: no frame is the root
              e: its own parent"]],
    );
}
