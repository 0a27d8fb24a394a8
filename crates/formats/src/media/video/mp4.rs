//! Tables of an MP4 file: how many samples, how long, which of them are key frames. Source: ISO/IEC 14496-12.

use thiserror::Error;

/// Why the tables of a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Mp4Error {
    /// Not an ISO base media file.
    #[error("not an MP4 file: no `ftyp` or `moov` box")]
    NotMp4,
    /// The file ends before its index.
    #[error("the file has no `moov` box: its recording was not closed")]
    NoIndex,
    /// A box contradicts the one around it.
    #[error("box `{name}` at byte {offset} is longer than what is around it")]
    Box {
        /// Four letters of its type.
        name: FourLetters,
        /// Where it begins.
        offset: usize,
    },
}

/// Type of a box or of a coding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FourLetters(pub [u8; 4]);

impl std::fmt::Display for FourLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// What the index of a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mp4Summary {
    /// Tracks in the order of the file.
    pub tracks: Vec<Mp4Track>,
    /// Movie fragments; their samples are counted too.
    pub fragments: u32,
    /// Whether a box at the top level, usually `mdat`, is longer than the file.
    pub truncated: bool,
}

/// One track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mp4Track {
    /// Identity in the file.
    pub id: u32,
    /// `vide`, `soun`, …
    pub handler: FourLetters,
    /// Coding of the samples: `avc1`, `hvc1`, `hev1`, `av01`, `mp4v`, `mp4a`, …
    pub codec: FourLetters,
    /// Pixels; 0 where the track has none.
    pub width: u32,
    /// Pixels; 0 where the track has none.
    pub height: u32,
    /// Ticks per second of the durations.
    pub timescale: u32,
    /// Samples, those of fragments included.
    pub samples: u64,
    /// Sum of the durations of the samples, ticks.
    pub duration_ticks: u64,
    /// Shortest and longest duration of a sample (the last one left out, its duration is often made up), ticks.
    pub delta_ticks: Option<(u32, u32)>,
    /// Numbers of the samples that are key frames, from 1; none where every sample is one.
    pub sync_samples: Option<Vec<u32>>,
    /// Whether samples are shown in another order than stored, as with B-frames.
    pub reordered: bool,
    /// Bytes of all samples.
    pub bytes: u64,
    /// Samples that lie beyond the end of the file.
    pub missing_samples: u64,
    /// Bytes of the length before each NAL unit (`avcC`, `hvcC`); 0 where the track has none.
    pub nal_length_bytes: u8,
    /// Length the header of the media declares, ticks; none where it leaves it open, as fragmented files do.
    pub declared_ticks: Option<u64>,
    /// What the edit list does; none without one.
    pub edits: Option<Edits>,
}

/// An edit list (8.6.6), summed up: which pictures are shown when.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Edits {
    /// Entries that show pictures; more than one reorder or repeat them.
    pub shown: u32,
    /// How much later the first picture is shown than it would be without the list, seconds; negative where pictures
    /// are left out at the start.
    pub shift_secs: f64,
    /// Seconds left out at the end; 0 for an open end.
    pub cut_secs: f64,
}

impl Mp4Track {
    /// Samples per second: their number over the sum of their durations; none below two samples.
    pub fn fps(&self) -> Option<f64> {
        let (ticks, scale) = (self.duration_ticks, f64::from(self.timescale));
        (self.samples > 1 && ticks > 0 && self.timescale > 0)
            .then(|| self.samples as f64 * scale / ticks as f64)
    }

    /// Sum of the durations in seconds; none without a timescale.
    pub fn duration_secs(&self) -> Option<f64> {
        (self.timescale > 0).then(|| self.duration_ticks as f64 / f64::from(self.timescale))
    }

    /// Whether the first sample is a key frame.
    pub fn begins_with_key(&self) -> bool {
        self.sync_samples
            .as_ref()
            .is_none_or(|samples| samples.first() == Some(&1))
    }

