//! Files and paths. Files are read through the [`Host`](super::Host), and only those that it opens; paths are
//! texts with `/` between names, cleaned as Terraform does, and looked up nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relplan_contract::Value;

use super::Accepts::String as Text;
use super::host::FileError;
use super::{Arguments, Fault, Function, parameter};

mod glob;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "abspath",
        &[parameter("path", Text)],
        |arguments| {
            arguments.string(
                arguments.host().absolute(arguments.text(0)).map_err(|error| fault(arguments, 0, &error))?,
            )
        },
        "The path from the root of the file system. It differs between machines, and so does a plan that uses it.",
        ("basename(abspath(\"a.txt\"))", "\"a.txt\""),
    ),
    Function::new(
        "basename",
        &[parameter("path", Text)],
        |arguments| arguments.string(base(arguments.text(0))),
        "The last name of a path.",
        ("basename(\"foo/bar/baz.txt\")", "\"baz.txt\""),
    ),
    Function::new(
        "dirname",
        &[parameter("path", Text)],
        |arguments| arguments.string(folder(arguments.text(0))),
        "The path without its last name.",
        ("dirname(\"foo/bar/baz.txt\")", "\"foo/bar\""),
    ),
    Function::new(
        "file",
        &[parameter("path", Text)],
        |arguments| arguments.string(text(arguments, 0)?),
        "The text of a file, which must be UTF-8.",
        ("file(\"a.txt\")", "\"hello\\n\""),
    ),
    Function::new(
        "filebase64",
        &[parameter("path", Text)],
        |arguments| arguments.string(STANDARD.encode(bytes(arguments, 0)?)),
        "The bytes of a file in base64.",
        ("filebase64(\"a.txt\")", "\"aGVsbG8K\""),
    ),
    Function::new(
        "fileexists",
        &[parameter("path", Text)],
        |arguments| {
            arguments.budget().steps(OPENING)?;
            arguments
                .host()
                .exists(arguments.text(0))
                .map(Value::from)
                .map_err(|error| fault(arguments, 0, &error))
        },
        "Whether there is a file at the path.",
        ("fileexists(\"b.txt\")", "false"),
    ),
    Function::new(
        "fileset",
        &[parameter("path", Text), parameter("pattern", Text)],
        fileset,
        "The files below a folder that match a pattern: `*`, `**`, `?`, `[a-z]`, `{a,b}`.",
        ("fileset(\".\", \"*.txt\")", "toset([\"a.txt\"])"),
    ),
    Function::new(
        "pathexpand",
        &[parameter("path", Text)],
        pathexpand,
        "The path with a leading `~` replaced by the user's home folder.",
        ("pathexpand(\"a/b\")", "\"a/b\""),
    ),
];

/// Steps that looking for a file costs.
const OPENING: u64 = 200;

/// Steps that looking at one of many files costs.
const LISTING: u64 = 20;

/// The bytes of the file that an argument names.
pub(super) fn bytes(arguments: &Arguments<'_>, index: usize) -> Result<Vec<u8>, Fault> {
    arguments.budget().steps(OPENING)?;
    let bytes =
        arguments.host().read(arguments.text(index)).map_err(|error| fault(arguments, index, &error))?;
    arguments.budget().bytes(bytes.len())?;
    Ok(bytes)
}

/// The text of the file that an argument names.
pub(super) fn text(arguments: &Arguments<'_>, index: usize) -> Result<String, Fault> {
    String::from_utf8(bytes(arguments, index)?).map_err(|_| {
        Fault::argument(
            index,
            "The file is not UTF-8 text.",
            "Use `filebase64(...)` for a file of other content.",
        )
    })
}

fn fault(arguments: &Arguments<'_>, index: usize, error: &FileError) -> Fault {
    let of = arguments.detail(|| format!(" ({})", arguments.show(index)));
    let words = match error {
        // The system's words may repeat the path.
        FileError::Other(_) if arguments.is_hidden() => "it cannot be read".to_owned(),
        FileError::Missing
        | FileError::Outside
        | FileError::Reserved
        | FileError::TooLarge(_)
        | FileError::Unavailable
        | FileError::Other(_) => error.to_string(),
    };
    let help = match error {
        FileError::Missing => {
            "Paths start at the folder of the release file; write \"${path.module}/...\" for a file beside the definition."
        }
        FileError::Outside => {
            "The tree is the git work tree of the release file, else the folder above it: move the file there."
        }
        FileError::Reserved => "Keep what a release needs in a file of its own.",
        FileError::TooLarge(_) => "Use `filesha256(...)` where only its digest is needed, or a smaller file.",
        FileError::Unavailable => "Use a variable or a local value here.",
        FileError::Other(_) => "Check the path and its permissions.",
    };
    Fault::argument(index, format!("The file cannot be read{of}: {words}."), help)
}

fn fileset(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let pattern = glob::compile(arguments.text(1)).map_err(|message| {
        Fault::argument(1, message, "Use `*` within a name, `**` for any folders, `?`, `[a-z]` or `{a,b}`.")
    })?;
    arguments.budget().steps(OPENING)?;
    let files = match arguments.host().list(arguments.text(0)) {
        Ok(files) => files,
        Err(FileError::Missing) => Vec::new(),
        Err(error) => {
            // It may be that there are too many. What is refused by its path alone was not looked at.
            if matches!(error, FileError::Other(_)) {
                arguments.budget().steps(LISTING * 10_000)?;
            }
            return Err(fault(arguments, 0, &error));
        }
    };
    arguments.budget().elements(files.len())?;
    let each = LISTING + arguments.text(1).len() as u64;
    arguments.budget().steps((files.len() as u64).saturating_mul(each))?;
    Ok(Value::set(files.into_iter().filter(|file| pattern.is_match(file)).map(Value::from)))
}

fn pathexpand(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let path = arguments.text(0);
    let Some(rest) = path.strip_prefix('~') else { return arguments.string(path) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(Fault::argument(
            0,
            "The home folder of another user cannot be looked up.",
            "Write `~/...`.",
        ));
    }
    let home = arguments
        .host()
        .home()
        .ok_or_else(|| Fault::argument(0, "There is no home folder here.", "Write the path out."))?;
    arguments.string(format!("{home}{rest}"))
}

/// The last name; `.` for an empty path.
fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed) {
        (true, _) => ".",
        (false, "") => "/",
        (false, trimmed) => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

/// What stands before the last `/`, cleaned.
fn folder(path: &str) -> String {
    clean(path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default())
}

/// The shortest path that means the same: no `//`, no `.`, and `..` taken back where it can be.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            ".." if rooted => {}
            name => names.push(name),
        }
    }
    match (rooted, names.is_empty()) {
        (true, _) => format!("/{}", names.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => names.join("/"),
    }
}
