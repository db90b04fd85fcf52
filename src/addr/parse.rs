//! Reading addresses from text, as they stand on the command line and in the ledger.

use std::sync::Arc;

use relplan_contract::is_identifier;

use super::{Address, Key, Mode, ModulePath, ModuleStep, ResourceName, Target};

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an address: {reason}")]
pub struct AddressError {
    /// The text as given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

pub(super) fn address(text: &str) -> Result<Address, AddressError> {
    let target = target(text)?;
    let resource = target.resource.ok_or(AddressError {
        text: text.to_owned(),
        reason: "it names a module, but a resource is needed here, as in `module.app.git_tag.release`",
    })?;
    Ok(Address { module: target.module, resource, key: target.key })
}

pub(super) fn target(text: &str) -> Result<Target, AddressError> {
    Reader { rest: text }.target().map_err(|reason| AddressError { text: text.to_owned(), reason })
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn target(&mut self) -> Result<Target, &'static str> {
        let mut steps = Vec::new();
        let mut word = self.name()?;
        while word == "module" {
            self.dot()?;
            let name: Arc<str> = self.name()?.into();
            steps.push(ModuleStep { name, key: self.key()? });
            if self.rest.is_empty() {
                return Ok(Target { module: ModulePath(steps.into()), resource: None, key: None });
            }
            self.dot()?;
            word = self.name()?;
        }
        let mode = if word == "data" { Mode::Data } else { Mode::Managed };
        if mode == Mode::Data {
            self.dot()?;
            word = self.name()?;
        }
        self.dot()?;
        let resource = ResourceName { mode, ty: word.into(), name: self.name()?.into() };
        let key = self.key()?;
        if !self.rest.is_empty() {
            return Err("something stands behind its end");
        }
        Ok(Target { module: ModulePath(steps.into()), resource: Some(resource), key })
    }

    fn name(&mut self) -> Result<&'t str, &'static str> {
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !is_identifier(name) {
            return Err("a name is missing or has characters that names cannot have");
        }
        self.rest = rest;
        Ok(name)
    }

    fn dot(&mut self) -> Result<(), &'static str> {
        self.rest =
            self.rest.strip_prefix('.').ok_or("a type and a name are needed, as in `git_tag.release`")?;
        Ok(())
    }

    fn key(&mut self) -> Result<Option<Key>, &'static str> {
        let Some(inside) = self.rest.strip_prefix('[') else { return Ok(None) };
        let (key, rest) = if let Some(text) = inside.strip_prefix('"') {
            let (name, rest) = unquote(text)?;
            (Key::Name(name.into()), rest)
        } else {
            let end = inside.find(']').ok_or("a `]` is missing")?;
            let (digits, rest) = inside.split_at(end);
            let plain =
                digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
            let index = if plain { digits.parse().ok() } else { None };
            (
                Key::Index(
                    index.ok_or("a key is a number, or a name in double quotes (quote it for the shell)")?,
                ),
                rest,
            )
        };
        self.rest = rest.strip_prefix(']').ok_or("a `]` is missing")?;
        Ok(Some(key))
    }
}

/// The text up to the closing quote with its escapes resolved, and what stands behind the quote.
fn unquote(text: &str) -> Result<(String, &str), &'static str> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((name, text.get(at + 1..).unwrap_or_default())),
            '\\' => {
                let escaped = match chars.next().map(|(_, c)| c) {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some(c @ ('"' | '\\')) => c,
                    Some(c @ ('u' | 'U')) => {
                        let digits = if c == 'u' { 4 } else { 8 };
                        let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        let code = u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == digits);
                        code.and_then(char::from_u32).ok_or("an escape in the key is not valid")?
                    }
                    _ => return Err("an escape in the key is not valid"),
                };
                name.push(escaped);
            }
            c => name.push(c),
        }
    }
    Err("a closing quote is missing")
}
