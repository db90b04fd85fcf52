//! How a server is reached: checked arguments, as the environment of libpq's programs, so that every one of them (and
//! `psql` in a person's hands) means the same by `verify-full`, a service or a password file.
//!
//! Source of the variables: <https://www.postgresql.org/docs/current/libpq-envars.html>.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use relplan_archive::{Failed, secret_file};
use relplan_contract::{Attribute, Context, Path, Problem, Sends, Type, Value};
use tempfile::NamedTempFile;
use url::Url;

use crate::credentials::Credentials;

/// The modes of TLS, from the weakest to the strongest.
const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Parameters of a URL, with the variable that each is.
const PARAMETERS: [(&str, &str); 9] = [
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("gssencmode", "PGGSSENCMODE"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("host", "PGHOST"),
];

/// The arguments that say where the database is.
pub(crate) fn attributes() -> Vec<Attribute> {
    let text = |name, docs| Attribute::optional(name, Type::String, docs);
    let means = |name, docs| text(name, docs).means();
    vec![
        means("url", "Where the database is: postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full. Or the fields below.")
            .sensitive(),
        means("host", "Name or address of the server, or the folder of its socket. Default: as for `psql`."),
        Attribute::optional("port", Type::Number, "Its port.").means(),
        text("database", "Name of the database."),
        means("user", "Who connects."),
        means("password", "The password. Given to the programs in a file of mode 0600.").sensitive(),
        means("passfile", "A password file in libpq's form, in the place of `password`."),
        means("service", "A service of libpq's `pg_service.conf`."),
        means("sslmode", "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`."),
        means("sslrootcert", "File of the authorities for `verify-ca` and `verify-full`, or `system`."),
        Attribute::optional("connect_timeout", Type::Number, "Seconds to wait for the server.").or(15).means(),
        means("program_folder", "Folder of `psql`, `pg_dump` and `pg_restore`. Default: PATH, then the system's newest."),
    ]
}

/// Where a database is, and how its programs are told.
#[derive(Clone)]
pub(crate) struct Connection {
    environment: BTreeMap<String, String>,
    programs: Option<PathBuf>,
    _password: Option<Arc<NamedTempFile>>,
    credentials: Arc<Credentials>,
}

/// Who said where the database is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// The release file: what the environment holds may be for others.
    ByFile,
    /// A person, on the command line.
    ByPerson,
}

/// What the arguments say: libpq's variables, and the password.
struct Given {
    variables: BTreeMap<String, String>,
    password: Option<String>,
}

fn wrong(attribute: &str, message: impl Into<String>) -> Problem {
    Problem::invalid(attribute, message)
}

/// What is wrong with the arguments; parts may be unknown.
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    // What is not known yet may turn out to be null.
    let given = |name: &str| !config.get(name).is_null() && !config.get(name).is_unknown();
    let mut problems = Vec::new();
    if given("url") {
        let fields = ["host", "port", "database", "user", "password", "service", "sslmode", "sslrootcert"];
        problems.extend(fields.iter().filter(|name| given(name)).map(|name| {
            wrong(name, format!("`{name}` is part of the `url` already."))
                .hint("Give either the URL or the fields.")
        }));
        problems.extend(config.get("url").as_str().and_then(|url| from_url(url).err()));
    }
    if given("password") && given("passfile") {
        problems.push(wrong("passfile", "Give either `password` or `passfile`."));
    }
    if let Some(mode) = config.get("sslmode").as_str()
        && !SSL_MODES.contains(&mode)
    {
        problems.push(
            wrong("sslmode", format!("{mode:.40?} is no mode of TLS."))
                .hint(format!("One of {}.", SSL_MODES.join(", "))),
        );
    }
    if config.get("port").as_i64().is_some_and(|port| !(1..=65_535).contains(&port)) {
        problems.push(wrong("port", "A port is a number from 1 to 65535."));
    }
    for name in ["host", "database", "user", "password", "service", "sslrootcert"] {
        if config.get(name).as_str().is_some_and(|text| text.is_empty() || text.contains(['\0', '\n'])) {
            problems.push(wrong(name, format!("`{name}` is empty, or holds a line break.")));
        }
    }
    problems
}

