//! Checks of structure, loss and decoding.

use crate::facts::rules;
use fieldassay_formats::{Format, Rule};
use fieldassay_model::{CheckInfo, Compare, Subject};

pub(super) const CHECKS: &[CheckInfo] = &[
    CheckInfo {
        code: "structure.empty",
        title: "recording without messages",
        fact: "structure.empty",
        subject: Subject::Recording,
        compare: Compare::Above,
        unit: "bool",
        meaning: "The file is readable but holds no message.",
        formula: "number of messages == 0",
        source: "recording conventions",
        blind_spots: "none known",
        message: "the recording holds no message",
        hint: "check that the recorder subscribed before it was stopped, and its topic list",
    },
    CheckInfo {
        code: "channel.undefined",
        title: "messages of an undefined channel",
        fact: "channel.undefined",
        subject: Subject::Recording,
        compare: Compare::Above,
        unit: "count",
        meaning: "Messages refer to a channel the file does not define: their topic and type are unknown.",
        formula: "messages whose channel id no definition in the file carries",
        source: "MCAP specification, Message; mcap doctor",
        blind_spots: "none known",
        message: "{value} message(s) belong to channels that are defined nowhere",
        hint: "the part of the file with the definitions is damaged or was cut off; record again or restore it from a copy",
    },
    CheckInfo {
        code: "loss.messages",
        title: "messages lost to damage",
        fact: "loss.messages",
        subject: Subject::Recording,
        compare: Compare::Above,
        unit: "count",
        meaning: "Messages known to be in damaged places of the file that could not be read.",
        formula: "declared or seen minus read, summed over the damaged places; not evaluated where the damage hides the number",
        source: "our account of the input",
        blind_spots: "Damage that hides how many messages it held.",
        message: "{value} message(s) are lost to damage",
        hint: "copy the file again from its origin and compare digests; `fieldassay recover` writes what is left",
    },
    CheckInfo {
        code: "loss.bytes",
        title: "bytes lost to damage",
        fact: "loss.bytes",
        subject: Subject::Recording,
        compare: Compare::Above,
        unit: "bytes",
        meaning: "Part of the file could not be interpreted.",
        formula: "length of the damaged byte ranges",
        source: "our account of the input",
        blind_spots: "none known",
        message: "{value} of the file cannot be interpreted",
        hint: "copy the file again from its origin and compare digests; `fieldassay recover` writes what is left",
    },
    CheckInfo {
        code: "loss.suspect_messages",
        title: "messages whose checksum fails",
        fact: "loss.suspect_messages",
        subject: Subject::Recording,
        compare: Compare::Above,
        unit: "count",
        meaning: "Messages were read from places whose checksum does not fit: they may hold wrong bytes.",
        formula: "messages of chunks whose CRC-32 differs from the stored one",
        source: "MCAP specification, Chunk; mcap 0.26 no longer checks it by default",
        blind_spots: "Files written without checksums.",
        message: "{value} message(s) come from places whose checksum fails",
        hint: "do not train on them; copy the file again from its origin and compare digests",
    },
    CheckInfo {
        code: "decode.unsupported",
        title: "messages that cannot be decoded",
        fact: "decode.unsupported",
        subject: Subject::Channel,
        compare: Compare::Above,
        unit: "bool",
        meaning: "The channel's message encoding is none that Fieldassay reads: only container times and sizes are checked.",
        formula: "message encoding not among cdr, ros1, protobuf and json",
        source: "MCAP specification, well-known encodings",
        blind_spots: "none known",
        message: "encoding `{encoding}` cannot be decoded",
        hint: "check the encoding the writer declares; supported are cdr, ros1, protobuf and json",
    },
    CheckInfo {
        code: "decode.failed",
        title: "payloads that do not fit their schema",
        fact: "decode.failed",
        subject: Subject::Channel,
        compare: Compare::Above,
        unit: "count",
        meaning: "Payloads are too short or malformed for the schema of their channel.",
        formula: "messages whose stamp or transforms could not be read",
        source: "decoders of the formats room",
        blind_spots: "Only the parts the checks need are decoded, not whole payloads.",
        message: "{value} of {n} payloads do not fit their schema",
        hint: "compare the type the recorder stored with the one the publisher was built with",
    },
];

/// A check for every rule of every format.
pub(super) fn rule_checks() -> Vec<CheckInfo> {
    Format::ALL
        .into_iter()
        .flat_map(rules)
        .map(rule_check)
        .collect()
}

fn rule_check(rule: &Rule) -> CheckInfo {
    let lost = rule.code.starts_with("loss.");
    CheckInfo {
        code: rule.code,
        title: title(rule.meaning),
        fact: rule.code,
        subject: Subject::Recording,
        compare: Compare::Above,
        unit: "count",
        meaning: rule.meaning,
        formula: "number of violations found in a full read with all checksums on",
        source: "specification of the format; for MCAP a superset of the rules of mcap doctor",
        blind_spots: "Places behind damage that could not be read.",
        message: "{first}",
        hint: if rule.code == "loss.dropout" {
            "the logger was too slow for its card: log fewer topics or use a faster card; the data is not in the file"
        } else if lost {
            "copy the file again from its origin and compare digests; `fieldassay recover` writes a clean file from what is left"
        } else if rule.error {
            "`fieldassay recover` rewrites the file with a sound structure; report it to the authors of the writer"
        } else {
            "harmless for Fieldassay; other tools may stumble over it, `fieldassay recover` rewrites the file"
        },
    }
}

/// The first clause of what a rule means, without its full stop.
fn title(meaning: &'static str) -> &'static str {
    let end = meaning.find([';', ':', ',']).unwrap_or(meaning.len());
    meaning.get(..end).unwrap_or(meaning).trim_end_matches('.')
}
