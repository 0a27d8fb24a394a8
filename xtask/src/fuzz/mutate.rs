//! Seeded mutation of inputs, and cutting a failing one down to its smallest form.
//!
//! Not here: running targets.

use fieldassay_testkit::Lcg;

/// Inputs never grow beyond this.
const MAX_BYTES: usize = 1 << 16;
/// Values at which sizes, offsets and counts go wrong.
const EDGES: [u64; 12] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// One to four random changes of `input`; `other` is a second input to take parts from.
pub(super) fn mutate(input: &[u8], other: &[u8], random: &mut Lcg) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        change(&mut bytes, other, random);
    }
    bytes.truncate(MAX_BYTES);
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Lcg) {
    let at = random.below(bytes.len() + 1).min(bytes.len());
    let length = random.below(32).min(bytes.len() - at);
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => {
            bytes.drain(at..at + length);
        }
        2 => {
            let copy = bytes[at..at + length].to_vec();
            bytes.splice(at..at, copy);
        }
        3 => {
            let from = random.below(other.len() + 1).min(other.len());
            let until = (from + random.below(64)).min(other.len());
            bytes.splice(at..at + length, other[from..until].iter().copied());
        }
        4 => overwrite(bytes, at, random),
        5 => {
            let byte = random.next_u32().to_le_bytes()[0];
            bytes.insert(at, byte);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

/// Puts an edge value of 1, 2, 4 or 8 bytes at `at`, in either byte order.
fn overwrite(bytes: &mut [u8], at: usize, random: &mut Lcg) {
    let width = 1 << random.below(4);
    let value = EDGES[random.below(EDGES.len())];
    let mut encoded = value.to_le_bytes()[..width].to_vec();
    if random.below(2) == 1 {
        encoded.reverse();
    }
    for (target, byte) in bytes.iter_mut().skip(at).zip(encoded) {
        *target = byte;
    }
}

/// Removes ever smaller parts as long as `fails` says that the rest still fails.
pub(super) fn minimize(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = input.to_vec();
    let mut part = (best.len() / 2).max(1);
    loop {
        let mut at = 0;
        while at < best.len() {
            let mut shorter = best.clone();
            shorter.drain(at..(at + part).min(best.len()));
            if fails(&shorter) {
                best = shorter;
            } else {
                at += part;
            }
        }
        if part == 1 {
            return best;
        }
        part /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutation_is_seeded_and_bounded() {
        let run = |seed| {
            let mut random = Lcg::new(seed);
            let mut input = b"0123456789".to_vec();
            for _ in 0..2000 {
                input = mutate(&input, b"abcdefgh", &mut random);
            }
            input
        };
        assert_eq!(run(1), run(1));
        assert!(run(2).len() <= MAX_BYTES);
        assert_ne!(
            mutate(b"0123456789", b"", &mut Lcg::new(7)),
            mutate(b"0123456789", b"", &mut Lcg::new(8))
        );
    }

    #[test]
    fn the_smallest_failing_input_is_found() {
        let input: Vec<u8> = (0..200).collect();
        assert_eq!(
            minimize(&input, |bytes| bytes.contains(&77) && bytes.contains(&150)),
            [77, 150]
        );
    }
}
