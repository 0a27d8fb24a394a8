//! The language of a text, or why it cannot be told.

use super::TextError;
use crate::stats::SplitMix;
use serde::{Deserialize, Serialize};

/// Languages that can be told apart, as their two-letter codes (ISO 639-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Arabic.
    #[serde(rename = "ar")]
    Arabic,
    /// German.
    #[serde(rename = "de")]
    German,
    /// English.
    #[serde(rename = "en")]
    English,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// French.
    #[serde(rename = "fr")]
    French,
    /// Hindi.
    #[serde(rename = "hi")]
    Hindi,
    /// Italian.
    #[serde(rename = "it")]
    Italian,
    /// Japanese.
    #[serde(rename = "ja")]
    Japanese,
    /// Korean.
    #[serde(rename = "ko")]
    Korean,
    /// Dutch.
    #[serde(rename = "nl")]
    Dutch,
    /// Portuguese.
    #[serde(rename = "pt")]
    Portuguese,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
    /// Swedish.
    #[serde(rename = "sv")]
    Swedish,
    /// Turkish.
    #[serde(rename = "tr")]
    Turkish,
    /// Vietnamese.
    #[serde(rename = "vi")]
    Vietnamese,
    /// Chinese.
    #[serde(rename = "zh")]
    Chinese,
}

impl From<whichlang::Lang> for Language {
    fn from(found: whichlang::Lang) -> Self {
        use whichlang::Lang;
        match found {
            Lang::Ara => Self::Arabic,
            Lang::Cmn => Self::Chinese,
            Lang::Deu => Self::German,
            Lang::Eng => Self::English,
            Lang::Fra => Self::French,
            Lang::Hin => Self::Hindi,
            Lang::Ita => Self::Italian,
            Lang::Jpn => Self::Japanese,
            Lang::Kor => Self::Korean,
            Lang::Nld => Self::Dutch,
            Lang::Por => Self::Portuguese,
            Lang::Rus => Self::Russian,
            Lang::Spa => Self::Spanish,
            Lang::Swe => Self::Swedish,
            Lang::Tur => Self::Turkish,
            Lang::Vie => Self::Vietnamese,
        }
    }
}

/// When a language counts as told; see [`identify`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LanguageOptions {
    /// Letters a text must have; one of a script of syllables or words counts as [`LETTERS_PER_SIGN`].
    pub least_letters: usize,
    /// Share of resamples that must agree.
    pub least_confidence: f64,
    /// How often the words are drawn again.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for LanguageOptions {
    fn default() -> Self {
        Self {
            least_letters: 30,
            least_confidence: 0.9,
            resamples: 50,
            seed: 1,
        }
    }
}

/// Letters that a sign of Chinese, Japanese or Korean writing stands for.
pub const LETTERS_PER_SIGN: usize = 3;

/// Why a language cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undetermined {
    /// Nothing but digits, signs and spaces.
    NoLetters,
    /// Fewer letters than a guess can rest on.
    TooShort,
    /// Other words of the same text would give another language.
    MarginTooSmall,
    /// The language is none of those expected.
    NotExpected,
}

/// The language of a text; see [`identify`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Identified {
    /// The language; none where it is undetermined.
    pub language: Option<Language>,
    /// Why it is undetermined.
    pub reason: Option<Undetermined>,
    /// The library's own answer, whatever is to be thought of it; none without letters.
    pub nearest: Option<Language>,
    /// Share of resamples in which that answer stays.
    pub confidence: f64,
    /// Letters the answer rests on, counted as [`LanguageOptions::least_letters`] says.
    pub letters: usize,
}

