//! [`Whom`]: who is asked about an instance, and who acts on it.

use std::sync::Arc;

use relplan_contract::{Attribute, DataSource, Resource as Managed, ResourceSchema};

use super::Planner;
use super::mistakes::unknown_type;
use super::providers::unknown_provider;
use crate::addr::{Mode, ResourceName};
use crate::diag::Diagnostic;
use crate::graph::NodeId;
use crate::lang::config::Resource;

/// Whom to ask, and who acts.
#[derive(Clone)]
pub enum Whom {
    /// A resource type with its schema.
    Resource(Arc<dyn Managed>, Arc<ResourceSchema>),
    /// A data source type.
    Data(Arc<dyn DataSource>),
}

impl Whom {
    /// Whether it is a gate over the outside.
    #[must_use]
    pub fn is_gate(&self) -> bool {
        matches!(self, Self::Resource(_, schema) if schema.gate)
    }

    /// What would undo what it does, in a few words.
    #[must_use]
    pub fn undo(&self) -> &'static str {
        match self {
            Self::Resource(_, schema) => schema.undo,
            Self::Data(_) => "",
        }
    }

    /// The attribute that names the version of a live resource.
    #[must_use]
    pub fn headline(&self) -> Option<&'static str> {
        match self {
            Self::Resource(_, schema) => schema.headline,
            Self::Data(_) => None,
        }
    }

    /// The arguments and results of the type.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Resource(_, schema) => &schema.attributes,
            Self::Data(source) => &source.schema().attributes,
        }
    }
}

impl Planner {
    /// Whom a block's instances are asked of; tells what is wrong when there is nobody.
    pub(super) fn whom(&mut self, id: NodeId, name: &ResourceName, resource: &Resource) -> Option<Whom> {
        let module = self.graph.node(id).module;
        let provider = &resource.provider.0;
        let is_data = name.mode == Mode::Data;
        let known = self.registry.provider(&provider.name).is_some();
        let found = if is_data {
            self.providers.data_source(&self.world, module, provider, &name.ty).map(Whom::Data)
        } else {
            let schema = self.registry.resource(&name.ty).cloned();
            let managed = self.providers.resource(&self.world, module, provider, &name.ty);
            managed.zip(schema).map(|(managed, schema)| Whom::Resource(managed, schema))
        };
        if found.is_none() && !known {
            self.error(id, unknown_provider(&self.registry, &provider.name, resource.type_span));
        } else if found.is_none()
            && self.registry.type_names(is_data).contains(&*name.ty)
            && let Some(problem) = self.providers.why_needy(&provider.name)
        {
            let refused = Diagnostic::error("Provider cannot be configured", problem.message.clone());
            let help = format!("A `provider \"{}\"` block gives it arguments.", provider.name);
            let help = if problem.hint.is_empty() { help } else { problem.hint.clone() };
            self.error(id, refused.at(resource.type_span).help(help));
        } else if found.is_none() {
            self.error(id, unknown_type(&self.registry.type_names(is_data), name, resource));
        }
        found
    }
}
