//! Where in a release file an expression can stand: what is read there must be read nowhere.

use crate::random::Random;

/// How each release file begins: the operator's own product, so that its ledger is at stake.
pub(super) const HEAD: &str = "release \"shop\" {\n  version = \"1.0.1\"\n}\n\n";

/// The module that a call places an expression in.
pub(super) const MODULE: &str = "variable \"input\" {}\noutput \"shown\" {\n  value = var.input\n}\n";

/// A place: what it is called, and the blocks with `EXPR` where the expression goes.
const PLACES: &[(&str, &str)] = &[
    ("in an output", "output \"o\" {\n  value = EXPR\n}\n"),
    ("in a local value", "locals {\n  l = EXPR\n}\noutput \"o\" {\n  value = local.l\n}\n"),
    ("in an input", "resource \"terraform_data\" \"pr\" {\n  input = EXPR\n}\n"),
    ("in a live input", "resource \"terraform_data\" \"d\" {\n  input = EXPR\n}\n"),
    ("in a template", "output \"o\" {\n  value = \"<${jsonencode(EXPR)}>\"\n}\n"),
    ("in a directive", "output \"o\" {\n  value = \"%{ for x in [EXPR] }${jsonencode(x)}%{ endfor }\"\n}\n"),
    (
        "in a for_each",
        "resource \"terraform_data\" \"pr\" {\n  for_each = toset([jsonencode(EXPR)])\n  input = each.key\n}\n",
    ),
    ("in a count", "resource \"terraform_data\" \"pr\" {\n  count = length(jsonencode(EXPR))\n}\n"),
    (
        "in a module",
        "module \"m\" {\n  source = \"./placed\"\n  input = EXPR\n}\noutput \"o\" {\n  value = module.m.shown\n}\n",
    ),
    ("in a default", "variable \"v\" {\n  default = EXPR\n}\noutput \"o\" {\n  value = var.v\n}\n"),
    (
        "in a validation",
        "variable \"v\" {\n  default = 1\n  validation {\n    condition = var.v == 2\n    error_message = jsonencode(EXPR)\n  }\n}\n",
    ),
    (
        "in a precondition",
        "resource \"terraform_data\" \"pr\" {\n  lifecycle {\n    precondition {\n      condition = false\n      error_message = jsonencode(EXPR)\n    }\n  }\n}\n",
    ),
    (
        "in a check",
        "check \"c\" {\n  assert {\n    condition = false\n    error_message = jsonencode(EXPR)\n  }\n}\n",
    ),
    ("in a wrong index", "output \"o\" {\n  value = [][EXPR]\n}\n"),
    ("in a wrong number", "output \"o\" {\n  value = tonumber(jsonencode(EXPR))\n}\n"),
    ("in a try", "output \"o\" {\n  value = try(EXPR, EXPR, \"fallen back\")\n}\n"),
    ("in a can", "output \"o\" {\n  value = can(EXPR) ? jsonencode(EXPR) : \"not\"\n}\n"),
    (
        "in a command",
        "resource \"exec_deployment\" \"pr\" {\n  version = \"1\"\n  deploy = [\"true\", jsonencode(EXPR)]\n}\n",
    ),
    (
        "in a provider",
        "provider \"git\" {\n  program = jsonencode(EXPR)\n}\nresource \"git_tag\" \"pr\" {\n  repository = \".\"\n  name = \"v1\"\n}\n",
    ),
    (
        "in an address",
        "data \"http_response\" \"pr\" {\n  url = \"http://127.0.0.1:@PORT@/${urlencode(jsonencode(EXPR))}\"\n}\noutput \"o\" {\n  value = data.http_response.pr.body\n}\n",
    ),
];

/// The expression in one of the places, and what that place is called.
pub(super) fn somewhere(expression: &str, random: &mut Random) -> (&'static str, String) {
    let (name, text) = random.choose(PLACES).unwrap_or(("nowhere", ""));
    (name, text.replace("EXPR", expression))
}
