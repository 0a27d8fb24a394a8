//! The messages of one channel in the order they reach the recorder, faults included.
//!
//! Read [`Stream::next_sample`] first. A sample is made on the grid of its period, stamped with
//! the sensor's clock, published and carried to the recorder; every [`Effect`] may change it on
//! the way. What the recorder does with it is in [`crate::recorder`].

use crate::alter::Alter;
use crate::noise::{Law, Noise, whole_ns};
use crate::rng::Rng;
use std::collections::VecDeque;

/// Least time between two arrivals of one channel: messages that waited in one queue are handed
/// over as fast as memory is copied.
const ARRIVAL_SPACING_NS: i64 = 2_000;

/// When the messages of a channel are due.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// Nominal period; for events the mean interval.
    pub(crate) period_ns: i64,
    /// First sample after the start of the drive.
    pub(crate) phase_ns: i64,
    /// Number of samples; of events the most there may be.
    pub(crate) count: u64,
    /// End of the drive; events stop there.
    pub(crate) until_ns: i64,
    /// Scatter of the samples around the grid; none for events, which come at random.
    pub(crate) jitter: Option<Law>,
    /// Time from sample to publication: exposure, readout, driver.
    pub(crate) driver_delay_ns: i64,
    /// How fast the sensor's clock runs.
    pub(crate) skew_ppm: f64,
}

/// A message on its way; times are nanoseconds since the start of the drive.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent mark")]
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// True time of the sample.
    pub(crate) true_ns: i64,
    /// Header stamp, nanoseconds since the epoch.
    pub(crate) stamp_ns: i64,
    /// Publication.
    pub(crate) publish_ns: i64,
    /// Arrival at the recorder; ascending within a channel.
    pub(crate) arrival_ns: i64,
    /// Bit `i` is set when fault `i` touched it.
    pub(crate) touched: u64,
    /// Never recorded.
    pub(crate) lost: bool,
    /// The same message once more.
    pub(crate) repeated: bool,
    /// Carries a transform that closes the tree to a ring.
    pub(crate) closes_ring: bool,
    /// `base_link` hangs from `map`.
    pub(crate) reparented: bool,
    /// What is wrong with its contents.
    pub(crate) alterations: Vec<Alter>,
}

/// A seeded choice of `wanted` places among `remaining`, offered one by one (Knuth, TAOCP vol. 2,
/// 3.4.2, algorithm S): exact count, no memory.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    wanted: u64,
    remaining: u64,
    rng: Rng,
}

impl Choice {
    pub(crate) fn new(wanted: u64, places: u64, rng: Rng) -> Self {
        Self {
            wanted,
            remaining: places,
            rng,
        }
    }

    /// Whether the next place is chosen.
    fn take(&mut self) -> bool {
        let chosen = self.remaining > 0 && self.rng.below(self.remaining) < self.wanted;
        self.remaining = self.remaining.saturating_sub(1);
        self.wanted = self.wanted.saturating_sub(u64::from(chosen));
        chosen
    }
}

/// What a fault does to the samples of a channel.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Adds to the stamp.
    Offset { by_ns: i64 },
    /// The clock runs fast.
    Skew { ppm: f64 },
    /// Adds to the stamps from a moment on.
    Step { at_ns: i64, by_ns: i64 },
    /// Scatters the stamps, order kept.
    Jitter {
        sigma_ns: f64,
        rng: Rng,
        last_ns: i64,
    },
    /// Stamps count from another moment.
    Uptime { by_ns: i64 },
    /// Loses chosen samples.
    Drop { choice: Choice },
    /// Loses all samples of a stretch.
    Stall { start_ns: i64, end_ns: i64 },
    /// Holds back the samples `first..first + count` until the last is there.
    Burst {
        first: u64,
        count: u64,
        release_ns: i64,
    },
    /// Records chosen samples twice.
    Duplicate { choice: Choice },
    /// Swaps chosen samples with the next one; choices are pairs.
    Reorder { choice: Choice },
    /// The samples `first..first + count` close the transform tree to a ring.
    Ring { first: u64, count: u64 },
    /// `base_link` changes its parent at these moments, ascending.
    Reparent { at_ns: Vec<i64> },
    /// The contents are wrong while the true time is within.
    Contents {
        start_ns: i64,
        end_ns: i64,
        alter: Alter,
    },
    /// The samples `first..first + count` are clipped by a shock, their neighbors shaken.
    Shock { first: u64, count: u64 },
}

