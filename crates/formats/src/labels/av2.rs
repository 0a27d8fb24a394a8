//! Argoverse 2's tables of cuboids.
//!
//! Read [`Row`] and [`rows`] first, and [`content`] for tracks and whole orientations, [`poses`] for the vehicle. Source: av2 0.3.6, `evaluation.detection`: one row per box, in the vehicle's frame, with the
//! columns `log_id timestamp_ns category tx_m ty_m tz_m length_m width_m height_m qw qx qy qz`, in labels
//! `num_interior_pts` and in detections `score`.
//!
//! Not here: maps and regions of interest.

use super::content::{Content, Item, Label, Placement, Shape, unit};
use super::{At, LabelError, Place};
use crate::sensor::Pose;
use crate::table::Table;
use std::collections::BTreeMap;

/// One box.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which log; empty where the table is of one log and has no such column.
    pub log: String,
    /// Sweep, nanoseconds.
    pub timestamp_ns: i64,
    /// Its category.
    pub category: String,
    /// Center, meters.
    pub center_meters: [f64; 3],
    /// Length, width, height, meters.
    pub size_meters: [f64; 3],
    /// Heading, radians.
    pub yaw_radians: f64,
    /// `LiDAR` points inside a label; none where the table does not say.
    pub points: Option<u64>,
    /// How sure the detector is; none in labels.
    pub score: Option<f64>,
}

/// Heading of a quaternion (w, x, y, z) about the axis up, radians.
pub(super) fn yaw([w, x, y, z]: [f64; 4]) -> f64 {
    (2.0 * (w * z + x * y)).atan2(w * w + x * x - y * y - z * z)
}

/// Reads a table of labels, or of detections where `scored`.
///
/// Errors: a missing column, numbers that are not finite, sizes of 0 and below, quaternions of length 0; the row is
/// named. Cost: a copy of the table.
pub fn rows(table: &Table, scored: bool) -> Result<Vec<Row>, LabelError> {
    let logs = if table.has("log_id") {
        table.full_texts("log_id")?
    } else {
        vec![String::new(); table.rows()]
    };
    let stamps = table.integers("timestamp_ns")?;
    let categories = table.full_texts("category")?;
    let columns = |names: &[&'static str]| -> Result<Vec<Vec<f64>>, LabelError> {
        names.iter().map(|name| Ok(table.numbers(name)?)).collect()
    };
    let centers = columns(&["tx_m", "ty_m", "tz_m"])?;
    let sizes = columns(&["length_m", "width_m", "height_m"])?;
    let turns = columns(&["qw", "qx", "qy", "qz"])?;
    let points = table.optional_numbers("num_interior_pts")?;
    let scores = scored.then(|| table.numbers("score")).transpose()?;
    let keys = logs.into_iter().zip(stamps).zip(categories).enumerate();
    keys.map(|(row, ((log, timestamp_ns), category))| {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let cell = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
        let center_meters = three(at, "tx_m, ty_m or tz_m", &centers, row)?;
        let size_meters = three(at, "length_m, width_m or height_m", &sizes, row)?;
        if let Some(size) = size_meters.iter().find(|size| **size <= 0.0) {
            return Err(at.value("size", size, "sizes are above 0"));
        }
        let mut turn = [0.0; 4];
        for (value, column) in turn.iter_mut().zip(&turns) {
            *value = at.finite("qw, qx, qy or qz", cell(column))?;
        }
        if turn.iter().all(|value| *value == 0.0) {
            return Err(at.value("qw, qx, qy, qz", 0, "a quaternion has length 1"));
        }
        let score = scores
            .as_ref()
            .map(|scores| at.finite("score", cell(scores)));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is clamped when cast, and a count of points is far below 2^53"
        )]
        let count = |points: &Vec<f64>| cell(points).max(0.0) as u64;
        Ok(Row {
            log,
            timestamp_ns,
            category,
            center_meters,
            size_meters,
            yaw_radians: yaw(turn),
            points: points.as_ref().map(count),
            score: score.transpose()?,
        })
    })
    .collect()
}

/// The vehicle's coordinate frame.
pub const BODY: &str = "egovehicle";
/// The map's coordinate frame.
pub const CITY: &str = "city";

