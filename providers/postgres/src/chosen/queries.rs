//! The queries behind [`super::Chosen`].

use crate::pattern::Pattern;
use crate::psql::literal;
use crate::selection::Selection;

/// A name as people read it: in quotes only where it would be taken for another one.
pub(crate) fn shown(schema: &str, table: &str) -> String {
    let part = |name: &str| {
        format!(
            "CASE WHEN {name} ~ '[.\"]' THEN '\"' || replace({name}, '\"', '\"\"') || '\"' ELSE {name} END"
        )
    };
    format!("(({}) || '.' || ({}))", part(schema), part(table))
}

fn any(patterns: &[Pattern], columns: &[&str]) -> String {
    let each: Vec<String> = patterns.iter().map(|pattern| pattern.condition(columns)).collect();
    if each.is_empty() { "false".to_owned() } else { format!("({})", each.join(" OR ")) }
}

/// Whether a schema is none of the server's own.
pub(crate) fn of_user(column: &str) -> String {
    format!("{column} !~ '^pg_' AND {column} <> 'information_schema'")
}

/// Whether a schema is chosen.
pub(crate) fn in_schema(selection: &Selection, column: &str) -> String {
    let wanted =
        if selection.schemas.is_empty() { "true".to_owned() } else { any(&selection.schemas, &[column]) };
    format!("({wanted} AND NOT {})", any(&selection.exclude_schemas, &[column]))
}

/// `WITH RECURSIVE`: `rel` is every relation that can be dumped, `kept` those that are, `included` with the sequences that they own,
/// `data` the tables whose rows are dumped; each `*_below` what a list of tables means.
pub(crate) fn relations(selection: &Selection) -> String {
    let mut sql = format!(
        "WITH RECURSIVE rel AS (SELECT c.oid, n.nspname::text AS nsp, c.relname::text AS name, c.relkind AS kind, \
           c.reltuples, {} AS shown, \
           EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' \
           AND {})",
        shown("n.nspname::text", "c.relname::text"),
        of_user("n.nspname")
    );
    for (list, _, patterns) in selection.of_tables() {
        sql.push_str(&format!(
            ", {list}_below AS (SELECT oid FROM rel WHERE {} UNION \
               SELECT i.inhrelid FROM {list}_below b JOIN pg_inherits i ON i.inhparent = b.oid)",
            any(patterns, &["nsp", "name"])
        ));
    }
    let named = if selection.tables.is_empty() { "true" } else { "oid IN (SELECT oid FROM tables_below)" };
    sql.push_str(&format!(
        ", kept AS (SELECT * FROM rel WHERE {} AND {named} AND oid NOT IN (SELECT oid FROM exclude_tables_below)), \
         included AS (SELECT * FROM kept UNION SELECT s.* FROM rel s JOIN pg_depend d ON d.classid = 'pg_class'::regclass \
           AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
           JOIN kept k ON k.oid = d.refobjid WHERE s.kind = 'S'), \
         data AS (SELECT * FROM kept WHERE kind = 'r' AND NOT extension \
           AND oid NOT IN (SELECT oid FROM exclude_table_data_below))",
        in_schema(selection, "nsp")
    ));
    sql
}

/// The columns of a table that hold what was written there, by name: their order is not everywhere the same, and what is
/// generated is made anew.
const COLUMNS: &str = "(SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attname::text COLLATE \"C\"), '[]') FROM pg_attribute a \
    WHERE a.attrelid = data.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a)->>'attgenerated', '') = '')";

/// The tables whose rows are dumped: a list of objects.
pub(crate) fn listed() -> String {
    format!(
        "SELECT coalesce(jsonb_agg(jsonb_build_object('schema', nsp, 'table', name, 'bytes', pg_table_size(oid), \
         'rows', reltuples::bigint, 'columns', {COLUMNS}) ORDER BY nsp COLLATE \"C\", name COLLATE \"C\"), '[]') FROM data"
    )
}

