//! `cargo xtask conformance DIR`: compares our results with vectors of other programs.
//!
//! Read [`Report`] first. `DIR` is any folder of files with the names and forms of `conformance/`, directly or in folders;
//! a file is known by its name: [`cases`] has those of the form `{cases: [{fn, in, out}]}`, [`OWN`] the others. Every other
//! file and entry is listed as skipped with the reason. One failure makes the chore fail, and so does a folder with
//! nothing to compare.
//!
//! Not here: vectors that need recordings beside the repository; tests of the rooms hold those.

mod bytes;
mod cases;
mod choices;
mod evidence;
mod geometry;
mod images;
mod measured;
mod paths;
mod people;
mod proofs;
mod scores;
mod signals;
mod texts;

use anyhow::{Context as _, Result, bail};
use fieldassay_testkit::Comparison;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything agrees within the tolerance.
    Passed,
    /// Something does not.
    Failed(String),
    /// Not compared, and why.
    Skipped(String),
}

impl From<Comparison> for Outcome {
    fn from(compared: Comparison) -> Self {
        if !compared.differences.is_empty() {
            Self::Failed(compared.differences.join("; "))
        } else if compared.compared == 0 {
            Self::Skipped("nothing in it that could be compared".to_owned())
        } else {
            Self::Passed
        }
    }
}

/// Entries by file, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// File below the folder, entry, outcome.
    pub(crate) entries: Vec<(String, String, Outcome)>,
}

impl Report {
    fn count(&self, is_wanted: fn(&Outcome) -> bool) -> usize {
        self.entries.iter().filter(|(_, _, o)| is_wanted(o)).count()
    }

    fn passed(&self) -> usize {
        self.count(|o| matches!(o, Outcome::Passed))
    }

    fn failed(&self) -> usize {
        self.count(|o| matches!(o, Outcome::Failed(_)))
    }
}

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let folder = match arguments {
        [] => fieldassay_testkit::repository_root().join("conformance"),
        [folder] => PathBuf::from(folder),
        _ => bail!("one folder is expected; hint: `cargo xtask conformance DIR`"),
    };
    let report = compare(&folder)?;
    for (file, entry, outcome) in &report.entries {
        let name = if entry.is_empty() {
            file.clone()
        } else {
            format!("{file} {entry}")
        };
        match outcome {
            Outcome::Passed => println!("passed   {name}"),
            Outcome::Failed(why) => println!("FAILED   {name}: {why}"),
            Outcome::Skipped(why) => println!("skipped  {name}: {why}"),
        }
    }
    let (passed, failed) = (report.passed(), report.failed());
    let skipped = report.entries.len() - passed - failed;
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        bail!("{failed} of {} compared entries differ", passed + failed);
    }
    if passed == 0 {
        bail!(
            "nothing was compared; hint: `{}` holds no file of a known name",
            folder.display()
        );
    }
    Ok(())
}

/// Compares everything below a folder.
pub(crate) fn compare(folder: &Path) -> Result<Report> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut report = Report::default();
    for path in files {
        let file = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .display()
            .to_string();
        let name = path
            .file_name()
            .map_or(String::new(), |n| n.to_string_lossy().into_owned());
        let stem = name.strip_suffix(".json").unwrap_or_default();
        let table = TABLES.iter().find(|(known, _)| *known == name);
        if let Some((_, entries)) = table {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading `{file}`"))?;
            for (entry, outcome) in entries(&text) {
                report.entries.push((file.clone(), entry, outcome));
            }
        } else if let Some(reader) = reader_of(stem) {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading `{file}`"))?;
            let found = match serde_json::from_str::<Value>(&text) {
                Ok(value) => reader.entries(&path, stem, &value),
                Err(e) => vec![(String::new(), Outcome::Failed(format!("not JSON: {e}")))],
            };
            for (entry, outcome) in found {
                report.entries.push((file.clone(), entry, outcome));
            }
        } else if let Some(reason) = skip_reason(&file, &name) {
            report
                .entries
                .push((file, String::new(), Outcome::Skipped(reason)));
        }
    }
    Ok(report)
}

/// Who compares a file.
enum Reader {
    /// Cases that run through the registry.
    Cases,
    /// Files about people and their labels, which become cases as well.
    People,
    /// A file of its own form: its path, for files beside it, and what it holds.
    Own(fn(&Path, &Value) -> Vec<(String, Outcome)>),
}

