//! A durable queue: what is to be done, by whom it is being done, and what came of it.
//!
//! Read [`Job`] first. A worker claims a job for a while and says that it lives ([`Catalog::heartbeat`]); one that
//! does not loses it to the next, whose fence is higher, so that what the first still writes is refused. Work may
//! run twice, so its effects must be repeatable; a job is enqueued once per idempotency key.
//!
//! Not here: what jobs do (`engine`).

use super::db::{Row, Value};
use super::{Catalog, StoreError};

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// It can be claimed.
    Ready,
    /// A worker has it.
    Running,
    /// It is done.
    Done,
    /// It failed for good, and waits for a person.
    Dead,
    /// Somebody took it back.
    Cancelled,
}

impl JobState {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "ready" => Self::Ready,
            "running" => Self::Running,
            "done" => Self::Done,
            "cancelled" => Self::Cancelled,
            _ => Self::Dead,
        }
    }
}

/// A job to enqueue.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// Its id, unique.
    pub job_id: &'a str,
    /// What is done.
    pub kind: &'a str,
    /// With what, JSON.
    pub arguments: &'a str,
    /// The same work has the same key, and is enqueued once.
    pub idempotency_key: &'a str,
    /// Lower comes first.
    pub priority: i64,
    /// Not before.
    pub run_after_us: i64,
    /// Tries before it is dead.
    pub most_attempts: i64,
    /// What a worker must be able to do, one word; empty for any worker.
    pub label: &'a str,
    /// The job it came from.
    pub parent: Option<&'a str>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub job_id: String,
    /// What is done.
    pub kind: String,
    /// With what, JSON.
    pub arguments: String,
    /// Where it is in its life.
    pub state: JobState,
    /// Lower comes first.
    pub priority: i64,
    /// Not before.
    pub run_after_us: i64,
    /// Times it was claimed.
    pub attempt: i64,
    /// Claims before it is dead.
    pub most_attempts: i64,
    /// Who has it.
    pub lease_owner: Option<String>,
    /// What a worker must be able to do.
    pub label: String,
    /// The job it came from.
    pub parent: Option<String>,
    /// What came of it, JSON.
    pub result: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// The right to work on a job until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: Job,
    /// Higher than that of any claim before.
    pub fence: i64,
}

/// What to do with a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Try again, not before.
    After(i64),
    /// Never: trying again cannot help.
    Never,
}

const COLUMNS: usize = 13;

impl Catalog {
    /// Enqueues a job, unless its key was enqueued before. Gives whether it is new.
    pub async fn enqueue(&self, job: &NewJob<'_>, now_us: i64) -> Result<bool, StoreError> {
        let mut open = self.db.begin().await?;
        let sql = "INSERT INTO jobs (job_id, kind, arguments, idempotency_key, state, priority, run_after_us, attempt, \
                   most_attempts, lease_until_us, fence, label, parent, created_us) \
                   VALUES ($1, $2, $3, $4, 'ready', $5, $6, 0, $7, 0, 0, $8, $9, $10) \
                   ON CONFLICT (idempotency_key) DO NOTHING";
        let values = [
            job.job_id.into(),
            job.kind.into(),
            job.arguments.into(),
            job.idempotency_key.into(),
            job.priority.into(),
            job.run_after_us.into(),
            job.most_attempts.into(),
            job.label.into(),
            Value::MaybeText(job.parent.map(str::to_owned)),
            now_us.into(),
        ];
        let added = open.run(sql, &values).await?;
        open.commit().await?;
        Ok(added == 1)
    }

