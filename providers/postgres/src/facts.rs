//! What the catalogue knows of each object of a database: by name, so that two databases can be compared, and without what a
//! server writes otherwise after a restore (expressions are compared as the schema's text, see [`crate::schema`]).

use std::collections::BTreeMap;

use relplan_contract::Problem;

use crate::chosen::queries::{in_schema, of_user, relations, shown};
use crate::psql::Session;
use crate::selection::Selection;

/// Objects by kind and name, each with what is known of it.
pub(crate) type Facts = BTreeMap<String, BTreeMap<String, String>>;

/// What is known only where the roles of the source are.
const OF_ROLES: [&str; 3] = ["owner", "rights", "roles"];

/// All that the catalogue knows of what a selection dumps.
pub(crate) fn of(session: &mut Session<'_>, selection: &Selection) -> Result<Facts, Problem> {
    let parts = all(selection);
    let sql = format!(
        "{} SELECT jsonb_object_agg(key, (SELECT coalesce(jsonb_object_agg(k, v), '{{}}') FROM jsonb_each_text(fact) AS f (k, v) WHERE v IS NOT NULL)) \
         FROM ({}) u (key, fact) WHERE key IS NOT NULL",
        relations(selection),
        parts.join(" UNION ALL ")
    );
    // No object at all gives no value.
    let found: Option<Facts> = session.asked(&sql, "The catalogue cannot be read")?;
    Ok(found.unwrap_or_default())
}

/// What is missing or other in a copy, in words.
pub(crate) fn differences(source: &Facts, copy: &Facts, roles: bool) -> Vec<String> {
    let mut found = Vec::new();
    for (object, facts) in source {
        let Some(others) = copy.get(object) else {
            found.push(format!("the {object} is missing"));
            continue;
        };
        let names: std::collections::BTreeSet<&String> = facts.keys().chain(others.keys()).collect();
        for name in names.into_iter().filter(|name| roles || !OF_ROLES.contains(&name.as_str())) {
            if facts.get(name) != others.get(name) {
                found.push(format!("the {name} of the {object} is another"));
            }
        }
    }
    found
}

/// The rights of an object, whether they are written down or the usual ones.
fn rights(acl: &str, kind: &str, owner: &str) -> String {
    format!(
        "(SELECT string_agg(CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END || ' ' || x.privilege_type \
            || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY x.grantee <> 0, pg_get_userbyid(x.grantee), x.privilege_type) \
          FROM aclexplode(coalesce({acl}, acldefault({kind}, {owner}))) x)"
    )
}

/// The names of the columns with these numbers.
fn names(key: &str, relation: &str, order: &str) -> String {
    format!(
        "(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY {order}) FROM unnest({key}) WITH ORDINALITY u (n, o) \
             JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = u.n)"
    )
}

/// A condition: no extension made the object.
fn of_no_extension(class: &str, row: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = '{class}'::regclass AND e.objid = {row}.oid AND e.deptype = 'e')"
    )
}

/// A condition: the object is a user's, and no extension's.
fn own(class: &str, row: &str) -> String {
    format!("{row}.oid >= 16384 AND {}", of_no_extension(class, row))
}

fn all(selection: &Selection) -> Vec<String> {
    let mut parts = of_relations();
    parts.extend(of_parts());
    if selection.tables.is_empty() {
        parts.extend(of_schemas(selection));
    }
    if selection.is_everything() {
        parts.extend(of_database());
    }
    parts
}

