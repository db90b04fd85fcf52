//! A stretch of network to the server that can be cut.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Passes bytes between whoever connects and a server, until as many came back as were agreed on; then it is dead.
pub(super) struct Proxy {
    pub(super) port: u16,
    left: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
}

impl Proxy {
    pub(super) fn start(server: u16, bytes: i64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (left, over) = (Arc::new(AtomicI64::new(bytes)), Arc::new(AtomicBool::new(false)));
        let proxy =
            Self { port: listener.local_addr()?.port(), left: Arc::clone(&left), over: Arc::clone(&over) };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { continue };
                // What is asked is small: only what comes back counts.
                let (asked, answered) = (Arc::new(AtomicI64::new(i64::MAX)), Arc::clone(&left));
                std::thread::spawn(move || pass(from, to, &asked));
                std::thread::spawn(move || pass(server, client, &answered));
            }
        });
        Ok(proxy)
    }

    /// Whether it has cut the connections.
    pub(super) fn has_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // The last connection lets the listener see it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let Some(bytes) = buffer.get(..count) else { break };
        let Ok(length) = i64::try_from(count) else { break };
        if left.fetch_sub(length, Ordering::SeqCst) < length || to.write_all(bytes).is_err() {
            break;
        }
    }
    // Both ways: a connection that is cut is cut for the server as well.
    for end in [&from, &to] {
        let _ = end.shutdown(Shutdown::Both);
    }
}
