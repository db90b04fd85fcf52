//! Blocks about what the ledger has: moved, removed, imported; and instances, dependencies and lifecycles with a twist.

use crate::pulls::pull::Pull;

const BLOCKS: &[(&str, &str)] = &[
    (
        "moved",
        "moved {\n  from = terraform_data.d\n  to = exec_test.d\n}\nresource \"exec_test\" \"d\" {\n  command = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
    (
        "moved in a circle",
        "moved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\nmoved {\n  from = terraform_data.b\n  to = terraform_data.a\n}\n",
    ),
    (
        "moved onto another",
        "moved {\n  from = terraform_data.d\n  to = exec_deployment.live\n}\nresource \"exec_deployment\" \"live\" {\n  version = \"1\"\n  deploy = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
    (
        "a sealed value moved",
        "moved {\n  from = terraform_data.d\n  to = terraform_data.e\n}\nresource \"terraform_data\" \"e\" {\n  input = \"x\"\n}\noutput \"o\" {\n  value = terraform_data.e.output\n}\n",
    ),
    (
        "a sealed value shown",
        "resource \"terraform_data\" \"d\" {\n  input = \"x\"\n}\noutput \"o\" {\n  value = nonsensitive(terraform_data.d.output)\n}\n",
    ),
    (
        "a sealed value as it was",
        "resource \"terraform_data\" \"d\" {\n  input = \"x\"\n  lifecycle {\n    ignore_changes = all\n  }\n}\noutput \"o\" {\n  value = jsonencode(terraform_data.d)\n}\n",
    ),
    ("a sealed value guessed", "resource \"terraform_data\" \"d\" {\n  input = sensitive(\"0000\")\n}\n"),
    (
        "a sealed value as a key",
        "resource \"terraform_data\" \"d\" {\n  input = \"x\"\n  lifecycle {\n    ignore_changes = [input]\n  }\n}\nresource \"terraform_data\" \"e\" {\n  for_each = toset([terraform_data.d.output])\n}\n",
    ),
    (
        "a sealed value in a condition",
        "resource \"terraform_data\" \"d\" {\n  input = \"x\"\n  lifecycle {\n    ignore_changes = all\n    postcondition {\n      condition = self.output == \"x\"\n      error_message = \"It is ${jsonencode(self)}.\"\n    }\n  }\n}\n",
    ),
    ("removed", "removed {\n  from = terraform_data.d\n  lifecycle {\n    destroy = false\n  }\n}\n"),
    (
        "removed and defined",
        "removed {\n  from = terraform_data.d\n}\nresource \"terraform_data\" \"d\" {}\n",
    ),
    (
        "removed with a command",
        "removed {\n  from = exec_deployment.live\n  provisioner \"local-exec\" {\n    command = \"touch @MARKER@\"\n  }\n}\n",
    ),
    (
        "imported",
        "import {\n  to = git_tag.x\n  id = \"ext::sh -c touch% @MARKER@\"\n}\nresource \"git_tag\" \"x\" {\n  repository = \".\"\n  name = \"v1\"\n}\n",
    ),
    (
        "imported from a host",
        "import {\n  to = github_tag.x\n  id = \"http://127.0.0.1:@PORT@/acme/shop/v1\"\n}\n",
    ),
    (
        "keys from outside",
        "data \"http_response\" \"x\" {\n  url = \"http://127.0.0.1:@PORT@/\"\n}\nresource \"terraform_data\" \"y\" {\n  for_each = toset(split(\",\", data.http_response.x.body))\n}\n",
    ),
    (
        "keys that are null",
        "resource \"terraform_data\" \"x\" {\n  for_each = { for k in [null] : k => 1 }\n}\n",
    ),
    (
        "keys that are unknown",
        "resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"x\" {\n  for_each = toset([terraform_data.a.id])\n}\n",
    ),
    ("keys that are objects", "resource \"terraform_data\" \"x\" {\n  for_each = { a = { b = each } }\n}\n"),
    (
        "keys like addresses",
        "resource \"terraform_data\" \"x\" {\n  for_each = toset([\"a\\\"].b[\\\"c\", \"module.m\", \"../..\", \"\", \" \"])\n}\n",
    ),
    ("a count of less than nothing", "resource \"terraform_data\" \"x\" {\n  count = -1\n}\n"),
    ("a count of a part", "resource \"terraform_data\" \"x\" {\n  count = 1.5\n}\n"),
    ("a count of a secret", "resource \"terraform_data\" \"x\" {\n  count = sensitive(2)\n}\n"),
    ("itself", "resource \"terraform_data\" \"x\" {\n  input = terraform_data.x.output\n}\n"),
    ("itself through a module", "module \"m\" {\n  source = \"./m\"\n  a = module.m.b\n}\n"),
    (
        "dependencies that are not there",
        "resource \"terraform_data\" \"x\" {\n  depends_on = [terraform_data.nobody, data.http_response.nobody, module.nobody]\n}\n",
    ),
    (
        "replaced by another",
        "resource \"terraform_data\" \"d\" {\n  lifecycle {\n    replace_triggered_by = [exec_deployment.live, terraform_data.d]\n    create_before_destroy = true\n    prevent_destroy = true\n  }\n}\n",
    ),
    (
        "long waits",
        "resource \"exec_deployment\" \"live\" {\n  version = \"1\"\n  deploy = [\"true\"]\n  timeouts {\n    create = \"999999999h\"\n  }\n}\n",
    ),
    (
        "negative waits",
        "resource \"exec_deployment\" \"live\" {\n  version = \"1\"\n  deploy = [\"true\"]\n  timeouts {\n    create = \"-1s\"\n  }\n  retry {\n    attempts = 999999999999\n  }\n}\n",
    ),
    (
        "a dynamic block",
        "resource \"http_smoke_test\" \"x\" {\n  base_url = \"http://127.0.0.1:@PORT@\"\n  dynamic \"step\" {\n    for_each = range(1000000)\n    content {\n      name = \"a\"\n      path = \"/\"\n    }\n  }\n}\n",
    ),
    ("two releases", "release \"evil\" {\n  version = \"9.9.9\"\n}\n"),
    (
        "a function that is not there",
        "output \"o\" {\n  value = [env(\"PGPASSWORD\"), getenv(\"HOME\"), provider::x::y(), uuid(), bcrypt(\"x\"), yamldecode(\"&a [*a]\")]\n}\n",
    ),
    (
        "names of the language",
        "output \"o\" {\n  value = [path.cwd, path.home, terraform.workspace, release, env.PGPASSWORD, self, each, count]\n}\n",
    ),
    (
        "a data source in a loop",
        "data \"http_response\" \"x\" {\n  count = 1000\n  url = \"http://127.0.0.1:@PORT@/${count.index}\"\n}\noutput \"o\" {\n  value = data.http_response.x[*].body\n}\n",
    ),
    (
        "a data source that waits",
        "resource \"terraform_data\" \"x\" {}\ndata \"git_log\" \"x\" {\n  repository = terraform_data.x.output\n}\n",
    ),
    (
        "checks in checks",
        "check \"c\" {\n  data \"http_response\" \"x\" {\n    url = \"http://127.0.0.1:@PORT@/\"\n  }\n  assert {\n    condition = data.http_response.x.status == 200\n    error_message = \"x\"\n  }\n}\n",
    ),
    (
        "a downgrade",
        "resource \"exec_deployment\" \"live\" {\n  version = \"0.0.1\"\n  deploy = [\"touch\", \"@MARKER@\"]\n  rollback = [\"touch\", \"@MARKER@\"]\n}\n",
    ),
];

pub(super) fn all() -> Vec<Pull> {
    let module = "variable \"a\" {}\noutput \"b\" {\n  value = var.a\n}\n";
    BLOCKS
        .iter()
        .map(|(name, text)| Pull::new(*name).blocks(text).file("releases/m/main.hcl", module))
        .collect()
}
