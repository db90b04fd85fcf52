//! Blocks of providers and values of variables, by which a file would choose what is run, who is asked, and what is secret.

use crate::pulls::pull::Pull;

/// Blocks of a release file.
const BLOCKS: &[(&str, &str)] = &[
    (
        "git's program",
        "provider \"git\" {\n  program = \"@CHECKOUT@/evil.sh\"\n}\ndata \"git_ref\" \"x\" {\n  name = \"HEAD\"\n}\noutput \"o\" {\n  value = data.git_ref.x\n}\n",
    ),
    (
        "git's program by name",
        "provider \"git\" {\n  program = \"touch\"\n}\nresource \"git_tag\" \"x\" {\n  repository = \"@MARKER@\"\n  name = \"v1\"\n}\n",
    ),
    (
        "git's program beside the file",
        "provider \"git\" {\n  program = \"../evil.sh\"\n}\ndata \"git_log\" \"x\" {}\n",
    ),
    (
        "a program with arguments",
        "provider \"git\" {\n  program = \"sh -c 'touch @MARKER@'\"\n}\ndata \"git_log\" \"x\" {}\n",
    ),
    (
        "GitHub elsewhere",
        "provider \"github\" {\n  base_url = \"http://127.0.0.1:@PORT@\"\n}\ndata \"github_repositories\" \"x\" {\n  owner = \"acme\"\n}\n",
    ),
    (
        "GitHub elsewhere with a token",
        "provider \"github\" {\n  base_url = \"http://127.0.0.1:@PORT@/api/v3\"\n  token = \"x\"\n}\ndata \"github_ref\" \"x\" {\n  repository = \"acme/shop\"\n  name = \"main\"\n}\n",
    ),
    (
        "an App with a key outside",
        "provider \"github\" {\n  app {\n    id = \"1\"\n    installation_id = \"1\"\n    private_key = file(\"@HOME@/.ssh/id_ed25519\")\n  }\n}\ndata \"github_repositories\" \"x\" {\n  owner = \"acme\"\n}\n",
    ),
    (
        "an App with a wrong key",
        "provider \"github\" {\n  app {\n    id = \"1\"\n    installation_id = \"1\"\n    private_key = \"-----BEGIN RSA PRIVATE KEY-----\\nAAAA\\n-----END RSA PRIVATE KEY-----\"\n  }\n}\ndata \"github_repositories\" \"x\" {\n  owner = \"acme\"\n}\n",
    ),
    (
        "too many requests",
        "provider \"github\" {\n  max_requests = 100000000\n}\ndata \"github_repositories\" \"x\" {\n  owner = \"acme\"\n}\n",
    ),
    (
        "a provider that waits for a resource",
        "resource \"terraform_data\" \"x\" {\n  input = \"sh\"\n}\nprovider \"git\" {\n  program = terraform_data.x.output\n}\ndata \"git_log\" \"x\" {}\n",
    ),
    (
        "two providers",
        "provider \"git\" {\n  alias = \"a\"\n  program = \"@CHECKOUT@/evil.sh\"\n}\ndata \"git_log\" \"x\" {\n  provider = git.a\n}\n",
    ),
    (
        "a plugin",
        "provider \"evil\" {\n  source = \"http://127.0.0.1:@PORT@/evil\"\n}\nresource \"evil_thing\" \"x\" {}\n",
    ),
    ("a backend", "terraform {\n  backend \"http\" {\n    address = \"http://127.0.0.1:@PORT@/\"\n  }\n}\n"),
    ("a remote module", "module \"m\" {\n  source = \"git::http://127.0.0.1:@PORT@/m.git\"\n}\n"),
    ("a module over HTTP", "module \"m\" {\n  source = \"http://127.0.0.1:@PORT@/m.zip\"\n}\n"),
    ("a module of the registry", "module \"m\" {\n  source = \"acme/m/aws\"\n  version = \"1\"\n}\n"),
    (
        "a module outside",
        "module \"m\" {\n  source = \"@OUTSIDE@/module\"\n}\noutput \"o\" {\n  value = module.m.token\n}\n",
    ),
    (
        "a module outside by steps",
        "module \"m\" {\n  source = \"../../outside/module\"\n}\noutput \"o\" {\n  value = module.m.token\n}\n",
    ),
    ("a module in git's folder", "module \"m\" {\n  source = \"../.git\"\n}\n"),
    ("a module in the ledger", "module \"m\" {\n  source = \"./.relplan/shop\"\n}\n"),
    ("a module at the top", "module \"m\" {\n  source = \"/\"\n}\n"),
    (
        "a secret that is declared as none",
        "variable \"pin\" {\n  type = string\n}\noutput \"o\" {\n  value = var.pin\n}\n",
    ),
    (
        "a secret that is made one no more",
        "variable \"pin\" {\n  type = string\n  sensitive = true\n}\noutput \"o\" {\n  value = nonsensitive(var.pin)\n}\n",
    ),
    (
        "a secret in small pieces",
        "variable \"pin\" {\n  type = string\n}\noutput \"o\" {\n  value = [for c in split(\"\", var.pin) : c]\n}\n",
    ),
    (
        "a secret by its errors",
        "variable \"pin\" {\n  type = number\n}\noutput \"o\" {\n  value = var.pin\n}\n",
    ),
    (
        "a secret in a validation",
        "variable \"pin\" {\n  sensitive = true\n  validation {\n    condition = var.pin == \"\"\n    error_message = \"It is ${var.pin}.\"\n  }\n}\n",
    ),
    (
        "a secret as a key",
        "variable \"pin\" {\n  sensitive = true\n}\nresource \"terraform_data\" \"x\" {\n  for_each = toset([var.pin])\n}\n",
    ),
    (
        "a secret as a version",
        "variable \"pin\" {\n  sensitive = true\n}\nresource \"exec_deployment\" \"x\" {\n  version = var.pin\n  deploy = [\"true\"]\n}\n",
    ),
    (
        "a secret in a check",
        "variable \"pin\" {\n  sensitive = true\n}\ncheck \"c\" {\n  assert {\n    condition = length(var.pin) == 0\n    error_message = base64encode(var.pin)\n  }\n}\n",
    ),
    (
        "a secret in an error",
        "variable \"pin\" {\n  sensitive = true\n}\noutput \"o\" {\n  value = jsondecode(\"{${var.pin}\")\n}\n",
    ),
    (
        "a secret in a loop",
        "variable \"pin\" {\n  sensitive = true\n}\nresource \"terraform_data\" \"x\" {\n  count = length([for c in split(\"\", var.pin) : c if c == \"Z\"])\n}\n",
    ),
    (
        "a secret in an output",
        "variable \"pin\" {\n  sensitive = true\n}\noutput \"o\" {\n  value = \"${var.pin}\"\n  sensitive = false\n}\n",
    ),
];

