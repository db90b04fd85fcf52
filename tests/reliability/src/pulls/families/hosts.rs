//! Resources and sources that name a server: none is contacted, whatever protocol and form its address has.

use crate::pulls::pull::Pull;

/// What asks a server; `URL` stands for its address, `HOST` for host and port.
const ASKING: &[(&str, &str)] = &[
    (
        "http",
        "data \"http_response\" \"pr\" {\n  url = \"http://HOST/x?pin=1\"\n}\noutput \"o\" {\n  value = data.http_response.pr.body\n}\n",
    ),
    (
        "https",
        "data \"http_response\" \"pr\" {\n  url = \"https://HOST/\"\n  request_headers = { Authorization = \"Bearer x\" }\n}\n",
    ),
    (
        "a smoke test",
        "resource \"http_smoke_test\" \"pr\" {\n  base_url = \"http://HOST\"\n  step {\n    name = \"a\"\n    path = \"/\"\n  }\n}\n",
    ),
    (
        "a query",
        "data \"postgres_query\" \"pr\" {\n  url = \"postgres://u@HOST/d\"\n  sql = \"select 1\"\n}\noutput \"o\" {\n  value = data.postgres_query.pr\n}\n",
    ),
    (
        "a query test",
        "resource \"postgres_query_test\" \"pr\" {\n  url = \"postgres://u@HOST/d\"\n  query {\n    name = \"a\"\n    sql = \"select 1\"\n  }\n}\n",
    ),
    (
        "a snapshot of PostgreSQL",
        "resource \"postgres_snapshot\" \"pr\" {\n  url = \"postgres://u@HOST/d?sslmode=disable\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a migration",
        "resource \"postgres_migration\" \"pr\" {\n  url = \"postgres://u@HOST/d\"\n  directory = \"migrations\"\n}\n",
    ),
    (
        "a snapshot of MySQL",
        "resource \"mysql_snapshot\" \"pr\" {\n  url = \"mysql://u@HOST/d\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a scratch server",
        "resource \"postgres_snapshot\" \"pr\" {\n  url = \"postgres://u@HOST/d\"\n  directory = \"snapshots\"\n  verify = \"restore\"\n  scratch {\n    url = \"postgres://u@HOST/scratch\"\n  }\n}\n",
    ),
    (
        "a bucket",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  bucket = \"s3://b/p\"\n  unencrypted = true\n  bucket_options {\n    endpoint = \"http://HOST\"\n    region = \"x\"\n  }\n}\n",
    ),
    (
        "a bucket of Google",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  bucket = \"gs://b/p\"\n  unencrypted = true\n  bucket_options {\n    endpoint = \"http://HOST\"\n  }\n}\n",
    ),
    (
        "a bucket of Azure",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  bucket = \"az://b/p\"\n  unencrypted = true\n  bucket_options {\n    account = \"a\"\n    endpoint = \"http://HOST\"\n  }\n}\n",
    ),
    (
        "GitHub",
        "provider \"github\" {\n  base_url = \"http://HOST/api/v3\"\n}\nresource \"github_tag\" \"pr\" {\n  repository = \"acme/shop\"\n  name = \"v1\"\n}\n",
    ),
    (
        "GitHub's sources",
        "provider \"github\" {\n  base_url = \"http://HOST\"\n  token = \"x\"\n}\ndata \"github_repositories\" \"pr\" {\n  owner = \"acme\"\n}\n",
    ),
    ("a remote repository", "data \"git_log\" \"pr\" {\n  repository = \"http://HOST/x.git\"\n}\n"),
    (
        "a tag elsewhere",
        "resource \"git_tag\" \"pr\" {\n  repository = \"git://HOST/x.git\"\n  name = \"v1\"\n}\n",
    ),
];

