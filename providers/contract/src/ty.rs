//! [`Type`]: what an attribute or variable accepts, and how a given value is made to fit.
//!
//! The conversions are Terraform's: text, numbers and bools turn into each other where nothing is lost, lists
//! into sets and back, objects into maps and back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::number::Number;
use crate::path::{Path, Step};
use crate::value::{Kind, Map, Value};

/// A type constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Accepts every value as it is.
    Any,
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `list(T)`.
    List(Box<Type>),
    /// `set(T)`.
    Set(Box<Type>),
    /// `map(T)`.
    Map(Box<Type>),
    /// `tuple([A, B])`.
    Tuple(Vec<Type>),
    /// `object({ name = T })`.
    Object(BTreeMap<Arc<str>, Field>),
}

/// One attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What the attribute accepts.
    pub ty: Type,
    /// Whether it may be left out: `optional(T)`.
    pub optional: bool,
    /// What it is then: `optional(T, DEFAULT)`.
    pub default: Option<Value>,
}

/// A value that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where in the value, from its outside.
    pub path: Path,
    /// What is wrong there, as a clause without a subject: `a number is required, but this is a string`.
    pub message: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.0.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for Misfit {}

impl Misfit {
    /// The same, told from around the part. The way to a part is found only when it does not fit: in a large value
    /// it would cost more than the conversion.
    fn inside(mut self, step: Step) -> Self {
        self.path.0.insert(0, step);
        self
    }
}

impl Type {
    /// `list(ty)`.
    #[must_use]
    pub fn list(ty: Self) -> Self {
        Self::List(Box::new(ty))
    }

    /// `set(ty)`.
    #[must_use]
    pub fn set(ty: Self) -> Self {
        Self::Set(Box::new(ty))
    }

    /// `map(ty)`.
    #[must_use]
    pub fn map(ty: Self) -> Self {
        Self::Map(Box::new(ty))
    }

