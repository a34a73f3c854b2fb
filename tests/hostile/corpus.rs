//! Requests made to do harm: those of `tests/corpus/`, which are worth reading, and those that only a program writes.

use std::{fs, path::Path};

use serde_json::Value;

/// One of them.
#[derive(Clone)]
pub(super) struct Hostile {
    pub(super) name: String,
    pub(super) expected: Expected,
    request: Request,
}

/// What must become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Nothing is executed, for a reason of this code.
    Refused(&'static str),
    /// It is no request at all.
    Malformed,
    /// It is executed, with or without errors of single fields.
    Executed,
}

#[derive(Clone)]
enum Request {
    Document {
        text: String,
        /// JSON.
        variables: String,
    },
    Body(Vec<u8>),
}

use Expected::{Executed, Malformed, Refused};

const INVALID: Expected = Refused("GRAPHQL_VALIDATION_FAILED");
const UNPARSABLE: Expected = Refused("GRAPHQL_PARSE_FAILED");
const BAD: Expected = Refused("BAD_REQUEST");

impl Hostile {
    /// The body of a POST. A document is another one for each `number`, since a server remembers those it has seen.
    pub(super) fn body(&self, number: usize) -> Vec<u8> {
        match &self.request {
            Request::Document { text, variables } => {
                let text = Value::from(format!("{text}\n#{number}"));
                format!("{{\"query\":{text},\"variables\":{variables}}}").into_bytes()
            }
            Request::Body(body) => body.clone(),
        }
    }
}

/// All of them.
pub(super) fn corpus() -> Vec<Hostile> {
    let mut all = files();
    for generate in [levels, tokens, fragments, crowds, literals, variables, bodies, within_the_limits] {
        all.extend(generate());
    }
    all
}

/// Each begins with a comment: `# expected: ` and `executed` or a code.
fn files() -> Vec<Hostile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(path).unwrap();
        let expected = match text.lines().next().and_then(|line| line.strip_prefix("# expected: ")) {
            Some("executed") => Executed,
            Some("GRAPHQL_PARSE_FAILED") => UNPARSABLE,
            Some("GRAPHQL_VALIDATION_FAILED") => INVALID,
            other => panic!("{name} expects {other:?}"),
        };
        document(name, text, expected)
    };
    paths.iter().map(|path| read(path)).collect()
}

fn document(name: &str, text: String, expected: Expected) -> Hostile {
    with_variables(name, text, "{}".into(), expected)
}

fn with_variables(name: &str, text: String, variables: String, expected: Expected) -> Hostile {
    Hostile { name: name.into(), expected, request: Request::Document { text, variables } }
}

fn body(name: &str, body: impl Into<Vec<u8>>, expected: Expected) -> Hostile {
    Hostile { name: name.into(), expected, request: Request::Body(body.into()) }
}

/// `make` of each number up to `count`.
fn each(count: usize, make: impl Fn(usize) -> String) -> String {
    (0..count).map(make).collect()
}

/// `count` times the same in a JSON list.
fn list_of(count: usize, value: &str) -> String {
    format!("[{}]", vec![value; count].join(","))
}

