-- The catalogue: what is in a workspace, by names and versions. It can be made again from the log.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE publisher (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    owner TEXT,
    lease_until_us BIGINT NOT NULL,
    fence BIGINT NOT NULL
);
INSERT INTO publisher (one, owner, lease_until_us, fence) VALUES (1, NULL, 0, 0);
CREATE TABLE batches (
    sequence BIGINT NOT NULL PRIMARY KEY,
    plan_sha256 TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'published')),
    content TEXT NOT NULL,
    opened_us BIGINT NOT NULL,
    published_us BIGINT
);
CREATE TABLE versions (
    sequence BIGINT NOT NULL REFERENCES batches (sequence),
    table_name TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (table_name, sequence)
);
CREATE TABLE recordings (
    recording_id TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL REFERENCES batches (sequence),
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    verdict TEXT NOT NULL,
    quarantined BOOLEAN NOT NULL,
    size_bytes BIGINT NOT NULL,
    message_count BIGINT NOT NULL,
    start_ns BIGINT,
    end_ns BIGINT
);
CREATE INDEX recordings_by_name ON recordings (name);
CREATE TABLE seen_files (
    path TEXT NOT NULL PRIMARY KEY,
    size_bytes BIGINT NOT NULL,
    modified_ns BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    recording_id TEXT NOT NULL REFERENCES recordings (recording_id)
);
CREATE TABLE jobs (
    job_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead', 'cancelled')),
    priority BIGINT NOT NULL,
    run_after_us BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    most_attempts BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until_us BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    label TEXT NOT NULL,
    parent TEXT,
    result TEXT,
    error TEXT,
    created_us BIGINT NOT NULL
);
CREATE INDEX jobs_to_claim ON jobs (state, priority, run_after_us);
