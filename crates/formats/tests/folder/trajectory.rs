//! Trajectory files as recordings.

use crate::support::{Content, Disk, memory, read};
use fieldassay_formats::folder::{FileBytes, Files, FolderError, open};
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::trajectory::{Kind, TIMES_PATH, TRAJECTORY_PATH, layout, sniff};
use fieldassay_formats::{Format, Limits};
use fieldassay_testkit::shared_data;

fn content(files: &dyn Files) -> Content {
    let bytes = files.read(TRAJECTORY_PATH).expect("poses");
    let kind = sniff(bytes.as_ref()).expect("a trajectory");
    read(&open(files, layout(kind), Limits::default()).expect("a recording"))
}

/// A trajectory of the shared data with the names the layout wants.
struct Shared {
    disk: Disk,
    paths: Vec<String>,
    poses: String,
    times: Option<String>,
}

fn shared(folder: &str, poses: &str, times: Option<&str>) -> Option<Shared> {
    let path = shared_data(folder)?;
    let mut paths = vec![TRAJECTORY_PATH.to_owned()];
    paths.extend(times.map(|_| TIMES_PATH.to_owned()));
    Some(Shared {
        disk: Disk::new(&path),
        paths,
        poses: poses.to_owned(),
        times: times.map(str::to_owned),
    })
}

impl Files for Shared {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn size(&self, _path: &str) -> u64 {
        0
    }

    fn read(&self, path: &str) -> Result<FileBytes<'_>, FolderError> {
        let name = if path == TRAJECTORY_PATH {
            Some(&self.poses)
        } else {
            self.times.as_ref()
        };
        self.disk.read(name.map_or("", String::as_str))
    }
}

#[test]
fn tum_files_have_their_rows_and_exact_times() {
    // `grep -vc '#'`, first and last rows as written.
    for (name, rows, first, last) in [
        (
            "fr2_desk_groundtruth.txt",
            20_957,
            1_311_868_163_869_700_000,
            1_311_868_263_234_200_000,
        ),
        (
            "fr2_desk_ORB.txt",
            2_893,
            1_311_868_164_363_181_000,
            1_311_868_263_185_529_000,
        ),
        (
            "fr2_desk_ORB_kf_mono.txt",
            157,
            1_311_868_171_131_477_000,
            1_311_868_262_150_528_000,
        ),
    ] {
        let Some(files) = shared("evo_fr2_desk", name, None) else {
            return;
        };
        let found = content(&files);
        assert_eq!(found.summary("/poses"), (rows, first, last), "{name}");
        assert_eq!(found.said(), Vec::<String>::new());
    }
}

#[test]
fn kitti_poses_take_their_times_from_the_file_apart() {
    let times = Some("KITTI_00_gt_times.txt");
    let Some(files) = shared("evo_kitti00", "KITTI_00_gt.txt", times) else {
        return;
    };
    let found = content(&files);
    assert_eq!(found.summary("/poses"), (4_541, 0, 470_581_600_000));
    assert_eq!(found.said(), Vec::<String>::new());
    let second = found.of("/poses").nth(1).expect("a pose");
    assert_eq!(second.time, 103_735_900);
    let samples = found.samples("/poses");
    let Sample::Pose(pose) = &samples[1] else {
        panic!("no pose");
    };
    assert_eq!(
        pose.translation_meters,
        [-4.690294e-02, -2.839928e-02, 8.586941e-01]
    );

    let files = shared("evo_kitti00", "KITTI_00_gt.txt", None).expect("the folder");
    let found = content(&files);
    assert_eq!(found.summary("/poses"), (4_541, 0, 4_540_000_000_000));
    let said = found.said();
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("structure.time_missing: the poses have no file of times"));
}

#[test]
fn times_that_do_not_fit_are_not_used() {
    let pose: &[u8] = b"1 0 0 5 0 1 0 6 0 0 1 7\n1 0 0 5 0 1 0 6 0 0 1 8\n";
    for (times, reason) in [
        (&b"0.5\n"[..], "`1` times for `2` poses"),
        (b"0.5\nx\n", "the file of times holds something else"),
        (b"1 2 3\n4 5 6\n", "the file of times holds something else"),
        (b"0\n0\n0\n0\nx\n", "`5` times for `2` poses"),
    ] {
        let files = [(TRAJECTORY_PATH, pose), (TIMES_PATH, times)];
        let found = content(&memory(&files));
        assert_eq!(found.summary("/poses"), (2, 0, 1_000_000_000));
        assert!(found.said()[0].contains(reason), "{:?}", found.said());
    }
    let files = [(TRAJECTORY_PATH, pose), (TIMES_PATH, &b"0.5\n0.75\n"[..])];
    let found = content(&memory(&files));
    assert_eq!(found.summary("/poses"), (2, 500_000_000, 750_000_000));
}

#[test]
fn nanoseconds_stay_integers() {
    let text = b"1403715273262142977,1,2,3,1,0,0,0\n1403715273262142976,4,5,6,1,0,0,0\n";
    let found = content(&memory(&[(TRAJECTORY_PATH, text)]));
    let (first, last) = (1_403_715_273_262_142_976, 1_403_715_273_262_142_977);
    assert_eq!(found.summary("/poses"), (2, first, last));
    assert!(found.said()[0].starts_with("structure.message_order"));
}

#[test]
fn nothing_to_read_is_an_error() {
    let files = [(TRAJECTORY_PATH, &b"# only words\n"[..])];
    let files = memory(&files);
    let error = open(&files, layout(Kind::Tum), Limits::default()).expect_err("an error");
    assert_eq!(error.code(), "folder.empty");
    assert!(error.to_string().contains("hint: "));
    assert_eq!(layout(Kind::Kitti).format, Format::KittiPoses);
}
