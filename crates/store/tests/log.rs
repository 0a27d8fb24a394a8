//! The log takes an entry once, whoever writes it, wherever it is kept.
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

mod places;

use fieldassay_store::{ErrorKind, Log, StoreError};
use places::places;

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_added_once_and_listed_in_order() {
    for (name, place) in places("log").all {
        let log = Log::new(place);
        assert_eq!(log.list().await.unwrap(), [0_i64; 0], "{name}");
        for number in [10, 2, 1] {
            for _ in 0..2 {
                log.append(number, &format!("entry {number}"))
                    .await
                    .unwrap();
            }
        }
        assert_eq!(log.list().await.unwrap(), [1, 2, 10], "{name}");
        let other = log.append(2, "another").await.unwrap_err();
        assert!(
            matches!(other, StoreError::OtherEntry { sequence: 2 }),
            "{name}: {other}"
        );
        assert_eq!(log.read(2).await.unwrap(), "entry 2", "{name}");
        assert_eq!(
            log.read(3).await.unwrap_err().kind(),
            ErrorKind::NotFound,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_writers_of_one_number_one_is_first() {
    for (name, place) in places("log_race").all {
        let tasks: Vec<_> = (0..8)
            .map(|writer| {
                let log = Log::new(place.clone());
                tokio::spawn(async move { log.append(1, &format!("by {writer}")).await })
            })
            .collect();
        let mut first = Vec::new();
        for (writer, task) in tasks.into_iter().enumerate() {
            match task.await.unwrap() {
                Ok(()) => first.push(format!("by {writer}")),
                Err(error) => {
                    assert!(
                        matches!(error, StoreError::OtherEntry { sequence: 1 }),
                        "{name}: {error}"
                    );
                }
            }
        }
        assert_eq!(first, [Log::new(place).read(1).await.unwrap()], "{name}");
    }
}
