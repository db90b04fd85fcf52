#!/usr/bin/env python3
"""A zoo of what a schema of PostgreSQL can hold, and a comparison of two databases that is none of relplan's own.

    zoo.py make SEED                  the statements that make it, as SQL
    zoo.py compare PSQL ONE OTHER     two URLs; exit code 1, and what differs, where they are not the same

Each feature of features.sql (`--- title`, statements, `-- ask`, questions) gets a schema with a name of its own; the seed says
which names, and in which order the features are made. The comparison asks both databases what the catalogue lists, the rows of
every table by column, and each feature's questions: what a statement does, and which error it ends with, must be the same.
Tables of the schema "load" are written to meanwhile: there the other database must hold what the first one held at one moment.
"""
import pathlib
import random
import subprocess
import sys

ODD = ['plain', 'Capital', 'with space', 'with.dot', 'quote"inside', "it's", 'select', 'å😀', 'semi;colon', '--', '%s', 'a\\b', '$1', 'percent%', '*', '?', '(p)', '-dash']


def features():
    text = (pathlib.Path(__file__).parent / 'features.sql').read_text()
    for part in text.split('\n--- ' if not text.startswith('--- ') else '--- '):
        title, _, rest = part.partition('\n')
        if rest:
            made, _, asked = rest.partition('\n-- ask\n')
            yield title.strip(), made, asked


def named(seed):
    """Each feature with its schema, in an order of the seed's."""
    dice = random.Random(seed)
    found = list(features())
    dice.shuffle(found)
    for number, feature in enumerate(found):
        odd = ODD[(number + seed) % len(ODD)]
        schema = f'{odd} {number}'
        quoted = '"' + schema.replace('"', '""') + '"'
        yield feature, quoted, f'flat {number}'


def filled(sql, schema, flat):
    return sql.replace('{schema}', schema).replace('{flat}', flat)


def make(seed):
    print("""\\set ON_ERROR_STOP 1
DO $$ BEGIN IF to_regrole('"zoo keeper"') IS NULL THEN CREATE ROLE "zoo keeper"; CREATE ROLE zoo_guest; END IF; END $$;
CREATE SCHEMA load; CREATE TABLE load.a (id int PRIMARY KEY, t text); CREATE TABLE load.b (id int, t text) PARTITION BY HASH (id);
CREATE TABLE load.b0 PARTITION OF load.b FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE load.b1 PARTITION OF load.b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE load.done (n int); INSERT INTO load.done VALUES (0);
CREATE TABLE public.zoo_questions (number int, title text, schema text, flat text);""")
    for number, ((title, made, _), schema, flat) in enumerate(named(seed)):
        literal = schema.replace("'", "''")
        print(f"INSERT INTO public.zoo_questions VALUES ({number}, '{title.replace(chr(39), chr(39) * 2)}', '{literal}', '{flat}');")
        print(f'CREATE SCHEMA {schema}; SET search_path TO {schema}, public;')
        print(filled(made, schema, flat))
    print('ANALYZE;')


LISTS = {
    'relations': "SELECT n.nspname, c.relname, c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity, c.relreplident FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user}",
    'rights': "SELECT table_schema, table_name, grantor, grantee, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    'columns': "SELECT table_schema, table_name, column_name, data_type, udt_schema, udt_name, is_nullable, character_maximum_length, numeric_precision, numeric_scale, datetime_precision, collation_name, is_identity, identity_generation, identity_start, identity_increment, is_generated, column_default IS NULL FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    'constraints': "SELECT n.nspname, c.relname, k.conname, k.contype, k.condeferrable, k.condeferred, CASE WHEN k.coninhcount = 0 THEN k.convalidated END FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user} AND k.contype <> 't' AND NOT (k.contype = 'f' AND k.conparentid <> 0)",
    'indexes': "SELECT n.nspname, c.relname, i.indisunique, i.indisvalid, i.indisprimary, i.indisclustered, i.indnkeyatts, i.indoption::text, c.reloptions FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user}",
    'parents': "SELECT i.inhrelid::regclass, i.inhparent::regclass, i.inhseqno FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user}",
    'triggers': "SELECT c.oid::regclass, t.tgname, t.tgenabled, t.tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user} AND NOT t.tgisinternal",
    'policies': "SELECT schemaname, tablename, policyname, permissive, roles, cmd FROM pg_policies",
    'rules': "SELECT schemaname, tablename, rulename FROM pg_rules WHERE schemaname <> 'pg_catalog'",
    'functions': "SELECT p.oid::regprocedure, md5(p.prosrc), p.provolatile, p.proisstrict, p.prosecdef, p.proconfig, p.procost, p.prorows, pg_get_userbyid(p.proowner), pg_get_function_result(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {user}",
    'types': "SELECT t.oid::regtype, t.typtype, t.typnotnull, pg_get_userbyid(t.typowner), (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {user} AND NOT (t.typtype = 'c' AND t.typrelid IN (SELECT oid FROM pg_class WHERE relkind <> 'c'))",
    'operators': "SELECT o.oid::regoperator FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE {user}",
    'classes': "SELECT n.nspname, o.opcname FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE {user}",
    'casts': "SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast WHERE oid >= 16384",
    'collations': "SELECT n.nspname, o.collname, o.collprovider, o.collisdeterministic FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE {user}",
    'statistics': "SELECT n.nspname, s.stxname, s.stxkind, s.stxstattarget FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {user}",
    'text search': "SELECT n.nspname, c.cfgname, (SELECT count(*) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid) FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE {user}",
    'extensions': "SELECT extname, extnamespace::regnamespace FROM pg_extension",
    'schemas': "SELECT n.nspname, pg_get_userbyid(n.nspowner), x.* FROM pg_namespace n CROSS JOIN LATERAL (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) a) x WHERE {user}",
    'sequences': "SELECT schemaname, sequencename, last_value, increment_by, data_type FROM pg_sequences",
    'publications': "SELECT p.*, (SELECT count(*) FROM pg_publication_tables t WHERE t.pubname = p.pubname AND schemaname <> 'load') FROM (SELECT pubname, puballtables, pubinsert, pubupdate FROM pg_publication) p",
    'large objects': "SELECT m.oid, pg_get_userbyid(m.lomowner), m.lomacl, md5(lo_get(m.oid)) FROM pg_largeobject_metadata m",
    'comments': "SELECT i.type, i.identity, d.description FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i WHERE d.objoid >= 16384 AND i.identity IS NOT NULL AND d.classoid <> 'pg_extension'::regclass",
    'default rights': "SELECT pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl",
    'mappings': "SELECT usename, srvname, (SELECT array_agg(o ORDER BY o) FROM unnest(umoptions) o) FROM pg_user_mappings",
    'rows of load': "SELECT (SELECT n FROM load.done) = (SELECT count(*) FROM load.a), (SELECT count(*) FROM load.a) = (SELECT count(*) FROM load.b)",
}
USER = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"

