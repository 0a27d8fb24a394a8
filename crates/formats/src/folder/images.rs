//! Image files as `sensor_msgs/msg/CompressedImage`, bytes as they are.

use super::{Event, Failure, OpenFiles};
use crate::{message, sensor};
use std::borrow::Cow;

/// A channel of image files.
pub(super) struct Picture {
    /// Optical frame.
    pub(super) frame: String,
}

/// The `format` of a compressed image by the name of its file; none when it is no image.
pub(super) fn image_format(path: &str) -> Option<&'static str> {
    let extension = path.rsplit_once('.')?.1;
    [("png", "png"), ("jpg", "jpeg"), ("jpeg", "jpeg")]
        .into_iter()
        .find(|(known, _)| extension.eq_ignore_ascii_case(known))
        .map(|(_, format)| format)
}

/// Width and height of a PNG or JPEG file by its header, pixels; none where it has none that can be read.
///
/// Sources: PNG (ISO/IEC 15948), 11.2.2; JPEG (ITU-T T.81), B.2.2.
pub(super) fn size(bytes: &[u8]) -> Option<[u32; 2]> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let header = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
        let (width, height) = header.split_first_chunk()?;
        return Some([
            u32::from_be_bytes(*width),
            u32::from_be_bytes(*height.first_chunk()?),
        ]);
    }
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let [mark, kind, high, low, ..] = *rest else {
            return None;
        };
        if mark != 0xff {
            return None;
        }
        // Fill bytes may stand before any marker.
        if kind == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let is_frame = matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let [a, b, c, d] = *rest.get(5..)?.first_chunk()?;
            return Some([[c, d], [a, b]].map(|two| u16::from_be_bytes(two).into()));
        }
        rest = rest.get(2 + length.max(2)..)?;
    }
}

/// Makes the message of an image: the whole file of the event.
pub(super) fn make_picture(
    picture: &Picture,
    event: &Event,
    files: &mut OpenFiles<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let format = image_format(files.path(event.file)).unwrap_or_default();
    let data = files.bytes(event.file)?;
    let image = sensor::Image {
        frame: Cow::Borrowed(&picture.frame),
        width: 0,
        height: 0,
        encoding: Cow::Borrowed(format),
        compressed: true,
        step: 0,
        big_endian: false,
        data: Cow::Borrowed(data),
    };
    message::compressed_image(out, event.log_time, &image);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::size;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\xda\0\0\x01\x77";
    /// A comment, a fill byte, and a progressive frame.
    const JPEG: &[u8] = b"\xff\xd8\xff\xfe\0\x04ab\xff\xff\xc2\0\x0b\x08\x01\x77\x04\xda\x01";

    #[test]
    fn sizes_stand_in_the_headers() {
        assert_eq!(size(PNG), Some([1242, 375]));
        assert_eq!(size(JPEG), Some([1242, 375]));
    }

    #[test]
    fn what_is_cut_off_has_none() {
        for file in [PNG, JPEG.strip_suffix(b"\x01").expect("its end")] {
            for end in 0..file.len() {
                assert_eq!(size(&file[..end]), None, "{end}");
            }
        }
        assert_eq!(size(b"\xff\xd8\xff\xc4\0\0\xff\xc4\0\0"), None);
        assert_eq!(size(b"\xff\xd8\0\0\0\0"), None);
    }
}