/// The variables, and the password, that a URL stands for.
fn from_url(text: &str) -> Result<(BTreeMap<String, String>, Option<String>), Problem> {
    let refuse = |why: &str| {
        wrong("url", format!("The URL is none of a PostgreSQL database: {why}."))
            .hint("Write postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full; `%40` stands for an @ in a password.")
    };
    let url = Url::parse(text).map_err(|_| refuse("it cannot be read"))?;
    if !["postgres", "postgresql"].contains(&url.scheme()) {
        return Err(refuse("it begins with another word"));
    }
    let plain = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(std::borrow::Cow::into_owned).map_err(|_| refuse("a %-sequence in it is no text"))
    };
    let mut variables = BTreeMap::new();
    if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
        variables.insert("PGHOST".to_owned(), plain(host.trim_start_matches('[').trim_end_matches(']'))?);
    }
    if let Some(port) = url.port() {
        variables.insert("PGPORT".to_owned(), port.to_string());
    }
    let database = plain(url.path().trim_start_matches('/'))?;
    for (name, value) in [("PGDATABASE", database), ("PGUSER", plain(url.username())?)] {
        if !value.is_empty() {
            variables.insert(name.to_owned(), value);
        }
    }
    for (name, value) in url.query_pairs() {
        let known = PARAMETERS.iter().find(|(parameter, _)| *parameter == name);
        let (_, variable) =
            known.ok_or_else(|| refuse(&format!("its parameter {name:.40?} is not known here")))?;
        if name == "sslmode" && !SSL_MODES.contains(&&*value) {
            return Err(refuse("its sslmode is none"));
        }
        variables.insert((*variable).to_owned(), value.into_owned());
    }
    if variables.values().any(|value| value.contains(['\0', '\n'])) {
        return Err(refuse("it holds a line break"));
    }
    Ok((variables, url.password().map(plain).transpose()?))
}

/// The variables that name files, and the argument that each is of.
const FILES: [(&str, &str); 4] =
    [("PGPASSFILE", "passfile"), ("PGSSLROOTCERT", "sslrootcert"), ("PGSSLCERT", "url"), ("PGSSLKEY", "url")];

/// The files that arguments name as paths that may be read.
fn within(context: &Context, given: &mut BTreeMap<String, String>) -> Result<(), Problem> {
    for (variable, argument) in FILES {
        if let Some(file) = given.get_mut(variable).filter(|file| *file != "system") {
            *file = context.input(argument, file)?.display().to_string();
        }
    }
    Ok(())
}

/// Reads the arguments.
fn given(context: &Context, config: &Value) -> Result<Given, Problem> {
    if let Some(problem) = check(config).into_iter().next() {
        return Err(problem);
    }
    let text = |name: &str| config.get(name).as_str().map(str::to_owned);
    let (mut variables, password) = match config.get("url").as_str() {
        Some(url) => from_url(url)?,
        None => (BTreeMap::new(), text("password")),
    };
    let number = |name: &str| config.get(name).as_i64().map(|number| number.to_string());
    let fields = [
        ("PGHOST", text("host")),
        ("PGPORT", number("port")),
        ("PGDATABASE", text("database")),
        ("PGUSER", text("user")),
        ("PGSERVICE", text("service")),
        ("PGPASSFILE", text("passfile")),
        ("PGSSLMODE", text("sslmode")),
        ("PGSSLROOTCERT", text("sslrootcert")),
    ];
    variables.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    within(context, &mut variables)?;
    variables
        .entry("PGCONNECT_TIMEOUT".to_owned())
        .or_insert_with(|| number("connect_timeout").unwrap_or_else(|| "15".to_owned()));
    Ok(Given { variables, password })
}

/// The arguments that say which server is meant.
const SERVER: [&str; 4] = ["url", "host", "port", "service"];