fn of_relations() -> Vec<String> {
    let rights_of = rights(
        "c.relacl",
        "CASE WHEN c.relkind = 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END",
        "c.relowner",
    );
    let collation = "(SELECT l.collname FROM pg_collation l WHERE l.oid = a.attcollation)";
    vec![
        format!(
            "SELECT 'relation ' || i.shown, jsonb_build_object('kind', c.relkind, 'persistence', c.relpersistence, \
               'row security', c.relrowsecurity::text || c.relforcerowsecurity::text, 'replica identity', c.relreplident, \
               'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o), \
               'filled', c.relispopulated, 'bounds', pg_get_expr(c.relpartbound, c.oid), \
               'parents', (SELECT string_agg(p.inhparent::regclass::text, ', ' ORDER BY p.inhseqno) FROM pg_inherits p WHERE p.inhrelid = c.oid), \
               'owner', pg_get_userbyid(c.relowner), 'rights', {rights_of}) \
             FROM included i JOIN pg_class c ON c.oid = i.oid WHERE NOT i.extension"
        ),
        format!(
            "SELECT 'column ' || i.shown || '.' || quote_ident(a.attname), jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), \
               'not null', a.attnotnull, 'collation', {collation}, 'identity', a.attidentity, 'generated', to_jsonb(a)->>'attgenerated', \
               'default', a.atthasdef, 'storage', a.attstorage, 'compression', to_jsonb(a)->>'attcompression', \
               'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) o), \
               'rights', CASE WHEN a.attacl IS NOT NULL THEN {} END) \
             FROM included i JOIN pg_attribute a ON a.attrelid = i.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE NOT i.extension AND i.kind <> 'S'",
            rights("a.attacl", "'c'::\"char\"", "10")
        ),
        format!(
            "SELECT 'constraint ' || quote_ident(c.conname) || ' of ' || i.shown, jsonb_build_object('kind', c.contype, \
               'deferrable', c.condeferrable, 'deferred', c.condeferred, 'columns', {}, 'referred table', nullif(c.confrelid, 0)::regclass::text, \
               'referred columns', {}, 'actions', c.confupdtype::text || c.confdeltype::text || c.confmatchtype::text, 'inherited', CASE WHEN c.contype = 'c' THEN NOT c.connoinherit END) \
             FROM pg_constraint c JOIN included i ON i.oid = c.conrelid \
             WHERE c.contype IN ('p', 'u', 'f', 'c', 'x') AND NOT i.extension \
               AND (c.contype <> 'f' OR coalesce(to_jsonb(c)->>'conparentid', '0') = '0')",
            names("c.conkey", "c.conrelid", "CASE WHEN c.contype <> 'c' THEN u.o END, a.attname"),
            names("c.confkey", "c.confrelid", "u.o")
        ),
        format!(
            "SELECT 'index ' || {}, jsonb_build_object('table', i.shown, 'unique', x.indisunique, 'primary', x.indisprimary, \
               'clustered', x.indisclustered, 'replica identity', x.indisreplident, 'method', m.amname, 'partial', x.indpred IS NOT NULL, \
               'columns', (SELECT string_agg(coalesce(quote_ident(a.attname), '(expression)'), ', ' ORDER BY u.o) \
                  FROM unnest(x.indkey::int2[]) WITH ORDINALITY u (n, o) LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.n AND u.n <> 0), \
               'classes', (SELECT string_agg(k.opcname, ', ' ORDER BY u.o) FROM unnest(x.indclass::oid[]) WITH ORDINALITY u (n, o) JOIN pg_opclass k ON k.oid = u.n), \
               'order', x.indoption::text, 'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(r.reloptions) o)) \
             FROM pg_index x JOIN included i ON i.oid = x.indrelid JOIN pg_class r ON r.oid = x.indexrelid \
             JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_am m ON m.oid = r.relam WHERE x.indisvalid AND NOT i.extension",
            shown("n.nspname::text", "r.relname::text")
        ),
    ]
}

