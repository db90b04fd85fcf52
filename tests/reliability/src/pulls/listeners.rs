//! Servers on loopback that a pull request names: whoever contacts one is found out.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Listeners over IPv4, IPv6 and in the file system, and how many connections they got.
#[derive(Clone)]
pub(super) struct Listeners {
    port: u16,
    port6: u16,
    socket: PathBuf,
    contacts: Arc<AtomicU64>,
    _folder: Arc<tempfile::TempDir>,
}

impl Listeners {
    /// Begins to listen; the threads end with the process.
    pub(super) fn new() -> io::Result<Self> {
        let contacts = Arc::new(AtomicU64::new(0));
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = tcp.local_addr()?.port();
        // Where there is no IPv6, its place is taken by the other: nothing may be contacted there either.
        let tcp6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok();
        let port6 = tcp6.as_ref().map_or(Ok(port), |tcp| Ok::<_, io::Error>(tcp.local_addr()?.port()))?;
        for listener in std::iter::once(tcp).chain(tcp6) {
            let contacts = Arc::clone(&contacts);
            std::thread::spawn(move || count(listener.incoming(), &contacts));
        }
        let folder = tempfile::tempdir()?;
        // The name that PostgreSQL's clients look for.
        let socket = folder.path().join(".s.PGSQL.5432");
        let unix = UnixListener::bind(&socket)?;
        let own = Arc::clone(&contacts);
        std::thread::spawn(move || count(unix.incoming(), &own));
        Ok(Self { port, port6, socket, contacts, _folder: Arc::new(folder) })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn port6(&self) -> u16 {
        self.port6
    }

    /// The folder of the socket, as clients of databases want it.
    pub(super) fn socket(&self) -> &Path {
        self.socket.parent().unwrap_or(Path::new("/"))
    }

    /// How many connections there were so far.
    pub(super) fn contacts(&self) -> u64 {
        self.contacts.load(Ordering::SeqCst)
    }
}

fn count<T>(incoming: impl Iterator<Item = io::Result<T>>, contacts: &AtomicU64) {
    for stream in incoming {
        contacts.fetch_add(u64::from(stream.is_ok()), Ordering::SeqCst);
    }
}
