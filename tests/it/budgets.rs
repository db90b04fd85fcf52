//! What a small file may cost: each of these would take minutes or gigabytes, and must end soon with a diagnostic.
//!
//! Every case is planned with `-no-exec`, as a pull request of a stranger is. The time of the processor and the memory
//! are measured where the system counts them. A debug build is ten times as slow as what is shipped: most cases are run
//! with a tenth of the budget, and some with all of it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const MOST_SECONDS: f64 = 10.0;
const MOST_KIB: u64 = 1 << 20;

/// A release that must end soon, and whether it must be refused.
struct Case {
    name: &'static str,
    release: String,
    modules: Vec<(String, String)>,
    refused: bool,
}

fn case(name: &'static str, release: impl Into<String>) -> Case {
    Case { name, release: release.into(), modules: Vec::new(), refused: true }
}

impl Case {
    fn with(mut self, path: &str, text: impl Into<String>) -> Self {
        self.modules.push((path.to_owned(), text.into()));
        self
    }

    /// It is allowed, and has to be quick.
    fn fine(mut self) -> Self {
        self.refused = false;
        self
    }
}

/// `locals { ... }` of lines.
fn locals(lines: impl IntoIterator<Item = String>) -> String {
    let lines = lines.into_iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
    format!("locals {{\n{lines}}}\n")
}

/// A local value `name`, and `count` others that each do `work` with it.
fn repeated(value: &str, count: usize, work: &str) -> String {
    let work = (0..count).map(|index| format!("l{index} = {work}"));
    locals(std::iter::once(format!("b = {value}")).chain(work))
}

/// A chain of local values, each of the one before.
fn chain(first: &str, count: usize, next: &str) -> String {
    let next =
        (1..count).map(|index| format!("a{index} = {}", next.replace('@', &format!("local.a{}", index - 1))));
    format!(
        "{}output \"o\" {{\n  value = local.a{}\n}}\n",
        locals(std::iter::once(format!("a0 = {first}")).chain(next)),
        count - 1
    )
}

fn output(value: &str) -> String {
    format!("output \"o\" {{\n  value = {value}\n}}\n")
}

/// A list of `thousands` thousand numbers.
fn numbers(thousands: usize) -> String {
    format!("flatten([for q in range({thousands}) : [for p in range(1000) : q * 1000 + p]])")
}

/// A text of `thousands` thousand times the character.
fn text(thousands: usize, character: char) -> String {
    let thousand: String = std::iter::repeat_n(character, 1_000).collect();
    format!("join(\"\", [for i in range({thousands}) : \"{thousand}\"])")
}

fn growing() -> Vec<Case> {
    vec![
        case("a text doubled", chain("\"xxxxxxxx\"", 40, "\"${@}${@}\"")),
        case("a list doubled", chain("[1, 2]", 40, "[@, @]")),
        case(
            "a map doubled",
            format!(
                "{}{}",
                chain("{ a = 1 }", 40, "{ a = @, b = @ }"),
                locals(["j = jsonencode(local.a39)".into()])
            ),
        ),
        case("a text replaced by more", chain("\"aaaa\"", 30, "replace(@, \"a\", \"aaaa\")")),
        case("many texts", repeated(&text(100, 'x'), 300, "join(\"\", [for i in range(300) : local.b])")),
        case("many lists", repeated("range(900)", 300, "flatten([for i in range(900) : local.b])")),
        case("many maps", repeated(&numbers(30), 300, "{ for i in local.b : \"k${i}\" => i }")),
        case("wide fields", repeated("1", 300, "join(\"\", [for i in range(1000) : format(\"%1000d\", i)])")),
        case("a wide separator", repeated(&text(30, 'x'), 300, "join(local.b, range(1000))")),
        case("indented lines", repeated("join(\"\\n\", range(1000))", 300, "indent(30000, local.b)")),
        case("products", repeated("range(90)", 300, "setproduct(local.b, local.b, local.b)")),
        case("json of much", repeated(&numbers(100), 3_000, "jsonencode(local.b)")),
        case("json decoded", repeated("\"[${join(\",\", range(1000))}]\"", 9_000, "jsondecode(local.b)")),
        case("json nested deeply", output("jsondecode(join(\"\", [for i in range(1000) : \"[\"]))")),
        case(
            "tables",
            repeated("join(\"\\n\", [for i in range(1000) : \"a${i},b,c,d\"])", 9_000, "csvdecode(local.b)"),
        ),
        case("base64 and back", repeated(&text(1_000, 'x'), 300, "base64decode(base64encode(local.b))")),
    ]
}

