//! Resources that run commands: none of them is run, looked up, or asked for anything.

use crate::pulls::pull::Pull;

/// Blocks whose command would touch the marker.
const BLOCKS: &[(&str, &str)] = &[
    (
        "deploy",
        "resource \"exec_deployment\" \"live\" {\n  version = \"2\"\n  deploy = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
    (
        "observe",
        "resource \"exec_deployment\" \"live\" {\n  version = \"2\"\n  deploy = [\"true\"]\n  observe = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
    (
        "observe a new one",
        "resource \"exec_deployment\" \"pr\" {\n  version = \"2\"\n  deploy = [\"true\"]\n  observe = [\"sh\", \"-c\", \"touch @MARKER@; env\"]\n}\n",
    ),
    (
        "deploy by a script",
        "resource \"exec_deployment\" \"live\" {\n  version = \"2\"\n  deploy = [\"./evil.sh\"]\n  observe = [\"./evil.sh\"]\n}\n",
    ),
    (
        "destroy",
        "resource \"exec_deployment\" \"live\" {\n  version = \"2\"\n  deploy = [\"true\"]\n  destroy = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
    ("test", "resource \"exec_test\" \"pr\" {\n  command = [\"touch\", \"@MARKER@\"]\n}\n"),
    (
        "test with a report outside",
        "resource \"exec_test\" \"pr\" {\n  command = [\"true\"]\n  junit = \"@OUTSIDE@/*.xml\"\n}\n",
    ),
    (
        "test with a report by steps",
        "resource \"exec_test\" \"pr\" {\n  command = [\"true\"]\n  junit = \"../../outside/**/*.xml\"\n}\n",
    ),
    (
        "test elsewhere",
        "resource \"exec_test\" \"pr\" {\n  command = [\"true\"]\n  working_directory = \"@OUTSIDE@\"\n}\n",
    ),
    (
        "test in git's folder",
        "resource \"exec_test\" \"pr\" {\n  command = [\"cat\", \"config\"]\n  working_directory = \"../.git\"\n}\n",
    ),
    (
        "test with the environment",
        "resource \"exec_test\" \"pr\" {\n  command = [\"env\"]\n  inherit_environment = [\"PGPASSWORD\", \"GITHUB_TOKEN\", \"RELPLAN_VAR_pin\"]\n}\n",
    ),
    (
        "test on failure",
        "resource \"exec_test\" \"pr\" {\n  command = [\"touch\", \"@MARKER@\"]\n  lifecycle {\n    when = \"always\"\n    on_failure = \"rollback\"\n  }\n}\n",
    ),
    (
        "snapshot",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"touch\", \"@MARKER@\"]\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "snapshot outside",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  directory = \"@OUTSIDE@/snapshots\"\n  identity_file = \"@HOME@/.ssh/id_ed25519\"\n  encrypt_to = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]\n}\n",
    ),
    (
        "snapshot for the operator's key",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  directory = \".relplan/shop\"\n  identity_file = \".relplan/shop/key\"\n}\n",
    ),
    ("migration", "resource \"exec_migration\" \"pr\" {\n  command = [\"touch\", \"@MARKER@\"]\n}\n"),
    (
        "pending",
        "resource \"exec_migration\" \"pr\" {\n  command = [\"true\"]\n  pending = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
    (
        "a snapshot to restore",
        "resource \"exec_snapshot\" \"pr\" {\n  command = [\"true\"]\n  directory = \"snapshots\"\n  read = [\"touch\", \"@MARKER@\"]\n  rehearse = [\"touch\", \"@MARKER@\"]\n  restore = [\"touch\", \"@MARKER@\"]\n  verify = \"restore\"\n}\n",
    ),
    (
        "clients of PostgreSQL",
        "resource \"postgres_snapshot\" \"pr\" {\n  url = \"postgres://u:p@127.0.0.1:@PORT@/d\"\n  directory = \"snapshots\"\n  program_folder = \"@CHECKOUT@\"\n}\n",
    ),
    (
        "a client of PostgreSQL asked",
        "data \"postgres_query\" \"pr\" {\n  url = \"postgres://u:p@127.0.0.1:@PORT@/d\"\n  sql = \"select 1\"\n  program_folder = \"..\"\n}\noutput \"o\" {\n  value = data.postgres_query.pr\n}\n",
    ),
    (
        "clients of MySQL",
        "resource \"mysql_snapshot\" \"pr\" {\n  url = \"mysql://u:p@127.0.0.1:@PORT@/d\"\n  directory = \"snapshots\"\n  program_folder = \"@CHECKOUT@\"\n  defaults_file = \"@HOME@/.my.cnf\"\n}\n",
    ),
    (
        "migrations outside",
        "resource \"postgres_migration\" \"pr\" {\n  url = \"postgres://u:p@127.0.0.1:@PORT@/d\"\n  directory = \"@OUTSIDE@\"\n}\n",
    ),
    (
        "migrations in git's folder",
        "resource \"postgres_migration\" \"pr\" {\n  url = \"postgres://u:p@127.0.0.1:@PORT@/d\"\n  directory = \"../.git\"\n}\n",
    ),
    (
        "migrations by steps",
        "resource \"postgres_migration\" \"pr\" {\n  url = \"postgres://u:p@127.0.0.1:@PORT@/d\"\n  directory = \"../../outside\"\n}\n",
    ),
    (
        "a database outside",
        "resource \"sqlite_snapshot\" \"pr\" {\n  database = \"@OUTSIDE@/secret.txt\"\n  directory = \"snapshots\"\n}\n",
    ),
    (
        "a database that is the ledger",
        "resource \"sqlite_snapshot\" \"pr\" {\n  database = \".relplan/shop/ledger.jsonl\"\n  directory = \"../.git/snapshots\"\n}\n",
    ),
    (
        "assets outside",
        "resource \"github_release\" \"pr\" {\n  repository = \"acme/shop\"\n  tag = \"v1\"\n  asset {\n    path = \"@OUTSIDE@/secret.txt\"\n  }\n  asset {\n    path = \"../.git/config\"\n  }\n  asset {\n    path = \".relplan/shop/key\"\n  }\n}\n",
    ),
    (
        "an authority outside",
        "data \"http_response\" \"pr\" {\n  url = \"https://127.0.0.1:@PORT@/\"\n  ca_file = \"@OUTSIDE@/secret.txt\"\n}\n",
    ),
    (
        "an authority that is the key",
        "resource \"http_smoke_test\" \"pr\" {\n  base_url = \"https://127.0.0.1:@PORT@\"\n  ca_file = \".relplan/shop/key\"\n  step {\n    name = \"a\"\n    path = \"/\"\n  }\n}\n",
    ),
    (
        "notes by a template",
        "resource \"release_notes\" \"pr\" {\n  changes = []\n  template = \"{% include '/etc/passwd' %}{{ env }}{% for i in range(100000000) %}x{% endfor %}\"\n}\n",
    ),
    ("notes of a file", "resource \"release_notes\" \"pr\" {\n  text = file(\"@OUTSIDE@/secret.txt\")\n}\n"),
    (
        "notes with a bomb",
        "resource \"release_notes\" \"pr\" {\n  changes = [{ title = \"x\" }]\n  template = \"{% for a in range(10000) %}{% for b in range(10000) %}{{ a * b }}{% endfor %}{% endfor %}\"\n}\n",
    ),
    (
        "what a shell would run",
        "resource \"terraform_data\" \"pr\" {\n  input = \"$(touch @MARKER@) `touch @MARKER@` ; touch @MARKER@\"\n}\n",
    ),
    (
        "a provisioner",
        "resource \"terraform_data\" \"pr\" {\n  provisioner \"local-exec\" {\n    command = \"touch @MARKER@\"\n  }\n}\n",
    ),
    ("an external source", "data \"external\" \"pr\" {\n  program = [\"touch\", \"@MARKER@\"]\n}\n"),
    ("forgotten", "removed {\n  from = exec_deployment.live\n  lifecycle {\n    destroy = true\n  }\n}\n"),
];

pub(super) fn all() -> Vec<Pull> {
    let script = "#!/bin/sh\ntouch @MARKER@\n";
    let names = ["evil.sh", "releases/evil.sh", "psql", "pg_dump", "mysql", "mariadb", "git"];
    let with_scripts = |pull: Pull| names.iter().fold(pull, |pull, name| pull.file(*name, script));
    BLOCKS.iter().map(|(name, text)| with_scripts(Pull::new(*name).blocks(text))).collect()
}
