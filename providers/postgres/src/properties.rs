//! [`Properties`]: what belongs to a database and is in no dump: its owner, rights, locale, limits and settings.

use std::collections::BTreeMap;

use relplan_archive::Job;
use relplan_contract::Problem;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::psql::{Session, identifier, literal};

/// Settings whose value is a list of names, each of which is quoted by itself.
const LISTS: [&str; 6] = [
    "search_path",
    "temp_tablespaces",
    "local_preload_libraries",
    "session_preload_libraries",
    "shared_preload_libraries",
    "unix_socket_directories",
];

/// How a database sorts and stores text, and where it lies: said when it is made, and never again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Locale {
    pub(crate) encoding: String,
    pub(crate) collate: String,
    pub(crate) ctype: String,
    /// `c` (libc), `i` (ICU), `b` (builtin); empty where servers know only libc.
    pub(crate) provider: String,
    /// By the provider's own name.
    pub(crate) name: String,
    pub(crate) rules: String,
    pub(crate) tablespace: String,
}

/// A setting, and for which role where it is not for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Setting {
    role: Option<String>,
    name: String,
    value: String,
}

/// A right; granted to everybody where there is no role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    role: Option<String>,
    right: String,
    grantable: bool,
}

/// What belongs to a database and is in no dump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Properties {
    pub(crate) locale: Locale,
    owner: String,
    connection_limit: i64,
    grants: Vec<Grant>,
    usual_grants: Vec<Grant>,
    comment: Option<String>,
    pub(crate) labels: Vec<(String, String)>,
    settings: Vec<Setting>,
}

impl Locale {
    /// That of a snapshot's source, as its manifest tells.
    pub(crate) fn of(database: &BTreeMap<String, String>) -> Self {
        let told = |name: &str| database.get(name).cloned().unwrap_or_default();
        Self {
            encoding: told("encoding"),
            collate: told("collate"),
            ctype: told("ctype"),
            provider: told("locale_provider"),
            name: told("locale"),
            rules: told("locale_rules"),
            tablespace: String::new(),
        }
    }

    /// What follows `CREATE DATABASE name TEMPLATE template0 ENCODING ...`: the best first, then what says less.
    pub(crate) fn clauses(&self) -> Vec<String> {
        let clause = |pairs: &[(&str, &str)]| {
            let given = pairs.iter().filter(|(_, value)| !value.is_empty());
            given.fold(String::new(), |all, (word, value)| format!("{all} {word} {}", literal(value)))
        };
        let libc = clause(&[("LC_COLLATE", &self.collate), ("LC_CTYPE", &self.ctype)]);
        let provided = match self.provider.as_str() {
            "i" => {
                let icu = clause(&[("ICU_LOCALE", &self.name), ("ICU_RULES", &self.rules)]);
                format!(" LOCALE_PROVIDER icu{icu}{libc}")
            }
            "b" => format!(" LOCALE_PROVIDER builtin{}{libc}", clause(&[("BUILTIN_LOCALE", &self.name)])),
            "c" => format!(" LOCALE_PROVIDER libc{libc}"),
            _ => libc.clone(),
        };
        let mut all = vec![provided, libc, " LC_COLLATE 'C' LC_CTYPE 'C'".to_owned()];
        all.dedup();
        all
    }

    /// What follows these: where it lies.
    pub(crate) fn place(&self) -> String {
        if self.tablespace.is_empty() {
            return String::new();
        }
        format!(" TABLESPACE {}", identifier(&self.tablespace))
    }
}

/// The query for them, one JSON object.
fn query(name: &str) -> String {
    let grants = |acl: &str| {
        format!(
            "(SELECT coalesce(jsonb_agg(jsonb_build_object('role', CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END, \
             'right', privilege_type, 'grantable', is_grantable) ORDER BY grantee <> 0, pg_get_userbyid(grantee), privilege_type), '[]') \
             FROM aclexplode({acl}))"
        )
    };
    format!(
        "SELECT jsonb_build_object('owner', pg_get_userbyid(d.datdba), 'connection_limit', d.datconnlimit, \
           'grants', {}, 'usual_grants', {}, 'comment', shobj_description(d.oid, 'pg_database'), \
           'labels', (SELECT coalesce(jsonb_agg(jsonb_build_array(provider, label) ORDER BY provider), '[]') FROM pg_shseclabel \
              WHERE classoid = 'pg_database'::regclass AND objoid = d.oid), \
           'settings', (SELECT coalesce(jsonb_agg(jsonb_build_object('role', CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END, \
              'name', split_part(one, '=', 1), 'value', substr(one, strpos(one, '=') + 1)) ORDER BY s.setrole <> 0, pg_get_userbyid(s.setrole), one), '[]') \
              FROM pg_db_role_setting s, unnest(s.setconfig) one WHERE s.setdatabase = d.oid), \
           'locale', jsonb_build_object('encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype, \
              'provider', coalesce(to_jsonb(d)->>'datlocprovider', ''), \
              'name', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', ''), \
              'rules', coalesce(to_jsonb(d)->>'daticurules', ''), \
              'tablespace', CASE WHEN t.spcname <> 'pg_default' THEN t.spcname ELSE '' END)) \
         FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = {}",
        grants("coalesce(d.datacl, acldefault('d', d.datdba))"),
        grants("acldefault('d', d.datdba)"),
        literal(name)
    )
}

