//! Addresses: how resources are named, in files, on the command line, in plans and in the ledger.
//!
//! `module.shop["eu"].git_tag.app["web"]` is read as: in the instance `eu` of the module call `shop`, the instance
//! `web` of the resource `app` of type `git_tag`. Data sources have `data.` before the type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

mod parse;

pub use parse::AddressError;

/// Which instance of a `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// From `count`, from 0.
    Index(u64),
    /// From `for_each`.
    Name(Arc<str>),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => write!(f, "[{}]", quoted(name)),
        }
    }
}

/// A name in quotes, as HCL reads it back; control and direction-changing characters are escaped.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for c in name.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if is_deceptive(c) && (c as u32) < 0x1_0000 => text.push_str(&format!("\\u{:04x}", c as u32)),
            c if is_deceptive(c) => text.push_str(&format!("\\U{:08x}", c as u32)),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// Whether a character could make a terminal or a reader see something else than what is there: control
/// characters, and those that change the direction of text or have no width.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One step into a module: the call's name and which instance of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    /// Name of the `module` block.
    pub name: Arc<str>,
    /// Which instance, where the block has `count` or `for_each`.
    pub key: Option<Key>,
}

/// The way from the root module to a module instance; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath(pub Arc<[ModuleStep]>);

impl ModulePath {
    /// The instance of a call made from here.
    #[must_use]
    pub fn child(&self, name: &Arc<str>, key: Option<Key>) -> Self {
        let step = ModuleStep { name: Arc::clone(name), key };
        Self(self.0.iter().cloned().chain(std::iter::once(step)).collect())
    }

    /// Whether this is the root module.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            write!(f, "{}module.{}", if index == 0 { "" } else { "." }, step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

/// Whether a block is a `resource` or a `data` block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `resource`.
    Managed,
    /// `data`.
    Data,
}

/// A resource or data block inside its module, all instances of it: `git_tag.app`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName {
    /// Resource or data.
    pub mode: Mode,
    /// First label.
    pub ty: Arc<str>,
    /// Second label.
    pub name: Arc<str>,
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.mode == Mode::Data { "data." } else { "" };
        write!(f, "{prefix}{}.{}", self.ty, self.name)
    }
}

/// One instance of a resource or data source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The module instance that it is in.
    pub module: ModulePath,
    /// The block.
    pub resource: ResourceName,
    /// Which instance of it.
    pub key: Option<Key>,
}

impl Address {
    /// The block of an instance: its address without the key.
    #[must_use]
    pub fn block(&self) -> Self {
        Self { key: None, ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}", self.resource)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "{key}"))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        parse::address(text)
    }
}

/// What `-target`, `-exclude` and `-replace` name: a module with all in it, a block with all instances, or one
/// instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The module; a last step without a key means all its instances.
    pub module: ModulePath,
    /// The block; none for the whole module.
    pub resource: Option<ResourceName>,
    /// The instance; none for all.
    pub key: Option<Key>,
}

impl Target {
    /// Whether the instance is meant.
    #[must_use]
    pub fn covers(&self, address: &Address) -> bool {
        let steps_match = self.module.0.iter().zip(address.module.0.iter()).all(|(wanted, step)| {
            wanted.name == step.name && (wanted.key.is_none() || wanted.key == step.key)
        });
        match &self.resource {
            _ if !steps_match || self.module.0.len() > address.module.0.len() => false,
            None => true,
            Some(resource) => {
                self.module.0.len() == address.module.0.len()
                    && *resource == address.resource
                    && (self.key.is_none() || self.key == address.key)
            }
        }
    }
}

impl Target {
    /// The address that an instance gets when what this names is moved to `to`; none when it is not meant. A key that
    /// neither names stays.
    #[must_use]
    pub fn moved(&self, to: &Self, address: &Address) -> Option<Address> {
        if !self.covers(address) || self.resource.is_some() != to.resource.is_some() {
            return None;
        }
        let outer = to.module.0.iter().enumerate().map(|(index, step)| {
            let named = self.module.0.get(index).is_some_and(|from| from.key.is_some());
            let kept = address.module.0.get(index).filter(|_| !named && step.key.is_none());
            ModuleStep {
                name: Arc::clone(&step.name),
                key: kept.map_or_else(|| step.key.clone(), |step| step.key.clone()),
            }
        });
        let inner = address.module.0.iter().skip(self.module.0.len()).cloned();
        let module = ModulePath(outer.chain(inner).collect());
        let resource = to.resource.clone().unwrap_or_else(|| address.resource.clone());
        let keeps = to.resource.is_none() || (self.key.is_none() && to.key.is_none());
        let key = if keeps { address.key.clone() } else { to.key.clone() };
        Some(Address { module, resource, key })
    }
}

impl FromStr for Target {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        parse::target(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.module)?;
        if let Some(resource) = &self.resource {
            write!(f, "{}{resource}", if self.module.is_root() { "" } else { "." })?;
        }
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "{key}"))
    }
}

#[cfg(test)]
mod tests;
