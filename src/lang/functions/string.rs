//! Text. Lengths and positions count what a reader takes for one character (grapheme clusters), as Terraform does.

use relplan_contract::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::Accepts::{Any, Number as Num, String as Text, Strings};
use super::{Arguments, Fault, Function, nullable, parameter};

mod format;
mod pattern;

/// How many times as much as reading a text it costs to find its grapheme clusters, or the other case of its letters.
pub(super) const GRAPHEMES: u64 = 8;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "chomp",
        &[parameter("string", Text)],
        |arguments| arguments.string(arguments.text(0).trim_end_matches(['\r', '\n'])),
        "The text without newlines at its end.",
        ("chomp(\"hello\\n\")", "\"hello\""),
    ),
    Function::new(
        "endswith",
        &[parameter("string", Text), parameter("suffix", Text)],
        |arguments| Ok(Value::from(arguments.text(0).ends_with(arguments.text(1)))),
        "Whether the text ends in the suffix.",
        ("endswith(\"hello\", \"lo\")", "true"),
    ),
    Function::new(
        "format",
        &[parameter("format", Text)],
        format::format,
        "The text with `%s`, `%d`, `%v` and the like replaced by the values.",
        ("format(\"v%d.%02d-%s\", 1, 2, \"rc\")", "\"v1.02-rc\""),
    )
    .variadic(nullable("values", Any)),
    Function::new(
        "formatlist",
        &[parameter("format", Text)],
        format::formatlist,
        "A list of texts, made like those of `format` from the elements of lists; single values are repeated.",
        ("formatlist(\"%s-%s\", \"v\", [\"a\", \"b\"])", "[\"v-a\", \"v-b\"]"),
    )
    .variadic(nullable("values", Any)),
    Function::new(
        "indent",
        &[parameter("spaces", Num), parameter("string", Text)],
        indent,
        "The text with spaces put before every line but the first.",
        ("indent(2, \"a\\nb\")", "\"a\\n  b\""),
    ),
    Function::new(
        "join",
        &[parameter("separator", Text)],
        join,
        "The strings of the lists, with the separator between.",
        ("join(\", \", [\"a\", \"b\"])", "\"a, b\""),
    )
    .variadic(parameter("lists", Strings)),
    Function::new(
        "lower",
        &[parameter("string", Text)],
        |arguments| {
            arguments.read_slowly(0, GRAPHEMES)?;
            arguments.string(simple_case(arguments.text(0), false))
        },
        "The text in small letters.",
        ("lower(\"HELLO\")", "\"hello\""),
    ),
    Function::new(
        "regex",
        &[parameter("pattern", Text), parameter("string", Text)],
        pattern::regex,
        "The first match of a regular expression (RE2 syntax): a text, or its groups as a list or an object.",
        ("regex(\"(\\\\d+)-(\\\\d+)\", \"2019-02\")", "[\"2019\", \"02\"]"),
    ),
    Function::new(
        "regexall",
        &[parameter("pattern", Text), parameter("string", Text)],
        pattern::regexall,
        "All matches of a regular expression (RE2 syntax), as a list.",
        ("regexall(\"[a-z]+\", \"1abc2d\")", "[\"abc\", \"d\"]"),
    ),
    Function::new(
        "replace",
        &[parameter("string", Text), parameter("search", Text), parameter("replacement", Text)],
        replace,
        "The text with every occurrence replaced; between slashes, the search is a regular expression.",
        ("replace(\"hello\", \"/l+/\", \"<$0>\")", "\"he<ll>o\""),
    ),
    Function::new(
        "split",
        &[parameter("separator", Text), parameter("string", Text)],
        split,
        "The parts of the text between the separators.",
        ("split(\",\", \"a,b\")", "[\"a\", \"b\"]"),
    ),
    Function::new(
        "startswith",
        &[parameter("string", Text), parameter("prefix", Text)],
        |arguments| Ok(Value::from(arguments.text(0).starts_with(arguments.text(1)))),
        "Whether the text begins with the prefix.",
        ("startswith(\"hello\", \"he\")", "true"),
    ),
    Function::new(
        "strcontains",
        &[parameter("string", Text), parameter("part", Text)],
        |arguments| Ok(Value::from(arguments.text(0).contains(arguments.text(1)))),
        "Whether the part stands in the text.",
        ("strcontains(\"hello\", \"ell\")", "true"),
    ),
    Function::new(
        "strrev",
        &[parameter("string", Text)],
        |arguments| {
            arguments.read_slowly(0, GRAPHEMES)?;
            arguments.string(arguments.text(0).graphemes(true).rev().collect::<String>())
        },
        "The text backwards.",
        ("strrev(\"héllo\")", "\"olléh\""),
    ),
    Function::new(
        "substr",
        &[parameter("string", Text), parameter("offset", Num), parameter("length", Num)],
        substr,
        "A part of the text; a negative offset counts from its end, and a negative length means all of the rest.",
        ("substr(\"hello world\", 1, 4)", "\"ello\""),
    ),
    Function::new(
        "title",
        &[parameter("string", Text)],
        title,
        "The text with the first letter of every word made a capital.",
        ("title(\"hello world\")", "\"Hello World\""),
    ),
    Function::new(
        "trim",
        &[parameter("string", Text), parameter("characters", Text)],
        |arguments| {
            // Each character of the text may be looked for in all of the set.
            arguments.read_slowly(0, arguments.text(1).len() as u64)?;
            let set = arguments.text(1);
            arguments.string(arguments.text(0).trim_matches(|c| set.contains(c)))
        },
        "The text without the given characters at its start and end.",
        ("trim(\"?!hello?!\", \"!?\")", "\"hello\""),
    ),
    Function::new(
        "trimprefix",
        &[parameter("string", Text), parameter("prefix", Text)],
        |arguments| {
            let text = arguments.text(0);
            arguments.string(text.strip_prefix(arguments.text(1)).unwrap_or(text))
        },
        "The text without the prefix.",
        ("trimprefix(\"v1.2\", \"v\")", "\"1.2\""),
    ),
    Function::new(
        "trimspace",
        &[parameter("string", Text)],
        |arguments| arguments.string(arguments.text(0).trim()),
        "The text without white space at its start and end.",
        ("trimspace(\"  a b\\n\")", "\"a b\""),
    ),
    Function::new(
        "trimsuffix",
        &[parameter("string", Text), parameter("suffix", Text)],
        |arguments| {
            let text = arguments.text(0);
            arguments.string(text.strip_suffix(arguments.text(1)).unwrap_or(text))
        },
        "The text without the suffix.",
        ("trimsuffix(\"a.git\", \".git\")", "\"a\""),
    ),
    Function::new(
        "upper",
        &[parameter("string", Text)],
        |arguments| {
            arguments.read_slowly(0, GRAPHEMES)?;
            arguments.string(simple_case(arguments.text(0), true))
        },
        "The text in capital letters.",
        ("upper(\"hello\")", "\"HELLO\""),
    ),
];

