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
