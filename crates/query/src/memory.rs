//! Memory of questions.
//!
//! Read [`Pool`] first. Not here: how much there is ([`crate::Options`]).

use datafusion::common::{DataFusionError, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many consumers of memory an error names.
const NAMED_CONSUMERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);
/// How operators that pass batches between partitions begin their names.
const EXCHANGE: &str = "RepartitionExec";
/// What batches on their way may take at least.
const LEAST_EXCHANGED_BYTES: usize = 64 << 20;

/// Fair shares for whatever can go on on the disk, and apart from them room for batches on their way between partitions: as
/// much as all the rest, at least 64 MiB.
///
/// The engine can wait forever where such batches are put on the disk from two sides at a time
/// (<https://github.com/apache/datafusion/issues/24883>, open in 55.2), so that is to be the last resort.
#[derive(Debug)]
pub(crate) struct Pool {
    shares: TrackConsumersPool<FairSpillPool>,
    most_exchanged_bytes: usize,
    exchanged_bytes: AtomicUsize,
}

impl Pool {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            shares: TrackConsumersPool::new(FairSpillPool::new(bytes), NAMED_CONSUMERS),
            most_exchanged_bytes: bytes.max(LEAST_EXCHANGED_BYTES),
            exchanged_bytes: AtomicUsize::new(0),
        }
    }
}

/// Whether somebody holds batches on their way; who merges them in order cannot put them on the disk, and has a share.
fn is_exchange(consumer: &MemoryConsumer) -> bool {
    consumer.can_spill() && consumer.name().starts_with(EXCHANGE)
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shares.fmt(f)
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        self.shares.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if !is_exchange(consumer) {
            self.shares.register(consumer);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if !is_exchange(consumer) {
            self.shares.unregister(consumer);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_exchange(reservation.consumer()) {
            self.exchanged_bytes
                .fetch_add(additional, Ordering::Relaxed);
        } else {
            self.shares.grow(reservation, additional);
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_exchange(reservation.consumer()) {
            self.exchanged_bytes.fetch_sub(shrink, Ordering::Relaxed);
        } else {
            self.shares.shrink(reservation, shrink);
        }
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> Result<(), DataFusionError> {
        if !is_exchange(reservation.consumer()) {
            return self.shares.try_grow(reservation, additional);
        }
        let grown = |held: usize| {
            let sum = held.checked_add(additional)?;
            (sum <= self.most_exchanged_bytes).then_some(sum)
        };
        let order = Ordering::Relaxed;
        let grown = self.exchanged_bytes.fetch_update(order, order, grown);
        grown.map(drop).map_err(|held| {
            resources_datafusion_err!(
                "`{}` holds {held} of {} bytes for batches between threads",
                reservation.consumer().name(),
                self.most_exchanged_bytes
            )
        })
    }

    fn reserved(&self) -> usize {
        self.shares.reserved() + self.exchanged_bytes.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.shares.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn batches_on_their_way_have_room_beside_the_shares() {
        let pool = Arc::new(Pool::new(1 << 20));
        let as_pool: Arc<dyn MemoryPool> = Arc::clone(&pool) as Arc<dyn MemoryPool>;
        let register = |name: &str, can_spill: bool| {
            let consumer = MemoryConsumer::new(name).with_can_spill(can_spill);
            consumer.register(&as_pool)
        };
        let (sort, join) = (register("Sort[0]", true), register("Join", false));
        let exchange = register("RepartitionExec[0]", true);
        let merge = register("RepartitionExec[Merge 0]", false);
        let beyond = (1 << 20) + 1;
        for other in [&sort, &join, &merge] {
            assert!(other.try_grow(beyond).is_err());
        }
        exchange.try_grow(LEAST_EXCHANGED_BYTES).expect("room");
        assert!(exchange.try_grow(1).is_err());
        // What is on its way is at nobody's cost.
        sort.try_grow(1 << 19).expect("a share");
        join.try_grow(1 << 19).expect("the rest");
        assert_eq!(pool.reserved(), (1 << 20) + LEAST_EXCHANGED_BYTES);
        drop(exchange);
        assert_eq!(pool.reserved(), 1 << 20);
    }
}
