//! What a provider declares: names, documentation, defaults and limits that the engine and the manual rely on.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::bench::{Report, look_at_problem};
use super::compare::wording_fault;
use super::drive::caught;
use crate::provider::Provider;
use crate::schema::{
    Attribute, DataSchema, Lifetime, OnChange, Presence, ProviderSchema, ResourceSchema, Shape,
};
use crate::value::Value;

/// Names that the language itself takes in a resource block.
const RESERVED: [&str; 11] = [
    "count",
    "for_each",
    "depends_on",
    "provider",
    "lifecycle",
    "timeouts",
    "retry",
    "concurrency",
    "connection",
    "provisioner",
    "dynamic",
];

/// Looks at everything that a provider declares, and whether it is configured without a `provider` block into
/// what it declares (a provider may refuse that, with a problem about one of its arguments).
#[must_use]
pub fn check_provider(provider: &dyn Provider) -> Vec<Finding> {
    let mut report = Report::default();
    let schema = provider.schema();
    if !is_plain_name(schema.name) || schema.name.contains('_') {
        report.add("schema.name", format!("{:?} is no name for a provider.", schema.name));
    }
    if schema.version.is_empty() {
        report.add("schema.version", "The version is empty.");
    }
    sentence(schema.name, schema.summary, &mut report);
    check_attributes(schema.name, &schema.configuration, true, &mut report);
    let mut seen = BTreeSet::new();
    for resource in &schema.resources {
        check_resource(&schema, resource, &mut report);
        unique(&mut seen, resource.type_name, &mut report);
    }
    let mut seen = BTreeSet::new();
    for source in &schema.data_sources {
        check_data(&schema, source, &mut report);
        unique(&mut seen, source.type_name, &mut report);
    }
    check_configured(provider, &schema, &mut report);
    report.finish()
}

fn check_configured(provider: &dyn Provider, schema: &ProviderSchema, report: &mut Report) {
    let none = schema.configuration.iter().map(|a| (a.name, a.fit(&Value::NULL).unwrap_or(Value::NULL)));
    let configuration = Value::map(none);
    let configured = match caught(|| provider.configure(&configuration, &BTreeMap::new())) {
        Ok(Ok(configured)) => configured,
        Ok(Err(problem)) => return look_at_problem(&schema.configuration, &problem, report),
        Err(message) => return report.add("configure.panic", message),
    };
    let declared: BTreeMap<&str, String> =
        schema.resources.iter().map(|resource| (resource.type_name, format!("{resource:?}"))).collect();
    let given: BTreeMap<&str, String> = configured
        .resources
        .iter()
        .map(|(name, resource)| (*name, format!("{:?}", resource.schema())))
        .collect();
    if declared != given {
        report.add("configure.types", "The resource types are not those of the schema, or differ from it.");
    }
    let declared: BTreeMap<&str, String> =
        schema.data_sources.iter().map(|source| (source.type_name, format!("{source:?}"))).collect();
    let given: BTreeMap<&str, String> = configured
        .data_sources
        .iter()
        .map(|(name, source)| (*name, format!("{:?}", source.schema())))
        .collect();
    if declared != given {
        report.add("configure.types", "The data sources are not those of the schema, or differ from it.");
    }
}

fn check_resource(provider: &ProviderSchema, schema: &ResourceSchema, report: &mut Report) {
    let name = schema.type_name;
    type_name(provider, name, report);
    sentence(name, schema.summary, report);
    check_attributes(name, &schema.attributes, true, report);
    let live = schema.lifetime == Lifetime::Live;
    let wrong = [
        (schema.timeout.is_zero(), "the timeout is zero"),
        (schema.preview && schema.lifetime != Lifetime::Check, "only a check has a preview"),
        (schema.gate && !schema.preview, "a gate that a plan cannot look at"),
        (schema.destroyable && !live, "only what is live can be destroyed"),
        (schema.headline.is_some() && !live, "only what is live has a headline"),
        (live && schema.undo.is_empty(), "the way to undo it is not told"),
    ];
    for (_, message) in wrong.iter().filter(|(wrong, _)| *wrong) {
        report.add("schema.resource", format!("{name}: {message}."));
    }
    let headline = |attribute: &&Attribute| Some(attribute.name) == schema.headline;
    match (schema.headline, schema.attributes.iter().find(headline)) {
        (Some(headline), None) => {
            report.add("schema.headline", format!("{name}: the headline {headline} is no attribute."));
        }
        (Some(headline), Some(attribute)) if attribute.sensitive => {
            report.add("schema.headline", format!("{name}: the headline {headline} is sensitive."));
        }
        _ => {}
    }
}

fn check_data(provider: &ProviderSchema, schema: &DataSchema, report: &mut Report) {
    type_name(provider, schema.type_name, report);
    sentence(schema.type_name, schema.summary, report);
    check_attributes(schema.type_name, &schema.attributes, true, report);
}

fn check_attributes(owner: &str, attributes: &[Attribute], top: bool, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for attribute in attributes {
        let place = format!("{owner}.{}", attribute.name);
        if !is_plain_name(attribute.name) {
            report.add("schema.attribute", format!("{place}: no plain name in snake case."));
        }
        if top && RESERVED.contains(&attribute.name) {
            report.add("schema.attribute", format!("{place}: the language has that name already."));
        }
        unique(&mut seen, attribute.name, report);
        sentence(&place, attribute.docs, report);
        check_attribute(&place, attribute, report);
        match &attribute.shape {
            Shape::Blocks(inner) | Shape::Block(inner) => check_attributes(&place, inner, false, report),
            Shape::Value(_) => {}
        }
    }
}

fn check_attribute(place: &str, attribute: &Attribute, report: &mut Report) {
    let optional = attribute.presence == Presence::Optional;
    let wrong = [
        (attribute.default.is_some() && !optional, "only an optional argument has a default"),
        (attribute.stable && !attribute.is_computed(), "only a computed attribute is stable"),
        (
            attribute.on_change != OnChange::Update && attribute.presence == Presence::Computed,
            "a computed attribute is no argument",
        ),
    ];
    for (_, message) in wrong.iter().filter(|(wrong, _)| *wrong) {
        report.add("schema.attribute", format!("{place}: {message}."));
    }
    if let Some(default) = &attribute.default
        && attribute.ty().convert(default).as_ref() != Ok(default)
    {
        report.add("schema.default", format!("{place}: the default is not of its type."));
    }
}

fn type_name(provider: &ProviderSchema, name: &str, report: &mut Report) {
    let noun = name.strip_prefix(provider.name).and_then(|rest| rest.strip_prefix('_'));
    if !noun.is_some_and(is_plain_name) {
        report.add("schema.name", format!("{name:?} is not of the form {}_noun.", provider.name));
    }
}

fn sentence(place: &str, text: &str, report: &mut Report) {
    if let Some(fault) = wording_fault(text) {
        report.add("schema.docs", format!("{place}: the text {text:?} {fault}."));
    }
}

fn unique<'s>(seen: &mut BTreeSet<&'s str>, name: &'s str, report: &mut Report) {
    if !seen.insert(name) {
        report.add("schema.twice", format!("{name:?} is declared twice."));
    }
}

fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with('_')
}
