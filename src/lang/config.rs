//! [`Config`]: what the files say, checked for form, not yet evaluated. Wholly independent of the parser.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{Type, Value};

use super::ast::Expr;
use crate::addr::{ResourceName, Target};
use crate::canonical::Digest;
use crate::source::Span;

/// A release definition with all its modules.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `release` block of the root module; none in a configuration that only tries something out.
    pub release: Option<Release>,
    /// Name of the product: the release block's label, else the folder's name.
    pub product: Arc<str>,
    /// The root module.
    pub root: Arc<Module>,
    /// Hash over the bytes of every source file that was read, with their names relative to the root.
    pub digest: Digest,
}

/// `release "shop" { version = "1.2.0" }`.
#[derive(Clone, Debug)]
pub struct Release {
    /// The label.
    pub name: Arc<str>,
    /// Place of the label.
    pub name_span: Span,
    /// The version: may use variables only.
    pub version: Expr,
    /// `required_version`: which relplan it needs, as given.
    pub required_version: Option<(Arc<str>, Span)>,
    /// Place of the whole block's header.
    pub span: Span,
}

/// The content of one folder or file.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its folder, relative to that of the root module, which is `.`: what `path.module` is.
    pub folder: Arc<str>,
    /// `variable` blocks.
    pub variables: BTreeMap<Arc<str>, Variable>,
    /// Arguments of `locals` blocks.
    pub locals: BTreeMap<Arc<str>, Attribute>,
    /// `output` blocks.
    pub outputs: BTreeMap<Arc<str>, Output>,
    /// `provider` blocks by name and alias.
    pub providers: BTreeMap<ProviderName, ProviderBlock>,
    /// `resource` and `data` blocks.
    pub resources: BTreeMap<ResourceName, Resource>,
    /// `module` blocks.
    pub calls: BTreeMap<Arc<str>, ModuleCall>,
    /// `check` blocks.
    pub checks: BTreeMap<Arc<str>, CheckBlock>,
    /// `moved` blocks.
    pub moved: Vec<Moved>,
    /// `removed` blocks.
    pub removed: Vec<Removed>,
}

/// `name = expression`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// Place of the name.
    pub name_span: Span,
    /// Its value.
    pub expr: Expr,
}

/// Arguments and nested blocks, before a schema says what they mean.
#[derive(Clone, Debug)]
pub struct Body {
    /// The arguments.
    pub attributes: BTreeMap<Arc<str>, Attribute>,
    /// The nested blocks in their order.
    pub blocks: Vec<Block>,
    /// Place of the header of the block that it belongs to: for what is missing.
    pub span: Span,
    /// What else the block can have, and was taken out of it or not given: for "did you mean".
    pub also: Vec<&'static str>,
}

/// A nested block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its type: `step`.
    pub ty: Arc<str>,
    /// Place of the type.
    pub ty_span: Span,
    /// Its labels with their places.
    pub labels: Vec<(Arc<str>, Span)>,
    /// Its content.
    pub body: Body,
}

/// `variable "name" { ... }`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Place of the label.
    pub span: Span,
    /// Accepted type; [`Type::Any`] when none is given.
    pub ty: Type,
    /// Value when none is given; none means that one must be given. Converted to the type already.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Arc<str>,
    /// Never shown.
    pub sensitive: bool,
    /// Whether null is a value.
    pub nullable: bool,
    /// `validation` blocks.
    pub validations: Vec<Condition>,
}

/// `validation`, `precondition`, `postcondition`, `assert`.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Place of the block's header.
    pub span: Span,
    /// What must hold.
    pub condition: Expr,
    /// What to say if it does not.
    pub message: Expr,
}

/// `output "name" { ... }`.
#[derive(Clone, Debug)]
pub struct Output {
    /// Place of the label.
    pub span: Span,
    /// Its value.
    pub value: Expr,
    /// What it is.
    pub description: Arc<str>,
    /// Never shown.
    pub sensitive: bool,
    /// `depends_on`.
    pub depends_on: Vec<Reference>,
    /// `precondition` blocks.
    pub preconditions: Vec<Condition>,
}

/// Which provider configuration: `git`, or `git.mirror` for `alias = "mirror"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderName {
    /// The provider.
    pub name: Arc<str>,
    /// The alias, if any.
    pub alias: Option<Arc<str>>,
}

impl std::fmt::Display for ProviderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        self.alias.as_ref().map_or(Ok(()), |alias| write!(f, ".{alias}"))
    }
}

/// `provider "name" { ... }`.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// Place of the label.
    pub span: Span,
    /// Its arguments, without `alias`.
    pub body: Body,
}