/// An effect and the number of the fault it belongs to; none where a channel only follows another
/// that is hit.
#[derive(Clone, Debug)]
pub(crate) struct Injected {
    pub(crate) fault: Option<usize>,
    pub(crate) effect: Effect,
}

/// The messages of one channel.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    timing: Timing,
    injected: Vec<Injected>,
    start_ns: i64,
    index: u64,
    event_ns: i64,
    last_arrival_ns: i64,
    loaded_host: bool,
    jitter_rng: Rng,
    transport_rng: Rng,
    pending: VecDeque<Sample>,
}

/// What happens to a sample besides changed fields.
#[derive(Default)]
struct Actions {
    repeat: bool,
    swap: bool,
}

impl Stream {
    /// The messages of `topic` for a drive that starts at `start_ns` since the epoch; channels of one
    /// `clock` have the same samples.
    pub(crate) fn new(
        (topic, clock): (&str, &str),
        seed: u64,
        start_ns: i64,
        timing: Timing,
        injected: Vec<Injected>,
    ) -> Self {
        Self {
            event_ns: timing.phase_ns,
            timing,
            injected,
            start_ns,
            index: 0,
            last_arrival_ns: 0,
            loaded_host: false,
            jitter_rng: Rng::new(seed, &format!("jitter {clock}")),
            transport_rng: Rng::new(seed, &format!("transport {topic}")),
            pending: VecDeque::new(),
        }
    }

    /// The same on a loaded host, whose recorder takes messages in rounds: the wait for the round
    /// is the recorder's, only the least way is left.
    pub(crate) fn on_loaded_host(mut self, loaded: bool) -> Self {
        self.loaded_host = loaded;
        self
    }

    /// The next message in order of arrival; lost ones are offered too, marked.
    pub(crate) fn next_sample(&mut self, noise: &Noise) -> Option<Sample> {
        if let Some(sample) = self.pending.pop_front() {
            return Some(sample);
        }
        let (mut sample, actions) = self.make(noise)?;
        let swapped = if actions.swap { self.make(noise) } else { None };
        let mut repeat = actions.repeat;
        if let Some((mut later, later_actions)) = swapped {
            // The contents change places, the arrivals stay.
            std::mem::swap(&mut sample, &mut later);
            std::mem::swap(&mut sample.arrival_ns, &mut later.arrival_ns);
            let both = sample.touched | later.touched;
            (sample.touched, later.touched) = (both, both);
            repeat |= later_actions.repeat;
            self.pending.push_back(later);
        }
        if repeat && !sample.lost {
            let mut copy = sample.clone();
            copy.repeated = true;
            copy.arrival_ns = sample.arrival_ns.saturating_add(ARRIVAL_SPACING_NS);
            self.last_arrival_ns = self.last_arrival_ns.max(copy.arrival_ns);
            self.pending.push_front(copy);
        }
        Some(sample)
    }

    /// True time of the sample due next.
    fn due(&mut self, noise: &Noise) -> i64 {
        if let Some(law) = self.timing.jitter {
            let grid = i64::try_from(self.index).unwrap_or(i64::MAX);
            let due = grid.saturating_mul(self.timing.period_ns) + self.timing.phase_ns;
            return due
                .saturating_add(noise.draw_ns(law, &mut self.jitter_rng))
                .max(0);
        }
        let due = self.event_ns;
        // Events are a Poisson process: exponential intervals.
        let interval = -libm::log(1.0 - self.jitter_rng.uniform()) * self.timing.period_ns as f64;
        self.event_ns = self.event_ns.saturating_add(whole_ns(interval));
        due
    }

