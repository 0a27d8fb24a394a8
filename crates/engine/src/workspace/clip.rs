//! `clip`: a stretch of a recording as an MCAP of its own.

use super::ask::{Asked, Limits};
use super::list::resolve;
use super::opened::Workspace;
use crate::EngineError;
use crate::convert::Rewrite;
use crate::output::{Output, refuse_other_form};
use fieldassay_formats::mcap::{Writer, WriterOptions};
use fieldassay_formats::{Channel, Message};
use fieldassay_model::TimeBound;
use fieldassay_query::recordings::Stretch;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// What to cut out.
#[derive(Clone, Debug)]
pub struct Request {
    /// The recording: its id, the start of it, or its name.
    pub recording: String,
    /// First moment.
    pub start: TimeBound,
    /// Last moment.
    pub end: TimeBound,
    /// Topics; empty for all.
    pub topics: Vec<String>,
    /// The MCAP to write.
    pub output: PathBuf,
    /// Whether an existing output may be replaced.
    pub force: bool,
}

/// The document of `clip --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.clip`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The recording.
    pub recording_id: String,
    /// The file written.
    pub output: String,
    /// First moment asked for, nanoseconds, log time.
    pub start_ns: i64,
    /// Last moment asked for.
    pub end_ns: i64,
    /// Messages of the stretch.
    pub message_count: u64,
    /// Messages from before it that still hold in it: static transforms and what else is said once. They keep their
    /// publish time and are logged at the start.
    pub held_count: u64,
    /// Channels that have messages.
    pub channel_count: usize,
}

/// Cuts a stretch out. Both ends are included. Topics that are said once and hold from then on (`/tf_static`, latched
/// topics, topics with transient-local durability) come along with their last message before the stretch.
///
/// Errors: a recording that is not there, a stretch that is none or holds nothing, topics that are not there. Nothing
/// is written then.
pub fn run(workspace: &Workspace, request: &Request) -> Result<Outcome, EngineError> {
    let rule = "a clip is an MCAP";
    refuse_other_form(&request.output, request.force, ("mcap", rule))?;
    let listed = resolve(workspace, &request.recording)?;
    let (Some(first), Some(last)) = (listed.start_ns, listed.end_ns) else {
        return Err(EngineError::Request {
            message: format!("`{}` has no messages", listed.recording_id),
        });
    };
    let (start_ns, end_ns) = stretch(request, &listed.recording_id, (first, last))?;
    let asked = Asked::new(workspace, None, Limits::default())?;
    cut(
        (workspace, &asked),
        request,
        &listed.recording_id,
        (first, start_ns, end_ns),
    )
}

/// The stretch asked for of a recording of which the first and last moment are known. It may reach beyond them, but
/// seconds count from the first on.
fn stretch(
    request: &Request,
    id: &str,
    (first, last): (i64, i64),
) -> Result<(i64, i64), EngineError> {
    let secs = |nanos: i64| nanos as f64 * 1e-9;
    let since_first = |nanos: i64| secs(nanos.saturating_sub(first));
    let length = since_first(last);
    let refused = |message: String| Err(EngineError::Request { message });
    for bound in [request.start, request.end] {
        if let TimeBound::FromStart(nanos @ ..0) = bound {
            return refused(format!(
                "`{}` s is before the start of `{id}`\nhint: seconds count from its start, which is 0; it is {length:.3} s long",
                secs(nanos)
            ));
        }
    }
    let (start_ns, end_ns) = (request.start.at(first), request.end.at(first));
    let (start, end) = (since_first(start_ns), since_first(end_ns));
    if start_ns > end_ns {
        return refused(format!(
            "the stretch asked for ends before it starts: from {start:.3} s to {end:.3} s of `{id}`\nhint: give the earlier time first"
        ));
    }
    if start_ns > last {
        return refused(format!(
            "the stretch asked for holds nothing of `{id}`: it starts at {start:.3} s, past the end\nhint: the recording is {length:.3} s long"
        ));
    }
    if end_ns < first {
        return refused(format!(
            "the stretch asked for holds nothing of `{id}`: it ends {:.3} s before the start\nhint: `fieldassay show {id}` says when it starts; it is {length:.3} s long",
            -end
        ));
    }
    Ok((start_ns, end_ns))
}