/// What belongs to a relation.
fn of_parts() -> Vec<String> {
    vec![
        "SELECT 'sequence ' || i.shown, to_jsonb(s) - 'seqrelid' - 'seqtypid' || jsonb_build_object('type', s.seqtypid::regtype::text, \
           'column', (SELECT d.refobjid::regclass::text || '.' || a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
              WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass \
                AND d.refobjid IN (SELECT oid FROM included) LIMIT 1)) \
         FROM included i JOIN pg_sequence s ON s.seqrelid = i.oid WHERE NOT i.extension"
            .to_owned(),
        format!(
            "SELECT 'trigger ' || quote_ident(t.tgname) || ' of ' || i.shown, jsonb_build_object('enabled', t.tgenabled, 'kind', t.tgtype, \
               'function', t.tgfoid::regprocedure::text, 'deferrable', t.tgdeferrable, 'deferred', t.tginitdeferred, 'arguments', encode(t.tgargs, 'hex'), \
               'columns', {}, 'condition', t.tgqual IS NOT NULL, 'old', t.tgoldtable, 'new', t.tgnewtable) \
             FROM pg_trigger t JOIN included i ON i.oid = t.tgrelid WHERE NOT t.tgisinternal AND coalesce(to_jsonb(t)->>'tgparentid', '0') = '0'",
            names("t.tgattr::int2[]", "t.tgrelid", "a.attname")
        ),
        "SELECT 'policy ' || quote_ident(p.polname) || ' of ' || i.shown, jsonb_build_object('command', p.polcmd, 'permissive', p.polpermissive, \
           'using', p.polqual IS NOT NULL, 'check', p.polwithcheck IS NOT NULL, \
           'roles', (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r <> 0, pg_get_userbyid(r)) FROM unnest(p.polroles) r)) \
         FROM pg_policy p JOIN included i ON i.oid = p.polrelid"
            .to_owned(),
        "SELECT 'rule ' || quote_ident(r.rulename) || ' of ' || i.shown, jsonb_build_object('event', r.ev_type, 'enabled', r.ev_enabled, 'instead', r.is_instead) \
         FROM pg_rewrite r JOIN included i ON i.oid = r.ev_class WHERE r.rulename <> '_RETURN' AND NOT i.extension"
            .to_owned(),
    ]
}

fn of_schemas(selection: &Selection) -> Vec<String> {
    let user = format!("{} AND {}", of_user("n.nspname"), in_schema(selection, "n.nspname"));
    vec![
        format!(
            "SELECT 'schema ' || quote_ident(n.nspname), jsonb_build_object('owner', pg_get_userbyid(n.nspowner), 'rights', {}) FROM pg_namespace n \
             WHERE {user} AND {}",
            rights("n.nspacl", "'n'::\"char\"", "n.nspowner"),
            of_no_extension("pg_namespace", "n")
        ),
        format!(
            "SELECT 'function ' || p.oid::regprocedure::text, jsonb_build_object('kind', p.prokind, 'volatility', p.provolatile, 'strict', p.proisstrict, \
               'definer', p.prosecdef, 'leakproof', p.proleakproof, 'parallel', p.proparallel, 'cost', p.procost, 'rows', p.prorows, \
               'language', (SELECT lanname FROM pg_language l WHERE l.oid = p.prolang), 'result', p.prorettype::regtype::text, 'set', p.proretset, \
               'settings', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(p.proconfig) o), 'body', md5(p.prosrc), 'names', p.proargnames::text, \
               'modes', p.proargmodes::text, 'defaults', p.pronargdefaults, 'owner', pg_get_userbyid(p.proowner), 'rights', {}) \
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
             WHERE {user} AND {} AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'i')",
            rights("p.proacl", "'f'::\"char\"", "p.proowner"),
            own("pg_proc", "p")
        ),
        format!(
            "SELECT 'type ' || t.oid::regtype::text, jsonb_build_object('kind', t.typtype, 'base', nullif(t.typbasetype, 0)::regtype::text, 'not null', t.typnotnull, \
               'labels', (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid), \
               'columns', (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) \
                  FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), \
               'of', (SELECT r.rngsubtype::regtype::text FROM pg_range r WHERE r.rngtypid = t.oid), \
               'constraints', (SELECT string_agg(quote_ident(k.conname), ', ' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid), \
               'owner', pg_get_userbyid(t.typowner), 'rights', {}) \
             FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid \
             WHERE {user} AND {} AND coalesce(c.relkind, 'c') = 'c' AND t.typisdefined \
               AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'i' AND t.typrelid = 0)",
            rights("t.typacl", "'T'::\"char\"", "t.typowner"),
            own("pg_type", "t")
        ),
    ]
}

