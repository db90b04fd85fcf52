//! Other values for arguments that say how a record is reached, from the command line: a key may lie elsewhere today.

use relplan_contract::{Attribute, OnChange, Shape, Type, Value};

use crate::canonical::decode;
use crate::diag::did_you_mean;

/// The object with `NAME=VALUE` or `BLOCK.NAME=VALUE` put into it; else why not, as a sentence.
pub(super) fn put(attributes: &[Attribute], object: Value, given: &str) -> Result<Value, String> {
    let (name, text) = given.split_once('=').ok_or("It must be NAME=VALUE.")?;
    let (outer, inner) = name.split_once('.').map_or((name, None), |(outer, inner)| (outer, Some(inner)));
    let means = attributes.iter().filter(|attribute| attribute.on_change == OnChange::Means);
    let attribute = named(means, outer)?;
    match (&attribute.shape, inner) {
        (Shape::Value(_), None) => Ok(object.with(attribute.name, fitted(attribute, text)?)),
        (Shape::Block(attributes), Some(inner)) => {
            let inner = named(attributes.iter(), inner)?;
            let block = object.get(attribute.name).clone();
            let nulls = || Value::map(attributes.iter().map(|attribute| (attribute.name, Value::NULL)));
            let block = if block.is_null() { nulls() } else { block };
            Ok(object.with(attribute.name, block.with(inner.name, fitted(inner, text)?)))
        }
        (Shape::Block(_), None) => Err(format!("It is a block: write {outer}.NAME=VALUE.")),
        _ => Err("It takes more than a text can say.".to_owned()),
    }
}

fn named<'a>(
    among: impl Iterator<Item = &'a Attribute> + Clone,
    name: &str,
) -> Result<&'a Attribute, String> {
    among.clone().find(|attribute| attribute.name == name).ok_or_else(|| {
        let near = did_you_mean(name, among.map(|attribute| attribute.name));
        let hint = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
        format!("No argument of that name says how the record is reached.{hint}")
    })
}

fn fitted(attribute: &Attribute, text: &str) -> Result<Value, String> {
    if attribute.sensitive {
        return Err("A secret on a command line can be read by everybody on the machine.".to_owned());
    }
    let value = match attribute.shape {
        // A list or a map is written as JSON.
        Shape::Value(ref ty) if *ty != Type::String && text.starts_with(['[', '{']) => {
            let json = serde_json::from_str(text).map_err(|error| format!("It is no JSON: {error}."))?;
            decode(&json).map_err(|error| format!("{error}."))?
        }
        _ => Value::from(text),
    };
    attribute.fit(&value).map_err(|misfit| format!("{misfit}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes() -> Vec<Attribute> {
        let text = |name| Attribute::optional(name, Type::String, "A text.");
        vec![
            text("key").means(),
            Attribute::optional("jobs", Type::Number, "A number.").means(),
            text("password").sensitive().means(),
            text("name"),
            Attribute::optional("read", Type::list(Type::String), "A command.").means(),
            Attribute::block("scratch", vec![text("folder"), text("url").sensitive()], "A block.").means(),
        ]
    }

    #[test]
    fn only_how_it_is_reached_can_be_told() {
        let object = Value::map([("key", Value::from("old")), ("name", "shop".into())]);
        let put = |given: &str| put(&attributes(), object.clone(), given);
        assert_eq!(put("key=a=b").expect("put").get("key").as_str(), Some("a=b"));
        assert_eq!(put("jobs=4").expect("put").get("jobs").as_i64(), Some(4));
        assert_eq!(
            put("read=[\"cat\", \"-\"]").expect("put").get("read").as_list().map(<[Value]>::len),
            Some(2)
        );
        assert_eq!(put("scratch.folder=/x").expect("put").get("scratch").get("folder").as_str(), Some("/x"));
        for (given, why) in [
            ("key", "NAME=VALUE"),
            ("kee=x", "Did you mean key?"),
            ("name=other", "No argument"),
            ("jobs=many", "number"),
            ("read=cat", "list"),
            ("read=[cat]", "JSON"),
            ("password=x", "read by everybody"),
            ("scratch.url=x", "read by everybody"),
            ("scratch=x", "scratch.NAME"),
            ("key.x=y", "more than a text"),
        ] {
            let said = put(given).expect_err(given);
            assert!(said.contains(why), "{given}: {said}");
        }
    }
}