fn slow() -> Vec<Case> {
    let million = text(300, 'a');
    vec![
        case("loops in loops", output("[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1 if false]]]")),
        case("many loops", repeated("range(1000)", 500, "length([for a in local.b : [for b in local.b : 1 if false]])")),
        case("templates in templates", output("\"%{ for a in range(1000) }%{ for b in range(1000) }%{ for c in range(1000) }%{ endfor }%{ endfor }%{ endfor }\"")),
        case("all matches of all the rest", repeated(&million, 1, "regexall(\".*?b|a\", local.b)")),
        case("all matches replaced", repeated(&million, 1, "replace(local.b, \"/a.*?b|a/\", \"x\")")),
        case("a large pattern", repeated(&million, 300, "can(regex(\"(?:(?:a?){90}){40}(b|c)$\", local.b))")),
        case("many groups", repeated(&million, 300, "can(regex(\"((a|b)*c?(d|a)*)*\", local.b))")),
        case("patterns too large", locals((0..9_000).map(|i| format!("l{i} = can(regex(\"((a{{900}}){{900}}){{900}}\", \"a\"))")))),
        case("hashes of much", repeated(&text(20_000, 'x'), 300, "[for i in range(1000) : sha256(local.b)]")),
        case("longer hashes of much", repeated(&text(10_000, 'x'), 300, "[for i in range(1000) : sha512(local.b)]")),
        case("letters counted", repeated(&text(10_000, 'x'), 300, "[for i in range(1000) : length(local.b)]")),
        case("letters taken", repeated(&text(10_000, 'x'), 300, "[for i in range(1000) : substr(local.b, 9000000, 1)]")),
        case("numbers read", repeated(&text(4, 'z'), 3_000, "[for i in range(1000) : try(parseint(local.b, 36), 0)]")),
        case("numbers of many digits", repeated("1e1000", 300, "[for i in range(1000) : [for j in range(100) : local.b * 3 + j / 7]]")),
        case("texts compared", repeated(&text(10_000, 'x'), 300, "[for i in range(1000) : local.b == local.b]")),
        case("lists compared", repeated(&numbers(100), 300, "[for i in range(1000) : local.b == local.b]")),
        case("lists searched", repeated(&numbers(100), 300, "[for i in range(1000) : contains(local.b, -1)]")),
        case("sets of lists", repeated("[for i in range(800) : range(1000)]", 300, "toset(local.b)")),
        case("sorted", repeated(&format!("[for i in {} : \"k${{-i}}\"]", numbers(100)), 900, "sort(local.b)")),
        case("sets combined", repeated(&format!("[for i in {} : \"k${{-i}}\"]", numbers(100)), 900, "setsubtract(local.b, local.b)")),
        case("a set gone through", repeated("toset([range(1000), range(1, 1000)])", 9_000, "[for i in range(1000) : [for x in local.b : 1]]")),
        case("times", repeated("1", 3_000, "[for i in range(1000) : timeadd(\"2020-01-01T00:00:00Z\", \"${i}h\")]")),
        case("names guessed in vain", repeated(&format!("{{ for i in {} : \"key${{i}}\" => i }}", numbers(90)), 3_000, "try(local.b.kex1, 0)")),
        case("files looked for", repeated("range(1000)", 300, "[for i in local.b : [for j in local.b : fileexists(\"a.hcl\")]]")),
        case("conditions of a variable", format!("variable \"v\" {{\n  default = 1\n{}}}\n", "  validation {\n    condition     = length([for i in range(1000) : [for j in range(1000) : 1 if false]]) == 0\n    error_message = \"x\"\n  }\n".repeat(300))),
    ]
}

/// Many blocks, one behind the other.
fn blocks(count: usize, block: impl Fn(usize) -> String) -> String {
    (0..count).map(block).collect::<Vec<_>>().concat()
}

/// Modules that call ten of the next, so many levels deep.
fn fan(levels: usize) -> Case {
    let call = |level: usize| {
        format!("module \"m\" {{\n  source = \"../m{level}\"\n  count = 10\n}}\nlocals {{\n  x = 1\n}}\n")
    };
    let first = "module \"m\" {\n  source = \"./m0\"\n  count = 10\n}\n";
    (0..levels).fold(case("modules ten times ten times ten", first), |case, level| {
        let text = if level + 1 == levels { "locals {\n  x = 1\n}\n".to_owned() } else { call(level + 1) };
        case.with(&format!("m{level}/main.hcl"), text)
    })
}