    /// Longest distance between key frames, samples; the end of the track counts as one.
    pub fn longest_gop(&self) -> u64 {
        let Some(sync) = &self.sync_samples else {
            return u64::from(self.samples > 0);
        };
        let ends = sync.iter().skip(1).map(|&s| u64::from(s));
        let ends = ends.chain(std::iter::once(self.samples + 1));
        sync.iter()
            .zip(ends)
            .map(|(&start, end)| end.saturating_sub(u64::from(start)))
            .max()
            .unwrap_or(self.samples)
    }
}

/// One box: its type and content.
#[derive(Clone, Copy)]
struct Atom<'a> {
    name: [u8; 4],
    body: &'a [u8],
    offset: usize,
    /// Whether it claims more than there is.
    cut: bool,
}

/// Boxes one after another; one that is cut off comes last.
struct Atoms<'a> {
    data: &'a [u8],
    offset: usize,
}

impl<'a> Atoms<'a> {
    const fn new(data: &'a [u8]) -> Self {
        Self { data, offset: 0 }
    }
}

impl<'a> Iterator for Atoms<'a> {
    type Item = Atom<'a>;

    fn next(&mut self) -> Option<Atom<'a>> {
        let rest = self.data.get(self.offset..)?;
        let ([s0, s1, s2, s3, name @ ..], behind) = rest.split_first_chunk::<8>()?;
        let size = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
        let (header, size) = match size {
            0 => (8, rest.len()),
            1 => {
                let long = u64::from_be_bytes(*behind.first_chunk::<8>()?);
                (16, usize::try_from(long).unwrap_or(usize::MAX))
            }
            size => (8, usize::try_from(size).unwrap_or(usize::MAX)),
        };
        let cut = size > rest.len() || size < header;
        let end = if cut { rest.len() } else { size };
        let atom = Atom {
            name: *name,
            body: rest.get(header..end).unwrap_or_default(),
            offset: self.offset,
            cut,
        };
        self.offset += end;
        Some(atom)
    }
}

/// The first box of this type, wherever this path leads.
fn find<'a>(data: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(data, |data, name| {
        Atoms::new(data)
            .find(|atom| atom.name == **name)
            .map(|atom| atom.body)
    })
}

fn be32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?
        .first_chunk::<4>()
        .map(|b| u32::from_be_bytes(*b))
}

fn be64(data: &[u8], at: usize) -> Option<u64> {
    data.get(at..)?
        .first_chunk::<8>()
        .map(|b| u64::from_be_bytes(*b))
}

/// Entries of a table behind version, flags and a count; as many as are really there.
fn entries<const N: usize>(body: &[u8], at: usize) -> &[[u8; N]] {
    let count = be32(body, at).unwrap_or(0);
    let rows = body.get(at + 4..).unwrap_or_default().as_chunks::<N>().0;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    rows.get(..count.min(rows.len())).unwrap_or_default()
}

fn first32<const N: usize>(entry: &[u8; N]) -> u32 {
    be32(entry, 0).unwrap_or(0)
}

impl Mp4Summary {
    /// Reads the tables of a file; samples are not touched.
    ///
    /// Errors: [`Mp4Error`]. Tables that are shorter than they claim are read as far as they go; samples beyond the
    /// end of the file are counted in [`Mp4Track::missing_samples`]. Cost: the size of the tables, about 10 ns per sample.
    pub fn parse(file: &[u8]) -> Result<Self, Mp4Error> {
        let mut summary = Self::default();
        let mut movie = None;
        let mut known = false;
        let mut fragments = Vec::new();
        for atom in Atoms::new(file) {
            known |= matches!(&atom.name, b"ftyp" | b"moov" | b"styp");
            if !known {
                return Err(Mp4Error::NotMp4);
            }
            summary.truncated |= atom.cut;
            match &atom.name {
                b"moov" if atom.cut => {
                    return Err(Mp4Error::Box {
                        name: FourLetters(atom.name),
                        offset: atom.offset,
                    });
                }
                b"moov" => movie = Some(atom.body),
                b"moof" => fragments.push(atom.body),
                _ => {}
            }
        }
        if !known {
            return Err(Mp4Error::NotMp4);
        }
        let movie = movie.ok_or(Mp4Error::NoIndex)?;
        let header = find(movie, &[b"mvhd"]).unwrap_or_default();
        let long = header.first() == Some(&1);
        let movie_scale = be32(header, if long { 20 } else { 12 }).unwrap_or(0);
        for atom in Atoms::new(movie).filter(|atom| &atom.name == b"trak") {
            let mut track = track(atom.body, file.len() as u64);
            track.edits = edits(atom.body, &track, movie_scale);
            summary.tracks.push(track);
        }
        for fragment in fragments {
            summary.fragments = summary.fragments.saturating_add(1);
            summary.add_fragment(fragment);
        }
        Ok(summary)
    }

