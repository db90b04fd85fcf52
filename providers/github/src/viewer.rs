//! [`Viewer`]: the account whose token asks. What it wrote is told from what others wrote by the number of the account: names
//! can be taken again, and anybody may be called like a bot without its `[bot]`.

use relplan_contract::{Account, Answer, Context, Problem};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::GitHub;

/// How the login of a bot ends where it is told in full.
const BOT: &str = "[bot]";

/// The account whose token asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// Its number, which no other account ever has.
    pub(crate) id: i64,
    /// Its name.
    pub(crate) login: String,
}

/// Who wrote something, as the REST API tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Author {
    id: i64,
    /// `User`, `Bot`, `Organization` or `Mannequin`.
    #[serde(rename = "type")]
    kind: String,
}

/// The App in whose name something was written, as the REST API tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Through {
    slug: Option<String>,
}

impl Viewer {
    /// Whether it is this account that wrote something, by itself.
    pub(crate) fn wrote(&self, author: Option<&Author>, through: Option<&Through>) -> bool {
        let app = self.login.strip_suffix(BOT);
        let slug = through.and_then(|through| through.slug.as_deref());
        author.is_some_and(|author| author.id == self.id && (author.kind == "Bot") == app.is_some())
            && (app.is_none() || slug.is_none() || slug == app)
    }
}

impl GitHub {
    /// The account whose token asks; asked for once. (`GET /user` does not answer an App.)
    pub(crate) async fn viewer(&self, context: &Context) -> Result<Viewer, Problem> {
        let asked = self.viewer.get_or_try_init(|| async {
            let answer = self.client.ask(context, "query Viewer{viewer{login databaseId}}", json!({})).await;
            let answer = answer.map_err(|fault| fault.reading("The token's owner could not be found out"))?;
            let told = |name: &str| answer.pointer(&format!("/viewer/{name}"));
            let (id, login) =
                (told("databaseId").and_then(Json::as_i64), told("login").and_then(Json::as_str));
            let unknown = || Problem::refused("GitHub does not say to whom the token belongs.");
            Ok(Viewer { id: id.ok_or_else(unknown)?, login: login.ok_or_else(unknown)?.to_owned() })
        });
        asked.await.cloned()
    }
}

impl Account for GitHub {
    fn login<'a>(&'a self, context: &'a Context) -> Answer<'a, Result<String, Problem>> {
        Box::pin(async { Ok(self.viewer(context).await?.login) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_number_and_kind() {
        let author = |id, kind: &str| Author { id, kind: kind.to_owned() };
        let through = |slug: &str| Through { slug: Some(slug.to_owned()) };
        let bot = Viewer { id: 41_898_282, login: "github-actions[bot]".to_owned() };
        assert!(bot.wrote(Some(&author(41_898_282, "Bot")), Some(&through("github-actions"))));
        assert!(bot.wrote(Some(&author(41_898_282, "Bot")), None));
        assert!(!bot.wrote(Some(&author(41_898_282, "Bot")), Some(&through("another"))));
        assert!(!bot.wrote(Some(&author(41_898_282, "User")), None));
        assert!(!bot.wrote(Some(&author(7, "Bot")), None));
        assert!(!bot.wrote(None, None));
        let ann = Viewer { id: 7, login: "ann".to_owned() };
        assert!(ann.wrote(Some(&author(7, "User")), None));
        assert!(!ann.wrote(Some(&author(8, "User")), None));
        assert!(!ann.wrote(Some(&author(7, "Bot")), None));
    }
}