/// Which credentials of the environment the server is sent that the arguments name, and a sentence about those that it is not
/// sent. Nothing while it is not known which server that is.
pub(crate) fn credentials(
    context: &Context,
    config: &Value,
) -> Result<(Vec<Sends>, Option<String>), Problem> {
    let names = ["url", "host", "port", "service", "password", "passfile"];
    if names.iter().any(|name| config.get(name).is_unknown()) {
        return Ok((Vec::new(), None));
    }
    let Given { variables, password } = given(context, config)?;
    let credentials = Credentials::decide(&context.environment, &variables, password.is_some())?;
    let sends = credentials.sent.iter().map(|what| Sends {
        server: credentials.servers.join(", "),
        what: what.clone(),
        named_by: SERVER.map(str::to_owned).to_vec(),
    });
    let told = credentials.told().map(|told| format!("{told} {}", credentials.binding()));
    Ok((sends.collect(), told))
}

impl Connection {
    /// Reads the arguments over what the environment says, as libpq does.
    pub(crate) fn read(context: &Context, config: &Value) -> Result<Self, Problem> {
        let programs = config.get("program_folder").as_str().map(|folder| context.unread(folder));
        Self::new(context, given(context, config)?, programs, Named::ByFile)
    }

    /// The programs alone, for work that needs no source.
    pub(crate) fn programs_of(context: &Context, config: &Value) -> Result<Self, Problem> {
        let programs = config.get("program_folder").as_str().map(|folder| context.unread(folder));
        let nothing = Given { variables: BTreeMap::new(), password: None };
        Self::new(context, nothing, programs, Named::ByFile)
    }

    /// The database that a person named with a URL: all that the environment holds is for it.
    pub(crate) fn of_person(
        context: &Context,
        url: &str,
        programs: Option<PathBuf>,
    ) -> Result<Self, Problem> {
        let (variables, password) = from_url(url)?;
        Self::new(context, Given { variables, password }, programs, Named::ByPerson)
    }

    /// The server that the release file named with a URL.
    pub(crate) fn of_scratch(
        context: &Context,
        url: &str,
        programs: Option<PathBuf>,
    ) -> Result<Self, Problem> {
        let (mut variables, password) = from_url(url)?;
        within(context, &mut variables)?;
        Self::new(context, Given { variables, password }, programs, Named::ByFile)
    }

    fn new(
        context: &Context,
        given: Given,
        programs: Option<PathBuf>,
        named: Named,
    ) -> Result<Self, Problem> {
        let credentials = match named {
            Named::ByFile => {
                Credentials::decide(&context.environment, &given.variables, given.password.is_some())?
            }
            Named::ByPerson => Credentials::default(),
        };
        let ours = |name: &str| {
            name.starts_with("PG") || ["PATH", "HOME", "SSL_CERT_FILE", "KRB5CCNAME"].contains(&name)
        };
        let inherited = context.environment.iter().filter(|(name, _)| ours(name));
        let mut environment: BTreeMap<String, String> =
            inherited.map(|(name, value)| (name.clone(), value.clone())).collect();
        environment.retain(|name, _| !credentials.removed.contains(&name.as_str()));
        environment.extend(given.variables);
        environment.insert("LC_ALL".to_owned(), "C".to_owned());
        environment.insert("PGAPPNAME".to_owned(), "relplan".to_owned());
        let lines = match given.password {
            Some(password) => {
                let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
                environment.remove("PGPASSWORD");
                Some(format!("*:*:*:*:{escaped}\n"))
            }
            None => credentials.passfile.clone(),
        };
        let kept = lines.map(|lines| secret_file(&lines)).transpose()?.map(Arc::new);
        if let Some(file) = &kept {
            environment.insert("PGPASSFILE".to_owned(), file.path().display().to_string());
        }
        let credentials = Arc::new(credentials);
        Ok(Self { environment, programs, _password: kept, credentials })
    }

