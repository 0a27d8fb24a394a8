//! A small bag writer for tests: what a recorder writes, with the choices tests need.

use std::io::Write as _;

/// Compression of the chunks, or no chunks at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Loose,
    None,
    Bz2,
    Lz4,
}

/// One message to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) conn: u32,
    pub(crate) time: i64,
    pub(crate) data: Vec<u8>,
}

/// A connection to write.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) id: u32,
    pub(crate) topic: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

/// What to leave out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Omit {
    pub(crate) index_records: bool,
    pub(crate) index_section: bool,
}

pub(crate) fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let len = u32::try_from(name.len() + 1 + value.len()).unwrap();
    let mut out = len.to_le_bytes().to_vec();
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
    out
}

pub(crate) fn record(fields: &[(&str, &[u8])], data: &[u8]) -> Vec<u8> {
    let header: Vec<u8> = fields.iter().flat_map(|(n, v)| field(n, v)).collect();
    let mut out = u32::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    out.extend(header);
    out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend_from_slice(data);
    out
}

fn stamp(time: i64) -> [u8; 8] {
    let mut out = [0; 8];
    out[..4].copy_from_slice(&u32::try_from(time / 1_000_000_000).unwrap().to_le_bytes());
    out[4..].copy_from_slice(&u32::try_from(time % 1_000_000_000).unwrap().to_le_bytes());
    out
}

fn connection_record(connection: &Connection) -> Vec<u8> {
    let data: Vec<u8> = connection
        .fields
        .iter()
        .flat_map(|(n, v)| field(n, v))
        .collect();
    record(
        &[
            ("conn", &connection.id.to_le_bytes()),
            ("op", &[7]),
            ("topic", connection.topic.as_bytes()),
        ],
        &data,
    )
}

fn compress(packing: Packing, data: &[u8]) -> Vec<u8> {
    match packing {
        Packing::Bz2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Lz4 => {
            // roslz4 writes independent blocks with a content checksum.
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Packing::None | Packing::Loose => data.to_vec(),
    }
}

fn packing_name(packing: Packing) -> &'static str {
    match packing {
        Packing::Bz2 => "bz2",
        Packing::Lz4 => "lz4",
        Packing::None | Packing::Loose => "none",
    }
}

/// Writes a bag with at most `per_chunk` messages in a chunk.
pub(crate) fn write_bag(
    connections: &[Connection],
    samples: &[Sample],
    packing: Packing,
    per_chunk: usize,
    omit: Omit,
) -> Vec<u8> {
    let mut body = Vec::new();
    let mut infos = Vec::new();
    let body_start = 13 + 4096;
    let mut seen = std::collections::BTreeSet::new();
    for samples in samples.chunks(per_chunk.max(1)) {
        let mut chunk = Vec::new();
        let mut index: std::collections::BTreeMap<u32, Vec<u8>> = std::collections::BTreeMap::new();
        for sample in samples {
            if seen.insert(sample.conn)
                && let Some(connection) = connections.iter().find(|c| c.id == sample.conn)
            {
                chunk.extend(connection_record(connection));
            }
            let rows = index.entry(sample.conn).or_default();
            rows.extend(stamp(sample.time));
            rows.extend(u32::try_from(chunk.len()).unwrap().to_le_bytes());
            chunk.extend(record(
                &[
                    ("conn", &sample.conn.to_le_bytes()),
                    ("op", &[2]),
                    ("time", &stamp(sample.time)),
                ],
                &sample.data,
            ));
        }
        let position = (body_start + body.len()) as u64;
        if packing == Packing::Loose {
            body.extend(chunk);
            continue;
        }
        body.extend(record(
            &[
                ("compression", packing_name(packing).as_bytes()),
                ("op", &[5]),
                ("size", &u32::try_from(chunk.len()).unwrap().to_le_bytes()),
            ],
            &compress(packing, &chunk),
        ));
        let mut counts = Vec::new();
        for (conn, rows) in &index {
            let count = u32::try_from(rows.len() / 12).unwrap();
            counts.extend(conn.to_le_bytes());
            counts.extend(count.to_le_bytes());
            if !omit.index_records {
                body.extend(record(
                    &[
                        ("conn", &conn.to_le_bytes()),
                        ("count", &count.to_le_bytes()),
                        ("op", &[4]),
                        ("ver", &1_u32.to_le_bytes()),
                    ],
                    rows,
                ));
            }
        }
        let times = samples.iter().map(|s| s.time);
        let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
        infos.push(record(
            &[
                ("chunk_pos", &position.to_le_bytes()),
                ("count", &u32::try_from(index.len()).unwrap().to_le_bytes()),
                ("end_time", &stamp(last)),
                ("op", &[6]),
                ("start_time", &stamp(first)),
                ("ver", &1_u32.to_le_bytes()),
            ],
            &counts,
        ));
    }
    let index_pos = if omit.index_section {
        0
    } else {
        (body_start + body.len()) as u64
    };
    let written = if omit.index_section { 0 } else { infos.len() };
    let known: Vec<&Connection> = connections
        .iter()
        .filter(|c| seen.contains(&c.id))
        .collect();
    if !omit.index_section {
        body.extend(known.iter().flat_map(|c| connection_record(c)));
        body.extend(infos.into_iter().flatten());
    }
    let mut out = b"#ROSBAG V2.0\n".to_vec();
    out.extend(bag_header(index_pos, known.len(), written));
    assert_eq!(out.len(), body_start);
    out.extend(body);
    out
}

fn bag_header(index_pos: u64, connections: usize, chunks: usize) -> Vec<u8> {
    let count = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let (connections, chunks, position) =
        (count(connections), count(chunks), index_pos.to_le_bytes());
    let fields: [(&str, &[u8]); 4] = [
        ("chunk_count", &chunks),
        ("conn_count", &connections),
        ("index_pos", &position),
        ("op", &[3]),
    ];
    let bare = record(&fields, &[]).len();
    record(&fields, &vec![b' '; 4096 - bare])
}
