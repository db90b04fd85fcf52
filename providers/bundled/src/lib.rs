//! The providers that come with relplan: the one place that names them all.

use std::sync::Arc;

use relplan_contract::Provider;

/// Every provider that comes with relplan.
#[must_use]
pub fn registry() -> Vec<Arc<dyn Provider>> {
    vec![
        Arc::new(relplan_exec::Exec),
        Arc::new(relplan_fake::Fake),
        Arc::new(relplan_git::Git),
        Arc::new(relplan_github::Github),
        Arc::new(relplan_http::Http),
        Arc::new(relplan_mysql::Mysql),
        Arc::new(relplan_postgres::Postgres),
        Arc::new(relplan_release::Release),
        Arc::new(relplan_sqlite::Sqlite),
        Arc::new(relplan_terraform::Terraform),
    ]
}
