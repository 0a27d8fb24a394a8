//! ROS 1 bags: real recordings, round trips, damage.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod damage;
mod naive;
mod real;
mod rules;
mod writer;

use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_formats::{Buffers, Channel, Limits, Message, Recording, UnitSummary, Visitor};
use fieldassay_model::{Account, LossReason, Note};
use writer::{Connection, Sample};

/// Everything a bag yields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) samples: Vec<Sample>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) summaries: Vec<UnitSummary>,
    pub(crate) account: Account,
}

impl Visitor for Content {
    fn channel(&mut self, _: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        self.samples.push(Sample {
            conn: message.channel,
            time: message.log_time,
            data: message.data.to_vec(),
        });
    }
}

impl Content {
    pub(crate) fn losses(&self) -> Vec<LossReason> {
        let units = self.summaries.iter().flat_map(|s| &s.account.losses);
        self.account.losses.iter().chain(units).cloned().collect()
    }

    pub(crate) fn notes(&self) -> Vec<Note> {
        let units = self.summaries.iter().flat_map(|s| &s.account.notes);
        self.account.notes.iter().chain(units).cloned().collect()
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = self
            .notes()
            .into_iter()
            .map(|n| n.code.to_owned())
            .chain(self.losses().into_iter().map(|l| l.code))
            .collect();
        codes.sort();
        codes.dedup();
        codes
    }

    /// Connections, so that a bag can be written again.
    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.channels
            .iter()
            .map(|channel| {
                let schema = channel.schema.as_ref().unwrap();
                let mut fields = vec![
                    ("message_definition".to_owned(), schema.data.clone()),
                    ("topic".to_owned(), channel.topic.clone().into_bytes()),
                    ("type".to_owned(), schema.name.clone().into_bytes()),
                ];
                let rest = channel.metadata.iter();
                fields.extend(rest.map(|(k, v)| (k.clone(), v.clone().into_bytes())));
                Connection {
                    id: channel.id,
                    topic: channel.topic.clone(),
                    fields,
                }
            })
            .collect()
    }
}

pub(crate) fn read_with(bytes: &[u8], limits: Limits) -> Content {
    let recording = BagRecording::open(bytes, limits).unwrap();
    let mut content = Content {
        channels: recording.channels().to_vec(),
        ..Content::default()
    };
    let mut buffers = Buffers::default();
    for unit in 0..recording.unit_count() {
        let summary = recording.read_unit(unit, &mut buffers, &mut content);
        content.summaries.push(summary);
    }
    content.account = recording.account(&content.summaries);
    content
}

pub(crate) fn read(bytes: &[u8]) -> Content {
    read_with(bytes, Limits::default())
}

/// The real recording, uncompressed and bz2, or none when the shared data is absent.
pub(crate) fn examples() -> Option<(Vec<u8>, Vec<u8>)> {
    let plain = fieldassay_testkit::shared_data("lichtblick_dev/example.bag")?;
    let bz2 = fieldassay_testkit::shared_data("lichtblick_dev/example-bz2.bag")?;
    Some((std::fs::read(plain).unwrap(), std::fs::read(bz2).unwrap()))
}

/// A small bag: three connections, messages of 0 to 300 bytes, times a millisecond apart.
pub(crate) fn small(count: usize) -> (Vec<Connection>, Vec<Sample>) {
    let connections = (0..3)
        .map(|id| Connection {
            id,
            topic: format!("/topic_{id}"),
            fields: vec![
                ("topic".into(), format!("/topic_{id}").into_bytes()),
                ("type".into(), b"std_msgs/String".to_vec()),
                (
                    "md5sum".into(),
                    b"992ce8a1687cec8c8bd883ec73ca41d1".to_vec(),
                ),
                ("message_definition".into(), b"string data\n".to_vec()),
            ],
        })
        .collect();
    let mut random = fieldassay_testkit::Lcg::new(7);
    let samples = (0..count)
        .map(|i| Sample {
            conn: u32::try_from(random.below(3)).unwrap(),
            time: 1_600_000_000_000_000_000 + i64::try_from(i).unwrap() * 1_000_000,
            data: (0..random.below(300))
                .map(|_| u8::try_from(random.next_u32() & 0x3f).unwrap())
                .collect(),
        })
        .collect();
    (connections, samples)
}