fn levels() -> Vec<Hostile> {
    let nested = |before: &str, open: &str, middle: &str, close: &str, levels: usize| {
        format!("{before}{}{middle}{}", open.repeat(levels), close.repeat(levels))
    };
    vec![
        document("100,000 levels of {a", "{a".repeat(100_000), INVALID),
        document("100,000 levels of [", nested("{node(id:", "[", "", "]", 100_000) + "){id}}", INVALID),
        document("100,000 levels of (", "{a(".repeat(100_000), INVALID),
        document("600 levels of {a", nested("", "{a", "", "}", 600), INVALID),
        document("1,900 levels of [", nested("{node(id:", "[", "", "", 1_900), INVALID),
        document(
            "600 levels of {a: in a value",
            nested("{node(id:", "{a:", "1", "}", 600) + "){id}}",
            INVALID,
        ),
        document(
            "600 levels of [ in a type",
            nested("query($a:", "[", "Int", "]", 600) + "){viewer{id}}",
            INVALID,
        ),
        document(
            "600 inline fragments in one another",
            nested("{viewer", "{...", "{id}", "}", 600) + "}",
            INVALID,
        ),
        document("64 levels of {a, cut off", "{a".repeat(64), UNPARSABLE),
        document("60 levels of {...@a, cut off", "{...@a".repeat(60), UNPARSABLE),
        document("62 levels of [, cut off", nested("{node(id:", "[", "", "", 62), UNPARSABLE),
        document("62 levels of [ in a default, cut off", nested("query($a:I=", "[", "$", "", 62), UNPARSABLE),
        document("62 levels of [ as an argument", nested("{node(id:", "[", "", "]", 62) + "){id}}", INVALID),
        document(
            "62 levels of [ as a type",
            nested("query($a:", "[", "Int", "]", 62) + "){viewer{id}}",
            INVALID,
        ),
        document("3,000 closing braces", "}".repeat(3_000), INVALID),
    ]
}

fn tokens() -> Vec<Hostile> {
    vec![
        document("300,000 tokens", format!("{{viewer{{{}}}}}", "id ".repeat(299_995)), INVALID),
        document("8,000 tokens", format!("{{viewer{{{}}}}}", "a ".repeat(8_000)), INVALID),
        document("16,000 brackets", "{}".repeat(8_000), INVALID),
        document("16 KB of commas", ",".repeat(16_000), UNPARSABLE),
        document("16 KB of byte order marks", "\u{feff}".repeat(5_000), UNPARSABLE),
        document("16 KB of zeros", "\0".repeat(16_000), UNPARSABLE),
        document("16 KB of line ends", "\r\n".repeat(8_000), UNPARSABLE),
        document("16 KB of Chinese", "字".repeat(5_000), UNPARSABLE),
        document("1 MB of commas", ",".repeat(1_000_000), INVALID),
        document("1 MB of comment", "#".repeat(1_000_000), INVALID),
    ]
}

fn fragments() -> Vec<Hostile> {
    let doubling = |last: &str| {
        let levels = each(28, |number| format!("fragment f{number} on Query{{...f{0} ...f{0}}}", number + 1));
        format!("{{...f0}}{levels}{last}")
    };
    let chain = |count: usize, last: &str| {
        each(count, |number| format!("fragment f{number} on User{{...f{}}}", number + 1))
            + &format!("fragment f{count} on User{{{last}}}")
    };
    let fan = |width: usize, fields: usize| {
        let fields = "id ".repeat(fields);
        format!("{{viewer{{{}}}}}fragment w on User{{{fields}}}", "...w ".repeat(width))
    };
    let sevens = each(7, |number| {
        format!("fragment f{number} on User{{{}}}", format!("...f{} ", number + 1).repeat(60))
    });
    vec![
        document("28 doublings", doubling("fragment f28 on Query{errorCodes}"), INVALID),
        document("28 doublings of nothing", doubling(""), INVALID),
        document("a fan of 500 fragments with 500 fields", fan(500, 500), INVALID),
        document("a fan of 4,000 fragments", fan(4_000, 1), INVALID),
        document("seven fans of 60, one in the other", format!("{{viewer{{...f0}}}}{sevens}"), INVALID),
        document("a fan of 900 fragments that are not there", fan(900, 1).replace("...w", "...x"), INVALID),
        document("a cycle of 200 fragments", "{viewer{...f0}}".to_owned() + &chain(200, "...f0"), INVALID),
        document(
            "an unused cycle of 200 fragments",
            "{viewer{id}}".to_owned() + &chain(200, "...f0"),
            INVALID,
        ),
        document("a chain of 200 fragments", "{viewer{...f0}}".to_owned() + &chain(200, "id"), INVALID),
        document("5,000 fragments", "{viewer{id}}".to_owned() + &chain(5_000, "id"), INVALID),
        document(
            "200 fragments of one name",
            "fragment f on User{id}".repeat(200) + "{viewer{...f}}",
            UNPARSABLE,
        ),
        document(
            "240 unused fragments",
            "{viewer{id}}".to_owned() + &each(240, |number| format!("fragment f{number} on User{{id}}")),
            INVALID,
        ),
        document(
            "390 fragments on types that are not there",
            format!("{{viewer{{{}}}}}", each(390, |number| format!("...on T{number}{{x}}"))),
            INVALID,
        ),
    ]
}