/// All that is asked of the catalogue, one JSON object.
pub(crate) fn found(selection: &Selection) -> String {
    let mut all = format!("{}, {}", relations(selection), links(selection));
    let partial = !selection.is_everything();
    let when =
        |condition: bool, sql: &str| if condition { format!("({sql})") } else { "'[]'::jsonb".to_owned() };
    let list =
        |what: &str, from: &str| format!("SELECT coalesce(jsonb_agg(DISTINCT {what}), '[]') FROM {from}");
    let fields = [
        ("unmatched", unmatched(selection)),
        ("below", format!("({})", below(selection))),
        (
            "outside",
            when(
                !selection.schemas.is_empty(),
                &list(
                    "jsonb_build_array(k.shown, c.shown)",
                    &format!(
                        "kept k JOIN pg_inherits i ON i.inhparent = k.oid JOIN rel c ON c.oid = i.inhrelid \
                         WHERE c.oid NOT IN (SELECT oid FROM kept) AND c.oid NOT IN (SELECT oid FROM exclude_tables_below) AND NOT {}",
                        any(&selection.exclude_schemas, &["c.nsp"])
                    ),
                ),
            ),
        ),
        ("missing", when(partial, &list("jsonb_build_array(what, needs)", "judged WHERE kind = 'missing'"))),
        ("schemas", when(partial, &list("needs", "judged WHERE kind = 'schema'"))),
        (
            "extensions",
            when(
                partial,
                &list(
                    "jsonb_build_array(needs, (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = needs))",
                    "judged WHERE kind = 'extension'",
                ),
            ),
        ),
        ("listed", format!("({})", listed())),
        ("foreign", format!("({})", list("shown", "kept WHERE kind = 'f' AND NOT extension"))),
        ("large_objects", "EXISTS (SELECT 1 FROM pg_largeobject_metadata)".to_owned()),
        ("references", when(!selection.exclude_table_data.is_empty(), REFERENCES)),
    ];
    let fields = fields.map(|(name, sql)| format!("'{name}', {sql}"));
    all.push_str(&format!(" SELECT jsonb_build_object({})", fields.join(", ")));
    all
}

/// The patterns that match nothing.
fn unmatched(selection: &Selection) -> String {
    let mut each = Vec::new();
    for (list, _, patterns) in selection.of_tables() {
        each.extend(patterns.iter().map(|pattern| {
            let found = format!("EXISTS (SELECT 1 FROM rel WHERE {})", pattern.condition(&["nsp", "name"]));
            format!("({}, {}, {found})", literal(list), literal(pattern.written()))
        }));
    }
    for (list, _, patterns) in selection.of_schemas() {
        each.extend(patterns.iter().map(|pattern| {
            let found = format!(
                "EXISTS (SELECT 1 FROM pg_namespace WHERE nspname !~ '^pg_' AND {})",
                pattern.condition(&["nspname"])
            );
            format!("({}, {}, {found})", literal(list), literal(pattern.written()))
        }));
    }
    if each.is_empty() {
        return "'[]'::jsonb".to_owned();
    }
    format!(
        "(SELECT coalesce(jsonb_agg(jsonb_build_array(list, pattern)), '[]') FROM (VALUES {}) v (list, pattern, found) WHERE NOT found)",
        each.join(", ")
    )
}

/// What patterns mean without matching it, each with the option of `pg_dump`: partitions, tables that inherit, and of named
/// tables those whose schema is excluded.
fn below(selection: &Selection) -> String {
    let mut each: Vec<String> = selection
        .of_tables()
        .iter()
        .filter(|(_, _, patterns)| !patterns.is_empty())
        .map(|(list, option, patterns)| {
            format!(
                "SELECT '{option}' AS option, nsp, name FROM rel JOIN {list}_below b ON b.oid = rel.oid WHERE NOT {}",
                any(patterns, &["nsp", "name"])
            )
        })
        .collect();
    if !selection.tables.is_empty() {
        each.push(format!(
            "SELECT 'exclude-table', nsp, name FROM rel JOIN tables_below b ON b.oid = rel.oid WHERE NOT {}",
            in_schema(selection, "nsp")
        ));
    }
    if each.is_empty() {
        return "SELECT '[]'::jsonb".to_owned();
    }
    format!(
        "SELECT coalesce(jsonb_agg(jsonb_build_array(option, nsp, name)), '[]') FROM ({}) u",
        each.join(" UNION ALL ")
    )
}

