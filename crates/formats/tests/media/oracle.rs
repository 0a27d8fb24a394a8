//! Peers run now: ffmpeg makes streams and ffprobe reads them; `OpenCV` reads photographs of scikit-image. Said loudly
//! where they are absent.

use crate::streams::{check_tables, units_of};
use crate::support::file;
use fieldassay_formats::media::{Limits, Scale, grey};
use fieldassay_testkit::{loud, repository_root};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const STREAMS: [(&str, &str, &str); 8] = [
    (
        "slices.h264",
        "320x180",
        "-pix_fmt yuv444p -c:v libx264 -g 15 -x264-params slices=4:cqm=jvt",
    ),
    (
        "fields.h264",
        "320x180",
        "-pix_fmt yuv420p -c:v libx264 -flags +ilme+ildct -g 12",
    ),
    (
        "odd.h264",
        "322x182",
        "-pix_fmt yuv422p -c:v libx264 -g 12 -bf 3",
    ),
    (
        "open.h265",
        "322x182",
        "-pix_fmt yuv420p -c:v libx265 -x265-params keyint=10:bframes=4:open-gop=1:log-level=none",
    ),
    (
        "deep.h265",
        "320x180",
        "-pix_fmt yuv420p10le -c:v libx265 -x265-params keyint=10:bframes=0:log-level=none",
    ),
    (
        "svt.obu",
        "322x182",
        "-pix_fmt yuv420p -c:v libsvtav1 -preset 10 -g 10",
    ),
    (
        "lerobot.mp4",
        "320x240",
        "-pix_fmt yuv420p -c:v libsvtav1 -preset 10 -g 2",
    ),
    (
        "hevc.mp4",
        "320x240",
        "-pix_fmt yuv420p -c:v libx265 -tag:v hvc1 -x265-params log-level=none",
    ),
];

fn run(program: &str, arguments: &[&str], folder: &Path) -> Option<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}

fn ffprobe(what: &str, name: &str, folder: &Path) -> Option<Value> {
    let arguments = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-of",
        "json",
        what,
        name,
    ];
    serde_json::from_slice(&run("ffprobe", &arguments, folder)?).ok()
}

fn case(name: &str, folder: &Path) -> Option<Value> {
    let streams = ffprobe("-show_streams", name, folder)?;
    let packets = ffprobe("-show_packets", name, folder)?;
    let frames = ffprobe("-show_frames", name, folder)?;
    let packets = packets["packets"].as_array()?;
    let integer = |value: &Value| value.as_str()?.parse::<u64>().ok();
    let kind = |position: &Value| {
        let mut frames = frames["frames"].as_array()?.iter();
        let frame = frames.find(|frame| &frame["pkt_pos"] == position)?;
        frame["pict_type"].as_str().map(str::to_owned)
    };
    let units: Option<Vec<Value>> = packets
        .iter()
        .map(|packet| {
            Some(json!({
                "position": integer(&packet["pos"])?,
                "bytes": integer(&packet["size"])?,
                "key": packet["flags"].as_str()?.starts_with('K'),
                "type": kind(&packet["pos"]).unwrap_or_else(|| "?".to_owned()),
            }))
        })
        .collect();
    let stream = &streams["streams"][0];
    Some(json!({
        "file": name, "codec": stream["codec_name"], "width": stream["width"],
        "height": stream["height"], "fps": stream["r_frame_rate"], "units": units?,
    }))
}

#[test]
fn streams_made_now_agree_with_ffprobe() {
    let folder = std::env::temp_dir().join(format!("fieldassay-media-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for streams");
    for (name, size, options) in STREAMS {
        let source = format!("testsrc=size={size}:rate=30:duration=1");
        let mut arguments = vec!["-v", "error", "-y", "-f", "lavfi", "-i", &source];
        arguments.extend(options.split(' '));
        arguments.push(name);
        let made = run("ffmpeg", &arguments, &folder).and_then(|_| case(name, &folder));
        let Some(case) = made else {
            loud(&format!(
                "SKIPPED: ffmpeg or its encoder for `{name}` is absent"
            ));
            continue;
        };
        let data = std::fs::read(folder.join(name)).expect("stream");
        units_of(&case, &data);
        if name.ends_with("mp4") {
            check_tables(&case, &data);
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder removed");
}

/// The Python that has the packages `make_photos.py` needs.
fn python() -> Option<std::path::PathBuf> {
    if let Some(path) = std::env::var_os("FIELDASSAY_MEDIA_PYTHON") {
        return Some(path.into());
    }
    let home = std::env::var_os("HOME")?;
    let path = Path::new(&home).join(".cache/fieldassay/venvs/media/bin/python");
    path.exists().then_some(path)
}

/// Full luma within 2 levels of libjpeg (its inverse transform rounds otherwise), an eighth exactly.
#[test]
fn photographs_agree_with_opencv() {
    let folder = std::env::temp_dir().join(format!("fieldassay-photos-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for photographs");
    let script = repository_root().join("conformance/media/make_photos.py");
    let made = python().is_some_and(|python| {
        let status = Command::new(python).arg(script).arg(&folder).status();
        status.is_ok_and(|status| status.success())
    });
    if !made {
        loud(
            "SKIPPED: photographs need a Python with the packages of `make_photos.py`; set FIELDASSAY_MEDIA_PYTHON to it",
        );
        return;
    }
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    let list = String::from_utf8(read("list.txt")).expect("text");
    assert!(list.lines().count() > 80);
    for line in list.lines() {
        let name = line.split(' ').next().expect("a name");
        let data = read(name);
        let found = grey(&file("jpeg", &data), Scale::Full, Limits::default()).expect(name);
        let expected = read(&format!("{name}.full"));
        assert_eq!(found.data.len(), expected.len(), "{name}");
        let differences = found
            .data
            .iter()
            .zip(&expected)
            .map(|(a, b)| a.abs_diff(*b));
        let tolerance = if name.ends_with("png") { 0 } else { 2 };
        assert!(differences.max().unwrap_or(0) <= tolerance, "{name}");
        if tolerance > 0 {
            let small = grey(&file("jpeg", &data), Scale::Eighth, Limits::default()).expect(name);
            assert!(small.data == read(&format!("{name}.eighth")), "{name}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder removed");
}