# Of each table: its rows, as texts of all columns by name, sorted.
ROWS = """SELECT format('SELECT %L, count(*), md5(string_agg(r, E''\\n'' ORDER BY r COLLATE "C")) FROM (SELECT concat_ws(%L, %L%s) AS r FROM ONLY %I.%I t) q', n.nspname || '|' || c.relname, '|', 'row',
  (SELECT string_agg(format(', coalesce(t.%I::text, ''(null)'')', a.attname), '' ORDER BY a.attname COLLATE "C") FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'wide'), n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname <> 'load' AND {user} ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" \\gexec"""


def ask(psql, url, script):
    """What it prints, and what it complains of, by title."""
    done = subprocess.run([psql, '-X', '-A', '-t', '-q', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never', url], input=script, capture_output=True, text=True)
    found = {}
    for what, text in (('answer', done.stdout), ('error', done.stderr)):
        for part in text.split('@@ ')[1:]:
            title, _, rest = part.partition('\n')
            lines = [line for line in rest.split('\n') if not line.startswith('LOCATION')]
            found[title, what] = '\n'.join(lines)
    return found


def compare(psql, one, other):
    def title(text):
        return f"\\echo '@@ {text}'\n\\warn '@@ {text}'\n"

    script = "SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET row_security = off;\n"
    for name, sql in LISTS.items():
        script += title(name) + f'SELECT q::text FROM ({sql.format(user=USER)}) q ORDER BY q::text COLLATE "C";\n'
    script += title('rows') + ROWS.format(user=USER) + '\n'
    asked = {feature[0]: feature[2] for feature in features()}
    known = subprocess.run([psql, '-X', '-A', '-t', '-q', '-F', '\x1f', one, '-c', 'SELECT number, title, schema, flat FROM public.zoo_questions ORDER BY number'], capture_output=True, text=True, check=True)
    questions = 0
    for line in known.stdout.splitlines():
        _, name, schema, flat = line.split('\x1f')
        if asked[name]:
            questions += 1
            script += title('feature: ' + name.replace("'", '`')) + f'BEGIN; SET LOCAL search_path TO {schema}, public;\n'
            for statement in filled(asked[name], schema, flat).strip().split('\n'):
                script += f'SAVEPOINT s;\n{statement}\nROLLBACK TO s;\n'
            script += 'ROLLBACK;\n'
    moment = "SELECT count(*), sum(hashtext(t)::bigint) FROM load.a WHERE id <= (SELECT n FROM load.done)"
    n = subprocess.run([psql, '-X', '-A', '-t', '-q', other, '-c', 'SELECT n FROM load.done'], capture_output=True, text=True, check=True).stdout.strip()
    script += title('rows of load at the moment') + moment.replace('(SELECT n FROM load.done)', n) + ';\n'
    left, right = ask(psql, one, script), ask(psql, other, script)
    differing = 0
    for key in sorted(left.keys() | right.keys()):
        if left.get(key) != right.get(key):
            differing += 1
            print(f'differs: {key[0]} ({key[1]})')
            here, there = (set((side.get(key) or '').split('\n')) for side in (left, right))
            for line in sorted(here - there)[:5]:
                print(f'  one:   {line[:300]}')
            for line in sorted(there - here)[:5]:
                print(f'  other: {line[:300]}')
    broken = [key[0] for key in left if key[1] == 'error' and left[key].strip() and key[0] in [*LISTS, 'rows', 'rows of load at the moment']]
    for name in broken:
        print(f'failed: {name}: {left[name, "error"][:300]}')
    print(f'{questions} features asked, {len(left)} answers compared, {differing} differ, {n} written meanwhile; questions that failed: {broken}')
    return 1 if differing or broken or questions < 40 else 0



if __name__ == '__main__':
    if sys.argv[1] == 'make':
        make(int(sys.argv[2]))
    else:
        sys.exit(compare(*sys.argv[2:5]))
