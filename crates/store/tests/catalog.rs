//! One suite for the catalogue, on SQLite and on a real PostgreSQL where one is named.
//!
//! `FIELDASSAY_POSTGRES` is the URL of a server on which the tests may make databases; `cargo xtask services` starts one.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests may fail loudly"
)]

use fieldassay_store::{
    Catalog, Committed, Direction, Edge, JobState, Lineage, LineageQuestion, Link, Listed,
    LogEntry, LogHead, NewJob, Node, Operation, Publication, Recorded, Release, Retry, SeenFile,
    StoreError, Tag,
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

/// One of everything a batch may record besides recordings.
fn recorded() -> Recorded {
    let text = str::to_owned;
    Recorded {
        head: Some(LogHead {
            size: 1,
            root: text("00"),
            checkpoint: text("origin\n1\n"),
        }),
        entries: vec![LogEntry {
            entry: 0,
            sequence: 1,
            kind: text("release"),
            subject: text("night@1"),
        }],
        people: vec![Committed {
            commitment: text("cc"),
            purpose: text("actor"),
            salt: text("5a"),
            value: text("ada"),
        }],
        releases: vec![Release {
            name: text("night"),
            version: 1,
            manifest_sha256: text("aa"),
            manifest_bytes: 10,
            members: 2,
            tables_at: 1,
            created_ns: 5,
            actor: text("cc"),
            envelope: text("{}"),
        }],
        tags: vec![Tag {
            tag: text("good"),
            release: text("night"),
            version: 1,
        }],
        lineage: Lineage::default(),
    }
}

async fn what_is_recorded(catalog: &Catalog) -> Recorded {
    Recorded {
        head: catalog.log_head(None).await.unwrap(),
        entries: catalog.log_entries().await.unwrap(),
        people: catalog.commitments().await.unwrap(),
        releases: catalog.releases().await.unwrap(),
        tags: catalog.tags().await.unwrap(),
        lineage: Lineage::default(),
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
            recorded: recorded(),
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
                catalog.seen_files(&[]).await.unwrap()[0].file,
                seen("/drives/a", "r-a")
            );
            assert!(catalog.has_recording("r-a").await.unwrap());
            assert_eq!(what_is_recorded(&catalog).await, recorded());
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
async fn files_are_known_again_whatever_their_names() {
    on_both("seen", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        assert!(catalog.seen_files(&["voc"]).await.unwrap().is_empty());
        let publisher = catalog.take_publisher("a", 1, i64::MAX).await.unwrap();
        let publisher = publisher.unwrap();
        let batch = catalog.open_batch(&publisher, "p", "{}", 1).await.unwrap();
        let odd = [
            "/a b/ 7 r-x /c",
            "/line\nbreak",
            "/Zürich/日本/🚗.mcap",
            "/'quoted'\\",
        ];
        // More than are read at a time.
        let many = (0..17_000_i64).map(|number| SeenFile {
            size_bytes: number,
            modified_ns: -number,
            inode: i64::MIN + number,
            ..seen(&format!("/drives/{number}"), "r-a")
        });
        let odd = odd.iter().map(|path| seen(path, "r-b"));
        let mut files: Vec<SeenFile> = many.chain(odd).collect();
        let labels = Listed {
            format: "open_images".to_owned(),
            ..listed("r-b")
        };
        let bad = Listed {
            verdict: "fail".to_owned(),
            quarantined: true,
            ..listed("r-c")
        };
        assert_eq!(catalog.verdicts().await.unwrap().of("r-a"), None);
        let publication = Publication {
            recordings: vec![listed("r-a"), labels, bad],
            files: files.clone(),
            ..Publication::default()
        };
        let published = catalog.publish(&publisher, batch.sequence, &publication, 2);
        published.await.unwrap();
        let asked = ["voc", "open_images", "openXimages"];
        let known = catalog.seen_files(&asked).await.unwrap();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(known.len(), files.len());
        for (found, file) in known.iter().zip(&files) {
            let format = (file.recording_id == "r-b").then(|| "open_images".to_owned());
            assert_eq!((&found.file, &found.format), (file, &format));
        }
        let verdicts = catalog.verdicts().await.unwrap();
        let most = listed("r-a");
        for id in ["r-a", "r-b"] {
            let expected = (most.verdict.as_str(), most.quarantined);
            assert_eq!(verdicts.of(id), Some(expected));
        }
        assert_eq!(verdicts.of("r-c"), Some(("fail", true)));
        catalog.close().await;
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

fn edge(child: &str, parent: &str, operation: &str) -> Edge {
    Edge {
        child: child.to_owned(),
        parent: parent.to_owned(),
        operation_id: operation.to_owned(),
    }
}

/// Publishes a batch that records lineage: its operation and edges `(child, parent)`, a node for every child.
async fn record(catalog: &Catalog, plan: &str, edges: &[(&str, &str)]) {
    let publisher = catalog.take_publisher("a", 1, 2).await.unwrap().unwrap();
    let batch = catalog.open_batch(&publisher, plan, "{}", 1).await.unwrap();
    let operation = format!("op:{}", batch.sequence);
    let nodes: BTreeSet<&str> = edges.iter().map(|(child, _)| *child).collect();
    let lineage = Lineage {
        nodes: nodes
            .iter()
            .map(|id| Node {
                node_id: (*id).to_owned(),
                kind: "thing".to_owned(),
                name: format!("the {id}"),
                sha256: None,
            })
            .collect(),
        operations: vec![Operation {
            operation_id: operation.clone(),
            verb: "make".to_owned(),
            plan_sha256: plan.to_owned(),
            actor: "aa".to_owned(),
            time_ns: 9,
        }],
        edges: edges
            .iter()
            .map(|(child, parent)| edge(child, parent, &operation))
            .collect(),
    };
    let publication = Publication {
        recorded: Recorded {
            lineage,
            ..Recorded::default()
        },
        ..Publication::default()
    };
    for _ in 0..2 {
        let done = catalog.publish(&publisher, batch.sequence, &publication, 5);
        done.await.unwrap();
    }
    catalog.leave_publisher(&publisher).await.unwrap();
}

async fn followed(
    catalog: &Catalog,
    question: LineageQuestion<'_>,
) -> (Vec<(String, String)>, bool) {
    let found = catalog.lineage(&question).await.unwrap();
    let ends = |link: &Link| (link.child.clone(), link.parent.clone());
    (found.links.iter().map(ends).collect(), found.is_cut)
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    all.iter().map(owned).collect()
}

const ALL_UP: LineageQuestion<'_> = LineageQuestion {
    node_id: "night@2",
    direction: Direction::Up,
    depth: None,
    until: None,
    most: 1000,
};

#[tokio::test(flavor = "multi_thread")]
async fn lineage_is_followed_up_and_down_as_far_as_asked() {
    on_both("lineage", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        record(&catalog, "p1", &[("r-a", "blob:1"), ("r-b", "blob:2")]).await;
        record(&catalog, "p2", &[("night@1", "r-a")]).await;
        record(
            &catalog,
            "p3",
            &[
                ("night@2", "r-a"),
                ("night@2", "r-b"),
                ("night@2", "night@1"),
            ],
        )
        .await;
        // What comes later about the same thing.
        record(&catalog, "p4", &[("r-a", "contract:x@1")]).await;
        let up = pairs(&[
            ("night@1", "r-a"),
            ("night@2", "night@1"),
            ("night@2", "r-a"),
            ("night@2", "r-b"),
            ("r-a", "blob:1"),
            ("r-b", "blob:2"),
        ]);
        let until = catalog.made_at("night@2").await.unwrap();
        assert_eq!(until, Some(3));
        assert_eq!(
            followed(&catalog, LineageQuestion { until, ..ALL_UP }).await,
            (up, false)
        );
        let (all, _) = followed(&catalog, ALL_UP).await;
        assert!(all.contains(&("r-a".to_owned(), "contract:x@1".to_owned())));
        for (depth, expected) in [(1, 3), (2, 7), (9, 7)] {
            let question = LineageQuestion {
                depth: Some(depth),
                ..ALL_UP
            };
            assert_eq!(
                followed(&catalog, question).await.0.len(),
                expected,
                "{depth}"
            );
        }
        let down = LineageQuestion {
            node_id: "blob:1",
            direction: Direction::Down,
            ..ALL_UP
        };
        let expected = pairs(&[
            ("night@1", "r-a"),
            ("night@2", "night@1"),
            ("night@2", "r-a"),
            ("r-a", "blob:1"),
        ]);
        assert_eq!(followed(&catalog, down).await, (expected, false));
        let (some, is_cut) = followed(&catalog, LineageQuestion { most: 2, ..ALL_UP }).await;
        assert_eq!((some.len(), is_cut), (2, true));
        let link = catalog
            .lineage(&LineageQuestion {
                until: Some(2),
                ..ALL_UP
            })
            .await
            .unwrap();
        assert_eq!(link.links, []);
        assert_eq!(catalog.node("r-a").await.unwrap().unwrap().name, "the r-a");
        assert_eq!(catalog.node("r-x").await.unwrap(), None);
        let like = catalog.nodes_like("night@", 9).await.unwrap();
        assert_eq!(like.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_ends_and_many_rows_are_written_in_few_statements() {
    on_both("circle", async |place: String| {
        let catalog = Catalog::open(&place).await.unwrap();
        record(&catalog, "p1", &[("a", "b"), ("b", "c"), ("c", "a")]).await;
        for depth in [None, Some(50)] {
            let question = LineageQuestion {
                node_id: "a",
                depth,
                ..ALL_UP
            };
            assert_eq!(followed(&catalog, question).await.0.len(), 3, "{depth:?}");
        }
        let names: Vec<String> = (0..1234)
            .map(|number| format!("blob:{number:04}"))
            .collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| ("r-many", name.as_str())).collect();
        record(&catalog, "p2", &many).await;
        let question = LineageQuestion {
            node_id: "r-many",
            most: 10_000,
            ..ALL_UP
        };
        assert_eq!(followed(&catalog, question).await.0.len(), 1234);
    })
    .await;
}
