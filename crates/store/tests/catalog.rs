//! One suite for the catalogue, on SQLite and on a real PostgreSQL where one is named.
//!
//! `FIELDASSAY_POSTGRES` is the URL of a server on which the tests may make databases; `cargo xtask services` starts one.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests may fail loudly"
)]

use fieldassay_store::{
    Catalog, JobState, Listed, NewJob, Publication, Retry, SeenFile, StoreError,
};
use fieldassay_testkit::servers::Database;
use sqlx::{Connection as _, Executor as _};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

/// Runs a test on a fresh catalogue of either kind.
async fn on_both<F: Future<Output = ()>>(name: &str, test: impl Fn(String) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.sqlite");
    test(path.to_str().expect("a path").to_owned()).await;
    if let Some(database) = Database::fresh(name) {
        test(database.url.clone()).await;
    }
}

fn listed(id: &str) -> Listed {
    Listed {
        recording_id: id.to_owned(),
        name: format!("{id}.mcap"),
        format: "mcap".to_owned(),
        verdict: "fail".to_owned(),
        quarantined: true,
        size_bytes: 1 << 40,
        message_count: 7,
        start_ns: Some(1_700_000_000_123_456_789),
        end_ns: None,
    }
}

fn seen(path: &str, id: &str) -> SeenFile {
    SeenFile {
        path: path.to_owned(),
        size_bytes: 3,
        modified_ns: 4,
        inode: 5,
        recording_id: id.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_visible_whole_or_not_at_all() {
    on_both("batches", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        assert_eq!(catalog.settle("workspace", "w-1").await.unwrap(), "w-1");
        assert_eq!(catalog.settle("workspace", "w-2").await.unwrap(), "w-1");
        assert_eq!(catalog.setting("nothing").await.unwrap(), None);
        let publisher = catalog
            .take_publisher("a", 100, 200)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(catalog.take_publisher("b", 150, 250).await.unwrap(), None);
        let batch = catalog
            .open_batch(&publisher, "plan", "{}", 100)
            .await
            .unwrap();
        assert_eq!((batch.sequence, batch.is_published), (1, false));
        assert_eq!(
            catalog.unfinished().await.unwrap(),
            std::slice::from_ref(&batch)
        );
        assert_eq!(
            catalog
                .open_batch(&publisher, "plan", "other", 1)
                .await
                .unwrap(),
            batch
        );
        assert!(catalog.versions(None).await.unwrap().is_empty());
        let publication = Publication {
            versions: BTreeMap::from([("events".to_owned(), 4), ("poses".to_owned(), 2)]),
            recordings: vec![listed("r-b"), listed("r-a")],
            files: vec![seen("/drives/a", "r-a"), seen("/drives/b", "r-b")],
        };
        for _ in 0..2 {
            catalog
                .publish(&publisher, 1, &publication, 120)
                .await
                .unwrap();
            assert_eq!(catalog.sequence().await.unwrap(), 1);
            assert_eq!(catalog.versions(None).await.unwrap(), publication.versions);
            assert_eq!(
                catalog.recordings().await.unwrap(),
                [listed("r-a"), listed("r-b")]
            );
            assert_eq!(
                catalog.seen_files().await.unwrap()["/drives/a"].file,
                seen("/drives/a", "r-a")
            );
            assert!(catalog.has_recording("r-a").await.unwrap());
            assert!(catalog.unfinished().await.unwrap().is_empty());
        }
        let again = catalog
            .open_batch(&publisher, "plan", "{}", 130)
            .await
            .unwrap();
        assert!(again.is_published);
        let next = catalog
            .open_batch(&publisher, "more", "{}", 130)
            .await
            .unwrap();
        let more = Publication {
            versions: BTreeMap::from([("events".to_owned(), 5)]),
            ..Publication::default()
        };
        catalog
            .publish(&publisher, next.sequence, &more, 140)
            .await
            .unwrap();
        let versions = catalog.versions(None).await.unwrap();
        assert_eq!((versions["events"], versions["poses"]), (5, 2));
        assert_eq!(
            catalog.versions(Some(1)).await.unwrap(),
            publication.versions
        );
        catalog.close().await;
        let reopened = Catalog::open(&place).await.unwrap();
        assert_eq!(reopened.sequence().await.unwrap(), 2);
        reopened.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_given_up_for_dead_cannot_finish() {
    on_both("fence", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        let slow = catalog
            .take_publisher("slow", 0, 100)
            .await
            .unwrap()
            .unwrap();
        let batch = catalog.open_batch(&slow, "plan", "{}", 0).await.unwrap();
        let quick = catalog
            .take_publisher("quick", 100, 300)
            .await
            .unwrap()
            .unwrap();
        assert!(quick.fence > slow.fence);
        let fenced = |result: Result<(), StoreError>| {
            assert!(matches!(result, Err(StoreError::Fenced)), "{result:?}");
        };
        fenced(
            catalog
                .publish(&slow, batch.sequence, &Publication::default(), 110)
                .await,
        );
        fenced(catalog.open_batch(&slow, "late", "{}", 110).await.map(drop));
        fenced(catalog.keep_publisher(&slow, 900).await);
        catalog.leave_publisher(&slow).await.unwrap();
        catalog.keep_publisher(&quick, 400).await.unwrap();
        assert_eq!(catalog.unfinished().await.unwrap(), [batch]);
        catalog
            .publish(&quick, 1, &Publication::default(), 120)
            .await
            .unwrap();
        catalog.leave_publisher(&quick).await.unwrap();
        assert!(
            catalog
                .take_publisher("third", 130, 200)
                .await
                .unwrap()
                .is_some()
        );
        catalog.close().await;
    })
    .await;
}

fn new_job<'a>(job_id: &'a str, label: &'a str, priority: i64) -> NewJob<'a> {
    NewJob {
        job_id,
        kind: "check",
        arguments: "{}",
        idempotency_key: job_id,
        priority,
        run_after_us: 10,
        most_attempts: 2,
        label,
        parent: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_done_once_retried_and_buried() {
    on_both("jobs", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        for (id, label, priority) in [("j-late", "", 9), ("j-gpu", "gpu", 0), ("j-first", "", 1)] {
            assert!(
                catalog
                    .enqueue(&new_job(id, label, priority), 0)
                    .await
                    .unwrap()
            );
            assert!(
                !catalog
                    .enqueue(&new_job(id, label, priority), 0)
                    .await
                    .unwrap()
            );
        }
        assert_eq!(catalog.claim("w", "", 5, 50).await.unwrap(), None);
        let first = catalog.claim("w", "", 20, 50).await.unwrap().unwrap();
        assert_eq!(
            (first.job.job_id.as_str(), first.job.attempt),
            ("j-first", 1)
        );
        catalog.heartbeat(&first, 60).await.unwrap();
        // A worker that is late loses its claim.
        let second = catalog.claim("v", "", 60, 90).await.unwrap().unwrap();
        assert_eq!(
            (second.job.job_id.as_str(), second.job.attempt),
            ("j-first", 2)
        );
        for lost in [
            catalog.finish(&first, "{}").await,
            catalog.heartbeat(&first, 99).await,
            catalog.fail(&first, "late", Retry::Never).await,
        ] {
            assert!(matches!(lost, Err(StoreError::Fenced)), "{lost:?}");
        }
        catalog.finish(&second, "{\"rows\":3}").await.unwrap();
        let gpu = catalog.claim("g", "gpu", 70, 90).await.unwrap().unwrap();
        assert_eq!(gpu.job.job_id, "j-gpu");
        catalog
            .fail(&gpu, "no memory", Retry::After(100))
            .await
            .unwrap();
        assert_eq!(
            catalog
                .claim("w", "cpu", 80, 90)
                .await
                .unwrap()
                .unwrap()
                .job
                .job_id,
            "j-late"
        );
        assert_eq!(catalog.claim("g", "gpu", 80, 90).await.unwrap(), None);
        let gpu = catalog.claim("g", "gpu", 100, 110).await.unwrap().unwrap();
        assert_eq!((gpu.job.job_id.as_str(), gpu.job.attempt), ("j-gpu", 2));
        catalog
            .fail(&gpu, "no memory", Retry::After(100))
            .await
            .unwrap();
        let dead = catalog.jobs(Some(JobState::Dead)).await.unwrap();
        assert_eq!(
            dead.iter().map(|j| j.job_id.as_str()).collect::<Vec<_>>(),
            ["j-gpu"]
        );
        assert_eq!(dead[0].error.as_deref(), Some("no memory"));
        // The first worker of j-late died at 90, the second at 110: nobody gets it any more.
        let late = catalog.claim("w", "", 100, 110).await.unwrap().unwrap();
        assert_eq!((late.job.job_id.as_str(), late.job.attempt), ("j-late", 2));
        assert_eq!(catalog.claim("w", "", 200, 300).await.unwrap(), None);
        assert_eq!(catalog.jobs(Some(JobState::Dead)).await.unwrap().len(), 2);
        assert!(catalog.revive("j-gpu", 200).await.unwrap());
        assert!(catalog.cancel("j-gpu").await.unwrap());
        assert!(!catalog.cancel("j-first").await.unwrap());
        let states: BTreeSet<JobState> = catalog
            .jobs(None)
            .await
            .unwrap()
            .iter()
            .map(|job| job.state)
            .collect();
        assert_eq!(
            states,
            [JobState::Done, JobState::Dead, JobState::Cancelled].into()
        );
        catalog.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_workers_share_the_jobs() {
    on_both("workers", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        let names: Vec<String> = (0..40).map(|i| format!("j-{i:02}")).collect();
        for name in &names {
            catalog.enqueue(&new_job(name, "", 0), 0).await.unwrap();
        }
        let workers: Vec<_> = (0..8)
            .map(|w| {
                let place = place.clone();
                tokio::spawn(async move {
                    let own = Catalog::open(&place).await.unwrap();
                    let mut done = Vec::new();
                    while let Some(claim) = own.claim(&format!("w{w}"), "", 20, 1000).await.unwrap()
                    {
                        own.finish(&claim, "{}").await.unwrap();
                        done.push(claim.job.job_id);
                    }
                    own.close().await;
                    done
                })
            })
            .collect();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.await.unwrap());
        }
        done.sort_unstable();
        assert_eq!(done, names);
        catalog.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_catalogue_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.sqlite");
    let place = path.to_str().expect("a path");
    Catalog::open(place).await.unwrap().close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut open = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (99, 'later', true, x'00', 0)";
    open.execute(sql).await.unwrap();
    open.close().await.unwrap();
    let error = Catalog::open(place).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { version: 99 }),
        "{error}"
    );
}