/// The language of a text among those expected, by the linear model over letter runs of `whichlang` 0.1, or why it is
/// undetermined. The library always answers, also for one word and for a language it does not know; so texts with few
/// letters are not judged, and the answer must stay when the words are drawn again with replacement (bootstrap; Efron and
/// Tibshirani 1993), which it does not where a few words carry it, where two languages have equal parts, or where the language
/// is a third one close to both. Words with digits are names of things and left out.
///
/// Errors: [`TextError::BadOption`] for no expected language, for no resamples, and for a confidence outside 0 to 1.
/// Cost: resamples times the length of the text.
pub fn identify(
    text: &str,
    expected: &[Language],
    options: LanguageOptions,
) -> Result<Identified, TextError> {
    check(expected, options)?;
    let mut pieces = Vec::new();
    let letters = pieces_of(text, &mut pieces);
    let mut found = Identified {
        language: None,
        reason: None,
        nearest: None,
        confidence: 0.0,
        letters,
    };
    if pieces.is_empty() {
        found.reason = Some(Undetermined::NoLetters);
        return Ok(found);
    }
    let mut buffer = String::with_capacity(text.len());
    let mut classify = |pick: &mut dyn FnMut(usize) -> usize| {
        buffer.clear();
        for at in 0..pieces.len() {
            buffer.push_str(pieces[pick(at)]);
            buffer.push(' ');
        }
        Language::from(whichlang::detect_language(&buffer))
    };
    let nearest = classify(&mut |at| at);
    let mut random = SplitMix::new(options.seed);
    let same = (0..options.resamples)
        .filter(|_| classify(&mut |_| random.below(pieces.len())) == nearest)
        .count();
    found.nearest = Some(nearest);
    found.confidence = same as f64 / options.resamples as f64;
    found.reason = if letters < options.least_letters {
        Some(Undetermined::TooShort)
    } else if found.confidence < options.least_confidence {
        Some(Undetermined::MarginTooSmall)
    } else if !expected.contains(&nearest) {
        Some(Undetermined::NotExpected)
    } else {
        None
    };
    found.language = found.reason.is_none().then_some(nearest);
    Ok(found)
}

fn check(expected: &[Language], options: LanguageOptions) -> Result<(), TextError> {
    let (name, value, hint) = if expected.is_empty() {
        ("expected", 0.0, "name the languages the texts may be in")
    } else if options.resamples == 0 {
        ("resamples", 0.0, "at least 1; 50 are usual")
    } else if !(0.0..=1.0).contains(&options.least_confidence) {
        ("least_confidence", options.least_confidence, "0 to 1")
    } else {
        return Ok(());
    };
    Err(TextError::BadOption { name, value, hint })
}

/// Chinese signs, kana and Korean syllables: no spaces part their words, and each says as much as several letters.
fn is_sign(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x2_0000..=0x3_ffff)
}