fn many() -> Vec<Case> {
    let data = |count: &str, input: &str| {
        format!("resource \"terraform_data\" \"d\" {{\n  count = {count}\n  input = {input}\n}}\n")
    };
    vec![
        case(
            "instances times elements",
            format!("{}{}", repeated(&numbers(200), 0, ""), data("2000", "local.b")),
        ),
        case(
            "instances times text",
            format!("{}{}", repeated(&text(1_000, 'x'), 0, ""), data("2000", "local.b")),
        ),
        case("a hundred thousand instances", data("100000", "count.index")),
        case(
            "values for each",
            format!(
                "resource \"terraform_data\" \"d\" {{\n  for_each = {{ for i in {} : \"k${{i}}\" => {{ a = range(20) }} }}\n  input = each.value\n}}\n",
                numbers(20)
            ),
        ),
        fan(9),
        case("modules of many values", "module \"m\" {\n  source = \"./m\"\n  count = 90000\n}\n")
            .with("m/main.hcl", blocks(100, |i| format!("variable \"v{i}\" {{\n  default = 1\n}}\n"))),
        case("modules of many resources", "module \"m\" {\n  source = \"./m\"\n  count = 90000\n}\n")
            .with("m/main.hcl", blocks(100, |i| format!("resource \"terraform_data\" \"r{i}\" {{}}\n"))),
        case(
            "modules given much",
            format!(
                "{}module \"m\" {{\n  source = \"./m\"\n  count = 2000\n  r = local.b\n}}\n",
                repeated(&numbers(200), 0, "")
            ),
        )
        .with("m/main.hcl", "variable \"r\" {\n  type = list(string)\n}\n"),
        case(
            "outputs of modules",
            format!(
                "module \"m\" {{\n  source = \"./m\"\n  count = 30\n}}\n{}",
                locals((0..900).map(|i| format!("l{i} = module.m[0].o{i}")))
            ),
        )
        .with("m/main.hcl", blocks(900, |i| format!("output \"o{i}\" {{\n  value = 1\n}}\n")))
        .fine(),
        case("outputs", blocks(30_000, |i| format!("output \"o{i}\" {{\n  value = {i}\n}}\n"))).fine(),
        case(
            "large outputs",
            format!(
                "{}{}",
                repeated(&numbers(90), 0, ""),
                blocks(300, |i| format!("output \"o{i}\" {{\n  value = local.b\n}}\n"))
            ),
        ),
        case(
            "a secret of all letters",
            format!(
                "{}output \"s\" {{\n  value = sensitive(local.b)\n  sensitive = true\n}}\n",
                repeated(&text(1_000, 'x'), 0, "")
            ),
        )
        .fine(),
    ]
}

fn written() -> Vec<Case> {
    let names = |count: usize, of: &str| {
        locals(
            (0..count)
                .map(|i| format!("key{i}xxxxxxxxxxxxxxxxx = 1"))
                .chain((0..count).map(|i| format!("l{i} = local.{of}{i}xxxxxxxxxxxxxxxxx"))),
        )
    };
    vec![
        case("a cycle of all", locals((0..50_000).map(|i| format!("l{i} = local.l{}", (i + 1) % 50_000)))),
        case("names that are not there", names(9_000, "kez")),
        case("unknown variables", locals((0..40_000).map(|i| format!("l{i} = var.x{i}")))),
        case(
            "unexpected arguments",
            (0..100_000).map(|i| format!("oops{i} = 1\n")).collect::<Vec<_>>().concat(),
        ),
        case("mistakes everywhere", locals((0..30_000).map(|i| format!("l{i} = 1 / 0")))),
        case(
            "a long name",
            format!("output \"{}\" {{\n  value = {}\n}}\n", "o".repeat(900_000), "x".repeat(900_000)),
        ),
        case(
            "long names that are near",
            locals([format!("{} = 1", "x".repeat(90_000)), format!("y = local.{}y", "x".repeat(90_000))]),
        ),
        case("a long number", output(&"9".repeat(3_000_000))),
        case("a large exponent", output("1e1000000")),
        case("a power", output("pow(10, 100000000)")),
        case("brackets", output(&format!("{}1{}", "[{a=(".repeat(30_000), ")}]".repeat(30_000)))),
        case("conditions in conditions", output(&format!("{}1", "true ? 1 : ".repeat(60_000)))),
        case("quotes in quotes", output(&format!("{}1{}", "\"${".repeat(50_000), "}\"".repeat(50_000)))),
        case("a template of many parts", output(&format!("\"{}\"", "${1}".repeat(100_000)))).fine(),
    ]
}

