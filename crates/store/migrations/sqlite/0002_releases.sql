-- The log's tree, releases and lineage. But for the salts of people, all of it can be made again from the log.
CREATE TABLE log_heads (
    sequence BIGINT NOT NULL PRIMARY KEY REFERENCES batches (sequence),
    size BIGINT NOT NULL,
    root TEXT NOT NULL,
    checkpoint TEXT NOT NULL
);
CREATE TABLE log_entries (
    entry BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL REFERENCES batches (sequence),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX log_entries_by_subject ON log_entries (subject, entry);
CREATE TABLE commitments (
    commitment TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    salt TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE TABLE releases (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    manifest_bytes BIGINT NOT NULL,
    members BIGINT NOT NULL,
    tables_at BIGINT NOT NULL,
    created_ns BIGINT NOT NULL,
    actor TEXT NOT NULL,
    envelope TEXT NOT NULL,
    sequence BIGINT NOT NULL REFERENCES batches (sequence),
    PRIMARY KEY (name, version)
);
CREATE TABLE tags (
    tag TEXT NOT NULL,
    sequence BIGINT NOT NULL REFERENCES batches (sequence),
    release TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tag, sequence)
);
CREATE TABLE nodes (
    node_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT
);
CREATE TABLE operations (
    operation_id TEXT NOT NULL PRIMARY KEY,
    verb TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL,
    actor TEXT NOT NULL,
    time_ns BIGINT NOT NULL,
    sequence BIGINT NOT NULL REFERENCES batches (sequence)
);
CREATE TABLE edges (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    operation_id TEXT NOT NULL REFERENCES operations (operation_id),
    PRIMARY KEY (child, parent, operation_id)
);
CREATE INDEX edges_by_parent ON edges (parent, child);
