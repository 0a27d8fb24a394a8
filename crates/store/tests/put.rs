//! Put-if-absent is atomic at every place: everything that is written once rests on it.
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

mod places;

use futures_util::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use places::places;
use std::sync::Arc;

const WRITERS: u8 = 16;
const NAMES: usize = 200;
/// Names that are fought for at a time.
const AT_ONCE: usize = 20;

/// Small ones are one packet, large ones many, so that writing takes a while.
fn size(number: usize) -> usize {
    if number.is_multiple_of(4) {
        300_000
    } else {
        50
    }
}

/// What one writer of a name sees: whether it won, and what is there when it knows.
async fn write(store: Arc<dyn ObjectStore>, path: Path, body: Vec<u8>) -> (bool, Vec<u8>) {
    let options = PutOptions::from(PutMode::Create);
    let put = store.put_opts(&path, PutPayload::from(body), options).await;
    let lost = matches!(put, Err(Error::AlreadyExists { .. }));
    let won = !lost && put.map(|_| true).expect("it wins or finds another");
    let read = store.get(&path).await.expect("what was written");
    (won, read.bytes().await.expect("its bytes").to_vec())
}

async fn race(store: Arc<dyn ObjectStore>, number: usize) {
    let path = Path::from(format!("race/{number}"));
    let bodies: Vec<Vec<u8>> = (0..WRITERS)
        .map(|writer| vec![writer; size(number)])
        .collect();
    let tasks: Vec<_> = bodies
        .iter()
        .map(|body| tokio::spawn(write(Arc::clone(&store), path.clone(), body.clone())))
        .collect();
    let (mut winners, mut seen) = (Vec::new(), Vec::new());
    for (task, body) in tasks.into_iter().zip(bodies) {
        let (won, read) = task.await.expect("a writer");
        seen.push(read);
        winners.extend(won.then_some(body));
    }
    assert_eq!(winners.len(), 1, "winners of `{path}`");
    assert!(
        seen.iter().all(|read| *read == winners[0]),
        "`{path}` was read as another's"
    );
    let last = store
        .get(&path)
        .await
        .expect("there")
        .bytes()
        .await
        .expect("bytes");
    assert_eq!(last, winners[0], "`{path}`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_writer_of_a_name_wins() {
    for (_, place) in places("put").all {
        let races = (0..NAMES).map(|number| race(Arc::clone(place.store()), number));
        stream::iter(races)
            .buffer_unordered(AT_ONCE)
            .collect::<()>()
            .await;
    }
}
