//! Peers run now: ffmpeg makes streams, ffprobe reads them. Said loudly where they are absent.

use crate::streams::{check_tables, units_of};
use fieldassay_testkit::loud;
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
        let source = format!("testsrc=size={size}:rate=30:duration=2");
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
