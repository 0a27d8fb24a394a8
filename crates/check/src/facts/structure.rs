//! Structure, losses and decoding: what the readers noted, counted.

use super::RECORDING;
use crate::collect::Collected;
use fieldassay_formats::decode::StampKind;
use fieldassay_formats::{Format, Rule, folder, mcap, rosbag1, rosbag2, ulog};
use fieldassay_model::{Account, Fact, FactValue, Loss};
use std::collections::BTreeMap;

/// Encodings whose payloads can be read.
const KNOWN_ENCODINGS: [&str; 4] = ["cdr", "ros1", "protobuf", "json"];

/// The rules a format's reader checks.
pub(crate) fn rules(format: Format) -> &'static [Rule] {
    match format {
        Format::Mcap => mcap::RULES,
        Format::Rosbag1 => rosbag1::RULES,
        Format::Rosbag2Sqlite3 => rosbag2::RULES,
        Format::Ulog => ulog::RULES,
        // Everything else is made of the files of a folder, trajectory files included.
        _ => folder::RULES,
    }
}

/// What could not be read, summed.
pub(crate) fn total_loss(collected: &Collected<'_>, account: &Account) -> Loss {
    Loss {
        suspect_messages: collected.units.iter().map(|u| u.suspect_messages).sum(),
        ..Loss::from_reasons(account.losses.clone())
    }
}

/// Facts about structure, loss and decoding.
pub(crate) fn structure_facts(
    format: Format,
    collected: &Collected<'_>,
    account: &Account,
    loss: &Loss,
) -> Vec<Fact> {
    let mut facts = rule_facts(rules(format), account);
    facts.extend(loss_facts(loss, collected));
    facts.extend(decode_facts(collected));
    facts
}

/// One case of a rule: where and what.
struct Case {
    count: u64,
    offset: Option<u64>,
    message: String,
}

fn rule_facts(rules: &[Rule], account: &Account) -> Vec<Fact> {
    // Rules without a violation are facts too: they were checked.
    let mut cases: BTreeMap<&str, Case> = rules
        .iter()
        .map(|rule| {
            let none = Case {
                count: 0,
                offset: None,
                message: String::new(),
            };
            (rule.code, none)
        })
        .collect();
    let notes = account
        .notes
        .iter()
        .map(|note| (note.code, note.offset, &note.message));
    let losses = account
        .losses
        .iter()
        .map(|loss| (loss.code.as_str(), Some(loss.start), &loss.message));
    for (code, offset, message) in notes.chain(losses) {
        let case = cases.entry(code).or_insert_with(|| Case {
            count: 0,
            offset,
            message: message.clone(),
        });
        if case.count == 0 {
            case.offset = offset;
            case.message.clone_from(message);
        }
        case.count += 1;
    }
    cases
        .into_iter()
        .map(|(code, case)| {
            let mut fact = Fact::count(code, RECORDING, case.count)
                .with_method("rule of the format, checked on every record", 1);
            if case.count > 0 {
                // A reader that knows what to do says so behind its message.
                let (message, hint) = match case.message.split_once("; hint: ") {
                    Some((message, hint)) => (message, Some(hint)),
                    None => (case.message.as_str(), None),
                };
                if let Some(hint) = hint {
                    fact = fact.with_detail("hint", FactValue::Text(hint.to_owned()));
                }
                let mut first = match case.offset {
                    Some(offset) => format!("at byte {offset}: {message}"),
                    None => message.to_owned(),
                };
                if case.count > 1 {
                    first = format!("{} times, first {first}", case.count);
                }
                fact = fact.with_detail("first", FactValue::Text(first));
            }
            match case.offset.and_then(|offset| i64::try_from(offset).ok()) {
                Some(offset) => fact.with_detail("first_offset", FactValue::Integer(offset)),
                None => fact,
            }
        })
        .collect()
}

/// Whether there was a message to look at. A selection that leaves none is no evidence of anything.
fn empty_fact(read: u64, collected: &Collected<'_>) -> Fact {
    let looked_at =
        collected.data.iter().map(|d| d.messages).sum::<u64>() + collected.undefined_messages;
    let fact = if read > 0 && looked_at == 0 {
        let reason = "none of the messages is on the topics and in the time looked at";
        Fact::not_evaluated("structure.empty", RECORDING, "bool", reason)
    } else {
        Fact::new(
            "structure.empty",
            RECORDING,
            FactValue::Bool(read == 0),
            "bool",
        )
    };
    fact.with_method("no message in the whole file", 1)
}

fn loss_facts(loss: &Loss, collected: &Collected<'_>) -> Vec<Fact> {
    let read: u64 = collected.units.iter().map(|unit| unit.messages).sum();
    let n = usize::try_from(read).unwrap_or(usize::MAX);
    let messages = match loss.messages {
        Some(messages) => Fact::count("loss.messages", RECORDING, messages).with_n(n),
        None => Fact::not_evaluated(
            "loss.messages",
            RECORDING,
            "count",
            "damage hides how many messages were lost",
        ),
    };
    let bytes = i64::try_from(loss.bytes).unwrap_or(i64::MAX);
    vec![
        messages.with_method(
            "messages declared or seen in damaged places and not read",
            1,
        ),
        Fact::new("loss.bytes", RECORDING, FactValue::Integer(bytes), "bytes")
            .with_n(n)
            .with_method("bytes of the file that could not be interpreted", 1),
        Fact::count("loss.suspect_messages", RECORDING, loss.suspect_messages)
            .with_n(n)
            .with_method("messages kept from places whose checksum fails", 1),
        empty_fact(read, collected).with_n(n),
        Fact::count("channel.undefined", RECORDING, collected.undefined_messages)
            .with_n(n)
            .with_method("messages whose channel is defined nowhere", 1),
    ]
}

fn decode_facts(collected: &Collected<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (stream, data) in collected.streams.iter().zip(&collected.data) {
        if data.messages == 0 {
            continue;
        }
        let n = usize::try_from(data.messages).unwrap_or(usize::MAX);
        let unknown = !KNOWN_ENCODINGS.contains(&stream.encoding.as_str());
        let reason = match stream.stamps.kind() {
            StampKind::None(reason) => reason.clone(),
            _ => String::new(),
        };
        let mut unsupported = Fact::new(
            "decode.unsupported",
            &stream.topic,
            FactValue::Bool(unknown),
            "bool",
        )
        .with_n(n)
        .with_method("message encoding against those that can be read", 1)
        .with_detail("encoding", FactValue::Text(stream.encoding.clone()))
        .with_detail("schema", FactValue::Text(stream.schema.clone()));
        if !reason.is_empty() {
            unsupported = unsupported.with_detail("reason", FactValue::Text(reason));
        }
        facts.push(unsupported);
        // Lists may be empty and named fields unset; only a fixed layout must hold its stamp.
        let must_hold_stamp = matches!(stream.encoding.as_str(), "cdr" | "ros1")
            && *stream.stamps.kind() != StampKind::FirstElement;
        let missing = if must_hold_stamp {
            data.without_stamp
        } else {
            0
        };
        let failed = missing + data.undecodable;
        facts.push(
            Fact::count("decode.failed", &stream.topic, failed)
                .with_n(n)
                .with_method("payloads too short or malformed for their schema", 1),
        );
    }
    facts
}