    fn make(&mut self, noise: &Noise) -> Option<(Sample, Actions)> {
        if self.index >= self.timing.count {
            return None;
        }
        let true_ns = self.due(noise);
        if self.timing.jitter.is_none() && true_ns >= self.timing.until_ns {
            return None;
        }
        let drift = whole_ns(true_ns as f64 * self.timing.skew_ppm * 1e-6);
        let publish_ns = true_ns.saturating_add(self.timing.driver_delay_ns);
        let carried = if self.loaded_host {
            noise.least_transport_ns()
        } else {
            noise.draw_ns(Law::IdleLatency, &mut self.transport_rng)
        };
        let mut sample = Sample {
            true_ns,
            stamp_ns: self.start_ns.saturating_add(true_ns).saturating_add(drift),
            publish_ns,
            arrival_ns: publish_ns.saturating_add(carried),
            touched: 0,
            lost: false,
            repeated: false,
            closes_ring: false,
            reparented: false,
            alterations: Vec::new(),
        };
        let mut actions = Actions::default();
        let place = Place {
            index: self.index,
            count: self.timing.count,
            start_ns: self.start_ns,
        };
        for injected in &mut self.injected {
            if apply(&mut injected.effect, &place, &mut sample, &mut actions) {
                sample.touched |= injected.fault.map_or(0, |fault| 1 << (fault % 64));
            }
        }
        self.index += 1;
        if !sample.lost {
            let earliest = self.last_arrival_ns.saturating_add(ARRIVAL_SPACING_NS);
            sample.arrival_ns = sample.arrival_ns.max(earliest);
            self.last_arrival_ns = sample.arrival_ns;
        }
        Some((sample, actions))
    }
}

/// Where a sample stands in its stream.
struct Place {
    index: u64,
    count: u64,
    start_ns: i64,
}

impl Place {
    /// The first and the last message of a channel stay: what lies outside the first and last
    /// stamp cannot be seen by anyone.
    fn inside(&self) -> bool {
        self.index > 0 && self.index + 1 < self.count
    }

    fn between(&self, first: u64, count: u64) -> bool {
        (first..first.saturating_add(count)).contains(&self.index)
    }
}

/// Lets an effect act on a sample; says whether it touched it.
fn apply(effect: &mut Effect, place: &Place, sample: &mut Sample, actions: &mut Actions) -> bool {
    match effect {
        Effect::Drop { choice } => {
            let chosen = place.inside() && choice.take();
            sample.lost |= chosen;
            chosen
        }
        Effect::Stall { start_ns, end_ns } => {
            let within = (*start_ns..*end_ns).contains(&sample.true_ns);
            sample.lost |= within;
            within
        }
        Effect::Burst {
            first,
            count,
            release_ns,
        } => {
            let held = place.between(*first, *count);
            if held {
                // All of them arrive a little after the last is due.
                sample.arrival_ns = sample.arrival_ns.max(*release_ns);
            }
            held
        }
        Effect::Duplicate { choice } => {
            let chosen = place.inside() && choice.take();
            actions.repeat |= chosen;
            chosen
        }
        Effect::Reorder { choice } => {
            // Pairs start at odd places, so that they never overlap.
            let chosen = place.inside()
                && place.index % 2 == 1
                && place.index + 2 < place.count
                && choice.take();
            actions.swap |= chosen;
            chosen
        }
        Effect::Ring { first, count } => {
            sample.closes_ring |= place.between(*first, *count);
            place.between(*first, *count)
        }
        Effect::Reparent { at_ns } => {
            let changes = at_ns.iter().filter(|at| **at <= sample.true_ns).count();
            sample.reparented ^= changes % 2 == 1;
            changes > 0
        }
        Effect::Contents {
            start_ns,
            end_ns,
            alter,
        } => {
            let within = (*start_ns..*end_ns).contains(&sample.true_ns);
            if within {
                sample.alterations.push(*alter);
            }
            within
        }
        Effect::Shock { first, count } => shake(*first, *count, place.index, sample),
        clock => restamp(clock, place, sample),
    }
}

/// Builds a shock up over two samples and lets it fade over two; says whether the sample is clipped.
fn shake(first: u64, count: u64, index: u64, sample: &mut Sample) -> bool {
    let past = index.saturating_sub(first.saturating_add(count).saturating_sub(1));
    let share = match (first.saturating_sub(index), past) {
        (0, 0) => 1.5,
        (1, _) | (_, 1) => 0.6,
        (2, _) | (_, 2) => 0.25,
        _ => return false,
    };
    sample.alterations.push(Alter::Shock { share });
    share > 1.0
}

