//! Definitions from source text, evaluated block by block.

use std::collections::BTreeMap;

use super::*;
use crate::lang::functions::NoFiles;
use crate::lang::lower::{Entry, Files, load};
use crate::source::Sources;

/// Files by their path.
struct InMemory(BTreeMap<String, String>);

impl Files for InMemory {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let inside = |path: &String| path.strip_prefix(&format!("{folder}/")).map(str::to_owned);
        Ok(self.0.keys().filter_map(inside).filter(|name| !name.contains('/')).collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| "it does not exist".to_owned())
    }
}

/// The configuration of a file and of modules beside it.
pub(crate) fn config(text: &str, modules: &[(&str, &str)]) -> Config {
    let mut files: BTreeMap<String, String> =
        modules.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    files.insert("main.hcl".to_owned(), text.to_owned());
    let entry = Entry { folder: ".".to_owned(), file: Some("main.hcl".to_owned()), name: "test".to_owned() };
    load(&mut Sources::default(), &InMemory(files), &entry).expect("a configuration").0
}

/// A world in which everything but resources was visited.
fn visited(text: &str, modules: &[(&str, &str)]) -> Result<World, Diagnostics> {
    let config = config(text, modules);
    let graph = Arc::new(Graph::build(&config)?);
    let (mut world, _) =
        World::new(Arc::new(config), Arc::clone(&graph), BTreeMap::new(), Arc::new(NoFiles))?;
    let mut found = Diagnostics::default();
    for id in graph.order() {
        found.extend(world.visit(*id));
    }
    if found.has_errors() { Err(found) } else { Ok(world) }
}

fn output(world: &World, name: &str) -> Value {
    world.values().outputs(&ModulePath::default()).get(name).cloned().unwrap_or(Value::NULL)
}

fn summary(result: Result<World, Diagnostics>) -> String {
    result.err().map(|found| found.0[0].summary.clone()).unwrap_or_default()
}

#[test]
fn variables_locals_and_outputs_follow_each_other() {
    let text = r#"
release "shop" { version = "1.${var.minor}.0" }
variable "minor" {
  type    = number
  default = 2
}
output "full" { value = local.name }
locals {
  name = "${release.name} ${release.version}"
}
"#;
    let world = visited(text, &[]).expect("visited");
    assert_eq!(output(&world, "full"), Value::from("shop 1.2.0"));
    assert_eq!(&*world.version(), "1.2.0");
}

#[test]
fn modules_have_instances_and_outputs() {
    let text = r#"
module "place" {
  source   = "./place"
  for_each = toset(["eu", "us"])
  name     = each.key
}
output "all" { value = module.place["us"].greeting }
output "each" { value = [for name, place in module.place : place.greeting] }
"#;
    let module = "variable \"name\" {}\noutput \"greeting\" { value = \"hello ${var.name}\" }\n";
    let world = visited(text, &[("place/main.hcl", module)]).expect("visited");
    assert_eq!(output(&world, "all"), Value::from("hello us"));
    assert_eq!(output(&world, "each"), Value::list(["hello eu".into(), "hello us".into()]));
}

#[test]
fn what_does_not_hold_is_told() {
    let cases = [
        ("variable \"a\" {}", "No value for a variable"),
        (
            "variable \"a\" {\n  default = 1\n  validation {\n    condition     = var.a > 1\n    error_message = \"Too small.\"\n  }\n}",
            "Condition does not hold",
        ),
        (
            "variable \"a\" {\n  default   = \"secret\"\n  sensitive = true\n}\noutput \"b\" { value = var.a }",
            "Output shows a sensitive value",
        ),
        ("release \"a\" { version = \"one\" }", "Invalid version"),
    ];
    for (text, expected) in cases {
        assert_eq!(summary(visited(text, &[])), expected, "{text}");
    }
}

#[test]
fn a_chain_of_five_thousand_locals_is_no_matter_of_the_stack() {
    let chain: Vec<String> =
        (1..5_000).map(|index| format!("  l{index} = local.l{} + 1", index - 1)).collect();
    let text =
        format!("locals {{\n  l0 = 0\n{}\n}}\noutput \"last\" {{ value = local.l4999 }}\n", chain.join("\n"));
    let world = visited(&text, &[]).expect("visited");
    assert_eq!(output(&world, "last"), Value::integer(4_999));
}

#[test]
fn instances_of_instances_add_up_to_a_limit() {
    let inner = "module \"inner\" {\n  source = \"../b\"\n  count = 1000\n}\n";
    let text = "module \"outer\" {\n  source = \"./a\"\n  count = 1000\n}\n";
    let modules = [("a/main.hcl", inner), ("b/main.hcl", "locals {\n  x = 1\n}\n")];
    let found = visited(text, &modules).err().expect("a million");
    let summaries = found.0.iter().map(|error| &*error.summary).collect::<Vec<_>>();
    assert_eq!(summaries, ["Too many instances", "Evaluation budget used up"]);
}
