//! The science: arrays in, numbers with intervals out.
//!
//! Read [`stats`] first (quantiles, moments, intervals), then [`time`] (one stream of stamps), [`clock`]
//! (recorder against sensor clock), [`change`] (alarms on a sequence), [`sync`] (several streams) and
//! [`transform`] (the frame tree over time); then one module per sensor ([`imu`], [`gnss`], [`image`], [`lidar`],
//! [`joints`], [`audio`]), and what ties them together: [`pose`], [`motion`] (time offset from motion),
//! [`calibration`], [`trajectory`] and [`tracking`]; overlaps are [`boxes`], scores over data sets [`detection`] and
//! [`segmentation`]; then scenes and drives: [`criticality`], [`logic`] (temporal logic), [`kinematics`], [`mining`],
//! [`similarity`] and [`driving`] (scores); then people and their labels: [`agreement`], [`aggregation`] and
//! [`label_errors`]; then data sets: [`coverage`], [`drift`], [`rarity`] and [`selection`] over [`rows`], [`split`] by groups,
//! [`preference`] and [`text`]; then what decisions rest on: [`sampling`] (how much to look at), [`confidence`]
//! (what a score is worth) and [`compare`] (is the new one worse). [`registry`] knows every measure by name.
//! Functions that need memory per message borrow it as a [`Workspace`]; a `&mut Vec<i64>` will do.
//! Not here: reading files, naming facts, thresholds and verdicts. Every function is a pure function of its
//! arguments; stamps are `i64` nanoseconds, everything else is `f64`; intervals are two-sided at 95 %.

pub mod aggregation;
pub mod agreement;
pub mod audio;
pub mod boxes;
pub mod calibration;
pub mod change;
pub mod clock;
pub mod compare;
pub mod confidence;
pub mod coverage;
pub mod criticality;
pub mod detection;
pub mod drift;
pub mod driving;
pub mod gnss;
pub mod image;
pub mod imu;
pub mod joints;
pub mod kinematics;
pub mod label_errors;
pub mod lidar;
pub mod logic;
pub mod mining;
pub mod motion;
pub mod pose;
pub mod preference;
pub mod rarity;
pub mod registry;
pub mod rows;
pub mod sampling;
pub mod segmentation;
pub mod selection;
pub mod similarity;
pub mod split;
pub mod stats;
pub mod sync;
pub mod text;
pub mod time;
pub mod tracking;
pub mod trajectory;
pub mod transform;
mod workspace;

pub use workspace::Workspace;

#[cfg(test)]
mod test_noise;
