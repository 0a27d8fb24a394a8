//! Objects that captions name and the scene does not hold, and the other way.

use super::TextError;
use serde::Serialize;
use std::collections::BTreeMap;

/// Words and runs of words that name an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synonyms {
    /// Runs of words joined by a space.
    names: BTreeMap<String, String>,
    longest: usize,
}

impl Synonyms {
    /// From pairs of a name, one or several words in lower case, and the object it names. An object is its own name.
    pub fn new<'a>(names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (name, object) in names {
            for name in [name, object] {
                found.longest = found.longest.max(name.split(' ').count());
                found
                    .names
                    .entry(name.to_owned())
                    .or_insert_with(|| object.to_owned());
            }
        }
        found
    }

    /// Objects named, in order and with repetitions; of overlapping names the longest, then the first.
    pub fn mentions(&self, words: &[String]) -> Vec<&str> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let most = self.longest.min(words.len() - at);
            let hit = (1..=most)
                .rev()
                .find_map(|n| Some((n, self.names.get(&words[at..at + n].join(" "))?)));
            match hit {
                Some((n, object)) => {
                    found.push(object.as_str());
                    at += n;
                }
                None => at += 1,
            }
        }
        found
    }
}

/// What one caption names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mentions {
    /// Objects named, each once, in order.
    pub mentioned: Vec<String>,
    /// Those the scene does not hold.
    pub hallucinated: Vec<String>,
    /// Objects of the scene that are not named.
    pub missed: Vec<String>,
}

/// See [`chair`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chair {
    /// Share of mentions whose object is not there, repetitions counted; none without a mention.
    pub chair_i: Option<f64>,
    /// Share of captions with any such mention.
    pub chair_s: f64,
    /// Share of objects of the scenes that are named; none without an object.
    pub recall: Option<f64>,
    /// The same per object: what is dangerous to miss must be looked at by itself.
    pub recall_by_object: BTreeMap<String, f64>,
    /// Caption by caption.
    pub per_caption: Vec<Mentions>,
}

/// CHAIR (Rohrbach and others 2018) and its counterpart, the objects that are missed: captions as words, and the objects
/// each scene holds.
///
/// Knows names only: "no pedestrian" counts as a mention, counts and relations are not seen.
/// Errors: [`TextError::Mismatch`], [`TextError::Empty`]. Cost: words times the longest name.
pub fn chair(
    captions: &[Vec<String>],
    objects: &[Vec<String>],
    synonyms: &Synonyms,
) -> Result<Chair, TextError> {
    if captions.is_empty() {
        return Err(TextError::Empty);
    }
    if captions.len() != objects.len() {
        return Err(TextError::Mismatch {
            seen: objects.len(),
            expected: captions.len(),
            hint: "one list of objects per caption",
        });
    }
    let (mut wrong, mut all, mut with_any) = (0_usize, 0_usize, 0_usize);
    let mut seen: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let mut per_caption = Vec::with_capacity(captions.len());
    for (words, truth) in captions.iter().zip(objects) {
        let mentions = synonyms.mentions(words);
        let is_wrong = |object: &&str| !truth.iter().any(|t| t == *object);
        let own = mentions.iter().filter(|m| is_wrong(m)).count();
        wrong += own;
        all += mentions.len();
        with_any += usize::from(own > 0);
        let mut mentioned: Vec<String> = Vec::new();
        for object in &mentions {
            if !mentioned.iter().any(|m| m == object) {
                mentioned.push((*object).to_owned());
            }
        }
        let mut missed: Vec<String> = Vec::new();
        for object in truth {
            let is_named = mentioned.contains(object);
            let count = seen.entry(object).or_default();
            count[0] += usize::from(is_named);
            count[1] += 1;
            if !is_named {
                missed.push(object.clone());
            }
        }
        per_caption.push(Mentions {
            hallucinated: mentioned
                .iter()
                .filter(|m| !truth.contains(m))
                .cloned()
                .collect(),
            mentioned,
            missed,
        });
    }
    let share = |part: usize, all: usize| (all > 0).then(|| part as f64 / all as f64);
    let named: usize = seen.values().map(|c| c[0]).sum();
    let held: usize = seen.values().map(|c| c[1]).sum();
    Ok(Chair {
        chair_i: share(wrong, all),
        chair_s: with_any as f64 / captions.len() as f64,
        recall: share(named, held),
        recall_by_object: seen
            .iter()
            .map(|(object, c)| ((*object).to_owned(), c[0] as f64 / c[1] as f64))
            .collect(),
        per_caption,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    #[test]
    fn named_and_missed() {
        let synonyms = Synonyms::new([
            ("vehicle", "car"),
            ("stop light", "traffic light"),
            ("light", "lamp"),
        ]);
        let captions = [
            tokens("a car and another vehicle at a stop light"),
            tokens("a light"),
        ];
        let objects = [
            vec!["car".to_owned(), "person".to_owned()],
            vec!["lamp".to_owned()],
        ];
        let found = chair(&captions, &objects, &synonyms).unwrap();
        assert_eq!(found.per_caption[0].mentioned, ["car", "traffic light"]);
        assert_eq!(found.per_caption[0].hallucinated, ["traffic light"]);
        assert_eq!(found.per_caption[0].missed, ["person"]);
        assert_eq!(found.chair_i, Some(0.25));
        assert_eq!((found.chair_s, found.recall), (0.5, Some(2.0 / 3.0)));
        assert!(chair(&captions, &objects[..1], &synonyms).is_err());
    }
}