    /// The first track of pictures.
    pub fn video(&self) -> Option<&Mp4Track> {
        self.tracks.iter().find(|track| &track.handler.0 == b"vide")
    }

    /// Counts the samples of one movie fragment.
    fn add_fragment(&mut self, fragment: &[u8]) {
        for part in Atoms::new(fragment).filter(|atom| &atom.name == b"traf") {
            let Some(header) = find(part.body, &[b"tfhd"]) else {
                continue;
            };
            let (flags, id) = (be32(header, 0).unwrap_or(0), be32(header, 4).unwrap_or(0));
            let before = [(1, 8), (2, 4)]
                .iter()
                .filter(|(flag, _)| flags & flag != 0);
            let at = 8 + before.map(|(_, size)| size).sum::<usize>();
            let usual = if flags & 8 != 0 {
                be32(header, at)
            } else {
                None
            };
            let Some(track) = self.tracks.iter_mut().find(|track| track.id == id) else {
                continue;
            };
            for run in Atoms::new(part.body).filter(|atom| &atom.name == b"trun") {
                add_run(run.body, usual.unwrap_or(0), track);
            }
        }
    }
}

/// One run of samples (8.8.8): optional fields per sample are told by the flags.
fn add_run(run: &[u8], usual: u32, track: &mut Mp4Track) {
    let (flags, count) = (be32(run, 0).unwrap_or(0), be32(run, 4).unwrap_or(0));
    let optional = |flag: u32| if flags & flag != 0 { 4 } else { 0 };
    let width = [0x100, 0x200, 0x400, 0x800]
        .map(optional)
        .iter()
        .sum::<usize>();
    let start = 8 + optional(1) + optional(4);
    let samples = run.get(start..).unwrap_or_default();
    let there = samples.len().checked_div(width).unwrap_or(usize::MAX) as u64;
    let count = u64::from(count).min(there);
    track.samples = track.samples.saturating_add(count);
    if width == 0 {
        track.duration_ticks = track
            .duration_ticks
            .saturating_add(count.saturating_mul(u64::from(usual)));
        return;
    }
    for sample in samples
        .chunks_exact(width)
        .take(usize::try_from(count).unwrap_or(0))
    {
        let duration = if flags & 0x100 != 0 {
            be32(sample, 0)
        } else {
            None
        };
        let size = if flags & 0x200 != 0 {
            be32(sample, optional(0x100)).unwrap_or(0)
        } else {
            0
        };
        let ticks = u64::from(duration.unwrap_or(usual));
        track.duration_ticks = track.duration_ticks.saturating_add(ticks);
        track.bytes = track.bytes.saturating_add(u64::from(size));
    }
    track.reordered |= flags & 0x800 != 0;
}

