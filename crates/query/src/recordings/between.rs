//! Messages of a stretch of a recording, one by one in the order of the file, for whoever writes them elsewhere.

use super::directory::{Directory, Part};
use super::scan::{bytes_of, visit, whole};
use super::{Stretch, Wanted};
use crate::QueryError;
use fieldassay_formats::{Channel, Message};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

impl Directory {
    /// Passes the messages of a stretch on, each with its channel; see [`crate::Session::messages_between`].
    pub(crate) async fn messages_between(
        &self,
        stretch: &Stretch,
        take: &mut (dyn FnMut(&Channel, &Message<'_>) -> ControlFlow<()> + Send),
    ) -> Result<(), QueryError> {
        let rows = self.named(&stretch.recording_id, &stretch.topics).await?;
        let mut channels = BTreeMap::new();
        for row in &rows {
            channels.insert(row.id, self.channel(row).await?);
        }
        let explained = |error| crate::explain::explain(error, "", &[]);
        let parts = self.parts(&rows).await.map_err(explained)?;
        for part in parts {
            let outside = |(first, last)| last < stretch.start_ns || first > stretch.end_ns;
            if part.times.is_some_and(outside) {
                continue;
            }
            let bytes = match &part.range {
                Some(range) => Some(bytes_of(self, range).await?),
                None => None,
            };
            let wanted = part.wanted((stretch.start_ns, stretch.end_ns));
            if self
                .pass(&part, bytes.as_deref(), (&wanted, &channels), take)?
                .is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn pass(
        &self,
        part: &Part,
        bytes: Option<&[u8]>,
        (wanted, channels): (&Wanted, &BTreeMap<u32, Channel>),
        take: &mut (dyn FnMut(&Channel, &Message<'_>) -> ControlFlow<()> + Send),
    ) -> Result<ControlFlow<()>, QueryError> {
        let mut state = ControlFlow::Continue(());
        let mut pass = |message: &Message<'_>| {
            if let Some(channel) = channels.get(&message.channel)
                && wanted.has(message)
            {
                state = take(channel, message);
            }
            state
        };
        match bytes {
            Some(bytes) => visit(part, bytes, &mut pass)?,
            None => whole(self, part, wanted, &mut pass)?,
        }
        Ok(state)
    }
}
