//! Recordings and what they are made of: files, channels, byte ranges, damage.
//!
//! Read [`RECORDINGS`] first. Not here: what was measured (`evidence`), what they hold (`content`).

use super::{
    CLOCK, Column, RECORDING, Table, boolean, bytes, integer, integers, nanos, real, text,
};

const SHA256: Column = text("sha256", "SHA-256, 64 hexadecimal digits.");
const BLAKE3: Column = text("blake3", "BLAKE3, 64 hexadecimal digits.");
const NO_TIMES: &str = "it has no messages";
const NOT_JUDGED: &str = "checks do not look at this form; the verdict is `not_evaluated`";

pub(super) const RECORDINGS: Table = Table {
    name: "recordings",
    about: "One input: a recording, a folder of a data set, or a file of labels, votes, predictions or outcomes.",
    key: &["recording_id"],
    groups: &[
        &[
            text("recording_id", "`r-` and the first 16 digits of `sha256`."),
            text(
                "name",
                "Name for people, the last part of its path. The first by bytes where the same content was found under several.",
            ),
            text("path", "Path or URL it was read from.").volatile(),
            text(
                "format",
                "Container or layout: `mcap`, `rosbag1`, `argoverse2`, `coco`, …",
            ),
            SHA256,
            BLAKE3,
            bytes("size_bytes", "Size of its files together."),
            integer("file_count", "Files it is made of."),
            boolean(
                "simulated",
                "Whether it says that a simulator or a generator made it.",
            ),
            text(
                "profile",
                "Profile its writer declared, `ros2` and the like.",
            )
            .null("none is declared"),
            text("library", "Program that wrote it, as it says.").null("none is named"),
            nanos("start_ns", "Smallest time of a message, on `clock`.").null(NO_TIMES),
            nanos("end_ns", "Largest time of a message, on `clock`.").null(NO_TIMES),
            CLOCK.null(NO_TIMES),
            integer("channel_count", "Channels it defines."),
            integer("message_count", "Messages read, suspect ones included."),
            boolean(
                "complete",
                "Whether everything was read and nothing is suspect or cut off.",
            ),
            integer("lost_message_count", "Messages known to be lost.")
                .null("damage makes them uncountable"),
            bytes("lost_bytes", "Bytes that could not be interpreted."),
            integer(
                "suspect_message_count",
                "Messages kept although a checksum over them failed.",
            ),
            text("error", "Why nothing could be read.").null("something was read"),
            text("calibration_id", "The calibration found in it, `k-…`.").null("none was found"),
        ],
        &[
            text("verdict", "What the policy decided.").one_of(VERDICTS),
            text("policy_name", "Name of the policy.").null(NOT_JUDGED),
            integer("policy_version", "Version of the policy.").null(NOT_JUDGED),
            text(
                "policy_sha256",
                "Digest of the canonical form of the policy.",
            )
            .null(NOT_JUDGED),
            text(
                "evidence_id",
                "The recipe whose facts the verdict rests on: `source_id` in `facts`.",
            )
            .null(NOT_JUDGED),
            boolean(
                "quarantined",
                "Whether it is kept apart because of its verdict: releases leave it out.",
            ),
        ],
        &[
            text(
                "plan_sha256",
                "The plan that brought it in, as the log has it.",
            )
            .volatile(),
            text("actor", "Who ran that plan.").volatile(),
            nanos("ingested_ns", "When it was published, since 1970, UTC.").volatile(),
        ],
    ],
};

/// Words of [`crate::Verdict`].
pub(super) const VERDICTS: &[&str] = &["pass", "warn", "fail", "not_evaluated"];

pub(super) const FILES: Table = Table {
    name: "files",
    about: "One file of a recording, kept as it came under its digest.",
    key: &["recording_id", "path"],
    groups: &[&[
        RECORDING,
        text(
            "path",
            "Path within the recording, `/` between parts; the name for a recording of one file.",
        ),
        SHA256,
        BLAKE3,
        bytes("size_bytes", "Size."),
        text(
            "role",
            "What it is for; `other` where the layout gives it no part.",
        )
        .one_of(&[
            "recording",
            "media",
            "table",
            "labels",
            "calibration",
            "map",
            "metadata",
            "other",
        ]),
    ]],
};

