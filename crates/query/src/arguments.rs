//! Calls of functions with arguments that they do not take: what the engine says of them, in words.

use crate::explain::{lowered, one_line};
use crate::functions;

/// Forms of a call that are told.
const MOST_TOLD: usize = 6;

/// What a message of the planner about a call means; none for a message about something else.
pub(crate) fn refused(message: &str) -> Option<String> {
    let before = "No function matches the given name and argument types '";
    let (reason, rest) = message.split_once(before)?;
    let (call, rest) = rest.split_once("'. You might")?;
    let (name, given) = call.strip_suffix(')')?.split_once('(')?;
    let given = given_to(given);
    let not = format!("not `({})`", given.join(", "));
    if let Some(function) = functions::named(name) {
        let args: Vec<&str> = function.args.iter().map(|(name, _)| *name).collect();
        return Some(format!(
            "`{name}` takes numbers, `{name}({})`, {not}",
            args.join(", ")
        ));
    }
    let forms = forms(name, rest);
    if forms.is_empty() {
        return Some(format!(
            "`{name}` does not take `({})`: {}",
            given.join(", "),
            bare(reason)
        ));
    }
    Some(format!("`{name}` takes {}, {not}", any_of(&forms)))
}

/// Types of the arguments of a call.
fn given_to(types: &str) -> Vec<String> {
    let types = parts(types).into_iter();
    types.map(|kind| word(kind).to_owned()).collect()
}

