//! The two kinds of servers whose databases are dumped, seen alike.

use std::io;

/// Rows of the largest table of the shop.
const ORDERS: usize = 20_000;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Mariadb,
}

impl Kind {
    /// The type of its snapshots.
    pub(crate) const fn resource(self) -> &'static str {
        match self {
            Self::Postgres => "postgres_snapshot",
            Self::Mariadb => "mysql_snapshot",
        }
    }

    /// The address of the snapshot.
    pub(crate) fn address(self) -> String {
        format!("{}.before", self.resource())
    }
}

/// A running server with a shop in the database `shop`.
pub(crate) enum Database {
    Postgres(postgres_server::Server),
    Mariadb(mariadb_server::Server),
}

/// What must be the same in the shop and its copy: no word of relplan is believed.
const POSTGRES_QUESTION: &str = "SELECT (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o), \
    (SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM customers c), (SELECT count(*) FROM events)";
const MARIADB_QUESTION: &str = "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, customer, item, price, cents, placed, due))) FROM orders; \
    SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, name, HEX(note), score, HEX(photo), kind, flags, HEX(bits), ST_AsText(place), settings))) \
    FROM customers; SELECT COUNT(*) FROM days; SELECT COUNT(*) FROM `Log Entries`";

impl Database {
    pub(crate) fn start(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => {
                let server = postgres_server::Server::start();
                server.shop("shop", ORDERS);
                Self::Postgres(server)
            }
            Kind::Mariadb => {
                let server = mariadb_server::Server::start();
                server.shop("shop", ORDERS);
                Self::Mariadb(server)
            }
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Postgres(_) => Kind::Postgres,
            Self::Mariadb(_) => Kind::Mariadb,
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Postgres(server) => server.port(),
            Self::Mariadb(server) => server.port(),
        }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        self.url_through(database, self.port())
    }

    pub(crate) fn url_through(&self, database: &str, port: u16) -> String {
        match self {
            Self::Postgres(server) => server.url_through(database, port),
            Self::Mariadb(server) => server.url_through(database, port),
        }
    }

    /// The same with another password, which is wrong.
    pub(crate) fn wrong_url(&self, database: &str) -> String {
        match self {
            Self::Postgres(server) => server.url(database).replace("%70", "%71"),
            Self::Mariadb(server) => server.url(database).replace("%6D%3A", "%6E%3A"),
        }
    }

    /// Kills the server, as a failing machine would.
    pub(crate) fn kill(&self) {
        match self {
            Self::Postgres(server) => server.kill(),
            Self::Mariadb(server) => server.kill(),
        }
    }

    /// Brings it up again where it was killed.
    pub(crate) fn mend(&mut self) {
        match self {
            Self::Postgres(server) => {
                if server.try_sql("postgres", "SELECT 1").is_err() {
                    server.revive();
                }
            }
            Self::Mariadb(server) => {
                if server.try_sql("", "SELECT 1").is_err() {
                    server.revive();
                }
            }
        }
    }

    /// Ends the sessions of others, as an administrator would.
    pub(crate) fn end_sessions(&self) {
        match self {
            Self::Postgres(server) => {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
                server.sql("postgres", sql);
            }
            Self::Mariadb(server) => {
                server.sql("", "KILL USER relplan");
            }
        }
    }

    /// How many sessions others hold.
    pub(crate) fn backends(&self) -> usize {
        match self {
            Self::Postgres(server) => server.backends(),
            Self::Mariadb(server) => server.connections(),
        }
    }

    /// What a database holds, in a word.
    pub(crate) fn summed(&self, database: &str) -> Result<String, String> {
        match self {
            Self::Postgres(server) => server.try_sql(database, POSTGRES_QUESTION),
            Self::Mariadb(server) => server.try_sql(database, MARIADB_QUESTION),
        }
    }

    /// Drops a copy of the shop.
    pub(crate) fn drop_copy(&self, database: &str) -> io::Result<()> {
        let dropped = match self {
            Self::Postgres(server) => server.try_sql("postgres", &format!("DROP DATABASE {database}")),
            Self::Mariadb(server) => server.try_sql("", &format!("DROP DATABASE {database}")),
        };
        dropped.map(drop).map_err(io::Error::other)
    }
}