/// Everything a table of labels, or of detections where `scored`, says: an item per log and sweep, and its boxes in the
/// vehicle's frame, with the ids of tracks where the table has `track_uuid`.
///
/// Errors: as [`rows`]. Cost: a copy of the table.
pub fn content(table: &Table, scored: bool) -> Result<Content, LabelError> {
    let tracks = table
        .has("track_uuid")
        .then(|| table.full_texts("track_uuid"));
    let tracks = tracks.transpose()?;
    let turns = ["qx", "qy", "qz", "qw"].map(|name| table.numbers(name));
    let [qx, qy, qz, qw] = turns;
    let turns = [qx?, qy?, qz?, qw?];
    let mut out = Content::default();
    let mut items: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for (row, found) in rows(table, scored)?.into_iter().enumerate() {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let key = (found.log.clone(), found.timestamp_ns);
        let item = *items.entry(key).or_insert_with(|| {
            out.item(Item {
                name: found.timestamp_ns.to_string(),
                time_ns: Some(found.timestamp_ns),
                fields: vec![("log_id".to_owned(), found.log)],
                ..Item::default()
            })
        });
        let turn = turns
            .each_ref()
            .map(|column| column.get(row).copied().unwrap_or(f64::NAN));
        let points = found
            .points
            .map(|points| ("num_interior_pts".to_owned(), points.to_string()));
        out.label(Label {
            item: Some(item),
            category: found.category,
            track: tracks.as_ref().and_then(|tracks| tracks.get(row).cloned()),
            shape: Shape::Box3 {
                center_meters: found.center_meters,
                quat_xyzw: unit(turn)
                    .ok_or_else(|| at.form("its quaternion has no direction", HINT))?,
                size_meters: found.size_meters,
            },
            frame: BODY.to_owned(),
            is_prediction: scored,
            score: found.score,
            attributes: points.into_iter().collect(),
            ..Label::default()
        });
    }
    Ok(out)
}

/// The poses of the vehicle, `city_SE3_egovehicle.feather`.
///
/// Errors: a missing column, numbers that are not finite, quaternions of length 0; the row is named.
pub fn poses(table: &Table) -> Result<Vec<Placement>, LabelError> {
    let stamps = table.integers("timestamp_ns")?;
    let columns = |names: &[&'static str]| -> Result<Vec<Vec<f64>>, LabelError> {
        names.iter().map(|name| Ok(table.numbers(name)?)).collect()
    };
    let places = columns(&["tx_m", "ty_m", "tz_m"])?;
    let turns = columns(&["qx", "qy", "qz", "qw"])?;
    let rows = stamps.into_iter().enumerate();
    rows.map(|(row, time)| {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let mut turn = [f64::NAN; 4];
        for (value, column) in turn.iter_mut().zip(&turns) {
            *value = column.get(row).copied().unwrap_or(f64::NAN);
        }
        let turn = unit(turn).ok_or_else(|| at.form("its quaternion has no direction", HINT))?;
        Ok(Placement {
            item: None,
            step: None,
            time_ns: Some(time),
            pose: Pose {
                parent: CITY.into(),
                child: BODY.into(),
                translation_meters: three(at, "tx_m, ty_m or tz_m", &places, row)?,
                quat_xyzw: turn,
            },
        })
    })
    .collect()
}

const HINT: &str = "a quaternion has length 1";

fn three(
    at: At<'_>,
    name: &'static str,
    columns: &[Vec<f64>],
    row: usize,
) -> Result<[f64; 3], LabelError> {
    let mut out = [0.0; 3];
    for (value, column) in out.iter_mut().zip(columns) {
        *value = at.finite(name, column.get(row).copied().unwrap_or(f64::NAN))?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_rows_are_named() {
        let head = "log_id,timestamp_ns,category,tx_m,ty_m,tz_m,length_m,width_m,height_m,qw,qx,qy,qz,score\n";
        let row = "a,315966253659927216,BUS,1,2,3,4,2,2,0,0,0,1,0.5\n";
        let table = |text: &str| crate::table::read("d.csv", text.as_bytes()).unwrap();
        let found = rows(&table(&format!("{head}{row}")), true).unwrap();
        assert_eq!(found[0].timestamp_ns, 315_966_253_659_927_216);
        assert!((found[0].yaw_radians.abs() - std::f64::consts::PI).abs() < 1e-12);
        for (from, to, said) in [
            ("4,2,2", "0,2,2", "`d.csv` row `1`: `size` is `0`"),
            ("1,2,3", "1,,3", "`tx_m, ty_m or tz_m` is `NaN`"),
            ("0,0,0,1", "0,0,0,0", "`qw, qx, qy, qz` is `0`"),
        ] {
            let text = format!("{head}{row}{}", row.replacen(from, to, 1));
            let error = rows(&table(&text), true).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let error = rows(&table("a\n1\n"), false).unwrap_err().to_string();
        assert!(
            error.contains("no column `timestamp_ns`, but `a`"),
            "{error}"
        );
    }
}
