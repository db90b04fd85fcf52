//! The manual pages of `relplan providers`: what each provider, resource type and data source takes, gives and does.

use relplan_contract::{
    Attribute, DataSchema, OnChange, Presence, ProviderSchema, Repeat, ResourceSchema, Shape,
};

use super::style::{Palette, Tone};
use super::value::inline;
use super::words;

mod wrap;

use wrap::{markdown, paragraph};

/// A page in the making.
struct Page<'p> {
    out: String,
    width: usize,
    palette: &'p Palette,
}

/// The page of a provider: its configuration and its types, a line each. `width` is in characters.
#[must_use]
pub fn provider(schema: &ProviderSchema, width: usize, palette: &Palette) -> String {
    let mut page = Page { out: String::new(), width, palette };
    page.name(&format!("{} {}", schema.name, schema.version), schema.summary);
    if !schema.configuration.is_empty() {
        page.title(&format!("CONFIGURATION: provider \"{}\" {{ ... }}", schema.name));
        page.attributes(&schema.configuration, 1);
    }
    let resources = schema.resources.iter().map(|of| (of.type_name, of.lifetime.name(), of.summary));
    page.types("RESOURCES", &resources.collect::<Vec<_>>());
    let data = schema.data_sources.iter().map(|of| (of.type_name, "data", of.summary));
    page.types("DATA SOURCES", &data.collect::<Vec<_>>());
    page.out
}

/// The page of a resource type. `width` is in characters.
#[must_use]
pub fn resource(schema: &ResourceSchema, width: usize, palette: &Palette) -> String {
    let mut page = Page { out: String::new(), width, palette };
    page.name(schema.type_name, schema.summary);
    page.title("KIND");
    page.text(1, &format!("{}. {}", schema.lifetime.name(), words::lifetime(schema.lifetime)));
    page.description(schema.docs);
    page.arguments_and_results(&schema.attributes);
    page.title("BEHAVIOUR");
    for sentence in behaviour(schema) {
        page.text(1, &sentence);
    }
    page.out
}

/// The page of a data source. `width` is in characters.
#[must_use]
pub fn data(schema: &DataSchema, width: usize, palette: &Palette) -> String {
    let mut page = Page { out: String::new(), width, palette };
    page.name(&format!("data \"{}\"", schema.type_name), schema.summary);
    page.description(schema.docs);
    page.arguments_and_results(&schema.attributes);
    page.out
}

fn behaviour(schema: &ResourceSchema) -> Vec<String> {
    use relplan_contract::Lifetime::{Check, Live, Record};
    let mut sentences = Vec::new();
    if !schema.undo.is_empty() {
        sentences.push(format!("What undoes it: {}.", schema.undo));
    }
    let leaving = match (schema.lifetime, schema.destroyable) {
        (Live, true) => "When it leaves the file, it is destroyed.",
        (Live, false) => "When it leaves the file, it is let go with a notice: it cannot be destroyed.",
        (Record, _) => "When it leaves the file, what was made stays.",
        (Check, _) => "When it leaves the file, its verdict is forgotten.",
    };
    sentences.push(leaving.to_owned());
    if schema.preview {
        sentences.push("It is read at plan time too, so that the plan tells how it would end.".to_owned());
    }
    if let Some(headline) = schema.headline {
        sentences.push(format!("Plans show its version by the attribute `{headline}`."));
    }
    let settle = words::duration(schema.settle);
    sentences.push(match schema.repeat {
        Repeat::Harmless => "After a crash it is simply done again: that does no harm.".to_owned(),
        Repeat::AskFirst => format!(
            "After a crash the other side is asked what became of it, {settle} after the process died at the earliest."
        ),
        Repeat::AtMostOnce => {
            "After a crash nobody can tell whether it was done: a person decides with -retry or -accept.".to_owned()
        }
    });
    let timeout = words::duration(schema.timeout);
    sentences.push(format!("One action may take {timeout}, unless `timeouts` says otherwise."));
    sentences
}

impl Page<'_> {
    fn title(&mut self, title: &str) {
        self.out.push_str(&format!("\n{}\n", self.palette.paint(Tone::Strong, title)));
    }

    fn text(&mut self, depth: usize, text: &str) {
        self.out.push_str(&paragraph(text, 4 * depth, self.width));
    }

    fn name(&mut self, name: &str, summary: &str) {
        self.out.push_str(&format!("{}\n", self.palette.paint(Tone::Strong, "NAME")));
        self.text(1, &format!("{name} - {summary}"));
    }

    fn description(&mut self, docs: &str) {
        if !docs.trim().is_empty() {
            self.title("DESCRIPTION");
            self.out.push_str(&markdown(docs, 4, self.width));
        }
    }

    fn arguments_and_results(&mut self, attributes: &[Attribute]) {
        let (results, arguments): (Vec<&Attribute>, Vec<&Attribute>) =
            attributes.iter().partition(|attribute| attribute.presence == Presence::Computed);
        for (title, some) in [("ARGUMENTS", arguments), ("RESULTS", results)] {
            if !some.is_empty() {
                self.title(title);
                for attribute in some {
                    self.attribute(attribute, 1);
                }
            }
        }
    }

    fn attributes(&mut self, attributes: &[Attribute], depth: usize) {
        for attribute in attributes {
            self.attribute(attribute, depth);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, depth: usize) {
        let indent = " ".repeat(4 * depth);
        let name = self.palette.paint(Tone::Good, attribute.name);
        let traits = self.palette.paint(Tone::Faint, traits(attribute).join(", "));
        self.out.push_str(&format!("{indent}{name}  {traits}\n"));
        self.text(depth + 1, attribute.docs);
        match &attribute.shape {
            Shape::Value(_) => {}
            Shape::Blocks(inner) | Shape::Block(inner) => self.attributes(inner, depth + 1),
        }
    }

    fn types(&mut self, title: &str, types: &[(&str, &str, &str)]) {
        if types.is_empty() {
            return;
        }
        self.title(title);
        for (name, kind, summary) in types {
            let name = self.palette.paint(Tone::Good, name);
            self.out.push_str(&format!("    {name}  {}\n", self.palette.paint(Tone::Faint, kind)));
            self.text(2, summary);
        }
    }
}

/// What is to be known of an attribute beside its meaning.
fn traits(attribute: &Attribute) -> Vec<String> {
    let shape = match &attribute.shape {
        Shape::Value(ty) => ty.to_string(),
        Shape::Blocks(_) => "blocks, any number".to_owned(),
        Shape::Block(_) => "block, at most one".to_owned(),
    };
    let mut traits = vec![shape];
    match (attribute.presence, &attribute.default) {
        (Presence::Required, _) => traits.push("required".to_owned()),
        (Presence::Optional, Some(default)) => traits.push(format!("default {}", inline(default))),
        (Presence::Optional, None) => {
            traits.extend(matches!(attribute.shape, Shape::Value(_)).then(|| "optional".to_owned()));
        }
        (Presence::OptionalComputed, _) => traits.push("optional, else filled in".to_owned()),
        (Presence::Computed, _) => {}
    }
    let flags = [
        (attribute.on_change == OnChange::Replace, "a change replaces the object"),
        (attribute.sensitive, "sensitive"),
        (attribute.stable, "stays over updates"),
        (attribute.on_change == OnChange::Means, "a record stays when it changes"),
    ];
    traits.extend(flags.iter().filter(|(set, _)| *set).map(|(_, words)| (*words).to_owned()));
    traits
}

#[cfg(test)]
mod tests;
