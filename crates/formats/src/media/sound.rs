//! Sound as samples.

use super::error::MediaError;
use crate::sensor::Audio;

/// Samples of one message, channels mixed to one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub sample_rate_hz: u32,
    /// Channels that were mixed.
    pub channels: u32,
    /// Mean of the channels, -1 to 1.
    pub samples: Vec<f32>,
    /// Samples of any channel at the end of their range.
    pub clipped: u64,
}

/// How a sample is stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    U8,
    S16,
    S24,
    S32,
    F32,
}

impl Coding {
    const fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }
}

fn coding(format: &str) -> Option<Coding> {
    match format.to_ascii_lowercase().as_str() {
        "pcm-s16" | "pcm_s16le" | "s16le" | "s16" | "pcm" => Some(Coding::S16),
        "pcm_u8" | "u8" => Some(Coding::U8),
        "pcm_s24le" | "s24le" => Some(Coding::S24),
        "pcm_s32le" | "s32le" => Some(Coding::S32),
        "pcm-f32" | "pcm_f32le" | "f32le" | "f32" => Some(Coding::F32),
        _ => None,
    }
}

fn le16(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?
        .first_chunk()
        .map(|b| u16::from_le_bytes(*b))
}

fn le32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?
        .first_chunk()
        .map(|b| u32::from_le_bytes(*b))
}

/// Coding, channels, rate and samples of a WAV file (RIFF; formats 1, 3 and the extensible form of both).
fn wav(file: &[u8]) -> Result<(Coding, u32, u32, &[u8]), MediaError> {
    let short = || MediaError::truncated("wav", "no `data` chunk");
    let (mut at, mut format) = (12, None);
    loop {
        let name = file
            .get(at..)
            .and_then(<[u8]>::first_chunk::<4>)
            .ok_or_else(short)?;
        let size = le32(file, at + 4).ok_or_else(short)? as usize;
        let rest = file.get(at + 8..).unwrap_or_default();
        match name {
            b"fmt " => {
                let kind = match le16(rest, 0) {
                    Some(0xFFFE) => le16(rest, 24),
                    kind => kind,
                };
                let (channels, rate, bits) = (le16(rest, 2), le32(rest, 4), le16(rest, 14));
                let coding = match (kind, bits) {
                    (Some(1), Some(8)) => Coding::U8,
                    (Some(1), Some(16)) => Coding::S16,
                    (Some(1), Some(24)) => Coding::S24,
                    (Some(1), Some(32)) => Coding::S32,
                    (Some(3), Some(32)) => Coding::F32,
                    _ => {
                        return Err(MediaError::unsupported(format!(
                            "wav format {kind:?} of {bits:?} bits"
                        )));
                    }
                };
                format = Some((coding, u32::from(channels.unwrap_or(0)), rate.unwrap_or(0)));
            }
            b"data" => {
                let (coding, channels, rate) =
                    format.ok_or_else(|| MediaError::damaged("wav", "`data` before `fmt `"))?;
                // Writers of streams leave the size at 0 or at its maximum.
                let samples = match rest.get(..size) {
                    Some(samples) if size > 0 => samples,
                    _ if size == 0 || size > i32::MAX as usize => rest,
                    _ => {
                        let what = format!("{} of {size} bytes of samples", rest.len());
                        return Err(MediaError::truncated("wav", what));
                    }
                };
                return Ok((coding, channels, rate, samples));
            }
            _ => {}
        }
        at = at
            .saturating_add(8)
            .saturating_add(size)
            .saturating_add(size % 2);
    }
}

