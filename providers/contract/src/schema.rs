//! What a provider declares about its types: enough for the engine to validate, plan and explain them.

use std::time::Duration;

use crate::path::Path;
use crate::ty::{Field, Misfit, Type};
use crate::value::{Kind, Value};

/// How long a resource lives, and to what it belongs. The heart of relplan: see the manual's "concepts".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// Made once for one version of the release, then a fact.
    Record,
    /// One current value of the product, across versions.
    Live,
    /// A verdict on the exact inputs that it judged.
    Check,
}

impl Lifetime {
    /// The word for it: `record`, `live` or `check`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Live => "live",
            Self::Check => "check",
        }
    }
}

/// What the engine may do with an action whose outcome was lost with the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Doing it again does no harm: it is simply done again.
    Harmless,
    /// The provider's `reconcile` can find out what became of it.
    AskFirst,
    /// Neither: a person decides with `-retry` or `-accept`.
    AtMostOnce,
}

/// Everything that a provider declares.
#[derive(Clone, Debug)]
pub struct ProviderSchema {
    /// The word before the first `_` of its types: `git`.
    pub name: &'static str,
    /// Version of the provider; a saved plan is bound to it.
    pub version: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// Arguments of its `provider` block.
    pub configuration: Vec<Attribute>,
    /// Its resource types.
    pub resources: Vec<ResourceSchema>,
    /// Its data source types.
    pub data_sources: Vec<DataSchema>,
}

/// A resource type.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own, which a provider states or not"
)]
pub struct ResourceSchema {
    /// `<provider>_<noun>`.
    pub type_name: &'static str,
    /// Which of the three kinds it is.
    pub lifetime: Lifetime,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// More about it in Markdown, with an example; may be empty.
    pub docs: &'static str,
    /// Its attributes and blocks.
    pub attributes: Vec<Attribute>,
    /// What happens after a lost outcome.
    pub repeat: Repeat,
    /// Whether leaving the file can undo it (live resources): false means it is let go with a notice.
    pub destroyable: bool,
    /// Whether it holds a backup, which `verify` can prove and `restore` can bring back.
    pub backup: bool,
    /// Whether `plan` may read the verdict beforehand (cheap checks).
    pub preview: bool,
    /// For a check that `plan` can look at: whether it is a gate over the outside (pull requests, tickets, a window, an
    /// approval). It is looked at once more right before anything that it guards begins, and holds no rollback.
    pub gate: bool,
    /// What undoes it, for the plan's table: `deploy the previous version again`.
    pub undo: &'static str,
    /// The attribute that names the current version of a live resource, shown as `v1 -> v2`.
    pub headline: Option<&'static str>,
    /// How long a dead process's request may still take to land.
    pub settle: Duration,
    /// How long one action may take, unless the resource's `timeouts` say otherwise.
    pub timeout: Duration,
}

/// A data source type.
#[derive(Clone, Debug)]
pub struct DataSchema {
    /// `<provider>_<noun>`.
    pub type_name: &'static str,
    /// What it reads, in one sentence.
    pub summary: &'static str,
    /// More about it in Markdown, with an example; may be empty.
    pub docs: &'static str,
    /// Its arguments and results.
    pub attributes: Vec<Attribute>,
}

/// Who gives an attribute its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The release file must.
    Required,
    /// The release file may.
    Optional,
    /// The release file may; otherwise the provider does.
    OptionalComputed,
    /// The provider does.
    Computed,
}

/// What a change of an argument asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// Another object, or the same one changed in place.
    Update,
    /// A new object in the old one's place.
    Replace,
    /// Nothing of a record that is there: the argument says how the object is made or reached, not what it is.
    Means,
}

/// How an attribute is written.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `name = expression`.
    Value(Type),
    /// `name { ... }`, any number of times; the value is a list of objects.
    Blocks(Vec<Attribute>),
    /// `name { ... }`, at most once; the value is an object or null.
    Block(Vec<Attribute>),
}

/// An attribute, argument or nested block.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// How it is written, and what it accepts.
    pub shape: Shape,
    /// Who gives it its value.
    pub presence: Presence,
    /// The value when it is left out.
    pub default: Option<Value>,
    /// Never shown nor kept.
    pub sensitive: bool,
    /// What a change of it asks for.
    pub on_change: OnChange,
    /// A computed value that outlives updates, such as an id: predicted as it was.
    pub stable: bool,
    /// What it means, in a sentence or two; units included.
    pub docs: &'static str,
}

impl Attribute {
    /// Whether the release file names the members inside it, and not its type: a member that is null was written then,
    /// and not left out.
    #[must_use]
    pub fn is_free(&self) -> bool {
        matches!(&self.shape, Shape::Value(ty) if ty.is_free())
    }

