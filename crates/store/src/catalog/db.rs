//! One way to ask both databases: SQLite for a folder, PostgreSQL for a team.
//!
//! Read [`Database`] and [`Transaction`] first. SQL is one text for both, with `$1` for what is bound; types are TEXT,
//! BIGINT and BOOLEAN. Not here: any table of the catalogue.

use crate::StoreError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Decode, Executor as _, Postgres, Row as _, Sqlite, Type};
use std::path::Path;
use std::time::Duration;

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_mins(1);
/// Rows SQLite may be ahead of who reads them.
const ROWS_AT_ONCE: usize = 4096;
/// Connections of a process to PostgreSQL, and readers of SQLite.
const CONNECTIONS: u32 = 8;

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// A database with the tables of the catalogue.
#[derive(Clone, Debug)]
pub(super) enum Database {
    /// A file; one connection writes, several read.
    Sqlite {
        /// Readers.
        read: SqlitePool,
        /// The writer.
        write: SqlitePool,
    },
    /// A server.
    Postgres(PgPool),
}

/// A value that is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// TEXT.
    Text(String),
    /// BIGINT.
    Integer(i64),
    /// BOOLEAN.
    Boolean(bool),
    /// TEXT or null.
    MaybeText(Option<String>),
    /// BIGINT or null.
    MaybeInteger(Option<i64>),
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::MaybeText(value)
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::MaybeInteger(value)
    }
}

/// A row of an answer; columns are counted from 0.
pub(super) enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// The value of a column; an [`Option`] where it may be null.
    pub(super) fn get<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(failed)
    }
}

/// An open transaction; dropping it takes everything back.
pub(super) enum Transaction {
    /// Of SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// Of PostgreSQL.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A table holds what no version of ours writes.
pub(super) fn malformed(table: &str) -> StoreError {
    failed(sqlx::Error::Decode(
        format!("`{table}` cannot be read").into(),
    ))
}

pub(super) fn failed(source: sqlx::Error) -> StoreError {
    StoreError::Catalog {
        source: Box::new(source),
    }
}

impl Database {
    /// A file, made where it is not there.
    pub(super) async fn file(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Rows come from a thread of their own: waking it for every fifty costs more than the rows.
            .row_buffer_size(ROWS_AT_ONCE)
            .busy_timeout(BUSY);
        // A file does not go away: asking before every question whether it is still there would take as long as most.
        let pool = || {
            let pool = SqlitePoolOptions::new().acquire_timeout(BUSY);
            pool.test_before_acquire(false)
        };
        // One writer: SQLite has no more, and waiting for a connection is fair where waiting for its lock is not.
        let write = pool().max_connections(1).connect_lazy_with(options.clone());
        let read = pool()
            .max_connections(CONNECTIONS)
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        // Who only reads never opens the writer.
        if !(path.exists() && is_current(&read).await) {
            SQLITE.run(&write).await.map_err(migration)?;
        }
        Ok(Self::Sqlite { read, write })
    }

    /// A server, by its URL.
    pub(super) async fn server(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(failed)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(BUSY)
            .connect_with(options)
            .await
            .map_err(failed)?;
        POSTGRES.run(&pool).await.map_err(migration)?;
        Ok(Self::Postgres(pool))
    }

    /// Rows of a question, which changes nothing.
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { read, .. } => sqlite_rows(read, sql, values).await,
            Self::Postgres(pool) => postgres_rows(pool, sql, values).await,
        }
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        match self {
            // Taking the lock at once is the only way not to fail halfway for want of it.
            Self::Sqlite { write, .. } => {
                let begun = write.begin_with("BEGIN IMMEDIATE").await;
                begun.map(Transaction::Sqlite).map_err(failed)
            }
            Self::Postgres(pool) => {
                let begun = pool.begin().await;
                begun.map(Transaction::Postgres).map_err(failed)
            }
        }
    }

    /// Whether several writers may claim rows at once, so that a claim has to skip what others hold.
    pub(super) fn has_row_locks(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Writes everything down and lets go.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// Rows of a statement.
    pub(super) async fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(open) => sqlite_rows(&mut **open, sql, values).await,
            Self::Postgres(open) => postgres_rows(&mut **open, sql, values).await,
        }
    }

    /// Runs a statement; gives how many rows it changed.
    pub(super) async fn run(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<u64, StoreError> {
        bound(sql, values);
        match self {
            Self::Sqlite(open) => {
                let done = open
                    .execute(sqlx::query_with(sql, sqlite_arguments(values)?))
                    .await;
                done.map(|done| done.rows_affected()).map_err(failed)
            }
            Self::Postgres(open) => {
                let done = open
                    .execute(sqlx::query_with(sql, postgres_arguments(values)?))
                    .await;
                done.map(|done| done.rows_affected()).map_err(failed)
            }
        }
    }

    /// Makes it so.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(open) => open.commit().await,
            Self::Postgres(open) => open.commit().await,
        }
        .map_err(failed)
    }
}

/// Whether a file has all migrations, and no others. Whatever else is so, the migrator tells.
async fn is_current(read: &SqlitePool) -> bool {
    let sql = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
    let found: Result<Vec<(i64, Vec<u8>, bool)>, _> = sqlx::query_as(sql).fetch_all(read).await;
    let known = SQLITE
        .iter()
        .map(|one| (one.version, one.checksum.to_vec(), true));
    found.is_ok_and(|found| found.into_iter().eq(known))
}

fn migration(source: sqlx::migrate::MigrateError) -> StoreError {
    match source {
        sqlx::migrate::MigrateError::VersionMissing(version) => StoreError::Newer { version },
        other => failed(sqlx::Error::from(other)),
    }
}

/// SQLite takes what is not bound for null: a missing value is a fault of ours, found by every test that gets here.
fn bound(sql: &str, values: &[Value]) {
    let most = sql
        .split('$')
        .skip(1)
        .filter_map(|rest| {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            rest.get(..digits)?.parse::<usize>().ok()
        })
        .max();
    debug_assert_eq!(most.unwrap_or(0), values.len(), "{sql}");
}

/// Binds every value; the same text for the arguments of either database.
macro_rules! arguments {
    ($name:ident, $kind:ty) => {
        fn $name(values: &[Value]) -> Result<$kind, StoreError> {
            use sqlx::Arguments as _;
            let mut out = <$kind>::default();
            for value in values {
                match value {
                    Value::Text(text) => out.add(text.clone()),
                    Value::Integer(integer) => out.add(*integer),
                    Value::Boolean(boolean) => out.add(*boolean),
                    Value::MaybeText(text) => out.add(text.clone()),
                    Value::MaybeInteger(integer) => out.add(*integer),
                }
                .map_err(|error| failed(sqlx::Error::Encode(error)))?;
            }
            Ok(out)
        }
    };
}

arguments!(sqlite_arguments, SqliteArguments);
arguments!(postgres_arguments, PgArguments);

async fn sqlite_rows<'c>(
    executor: impl sqlx::Executor<'c, Database = Sqlite>,
    sql: &'static str,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    bound(sql, values);
    let query = sqlx::query_with(sql, sqlite_arguments(values)?);
    let rows = query.fetch_all(executor).await.map_err(failed)?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn postgres_rows<'c>(
    executor: impl sqlx::Executor<'c, Database = Postgres>,
    sql: &'static str,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    bound(sql, values);
    let query = sqlx::query_with(sql, postgres_arguments(values)?);
    let rows = query.fetch_all(executor).await.map_err(failed)?;
    Ok(rows.into_iter().map(Row::Postgres).collect())
}