fn crowds() -> Vec<Hostile> {
    let aliases = |count| format!("{{viewer{{{}}}}}", each(count, |number| format!("a{number}:id ")));
    let directives = |count| format!("{{viewer{{id{}}}}}", "@a".repeat(count));
    let arguments = |count| format!("{{node({}){{id}}}}", each(count, |number| format!("a{number}:1 ")));
    let definitions =
        |count| format!("query({}){{viewer{{id}}}}", each(count, |number| format!("$a{number}:Int ")));
    let operations = |count| each(count, |number| format!("query q{number}{{viewer{{id}}}}"));
    let (open, close) = ("fields{type{".repeat(6), "}}".repeat(6));
    vec![
        document("40,000 aliases", aliases(40_000), INVALID),
        document("600 aliases", aliases(600), INVALID),
        document("30,000 directives", directives(30_000), INVALID),
        document("900 directives", directives(900), INVALID),
        document(
            "900 unused directives",
            format!("{{viewer{{id}}}}fragment f on User{{id{}}}", "@a".repeat(900)),
            INVALID,
        ),
        document(
            "280 times @include on one field",
            format!("{{viewer{{id}}}}fragment f on User{{id{}}}", "@include(if:1)".repeat(280)),
            INVALID,
        ),
        document("40,000 arguments", arguments(40_000), INVALID),
        document("600 arguments", arguments(600), INVALID),
        document("400 variables", definitions(400), INVALID),
        document("40,000 variables", definitions(40_000), INVALID),
        document("200 operations", operations(200), INVALID),
        document("20,000 operations", operations(20_000), INVALID),
        document("21 operations without a name", "{viewer{id}}".repeat(21), UNPARSABLE),
        document("900 root fields", format!("{{{}}}", "errorCodes ".repeat(900)), INVALID),
        document("1,900 unknown fields", format!("{{viewer{{{}}}}}", "x ".repeat(1_900)), INVALID),
        document(
            "1,000 unknown fields with unlike names",
            format!("{{viewer{{{}}}}}", each(1_000, |number| format!("emai{number} "))),
            INVALID,
        ),
        document("a name of 16 KB", format!("{{viewer{{{}}}}}", "x".repeat(16_000)), INVALID),
        document(
            "300 conflicts of arguments",
            format!("{{viewer{{{}}}}}", each(300, |number| format!("x(a:{number})"))),
            INVALID,
        ),
        document(
            "six levels of introspection",
            format!("{{__schema{{types{{{open}name{close}}}}}}}"),
            INVALID,
        ),
        document(
            "introspection in fragments",
            format!("{{__type(name:\"User\"){{...t}}}}fragment t on __Type{{{open}name{close}}}"),
            INVALID,
        ),
        document(
            "130 sign-ins",
            format!("mutation{{{}}}", "signIn(input:{email:1 password:1}){__typename}".repeat(130)),
            INVALID,
        ),
    ]
}