/// Addresses of the listeners, in every form that somebody might read differently.
const HOSTS: &[&str] = &[
    "127.0.0.1:@PORT@",
    "localhost:@PORT@",
    "[::1]:@PORT6@",
    "127.1:@PORT@",
    "2130706433:@PORT@",
    "0.0.0.0:@PORT@",
    "[::ffff:127.0.0.1]:@PORT@",
    "user:pass@127.0.0.1:@PORT@",
    "shop.localhost:@PORT@",
    "127.0.0.2:@PORT@",
];

/// What names a server in its own way.
const OTHERS: &[(&str, &str)] = &[
    (
        "a socket by the environment",
        "data \"postgres_query\" \"pr\" {\n  database = \"d\"\n  user = \"u\"\n  sql = \"select 1\"\n}\n",
    ),
    (
        "a socket's folder",
        "data \"postgres_query\" \"pr\" {\n  host = \"@SOCKET@\"\n  database = \"d\"\n  sql = \"select 1\"\n}\n",
    ),
    (
        "a socket in an address",
        "resource \"postgres_snapshot\" \"pr\" {\n  url = \"postgres:///d?host=@SOCKET@\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a service",
        "resource \"postgres_snapshot\" \"pr\" {\n  service = \"evil\"\n  database = \"d\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a file of passwords",
        "resource \"postgres_snapshot\" \"pr\" {\n  host = \"127.0.0.1\"\n  port = @PORT@\n  database = \"d\"\n  passfile = \"@HOME@/.pgpass\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a file of authorities",
        "resource \"postgres_snapshot\" \"pr\" {\n  url = \"postgres://u@127.0.0.1:@PORT@/d?sslmode=verify-full\"\n  sslrootcert = \"@OUTSIDE@/secret.txt\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a MySQL socket",
        "resource \"mysql_snapshot\" \"pr\" {\n  socket = \"@SOCKET@/.s.PGSQL.5432\"\n  database = \"d\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a MySQL defaults file",
        "resource \"mysql_snapshot\" \"pr\" {\n  host = \"127.0.0.1\"\n  port = @PORT@\n  database = \"d\"\n  defaults_file = \"@HOME@/.my.cnf\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a bucket as the environment says",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  bucket = \"s3://b/p\"\n  unencrypted = true\n}\n",
    ),
    (
        "GitHub as the environment says",
        "data \"github_repositories\" \"pr\" {\n  owner = \"acme\"\n}\ndata \"github_ref\" \"pr\" {\n  repository = \"acme/shop\"\n  name = \"main\"\n}\n",
    ),
    (
        "all of GitHub",
        "resource \"github_release\" \"pr\" {\n  repository = \"acme/shop\"\n  tag = \"v1\"\n}\nresource \"github_issue\" \"pr\" {\n  repository = \"acme/shop\"\n  title = \"x\"\n}\nresource \"github_comment\" \"pr\" {\n  repository = \"acme/shop\"\n  number = 42\n  marker = \"relplan_plan_markdown\"\n  body = \"x\"\n}\nresource \"github_pull_requests\" \"pr\" {\n  repository = \"acme/shop\"\n}\n",
    ),
    (
        "a workflow",
        "resource \"github_workflow_deployment\" \"pr\" {\n  repository = \"acme/shop\"\n  workflow = \"deploy.yml\"\n  version = \"1\"\n  ref = \"main\"\n  version_url = \"http://127.0.0.1:@PORT@/\"\n}\n",
    ),
];

pub(super) fn all() -> Vec<Pull> {
    let hosts = HOSTS.iter().cycle();
    // Each twice, with different hosts.
    let asking = ASKING.iter().chain(ASKING).zip(hosts);
    let mut all: Vec<Pull> = asking
        .map(|((name, text), host)| {
            Pull::new(format!("{name} at {host}"))
                .blocks(text.replace("HOST", host))
                .file("releases/migrations/1.sql", "select 1;\n")
        })
        .collect();
    all.extend(OTHERS.iter().map(|(name, text)| Pull::new(*name).blocks(text)));
    all
}
