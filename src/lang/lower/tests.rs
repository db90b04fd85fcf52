//! Loading: what good files become, and what is told apart.

use std::time::Instant;

use relplan_contract::{Path, Type, Value};

use super::*;
use crate::lang::config::{IgnoreChanges, OnFailure, ProviderName, Repetition, Subject, When};

/// Files by path; a folder is what their paths say.
struct Texts(BTreeMap<&'static str, String>);

impl Files for Texts {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let folder = if folder == "." { "" } else { folder };
        let inside = self.0.keys().filter_map(|path| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            (parent == folder).then(|| name.to_owned())
        });
        let names: Vec<String> = inside.collect();
        if names.is_empty() { Err("it does not exist".to_owned()) } else { Ok(names) }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| "it does not exist".to_owned())
    }
}

fn load_all(files: &[(&'static str, &str)], folder: &str) -> Result<(Config, Diagnostics), Diagnostics> {
    let files = Texts(files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect());
    let entry = Entry { folder: folder.to_owned(), file: None, name: "here".to_owned() };
    load(&mut Sources::default(), &files, &entry)
}

fn good(text: &str) -> Config {
    let (config, diagnostics) = load_all(&[("main.hcl", text)], "").unwrap_or_else(|d| panic!("{d:#?}"));
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    config
}

/// A file that uses every block and meta-argument.
const RELEASE: &str = r#"
        release "shop" {
          version          = "1.${var.minor}.0"
          required_version = ">= 0.1"
        }
        variable "minor" {
          type        = number
          default     = "2"
          description = "Which minor version."
          sensitive   = true
          nullable    = false
          validation {
            condition     = var.minor > 0
            error_message = "Above zero."
          }
        }
        locals { names = toset(["a"]) }
        provider "git" {}
        provider "git" {
          alias = "mirror"
          path  = "./x"
        }
        data "git_ref" "head" { name = "HEAD" }
        resource "git_tag" "app" {
          for_each   = local.names
          provider   = git.mirror
          name       = each.key
          depends_on = [data.git_ref.head]
          lifecycle {
            create_before_destroy = true
            ignore_changes        = [name, labels["a"][0]]
            replace_triggered_by  = [local.names]
            on_failure            = "rollback"
            when                  = "always"
            postcondition {
              condition     = self.name != ""
              error_message = "Empty."
            }
          }
          timeouts {
            create = "1h30m"
            delete = "5s"
          }
          retry {
            attempts  = 5
            max_delay = "90s"
          }
          step { path = "/" }
        }
        output "names" {
          value      = [for name, tag in git_tag.app : name]
          depends_on = [git_tag.app]
        }
        check "health" {
          assert {
            condition     = length(git_tag.app) > 0
            error_message = "None."
          }
        }
        moved {
          from = git_tag.old
          to   = git_tag.app["a"]
        }
        removed {
          from = module.gone.git_tag.x
          lifecycle { destroy = false }
        }
"#;

#[test]
fn a_release_becomes_a_configuration() {
    let config = good(RELEASE);
    assert_eq!(&*config.product, "shop");
    let variable = &config.root.variables["minor"];
    assert_eq!((&variable.ty, variable.default.clone()), (&Type::Number, Some(Value::from(2))));
    assert!(variable.sensitive && !variable.nullable && variable.validations.len() == 1);
    let (name, resource) = config.root.resources.first_key_value().expect("a resource");
    assert_eq!(name.to_string(), "git_tag.app");
    let mirror = ProviderName { name: "git".into(), alias: Some("mirror".into()) };
    assert_eq!(resource.provider.0, mirror);
    assert_eq!(
        config.root.providers.keys().map(ToString::to_string).collect::<Vec<_>>(),
        ["git", "git.mirror"]
    );
    assert!(matches!(resource.repetition, Some(Repetition::ForEach(_))));
    assert_eq!(resource.body.attributes.keys().map(|k| &**k).collect::<Vec<_>>(), ["name"]);
    assert_eq!(resource.body.blocks.len(), 1);
    let lifecycle = &resource.lifecycle;
    assert_eq!((lifecycle.on_failure, lifecycle.when), (OnFailure::Rollback, When::Always));
    let paths = vec![Path::attribute("name"), Path::attribute("labels").key("a").index(0)];
    assert_eq!(lifecycle.ignore_changes, IgnoreChanges::Paths(paths));
    assert!(lifecycle.create_before_destroy && !lifecycle.prevent_destroy);
    assert!(
        matches!(&lifecycle.replace_triggered_by[0].reference.subject, Subject::Local(name) if &**name == "names")
    );
    assert_eq!(resource.timeouts.keys().map(|k| &**k).collect::<Vec<_>>(), ["create", "destroy"]);
    let retry = resource.retry.as_ref().expect("retry");
    assert_eq!((retry.attempts, retry.max_delay.as_secs()), (5, 90));
    assert_eq!(config.root.moved[0].to.to_string(), "git_tag.app[\"a\"]");
    assert!(!config.root.removed[0].destroy);
}

#[test]
fn types_are_read_as_terraform_reads_them() {
    let read = |text: &str| {
        let config = good(&format!("variable \"x\" {{\n  type = {text}\n}}\n"));
        config.root.variables["x"].ty.to_string()
    };
    let cases = [
        ("string", "string"),
        ("list", "list(any)"),
        ("map(list(number))", "map(list(number))"),
        ("tuple([string, bool])", "tuple([string, bool])"),
        (
            "object({ a = string, b = optional(number, 1), c = optional(any) })",
            "object({ a = string, b = optional(number, 1), c = optional(any) })",
        ),
        ("object({})", "object({ })"),
    ];
    for (text, wanted) in cases {
        assert_eq!(read(text), wanted, "{text}");
    }
}

#[test]
fn a_module_is_loaded_once_and_its_name_is_relative() {
    let files = [
        (
            "r/main.hcl",
            "module \"a\" {\n  source = \"../m\"\n  x = 1\n}\nmodule \"b\" {\n  source = \"./../m/\"\n  x = 2\n}\n",
        ),
        ("r/ignored.vars.hcl", "x ="),
        ("r/ignored.test.hcl", "x ="),
        ("r/.hidden.hcl", "x ="),
        ("m/main.hcl", "variable \"x\" {}\n"),
    ];
    let (config, _) = load_all(&files, "r").unwrap_or_else(|d| panic!("{d:#?}"));
    assert!(Arc::ptr_eq(&config.root.calls["a"].module, &config.root.calls["b"].module));
    assert_eq!(&*config.root.calls["a"].module.folder, "../m");
    assert_eq!(&*config.product, "here");
}

#[test]
fn the_digest_is_of_names_and_bytes_whatever_the_folder_is_called() {
    let digest = |files: &[(&'static str, &str)], folder: &str| {
        load_all(files, folder).unwrap_or_else(|d| panic!("{d:#?}")).0.digest
    };
    let one = digest(&[("a/x.hcl", "locals {}\n"), ("a/y.hcl", "")], "a");
    assert_eq!(one, digest(&[("b/x.hcl", "locals {}\n"), ("b/y.hcl", "")], "./b/"));
    assert_ne!(one, digest(&[("a/x.hcl", "locals { }\n"), ("a/y.hcl", "")], "a"), "other bytes");
    assert_ne!(one, digest(&[("a/x.hcl", "locals {}\n"), ("a/z.hcl", "")], "a"), "another name");
    assert_ne!(one, digest(&[("a/x.hcl", ""), ("a/y.hcl", "locals {}\n")], "a"), "swapped");
}

#[test]
fn modules_nest_to_a_limit() {
    let names: Vec<&'static str> = (0..40).map(|i| &*format!("m{i}/x.hcl").leak()).collect();
    let call = |i: usize| format!("module \"next\" {{\n  source = \"../m{}\"\n}}\n", i + 1);
    let texts: Vec<String> =
        (0..40).map(|i| if i < 39 { call(i) } else { "locals {}\n".to_owned() }).collect();
    let files: Vec<(&'static str, &str)> =
        names.iter().copied().zip(texts.iter().map(String::as_str)).collect();
    let diagnostics = load_all(&files, "m0").expect_err("too deep");
    assert_eq!(diagnostics.0[0].summary, "Modules nested too deeply");
    assert!(load_all(&files, "m10").is_ok());
}

/// A tree without an end: every folder has the same file.
struct Endless;

impl Files for Endless {
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(vec!["x.hcl".to_owned()])
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(b"module \"a\" {\n  source = \"./a\"\n}\nmodule \"b\" {\n  source = \"./b\"\n}\n".to_vec())
    }
}

#[test]
fn an_endless_tree_of_modules_is_not_walked_to_its_end() {
    let entry = Entry { folder: ".".to_owned(), file: None, name: "here".to_owned() };
    let found = load(&mut Sources::default(), &Endless, &entry).expect_err("endless");
    let told = found.0.iter().filter(|error| error.summary == "Too many modules").count();
    assert_eq!(told, 1, "{found:#?}");
}

#[test]
fn modules_that_call_each_other_twice_are_counted() {
    let names: Vec<&'static str> = (0..30).map(|i| &*format!("m{i}/x.hcl").leak()).collect();
    let call = |i: usize, name| format!("module \"{name}\" {{\n  source = \"../m{}\"\n}}\n", i + 1);
    let both = |i| call(i, "a") + &call(i, "b");
    let texts: Vec<String> =
        (0..30).map(|i| if i < 29 { both(i) } else { "locals {}\n".to_owned() }).collect();
    let files: Vec<(&'static str, &str)> =
        names.iter().copied().zip(texts.iter().map(String::as_str)).collect();
    let found = load_all(&files, "m0").expect_err("a billion calls");
    assert_eq!(found.0[0].summary, "Too many module calls");
    assert!(load_all(&files, "m20").is_ok());
}

#[test]
fn limits_on_files_are_told() {
    let big = "#".repeat(MAX_FILE_BYTES + 1);
    let diagnostics = load_all(&[("x.hcl", &big)], "").expect_err("too large");
    assert_eq!(diagnostics.0[0].summary, "File too large");
    let many = "banana {}\n".repeat(10_000);
    let diagnostics = load_all(&[("x.hcl", &many)], "").expect_err("many errors");
    assert_eq!(diagnostics.0.len(), MAX_DIAGNOSTICS + 1);
}

#[test]
fn ten_thousand_resources_load_in_time_that_grows_with_them() {
    let text = |count: usize| {
        let block = |i: usize| {
            let before = i.saturating_sub(1);
            format!(
                "resource \"terraform_data\" \"r{i}\" {{\n  input = \"${{terraform_data.r{before}.id}}-{i}\"\n}}\n"
            )
        };
        (0..count).map(block).collect::<Vec<_>>().concat()
    };
    let time = |count| {
        let start = Instant::now();
        assert_eq!(good(&text(count)).root.resources.len(), count);
        start.elapsed().as_secs_f64()
    };
    let (small, large) = (time(2_500), time(10_000));
    assert!(large < 20.0 && large < 12.0 * small.max(0.02), "{small} s for 2,500, {large} s for 10,000");
}
