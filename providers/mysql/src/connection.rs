//! How a server is reached: checked arguments, as an option file for the database's programs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use relplan_archive::{Failed, secret_file};
use relplan_contract::{Attribute, Context, Path, Problem, Sends, Type, Value};
use tempfile::NamedTempFile;
use url::Url;

use crate::credentials::Credentials;
use crate::options::{Options, SSL_MODES};

/// The arguments that say where the database is.
pub(crate) fn attributes() -> Vec<Attribute> {
    let text = |name, docs| Attribute::optional(name, Type::String, docs);
    let means = |name, docs| text(name, docs).means();
    vec![
        means("url", "Where the database is: mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=verify_identity. Or the fields below.")
            .sensitive(),
        means("host", "Name or address of the server."),
        Attribute::optional("port", Type::Number, "Its port. Default: 3306.").means(),
        means("socket", "The server's socket, in the place of a host."),
        text("database", "Name of the database."),
        means("user", "Who connects."),
        means("password", "The password. Given to the programs in a file of mode 0600.").sensitive(),
        means("defaults_file", "An option file of your own with user and password. Default: ~/.my.cnf, where no password is given."),
        means("ssl_mode", "`disabled`, `preferred`, `required`, `verify_ca` or `verify_identity`."),
        means("ssl_ca", "File of the authorities for `verify_ca` and `verify_identity`."),
        Attribute::optional("connect_timeout", Type::Number, "Seconds to wait for the server.").or(15).means(),
        means("program_folder", "Folder of `mariadb` and `mariadb-dump`, or `mysql` and `mysqldump`. Default: PATH."),
    ]
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
        let fields = ["host", "port", "socket", "database", "user", "password", "ssl_mode", "ssl_ca"];
        problems.extend(fields.iter().filter(|name| given(name)).map(|name| {
            wrong(name, format!("`{name}` is part of the `url` already."))
                .hint("Give either the URL or the fields.")
        }));
        problems.extend(config.get("url").as_str().and_then(|url| from_url(url).err()));
    } else if config.get("url").is_null() && config.get("database").is_null() {
        problems.push(
            wrong("database", "It is not said which database is meant.").hint("Give its name, or a `url`."),
        );
    }
    if given("host") && given("socket") {
        problems.push(wrong("socket", "Give either `host` or `socket`."));
    }
    if let Some(mode) = config.get("ssl_mode").as_str() {
        problems.extend(
            mode_problem(mode, config.get("ssl_ca").is_null())
                .map(|why| wrong("ssl_mode", why).hint(format!("One of {}.", SSL_MODES.join(", ")))),
        );
    }
    if config.get("port").as_i64().is_some_and(|port| !(1..=65_535).contains(&port)) {
        problems.push(wrong("port", "A port is a number from 1 to 65535."));
    }
    for name in ["host", "socket", "database", "user", "password", "ssl_ca", "defaults_file"] {
        if config.get(name).as_str().is_some_and(|text| text.is_empty() || text.contains(char::is_control)) {
            problems.push(wrong(name, format!("`{name}` is empty, or holds a line break.")));
        }
    }
    if config.get("database").as_str().is_some_and(|name| !is_usable(name)) {
        problems.push(wrong(
            "database",
            "A name with a dot or a slash cannot be told to the programs that dump.",
        ));
    }
    problems
}

/// Whether the programs can be told of a database of that name.
fn is_usable(name: &str) -> bool {
    !name.contains(['.', '/', '\\', '`'])
}

/// What is wrong with a mode of TLS.
fn mode_problem(mode: &str, without_ca: bool) -> Option<String> {
    if !SSL_MODES.contains(&mode) {
        return Some(format!("{mode:.40?} is no mode of TLS."));
    }
    // Without a file MariaDB's programs of before 11.4 would verify nothing.
    (mode.starts_with("verify") && without_ca)
        .then(|| format!("`{mode}` needs the authorities: give `ssl_ca`."))
}

