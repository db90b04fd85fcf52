//! Where hostile texts can stand so that they come out somewhere: in a plan, an error, an annotation, a comment.

use crate::pulls::pull::Pull;

/// Places for a text; `TEXT` stands for it as the inside of a quoted string.
const QUOTED: &[(&str, &str)] = &[
    ("an output", "output \"o\" {\n  value = \"TEXT\"\n}\n"),
    ("an input", "resource \"terraform_data\" \"pr\" {\n  input = \"TEXT\"\n}\n"),
    ("lines of an input", "resource \"terraform_data\" \"pr\" {\n  input = \"first\\nTEXT\\nlast\"\n}\n"),
    (
        "a changed input",
        "resource \"exec_deployment\" \"live\" {\n  version = \"TEXT\"\n  deploy = [\"true\"]\n}\n",
    ),
    ("a key", "resource \"terraform_data\" \"pr\" {\n  for_each = toset([\"TEXT\"])\n}\n"),
    ("a member", "output \"o\" {\n  value = { \"TEXT\" = \"TEXT\" }\n}\n"),
    ("JSON", "output \"o\" {\n  value = jsonencode({ \"TEXT\" = [\"TEXT\"] })\n}\n"),
    (
        "a failed assertion",
        "check \"c\" {\n  assert {\n    condition = false\n    error_message = \"TEXT\"\n  }\n}\n",
    ),
    (
        "a failed precondition",
        "resource \"terraform_data\" \"pr\" {\n  lifecycle {\n    precondition {\n      condition = false\n      error_message = \"TEXT\"\n    }\n  }\n}\n",
    ),
    ("a wrong number", "output \"o\" {\n  value = tonumber(\"TEXT\")\n}\n"),
    ("a missing file", "output \"o\" {\n  value = file(\"TEXT\")\n}\n"),
    ("a module's address", "module \"m\" {\n  source = \"./TEXT\"\n}\n"),
    (
        "a description",
        "variable \"v\" {\n  description = \"TEXT\"\n  type = number\n  default = \"TEXT\"\n}\n",
    ),
    ("a type's name", "resource \"TEXT\" \"pr\" {}\n"),
    ("a name", "resource \"terraform_data\" \"TEXT\" {}\n"),
    (
        "a repository's name",
        "resource \"git_tag\" \"pr\" {\n  repository = \"TEXT\"\n  name = \"TEXT\"\n  message = \"TEXT\"\n}\n",
    ),
    ("a command", "resource \"exec_test\" \"pr\" {\n  command = [\"true\", \"TEXT\"]\n}\n"),
    ("notes", "resource \"release_notes\" \"pr\" {\n  text = \"TEXT\"\n}\n"),
    (
        "a comment elsewhere",
        "resource \"github_comment\" \"pr\" {\n  repository = \"acme/shop\"\n  number = 1\n  marker = \"m\"\n  body = \"TEXT\"\n}\n",
    ),
    ("a version", "resource \"exec_deployment\" \"pr\" {\n  version = \"TEXT\"\n  deploy = [\"true\"]\n}\n"),
    (
        "a moved address",
        "moved {\n  from = terraform_data.d[\"TEXT\"]\n  to = terraform_data.e[\"TEXT\"]\n}\n",
    ),
];

/// Places for a text as it is in the file.
const RAW: &[(&str, &str)] = &[
    ("a heredoc", "resource \"terraform_data\" \"pr\" {\n  input = <<EOT\nTEXT\nEOT\n}\n"),
    ("an indented heredoc", "output \"o\" {\n  value = <<-EOT\n      TEXT\n      TEXT\n  EOT\n}\n"),
    ("a comment", "# TEXT\noutput \"o\" {\n  value = nothing.at.all # TEXT\n}\n"),
    ("a comment of lines", "/*\nTEXT\n*/ output \"o\" {\n  value = nothing\n}\n"),
    ("no HCL", "TEXT\n"),
    ("a block's name", "TEXT \"x\" {\n}\n"),
    ("an unfinished text", "output \"o\" {\n  value = \"TEXT\n}\n"),
];

/// Release blocks with the text in them.
const RELEASES: &[(&str, &str)] = &[
    ("the product", "release \"TEXT\" {\n  version = \"1.0.1\"\n}\nresource \"terraform_data\" \"x\" {}\n"),
    (
        "the version",
        "release \"shop\" {\n  version = \"1.0.1-TEXT\"\n}\nresource \"terraform_data\" \"x\" {}\n",
    ),
    ("the required version", "release \"shop\" {\n  version = \"1.0.1\"\n  required_version = \"TEXT\"\n}\n"),
];

/// Each text in some of the places: all together, every text in a few of them and every place with some of the texts.
pub(super) fn everywhere(texts: &[&str]) -> Vec<Pull> {
    let mut all = Vec::new();
    let places = QUOTED.len() + RAW.len() + RELEASES.len();
    for (number, text) in texts.iter().enumerate() {
        for step in 0..3 {
            let at = (number * 3 + step) * 7 % places;
            all.extend(pull(at, text));
        }
    }
    all
}

fn pull(at: usize, text: &str) -> Option<Pull> {
    let quoted = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t");
    let quoted = quoted.replace("${", "$${").replace("%{", "%%{");
    let named = |place: &str| Pull::new(format!("{text:?} in {place}"));
    if let Some((place, blocks)) = QUOTED.get(at) {
        return Some(named(place).blocks(blocks.replace("TEXT", &quoted)));
    }
    if let Some((place, blocks)) = RAW.get(at - QUOTED.len()) {
        return Some(named(place).blocks(blocks.replace("TEXT", text)));
    }
    let (place, file) = RELEASES.get(at - QUOTED.len() - RAW.len())?;
    Some(named(place).file("releases/pr.hcl", file.replace("TEXT", &quoted)))
}