    /// An attribute that the release file must give.
    #[must_use]
    pub const fn required(name: &'static str, ty: Type, docs: &'static str) -> Self {
        Self::new(name, Shape::Value(ty), Presence::Required, docs)
    }

    /// An attribute that the release file may give.
    #[must_use]
    pub const fn optional(name: &'static str, ty: Type, docs: &'static str) -> Self {
        Self::new(name, Shape::Value(ty), Presence::Optional, docs)
    }

    /// An attribute that the provider gives.
    #[must_use]
    pub const fn computed(name: &'static str, ty: Type, docs: &'static str) -> Self {
        Self::new(name, Shape::Value(ty), Presence::Computed, docs)
    }

    /// Nested blocks, any number of them.
    #[must_use]
    pub const fn blocks(name: &'static str, attributes: Vec<Self>, docs: &'static str) -> Self {
        Self::new(name, Shape::Blocks(attributes), Presence::Optional, docs)
    }

    /// One nested block, which may be left out.
    #[must_use]
    pub const fn block(name: &'static str, attributes: Vec<Self>, docs: &'static str) -> Self {
        Self::new(name, Shape::Block(attributes), Presence::Optional, docs)
    }

    const fn new(name: &'static str, shape: Shape, presence: Presence, docs: &'static str) -> Self {
        Self {
            name,
            shape,
            presence,
            default: None,
            sensitive: false,
            on_change: OnChange::Update,
            stable: false,
            docs,
        }
    }

    /// The same attribute, filled in by the provider when the release file leaves it out.
    #[must_use]
    pub const fn or_computed(mut self) -> Self {
        self.presence = Presence::OptionalComputed;
        self
    }

    /// The same attribute with a value for when it is left out.
    #[must_use]
    pub fn or(mut self, default: impl Into<Value>) -> Self {
        self.default = Some(default.into());
        self
    }

    /// The same attribute, never shown nor kept.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The same attribute; a change of it replaces the object.
    #[must_use]
    pub const fn immutable(mut self) -> Self {
        self.on_change = OnChange::Replace;
        self
    }

    /// The same computed attribute, predicted to stay over updates.
    #[must_use]
    pub const fn stable(mut self) -> Self {
        self.stable = true;
        self
    }

    /// The same argument, of which a record that is there is independent.
    #[must_use]
    pub const fn means(mut self) -> Self {
        self.on_change = OnChange::Means;
        self
    }

    /// Whether the provider may give the value.
    #[must_use]
    pub const fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }

    /// The type of its value: for blocks, a list of objects or one object.
    #[must_use]
    pub fn ty(&self) -> Type {
        match &self.shape {
            Shape::Value(ty) => ty.clone(),
            Shape::Blocks(attributes) => Type::list(object_type(attributes)),
            Shape::Block(attributes) => object_type(attributes),
        }
    }

    /// Makes a given value fit: type, default and mark. Null stays null when there is no default.
    pub fn fit(&self, given: &Value) -> Result<Value, Misfit> {
        let value = match (given.kind(), &self.default) {
            (Kind::Null, Some(default)) => default.clone(),
            _ => given.clone(),
        };
        let fitted = self.ty().convert(&value).map_err(|mut misfit| {
            misfit.path.0.insert(0, crate::path::Step::Key(self.name.into()));
            misfit
        })?;
        Ok(self.mark_nested(fitted).mark(self.sensitive && !value.is_null()))
    }

    fn mark_nested(&self, value: Value) -> Value {
        match (&self.shape, value.kind()) {
            (Shape::Blocks(attributes), Kind::List(items)) => {
                let marked: Vec<Value> = items.iter().map(|item| mark_object(attributes, item)).collect();
                Value::list(marked).mark(value.is_sensitive())
            }
            (Shape::Block(attributes), Kind::Map(_)) => mark_object(attributes, &value),
            _ => value,
        }
    }
}

fn mark_object(attributes: &[Attribute], object: &Value) -> Value {
    attributes.iter().filter(|a| !object.get(a.name).is_null()).fold(object.clone(), |object, attribute| {
        let item = object.get(attribute.name).clone();
        object.with(attribute.name, attribute.mark_nested(item).mark(attribute.sensitive))
    })
}

/// The object type of a list of attributes.
#[must_use]
pub fn object_type(attributes: &[Attribute]) -> Type {
    let fields = attributes.iter().map(|attribute| {
        let optional = attribute.presence != Presence::Required;
        (attribute.name.into(), Field { ty: attribute.ty(), optional, default: attribute.default.clone() })
    });
    Type::Object(fields.collect())
}

/// The attribute that a path begins with.
#[must_use]
pub fn attribute_at<'s>(attributes: &'s [Attribute], path: &Path) -> Option<&'s Attribute> {
    let root = path.root()?;
    attributes.iter().find(|attribute| attribute.name == root)
}
