//! The arguments that every command shares, and the [`Spec`] that they make.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use relplan_contract::{Attribute, Context, Kind, Path, Problem, Type, Value};

/// What a command always sees of relplan's own environment.
const INHERITED: [&str; 7] = ["HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER"];

/// The variables that relplan sets itself.
pub(crate) const ADDRESS: &str = "RELPLAN_ADDRESS";
pub(crate) const VERSION: &str = "RELPLAN_VERSION";
pub(crate) const KEY: &str = "RELPLAN_IDEMPOTENCY_KEY";

/// A command, ready to be run. Holds secrets, hence no `Debug`.
pub(crate) struct Spec {
    /// The program and its arguments; never empty.
    pub(crate) argv: Vec<String>,
    /// The attribute that the program stands in.
    pub(crate) attribute: &'static str,
    pub(crate) directory: PathBuf,
    /// The program as seen from the release's folder, where `path.module` starts.
    program: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) stdin: Option<String>,
    pub(crate) success: BTreeSet<i64>,
    /// Variables that are missing, because only a fingerprint of their values was kept.
    pub(crate) sealed: Vec<String>,
}

/// The attributes that every command shares.
pub(crate) fn attributes() -> Vec<Attribute> {
    let mut all = surroundings();
    all.extend([
        Attribute::optional(
            "stdin",
            Type::String,
            "Text for the command's standard input, which is empty unless given.",
        ),
        Attribute::optional(
            "success_exit_codes",
            Type::set(Type::Number),
            "Exit codes that count as success.",
        )
        .or(Value::set([Value::integer(0)])),
    ]);
    all
}

/// The attribute that says what an interrupt does to a running command.
pub(crate) fn on_interrupt(docs: &'static str) -> Attribute {
    Attribute::optional("on_interrupt", Type::String, docs).or("finish")
}

/// What is wrong with that.
pub(crate) fn check_on_interrupt(config: &Value) -> Option<Problem> {
    let wrong = config.get("on_interrupt").as_str().is_some_and(|word| !["finish", "stop"].contains(&word));
    wrong.then(|| Problem::invalid("on_interrupt", "on_interrupt is either \"finish\" or \"stop\"."))
}

/// Those of them that say where and with which variables a command runs.
pub(crate) fn surroundings() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "working_directory",
            Type::String,
            "Folder to run in, relative to the release file's folder, which it is unless given. A program with a `/` in its name is looked for there, else from the release file's folder; its arguments are its own.",
        ),
        Attribute::optional(
            "environment",
            Type::map(Type::String),
            "Variables for the command. The place for secrets: unlike arguments, other users cannot see them. A \
             changed value is a changed input.",
        ),
        Attribute::optional(
            "inherit_environment",
            Type::set(Type::String),
            "Names of more variables to hand on from relplan's own environment. HOME, LANG, LC_ALL, PATH, TMPDIR, TZ \
             and USER always are; nothing else is.",
        ),
    ]
}

/// What is wrong with the shared arguments.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in config.get("environment").as_map().into_iter().flatten() {
        let at = || Path::attribute("environment").key(name);
        if name.is_empty() || name.contains(['=', '\0']) {
            problems.push(Problem::invalid("environment", format!("{name:?} is no name for a variable.")));
        } else if [ADDRESS, VERSION, KEY].contains(&&**name) {
            let message = format!("relplan sets {name} itself.");
            problems.push(Problem::invalid("environment", message).about(at()));
        } else if value.as_str().is_some_and(|text| text.contains('\0')) {
            let message = format!("The variable {name} contains a NUL character.");
            problems.push(Problem::invalid("environment", message).about(at()));
        }
    }
    for name in config.get("inherit_environment").as_list().unwrap_or_default() {
        if name.as_str().is_some_and(|name| name.is_empty() || name.contains(['=', '\0'])) {
            problems.push(Problem::invalid(
                "inherit_environment",
                format!("{name:?} is no name for a variable."),
            ));
        }
    }
    for code in config.get("success_exit_codes").as_list().unwrap_or_default() {
        let known = matches!(code.kind(), Kind::Number(_));
        if known && !code.as_i64().is_some_and(|code| (0..=255).contains(&code)) {
            problems.push(Problem::invalid(
                "success_exit_codes",
                format!("{code:?} is no exit code (0 to 255)."),
            ));
        }
    }
    if config.get("success_exit_codes").as_list().is_some_and(<[Value]>::is_empty) {
        problems
            .push(Problem::invalid("success_exit_codes", "Without a success exit code nothing can succeed."));
    }
    if config.get("working_directory").as_str().is_some_and(|text| text.contains('\0')) {
        problems.push(Problem::invalid("working_directory", "A path contains no NUL character."));
    }
    problems
}

/// What is wrong with a list of a program and its arguments.
pub(crate) fn validate_argv(config: &Value, attribute: &'static str) -> Vec<Problem> {
    let Some(items) = config.get(attribute).as_list() else { return Vec::new() };
    let mut problems = Vec::new();
    match items.first() {
        None => problems.push(
            Problem::invalid(attribute, format!("{attribute} is empty."))
                .hint("Give the program and its arguments, such as [\"make\", \"deploy\"]."),
        ),
        Some(program) if program.as_str().is_some_and(|program| program.trim().is_empty()) => {
            problems.push(Problem::invalid(attribute, format!("The program of {attribute} is empty.")));
        }
        Some(_) => {}
    }
    for (index, item) in items.iter().enumerate() {
        let wrong = item.is_null() || item.as_str().is_some_and(|text| text.contains('\0'));
        if wrong {
            let message = format!("Argument {index} of {attribute} is null or contains a NUL character.");
            problems
                .push(Problem::invalid(attribute, message).about(Path::attribute(attribute).index(index)));
        }
    }
    problems
}

