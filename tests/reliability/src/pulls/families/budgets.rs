//! Small files that cost much: time, memory, or the reader's patience.

use std::fmt::Write as _;

use crate::pulls::pull::Pull;

/// Expressions of an output.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("loops in loops", "[for a in range(4000) : [for b in range(4000) : a * b]]"),
    ("loops that keep nothing", "[for a in range(100000) : a if length([for b in range(100000) : b]) < 0]"),
    ("a long range", "range(100000000)"),
    ("a product of sets", "setproduct(range(1000), range(1000), range(1000))"),
    (
        "a product of letters",
        "length(setproduct(split(\"\", \"abcdefghij\"), split(\"\", \"abcdefghij\"), split(\"\", \"abcdefghij\"), split(\"\", \"abcdefghij\"), split(\"\", \"abcdefghij\"), split(\"\", \"abcdefghij\")))",
    ),
    ("a matcher that backs up", "regexall(\"(a*)*b\", join(\"\", [for i in range(100000) : \"a\"]))"),
    ("a lazy matcher", "length(regexall(\".*?b|a\", join(\"\", [for i in range(200000) : \"a\"])))"),
    ("a matcher of many states", "regex(\"(?:[a-z]{1,1000}){1,1000}\", \"abc\")"),
    (
        "a matcher in a loop",
        "[for i in range(2000) : length(regexall(\"(?i)[a-z]*[0-9]*x{0,500}\", join(\"\", [for j in range(1000) : \"ab\"])))]",
    ),
    (
        "a hash in a loop",
        "[for i in range(100) : sha256(join(\"\", [for j in range(300000) : \"abcdefghijklmnopqrstuvwxyz\"]))]",
    ),
    ("a hash of a local in a loop", "[for i in range(3000) : sha512(local.text)]"),
    (
        "a text that doubles",
        "replace(replace(replace(replace(replace(replace(\"aaaaaaaaaa\", \"a\", \"aaaaaaaaaa\"), \"a\", \"aaaaaaaaaa\"), \"a\", \"aaaaaaaaaa\"), \"a\", \"aaaaaaaaaa\"), \"a\", \"aaaaaaaaaa\"), \"a\", \"aaaaaaaaaa\")",
    ),
    ("a wide format", "format(\"%1000000000d\", 1)"),
    ("a precise format", "format(\"%.1000000000f\", 1)"),
    ("many formats", "formatlist(\"%s%s%s%s\", range(100000), range(100000), range(100000), local.text)"),
    ("a large power", "pow(9, 9999999)"),
    ("large products", "pow(10, 1000) * pow(10, 1000) * pow(10, 1000)"),
    ("many digits", "1 / 3 * 1e1000 - 1e-1000"),
    (
        "a text in JSON in JSON",
        "jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(jsonencode(\"\\\\\\\"\\\\\\\"\\\\\\\"\\\\\\\"\\\\\\\"\\\\\\\"\\\\\\\"\"))))))))))))",
    ),
    (
        "deep JSON",
        "jsondecode(\"${join(\"\", [for i in range(100000) : \"[\"])}${join(\"\", [for i in range(100000) : \"]\"])}\")",
    ),
    ("much JSON", "jsondecode(\"[${join(\",\", [for i in range(500000) : \"{}\"])}]\")"),
    ("much CSV", "csvdecode(join(\"\\n\", [for i in range(200000) : \"a,b,c,d,e,f\"]))"),
    ("sorting", "sort([for i in range(900000) : strrev(tostring(i))])"),
    (
        "sorting in a loop",
        "[for i in range(300) : length(sort([for j in range(3000) : strrev(tostring(j))]))]",
    ),
    ("distinct", "length(distinct([for i in range(200000) : { a = i, b = [i] }]))"),
    ("sets of sets", "setunion([for i in range(200000) : i], [for i in range(200000) : -i])"),
    ("flatten", "flatten([for i in range(1000) : [for j in range(1000) : [[[[i]]]]]])"),
    ("merge in a loop", "merge([for i in range(3000) : { for j in range(300) : \"k${i}-${j}\" => j }]...)"),
    ("a wide indent", "indent(100000000, \"a\\nb\")"),
    ("a wide pad", "join(\"${local.text}\", range(10000))"),
    ("chunks", "chunklist(range(900000), 1)"),
    ("transposed", "transpose({ for i in range(2000) : \"a${i}\" => [for j in range(400) : \"b${j}\"] })"),
    ("a long date", "timeadd(\"2000-01-01T00:00:00Z\", \"999999999999999999h\")"),
    (
        "a long format of a date",
        "formatdate(join(\"\", [for i in range(1000000) : \"YYYY\"]), \"2000-01-01T00:00:00Z\")",
    ),
    (
        "many versions",
        "[for i in range(5000) : semver_satisfies(\"1.2.3\", join(\" || \", [for j in range(200) : \">=${j}.0.0\"]))]",
    ),
    (
        "a wild glob",
        "fileset(\".\", \"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}**/**/**/**/**/*\")",
    ),
    ("letters", "[for c in split(\"\", local.text) : [for d in split(\"\", local.text) : c == d]]"),
    ("unequal", "[for i in range(3000) : local.list == concat(local.list, [i])]"),
    ("in a list", "[for i in range(3000) : contains(local.list, i)]"),
    ("urls", "urlencode(urlencode(urlencode(urlencode(urlencode(local.text)))))"),
    (
        "base64",
        "base64encode(base64encode(base64encode(base64encode(base64encode(base64encode(local.text))))))",
    ),
];