    /// A connection to another database with the same rights. Used for scratch databases and restores.
    pub(crate) fn to_database(&self, database: &str) -> Self {
        self.with("PGDATABASE", database)
    }

    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.environment.insert(name.to_owned(), value.to_owned());
        other
    }

    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let mut other = self.clone();
        other.environment.retain(|name, _| !names.contains(&name.as_str()));
        other
    }

    /// What a person must know of a failure whose messages these are: that the server was not sent something.
    pub(crate) fn explain(&self, problem: Problem, failed: &Failed) -> Problem {
        let wanted = ["password authentication failed", "no password supplied"];
        let Some(told) = self.credentials.told().filter(|_| failed.says(&wanted)) else { return problem };
        let message = format!("{} {told}", problem.message);
        Problem { message, ..problem }.hint(self.credentials.binding())
    }

    /// The environment of a program.
    pub(crate) const fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Name of the database, as far as it is given.
    pub(crate) fn database(&self) -> Option<&str> {
        let name = |name: &str| self.environment.get(name).map(String::as_str);
        name("PGDATABASE").or_else(|| name("PGUSER"))
    }

    /// Adds settings of the session, such as `lock_timeout`.
    pub(crate) fn with_options(&self, options: &[(&str, String)]) -> Self {
        let before = self.environment.get("PGOPTIONS").cloned().unwrap_or_default();
        let options = options.iter().map(|(name, value)| format!("-c {name}={value}"));
        let all: Vec<String> =
            std::iter::once(before).chain(options).filter(|text| !text.is_empty()).collect();
        self.with("PGOPTIONS", &all.join(" "))
    }

    /// Where a program is.
    pub(crate) fn program(&self, name: &str) -> String {
        match &self.programs {
            Some(folder) => folder.join(name).display().to_string(),
            None => find(name, self.environment.get("PATH").map_or("", String::as_str)),
        }
    }
}

/// The program in PATH, else in the newest of the folders that distributions use; else its plain name.
fn find(name: &str, path: &str) -> String {
    if path.split(':').any(|folder| !folder.is_empty() && FilePath::new(folder).join(name).is_file()) {
        return name.to_owned();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let found = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let program = entry.path().join("bin").join(name);
        program.is_file().then_some((version, program))
    });
    found.max().map_or_else(|| name.to_owned(), |(_, program)| program.display().to_string())
}

/// A problem with the connection, told by the attribute it is about.
pub(crate) fn attribute_of(message: &str) -> Option<Path> {
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if about(&["password authentication failed", "no password supplied", "fe_sendauth"]) {
        Some(Path::attribute("password"))
    } else if about(&["could not translate host name", "Connection refused", "timeout expired"]) {
        Some(Path::attribute("host"))
    } else if about(&["database \""]) && about(&["does not exist"]) {
        Some(Path::attribute("database"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        let (variables, password) = from_url(
            "postgres://an%40n:p%3Aw%2F@db.example:5433/sh%20op?sslmode=verify-full&connect_timeout=5",
        )
        .expect("read");
        let told = |name: &str| variables.get(name).map(String::as_str);
        assert_eq!(
            (told("PGUSER"), told("PGHOST"), told("PGPORT")),
            (Some("an@n"), Some("db.example"), Some("5433"))
        );
        assert_eq!((told("PGDATABASE"), told("PGSSLMODE")), (Some("sh op"), Some("verify-full")));
        assert_eq!(password.as_deref(), Some("p:w/"));
        let (variables, _) = from_url("postgresql:///shop?host=/run/sockets").expect("read");
        assert_eq!(variables.get("PGHOST").map(String::as_str), Some("/run/sockets"));
        for text in [
            "mysql://x/y",
            "no url",
            "postgres://h/d?option=x",
            "postgres://h/d?sslmode=maybe",
            "postgres://a%0Ab@h/d",
        ] {
            let problem = from_url(text).expect_err(text);
            assert!(!problem.message.contains("a%0Ab"), "{problem}");
        }
    }

    #[test]
    fn what_a_password_file_gives_a_meaning_to_is_escaped() {
        let context = relplan_contract::conformance::context_in(FilePath::new("/"), "postgres_snapshot.it");
        let connection =
            Connection::of_person(&context, "postgres://me:a%3Ab%5Cc@db/shop", None).expect("a connection");
        let text = std::fs::read_to_string(&connection.environment["PGPASSFILE"]).expect("a file");
        assert_eq!(text, "*:*:*:*:a\\:b\\\\c\n");
    }
}