/// The options, and the database, that a URL stands for.
fn from_url(text: &str) -> Result<(Options, Option<String>), Problem> {
    let refuse = |why: &str| {
        wrong("url", format!("The URL is none of a MySQL database: {why}."))
            .hint("Write mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=verify_identity&ssl-ca=FILE; `%40` stands for an @ in a password.")
    };
    let url = Url::parse(text).map_err(|_| refuse("it cannot be read"))?;
    if !["mysql", "mariadb"].contains(&url.scheme()) {
        return Err(refuse("it begins with another word"));
    }
    let plain = |text: &str| {
        let decoded =
            percent_decode_str(text).decode_utf8().map_err(|_| refuse("a %-sequence in it is no text"))?;
        if decoded.contains(char::is_control) {
            return Err(refuse("it holds a line break"));
        }
        Ok(Some(decoded.into_owned()).filter(|text| !text.is_empty()))
    };
    let host = url.host_str().unwrap_or_default();
    let mut options = Options {
        host: plain(host.trim_start_matches('[').trim_end_matches(']'))?,
        port: url.port(),
        user: plain(url.username())?,
        password: url.password().map(plain).transpose()?.flatten(),
        ..Options::default()
    };
    for (name, value) in url.query_pairs() {
        let value = plain(&value)?;
        match &*name {
            "ssl-mode" => options.ssl_mode = value.map(|mode| mode.to_ascii_lowercase()),
            "ssl-ca" => options.ssl_ca = value,
            "socket" => options.socket = value,
            "connect-timeout" => {
                let seconds = value.and_then(|text| text.parse().ok());
                options.connect_timeout =
                    Some(seconds.ok_or_else(|| refuse("its connect-timeout is no number"))?);
            }
            _ => return Err(refuse(&format!("its parameter {name:.40?} is not known here"))),
        }
    }
    if let Some(why) =
        options.ssl_mode.as_deref().and_then(|mode| mode_problem(mode, options.ssl_ca.is_none()))
    {
        return Err(refuse(why.trim_end_matches('.')));
    }
    let database = plain(url.path().trim_start_matches('/'))?;
    if database.as_deref().is_some_and(|name| !is_usable(name)) {
        return Err(refuse(
            "a database's name with a dot or a slash cannot be told to the programs that dump",
        ));
    }
    Ok((options, database))
}

/// Where a database is, and how its programs are told.
#[derive(Clone)]
pub(crate) struct Connection {
    environment: BTreeMap<String, String>,
    programs: Option<PathBuf>,
    file: Arc<NamedTempFile>,
    database: String,
    /// Whether a conversation in clear is to be broken off.
    needs_tls: bool,
    credentials: Arc<Credentials>,
}

/// The options that the arguments say, the database, and the operator's option file that they name.
fn given(context: &Context, config: &Value) -> Result<(Options, Option<String>, Option<PathBuf>), Problem> {
    if let Some(problem) = check(config).into_iter().next() {
        return Err(problem);
    }
    let text = |name: &str| config.get(name).as_str().map(str::to_owned);
    let input = |name: &str, file: String| context.input(name, &file);
    let (mut options, database) = match config.get("url").as_str() {
        Some(url) => from_url(url)?,
        None => {
            let fields = Options {
                host: text("host"),
                port: config.get("port").as_i64().and_then(|port| u16::try_from(port).ok()),
                socket: text("socket").map(|file| context.unread(&file).display().to_string()),
                user: text("user"),
                password: text("password"),
                ssl_mode: text("ssl_mode"),
                ssl_ca: text("ssl_ca"),
                ..Options::default()
            };
            (fields, text("database"))
        }
    };
    options.ssl_ca =
        options.ssl_ca.map(|file| Ok(input("ssl_ca", file)?.display().to_string())).transpose()?;
    options.connect_timeout = options.connect_timeout.or_else(|| config.get("connect_timeout").as_i64());
    let own = text("defaults_file").map(|file| input("defaults_file", file)).transpose()?;
    Ok((options, database, own))
}

/// The arguments that say which server is meant.
const SERVER: [&str; 4] = ["url", "host", "port", "socket"];

/// Which credentials of the environment the server is sent that the arguments name, and a sentence about those that it is not
/// sent. Nothing while it is not known which server that is.
pub(crate) fn credentials(
    context: &Context,
    config: &Value,
) -> Result<(Vec<Sends>, Option<String>), Problem> {
    let names = ["url", "host", "port", "socket", "password", "defaults_file"];
    if names.iter().any(|name| config.get(name).is_unknown()) {
        return Ok((Vec::new(), None));
    }
    let (options, _, file) = given(context, config)?;
    let credentials = Credentials::decide(&context.environment, &options, file);
    let sends = credentials.sent.iter().map(|what| Sends {
        server: credentials.server.clone(),
        what: what.clone(),
        named_by: SERVER.map(str::to_owned).to_vec(),
    });
    let told = credentials.told().map(|told| format!("{told} {}", credentials.binding()));
    Ok((sends.collect(), told))
}

impl Connection {
    /// Reads the arguments.
    pub(crate) fn read(context: &Context, config: &Value) -> Result<Self, Problem> {
        let (options, database, file) = given(context, config)?;
        let credentials = Credentials::decide(&context.environment, &options, file);
        let programs = config.get("program_folder").as_str().map(|folder| context.unread(folder));
        let database = database.ok_or_else(|| {
            wrong("url", "The URL names no database.").hint("Write mysql://USER@HOST/DATABASE.")
        })?;
        Self::new(context, options, database, programs, credentials)
    }

    /// The database that a person named with a URL: all that the operator has is for it.
    pub(crate) fn of_person(
        context: &Context,
        url: &str,
        programs: Option<PathBuf>,
    ) -> Result<Self, Problem> {
        let (options, database) = from_url(url)?;
        let credentials = Credentials::of_person(&context.environment, &options);
        Self::new(context, options, database.unwrap_or_default(), programs, credentials)
    }