/// Locals that are large but allowed.
const LOCALS: &str =
    "locals {\n  text = join(\"\", [for i in range(100000) : \"%ü\"])\n  list = range(100000)\n}\n";

/// Whole releases.
const BLOCKS: &[(&str, &str)] = &[
    (
        "instances times elements",
        "resource \"terraform_data\" \"x\" {\n  count = 2000\n  input = [for i in range(900) : [for j in range(900) : i]]\n}\n",
    ),
    ("instances", "resource \"terraform_data\" \"x\" {\n  count = 100000\n  input = \"x\"\n}\n"),
    ("too many instances", "resource \"terraform_data\" \"x\" {\n  count = 1e15\n}\n"),
    (
        "keys",
        "resource \"terraform_data\" \"x\" {\n  for_each = toset([for i in range(90000) : \"k${i}\"])\n  input = each.key\n}\n",
    ),
    (
        "instances that wait for each other",
        "resource \"terraform_data\" \"a\" {\n  count = 3000\n}\nresource \"terraform_data\" \"b\" {\n  count = 3000\n  input = terraform_data.a[*].id\n}\n",
    ),
    ("modules in themselves", "module \"m\" {\n  source = \".\"\n}\n"),
];

/// Blocks that come again and again, with a number in the place of `N`.
const REPEATED: &[(&str, usize, &str)] = &[
    ("outputs", 100_000, "output \"oN\" {\n  value = N\n}\n"),
    ("large outputs", 300, "output \"oN\" {\n  value = [for i in range(20000) : \"abcdefghijklmnop\"]\n}\n"),
    ("resources", 40_000, "resource \"terraform_data\" \"rN\" {}\n"),
    ("variables", 60_000, "variable \"vN\" {\n  default = N\n}\n"),
    (
        "validations",
        2000,
        "variable \"vN\" {\n  default = N\n  validation {\n    condition = length([for i in range(9000) : i if i == var.vN]) > 9\n    error_message = \"x\"\n  }\n}\n",
    ),
    (
        "checks",
        3000,
        "check \"cN\" {\n  assert {\n    condition = length(range(9000)) == N\n    error_message = \"x\"\n  }\n}\n",
    ),
];

/// A local value that is made of the one before, `lN`, again and again, and the first.
const DOUBLING: &[(&str, &str, &str)] = &[
    ("doubling texts", "\"${local.lN}${local.lN}\"", "\"xxxxxxxx\""),
    ("doubling lists", "[local.lN, local.lN]", "[1]"),
    ("doubling objects", "{ a = local.lN, b = local.lN }", "1"),
    ("doubling sums", "concat(local.lN, local.lN)", "[1]"),
    ("squares", "local.lN * local.lN", "7"),
    ("doubling JSON", "jsonencode([local.lN, local.lN])", "1"),
];

pub(super) fn all() -> Vec<Pull> {
    let expressions = EXPRESSIONS.iter().map(|(name, text)| {
        Pull::new(*name).blocks(format!("{LOCALS}output \"o\" {{\n  value = {text}\n}}\n"))
    });
    let blocks = BLOCKS.iter().map(|(name, text)| Pull::new(*name).blocks(text));
    let again = REPEATED.iter().map(|(name, count, text)| {
        Pull::new(*name).blocks(repeated(*count, |n| text.replace('N', &n.to_string())))
    });
    let doubled =
        DOUBLING.iter().map(|(name, step, first)| Pull::new(*name).blocks(doubling(step, first, 60)));
    expressions
        .chain(blocks)
        .chain(again)
        .chain(doubled)
        .chain(graphs())
        .chain(modules())
        .chain(files())
        .collect()
}