/// Cuts a stretch out of a recording whose first moment is known. The bounds of the request are not looked at.
pub(super) fn cut(
    (workspace, asked): (&Workspace, &Asked<'_>),
    request: &Request,
    recording_id: &str,
    (first, start_ns, end_ns): (i64, i64, i64),
) -> Result<Outcome, EngineError> {
    let io = |error| EngineError::io("write", &request.output, error);
    let mut clip = Clip::new(Output::create(&request.output, request.force)?).map_err(io)?;
    let cut = Cut {
        workspace,
        asked,
        request,
        recording_id,
    };
    if start_ns > first {
        cut.hold((first, start_ns), &mut clip)?;
    }
    let held_count = clip.written;
    cut.write((start_ns, end_ns), &mut clip)?;
    let message_count = clip.written - held_count;
    if message_count == 0 {
        return Err(EngineError::Request {
            message: format!(
                "no message of `{recording_id}` lies in the stretch asked for\nhint: `fieldassay show {recording_id}` lists its topics and times"
            ),
        });
    }
    let channel_count = clip.rewrite.channel_count();
    clip.finish(recording_id, (start_ns, end_ns))
        .map_err(io)?
        .finish()?;
    Ok(Outcome {
        schema: "fieldassay.clip",
        version: 1,
        recording_id: recording_id.to_owned(),
        output: request.output.display().to_string(),
        start_ns,
        end_ns,
        message_count,
        held_count,
        channel_count,
    })
}

/// One recording, of which a stretch is cut out.
struct Cut<'a> {
    workspace: &'a Workspace,
    asked: &'a Asked<'a>,
    request: &'a Request,
    recording_id: &'a str,
}

impl Cut<'_> {
    fn stretch(&self, (start_ns, end_ns): (i64, i64), topics: Vec<String>) -> Stretch {
        Stretch {
            recording_id: self.recording_id.to_owned(),
            start_ns,
            end_ns,
            topics,
        }
    }

    /// Writes what was said before the stretch and still holds in it.
    fn hold(&self, (first, start_ns): (i64, i64), clip: &mut Clip) -> Result<(), EngineError> {
        let topics = held_topics(self.asked, self.recording_id, &self.request.topics)?;
        if topics.is_empty() {
            return Ok(());
        }
        let before = self.stretch((first, start_ns - 1), topics);
        let mut latest: BTreeMap<u32, Held> = BTreeMap::new();
        let mut keep = |channel: &Channel, message: &Message<'_>| {
            Held::keep(&mut latest, channel, message);
            ControlFlow::Continue(())
        };
        let read = self.asked.session().messages_between(&before, &mut keep);
        self.workspace.runtime.block_on(read)?;
        for one in latest.values() {
            let held = clip.hold(one, start_ns);
            held.map_err(|error| EngineError::io("write", &self.request.output, error))?;
        }
        Ok(())
    }

    /// Writes the messages of the stretch.
    fn write(&self, times: (i64, i64), clip: &mut Clip) -> Result<(), EngineError> {
        let wanted = self.stretch(times, self.request.topics.clone());
        let mut failed = None;
        let mut write =
            |channel: &Channel, message: &Message<'_>| match clip.write(channel, message) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            };
        let read = self.asked.session().messages_between(&wanted, &mut write);
        self.workspace.runtime.block_on(read)?;
        match failed {
            Some(error) => Err(EngineError::io("write", &self.request.output, error)),
            None => Ok(()),
        }
    }
}

/// Topics that are said once and hold from then on, among those asked for.
fn held_topics(asked: &Asked<'_>, id: &str, topics: &[String]) -> Result<Vec<String>, EngineError> {
    let rows = asked.rows(&format!(
        "SELECT topic, metadata_json FROM channels WHERE recording_id = {} AND message_count > 0 ORDER BY topic",
        super::ask::quoted(id)
    ))?;
    let mut held: Vec<String> = Vec::new();
    for row in &rows {
        let text = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or("");
        let (topic, metadata) = (text("topic"), text("metadata_json"));
        let metadata: BTreeMap<String, String> = serde_json::from_str(metadata).unwrap_or_default();
        let is_latched = metadata.get("latching").is_some_and(|value| value == "1");
        let qos = metadata.get("offered_qos_profiles");
        let is_kept = qos.is_some_and(|qos| {
            qos.contains("durability: 1") || qos.contains("durability: transient_local")
        });
        let is_asked = topics.is_empty() || topics.iter().any(|one| one == topic);
        if is_asked && (topic.ends_with("/tf_static") || is_latched || is_kept) {
            held.push(topic.to_owned());
        }
    }
    held.dedup();
    Ok(held)
}

/// The last message of a channel before the stretch. Of static transforms every message counts: each says other frames.
struct Held {
    channel: Channel,
    messages: Vec<(Option<u32>, Option<i64>, Vec<u8>)>,
}