    /// The server that the release file named with a URL.
    pub(crate) fn of_scratch(
        context: &Context,
        url: &str,
        programs: Option<PathBuf>,
    ) -> Result<Self, Problem> {
        let (options, database) = from_url(url)?;
        if let Some(file) = &options.ssl_ca {
            context.input("scratch", file)?;
        }
        let credentials = Credentials::decide(&context.environment, &options, None);
        Self::new(context, options, database.unwrap_or_default(), programs, credentials)
    }

    /// The server behind a socket, as its administrator without a password.
    pub(crate) fn of_socket(&self, context: &Context, socket: &str) -> Result<Self, Problem> {
        let options = Options {
            socket: Some(socket.to_owned()),
            user: Some("root".to_owned()),
            ssl_mode: Some("disabled".to_owned()),
            ..Options::default()
        };
        Self::new(context, options, String::new(), self.programs.clone(), Credentials::default())
    }

    /// The programs alone, for work that needs no source.
    pub(crate) fn programs_of(context: &Context, config: &Value) -> Result<Self, Problem> {
        let programs = config.get("program_folder").as_str().map(|folder| context.unread(folder));
        Self::new(context, Options::default(), String::new(), programs, Credentials::default())
    }

    fn new(
        context: &Context,
        mut options: Options,
        database: String,
        programs: Option<PathBuf>,
        credentials: Credentials,
    ) -> Result<Self, Problem> {
        let told = |name: &str| context.environment.get(name);
        let inherited = ["PATH", "HOME", "TMPDIR"].into_iter();
        let mut environment: BTreeMap<String, String> =
            inherited.filter_map(|name| Some((name.to_owned(), told(name)?.clone()))).collect();
        environment.insert("LC_ALL".to_owned(), "C".to_owned());
        options.include = credentials.include.as_ref().map(|file| file.display().to_string());
        let file = Arc::new(secret_file(&options.text())?);
        if !credentials.login_path {
            // MySQL's programs read it after every other file. A file that is not there has nothing to say.
            let none = format!("{}.none", file.path().display());
            environment.insert("MYSQL_TEST_LOGIN_FILE".to_owned(), none);
        }
        let needs_tls =
            options.ssl_mode.is_some_and(|mode| !["disabled", "preferred"].contains(&mode.as_str()));
        Ok(Self { environment, programs, file, database, needs_tls, credentials: Arc::new(credentials) })
    }

    /// A connection to another database with the same rights.
    pub(crate) fn to_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// Name of the database; empty for none.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Whether a conversation in clear is to be broken off: the client of MariaDB 10.11 does not do so itself.
    pub(crate) const fn needs_tls(&self) -> bool {
        self.needs_tls
    }

    /// What a person must know of a failure whose messages these are: that the server was not sent something.
    pub(crate) fn explain(&self, problem: Problem, failed: &Failed) -> Problem {
        let wanted = ["ERROR 1045", "Access denied for user"];
        let Some(told) = self.credentials.told().filter(|_| failed.says(&wanted)) else { return problem };
        let message = format!("{} {told}", problem.message);
        Problem { message, ..problem }.hint(self.credentials.binding())
    }

    /// The environment of a program.
    pub(crate) const fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// What every client program is told first.
    pub(crate) fn defaults(&self) -> String {
        format!("--defaults-file={}", self.file.path().display())
    }

    /// The folder that the programs were said to be in.
    pub(crate) fn programs(&self) -> Option<&std::path::Path> {
        self.programs.as_deref()
    }
}

/// A problem with the connection, told by the attribute it is about.
pub(crate) fn attribute_of(message: &str) -> Option<Path> {
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if about(&["ERROR 1045", "Access denied for user"]) {
        Some(Path::attribute("password"))
    } else if about(&["ERROR 2002", "ERROR 2003", "ERROR 2005", "Can't connect", "Unknown server host"]) {
        Some(Path::attribute("host"))
    } else if about(&["TLS/SSL error", "SSL connection error", "SSL is required"]) {
        Some(Path::attribute("ssl_mode"))
    } else if about(&["Unknown database"]) {
        Some(Path::attribute("database"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let (options, database) = from_url(
            "mysql://an%40n:p%3Aw%2F@db.example:3307/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ca.pem",
        )
        .expect("read");
        assert_eq!((options.user.as_deref(), options.password.as_deref()), (Some("an@n"), Some("p:w/")));
        assert_eq!((options.host.as_deref(), options.port), (Some("db.example"), Some(3_307)));
        assert_eq!(
            (database.as_deref(), options.ssl_mode.as_deref()),
            (Some("shop"), Some("verify_identity"))
        );
        for text in [
            "postgres://x/y",
            "no url",
            "mysql://h/d?init-command=x",
            "mysql://h/d?ssl-mode=maybe",
            "mysql://h/d?ssl-mode=verify_ca",
            "mysql://a%0Ab@h/d",
            "mysql://h/a.b",
        ] {
            let problem = from_url(text).err().expect(text);
            assert!(!problem.message.contains("a%0Ab"), "{problem}");
        }
    }
}