impl Properties {
    /// Those of a database, whichever the session is connected to.
    pub(crate) fn of(session: &mut Session<'_>, name: &str) -> Result<Self, Problem> {
        session.asked(&query(name), &format!("The database {name} cannot be looked at"))
    }

    /// The statements that give them, as far as statements can, to a database of this name that was just made.
    pub(crate) fn statements(&self, name: &str) -> Vec<String> {
        let database = identifier(name);
        let mut all = vec![format!("ALTER DATABASE {database} OWNER TO {}", identifier(&self.owner))];
        if self.grants != self.usual_grants {
            all.push(format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC, {}", identifier(&self.owner)));
            all.extend(self.grants.iter().map(|grant| {
                let whom = grant.role.as_deref().map_or_else(|| "PUBLIC".to_owned(), identifier);
                let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
                format!("GRANT {} ON DATABASE {database} TO {whom}{option}", grant.right)
            }));
        }
        if self.connection_limit != -1 {
            all.push(format!("ALTER DATABASE {database} CONNECTION LIMIT {}", self.connection_limit));
        }
        all.extend(
            self.comment.iter().map(|text| format!("COMMENT ON DATABASE {database} IS {}", literal(text))),
        );
        all.extend(self.labels.iter().map(|(provider, label)| {
            format!(
                "SECURITY LABEL FOR {} ON DATABASE {database} IS {}",
                identifier(provider),
                literal(label)
            )
        }));
        all.extend(self.settings.iter().map(|setting| {
            let what = match &setting.role {
                Some(role) => format!("ROLE {} IN DATABASE {database}", identifier(role)),
                None => format!("DATABASE {database}"),
            };
            format!("ALTER {what} SET {} TO {}", identifier(&setting.name), setting.written())
        }));
        all
    }

    /// The statements that a database of the same name is still in want of.
    pub(crate) fn wanting(&self, has: &Self, name: &str) -> Vec<String> {
        let there = has.statements(name);
        self.statements(name).into_iter().filter(|statement| !there.contains(statement)).collect()
    }

    /// What differs, and no statement changes: in words.
    pub(crate) fn fixed(&self, has: &Self) -> Option<String> {
        let plain = |locale: &Locale| Locale { rules: locale.rules.trim().to_owned(), ..locale.clone() };
        (plain(&self.locale) != plain(&has.locale)).then(|| {
            let words = |locale: &Locale| {
                let clause = locale.clauses().into_iter().next().unwrap_or_default();
                format!("ENCODING {}{clause}{}", literal(&locale.encoding), locale.place())
            };
            format!("It was made with {}, and is now with {}", words(&self.locale), words(&has.locale))
        })
    }
}

impl Setting {
    /// The value, as it is written in a statement.
    fn written(&self) -> String {
        if !LISTS.contains(&self.name.as_str()) {
            return literal(&self.value);
        }
        let names = names(&self.value);
        if names.is_empty() {
            return "''".to_owned();
        }
        names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ")
    }
}

/// The names of a list, some of which may be in double quotes.
fn names(list: &str) -> Vec<String> {
    let (mut all, mut name, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = list.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                name.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut name)),
            c if c.is_whitespace() && !quoted => {}
            c => name.push(c),
        }
    }
    if !all.is_empty() || !list.trim().is_empty() {
        all.push(name);
    }
    all
}

/// What of the statements fails, each with the reason. `keep` does them for good; else they are only tried.
pub(crate) fn carry(
    job: &Job,
    server: &Connection,
    statements: &[String],
    keep: bool,
) -> Result<Vec<(String, String)>, Problem> {
    let mut failed = Vec::new();
    let mut session = Session::open(job, server)?;
    for statement in statements {
        let done = if keep {
            session.run_text(statement).map(drop)
        } else {
            let tried = session.run("BEGIN").and_then(|_| session.run_text(statement));
            tried.and_then(|_| session.run("ROLLBACK")).map(drop)
        };
        if let Err(problem) = done {
            job.check()?;
            failed.push((statement.clone(), problem.message));
            session = Session::open(job, server)?;
        }
    }
    session.close()?;
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_a_server_takes_them() {
        let written = |name: &str, value: &str| {
            Setting { role: None, name: name.to_owned(), value: value.to_owned() }.written()
        };
        assert_eq!(
            written("search_path", "app, \"My \"\"Schema\", \"$user\""),
            "'app', 'My \"Schema', '$user'"
        );
        assert_eq!(written("search_path", "\"\""), "''");
        assert_eq!(written("search_path", ""), "''");
        assert_eq!(written("timezone", "Europe/Berlin"), "'Europe/Berlin'");
        assert_eq!(written("app.motto", "it's, here"), "'it''s, here'");
    }

    #[test]
    fn a_locale_that_is_not_to_be_had_has_a_next_best() {
        let locale = Locale {
            provider: "i".to_owned(),
            name: "sv-SE".to_owned(),
            collate: "C.UTF-8".to_owned(),
            ..Locale::default()
        };
        assert_eq!(
            locale.clauses(),
            [
                " LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LC_COLLATE 'C.UTF-8'",
                " LC_COLLATE 'C.UTF-8'",
                " LC_COLLATE 'C' LC_CTYPE 'C'"
            ]
        );
    }
}