/// The effects that change only the stamp.
fn restamp(effect: &mut Effect, place: &Place, sample: &mut Sample) -> bool {
    let by_ns = match effect {
        Effect::Offset { by_ns } => *by_ns,
        Effect::Skew { ppm } => whole_ns(sample.true_ns as f64 * *ppm * 1e-6),
        Effect::Step { at_ns, by_ns } if sample.true_ns >= *at_ns => *by_ns,
        Effect::Uptime { by_ns } => by_ns.saturating_sub(place.start_ns),
        Effect::Jitter {
            sigma_ns,
            rng,
            last_ns,
        } => {
            let scattered = sample
                .stamp_ns
                .saturating_add(whole_ns(rng.normal() * *sigma_ns));
            sample.stamp_ns = scattered.max(last_ns.saturating_add(1_000));
            *last_ns = sample.stamp_ns;
            return true;
        }
        _ => return false,
    };
    sample.stamp_ns = sample.stamp_ns.saturating_add(by_ns);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(injected: Vec<Effect>) -> Vec<Sample> {
        let timing = Timing {
            period_ns: 10_000_000,
            phase_ns: 1_000_000,
            count: 400,
            until_ns: 4_000_000_000,
            jitter: Some(Law::TimerJitter),
            driver_delay_ns: 500_000,
            skew_ppm: 0.0,
        };
        let injected = injected
            .into_iter()
            .enumerate()
            .map(|(fault, effect)| Injected {
                fault: Some(fault),
                effect,
            })
            .collect();
        let noise = Noise::fitted().unwrap();
        let mut stream = Stream::new(("/x", "/x"), 1, 0, timing, injected);
        std::iter::from_fn(|| stream.next_sample(&noise)).collect()
    }

    fn choice(wanted: u64, places: u64) -> Choice {
        Choice::new(wanted, places, Rng::new(5, "choice"))
    }

    #[test]
    fn a_clean_stream_is_in_order_on_every_clock() {
        let samples = stream(Vec::new());
        assert_eq!(samples.len(), 400);
        for pair in samples.windows(2) {
            assert!(pair[0].stamp_ns < pair[1].stamp_ns);
            assert!(pair[0].publish_ns < pair[1].publish_ns);
            assert!(pair[0].arrival_ns < pair[1].arrival_ns);
        }
        assert!(
            samples
                .iter()
                .all(|s| s.publish_ns < s.arrival_ns && s.touched == 0)
        );
    }

    #[test]
    fn chosen_places_are_exactly_as_many_as_wanted() {
        let dropped = stream(vec![Effect::Drop {
            choice: choice(4, 398),
        }]);
        assert_eq!(dropped.iter().filter(|s| s.lost).count(), 4);
        let doubled = stream(vec![Effect::Duplicate {
            choice: choice(7, 398),
        }]);
        assert_eq!(doubled.len(), 407);
        assert_eq!(doubled.iter().filter(|s| s.repeated).count(), 7);
    }

    #[test]
    fn a_swapped_pair_arrives_in_order_with_contents_exchanged() {
        let samples = stream(vec![Effect::Reorder {
            choice: choice(1, 199),
        }]);
        let back: Vec<usize> = (1..samples.len())
            .filter(|i| samples[*i].stamp_ns < samples[*i - 1].stamp_ns)
            .collect();
        assert_eq!(back.len(), 1);
        assert!(
            samples
                .windows(2)
                .all(|w| w[0].arrival_ns < w[1].arrival_ns)
        );
        assert_eq!(samples.iter().filter(|s| s.touched == 1).count(), 2);
    }

    #[test]
    fn a_burst_arrives_at_once() {
        let samples = stream(vec![Effect::Burst {
            first: 100,
            count: 10,
            release_ns: 1_093_000_000,
        }]);
        let span = samples[109].arrival_ns - samples[100].arrival_ns;
        assert!(span < 1_000_000, "{span}");
        assert!(samples[100].arrival_ns - samples[99].arrival_ns > 90_000_000);
        assert!(samples[109].publish_ns - samples[100].publish_ns > 80_000_000);
    }
}