/// Decodes uncompressed sound: `pcm-s16` (`foxglove.RawAudio`), `s16le`, `f32le` and relatives, and WAV files, which are
/// known by their first bytes.
///
/// Rate and channels come from the message, or from the WAV header. A sample beyond the last whole frame is left out.
/// Errors: `Unsupported` for compressed formats (`mp3`, `opus`, …) and where the message does not say its rate or
/// channels, `Truncated` and `Damaged` for WAV files. Cost: about 1 ns per sample. Non-finite samples become 0.
pub fn sound(audio: &Audio<'_>) -> Result<Sound, MediaError> {
    let data: &[u8] = &audio.data;
    let (coding, channels, sample_rate_hz, bytes) = if data.starts_with(b"RIFF") {
        wav(data)?
    } else {
        let coding = coding(&audio.format);
        let coding = coding.ok_or_else(|| MediaError::unsupported(audio.format.as_ref()))?;
        (coding, audio.channels, audio.sample_rate_hz, data)
    };
    if channels == 0 || channels > 64 || sample_rate_hz == 0 {
        return Err(MediaError::unsupported(format!(
            "{} with {channels} channels at {sample_rate_hz} Hz",
            audio.format
        )));
    }
    let mut out = Sound {
        sample_rate_hz,
        channels,
        ..Sound::default()
    };
    let frame = coding.bytes() * channels as usize;
    out.samples.reserve(bytes.len() / frame);
    for frame in bytes.chunks_exact(frame) {
        let mut sum = 0.0_f64;
        for sample in frame.chunks_exact(coding.bytes()) {
            let value = value(coding, sample);
            // The largest step of 16 bits below 1.
            out.clipped += u64::from(value.abs() >= 1.0 - 1.0 / 32768.0);
            sum += f64::from(value);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a mean of single precision"
        )]
        out.samples.push((sum / f64::from(channels)) as f32);
    }
    Ok(out)
}

/// One sample between -1 and 1.
fn value(coding: Coding, bytes: &[u8]) -> f32 {
    match (coding, bytes) {
        (Coding::U8, &[a]) => (f32::from(a) - 128.0) / 128.0,
        (Coding::S16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32768.0,
        (Coding::S24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
        (Coding::S32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
        (Coding::F32, &[a, b, c, d]) => {
            let value = f32::from_le_bytes([a, b, c, d]);
            if value.is_finite() { value } else { 0.0 }
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn audio(format: &str, channels: u32, data: Vec<u8>) -> Audio<'_> {
        Audio {
            format: Cow::Borrowed(format),
            sample_rate_hz: 8000,
            channels,
            data: Cow::Owned(data),
        }
    }

    fn wav_file(kind: u16, bits: u16, samples: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        file.extend(kind.to_le_bytes());
        file.extend(1_u16.to_le_bytes());
        file.extend(16_000_u32.to_le_bytes());
        file.extend([0; 6]);
        file.extend(bits.to_le_bytes());
        file.extend(b"LIST\x02\0\0\0xx");
        file.extend(b"data");
        file.extend(u32::try_from(samples.len()).unwrap().to_le_bytes());
        file.extend(samples);
        file
    }

    #[test]
    fn integers_and_floats_mean_the_same() {
        let short: Vec<u8> = [16384_i16, -16384, 32767, -32768]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let single: Vec<u8> = [0.5_f32, -0.5, 1.0, -1.0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let one = sound(&audio("pcm-s16", 2, short.clone())).unwrap();
        let two = sound(&audio("f32le", 2, single)).unwrap();
        assert_eq!(one.samples[0], 0.0);
        assert_eq!((one.clipped, two.clipped, one.samples.len()), (2, 2, 2));
        let file = sound(&audio("", 0, wav_file(1, 16, &short))).unwrap();
        assert_eq!((file.sample_rate_hz, file.channels), (16_000, 1));
        assert_eq!(file.samples[..2], [0.5, -0.5]);
        let wide = sound(&audio("wav", 1, wav_file(1, 24, &[0, 0, 0x40, 0, 0, 0xC0]))).unwrap();
        assert_eq!(wide.samples, [0.5, -0.5]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let code = |audio| sound(&audio).unwrap_err().code();
        assert_eq!(code(audio("mp3", 1, vec![1, 2])), "unsupported");
        assert_eq!(code(audio("pcm-s16", 0, vec![1, 2])), "unsupported");
        assert_eq!(
            code(audio("wav", 1, wav_file(1, 16, &[0; 8])[..50].to_vec())),
            "truncated"
        );
        assert_eq!(
            code(audio("wav", 1, wav_file(7, 8, &[0; 8]))),
            "unsupported"
        );
        assert_eq!(code(audio("wav", 1, b"RIFF".to_vec())), "truncated");
    }
}
