//! The schemas of providers as JSON: `docs/json/providers.schema.json`.

use relplan_contract::{
    Attribute, DataSchema, OnChange, Presence, ProviderSchema, Repeat, ResourceSchema, Shape,
};
use serde_json::{Value as Json, json};

use super::{document, value};

/// What the providers declare, in their order.
#[must_use]
pub fn providers<'s>(schemas: impl IntoIterator<Item = &'s ProviderSchema>) -> Json {
    let providers: Vec<Json> = schemas.into_iter().map(provider).collect();
    document("relplan_providers", json!({ "providers": providers }))
}

/// One resource type, as the only one of a provider without a name.
#[must_use]
pub fn resource_type(schema: &ResourceSchema) -> Json {
    lone(json!([resource(schema)]), json!([]))
}

/// One data source, as the only one of a provider without a name.
#[must_use]
pub fn data_source(schema: &DataSchema) -> Json {
    lone(json!([]), json!([data(schema)]))
}

#[allow(clippy::needless_pass_by_value, reason = "two fresh lists that become part of the document")]
fn lone(resources: Json, data_sources: Json) -> Json {
    let provider = json!({
        "name": "",
        "version": "",
        "summary": "",
        "configuration": [],
        "resources": resources,
        "data_sources": data_sources,
    });
    document("relplan_providers", json!({ "providers": [provider] }))
}

fn provider(schema: &ProviderSchema) -> Json {
    json!({
        "name": schema.name,
        "version": schema.version,
        "summary": schema.summary,
        "configuration": attributes(&schema.configuration),
        "resources": schema.resources.iter().map(resource).collect::<Vec<_>>(),
        "data_sources": schema.data_sources.iter().map(data).collect::<Vec<_>>(),
    })
}

fn resource(schema: &ResourceSchema) -> Json {
    let repeat = match schema.repeat {
        Repeat::Harmless => "harmless",
        Repeat::AskFirst => "ask_first",
        Repeat::AtMostOnce => "at_most_once",
    };
    json!({
        "type": schema.type_name,
        "kind": schema.lifetime.name(),
        "summary": schema.summary,
        "docs": schema.docs,
        "attributes": attributes(&schema.attributes),
        "repeat": repeat,
        "destroyable": schema.destroyable,
        "preview": schema.preview,
        "undo": schema.undo,
        "headline": schema.headline,
        "settle_s": schema.settle.as_secs(),
        "timeout_s": schema.timeout.as_secs(),
    })
}

fn data(schema: &DataSchema) -> Json {
    json!({
        "type": schema.type_name,
        "summary": schema.summary,
        "docs": schema.docs,
        "attributes": attributes(&schema.attributes),
    })
}

fn attributes(attributes: &[Attribute]) -> Vec<Json> {
    attributes.iter().map(attribute).collect()
}

fn attribute(attribute: &Attribute) -> Json {
    let (shape, ty, inner) = match &attribute.shape {
        Shape::Value(ty) => ("value", Some(ty.to_string()), None),
        Shape::Blocks(inner) => ("blocks", None, Some(attributes(inner))),
        Shape::Block(inner) => ("block", None, Some(attributes(inner))),
    };
    let presence = match attribute.presence {
        Presence::Required => "required",
        Presence::Optional => "optional",
        Presence::OptionalComputed => "optional_computed",
        Presence::Computed => "computed",
    };
    json!({
        "name": attribute.name,
        "shape": shape,
        "type": ty,
        "attributes": inner,
        "presence": presence,
        "default": attribute.default.as_ref().map(value),
        "sensitive": attribute.sensitive,
        "immutable": attribute.on_change == OnChange::Replace,
        "stable": attribute.stable,
        "means": attribute.on_change == OnChange::Means,
        "docs": attribute.docs,
    })
}
