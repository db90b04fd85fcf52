//! What differs from the ledger in its marking alone: a value that became sensitive, or is so no more. Nothing is to be
//! done about that outside, so it is no difference; the old text is a secret from now on all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Kind, Map, Path, Value, secrets_of};

use crate::ledger::Sealer;

/// What the ledger has, with the parts that only are marked in another way in `now` as that would be sealed. `at` is where
/// they are; the places that were found are added to `found`.
pub(super) fn settled(
    stored: &Value,
    now: &Value,
    sealer: &Sealer,
    at: &Path,
    found: &mut Vec<Path>,
) -> Value {
    if let Kind::Sealed(print) = stored.kind() {
        let same = || sealer.has_key() && sealer.fingerprint(now).is_some_and(|other| *other == **print);
        let plain = !now.is_sensitive() && !has_marked(now) && !now.has_unknown();
        if plain && same() {
            found.push(at.clone());
            return now.clone();
        }
        return stored.clone();
    }
    if now.is_sensitive() && !now.is_null() && !now.has_unknown() {
        let same = now.transform(&Value::unmark) == *stored;
        if same {
            found.push(at.clone());
        }
        return if same { sealer.seal_value(now) } else { stored.clone() };
    }
    let kind = match (stored.kind(), now.kind()) {
        (Kind::Map(old), Kind::Map(new)) => {
            let entry = |(name, item): (&Arc<str>, &Value)| {
                let now = new.get(name).unwrap_or(Value::null());
                (Arc::clone(name), settled(item, now, sealer, &at.key(name), found))
            };
            Kind::Map(Arc::new(old.iter().map(entry).collect::<Map>()))
        }
        (Kind::List(old), Kind::List(new)) if old.len() == new.len() => {
            let pairs = old.iter().zip(new.iter()).enumerate();
            let items = pairs.map(|(index, (item, now))| settled(item, now, sealer, &at.index(index), found));
            Value::list(items.collect::<Vec<_>>()).into_kind()
        }
        // Elements of a set have no place: each is found by what it is.
        (Kind::Set(old), Kind::Set(new)) => {
            let plain: BTreeMap<Value, &Value> =
                new.iter().map(|item| (item.transform(&Value::unmark), item)).collect();
            let mut item = |item: &Value| match plain.get(item) {
                Some(now) => settled(item, now, sealer, at, found),
                None => item.clone(),
            };
            Value::set(old.iter().map(&mut item)).into_kind()
        }
        _ => return stored.clone(),
    };
    Value::new(kind).mark(stored.is_sensitive())
}

/// The texts that the ledger has in clear where `now` is sensitive: from now on they are secrets, whatever becomes of them.
pub(super) fn newly_secret(stored: &Value, now: &Value, found: &mut BTreeSet<String>) {
    if matches!(stored.kind(), Kind::Sealed(_)) {
        return;
    }
    if now.is_sensitive() {
        return secrets_of(&stored.clone().mark(true), found);
    }
    match (stored.kind(), now.kind()) {
        (Kind::Map(old), Kind::Map(new)) => {
            for (name, item) in old.iter() {
                newly_secret(item, new.get(name).unwrap_or(Value::null()), found);
            }
        }
        (Kind::List(old), Kind::List(new)) => {
            old.iter().zip(new.iter()).for_each(|(item, now)| newly_secret(item, now, found));
        }
        // Elements of a set have no place.
        (Kind::Set(old), Kind::Set(new)) if new.iter().any(has_marked) => {
            let kept: BTreeSet<Value> = new.iter().filter(|item| !has_marked(item)).cloned().collect();
            let gone = old.iter().filter(|item| !kept.contains(item));
            gone.for_each(|item| secrets_of(&item.clone().mark(true), found));
        }
        _ => {}
    }
}

/// A shorter secret, in bytes, is looked for as a whole text only.
const SHORTEST: usize = 4;

/// The object with every text in it marked that has one of these in it: what its provider had made of them.
pub(super) fn hidden(object: &Value, secrets: &BTreeSet<String>) -> Value {
    if secrets.is_empty() {
        return object.clone();
    }
    object.transform(&|part| {
        // A short one may stand anywhere by chance.
        let is_in = |text: &str, secret: &String| {
            text == secret.as_str() || (secret.len() >= SHORTEST && text.contains(secret.as_str()))
        };
        let holds = part.as_str().is_some_and(|text| secrets.iter().any(|secret| is_in(text, secret)));
        if holds { part.mark(true) } else { part }
    })
}

/// A sentence for the plan.
pub(super) fn told(places: &[Path]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = places.iter().take(SHOWN).map(ToString::to_string).collect();
    let rest = places.len().saturating_sub(SHOWN);
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!(
        "Only the marking changes, whether a value is sensitive: {}{more}. Nothing is done; the ledger keeps what it has of it until it changes.",
        shown.join(", ")
    )
}

fn has_marked(value: &Value) -> bool {
    let mut found = value.is_sensitive();
    value.leaves(&mut |_, leaf| found |= leaf.is_sensitive());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stored: &Value, now: &Value, sealer: &Sealer) -> (bool, Vec<String>) {
        let mut found = Vec::new();
        let settled = settled(stored, now, sealer, &Path::default(), &mut found);
        (settled == sealer.seal_value(now), found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_what_is_marked_in_another_way_is_the_same() {
        let sealer = Sealer::new(&[7; 32]);
        let object = |token: Value| {
            Value::map([
                ("environment", Value::map([("TOKEN", token.clone()), ("A", "b".into())])),
                ("list", Value::list([token.clone(), "x".into()])),
                ("none", Value::NULL),
                ("set", Value::set(["y".into(), token])),
            ])
        };
        let (plain, secret) = (object("t".into()), object(Value::from("t").mark(true)));
        let places = ["environment.TOKEN", "list[0]", "set"].map(str::to_owned).to_vec();
        for sealer in [&sealer, &Sealer::keyless()] {
            assert_eq!(told(&plain, &secret, sealer), (true, places.clone()));
            // Another value is another value, marked or not.
            let other = object(Value::from("u").mark(true));
            assert_eq!(told(&plain, &other, sealer), (false, Vec::new()));
            assert_eq!(told(&plain, &object(Value::UNKNOWN.mark(true)), sealer), (false, Vec::new()));
            assert_eq!(told(&plain, &plain, sealer), (true, Vec::new()));
        }
        // Sensitive no more: known by its fingerprint, where there is a key.
        let sealed = sealer.seal_value(&secret);
        let (same, found) = told(&sealed, &plain, &sealer);
        assert_eq!((same, found.len()), (false, 2), "elements of a set are not found by their fingerprints");
        assert_eq!(told(&sealed, &secret, &sealer), (true, Vec::new()));
        let mut texts = BTreeSet::new();
        newly_secret(&plain, &secret, &mut texts);
        assert_eq!(texts, BTreeSet::from(["t".to_owned()]));
        let made = Value::map([("a", Value::from("t")), ("b", "tea".into()), ("c", "x".into())]);
        let shown = hidden(&made, &texts);
        assert!(
            shown.get("a").is_sensitive() && !shown.get("b").is_sensitive() && !shown.get("c").is_sensitive()
        );
        let long = BTreeSet::from(["s3cr3t".to_owned()]);
        assert!(hidden(&"url of s3cr3t".into(), &long).is_sensitive());
        // All of it at once.
        let whole = plain.clone().mark(true);
        assert_eq!(told(&plain, &whole, &sealer), (true, vec![String::new()]));
    }
}