fn track(body: &[u8], file_bytes: u64) -> Mp4Track {
    let mut track = Mp4Track::default();
    if let Some(header) = find(body, &[b"tkhd"]) {
        let long = header.first() == Some(&1);
        track.id = be32(header, if long { 20 } else { 12 }).unwrap_or(0);
    }
    let Some(media) = find(body, &[b"mdia"]) else {
        return track;
    };
    if let Some(header) = find(media, &[b"mdhd"]) {
        let long = header.first() == Some(&1);
        track.timescale = be32(header, if long { 20 } else { 12 }).unwrap_or(0);
        let (declared, open) = if long {
            (be64(header, 24), u64::MAX)
        } else {
            (be32(header, 16).map(u64::from), u64::from(u32::MAX))
        };
        track.declared_ticks = declared.filter(|ticks| *ticks != 0 && *ticks != open);
    }
    if let Some(handler) = find(media, &[b"hdlr"]).and_then(|h| h.get(8..)) {
        track.handler = FourLetters(handler.first_chunk::<4>().copied().unwrap_or_default());
    }
    if let Some(tables) = find(media, &[b"minf", b"stbl"]) {
        describe(tables, &mut track);
        times(tables, &mut track);
        sizes(tables, file_bytes, &mut track);
    }
    track
}

/// Sums up the edit list of a track; none without one or without the scales of time.
fn edits(body: &[u8], track: &Mp4Track, movie_scale: u32) -> Option<Edits> {
    let list = find(body, &[b"edts", b"elst"])?;
    if movie_scale == 0 || track.timescale == 0 {
        return None;
    }
    // Composition time of the first sample, which B-frames and encoder delays push back.
    let offsets = find(body, &[b"mdia", b"minf", b"stbl", b"ctts"]);
    let first = offsets.and_then(|body| entries::<8>(body, 4).first());
    let first_ticks = first
        .and_then(|entry| be32(entry, 4))
        .map_or(0, u32::cast_signed);
    // Length in the scale of the movie, start in that of the media; -1 is a pause.
    let long = list.first() == Some(&1);
    let rows: Vec<(u64, i64)> = if long {
        let row = |e: &[u8; 20]| Some((be64(e, 0)?, be64(e, 8)?.cast_signed()));
        entries::<20>(list, 4).iter().filter_map(row).collect()
    } else {
        let row =
            |e: &[u8; 12]| Some((u64::from(be32(e, 0)?), i64::from(be32(e, 4)?.cast_signed())));
        entries::<12>(list, 4).iter().filter_map(row).collect()
    };
    let secs = |ticks: u64| ticks as f64 / f64::from(movie_scale);
    let media_secs = |ticks: f64| ticks / f64::from(track.timescale);
    let pause: f64 = rows
        .iter()
        .take_while(|row| row.1 < 0)
        .map(|row| secs(row.0))
        .sum();
    let shown: Vec<&(u64, i64)> = rows.iter().filter(|row| row.1 >= 0).collect();
    let start = shown.first().map_or(0, |row| row.1);
    let skipped = media_secs(start as f64 - f64::from(first_ticks));
    let lasts: f64 = shown.iter().map(|row| secs(row.0)).sum();
    let rest = media_secs(track.duration_ticks as f64) - skipped - lasts;
    Some(Edits {
        shown: u32::try_from(shown.len()).unwrap_or(u32::MAX),
        // Without a sign where there is no shift.
        shift_secs: pause - skipped + 0.0,
        // A length of 0 is open, and the scale of the movie rounds.
        cut_secs: if lasts > 0.0 {
            (rest - 1.0 / f64::from(movie_scale)).max(0.0)
        } else {
            0.0
        },
    })
}

/// Coding and size of the pictures (`stsd`, 8.5.2).
fn describe(tables: &[u8], track: &mut Mp4Track) {
    let Some(entry) = find(tables, &[b"stsd"])
        .and_then(|body| Atoms::new(body.get(8..).unwrap_or_default()).next())
    else {
        return;
    };
    track.codec = FourLetters(entry.name);
    if &track.handler.0 != b"vide" {
        return;
    }
    let size = be32(entry.body, 24).unwrap_or(0);
    (track.width, track.height) = (size >> 16, size & 0xFFFF);
    let extensions = entry.body.get(78..).unwrap_or_default();
    let length = find(extensions, &[b"avcC"])
        .and_then(|config| config.get(4))
        .or_else(|| find(extensions, &[b"hvcC"]).and_then(|config| config.get(21)));
    track.nal_length_bytes = length.map_or(0, |byte| (byte & 3) + 1);
}

