//! One look at a document's bytes, in a straight line: how many tokens, and how deep its brackets.

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) tokens: u64,
    /// The deepest nesting of `{`, `[` and `(`.
    pub(super) nesting: u64,
    /// Bytes of the longest name or number.
    pub(super) longest_word: u64,
}

/// Counts tokens and brackets. What is in strings and comments does not count, and what is no token at all
/// is the parser's to refuse.
///
/// It must not take for a string what the parser reads as brackets: those would be nested without limit. A string
/// without an end stops both, so the rest does not count.
pub(super) fn scan(source: &[u8]) -> Scan {
    let mut found = Scan::default();
    let (mut at, mut open) = (0, 0_u64);
    let mut blocks_end = true;
    while let Some(&byte) = source.get(at) {
        let rest = &source[at..];
        let length = match byte {
            b'#' => length_while(rest, |byte| !matches!(byte, b'\n' | b'\r')),
            b'"' => match string_length(rest, &mut blocks_end) {
                Some(length) => length,
                None => break,
            },
            b'-' | b'0'..=b'9' => number_length(rest),
            _ if is_name(byte) => length_while(rest, is_name),
            b'.' => length_while(rest, |byte| byte == b'.').min(3),
            _ => 1,
        };
        match byte {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        if is_name(byte) || byte == b'-' {
            found.longest_word = found.longest_word.max(length as u64);
        }
        found.nesting = found.nesting.max(open);
        found.tokens += u64::from(is_name(byte) || b"!$&().:=@[]{|}\"-".contains(&byte));
        at += length;
    }
    found
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn length_while(rest: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    rest.iter().take_while(|byte| is_part(**byte)).count()
}

/// `-1`, `0.5`, `6.02e+23`; a sign elsewhere begins the next number.
fn number_length(rest: &[u8]) -> usize {
    let goes_on = |pair: &&[u8]| match pair[1] {
        b'+' | b'-' => matches!(pair[0], b'e' | b'E'),
        byte => is_name(byte) || byte == b'.',
    };
    1 + rest.windows(2).take_while(goes_on).count()
}

/// The length of the string that `rest` begins with, quotes included.
///
/// As for the parser, `"""` without its end is an empty string and the beginning of another. Behind the first of them
/// there is no end for any other either: `blocks_end` remembers that, or each would be looked for in all of the rest.
fn string_length(rest: &[u8], blocks_end: &mut bool) -> Option<usize> {
    if *blocks_end && rest.starts_with(QUOTES) {
        match block_string_length(rest) {
            Some(length) => return Some(length),
            None => *blocks_end = false,
        }
    }
    let mut at = 1;
    loop {
        match rest.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            b'\n' | b'\r' => return None,
            _ => at += 1,
        }
    }
}

const QUOTES: &[u8] = b"\"\"\"";

fn block_string_length(rest: &[u8]) -> Option<usize> {
    let mut at = QUOTES.len();
    while at < rest.len() {
        if rest[at..].starts_with(QUOTES) {
            return Some(at + QUOTES.len());
        }
        at += if rest[at..].starts_with(b"\\\"\"\"") { 4 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_specification() {
        for (source, tokens) in [
            ("", 0),
            (" ,\t\r\n\u{feff}", 0),
            ("# { [ (", 0),
            ("{a}", 3),
            ("{ a, b # c\n d }", 5),
            ("query A($b: [Int!]! = -1.5e-3) @c { ...D ... on E { f } }", 26),
            (r#"{ a(b: "c \" { [ (", d: """ " \""" { """, e: "") }"#, 14),
            ("{a(b:[1-1])}", 11),
        ] {
            assert_eq!(scan(source.as_bytes()).tokens, tokens, "{source}");
        }
    }

    #[test]
    fn only_brackets_that_the_parser_sees_nest() {
        for (source, nesting) in [
            ("{a(b:[{c:1}])}", 4),
            ("{a}{b}{c}", 1),
            ("}}}{", 1),
            ("{a # {{{{\n}", 1),
            ("{a # {{{{\r{b}}", 2),
            (r#"{a(b:"[[[\"[[[")}"#, 2),
            (r#"{a(b:"""[[["[[[\"""[[[""")}"#, 2),
            // The parser reads `""`, then `" "`, then brackets.
            (r#"{a(b:[""" "[[["#, 6),
            // It does not get past the quote.
            (r#"{a(b:"[[["#, 2),
        ] {
            assert_eq!(scan(source.as_bytes()).nesting, nesting, "{source}");
        }
    }
}