/// Remarks on commands for those who review a plan.
pub(crate) fn notes(config: &Value, attributes: &[&str]) -> Vec<String> {
    let telling = attributes.iter().filter(|name| config.get(name).has_sensitive());
    let note = |name: &&str| {
        format!(
            "`{name}` has a sensitive argument, which every user of the machine can see while it runs. Pass it \
             through `environment`."
        )
    };
    telling.map(note).collect()
}

impl Spec {
    /// The command in `attribute` of an object; none when the object gives none.
    pub(crate) fn of(
        context: &Context,
        object: &Value,
        attribute: &'static str,
        key: &str,
    ) -> Result<Option<Self>, Problem> {
        let Some(items) = object.get(attribute).as_list() else { return Ok(None) };
        let argv: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        let argv = argv.filter(|argv| !argv.is_empty()).ok_or_else(|| not_kept(attribute))?;
        let stdin = object.get("stdin");
        if matches!(stdin.kind(), Kind::Sealed(_)) {
            return Err(not_kept("stdin"));
        }
        let stdin = stdin.as_str().map(str::to_owned);
        let directory = object.get("working_directory").as_str().unwrap_or_default();
        let success = object.get("success_exit_codes").as_list().unwrap_or_default();
        let success = success.iter().filter_map(Value::as_i64).collect();
        let program = context.unread(argv.first().map(String::as_str).unwrap_or_default());
        let mut spec = Self {
            argv,
            attribute,
            directory: context.place("working_directory", directory)?,
            program,
            environment: inherited(context, object),
            stdin,
            success,
            sealed: Vec::new(),
        };
        spec.add_environment(context, object, key);
        Ok(Some(spec))
    }

    fn add_environment(&mut self, context: &Context, object: &Value, key: &str) {
        let given = object.get("environment");
        if matches!(given.kind(), Kind::Sealed(_)) {
            self.sealed.push("all of `environment`".into());
        }
        for (name, value) in given.as_map().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                self.environment.insert(name.to_string(), text.to_owned());
            } else if !value.is_null() {
                self.sealed.push(name.to_string());
            }
        }
        let version = object.get("version").as_str().unwrap_or(&context.version);
        for (name, value) in [(ADDRESS, &*context.address), (VERSION, version), (KEY, key)] {
            self.environment.insert(name.into(), value.into());
        }
    }

    /// Refuses a command whose secrets were not kept: it would run without them.
    pub(crate) fn whole(self) -> Result<Self, Problem> {
        if self.sealed.is_empty() {
            return Ok(self);
        }
        let names = self.sealed.join(", ");
        let message = format!("The values of sensitive variables are not kept in the ledger: {names}.");
        Err(Problem::invalid("environment", message).hint(
            "Name them in `inherit_environment` instead, so that they are there whenever the command runs.",
        ))
    }

    /// The program to start, and its arguments; refused where there is no folder to run in.
    pub(crate) fn program(&self) -> Result<(PathBuf, &[String]), Problem> {
        if !self.directory.is_dir() {
            let message = format!("The folder {} does not exist.", self.directory.display());
            return Err(Problem::missing(message).about(Path::attribute("working_directory")));
        }
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err(Problem::invalid(self.attribute, format!("{} is empty.", self.attribute)));
        };
        let program = if program.contains('/') { self.located(program)? } else { program.into() };
        Ok((program, arguments))
    }

    /// A program with a folder in its name: where the command runs, else where every path of a release starts, so that
    /// `${path.module}/deploy.sh` is the same file whatever the working directory is. Two different ones are not chosen
    /// between.
    fn located(&self, program: &str) -> Result<PathBuf, Problem> {
        let here = self.directory.join(program);
        let file =
            |path: &std::path::Path| Some(std::fs::metadata(path).ok()?).map(|file| (file.dev(), file.ino()));
        match (file(&here), file(&self.program)) {
            (Some(one), Some(other)) if one != other => {
                let message = format!(
                    "{program} is a file in the working directory, and another one in the folder of the release: it is not \
                     clear which is meant."
                );
                let hint = "Name the one of the working directory by its path from the folder of the release, or rename one.";
                Err(Problem::invalid(self.attribute, message).hint(hint))
            }
            (None, Some(_)) => Ok(self.program.clone()),
            (Some(_) | None, _) => Ok(here),
        }
    }

    /// Whether the exit code counts as success.
    pub(crate) fn accepts(&self, code: i32) -> bool {
        self.success.contains(&code.into())
    }
}

fn inherited(context: &Context, object: &Value) -> BTreeMap<String, String> {
    let more = object.get("inherit_environment").as_list().unwrap_or_default();
    let names = INHERITED.into_iter().chain(more.iter().filter_map(Value::as_str));
    names.filter_map(|name| Some((name.to_owned(), context.environment.get(name)?.clone()))).collect()
}

fn not_kept(attribute: &'static str) -> Problem {
    Problem::invalid(attribute, format!("The value of {attribute} is not known here."))
        .hint("Sensitive values are not kept in the ledger: keep secrets to `environment`.")
}