/// The forms of a call that the engine lists, each once.
fn forms(name: &str, listed: &str) -> Vec<Vec<String>> {
    let calls = listed.lines().filter_map(|line| {
        let args = line.trim().strip_prefix(name)?.strip_prefix('(')?;
        args.strip_suffix(')')
    });
    let mut forms: Vec<Vec<String>> = Vec::new();
    for call in calls.filter(|call| *call != "UserDefined") {
        let form: Vec<String> = parts(call).into_iter().flat_map(taken).collect();
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    // Where any number does, an integer need not be said.
    let wider = |form: &[String]| -> Vec<String> {
        let wide = |kind: &String| kind.replace("integer", "number");
        form.iter().map(wide).collect()
    };
    let all = forms.clone();
    forms.retain(|form| {
        let wide = wider(form);
        wide == *form || !all.contains(&wide)
    });
    forms
}

/// What one part of a form stands for: an argument, or several of one kind.
fn taken(part: &str) -> Vec<String> {
    let kind = part.rsplit_once(": ").map_or(part, |(_, kind)| kind);
    if kind == "NullAry()" {
        return Vec::new();
    }
    if let Some((head, count)) = kind.split_once('(')
        && let "Numeric" | "String" | "Comparable" = head
        && let Ok(count) = count.trim_end_matches(')').parse::<usize>()
    {
        return vec![word(head).to_owned(); count.min(MOST_TOLD)];
    }
    let mut words: Vec<&str> = Vec::new();
    for kind in kind.split('/').map(word) {
        if !words.contains(&kind) {
            words.push(kind);
        }
    }
    if words.contains(&"number") {
        words.retain(|word| *word != "integer");
    }
    vec![words.join(" or ")]
}

/// A type of the engine as people call it; one that needs no other name stays as it is.
fn word(kind: &str) -> &str {
    let head = kind.split(['(', '<']).next().unwrap_or(kind);
    match head {
        "Utf8" | "Utf8View" | "LargeUtf8" | "String" => "text",
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64"
        | "Integer" => "integer",
        "Float16" | "Float32" | "Float64" | "Float" | "Decimal" | "Decimal32" | "Decimal64"
        | "Decimal128" | "Decimal256" | "Numeric" => "number",
        "Boolean" => "boolean",
        "Binary" | "BinaryView" | "LargeBinary" | "FixedSizeBinary" => "bytes",
        "List" | "LargeList" | "ListView" | "LargeListView" | "FixedSizeList" | "array"
        | "recursive_array" => "list",
        "Timestamp" => "timestamp",
        "Date" | "Date32" | "Date64" => "date",
        "Time" | "Time32" | "Time64" => "time",
        "Interval" => "interval",
        "Duration" => "duration",
        "Struct" => "struct",
        "Map" | "map_array" => "map",
        "Null" => "null",
        "Any" | "Comparable" => "any",
        _ => kind,
    }
}

/// The parts between commas that stand in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut parts = Vec::new();
    for (at, one) in text.char_indices() {
        match one {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

fn any_of(forms: &[Vec<String>]) -> String {
    let shown = forms.iter().map(|form| format!("`({})`", form.join(", ")));
    let mut shown: Vec<String> = shown.take(MOST_TOLD).collect();
    let more = forms.len() - shown.len();
    if more > 0 {
        return format!("{} and {more} more", shown.join(", "));
    }
    match (shown.pop(), shown.is_empty()) {
        (Some(last), false) => format!("{} or {last}", shown.join(", ")),
        (last, _) => last.unwrap_or_default(),
    }
}

/// A reason without the kinds of errors it came through.
fn bare(reason: &str) -> String {
    let mut reason = reason.trim().trim_end_matches('.');
    if let Some((_, inner)) = reason.rsplit_once("coercion failed with: ") {
        reason = inner;
    }
    for kind in ["Execution error: ", "Error during planning: "] {
        reason = reason.strip_prefix(kind).unwrap_or(reason);
    }
    lowered(&one_line(reason))
}

#[cfg(test)]
mod tests {
    use super::refused;
    use expect_test::{Expect, expect};

    #[expect(
        clippy::needless_pass_by_value,
        reason = "as `expect!` is passed everywhere"
    )]
    #[track_caller]
    fn check(message: &str, expected: Expect) {
        expected.assert_eq(&refused(message).unwrap_or_default());
    }

    #[test]
    fn what_a_function_takes_and_what_it_got_is_told() {
        check(
            "Internal error: Function 'sum' failed to match any signature, errors: Error during planning: Function 'sum' requires Decimal, but received String (DataType: Utf8View).. No function matches the given name and argument types 'sum(Utf8View)'. You might need to add explicit type casts.\n\tCandidate functions:\n\tsum(Decimal)\n\tsum(UInt64)\n\tsum(Int64)\n\tsum(Float64)\n\tsum(Duration)",
            expect!["`sum` takes `(number)` or `(duration)`, not `(text)`"],
        );
        check(
            "Failed to coerce arguments to satisfy a call to 'distance_2d' function: coercion from Utf8, Int64 to the signature Exact(Float64, Float64, Float64, Float64) failed. No function matches the given name and argument types 'distance_2d(Utf8, Int64)'. You might need to add explicit type casts.\n\tCandidate functions:\n\tdistance_2d(Float64, Float64, Float64, Float64)",
            expect![
                "`distance_2d` takes numbers, `distance_2d(x1, y1, x2, y2)`, not `(text, integer)`"
            ],
        );
        check(
            "x. No function matches the given name and argument types 'f(List(Struct(\"a\": Int64, \"b\": Utf8)), Decimal128(38, 10))'. You might need to add explicit type casts.\n\tCandidate functions:\n\tf(Int64/Utf8, Numeric(2))\n\tf(n: UInt8/Float32, ..)\n\tf(NullAry())",
            expect![
                "`f` takes `(integer or text, number, number)`, `(number, ..)` or `()`, not `(list, number)`"
            ],
        );
    }

    #[test]
    fn what_the_engine_lists_no_forms_of_has_its_reason() {
        check(
            "Execution error: Function 'coalesce' user-defined coercion failed with: Execution error: coalesce must have at least one argument. No function matches the given name and argument types 'coalesce()'. You might need to add explicit type casts.\n\tCandidate functions:\n\tcoalesce(UserDefined)",
            expect!["`coalesce` does not take `()`: coalesce must have at least one argument"],
        );
        assert_eq!(
            refused("cannot create filter with non-boolean predicate"),
            None
        );
    }
}