    /// Whether no part of it names members that a value may leave out.
    pub(crate) fn is_free(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String | Self::Object(_) => false,
            Self::List(ty) | Self::Set(ty) => ty.is_free(),
            Self::Map(ty) => !matches!(**ty, Self::Object(_)),
            Self::Tuple(types) => types.iter().all(Self::is_free),
        }
    }

    /// The value made to fit. Unknown parts stay unknown, null fits every type, marks stay where they were.
    pub fn convert(&self, value: &Value) -> Result<Value, Misfit> {
        if matches!(value.kind(), Kind::Null | Kind::Unknown | Kind::Sealed(_)) {
            return Ok(value.clone());
        }
        let converted = match self {
            Self::Any => value.clone(),
            Self::Bool | Self::Number | Self::String => self.convert_primitive(value)?,
            Self::List(ty) => Value::list(convert_items(ty, self.items_of(value)?)?),
            Self::Set(ty) => Value::set(convert_items(ty, self.items_of(value)?)?),
            Self::Map(ty) => {
                let entries = value.as_map().ok_or_else(|| self.misfit(value))?;
                let converted: Result<Map, Misfit> = entries
                    .iter()
                    .map(|(name, item)| {
                        Ok((
                            Arc::clone(name),
                            ty.convert(item).map_err(|misfit| misfit.inside(Step::Key(Arc::clone(name))))?,
                        ))
                    })
                    .collect();
                Value::new(Kind::Map(Arc::new(converted?)))
            }
            Self::Tuple(types) => self.convert_tuple(types, value)?,
            Self::Object(fields) => self.convert_object(fields, value)?,
        };
        Ok(converted.mark(value.is_sensitive()))
    }

    fn convert_primitive(&self, value: &Value) -> Result<Value, Misfit> {
        let converted = match (self, value.kind()) {
            (Self::Bool, Kind::Bool(_))
            | (Self::Number, Kind::Number(_))
            | (Self::String, Kind::String(_)) => Some(value.clone()),
            (Self::Bool, Kind::String(text)) => match &**text {
                "true" => Some(Value::from(true)),
                "false" => Some(Value::from(false)),
                _ => None,
            },
            (Self::Number, Kind::String(text)) => Number::parse(text).ok().map(Value::from),
            (Self::String, Kind::Bool(truth)) => Some(Value::string(truth.to_string())),
            (Self::String, Kind::Number(number)) => Some(Value::string(number.to_string())),
            _ => None,
        };
        converted.ok_or_else(|| self.misfit(value))
    }

    fn convert_tuple(&self, types: &[Self], value: &Value) -> Result<Value, Misfit> {
        let items = self.items_of(value)?;
        if items.len() != types.len() {
            let message = format!("{} elements are required, but this has {}", types.len(), items.len());
            return Err(Misfit { path: Path::default(), message });
        }
        let converted: Result<Vec<Value>, Misfit> = types
            .iter()
            .zip(items)
            .enumerate()
            .map(|(index, (ty, item))| ty.convert(item).map_err(|misfit| misfit.inside(Step::Index(index))))
            .collect();
        Ok(Value::list(converted?))
    }

    fn convert_object(&self, fields: &BTreeMap<Arc<str>, Field>, value: &Value) -> Result<Value, Misfit> {
        let entries = value.as_map().ok_or_else(|| self.misfit(value))?;
        let inside = |name: &Arc<str>, misfit: Misfit| misfit.inside(Step::Key(Arc::clone(name)));
        let mut converted = Map::new();
        for (name, field) in fields {
            let given = entries.get(name).filter(|item| !(item.is_null() && field.default.is_some()));
            let item = match (given, &field.default) {
                (Some(item), _) => field.ty.convert(item).map_err(|misfit| inside(name, misfit))?,
                (None, Some(default)) => field.ty.convert(default).map_err(|misfit| inside(name, misfit))?,
                (None, None) if field.optional => Value::NULL,
                (None, None) => {
                    return Err(Misfit {
                        path: Path::default(),
                        message: format!("the attribute {name:?} is required"),
                    });
                }
            };
            converted.insert(Arc::clone(name), item);
        }
        Ok(Value::new(Kind::Map(Arc::new(converted))))
    }

    fn items_of<'v>(&self, value: &'v Value) -> Result<&'v [Value], Misfit> {
        value.as_list().ok_or_else(|| self.misfit(value))
    }

    fn misfit(&self, value: &Value) -> Misfit {
        let message =
            format!("{} is required, but this is {}", with_article(self), article(value.kind_name()));
        Misfit { path: Path::default(), message }
    }
}

fn convert_items(ty: &Type, items: &[Value]) -> Result<Vec<Value>, Misfit> {
    let inside = |(index, item)| ty.convert(item).map_err(|misfit| misfit.inside(Step::Index(index)));
    items.iter().enumerate().map(inside).collect()
}

fn with_article(ty: &Type) -> String {
    article(&ty.to_string())
}

fn article(word: &str) -> String {
    if word == "null" {
        return word.into();
    }
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

impl fmt::Display for Type {
    /// As written in HCL: `map(list(string))`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(ty) => write!(f, "list({ty})"),
            Self::Set(ty) => write!(f, "set({ty})"),
            Self::Map(ty) => write!(f, "map({ty})"),
            Self::Tuple(types) => {
                f.write_str("tuple([")?;
                for (index, ty) in types.iter().enumerate() {
                    write!(f, "{}{ty}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("])")
            }
            Self::Object(fields) => {
                f.write_str("object({")?;
                for (index, (name, field)) in fields.iter().enumerate() {
                    let separator = if index == 0 { " " } else { ", " };
                    match (&field.default, field.optional) {
                        (Some(default), _) => {
                            write!(f, "{separator}{name} = optional({}, {default:?})", field.ty)?;
                        }
                        (None, true) => write!(f, "{separator}{name} = optional({})", field.ty)?,
                        (None, false) => write!(f, "{separator}{name} = {}", field.ty)?,
                    }
                }
                f.write_str(" })")
            }
        }
    }
}

#[cfg(test)]
mod tests;
