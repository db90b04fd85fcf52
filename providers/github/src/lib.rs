//! The provider `github`: repositories of a topic, their tags and releases, what was merged, and deployments through
//! GitHub Actions.
//!
//! Everything goes through one [`client::Client`] for each provider block: one limit, one memory of answers, one
//! place that sees the token. What a hundred repositories ask at the same time goes into a few GraphQL requests
//! ([`batch`], [`look`]); what changes something is one REST call each.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make their own files"))]

mod arguments;
mod auth;
mod batch;
mod beside;
mod checks;
mod client;
mod comment;
mod commit_status;
mod configuration;
mod conversation;
mod days;
mod deployment;
mod git_ref;
mod issue;
mod last;
mod latest_version;
mod look;
mod marker;
mod merged_pull_requests;
mod pull_requests;
mod pulls;
mod release;
mod repositories;
mod repository;
mod review;
mod tag;
mod viewer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use relplan_contract::{Configured, DataSource, Problem, Provider, ProviderSchema, Resource, Reviews, Value};

use batch::Batch;
use client::Client;
use configuration::Configuration;
use look::{Look, Question};
use repository::Repository;
use tokio::sync::OnceCell;
use viewer::Viewer;

/// The provider's name.
const NAME: &str = "github";

/// The provider `github`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Github;

/// What the types of one provider block share.
struct GitHub {
    client: Client,
    looks: Arc<Batch<Question, Result<Look, Problem>>>,
    refs: Arc<Batch<tag::NewRef, Result<(), Problem>>>,
    ranges: Arc<Batch<last::Question, Result<last::Range, Problem>>>,
    /// GitHub's ids of the repositories that were looked at: they never change.
    ids: Mutex<BTreeMap<Repository, String>>,
    /// What was seen when tags of other versions were looked for, with when, for the plan that follows at once.
    seen: Mutex<BTreeMap<Place, (Look, SystemTime)>>,
    viewer: OnceCell<Viewer>,
}

/// Where a tag goes: the repository, the tag's name, and the ref.
type Place = (Repository, String, String);

/// How long what was seen for a plan is good for it.
const SEEN_LASTS: Duration = Duration::from_secs(20);

impl GitHub {
    fn keep_seen(&self, question: Question, seen: Look, now: SystemTime) {
        let key = (question.repository, question.tag, question.reference);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (seen, now));
    }

    /// What was seen a moment ago; once, since who asks again wants news.
    fn take_seen(
        &self,
        repository: &Repository,
        tag: &str,
        reference: &str,
        now: SystemTime,
    ) -> Option<Look> {
        let key = (repository.clone(), tag.to_owned(), reference.to_owned());
        let (seen, at) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)?;
        now.duration_since(at).is_ok_and(|age| age < SEEN_LASTS).then_some(seen)
    }

    fn remember_id(&self, repository: &Repository, id: &str) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if !ids.contains_key(repository) {
            ids.insert(repository.clone(), id.to_owned());
        }
    }

    fn known_id(&self, repository: &Repository) -> Option<String> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned()
    }
}

impl Provider for Github {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: NAME,
            version: env!("CARGO_PKG_VERSION"),
            summary: "GitHub: tags and releases across repositories, gates, deployments through Actions.",
            configuration: configuration::attributes(),
            resources: vec![
                comment::schema(),
                commit_status::schema(),
                issue::schema(),
                pull_requests::schema(),
                release::schema(),
                tag::schema(),
                deployment::schema(),
            ],
            data_sources: vec![
                latest_version::schema(),
                merged_pull_requests::schema(),
                git_ref::schema(),
                repositories::schema(),
            ],
        }
    }

    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let github = Arc::new(GitHub {
            client: Client::new(Configuration::read(configuration, environment)?)?,
            looks: Batch::new(look::AT_ONCE),
            refs: Batch::new(tag::REFS_AT_ONCE),
            ranges: Batch::new(last::AT_ONCE),
            ids: Mutex::default(),
            seen: Mutex::default(),
            viewer: OnceCell::new(),
        });
        let of = || Arc::clone(&github);
        let resources: [(&'static str, Arc<dyn Resource>); 7] = [
            (comment::TYPE_NAME, Arc::new(comment::Comment::new(of()))),
            (commit_status::TYPE_NAME, Arc::new(commit_status::CommitStatus::new(of()))),
            (issue::TYPE_NAME, Arc::new(issue::Issue::new(of()))),
            (deployment::TYPE_NAME, Arc::new(deployment::Deployment::new(of()))),
            (pull_requests::TYPE_NAME, Arc::new(pull_requests::PullRequests::new(of()))),
            (tag::TYPE_NAME, Arc::new(tag::Tag::new(of()))),
            (release::TYPE_NAME, Arc::new(release::Release::new(of()))),
        ];
        let data_sources: [(&'static str, Arc<dyn DataSource>); 4] = [
            (merged_pull_requests::TYPE_NAME, Arc::new(merged_pull_requests::MergedPullRequests::new(of()))),
            (repositories::TYPE_NAME, Arc::new(repositories::Repositories::new(of()))),
            (git_ref::TYPE_NAME, Arc::new(git_ref::GitRef::new(of()))),
            (latest_version::TYPE_NAME, Arc::new(latest_version::LatestVersion::new(of()))),
        ];
        let reviews: Arc<dyn Reviews> = Arc::new(review::PullRequests::new(of()));
        Ok(Configured {
            resources: resources.into(),
            data_sources: data_sources.into(),
            reviews: Some(reviews),
            account: Some(github),
        })
    }
}

#[cfg(test)]
mod tests;
