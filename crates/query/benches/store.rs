//! The store of the race: tables and recordings that are made up, and questions timed inside the process.
//!
//! `store objects FOLDER ROWS`, `store topic FILE MESSAGES` and `store recordings FOLDER COUNT` make inputs;
//! `store sql FOLDER FILE.sql THREADS RUNS` asks a question again and again, each time in a new session, and prints
//! seconds per run and the numbers of the answer as JSON.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of the bench, about wall time"
)]

use fieldassay_formats::Schema;
use fieldassay_formats::mcap::{MessageHeader, Writer, WriterOptions};
use fieldassay_formats::rosbag2::standard_definition;
use fieldassay_measure::stats::SplitMix;
use fieldassay_model::tables::{Table, table};
use fieldassay_query::arrow::array::{
    ArrayRef, AsArray as _, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    new_empty_array, new_null_array,
};
use fieldassay_query::arrow::buffer::OffsetBuffer;
use fieldassay_query::arrow::datatypes::{DataType, Float64Type, Int64Type};
use fieldassay_query::{Options, Session, Sources, Spill};
use fieldassay_store::{Place, Step, Tables, schema};
use futures_util::StreamExt as _;
use mimalloc::MiMalloc;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// That of the binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

type Failure = Box<dyn Error + Send + Sync>;

/// Moments of a recording, ten a second.
const MOMENTS: i64 = 2000;
/// Objects at a moment.
const AT_ONCE: i64 = 50;
/// Recordings whose rows are published together.
const TOGETHER: i64 = 10;
/// Intervals of a recording.
const INTERVALS: i64 = 8;
const START_NS: i64 = 1_700_000_000_000_000_000;
const PERIOD_NS: i64 = 100_000_000;
/// Classes with their length, usual speed and share in 100.
const CLASSES: [(&str, f64, f64, u64); 10] = [
    ("REGULAR_VEHICLE", 4.6, 12.0, 48),
    ("PEDESTRIAN", 0.7, 1.4, 20),
    ("BOLLARD", 0.3, 0.0, 8),
    ("TRUCK", 9.0, 11.0, 6),
    ("BICYCLE", 1.8, 4.5, 5),
    ("CONSTRUCTION_CONE", 0.4, 0.0, 4),
    ("BUS", 12.0, 9.0, 3),
    ("MOTORCYCLE", 2.1, 13.0, 2),
    ("SIGN", 0.5, 0.0, 2),
    ("STROLLER", 0.9, 1.2, 2),
];
/// Type of the messages of the topic.
const IMU: &str = "sensor_msgs/msg/Imu";

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["objects", folder, rows] => objects(Path::new(folder), rows.parse()?),
        ["topic", file, messages] => topic(Path::new(file), 0, messages.parse()?),
        ["recordings", folder, count] => recordings(Path::new(folder), count.parse()?),
        ["sql", folder, file, threads, runs] => {
            let sql = std::fs::read_to_string(file)?;
            runtime(threads.parse()?)?.block_on(ask(
                Path::new(folder),
                &sql,
                (threads.parse()?, runs.parse()?),
            ))
        }
        _ => Err("say `objects FOLDER ROWS`, `topic FILE MESSAGES`, `recordings FOLDER COUNT` or `sql FOLDER FILE.sql THREADS RUNS`".into()),
    }
}

fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .build()
}

fn below(random: &mut SplitMix, end: u64) -> u64 {
    random.next_u64() % end
}

/// From -1 to 1.
fn centered(random: &mut SplitMix) -> f64 {
    2.0 * random.unit() - 1.0
}