/// Files of variables beside the release file, and the release that shows them.
const VARIABLES: &[(&str, &str)] = &[
    ("a.auto.vars.hcl", "pin = file(\"@OUTSIDE@/secret.txt\")\n"),
    ("a.auto.vars.hcl", "pin = \"${file(\"../.git/config\")}\"\n"),
    ("a.auto.vars.hcl", "pin = var.pin\n"),
    ("a.auto.vars.hcl", "nobody = 1\nasked = 2\n"),
    ("a.auto.vars.hcl", "pin \"x\" {\n}\n"),
    (".vars.hcl", "pin = 1\n"),
    ("pr.vars.hcl", "pin = file(\"@HOME@/.pgpass\")\n"),
    ("terraform.tfvars", "pin = \"x\"\n"),
    (".relplanrc", "program = \"@CHECKOUT@/evil.sh\"\n"),
    (".env", "RELPLAN_VAR_pin=x\nPATH=@CHECKOUT@\n"),
];

pub(super) fn all() -> Vec<Pull> {
    let script = "#!/bin/sh\ntouch @MARKER@\n";
    let mut all: Vec<Pull> =
        BLOCKS.iter().map(|(name, text)| Pull::new(*name).blocks(text).file("evil.sh", script)).collect();
    let release = "variable \"pin\" {\n  type = string\n  sensitive = true\n}\nresource \"terraform_data\" \"d\" {\n  input = var.pin\n}\n";
    all.extend(VARIABLES.iter().map(|(path, text)| {
        Pull::new(format!("{path}: {}", text.trim())).blocks(release).file(format!("releases/{path}"), *text)
    }));
    all
}