/// What waits for what.
fn graphs() -> [Pull; 3] {
    let chain = repeated(5000, |n| {
        let before = if n == 0 { "1".to_owned() } else { format!("terraform_data.r{}", n - 1) };
        format!("resource \"terraform_data\" \"r{n}\" {{\n  input = {before}\n}}\n")
    });
    let dense = repeated(600, |n| {
        let before: Vec<String> = (0..n).map(|m| format!("terraform_data.r{m}")).collect();
        format!("resource \"terraform_data\" \"r{n}\" {{\n  depends_on = [{}]\n}}\n", before.join(", "))
    });
    let lists =
        format!("variable \"v\" {{\n  type = {}string{}\n}}\n", "list(".repeat(20_000), ")".repeat(20_000));
    [
        Pull::new("a chain of resources").blocks(chain),
        Pull::new("everything waits for everything").blocks(dense),
        Pull::new("a deep type").blocks(lists),
    ]
}

/// Modules without end, or with too much in them.
fn modules() -> [Pull; 3] {
    let call = |source: &str| format!("module \"m\" {{\n  source = \"{source}\"\n}}\n");
    let many = repeated(3000, |n| format!("module \"m{n}\" {{\n  source = \"./a\"\n  count = 30\n}}\n"));
    let each_calls_two = (0..30).fold(Pull::new("doubling modules").blocks(call("./m0")), |pull, n| {
        let two =
            ["a", "b"].map(|name| call(&format!("../m{}", n + 1)).replace("\"m\"", &format!("\"{name}\"")));
        pull.file(format!("releases/m{n}/main.hcl"), if n == 29 { String::new() } else { two.concat() })
    });
    [
        Pull::new("modules without end").blocks(call("./a")).file("releases/a/main.hcl", call("./../a")),
        Pull::new("a thousand modules")
            .blocks(many)
            .file("releases/a/main.hcl", "output \"o\" {\n  value = range(1000)\n}\n"),
        each_calls_two,
    ]
}

/// Files that are many, large or deep.
fn files() -> [Pull; 6] {
    let output = |value: &str| format!("output \"o\" {{\n  value = {value}\n}}\n");
    let test = "resource \"exec_test\" \"x\" {\n  command = [\"true\"]\n  junit = \"report.xml\"\n}\n";
    let many = Pull::new("files").blocks(output("[for a in range(50) : fileset(\".\", \"**/*${a}*\")]"));
    [
        (0..2000).fold(many, |pull, n| pull.file(format!("releases/f/{n}"), "x")),
        Pull::new("a file in a loop")
            .blocks(output("[for i in range(3000) : length(file(\"big\"))]"))
            .file("releases/big", "x".repeat(2_000_000)),
        (0..300).fold(Pull::new("files of variables").blocks(""), |pull, n| {
            pull.file(format!("releases/{n}.auto.vars.hcl"), repeated(3000, |m| format!("v{m} = 1\n")))
        }),
        (0..1000).fold(Pull::new("a folder of files").named("new"), |pull, n| {
            let text = repeated(40, |m| format!("output \"o{n}-{m}\" {{\n  value = 1\n}}\n"));
            pull.file(format!("new/{n}.hcl"), text)
        }),
        Pull::new("a deep folder")
            .blocks(output("fileset(\".\", \"**\")"))
            .file(format!("releases/{}x", "d/".repeat(1000)), "x"),
        Pull::new("a report").blocks(test).file(
            "releases/report.xml",
            format!("<testsuite {}/>", repeated(200_000, |n| format!("a{n}=\"1\" "))),
        ),
    ]
}

fn repeated(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

/// Locals that are each made of the one before, twice.
fn doubling(step: &str, first: &str, count: usize) -> String {
    let mut text = format!("locals {{\n  l0 = {first}\n");
    for number in 1..=count {
        let _ = writeln!(text, "  l{number} = {}", step.replace("lN", &format!("l{}", number - 1)));
    }
    let _ = writeln!(text, "}}\noutput \"o\" {{\n  value = local.l{count}\n}}");
    text
}