/// A `resource` or `data` block.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Place of the header.
    pub span: Span,
    /// Place of the first label, the type.
    pub type_span: Span,
    /// Arguments and nested blocks, without the meta-arguments.
    pub body: Body,
    /// `count` or `for_each`.
    pub repetition: Option<Repetition>,
    /// `depends_on`.
    pub depends_on: Vec<Reference>,
    /// `provider = name.alias`, else the type's provider without alias.
    pub provider: (ProviderName, Option<Span>),
    /// `lifecycle`.
    pub lifecycle: Lifecycle,
    /// `timeouts { create = "10m" }`: by action, and its place.
    pub timeouts: BTreeMap<Arc<str>, (Expr, Span)>,
    /// `retry`.
    pub retry: Option<Retry>,
}

/// `count = ...` or `for_each = ...`.
#[derive(Clone, Debug)]
pub enum Repetition {
    /// `count`
    Count(Expr),
    /// `for_each`
    ForEach(Expr),
}

/// `lifecycle { ... }`.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Make the new one before the old one goes.
    pub create_before_destroy: bool,
    /// Refuse to destroy.
    pub prevent_destroy: bool,
    /// Attributes whose changes in the file are ignored.
    pub ignore_changes: IgnoreChanges,
    /// A change of any of these replaces this.
    pub replace_triggered_by: Vec<Trigger>,
    /// Must hold before it is planned and done.
    pub preconditions: Vec<Condition>,
    /// Must hold afterwards.
    pub postconditions: Vec<Condition>,
    /// `on_failure` (checks): what a failed verdict does.
    pub on_failure: OnFailure,
    /// `valid_for` (checks): how long a verdict holds at most.
    pub valid_for: Option<std::time::Duration>,
    /// `when` (records): after which end of the run it is made.
    pub when: When,
}

/// One item of `replace_triggered_by`: `type.name`, `type.name[each.key]` or `type.name.attribute`.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// What it names.
    pub reference: Reference,
    /// Which instance; none for all.
    pub key: Option<Expr>,
    /// Which part of it; empty for all.
    pub part: relplan_contract::Path,
}

/// `ignore_changes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IgnoreChanges {
    /// Nothing is ignored.
    #[default]
    None,
    /// `all`
    All,
    /// These attributes or parts of them.
    Paths(Vec<relplan_contract::Path>),
}

/// What a failed verdict does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Stops what depends on it.
    #[default]
    Stop,
    /// And turns back every live resource that it directly depends on and that this run changed.
    Rollback,
}

/// After which end of everything that it depends on a resource is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// When all went well.
    #[default]
    Success,
    /// When something failed.
    Failure,
    /// In any case.
    Always,
}

/// `retry { attempts = 5, min_delay = "1s", max_delay = "1m" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all, at least 1.
    pub attempts: u32,
    /// Wait before the second try; doubles with each.
    pub min_delay: Duration,
    /// Longest wait.
    pub max_delay: Duration,
}

/// `module "name" { source = "./path" ... }`.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Place of the label.
    pub span: Span,
    /// Place of `source`.
    pub source_span: Span,
    /// The inputs.
    pub inputs: BTreeMap<Arc<str>, Attribute>,
    /// `count` or `for_each`.
    pub repetition: Option<Repetition>,
    /// `depends_on`.
    pub depends_on: Vec<Reference>,
    /// `providers = { git = git.mirror }`: the child's name to the caller's.
    pub providers: BTreeMap<ProviderName, (ProviderName, Span)>,
    /// What is called.
    pub module: Arc<Module>,
}

/// `check "name" { assert { ... } }`: assertions that warn.
#[derive(Clone, Debug)]
pub struct CheckBlock {
    /// Place of the label.
    pub span: Span,
    /// What must hold.
    pub assertions: Vec<Condition>,
}

/// `moved { from = a.b  to = a.c }`: both resources of one type, or both modules. Without a key all instances move.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Place of the block's header.
    pub span: Span,
    /// The address before.
    pub from: Target,
    /// The address now.
    pub to: Target,
}

/// `removed { from = a.b  lifecycle { destroy = false } }`.
#[derive(Clone, Debug)]
pub struct Removed {
    /// Place of the block's header.
    pub span: Span,
    /// The address that left the file.
    pub from: Target,
    /// Whether the object is destroyed, or only let go.
    pub destroy: bool,
}

/// What an expression refers to, found without evaluating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What is referred to.
    pub subject: Subject,
    /// Place of the whole reference.
    pub span: Span,
}

/// What a name stands for inside a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// `var.name`
    Variable(Arc<str>),
    /// `local.name`
    Local(Arc<str>),
    /// `type.name`, `data.type.name`
    Resource(ResourceName),
    /// `module.name.output`, or the whole `module.name` (also `module.name[key].output`)
    Module(Arc<str>, Option<Arc<str>>),
    /// `each.key`, `each.value`
    Each,
    /// `count.index`
    Count,
    /// `self`
    Itself,
    /// `release.version`, `release.name`
    Release,
    /// `path.module`, `path.root`, `path.cwd`
    Path,
}