/// As labels are written: to a hundredth.
fn rounded(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn recording_id(number: i64) -> String {
    format!("r-{number:016x}")
}

/// One object that is followed for a while.
struct Track {
    id: String,
    class: (&'static str, f64, f64, u64),
    from: i64,
    until: i64,
    at: [f64; 2],
    velocity: [f64; 2],
    points: u64,
}

impl Track {
    fn new(number: usize, from: i64, random: &mut SplitMix) -> Self {
        let mut share = below(random, 100);
        let class = CLASSES.iter().find(|class| {
            let is_it = share < class.3;
            share = share.saturating_sub(class.3);
            is_it
        });
        let class = *class.unwrap_or(&CLASSES[0]);
        let (speed, heading) = (
            class.2 * (1.0 + 0.6 * centered(random)),
            std::f64::consts::PI * centered(random),
        );
        let length = 10 + below(random, 390);
        Self {
            id: format!("t-{number:05}"),
            class,
            from,
            until: from + i64::try_from(length).unwrap_or(10),
            at: [60.0 * centered(random), 40.0 * centered(random)],
            velocity: [speed * heading.cos(), speed * heading.sin()],
            points: 5 + below(random, 800),
        }
    }
}

/// Columns of objects that say something.
#[derive(Default)]
struct Objects {
    recordings: Vec<String>,
    rows: Vec<i64>,
    times: Vec<i64>,
    tracks: Vec<String>,
    categories: Vec<&'static str>,
    /// x, y, z, qw, qz, length, width, height, vx, vy.
    numbers: [Vec<f64>; 10],
    points: Vec<i64>,
}

impl Objects {
    fn recording(&mut self, number: i64) {
        let mut random = SplitMix::new(number.cast_unsigned());
        let mut count = 0;
        let mut fresh = |from, random: &mut SplitMix| {
            count += 1;
            Track::new(count, from, random)
        };
        let mut tracks: Vec<Track> = (0..AT_ONCE).map(|_| fresh(0, &mut random)).collect();
        for moment in 0..MOMENTS {
            for (slot, track) in tracks.iter_mut().enumerate() {
                if moment >= track.until {
                    *track = fresh(moment, &mut random);
                }
                self.rows
                    .push(moment * AT_ONCE + i64::try_from(slot).unwrap_or(0));
                self.times.push(START_NS + moment * PERIOD_NS);
                self.recordings.push(recording_id(number));
                self.push(track, moment, &mut random);
            }
        }
    }

    fn push(&mut self, track: &Track, moment: i64, random: &mut SplitMix) {
        let seconds = (moment - track.from) as f64 * 0.1;
        let [vx, vy] = track.velocity.map(|v| v * (1.0 + 0.1 * centered(random)));
        let [x, y] = [0, 1].map(|axis| track.at[axis] + track.velocity[axis] * seconds);
        let half = track.velocity[1].atan2(track.velocity[0]) / 2.0;
        let length = track.class.1;
        let values = [
            rounded(x),
            rounded(y),
            rounded(0.5 + 0.3 * centered(random)),
            (half.cos() * 1e4).round() / 1e4,
            (half.sin() * 1e4).round() / 1e4,
            length,
            rounded(0.2 + 0.35 * length.min(6.0)),
            rounded(1.0 + 0.1 * length),
            rounded(vx),
            rounded(vy),
        ];
        for (column, value) in self.numbers.iter_mut().zip(values) {
            column.push(value);
        }
        self.tracks.push(track.id.clone());
        self.categories.push(track.class.0);
        let points = track.points / (1 + moment.cast_unsigned() % 3);
        self.points.push(points.cast_signed());
    }

    fn batch(self) -> Result<RecordBatch, Failure> {
        let count = self.rows.len();
        let recordings: ArrayRef = Arc::new(StringArray::from(self.recordings));
        let [x, y, z, qw, qz, length, width, height, vx, vy] = self
            .numbers
            .map(|column| Arc::new(Float64Array::from(column)) as ArrayRef);
        let zero: ArrayRef = Arc::new(Float64Array::from(vec![0.0; count]));
        filled(
            table("objects").ok_or("no objects")?,
            count,
            vec![
                ("recording_id", Arc::clone(&recordings)),
                ("source_id", recordings),
                ("source_row", Arc::new(Int64Array::from(self.rows))),
                ("source", repeated("argoverse2 annotations.feather", count)),
                ("t_ns", Arc::new(Int64Array::from(self.times))),
                ("clock", repeated("source_time", count)),
                ("track_id", Arc::new(StringArray::from(self.tracks))),
                ("category", Arc::new(StringArray::from(self.categories))),
                ("frame", repeated("egovehicle", count)),
                ("x_m", x),
                ("y_m", y),
                ("z_m", z),
                ("qw", qw),
                ("qx", Arc::clone(&zero)),
                ("qy", zero),
                ("qz", qz),
                ("length_m", length),
                ("width_m", width),
                ("height_m", height),
                ("vx_mps", vx),
                ("vy_mps", vy),
                ("point_count", Arc::new(Int64Array::from(self.points))),
                ("origin", repeated("human", count)),
            ],
        )
    }
}

fn repeated(text: &str, count: usize) -> ArrayRef {
    Arc::new(StringArray::from(vec![text; count]))
}

/// Rows of a table with these columns; others are null, or say nothing where they may not be.
fn filled(
    table: &Table,
    count: usize,
    mut given: Vec<(&str, ArrayRef)>,
) -> Result<RecordBatch, Failure> {
    let schema = schema(table);
    let columns = schema.fields().iter().map(|field| {
        if let Some(at) = given.iter().position(|(name, _)| name == field.name()) {
            return Ok(given.swap_remove(at).1);
        }
        match field.data_type() {
            kind if field.is_nullable() => Ok(new_null_array(kind, count)),
            DataType::Utf8 => Ok(repeated("unknown", count)),
            DataType::List(item) => {
                let none = new_empty_array(item.data_type());
                let offsets = OffsetBuffer::new_zeroed(count);
                Ok(Arc::new(ListArray::new(Arc::clone(item), offsets, none, None)) as ArrayRef)
            }
            _ => Err(format!("column `{}` is not given", field.name())),
        }
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, String>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Stretches in which something holds.
fn intervals(recordings: i64) -> Result<RecordBatch, Failure> {
    let mut random = SplitMix::new(1);
    let all = || (0..recordings).flat_map(|one| (0..INTERVALS).map(move |row| (one, row)));
    let ids: ArrayRef = Arc::new(
        all()
            .map(|(one, _)| Some(recording_id(one)))
            .collect::<StringArray>(),
    );
    let mut ends = Vec::new();
    let starts: Int64Array = all()
        .map(|_| {
            let first = i64::try_from(below(&mut random, 1800)).unwrap_or(0);
            let length = i64::try_from(20 + below(&mut random, 180)).unwrap_or(20);
            ends.push(START_NS + (first + length) * PERIOD_NS);
            Some(START_NS + first * PERIOD_NS)
        })
        .collect();
    let names = [
        "cut-in",
        "hard braking",
        "crossing pedestrian",
        "overtaking",
    ];
    let name = all().map(|(one, row)| {
        names
            .get(usize::try_from((one + row) % 4).unwrap_or(0))
            .copied()
    });
    let count = starts.len();
    filled(
        table("intervals").ok_or("no intervals")?,
        count,
        vec![
            ("recording_id", Arc::clone(&ids)),
            ("source_id", ids),
            (
                "source_row",
                Arc::new(all().map(|(_, row)| Some(row)).collect::<Int64Array>()),
            ),
            ("source", repeated("made up", count)),
            ("start_ns", Arc::new(starts)),
            ("end_ns", Arc::new(Int64Array::from(ends))),
            ("clock", repeated("source_time", count)),
            ("kind", repeated("scenario", count)),
            ("name", Arc::new(name.collect::<StringArray>())),
        ],
    )
}

/// Writes both tables as a workspace would: files by recordings, sorted by key, one commit per table.
fn objects(folder: &Path, rows: i64) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let recordings = rows / (MOMENTS * AT_ONCE);
    let tables = Tables::new(Place::folder(folder)?);
    let runtime = runtime(2)?;
    let step = Step {
        writer: "race",
        number: 1,
    };
    let of_objects = table("objects").ok_or("no objects")?;
    let of_intervals = table("intervals").ok_or("no intervals")?;
    let firsts = (0..recordings).step_by(usize::try_from(TOGETHER)?);
    let tasks = firsts.map(|first| {
        let tables = tables.clone();
        tokio::spawn(async move {
            let mut made = Objects::default();
            for number in first..(first + TOGETHER).min(recordings) {
                made.recording(number);
            }
            let file = tables.write(of_objects, &made.batch()?).await?;
            Ok::<_, Failure>(file)
        })
    });
    runtime.block_on(async {
        // A task holds half a gigabyte: only two are begun at a time.
        let mut files = Vec::new();
        let mut under_way = futures_util::stream::iter(tasks).buffered(2);
        while let Some(done) = under_way.next().await {
            files.extend(done??);
        }
        tables.create(of_objects).await?;
        tables.append("objects", step, &files).await?;
        tables.create(of_intervals).await?;
        let file = tables.write(of_intervals, &intervals(recordings)?).await?;
        tables.append("intervals", step, file.as_slice()).await?;
        Ok(())
    })
}

/// A file of IMU messages of ROS 2 on `/imu`.
fn topic(file: &Path, seed: u64, messages: u32) -> Result<(), Failure> {
    let options = WriterOptions {
        profile: "ros2".to_owned(),
        ..WriterOptions::default()
    };
    let mut writer = Writer::new(BufWriter::new(std::fs::File::create(file)?), options)?;
    let schema = writer.schema(&Schema {
        name: "sensor_msgs/msg/Imu".to_owned(),
        encoding: "ros2msg".to_owned(),
        data: standard_definition(IMU)
            .ok_or("no definition")?
            .into_bytes(),
    })?;
    let channel = writer.channel("/imu", schema, "cdr", &BTreeMap::new())?;
    let mut random = SplitMix::new(seed);
    for sequence in 0..messages {
        let time = START_NS.cast_unsigned() + u64::from(sequence) * 10_000_000;
        let header = MessageHeader {
            channel,
            sequence,
            log_time: time + 200_000,
            publish_time: time + 100_000,
        };
        writer.message(&header, &imu(time, &mut random)?)?;
    }
    writer.finish()?.flush()?;
    Ok(())
}

fn imu(time: u64, random: &mut SplitMix) -> Result<Vec<u8>, Failure> {
    let mut data = vec![0, 1, 0, 0];
    data.extend(u32::try_from(time / 1_000_000_000)?.to_le_bytes());
    data.extend(u32::try_from(time % 1_000_000_000)?.to_le_bytes());
    data.extend(9_u32.to_le_bytes());
    data.extend(b"imu_link\0");
    // Numbers of eight bytes begin at multiples of eight behind the first four bytes.
    data.resize(4 + (data.len() - 4).next_multiple_of(8), 0);
    let mut put = |values: &[f64]| values.iter().for_each(|x| data.extend(x.to_le_bytes()));
    let covariance = [1e-4, 0.0, 0.0, 0.0, 1e-4, 0.0, 0.0, 0.0, 1e-4];
    put(&[0.0, 0.0, 0.0, 1.0]);
    put(&covariance);
    put(&[0; 3].map(|_| 0.1 * centered(random)));
    put(&covariance);
    let [x, y, z] = [0; 3].map(|_| 0.2 * centered(random));
    put(&[x, y, 9.81 + z]);
    put(&covariance);
    Ok(data)
}

/// Small recordings, each other than the rest.
fn recordings(folder: &Path, count: u64) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    for number in 0..count {
        topic(&folder.join(format!("drive-{number:05}.mcap")), number, 20)?;
    }
    Ok(())
}

async fn ask(folder: &Path, sql: &str, (threads, runs): (usize, usize)) -> Result<(), Failure> {
    let place = Place::folder(folder)?;
    let tables = Tables::new(place.clone());
    let mut snapshots = BTreeMap::new();
    for name in ["objects", "intervals"] {
        snapshots.insert(name.to_owned(), tables.snapshot(name, None).await?);
    }
    let spill = folder.join("spill");
    std::fs::create_dir_all(&spill)?;
    let options = Options {
        threads,
        memory_bytes: 4 << 30,
        spill: Spill::Folder(spill),
        ..Options::small()
    };
    let (mut seconds, mut values) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let start = Instant::now();
        let sources = Sources {
            place: place.clone(),
            snapshots: snapshots.clone(),
            recordings: None,
        };
        let session = Session::new(sources, &options)?;
        let batches = session.run(sql).await?.collect().await?;
        seconds.push(start.elapsed().as_secs_f64());
        values = numbers(&batches);
    }
    println!(
        "{}",
        serde_json::json!({"seconds": seconds, "values": values})
    );
    Ok(())
}

/// Numbers of an answer, row by row.
fn numbers(batches: &[RecordBatch]) -> Vec<f64> {
    let mut values = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            for column in batch.columns() {
                if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
                    values.push(integers.value(row) as f64);
                } else if let Some(reals) = column.as_primitive_opt::<Float64Type>() {
                    values.push(reals.value(row));
                }
            }
        }
    }
    values
}