    /// Claims the first job that is ready, or whose worker is dead, and that a worker with this label can do. Jobs
    /// claimed as often as they may be are marked dead on the way.
    pub async fn claim(
        &self,
        owner: &str,
        label: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<Option<Claim>, StoreError> {
        let mut open = self.db.begin().await?;
        let sql = "UPDATE jobs SET state = 'dead', error = COALESCE(error, 'its workers died') \
                   WHERE state = 'running' AND lease_until_us <= $1 AND attempt >= most_attempts";
        open.run(sql, &[now_us.into()]).await?;
        // Only the lock of a row differs: SQLite has one writer.
        let sql = if self.db.has_row_locks() {
            "UPDATE jobs SET state = 'running', lease_owner = $1, lease_until_us = $2, fence = fence + 1, \
             attempt = attempt + 1 WHERE job_id = (SELECT job_id FROM jobs WHERE (label = '' OR label = $3) \
             AND ((state = 'ready' AND run_after_us <= $4) OR (state = 'running' AND lease_until_us <= $4)) \
             ORDER BY priority, run_after_us, job_id LIMIT 1 FOR UPDATE SKIP LOCKED) \
             RETURNING job_id, kind, arguments, state, priority, run_after_us, attempt, most_attempts, lease_owner, \
             label, parent, result, error, fence"
        } else {
            "UPDATE jobs SET state = 'running', lease_owner = $1, lease_until_us = $2, fence = fence + 1, \
             attempt = attempt + 1 WHERE job_id = (SELECT job_id FROM jobs WHERE (label = '' OR label = $3) \
             AND ((state = 'ready' AND run_after_us <= $4) OR (state = 'running' AND lease_until_us <= $4)) \
             ORDER BY priority, run_after_us, job_id LIMIT 1) \
             RETURNING job_id, kind, arguments, state, priority, run_after_us, attempt, most_attempts, lease_owner, \
             label, parent, result, error, fence"
        };
        let values = [owner.into(), until_us.into(), label.into(), now_us.into()];
        let rows = open.rows(sql, &values).await?;
        open.commit().await?;
        let claim = |row: &Row| -> Result<Claim, StoreError> {
            Ok(Claim {
                job: job(row)?,
                fence: row.get(COLUMNS)?,
            })
        };
        rows.first().map(claim).transpose()
    }

    /// Keeps a claim for longer. Errors: [`StoreError::Fenced`] where it is lost.
    pub async fn heartbeat(&self, claim: &Claim, until_us: i64) -> Result<(), StoreError> {
        let sql = "UPDATE jobs SET lease_until_us = $1 WHERE job_id = $2 AND fence = $3 AND state = 'running'";
        self.change(sql, claim, vec![until_us.into()]).await
    }

    /// Says that a job is done. Errors: [`StoreError::Fenced`] where the claim is lost.
    pub async fn finish(&self, claim: &Claim, result: &str) -> Result<(), StoreError> {
        let sql = "UPDATE jobs SET state = 'done', result = $1, error = NULL, lease_owner = NULL \
                   WHERE job_id = $2 AND fence = $3 AND state = 'running'";
        self.change(sql, claim, vec![result.into()]).await
    }

    /// Says that a try failed. A job is tried again unless that cannot help or it was tried as often as it may be; then it
    /// is dead. Errors: [`StoreError::Fenced`] where the claim is lost.
    pub async fn fail(&self, claim: &Claim, error: &str, retry: Retry) -> Result<(), StoreError> {
        let is_over = claim.job.attempt >= claim.job.most_attempts;
        match retry {
            Retry::After(run_after_us) if !is_over => {
                let sql = "UPDATE jobs SET state = 'ready', error = $1, lease_owner = NULL, run_after_us = $4 \
                           WHERE job_id = $2 AND fence = $3 AND state = 'running'";
                let values = vec![error.into(), run_after_us.into()];
                self.change(sql, claim, values).await
            }
            _ => {
                let sql = "UPDATE jobs SET state = 'dead', error = $1, lease_owner = NULL \
                           WHERE job_id = $2 AND fence = $3 AND state = 'running'";
                self.change(sql, claim, vec![error.into()]).await
            }
        }
    }

    /// Makes a dead job ready again, with as many tries as at first. Gives whether there was one.
    pub async fn revive(&self, job_id: &str, now_us: i64) -> Result<bool, StoreError> {
        let mut open = self.db.begin().await?;
        let sql = "UPDATE jobs SET state = 'ready', attempt = 0, run_after_us = $1 \
                   WHERE job_id = $2 AND state IN ('dead', 'cancelled')";
        let changed = open.run(sql, &[now_us.into(), job_id.into()]).await?;
        open.commit().await?;
        Ok(changed == 1)
    }

    /// Takes a job back that is not done; a worker that has it is refused from now on. Gives whether there was one.
    pub async fn cancel(&self, job_id: &str) -> Result<bool, StoreError> {
        let mut open = self.db.begin().await?;
        let sql = "UPDATE jobs SET state = 'cancelled', lease_owner = NULL, fence = fence + 1 \
                   WHERE job_id = $1 AND state IN ('ready', 'running')";
        let changed = open.run(sql, &[job_id.into()]).await?;
        open.commit().await?;
        Ok(changed == 1)
    }

    /// Jobs in the order they would be claimed in, all of a state or of any.
    pub async fn jobs(&self, state: Option<JobState>) -> Result<Vec<Job>, StoreError> {
        let sql = "SELECT job_id, kind, arguments, state, priority, run_after_us, attempt, most_attempts, lease_owner, \
                   label, parent, result, error FROM jobs WHERE state = $1 OR $1 = '' \
                   ORDER BY priority, run_after_us, job_id";
        let word = state.map_or("", JobState::as_str);
        let rows = self.db.rows(sql, &[word.into()]).await?;
        rows.iter().map(job).collect()
    }

    /// The first value, then job and fence, then the rest.
    async fn change(
        &self,
        sql: &'static str,
        claim: &Claim,
        mut values: Vec<Value>,
    ) -> Result<(), StoreError> {
        let at = 1.min(values.len());
        let named = [claim.job.job_id.as_str().into(), claim.fence.into()];
        values.splice(at..at, named);
        let mut open = self.db.begin().await?;
        if open.run(sql, &values).await? == 0 {
            return Err(StoreError::Fenced);
        }
        open.commit().await
    }
}

fn job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        job_id: row.get(0)?,
        kind: row.get(1)?,
        arguments: row.get(2)?,
        state: JobState::of(&row.get::<String>(3)?),
        priority: row.get(4)?,
        run_after_us: row.get(5)?,
        attempt: row.get(6)?,
        most_attempts: row.get(7)?,
        lease_owner: row.get(8)?,
        label: row.get(9)?,
        parent: row.get(10)?,
        result: row.get(11)?,
        error: row.get(12)?,
    })
}
