//! In whose name a run acts outside, as the outside systems tell it: for the ledger, so that an auditor knows whose
//! token it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::Value;

use crate::event::Event;
use crate::plan::{Action, Plan, Providers};
use crate::run::call::guarded;
use crate::run::surroundings::Surroundings;

/// For so long it is asked; a run does not wait longer for what only its record needs.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the ledger is told of the accounts that a plan is carried out with. One that cannot be found out is left out:
/// the action itself will show what the token may do.
pub(super) async fn event(plan: &Plan, providers: &Providers, surroundings: &Surroundings) -> Option<Event> {
    let acting: BTreeSet<&str> = plan
        .changes
        .iter()
        .filter(|change| !matches!(change.action, Action::Forget | Action::Read))
        .map(|change| change.provider.split('.').next().unwrap_or_default())
        .collect();
    let asked: Vec<_> = providers
        .accounts()
        .filter(|(name, _)| acting.contains(name))
        .map(|(name, account)| {
            let (account, context) = (Arc::clone(account), surroundings.outside_any_object());
            let answer = tokio::spawn(async move {
                guarded(&context, "account", PATIENCE, Value::null(), move |context| {
                    Box::pin(async move { account.login(context).await })
                })
                .await
            });
            (name.to_owned(), answer)
        })
        .collect();
    let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, answer) in asked {
        if let Ok(Ok(login)) = answer.await {
            accounts.entry(name).or_default().insert(login);
        }
    }
    (!accounts.is_empty()).then_some(Event::Identified { accounts })
}
