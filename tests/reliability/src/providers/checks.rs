//! Checks: doing them again does no harm, but a verdict needs an answer.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Outside, count};
use crate::scene::Relplan;

/// A test command.
pub(super) struct Exec {
    folder: tempfile::TempDir,
}

impl Exec {
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("check.sh"), "sleep 0.1\nprintf '%s\\n' \"$1\" >> tested\n")?;
        Ok(Self { folder })
    }
}

impl Outside for Exec {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        let command = format!("[\"sh\", \"check.sh\", \"{version}\"]");
        Ok(format!("resource \"exec_test\" \"it\" {{\n  command = {command}\n}}\n"))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let tested = count(&self.folder().join("tested"), version) > 0;
        Ok(if tested { Vec::new() } else { vec!["it has passed, and was never made".to_owned()] })
    }
}

/// A service that is asked twice.
pub(super) struct Http {
    folder: tempfile::TempDir,
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Http {
    pub(super) fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                // Who asks may be killed at any moment.
                std::thread::spawn(move || answer(&stream, &seen).ok());
            }
        });
        Ok(Self { folder: tempfile::tempdir()?, port, asked })
    }
}

fn answer(mut stream: &TcpStream, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    std::thread::sleep(Duration::from_millis(50));
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
}

impl Outside for Http {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        Ok(format!(
            "resource \"http_smoke_test\" \"it\" {{\n  base_url = \"http://127.0.0.1:{}\"\n\n  step {{\n    \
             name = \"one\"\n    path = \"/{version}/one\"\n  }}\n\n  step {{\n    name = \"two\"\n    \
             path = \"/{version}/two\"\n  }}\n}}\n",
            self.port
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = ["one", "two"].map(|step| format!("/{version}/{step}"));
        let missing = missing.into_iter().filter(|path| !asked.contains(path));
        Ok(missing.map(|path| format!("it has passed, and {path} was never asked")).collect())
    }
}