/// Letter by letter, as Terraform does it: what would become several capitals (`ß`) stays.
fn simple_case(text: &str, upper: bool) -> String {
    let capital = |c: char| {
        let mut letters = c.to_uppercase();
        letters.next().filter(|_| letters.next().is_none()).unwrap_or(c)
    };
    text.chars().map(|c| if upper { capital(c) } else { c.to_lowercase().next().unwrap_or(c) }).collect()
}

fn indent(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let spaces = usize::try_from(arguments.integer(0)?).map_err(|_| {
        Fault::argument(0, "The number of spaces must not be negative.", "Give 0 or a larger number.")
    })?;
    let text = arguments.text(1);
    let newlines = text.bytes().filter(|byte| *byte == b'\n').count();
    arguments.budget().bytes(text.len().saturating_add(newlines.saturating_mul(spaces)))?;
    // Without a newline, nothing is indented, however many spaces there should be.
    if newlines == 0 {
        return Ok(Value::string(text));
    }
    Ok(Value::string(text.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}

fn join(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    if arguments.given(1).is_none() {
        return Err(Fault::call("There is no list to join.", "Give at least one list."));
    }
    let mut texts = Vec::new();
    for index in 1..=arguments.from(1).len() {
        texts.extend(arguments.texts(index)?);
    }
    let separators = arguments.text(0).len().saturating_mul(texts.len());
    let total = texts.iter().fold(separators, |total, text| total.saturating_add(text.len()));
    arguments.budget().bytes(total)?;
    Ok(Value::string(texts.join(arguments.text(0))))
}

fn replace(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (text, search, replacement) = (arguments.text(0), arguments.text(1), arguments.text(2));
    if let Some(pattern) = search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return pattern::replace(arguments, text, pattern, replacement);
    }
    let count = text.matches(search).count();
    arguments.budget().bytes(text.len().saturating_add(count.saturating_mul(replacement.len())))?;
    Ok(Value::string(text.replace(search, replacement)))
}

fn split(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (separator, text) = (arguments.text(0), arguments.text(1));
    arguments.budget().bytes(text.len())?;
    if separator.is_empty() {
        arguments.budget().elements(text.chars().count())?;
        return Ok(Value::list(text.chars().map(|c| Value::string(c.to_string()))));
    }
    arguments.budget().elements(text.matches(separator).count() + 1)?;
    Ok(Value::list(text.split(separator).map(Value::string)))
}

fn substr(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.read_slowly(0, GRAPHEMES)?;
    let text = arguments.text(0);
    let (offset, length) = (arguments.integer(1)?, arguments.integer(2)?);
    let count = if offset < 0 { text.graphemes(true).count() } else { 0 };
    let skipped = if offset < 0 {
        count.saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(offset).unwrap_or(usize::MAX)
    };
    let taken = usize::try_from(length).unwrap_or(usize::MAX);
    arguments.string(text.graphemes(true).skip(skipped).take(taken).collect::<String>())
}

/// A word begins behind everything that is no letter, digit or underscore.
fn title(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.read_slowly(0, GRAPHEMES)?;
    let mut before = ' ';
    let titled = arguments.text(0).chars().map(|c| {
        let starts =
            !(before.is_alphanumeric() || before == '_') && (before.is_ascii() || before.is_whitespace());
        before = c;
        let mut upper = c.to_uppercase();
        match (starts, upper.next(), upper.next()) {
            (true, Some(capital), None) => capital,
            _ => c,
        }
    });
    arguments.string(titled.collect::<String>())
}