/// What a process used: seconds of the processor, and the most memory, in KiB.
#[derive(Debug, Default)]
struct Used {
    seconds: f64,
    kib: u64,
}

/// What the system says of a process that is running.
fn look(pid: u32, used: &mut Used) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let status = read("status");
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    used.kib = used.kib.max(peak.unwrap_or(0));
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    used.seconds = used.seconds.max((ticks(11) + ticks(12)) / 100.0);
}

/// Plans a case; gives the exit code, what was said, and what was used.
fn plan(case: &Case, budget: &str, arguments: &[&str]) -> (Option<i32>, String, Used) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &Path, text: &str| {
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    let release = format!("release \"s\" {{\n  version = \"1.0.0\"\n}}\n{}", case.release);
    write(&folder.path().join("a.hcl"), &release);
    for (path, text) in &case.modules {
        write(&folder.path().join(path), text);
    }
    let said = folder.path().join("said");
    let file = std::fs::File::create(&said).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(["plan", "-no-exec"])
        .args(arguments)
        .arg("a.hcl")
        .current_dir(folder.path())
        .env("RELPLAN_EVALUATION_BUDGET", budget)
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a handle"))
        .stderr(file)
        .spawn()
        .expect("relplan");
    let mut used = Used::default();
    let status = loop {
        look(child.id(), &mut used);
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if used.seconds > MOST_SECONDS || used.kib > MOST_KIB {
            child.kill().expect("stopped");
            break child.wait().expect("a child");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let said = String::from_utf8_lossy(&std::fs::read(&said).expect("read")).into_owned();
    (status.code(), said, used)
}

/// What is wrong with how a case ended.
fn fault(case: &Case, budget: &str) -> Option<String> {
    let (code, said, used) = plan(case, budget, &[]);
    let head: String = said.chars().take(300).collect();
    let wanted = if case.refused { code == Some(1) && said.starts_with("error") } else { code == Some(0) };
    let within = used.seconds < MOST_SECONDS && used.kib < MOST_KIB;
    (!wanted || !within).then(|| format!("{}: {code:?}, {used:?}\n{head}", case.name))
}

fn check(cases: &[Case], budget: &str) {
    let faults: Vec<String> = cases.iter().filter_map(|case| fault(case, budget)).collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n\n"));
}

const TENTH: &str = "0.1";

#[test]
fn what_grows_without_end_is_stopped() {
    check(&growing(), TENTH);
}

#[test]
fn what_takes_long_is_stopped() {
    check(&slow(), TENTH);
}

#[test]
fn what_is_many_is_stopped() {
    check(&many(), TENTH);
}

#[test]
fn what_is_written_badly_is_told_soon() {
    check(&written(), TENTH);
}

#[test]
fn the_whole_budget_is_used_up_within_ten_seconds_and_a_gibibyte() {
    let wanted =
        ["many texts", "many lists", "many loops", "all matches of all the rest", "instances times elements"];
    let all = [growing(), slow(), many()].into_iter().flatten();
    let cases: Vec<Case> = all.filter(|case| wanted.contains(&case.name)).collect();
    assert_eq!(cases.len(), wanted.len());
    check(&cases, "1");
}

#[test]
fn the_place_is_told_and_the_budget_can_be_larger() {
    let release =
        repeated("range(1000)", 20, "length([for a in local.b : [for b in range(100) : 1 if false]])");
    let case = case("twenty loops", release);
    let (code, said, _) = plan(&case, TENTH, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Evaluation budget used up") && said.contains("--> a.hcl:"), "{said}");
    assert!(said.contains("RELPLAN_EVALUATION_BUDGET=2"), "{said}");
    assert_eq!(said.matches("Evaluation budget used up").count(), 1, "it is said once: {said}");
    assert_eq!(plan(&case, "2", &[]).0, Some(0));
    let (code, said, _) = plan(&case, "many", &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("must be a number"), "{said}");
}

/// The same file ends at the same place, whoever looks and however.
#[test]
fn the_place_is_the_same_each_time() {
    let mut release = String::new();
    for index in 0..200 {
        let _ = writeln!(
            release,
            "output \"o{index}\" {{\n  value = [for a in range(100) : [for b in range(100) : a]]\n}}"
        );
    }
    let case = case("many outputs", release);
    let place = |arguments: &[&str]| {
        let said = plan(&case, TENTH, arguments).1;
        said.lines().find(|line| line.contains("a.hcl:")).map(str::to_owned)
    };
    let first = place(&[]);
    assert!(first.is_some());
    assert_eq!(place(&[]), first);
    assert_eq!(place(&["-format=markdown"]), first);
}