/// `judged`: what each dumped object needs, and is not in the dump: an extension or a schema, which a restore makes; or
/// something that is missing. What has a number below 16384, every database has.
fn links(selection: &Selection) -> String {
    let named = selection.is_named();
    let of_tables = !selection.tables.is_empty();
    let chosen = |schema: &str| {
        if of_tables {
            "false".to_owned()
        } else {
            format!("coalesce({}, {})", in_schema(selection, schema), !named)
        }
    };
    let mut members = String::from(
        "SELECT 'pg_class'::regclass::oid AS cls, oid AS obj, shown AS what FROM included WHERE NOT extension \
         UNION ALL SELECT 'pg_class'::regclass, x.indexrelid, shown FROM pg_index x JOIN included i ON i.oid = x.indrelid",
    );
    for (class, relation) in [
        ("pg_attrdef", "adrelid"),
        ("pg_constraint", "conrelid"),
        ("pg_rewrite", "ev_class"),
        ("pg_trigger", "tgrelid"),
        ("pg_policy", "polrelid"),
    ] {
        members.push_str(&format!(
            " UNION ALL SELECT '{class}'::regclass, o.oid, shown FROM {class} o JOIN included i ON i.oid = o.{relation} AND NOT i.extension"
        ));
    }
    if !of_tables {
        for (class, schema, shown) in [
            ("pg_proc", "pronamespace", "o.oid::regprocedure::text"),
            ("pg_type", "typnamespace", "o.oid::regtype::text"),
        ] {
            members.push_str(&format!(
                " UNION ALL SELECT '{class}'::regclass, o.oid, {shown} FROM {class} o JOIN pg_namespace n ON n.oid = o.{schema} \
                 WHERE o.oid >= 16384 AND {} AND {} \
                 AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = '{class}'::regclass AND e.objid = o.oid AND e.deptype IN ('e', 'i'))",
                of_user("n.nspname"),
                in_schema(selection, "n.nspname")
            ));
        }
    }
    // A row type is its table; an array is its element.
    format!(
        "members AS ({members}), \
         links AS (SELECT DISTINCT m.what, d.refclassid AS cls, d.refobjid AS obj FROM members m JOIN pg_depend d ON d.classid = m.cls AND d.objid = m.obj \
           LEFT JOIN pg_class c ON m.cls = 'pg_class'::regclass AND c.oid = m.obj \
           WHERE d.refobjid >= 16384 AND d.refclassid NOT IN ('pg_constraint'::regclass, 'pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_attrdef'::regclass) \
             AND (d.deptype = 'n' OR (d.deptype = 'a' AND c.relispartition AND d.refclassid = 'pg_class'::regclass))), \
         plain AS (SELECT l.what, CASE WHEN r.oid IS NULL THEN l.cls ELSE 'pg_class'::regclass END AS cls, coalesce(r.oid, l.obj) AS obj \
           FROM links l LEFT JOIN pg_type t ON l.cls = 'pg_type'::regclass AND t.oid = l.obj \
           LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' \
           LEFT JOIN pg_class r ON r.oid = coalesce(nullif(e.typrelid, 0), nullif(t.typrelid, 0)) AND r.relkind <> 'c'), \
         judged AS (SELECT p.what, coalesce(x.extname::text, s.nspname::text, ident.identity) AS needs, \
             CASE WHEN x.oid IS NOT NULL THEN CASE WHEN {named} THEN 'extension' END \
               WHEN s.oid IS NOT NULL THEN CASE WHEN {of_tables} THEN 'schema' END \
               WHEN c.relkind IN ('i', 'I', 't') THEN NULL \
               WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') THEN CASE WHEN p.obj NOT IN (SELECT oid FROM included) THEN 'missing' END \
               WHEN NOT {} THEN 'missing' END AS kind \
           FROM plain p CROSS JOIN LATERAL pg_identify_object(p.cls, p.obj, 0) ident \
           LEFT JOIN pg_depend d ON d.classid = p.cls AND d.objid = p.obj AND d.deptype = 'e' LEFT JOIN pg_extension x ON x.oid = d.refobjid \
           LEFT JOIN pg_namespace s ON p.cls = 'pg_namespace'::regclass AND s.oid = p.obj \
           LEFT JOIN pg_class c ON p.cls = 'pg_class'::regclass AND c.oid = p.obj)",
        chosen("ident.schema")
    )
}

/// References to tables of which rows are left out, from such of which rows are kept, each with a query that says whether a row
/// that is kept refers to one that is not.
const REFERENCES: &str = "SELECT coalesce(jsonb_agg(jsonb_build_object('name', c.conname, 'from', f.shown, 'to', t.shown, 'query', \
      format('SELECT EXISTS (SELECT 1 FROM %s f JOIN %s t ON %s WHERE t.tableoid IN (%s) AND f.tableoid NOT IN (%s))', \
        c.conrelid::regclass, c.confrelid::regclass, \
        (SELECT string_agg(format('t.%I OPERATOR(%I.%s) f.%I', b.attname, n.nspname, o.oprname, a.attname), ' AND ') \
           FROM unnest(c.conkey, c.confkey, c.conpfeqop) AS u (fa, ta, op) \
           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = u.fa JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = u.ta \
           JOIN pg_operator o ON o.oid = u.op JOIN pg_namespace n ON n.oid = o.oprnamespace), \
        lost.oids, lost.oids))), '[]') \
    FROM pg_constraint c JOIN kept f ON f.oid = c.conrelid JOIN kept t ON t.oid = c.confrelid \
    CROSS JOIN (SELECT string_agg(oid::bigint::text, ', ') AS oids FROM exclude_table_data_below) lost \
    WHERE c.contype = 'f' AND c.convalidated AND coalesce(to_jsonb(c)->>'conparentid', '0') = '0' AND lost.oids IS NOT NULL";