/// Durations, key frames and order (`stts`, `stss`, `ctts`).
fn times(tables: &[u8], track: &mut Mp4Track) {
    let runs = entries::<8>(find(tables, &[b"stts"]).unwrap_or_default(), 4);
    for (index, run) in runs.iter().enumerate() {
        let (count, delta) = (first32(run), be32(run, 4).unwrap_or(0));
        let ticks = u64::from(count).saturating_mul(u64::from(delta));
        track.duration_ticks = track.duration_ticks.saturating_add(ticks);
        let last_alone = index + 1 == runs.len() && count == 1 && index > 0;
        if count > 0 && !last_alone {
            let (low, high) = track.delta_ticks.unwrap_or((delta, delta));
            track.delta_ticks = Some((low.min(delta), high.max(delta)));
        }
    }
    track.sync_samples =
        find(tables, &[b"stss"]).map(|body| entries::<4>(body, 4).iter().map(first32).collect());
    let offsets = entries::<8>(find(tables, &[b"ctts"]).unwrap_or_default(), 4);
    let mut values = offsets.iter().map(|entry| be32(entry, 4));
    let first = values.next();
    track.reordered = values.any(|value| Some(value) != first);
}

/// Sizes and places of the samples (`stsz`, `stsc`, `stco`, `co64`).
fn sizes(tables: &[u8], file_bytes: u64, track: &mut Mp4Track) {
    let body = find(tables, &[b"stsz"]).unwrap_or_default();
    let constant = be32(body, 4).unwrap_or(0);
    let listed = entries::<4>(body, 8);
    let count = if constant == 0 {
        listed.len() as u64
    } else {
        u64::from(be32(body, 8).unwrap_or(0))
    };
    track.samples = count;
    track.bytes = if constant == 0 {
        listed.iter().map(|size| u64::from(first32(size))).sum()
    } else {
        count.saturating_mul(u64::from(constant))
    };
    let short = find(tables, &[b"stco"]).map(|body| entries::<4>(body, 4));
    let long = find(tables, &[b"co64"]).map(|body| entries::<8>(body, 4));
    let chunks = short.map_or(0, <[_]>::len).max(long.map_or(0, <[_]>::len));
    let offset = |index: usize| {
        let near = short
            .and_then(|offsets| offsets.get(index))
            .map(|e| u64::from(first32(e)));
        near.or_else(|| long?.get(index).and_then(|e| be64(e, 0)))
    };
    let groups = entries::<12>(find(tables, &[b"stsc"]).unwrap_or_default(), 4);
    let mut group = groups.iter().peekable();
    let mut per_chunk = 0_u32;
    let mut sample = 0_u64;
    for index in 0..chunks {
        while let Some(next) = group.next_if(|g| first32(g) as usize <= index + 1) {
            per_chunk = be32(next, 4).unwrap_or(0);
        }
        let chunk = u64::from(per_chunk).min(count - sample);
        let position = offset(index).unwrap_or(u64::MAX);
        track.missing_samples += if constant == 0 {
            let at = usize::try_from(sample).unwrap_or(usize::MAX);
            let listed = listed.get(at..).unwrap_or_default().iter().map(first32);
            beyond(position, listed.take(per_chunk as usize), file_bytes)
        } else {
            let fitting = file_bytes.saturating_sub(position) / u64::from(constant);
            chunk.saturating_sub(fitting)
        };
        sample += chunk;
    }
}

/// How many of the samples that begin here end behind the file.
fn beyond(start: u64, sizes: impl Iterator<Item = u32>, file_bytes: u64) -> u64 {
    let ends = sizes.scan(start, |position, size| {
        *position = position.saturating_add(u64::from(size));
        Some(*position)
    });
    ends.map(|end| u64::from(end > file_bytes)).sum()
}
