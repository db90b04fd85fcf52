//! Actions whose outcome was lost, on objects that this plan does not come to by itself: what became of them is found
//! out first, whatever the plan is for.

use relplan_contract::Lifetime;

use super::Planner;
use super::instance::{Instance, Purpose};
use super::whom::Whom;
use crate::event::{EntryKey, RunMode};
use crate::state::Entry;

impl Planner {
    pub(super) fn begin_leftovers(&mut self) {
        if self.validates_only || !self.options.ask || self.world.has_open() {
            return;
        }
        // A plan for destroying walks the file, but asks about none of its objects.
        let walked = self.options.mode != RunMode::Destroy;
        let open: Vec<EntryKey> = self
            .state
            .uncertain()
            .map(|(key, _)| key)
            .filter(|key| !(walked && self.named.contains(*key)) && self.selection.takes_orphan(&key.address))
            .filter(|key| !(walked && self.selection.leaves_object(&key.address)))
            .cloned()
            .collect();
        for key in open {
            let Some(entry) = self.state.entries.get(&key).cloned() else { continue };
            // Without its provider nobody can be asked: what needs it is told so when it comes to that.
            if let Some(whom) = self.whom_of_entry(&key, &entry) {
                self.reconcile_or_read(Instance::of_entry(key, entry, whom, Purpose::Settle));
            }
        }
    }

    /// Who is asked about an object of the state; none when its provider is not known.
    pub(super) fn whom_of_entry(&self, key: &EntryKey, entry: &Entry) -> Option<Whom> {
        let type_name = &key.address.resource.ty;
        let resource = self.providers.resource_of_entry(&entry.provider, type_name);
        let (resource, schema) = resource.zip(self.registry.resource(type_name).cloned())?;
        Some(Whom::Resource(resource, schema))
    }

    /// Whether nothing can be planned while it is uncertain what became of an action: not for a fact of another
    /// version, nor for what is not turned back.
    pub(super) fn stands_in_the_way(&self, instance: &Instance) -> bool {
        let live = instance.lifetime() == Some(Lifetime::Live);
        match (&instance.purpose, &self.way_back) {
            (Purpose::Settle, Some(route)) => live && route.scope.covers(&instance.key.address),
            (Purpose::Settle, None) => live,
            (Purpose::AsWritten | Purpose::Leave | Purpose::GoBack(_), _) => true,
        }
    }
}
