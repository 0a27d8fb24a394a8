//! Cut and flipped bags: nothing panics, what is whole is read, what is lost is counted.

use crate::writer::{Omit, Packing, write_bag};
use crate::{examples, naive, read, small};
use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_testkit::Lcg;

/// Every cut yields exactly the complete messages before it and says that something is missing.
fn check_cuts(name: &str, bytes: &[u8], seeded: usize) {
    let whole = read(bytes).samples;
    let mut random = Lcg::new(11);
    let mut cuts = naive::boundaries(bytes);
    cuts.extend((0..seeded).map(|_| 4109 + random.below(bytes.len() - 4109)));
    for cut in cuts {
        let content = read(&bytes[..cut]);
        assert_eq!(
            content.samples.len(),
            naive::count(&bytes[..cut]),
            "{name} cut at {cut}"
        );
        assert_eq!(
            content.samples,
            whole[..content.samples.len()],
            "{name} cut at {cut}"
        );
        if cut < bytes.len() {
            assert!(
                !content.losses().is_empty(),
                "{name} cut at {cut}: {:?}",
                content.codes()
            );
        }
        for loss in content.losses() {
            let lost = whole.len() - content.samples.len();
            assert!(loss.start <= loss.end && loss.end <= cut as u64, "{loss:?}");
            if let Some(messages) = loss.messages {
                assert!(
                    usize::try_from(messages).unwrap() <= lost,
                    "{name} cut at {cut}: {loss:?}"
                );
            }
        }
    }
}

#[test]
fn cuts_of_real_bags_keep_every_complete_message() {
    let Some((plain, bz2)) = examples() else {
        return;
    };
    check_cuts("plain", &plain, 60);
    check_cuts("bz2", &bz2, 10);
    let content = read(&plain);
    for packing in [Packing::None, Packing::Bz2, Packing::Lz4] {
        let some = &content.samples[..300];
        let bytes = write_bag(&content.connections(), some, packing, 90, Omit::default());
        check_cuts(&format!("real {packing:?}"), &bytes, 500);
    }
}

#[test]
fn cuts_of_small_bags_keep_every_complete_message() {
    let (connections, samples) = small(120);
    for packing in [Packing::Loose, Packing::None, Packing::Bz2, Packing::Lz4] {
        let bytes = write_bag(&connections, &samples, packing, 17, Omit::default());
        check_cuts(&format!("{packing:?}"), &bytes, 500);
    }
}

#[test]
fn cuts_before_the_first_record_never_panic() {
    let (connections, samples) = small(5);
    let bytes = write_bag(&connections, &samples, Packing::None, 17, Omit::default());
    for cut in 0..4200.min(bytes.len()) {
        if let Ok(recording) =
            BagRecording::open(&bytes[..cut], fieldassay_formats::Limits::default())
        {
            drop(recording);
            assert!(read(&bytes[..cut]).samples.len() <= samples.len());
        }
    }
}

/// Flips keep almost everything: what a flip can cost is bounded by the chunk it hits.
fn check_flips(name: &str, bytes: &[u8], flips: usize, most_lost: usize) {
    let whole = read(bytes).samples;
    let mut random = Lcg::new(23);
    for _ in 0..flips {
        let mut damaged = bytes.to_vec();
        let (at, bit) = (random.below(bytes.len()), random.below(8));
        damaged[at] ^= 1 << bit;
        let content = read(&damaged);
        let kept = content.samples.len();
        assert!(
            kept + most_lost >= whole.len() && kept <= whole.len() + most_lost,
            "{name}: flip of bit {bit} at {at} keeps {kept} of {}: {:#?}",
            whole.len(),
            content.losses()
        );
        if kept < whole.len() {
            assert!(
                !content.losses().is_empty(),
                "{name}: bit {bit} at {at}: {:?}",
                content.codes()
            );
        }
    }
}

#[test]
fn flips_cost_at_most_the_chunk_they_hit() {
    let (connections, samples) = small(400);
    for (packing, most_lost) in [
        (Packing::Loose, 2),
        (Packing::None, 2),
        (Packing::Bz2, 40),
        (Packing::Lz4, 40),
    ] {
        let bytes = write_bag(&connections, &samples, packing, 40, Omit::default());
        check_flips(&format!("{packing:?}"), &bytes, 500, most_lost);
    }
}

#[test]
fn flips_of_a_real_bag_never_panic() {
    let Some((plain, bz2)) = examples() else {
        return;
    };
    check_flips("plain", &plain, 80, 2);
    check_flips("bz2", &bz2, 20, 8647);
    let content = read(&plain);
    let some = &content.samples[..300];
    let bytes = write_bag(
        &content.connections(),
        some,
        Packing::Bz2,
        90,
        Omit::default(),
    );
    check_flips("real bz2", &bytes, 500, 90);
}