impl Held {
    fn keep(latest: &mut BTreeMap<u32, Self>, channel: &Channel, message: &Message<'_>) {
        let one = (
            message.sequence,
            message.publish_time.or(Some(message.log_time)),
            message.data.to_vec(),
        );
        let held = latest.entry(channel.id).or_insert_with(|| Self {
            channel: channel.clone(),
            messages: Vec::new(),
        });
        if !channel.topic.ends_with("/tf_static") {
            held.messages.clear();
        }
        // The same said again is not said twice.
        held.messages.retain(|known| known.2 != one.2);
        held.messages.push(one);
    }
}

struct Clip {
    rewrite: Rewrite<Output>,
    written: u64,
}

impl Clip {
    fn new(output: Output) -> std::io::Result<Self> {
        let options = WriterOptions {
            profile: String::new(),
            library: format!("fieldassay {}", env!("CARGO_PKG_VERSION")),
            ..WriterOptions::default()
        };
        let writer = Writer::new(output, options)?;
        Ok(Self {
            rewrite: Rewrite::onto(writer),
            written: 0,
        })
    }

    fn write(&mut self, channel: &Channel, message: &Message<'_>) -> std::io::Result<()> {
        self.written += 1;
        self.rewrite.define(channel);
        self.rewrite.write(message)
    }

    fn hold(&mut self, held: &Held, start_ns: i64) -> std::io::Result<()> {
        for (sequence, publish_time, data) in &held.messages {
            let message = Message {
                channel: held.channel.id,
                sequence: *sequence,
                log_time: start_ns,
                publish_time: *publish_time,
                data,
            };
            self.write(&held.channel, &message)?;
        }
        Ok(())
    }

    fn finish(mut self, id: &str, (start_ns, end_ns): (i64, i64)) -> std::io::Result<Output> {
        let entries = BTreeMap::from([
            ("verb".to_owned(), "clip".to_owned()),
            ("recording_id".to_owned(), id.to_owned()),
            ("start_ns".to_owned(), start_ns.to_string()),
            ("end_ns".to_owned(), end_ns.to_string()),
        ]);
        self.rewrite.note(&entries)?;
        let mut output = self.rewrite.finish()?;
        output.flush()?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, stretch};
    use expect_test::{Expect, expect};
    use fieldassay_model::TimeBound;
    use std::path::PathBuf;

    const FIRST: i64 = 1_600_000_000_000_000_000;
    const LAST: i64 = FIRST + 9_990_000_000;

    fn asked(start: &str, end: &str) -> Result<(i64, i64), String> {
        let bound = |text| TimeBound::parse(text).expect("a time");
        let request = Request {
            recording: "r-1".to_owned(),
            start: bound(start),
            end: bound(end),
            topics: Vec::new(),
            output: PathBuf::from("out.mcap"),
            force: false,
        };
        stretch(&request, "r-1", (FIRST, LAST)).map_err(|error| error.to_string())
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "as `expect!` is passed everywhere"
    )]
    #[track_caller]
    fn refused(start: &str, end: &str, expected: Expect) {
        expected.assert_eq(&asked(start, end).expect_err("no stretch"));
    }

    #[test]
    fn a_stretch_may_reach_beyond_the_end_and_be_a_moment() {
        assert_eq!(asked("0", "100"), Ok((FIRST, FIRST + 100_000_000_000)));
        assert_eq!(
            asked("1", "1"),
            Ok((FIRST + 1_000_000_000, FIRST + 1_000_000_000))
        );
        // It was recorded from 12:26:40 on.
        let early = asked("2020-09-13T12:26:30Z", "2");
        assert_eq!(early, Ok((FIRST - 10_000_000_000, FIRST + 2_000_000_000)));
    }

    #[test]
    fn why_a_stretch_is_none_is_told() {
        refused(
            "3",
            "1",
            expect![[r"
                the stretch asked for ends before it starts: from 3.000 s to 1.000 s of `r-1`
                hint: give the earlier time first"]],
        );
        refused(
            "30",
            "40",
            expect![[r"
                the stretch asked for holds nothing of `r-1`: it starts at 30.000 s, past the end
                hint: the recording is 9.990 s long"]],
        );
        refused(
            "2020-09-13T12:26:30Z",
            "2020-09-13T12:26:35Z",
            expect![[r"
                the stretch asked for holds nothing of `r-1`: it ends 5.000 s before the start
                hint: `fieldassay show r-1` says when it starts; it is 9.990 s long"]],
        );
        refused(
            "-5",
            "3",
            expect![[r"
                `-5` s is before the start of `r-1`
                hint: seconds count from its start, which is 0; it is 9.990 s long"]],
        );
        refused(
            "0",
            "-0.5",
            expect![[r"
                `-0.5` s is before the start of `r-1`
                hint: seconds count from its start, which is 0; it is 9.990 s long"]],
        );
    }
}