impl Reader {
    fn entries(&self, path: &Path, stem: &str, value: &Value) -> Vec<(String, Outcome)> {
        match self {
            Self::Cases => cases::compare(stem, value),
            Self::People => people::compare(stem, value),
            Self::Own(compare) => compare(path, value),
        }
    }
}

/// Files of their own form, by name without `.json`.
static OWN: &[(&str, Reader)] = &[
    ("A_rotated_iou_shapely", Reader::Own(scores::rotated)),
    ("D_acceptance_oc", Reader::Own(evidence::acceptance)),
    ("D_binomial_bounds", Reader::Own(evidence::bounds)),
    ("D_hypergeom_n", Reader::Own(evidence::lots)),
    ("D_sprt", Reader::Own(evidence::sprt)),
    ("D_stratified", Reader::Own(evidence::stratified)),
    ("E_calibration", Reader::Own(evidence::calibration)),
    ("E_conformal_ltt", Reader::Own(evidence::conformal)),
    ("E_cost_threshold", Reader::Own(evidence::costs)),
    ("E_selective", Reader::Own(evidence::selective)),
    ("F_active_learning", Reader::Own(choices::selection)),
    ("G_evalica", Reader::Own(choices::evalica)),
    ("G_preference", Reader::Own(choices::preference)),
    ("H_coco_bbox", Reader::Own(scores::coco)),
    ("H_kitti", Reader::Own(scores::kitti)),
    ("H_miou_boundary", Reader::Own(scores::miou)),
    ("H_nuscenes_detection", Reader::Own(scores::nuscenes)),
    ("H_tracking", Reader::Own(paths::tracking)),
    ("I_captions", Reader::Own(texts::captions)),
    ("I_distribution_shift", Reader::Own(texts::shift)),
    ("I_minhash", Reader::Own(texts::min_hash)),
    ("checkpoints", Reader::Own(proofs::checkpoints)),
    ("dsse_vectors", Reader::Own(proofs::envelopes)),
    ("expected", Reader::Own(paths::trajectories)),
    ("signals", Reader::Own(|_, value| entries_of(value))),
    ("tlog_made", Reader::Own(proofs::made)),
    ("tlog_vectors", Reader::Own(proofs::tree)),
];

/// Compares the text of a table.
type Table = fn(&str) -> Vec<(String, Outcome)>;

/// Tables of words, by name.
static TABLES: &[(&str, Table)] = &[
    ("D_mil105e_code_letters.csv", evidence::code_letters),
    ("D_mil105e_single_plans.csv", evidence::single_plans),
];

fn reader_of(stem: &str) -> Option<&'static Reader> {
    if cases::knows(stem) {
        return Some(&Reader::Cases);
    }
    if people::knows(stem) {
        return Some(&Reader::People);
    }
    OWN.iter().find(|(name, _)| *name == stem).map(|(_, r)| r)
}

