//! The schema of a database as `pg_dump` writes it, in pieces that can be compared.
//!
//! PostgreSQL writes an expression otherwise after it read it once (`status IN (...)` of a varchar, BETWEEN, the conditions of
//! indexes), so the text of a restored copy is compared with that of the source after it made the same way.

use relplan_archive::{Flow, Job, Sum};
use relplan_contract::Problem;

use crate::connection::Connection;
use crate::program;
use crate::psql::{Session, problem_of};

/// What differs from server to server: owners, rights, tablespaces; and what no scratch server can be given.
const WITHOUT: [&str; 8] = [
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--no-tablespaces",
    "--no-password",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
];

/// What stands before each object in the text.
const TITLE: &str = "-- Name: ";

/// The schema, as `pg_dump` writes it.
pub(crate) fn text(job: &Job, connection: &Connection, more: Vec<String>) -> Result<String, Problem> {
    let mut arguments = WITHOUT.map(str::to_owned).to_vec();
    arguments.extend(more);
    let tool = program::start(job, connection, "pg_dump", arguments, Flow::Out, None)?;
    let written = tool.written("The schema cannot be read", problem_of)?;
    Ok(String::from_utf8_lossy(&written).into_owned())
}

/// The lines that count: no comments of the program, and not `\restrict`, which holds a random word in newer versions.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| {
        !line.starts_with("--")
            && !line.starts_with("\\restrict")
            && !line.starts_with("\\unrestrict")
            && !line.trim().is_empty()
    })
}

/// The sum of a schema.
pub(crate) fn sum(text: &str) -> String {
    Sum::of(lines(text).collect::<Vec<_>>().join("\n").as_bytes()).sha256
}

/// The objects of a schema, each with its title, in an order of ours: `pg_dump`'s own depends on numbers that a restore changes.
fn objects(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let (mut title, mut body) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix(TITLE) {
            all.push((std::mem::take(&mut title), std::mem::take(&mut body)));
            name.clone_into(&mut title);
        } else {
            lines(line).for_each(|line| body.extend([line, "\n"]));
        }
    }
    all.push((title, body));
    all.sort();
    all
}

/// The names of the objects that are not the same in both, in words.
pub(crate) fn differing(one: &str, other: &str) -> Vec<String> {
    let (one, other) = (objects(one), objects(other));
    let missing = |from: &[(String, String)], to: &[(String, String)]| {
        from.iter()
            .filter(|object| to.binary_search(object).is_err())
            .map(|(title, _)| name(title))
            .collect::<Vec<_>>()
    };
    let mut all = missing(&one, &other);
    all.extend(missing(&other, &one));
    all.sort();
    all.dedup();
    if all.is_empty() && one != other {
        all.push("an object that is there twice".to_owned());
    }
    all
}

/// `orders; Type: TABLE; Schema: public; Owner: -` as `TABLE public.orders`.
fn name(title: &str) -> String {
    let part = |word: &str| {
        title
            .split("; ")
            .find_map(|part| part.strip_prefix(word))
            .filter(|text| *text != "-")
            .unwrap_or_default()
    };
    let (kind, schema) = (part("Type: "), part("Schema: "));
    let name = title.split("; Type: ").next().unwrap_or_default();
    if title.is_empty() {
        return "its settings".to_owned();
    }
    let dot = if schema.is_empty() { "" } else { "." };
    format!("{kind} {schema}{dot}{name}")
}

/// Makes an empty database what a schema says, as a person would who runs its text.
pub(crate) fn run(job: &Job, connection: &Connection, text: &str) -> Result<(), Problem> {
    if text.lines().any(|line| line == "CREATE SCHEMA public;") {
        let mut session = Session::open(job, connection)?;
        session.run_text("DROP SCHEMA public")?;
        session.close()?;
    }
    let arguments = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-f", "-"].map(str::to_owned).to_vec();
    let mut tool = program::start(job, connection, "psql", arguments, Flow::In, None)?;
    let fed = tool.feed(&mut text.as_bytes(), "schema");
    tool.wait().map_err(|failed| problem_of(&failed, "The schema cannot be made"))?;
    fed.map_err(|error| Problem::refused(format!("psql cannot be talked to: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "--\n-- PostgreSQL database dump\n--\n\\restrict abc\nSET a = 1;\n--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\nCREATE TABLE t;\n--\n-- Name: v; Type: VIEW; Schema: b; Owner: -\n--\nCREATE VIEW v;\n";

    #[test]
    fn what_differs_is_named_and_order_does_not_count() {
        let turned = "SET a = 1;\n-- Name: v; Type: VIEW; Schema: b; Owner: -\nCREATE VIEW v;\n-- Name: t; Type: TABLE; Schema: public; Owner: -\nCREATE TABLE t;\n";
        assert_eq!(differing(ONE, turned), [] as [String; 0]);
        assert_eq!(differing(ONE, &turned.replace("VIEW v;", "VIEW w;")), ["VIEW b.v"]);
        assert_eq!(differing(ONE, &turned.replace("SET a = 1", "SET a = 2")), ["its settings"]);
        let twice = format!("{turned}-- Name: t; Type: TABLE; Schema: public; Owner: -\nCREATE TABLE t;\n");
        assert_eq!(differing(ONE, &twice), ["an object that is there twice"]);
    }
}