/// What belongs to no schema, or is rare: that it is there, and whose it is.
fn of_database() -> Vec<String> {
    let catalogs = [
        ("pg_language", "lanowner"),
        ("pg_cast", ""),
        ("pg_operator", "oprowner"),
        ("pg_opclass", "opcowner"),
        ("pg_opfamily", "opfowner"),
        ("pg_collation", "collowner"),
        ("pg_conversion", "conowner"),
        ("pg_ts_config", "cfgowner"),
        ("pg_ts_dict", "dictowner"),
        ("pg_ts_parser", ""),
        ("pg_ts_template", ""),
        ("pg_am", ""),
        ("pg_foreign_data_wrapper", "fdwowner"),
        ("pg_foreign_server", "srvowner"),
        ("pg_event_trigger", "evtowner"),
        ("pg_publication", "pubowner"),
        ("pg_publication_rel", ""),
        ("pg_transform", ""),
        ("pg_default_acl", ""),
        ("pg_statistic_ext", "stxowner"),
    ];
    let each = catalogs.iter().map(|(class, owner)| {
        let fact = if owner.is_empty() {
            "'{}'::jsonb".to_owned()
        } else {
            format!("jsonb_build_object('owner', pg_get_userbyid(o.{owner}))")
        };
        format!(
            "SELECT ident.type || ' ' || ident.identity, {fact} FROM {class} o CROSS JOIN LATERAL pg_identify_object('{class}'::regclass, o.oid, 0) ident WHERE {}",
            own(class, "o")
        )
    });
    let mut parts: Vec<String> = each.collect();
    parts.push("SELECT 'extension ' || quote_ident(x.extname), jsonb_build_object('schema', n.nspname) FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.oid >= 16384".to_owned());
    parts.push("SELECT 'user mapping of ' || quote_ident(usename) || ' for ' || quote_ident(srvname), '{}'::jsonb FROM pg_user_mappings".to_owned());
    parts
}

/// Whether the role may read large objects: a query that would is refused as a whole.
pub(crate) const MAY_READ_LARGE_OBJECTS: &str = "SELECT has_table_privilege('pg_largeobject', 'SELECT')";

/// How many large objects there are, and a sum over them.
pub(crate) const LARGE_OBJECTS: &str = "SELECT (SELECT count(*) FROM pg_largeobject_metadata)::text || ' ' || \
    coalesce(sum(hashtextextended(loid::text || ' ' || pageno || ' ' || page, 0)::numeric), 0) \
    FROM (SELECT loid, pageno, rtrim(encode(data, 'hex'), '0') AS page FROM pg_largeobject) p WHERE page <> ''";

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(objects: &[(&str, &[(&str, &str)])]) -> Facts {
        let text = |text: &str| text.to_owned();
        let of =
            |facts: &[(&str, &str)]| facts.iter().map(|(name, value)| (text(name), text(value))).collect();
        objects.iter().map(|(object, facts)| (text(object), of(facts))).collect()
    }

    #[test]
    fn what_is_missing_or_other_is_named() {
        let source = facts(&[
            ("relation a.t", &[("owner", "app"), ("kind", "r")]),
            ("column a.t.n", &[("type", "int")]),
        ]);
        assert_eq!(differences(&source, &source, true), [] as [String; 0]);
        let other = facts(&[
            ("relation a.t", &[("owner", "me"), ("kind", "r")]),
            ("column a.t.n", &[("type", "text")]),
            ("more", &[]),
        ]);
        assert_eq!(differences(&source, &other, false), ["the type of the column a.t.n is another"]);
        assert_eq!(differences(&source, &other, true).len(), 2);
        let less = facts(&[("relation a.t", &[("kind", "r")])]);
        assert_eq!(
            differences(&source, &less, true),
            ["the column a.t.n is missing", "the owner of the relation a.t is another"]
        );
    }
}