/// Words without digits, and signs one by one; how many letters they have.
fn pieces_of<'a>(text: &'a str, pieces: &mut Vec<&'a str>) -> usize {
    let mut letters = 0;
    for word in text.split_whitespace() {
        if word.chars().any(char::is_numeric) && !word.chars().any(is_sign) {
            continue;
        }
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let end = if is_sign(first) {
                letters += LETTERS_PER_SIGN;
                first.len_utf8()
            } else {
                let end = rest.find(is_sign).unwrap_or(rest.len());
                let of_word = rest[..end].chars().filter(|c| c.is_alphabetic()).count();
                letters += of_word;
                if of_word == 0 {
                    rest = &rest[end..];
                    continue;
                }
                end
            };
            pieces.push(&rest[..end]);
            rest = &rest[end..];
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, expected: &[Language]) -> Identified {
        identify(text, expected, LanguageOptions::default()).unwrap()
    }

    const ALL: [Language; 16] = [
        Language::Arabic,
        Language::German,
        Language::English,
        Language::Spanish,
        Language::French,
        Language::Hindi,
        Language::Italian,
        Language::Japanese,
        Language::Korean,
        Language::Dutch,
        Language::Portuguese,
        Language::Russian,
        Language::Swedish,
        Language::Turkish,
        Language::Vietnamese,
        Language::Chinese,
    ];

    /// A sentence of each language, in the order of [`ALL`].
    const SENTENCES: [&str; 16] = [
        "ينتظر المشاة عند ممر العبور حتى تتوقف السيارة الحمراء ثم يعبرون الشارع.",
        "Der Fußgänger wartet am Zebrastreifen, bis das rote Auto anhält, und geht dann über die Straße.",
        "The pedestrian waits at the crossing until the red car stops, and then walks across the street.",
        "El peatón espera en el paso de cebra hasta que el coche rojo se detiene y luego cruza la calle.",
        "Le piéton attend au passage que la voiture rouge s'arrête, puis il traverse la rue avec son chien.",
        "पैदल यात्री लाल गाड़ी के रुकने तक इंतज़ार करता है और फिर सड़क पार करता है।",
        "Il pedone aspetta sulle strisce che la macchina rossa si fermi e poi attraversa la strada.",
        "歩行者は赤い車が止まるまで横断歩道で待ち、それから道を渡ります。",
        "보행자는 빨간 차가 멈출 때까지 횡단보도에서 기다린 다음 길을 건넙니다.",
        "De voetganger wacht bij het zebrapad tot de rode auto stopt en steekt dan de straat over.",
        "O pedestre espera na faixa até que o carro vermelho pare e depois atravessa a rua com o cachorro.",
        "Пешеход ждёт на переходе, пока красная машина остановится, а затем переходит улицу.",
        "Fotgängaren väntar vid övergångsstället tills den röda bilen stannar och går sedan över gatan.",
        "Yaya, kırmızı araba durana kadar geçitte bekler ve sonra caddenin karşısına geçer.",
        "Người đi bộ chờ ở vạch qua đường cho đến khi chiếc xe màu đỏ dừng lại rồi mới băng qua đường.",
        "行人在人行横道前等待，直到红色汽车停下来，然后才穿过马路。",
    ];

    #[test]
    fn a_sentence_of_each_language_is_told() {
        for (language, sentence) in ALL.into_iter().zip(SENTENCES) {
            let found = of(sentence, &ALL);
            assert_eq!(found.language, Some(language), "{sentence}: {found:?}");
            assert_eq!(found.reason, None);
            let others: Vec<Language> = ALL.into_iter().filter(|l| *l != language).collect();
            let found = of(sentence, &others);
            assert_eq!(
                (found.language, found.reason),
                (None, Some(Undetermined::NotExpected))
            );
            assert_eq!(found.nearest, Some(language));
        }
    }

    #[test]
    fn short_texts_are_not_judged() {
        // What whatlang takes for Dutch and Welsh, and lingua for others too.
        for text in ["stop", "car", "red car", "no", "STOP!", "taxi hotel", "人"] {
            let found = of(text, &ALL);
            assert_eq!(
                (found.language, found.reason),
                (None, Some(Undetermined::TooShort)),
                "{text}"
            );
            assert!(found.nearest.is_some());
        }
        for text in ["", " ", "12:30", "-- 4711 !?", "frame_0012 r2d2"] {
            let found = of(text, &ALL);
            assert_eq!(
                (found.reason, found.nearest),
                (Some(Undetermined::NoLetters), None),
                "{text}"
            );
        }
    }

    #[test]
    fn mixed_texts_have_no_language() {
        let text = "the red car waits at the light und fährt dann langsam weiter nach Hause";
        let found = of(text, &ALL);
        assert_eq!(
            found.reason,
            Some(Undetermined::MarginTooSmall),
            "{found:?}"
        );
    }

    #[test]
    fn names_of_things_do_not_count_and_the_seed_decides() {
        let with = format!("{} frame_0012.png 4711", SENTENCES[2]);
        assert_eq!(of(&with, &ALL), of(SENTENCES[2], &ALL));
        assert_eq!(of(SENTENCES[2], &ALL).letters, 77);
        assert_eq!(of("赤い車", &ALL).letters, 9);
        let bad = |options: LanguageOptions, expected: &[Language]| {
            identify("text", expected, options).is_err()
        };
        let usual = LanguageOptions::default();
        assert!(bad(usual, &[]));
        assert!(bad(
            LanguageOptions {
                resamples: 0,
                ..usual
            },
            &ALL
        ));
        assert!(bad(
            LanguageOptions {
                least_confidence: f64::NAN,
                ..usual
            },
            &ALL
        ));
    }
}