pub(super) const CHANNELS: Table = Table {
    name: "channels",
    about: "One channel of a recording.",
    key: &["recording_id", "channel"],
    groups: &[&[
        RECORDING,
        integer(
            "channel",
            "Number of the channel within the recording: MCAP channel, bag connection, SQLite topic.",
        ),
        text("topic", "Topic. Several channels may have the same."),
        text("schema_name", "Message type: `sensor_msgs/msg/Imu`.")
            .null("the channel has no schema"),
        text(
            "schema_encoding",
            "Form of the definition: `ros2msg`, `protobuf`, …",
        )
        .null("the channel has no schema"),
        text(
            "schema_sha256",
            "Digest of the definition's bytes, to find channels whose types differ under one name.",
        )
        .null("the channel has no schema"),
        text(
            "message_encoding",
            "Form of the payload: `cdr`, `ros1`, `protobuf`, `json`, …",
        ),
        integer("message_count", "Messages read."),
        bytes("size_bytes", "Payloads together, uncompressed."),
        nanos("start_ns", "Smallest log time.").null(NO_TIMES),
        nanos("end_ns", "Largest log time.").null(NO_TIMES),
        real("rate_hz", "`(n - 1) / span` of the log time.")
            .unit("Hz")
            .null("there are fewer than two messages, or they have one time"),
        nanos(
            "median_period_ns",
            "Median difference of consecutive log times.",
        )
        .null("there are fewer than two messages"),
        nanos("max_gap_ns", "Largest difference of consecutive log times.")
            .null("there are fewer than two messages"),
        text("blob_sha256", "The file that holds its messages.")
            .null("they lie in more than one file, or there are none"),
        text(
            "metadata_json",
            "Further properties, an object of texts: `offered_qos_profiles`, `callerid`, …",
        )
        .null("it has none"),
    ]],
};

pub(super) const CHUNKS: Table = Table {
    name: "chunks",
    about: "One part of a recording's file that can be read by itself, so that a stretch of a topic is read by byte range.",
    key: &["recording_id", "chunk"],
    groups: &[&[
        RECORDING,
        integer(
            "chunk",
            "Number of the part, from 0, in the order of the file.",
        ),
        text("blob_sha256", "The file it lies in."),
        bytes("offset_bytes", "First byte of it in the file."),
        bytes("length_bytes", "Bytes to read from there."),
        text(
            "compression",
            "How these bytes are compressed: `zstd`, `lz4`, `bz2`; empty for not at all.",
        ),
        bytes("uncompressed_bytes", "Bytes once decompressed."),
        nanos("start_ns", "Smallest log time within.").null("it holds no messages"),
        nanos("end_ns", "Largest log time within.").null("it holds no messages"),
        integer("message_count", "Messages within."),
        integers(
            "channels",
            "Channels that have messages within, ascending: `channel` in `channels`.",
        ),
        integers(
            "channel_message_counts",
            "Messages of each of `channels`, in that order.",
        ),
    ]],
};

pub(super) const LOSSES: Table = Table {
    name: "losses",
    about: "One damaged place of a recording: what could not be read, or was kept although damaged.",
    key: &["recording_id", "loss"],
    groups: &[&[
        RECORDING,
        integer(
            "loss",
            "Number of the place, from 0, in the order of the file.",
        ),
        text(
            "code",
            "What happened, `loss.name`: `loss.truncated`, `loss.chunk_crc`, …",
        ),
        bytes(
            "start_bytes",
            "First byte of the place in the file, or in the one the message names.",
        ),
        bytes("end_bytes", "One past its last byte."),
        integer("message_count", "Messages known to be lost there.").null("they cannot be counted"),
        integer(
            "suspect_message_count",
            "Messages kept from there although damaged.",
        ),
        text(
            "message",
            "What happened, with the values seen and expected.",
        ),
    ]],
};