/// Why a file is not compared here; none for files that are no vectors.
fn skip_reason(file: &str, name: &str) -> Option<String> {
    let is_page = [".md", ".py"].iter().any(|end| name.ends_with(end)) || name.starts_with('.');
    if is_page {
        return None;
    }
    let reason = if file.starts_with("decode") {
        "digests of recordings beside the repository; the tests of `formats` compare them"
    } else {
        "no comparison for files of this name yet"
    };
    Some(reason.to_owned())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("`{}` is not a folder that can be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Entries of `signals.json`.
fn entries_of(value: &Value) -> Vec<(String, Outcome)> {
    let Some(blocks) = value.as_object() else {
        return vec![(
            String::new(),
            Outcome::Failed("the top is not an object".to_owned()),
        )];
    };
    let mut found = Vec::new();
    for (name, block) in blocks {
        // A block may be one case or a list of cases.
        let cases: Vec<&Value> = block
            .as_array()
            .map_or(vec![block], |list| list.iter().collect());
        for (i, case) in cases.iter().enumerate() {
            let label = if block.is_array() {
                format!("{name}[{i}]")
            } else {
                name.clone()
            };
            match name.as_str() {
                "clock_hull" => found.push((label, signals::clock_hull(case))),
                "drift" => found.push((label, signals::drift(case))),
                "allan_nist_sp1065" => found.push((label, signals::allan(case))),
                "gravity_wgs84" => found.push((label, signals::gravity(case))),
                "kitti_segments" => found.push((label, paths::kitti(case))),
                "umeyama_1991" => found.push((label, signals::umeyama(case))),
                "laplacian_var" => found.push((label, images::laplacian(case))),
                "mafd" => found.push((label, images::mafd(case))),
                "time_offset" => found.push((label, geometry::time_offset(case))),
                "hand_eye" => found.push((label, geometry::hand_eye(case))),
                "epipolar" => found.push((label, signals::epipolar(case))),
                "cdr" | "ros1" => found.extend(bytes::entries(name, &label, case, value)),
                _ => {
                    let reason =
                        "no comparison for this entry yet; it comes with the check it is about";
                    found.push((label, Outcome::Skipped(reason.to_owned())));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> PathBuf {
        fieldassay_testkit::repository_root().join("conformance")
    }

    fn outcome_of(value: &Value, entry: &str) -> Outcome {
        let all = entries_of(value);
        all.into_iter()
            .find(|(name, _)| name == entry)
            .map(|(_, o)| o)
            .expect("entry")
    }

    fn vectors() -> Value {
        let text = std::fs::read_to_string(repository().join("signals/signals.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_repository_conforms() {
        let report = compare(&repository()).unwrap();
        assert_eq!(report.failed(), 0, "{report:?}");
        let passed: Vec<&str> = report
            .entries
            .iter()
            .filter(|(_, _, o)| *o == Outcome::Passed)
            .map(|(_, entry, _)| entry.as_str())
            .collect();
        let expected = [
            "clock_hull",
            "drift",
            "epipolar",
            "time_offset",
            "hand_eye",
            "kitti_segments",
            "cdr.NavSatFix_le",
            "cdr.PointCloud2_le",
            "cdr.Empty_le",
            "ros1.NavSatFix",
        ];
        for entry in expected {
            assert!(passed.contains(&entry), "{entry} of {passed:?}");
        }
    }

    #[test]
    fn wrong_vectors_fail() {
        let mut value = vectors();
        value["clock_hull"]["hull_skew_ppm"] = 35.72.into();
        value["drift"]["ph_th5"] = serde_json::json!([106, 5.793_321_781_763_754]);
        value["cdr"]["values"]["lat"] = 48.2.into();
        let is_failed_now =
            |value: &Value, entry| matches!(outcome_of(value, entry), Outcome::Failed(_));
        let is_failed = |entry| is_failed_now(&value, entry);
        assert!(is_failed("clock_hull") && is_failed("drift"));
        assert!(is_failed("cdr.NavSatFix_le") && is_failed("ros1.NavSatFix"));
        value["kitti_segments"]["segments"] = 2258.into();
        assert!(is_failed_now(&value, "kitti_segments"));
        value["kitti_segments"]["poses"] = "as the crow flies".into();
        assert!(is_failed_now(&value, "kitti_segments"));
    }

    #[test]
    fn other_numbers_of_the_same_form_are_worked_out() {
        let mut value = vectors();
        // With the seed changed the draws, and with them the results, are others.
        value["clock_hull"]["lcg"] = "st=(1103515245*st+12345) mod 2^31, st0=1, u=st/2^31".into();
        assert!(matches!(
            outcome_of(&value, "clock_hull"),
            Outcome::Failed(_)
        ));
        value["clock_hull"]["lcg"] = "linear congruential".into();
        let Outcome::Failed(why) = outcome_of(&value, "clock_hull") else {
            panic!("a vector that cannot be read must fail")
        };
        assert!(why.contains("lcg"), "{why}");
    }

    #[test]
    fn an_empty_folder_is_no_pass() {
        let folder = tempfile::tempdir().unwrap();
        assert!(run(&[folder.path().display().to_string()]).is_err());
        std::fs::write(folder.path().join("signals.json"), "{").unwrap();
        assert!(run(&[folder.path().display().to_string()]).is_err());
        std::fs::copy(
            repository().join("signals/signals.json"),
            folder.path().join("signals.json"),
        )
        .unwrap();
        run(&[folder.path().display().to_string()]).unwrap();
    }
}