fn literals() -> Vec<Hostile> {
    let node = |id: &str| format!("{{node(id:{id}){{id}}}}");
    vec![
        document("a string of 1 MB", node(&format!("\"{}\"", "x".repeat(1_000_000))), INVALID),
        document("a string of 16 KB", node(&format!("\"{}\"", "x".repeat(16_000))), Executed),
        document("a string of 2,600 escapes", node(&format!("\"{}\"", "\\u0041".repeat(2_600))), Executed),
        document(
            "a block string of 5,000 lines",
            node(&format!("\"\"\"{}\"\"\"", "\n x".repeat(5_000))),
            Executed,
        ),
        document(
            "a block string of 4,000 escaped ends",
            node(&format!("\"\"\"{}\"\"\"", "\\\"\"\"".repeat(4_000))),
            Executed,
        ),
        document("a string without an end", node(&format!("\"{}", "x".repeat(16_000))), UNPARSABLE),
        document(
            "a block string without an end",
            node(&format!("\"\"\"{}", "\n x".repeat(5_000))),
            UNPARSABLE,
        ),
        document("8,000 quotes", node(&"\"".repeat(8_000)), UNPARSABLE),
        document("2,700 beginnings of a block string without an end", "\\\"\"\" \"".repeat(2_700), INVALID),
        document(
            "900 beginnings of a block string without an end",
            format!("{{{}{}", "\\\"\"\" \"".repeat(900), " ".repeat(10_000)),
            UNPARSABLE,
        ),
        document(
            "a whole number of 16,000 digits",
            format!("{{users(first:{}){{totalCount}}}}", "9".repeat(16_000)),
            INVALID,
        ),
        document(
            "a number with 16,000 places",
            format!("{{users(first:0.{}){{totalCount}}}}", "9".repeat(16_000)),
            INVALID,
        ),
        document(
            "a number with a great exponent",
            "{users(first:1e999999999){totalCount}}".into(),
            UNPARSABLE,
        ),
        document("16 KB of comment", format!("{{errorCodes}}#{}", "x".repeat(16_000)), Executed),
        document("5,000 comments", format!("{{errorCodes}}{}", "#\n".repeat(5_000)), Executed),
    ]
}

