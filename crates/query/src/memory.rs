//! Memory of questions.
//!
//! Read [`Pool`] first. Not here: how much there is ([`crate::Options`]).

use datafusion::common::DataFusionError;
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

/// Fair shares for whatever can go on on the disk, and room of its own for batches on their way between partitions: as much
/// as all the rest, at least 64 MiB.
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

fn is_exchange(reservation: &MemoryReservation) -> bool {
    reservation.consumer().name().starts_with(EXCHANGE)
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
        self.shares.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shares.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_exchange(reservation) {
            self.exchanged_bytes
                .fetch_add(additional, Ordering::Relaxed);
        }
        self.shares.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_exchange(reservation) {
            self.exchanged_bytes.fetch_sub(shrink, Ordering::Relaxed);
        }
        self.shares.shrink(reservation, shrink);
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> Result<(), DataFusionError> {
        if !is_exchange(reservation) {
            return self.shares.try_grow(reservation, additional);
        }
        let before = self
            .exchanged_bytes
            .fetch_add(additional, Ordering::Relaxed);
        if before.saturating_add(additional) <= self.most_exchanged_bytes {
            self.shares.grow(reservation, additional);
            return Ok(());
        }
        self.shares
            .try_grow(reservation, additional)
            .inspect_err(|_| {
                self.exchanged_bytes
                    .fetch_sub(additional, Ordering::Relaxed);
            })
    }

    fn reserved(&self) -> usize {
        self.shares.reserved()
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
        let register = |name: &str| {
            let consumer = MemoryConsumer::new(name).with_can_spill(true);
            consumer.register(&as_pool)
        };
        let (sort, exchange) = (register("Sort[0]"), register("RepartitionExec[0]"));
        let beyond = (1 << 20) + 1;
        assert!(sort.try_grow(beyond).is_err());
        exchange.try_grow(beyond).expect("room");
        exchange
            .try_grow(LEAST_EXCHANGED_BYTES)
            .expect_err("too much");
        assert_eq!(pool.exchanged_bytes.load(Ordering::Relaxed), beyond);
        sort.try_grow(1 << 18).expect("a share");
        drop(exchange);
        assert_eq!(pool.exchanged_bytes.load(Ordering::Relaxed), 0);
        assert_eq!(pool.reserved(), 1 << 18);
    }
}
