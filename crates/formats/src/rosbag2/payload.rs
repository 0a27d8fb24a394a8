//! Payloads that rosbag2 compressed one by one (`compression_mode: MESSAGE`).

use crate::Buffers;
use crate::recording::ZstdContext;

/// Why a compressed payload could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The frame is damaged.
    #[error("zstd data is damaged")]
    Damaged,
    /// The frame claims more than the limit.
    #[error("zstd data claims `{claimed}` bytes, the limit is `{limit}`")]
    TooLarge {
        /// Bytes the frame claims.
        claimed: u64,
        /// Most that is allowed.
        limit: usize,
    },
}

/// First bytes of a zstd frame. No CDR payload starts so: its first byte is zero.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The payload itself: decompressed into `buffers.decompressed` when it is a zstd frame, else as it is.
///
/// # Errors
/// When the frame is damaged, does not say its size, or claims more than `limit` bytes.
pub fn decompress_payload<'a>(
    data: &'a [u8],
    limit: usize,
    buffers: &'a mut Buffers,
) -> Result<&'a [u8], PayloadError> {
    if !data.starts_with(ZSTD_MAGIC) {
        return Ok(data);
    }
    let claimed = zstd::zstd_safe::get_frame_content_size(data)
        .ok()
        .flatten()
        .ok_or(PayloadError::Damaged)?;
    let size = usize::try_from(claimed).ok().filter(|&size| size <= limit);
    let Some(size) = size else {
        return Err(PayloadError::TooLarge { claimed, limit });
    };
    if buffers.zstd.is_none() {
        buffers.zstd = zstd::bulk::Decompressor::new().ok().map(ZstdContext);
    }
    let Some(ZstdContext(context)) = &mut buffers.zstd else {
        return Err(PayloadError::Damaged);
    };
    buffers.decompressed.clear();
    buffers.decompressed.reserve(size);
    context
        .decompress_to_buffer(data, &mut buffers.decompressed)
        .map_err(|_| PayloadError::Damaged)?;
    Ok(&buffers.decompressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_decompressed_and_everything_else_passes() {
        let mut buffers = Buffers::default();
        let plain = [0_u8, 1, 0, 0, 7, 7, 7, 7];
        assert_eq!(
            decompress_payload(&plain, 8, &mut buffers),
            Ok(plain.as_slice())
        );
        assert_eq!(decompress_payload(&[], 8, &mut buffers), Ok([].as_slice()));
        let data = [plain.as_slice(), &[9; 1000]].concat();
        let frame = zstd::bulk::compress(&data, 1).unwrap();
        assert_eq!(
            decompress_payload(&frame, 5000, &mut buffers),
            Ok(data.as_slice())
        );
        let too_large = PayloadError::TooLarge {
            claimed: 1008,
            limit: 1000,
        };
        assert_eq!(
            decompress_payload(&frame, 1000, &mut buffers),
            Err(too_large)
        );
        for cut in 4..frame.len() {
            let cut = decompress_payload(&frame[..cut], 5000, &mut buffers);
            assert_eq!(cut, Err(PayloadError::Damaged));
        }
    }
}
