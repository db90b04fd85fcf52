//! How large a value is, found in one look through all of it.

use super::{Kind, Parts, Value};

/// What a look through a whole value found, or may find at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// A part must not be shown.
    pub sensitive: bool,
    /// A part is known after apply.
    pub unknown: bool,
    /// How many parts it has, itself among them.
    pub parts: u64,
    /// Bytes of its texts, of the keys of its maps and of the digits of long numbers.
    pub bytes: u64,
    /// Levels of lists and maps inside each other.
    pub depth: u32,
}

/// In what a value is larger than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgrown {
    /// Too many parts.
    Parts,
    /// Too much text.
    Bytes,
    /// Too many levels.
    Depth,
}

impl Value {
    /// Looks through the whole value. Values share their parts, so that a few lines can make one with more parts
    /// than there are atoms: the look ends where the value has more than `most`.
    pub fn measure(&self, most: &Measure) -> Result<Measure, Outgrown> {
        let mut found = Measure::default();
        look(self, 0, most, &mut found)?;
        Ok(found)
    }
}

fn look(value: &Value, depth: u32, most: &Measure, found: &mut Measure) -> Result<(), Outgrown> {
    found.parts += 1;
    found.sensitive |= value.is_sensitive();
    found.unknown |= matches!(value.kind(), Kind::Unknown | Kind::Sealed(_));
    found.bytes += text_length(value);
    found.depth = found.depth.max(depth);
    if depth > most.depth {
        return Err(Outgrown::Depth);
    }
    if found.parts > most.parts {
        return Err(Outgrown::Parts);
    }
    if found.bytes > most.bytes {
        return Err(Outgrown::Bytes);
    }
    match value.parts() {
        Parts::Leaf => Ok(()),
        Parts::Items(items) => items.iter().try_for_each(|item| look(item, depth + 1, most, found)),
        Parts::Entries(map) => map.iter().try_for_each(|(key, item)| {
            found.bytes += key.len() as u64;
            look(item, depth + 1, most, found)
        }),
    }
}

/// Bytes of a value as text: numbers too, since a short one in the source may have a thousand digits.
fn text_length(value: &Value) -> u64 {
    match value.kind() {
        Kind::String(text) => text.len() as u64,
        Kind::Number(number) if number.to_i64().is_none() => number.digits(),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::List(_)
        | Kind::Set(_)
        | Kind::Map(_)
        | Kind::Sealed(_)
        | Kind::Unknown => 0,
    }
}
