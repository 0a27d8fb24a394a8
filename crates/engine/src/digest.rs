//! SHA-256 and BLAKE3 in one pass.

use fieldassay_model::{Digester, Digests};

/// Bytes both hashes see while they are in the cache.
const SLICE_BYTES: usize = 256 << 10;

/// Both digests of the bytes, read once, in slices that stay in the cache between the two hashes.
/// Cost: O(n), constant memory; SHA-256 dominates.
pub fn digests(bytes: &[u8], advance: &dyn Fn(u64)) -> Digests {
    let mut digester = Digester::default();
    for slice in bytes.chunks(SLICE_BYTES) {
        digester.update(slice);
        advance(slice.len() as u64);
    }
    digester.finish()
}

#[cfg(test)]
mod tests {
    use super::digests;

    #[test]
    fn the_empty_input_has_the_published_digests() {
        let digests = digests(b"", &|_| ());
        assert_eq!(
            digests.sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            digests.blake3,
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
    }
}
