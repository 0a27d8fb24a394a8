//! Watching error rates over time: control charts, how long they run without a false alarm, and many of them at once.
//!
//! Read [`share_chart`] first (p chart, Laney's p′, exact limits), then [`ewma`], [`tabular_cusum`], [`ratio_cusum`] and
//! [`bernoulli_cusum`]; [`run_length`] and [`cusum_threshold`] choose limits, [`watch`] looks at many charts together.
//!
//! Not here: whether a mean changed in a stream of measurements ([`crate::change`]).

mod many;
mod run_length;
mod sequential;
mod shares;

pub use many::{Series, Watched, watch};
pub use run_length::{
    Chart, bernoulli_run_length, bernoulli_threshold, cusum_threshold, run_length,
};
pub use sequential::{
    BernoulliCusum, Ewma, RatioCusum, TabularCusum, bernoulli_cusum, ewma, ratio_cusum,
    tabular_cusum,
};
pub use shares::{ShareChart, share_chart};