fn variables() -> Vec<Hostile> {
    let given = |name: &str, query: &str, value: &str, expected| {
        with_variables(name, query.into(), format!("{{\"v\":{value}}}"), expected)
    };
    let plain = "{viewer{id}}";
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    let copies = "$v ".repeat(900);
    vec![
        given("variables of 100,000 levels", plain, &"[".repeat(100_000), Malformed),
        given("variables of 120 levels", plain, &("[".repeat(120) + &"]".repeat(120)), Executed),
        given("an unused variable of 1 MB", plain, &text(1_000_000), Executed),
        given("a variable of 1 MB", "query($v:ID!){node(id:$v){id}}", &text(1_000_000), Executed),
        given(
            "a variable of the wrong type",
            "query($v:[Int]){viewer{id}}",
            &list_of(15_000, "\"\""),
            Refused("INVALID_INPUT"),
        ),
        given(
            "an input with 15,000 unknown fields",
            "query($v:UserFilter){users(filter:$v){totalCount}}",
            &format!("{{{}\"role\":1}}", each(15_000, |number| format!("\"a{number}\":1,"))),
            Refused("INVALID_INPUT"),
        ),
        given("a list of 19,000 numbers", plain, &list_of(19_000, "0"), Executed),
        given("a list of 9,000 objects", plain, &list_of(9_000, r#"{"":0}"#), Executed),
        given("a list of 450,000 numbers", plain, &list_of(450_000, "0"), Malformed),
        given("a list of 300,000 lists", plain, &list_of(300_000, "[]"), Malformed),
        given("a list of 140,000 objects", plain, &list_of(140_000, r#"{"":0}"#), Malformed),
        given(
            "an object of 80,000 keys",
            plain,
            &format!("{{{}\"\":0}}", each(80_000, |number| format!("\"{number}\":0,"))),
            Malformed,
        ),
        given(
            "900 copies of a variable of 1 MB",
            &format!("query($v:ID){{node(id:[{copies}]){{id}}}}"),
            &text(1_000_000),
            INVALID,
        ),
        given(
            "900 copies of a variable of 1 MB in a directive",
            &format!("query($v:ID){{viewer{{id@include(if:[{copies}])}}}}"),
            &text(1_000_000),
            INVALID,
        ),
        given(
            "a variable of 1 MB in 20 fields",
            &format!("query($v:ID!){{{}}}", "node(id:$v){id}".repeat(20)),
            &text(1_000_000),
            INVALID,
        ),
    ]
}

fn bodies() -> Vec<Hostile> {
    let none = "0".repeat(64);
    let long = "x".repeat(900_000);
    vec![
        body("nothing", "", Malformed),
        body("no UTF-8", b"{\"query\":\"{\xff\xfe\xc3\x28}\"}", Malformed),
        body("half a surrogate", r#"{"query":"{viewer\ud800{id}}"}"#, Malformed),
        body("JSON that is cut off", r#"{"query":"{viewer{id}}""#, Malformed),
        body("a byte order mark before JSON", "\u{feff}{\"query\":\"{errorCodes}\"}", Malformed),
        body("a list of 50,000 requests", list_of(50_000, r#"{"query":"{x}"}"#), Malformed),
        body("1 MB of [", "[".repeat(1_000_000), Malformed),
        body("1 MB of {\"a\":", "{\"a\":".repeat(200_000), Malformed),
        body("1 MB of spaces", " ".repeat(1_000_000), Malformed),
        body("an unknown key", r#"{"query":"{errorCodes}","querry":1}"#, Malformed),
        body("the same key twice", r#"{"query":"{errorCodes}","query":"{viewer{id}}"}"#, Malformed),
        body("no document", "{}", BAD),
        body("a hash that is none", r#"{"documentId":"sha256:nonsense"}"#, BAD),
        body("a hash of 900 KB", format!(r#"{{"documentId":"{long}"}}"#), BAD),
        body(
            "a hash of nothing known",
            format!(r#"{{"documentId":"{none}"}}"#),
            Refused("PERSISTED_QUERY_NOT_FOUND"),
        ),
        body(
            "the hash of something else",
            format!(r#"{{"query":"{{errorCodes}}","documentId":"{none}"}}"#),
            BAD,
        ),
        body("a persisted query that is none", r#"{"extensions":{"persistedQuery":[[[]]]}}"#, BAD),
        body(
            "extensions of 120,000 lists",
            format!(r#"{{"query":"{{errorCodes}}","extensions":{{"a":{}}}}}"#, list_of(120_000, "[[]]")),
            Malformed,
        ),
        body(
            "an operation's name of 900 KB",
            format!(r#"{{"query":"{{errorCodes}}","operationName":"{long}"}}"#),
            INVALID,
        ),
    ]
}

/// What gets past the limits, and gives validation and execution as much to do as can be.
fn within_the_limits() -> Vec<Hostile> {
    let twenty = each(20, |number| format!("a{number}:1 "));
    let inline = |around: usize, inside: &str| {
        format!("{{viewer{{{}{inside}{}}}}}", "...{".repeat(around), "}".repeat(around))
    };
    let chain =
        each(28, |number| format!("fragment f{number} on User{{...f{} {}}}", number + 1, "x ".repeat(50)));
    let deep = each(28, |number| {
        format!("fragment f{number} on User{{{}...f{}{}}}", "...{".repeat(20), number + 1, "}".repeat(20))
    });
    let nine = each(9, |number| format!("query q{number}{{viewer{{...f}}}}"));
    let twenty_operations = each(20, |number| format!("query q{number}{{viewer{{...f}}}}"));
    let unknown = each(800, |number| format!("$v{number} "));
    let undefined = each(26 * 36, |number| {
        let digit = |value| char::from_digit(value as u32, 36).unwrap();
        format!("${}{}", digit(10 + number / 36), digit(number % 36))
    });
    let definitions = each(240, |number| format!("$v{number}:ID "));
    let used = each(480, |number| format!("$v{} ", 239 - number % 240));
    let ordered = |numbers: &mut dyn Iterator<Item = usize>| {
        numbers.map(|number| format!("a{number}:1 ")).collect::<String>()
    };
    let arguments = format!("x({})x({})", ordered(&mut (0..222)), ordered(&mut (0..222).rev()));
    let strings = "sessions(after:$v before:$v){totalCount}".repeat(120);
    vec![
        document("1,900 fields", format!("{{viewer{{{}}}}}", "id ".repeat(1_900)), Executed),
        document(
            "the names of all fields of all fields' types 1,800 times",
            format!(
                "{{__schema{{types{{fields{{type{{ofType{{fields{{{}{}",
                "name ".repeat(1_800),
                "}".repeat(7)
            ),
            INVALID,
        ),
        document(
            "1,400 times __typename",
            format!("{{viewer{{{}}}}}", "__typename ".repeat(1_400)),
            Executed,
        ),
        document("480 inline fragments", format!("{{viewer{{{}}}}}", "...{id}".repeat(480)), Executed),
        document(
            "pages of 9,900 points",
            format!("{{viewer{{sessions(first:100){{nodes{{{}}}}}}}}}", "id ".repeat(96)),
            Executed,
        ),
        document("1,900 fields in 29 inline fragments", inline(29, &"id ".repeat(1_850)), Executed),
        document("1,900 unknown fields in 29 inline fragments", inline(29, &"x ".repeat(1_850)), INVALID),
        document(
            "20 arguments 29 levels deep",
            inline(29, &format!("x({twenty}){}", "x ".repeat(1_780))),
            INVALID,
        ),
        document(
            "20 arguments of which 1,900 fields differ",
            format!("{{viewer{{x({twenty}){}}}}}", "x ".repeat(1_850)),
            INVALID,
        ),
        document(
            "28 fragments in a chain, of 50 fields each",
            "{viewer{...f0}}".to_owned() + &chain,
            INVALID,
        ),
        document("588 sets of selections, one in the other", "{viewer{...f0}}".to_owned() + &deep, INVALID),
        document(
            "nine operations with 200 fields",
            format!("fragment f on User{{{}}}{nine}", "x(y:$v)".repeat(200)),
            INVALID,
        ),
        document(
            "20 operations with 800 unknown variables",
            format!("fragment f on User{{x(y:[{unknown}])}}{twenty_operations}"),
            INVALID,
        ),
        document(
            "900 unknown variables in an operation with a long name",
            format!("query {}{{viewer{{id(a:[{undefined}])}}}}", "q".repeat(12_500)),
            INVALID,
        ),
        document(
            "240 variables used 480 times",
            format!("query({definitions}){{viewer{{sessions(after:[{used}]){{totalCount}}}}}}"),
            Executed,
        ),
        document(
            "240 variables of a type with a long name",
            format!("query($v:{}){{viewer{{{strings}}}}}", "T".repeat(10_000)),
            INVALID,
        ),
        document(
            "310 unused sets around 1,000 fields",
            "{viewer{id}}".to_owned() + &around(310, &each(1_000, |number| format!("n{number} "))),
            INVALID,
        ),
        document(
            "200 unused sets around two fields with 222 arguments",
            "{viewer{id}}".to_owned() + &around(200, &arguments),
            INVALID,
        ),
    ]
}

/// Fragments of 55 inline fragments each, spread one in the other until there are so many sets around `inside`.
fn around(mut sets: usize, inside: &str) -> String {
    let mut text = String::new();
    for number in 0.. {
        let here = sets.min(55);
        sets -= here;
        let next = if sets > 0 { format!("...f{}", number + 1) } else { inside.to_owned() };
        text += &format!("fragment f{number} on User{{{}{next}{}}}", "...{".repeat(here), "}".repeat(here));
        if sets == 0 {
            break;
        }
    }
    text
}
