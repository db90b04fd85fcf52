//! On a machine without certificate authorities plain HTTP works, and HTTPS says what is missing.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Runs relplan on a machine without authorities: its own environment says where they are, and there is nothing.
fn run(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(arguments)
        .current_dir(folder)
        .env("SSL_CERT_FILE", folder.join("no-such-file"))
        .env("SSL_CERT_DIR", folder.join("no-such-folder"))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("relplan");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

/// A server of plain HTTP that says yes to everything.
fn plain() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        }
    });
    url
}

/// A server of HTTPS with a certificate of an authority of its own, `ca.pem`.
struct Tls(Child, String);

impl Tls {
    fn start(folder: &Path) -> Self {
        let openssl = |arguments: &str| {
            let made = Command::new("openssl")
                .args(arguments.split(' '))
                .current_dir(folder)
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .status();
            assert!(made.expect("openssl").success(), "{arguments}");
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
        openssl(&format!("req {key} -keyout key.pem -out request.pem -subj /CN=localhost"));
        std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").expect("a file");
        openssl(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem",
        );
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let server = Command::new("openssl")
            .args(["s_server", "-www", "-quiet", "-cert", "cert.pem", "-key", "key.pem", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Self(server.expect("openssl"), format!("https://localhost:{port}"));
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        server
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const MISSING: &str = "this machine has no certificate authorities to check the server's certificate with: install the package ca-certificates, or name a file of them in SSL_CERT_FILE";

const SMOKE: &str = r#"
variable "url" { type = string }
variable "ca" { default = null }
resource "http_smoke_test" "live" {
  base_url         = var.url
  ca_file          = var.ca
  deadline_seconds = 2
  step {
    name = "up"
    path = "/"
  }
}
"#;

#[test]
fn a_smoke_test_of_plain_http_needs_no_authorities() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    std::fs::write(path.join("smoke.hcl"), SMOKE).expect("a file");
    let apply = |url: &str, more: &[&str]| {
        let url = format!("-var=url={url}");
        run(path, &[], &[&["apply", "-auto-approve", &url], more, &["smoke.hcl"]].concat())
    };
    let (code, text) = apply(&plain(), &[]);
    assert_eq!(code, Some(0), "{text}");
    let tls = Tls::start(path);
    let (code, text) = apply(&tls.1, &[]);
    assert_eq!(code, Some(14), "nothing is known of the service: {text}");
    assert!(text.contains(MISSING), "{text}");
    // Its own authority is one.
    let (code, text) = apply(&tls.1, &["-var=ca=ca.pem"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn github_over_https_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let file = r#"
variable "url" { type = string }
provider "github" {
  base_url = var.url
  token    = "t"
}
data "github_ref" "main" {
  repository = "acme/shop"
  ref        = "main"
}
output "commit" { value = data.github_ref.main.commit }
"#;
    std::fs::write(path.join("ref.hcl"), file).expect("a file");
    let tls = Tls::start(path);
    let (code, text) = run(path, &[], &["plan", &format!("-var=url={}", tls.1), "ref.hcl"]);
    assert!(code == Some(1) && text.contains(MISSING), "{text}");
    // It answers nothing that GitHub would, but it answers.
    let (_, text) = run(path, &[], &["plan", &format!("-var=url={}", plain()), "ref.hcl"]);
    assert!(!text.contains("certificate") && !text.contains("could not be set up"), "{text}");
}

#[test]
fn a_bucket_over_https_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let made = Command::new("sqlite3").arg(path.join("shop.sqlite")).arg("CREATE TABLE a (b)").status();
    assert!(made.expect("sqlite3").success());
    let file = r#"
release "shop" { version = "1.0.0" }
resource "sqlite_snapshot" "before" {
  database    = "shop.sqlite"
  bucket      = "s3://backups/shop"
  unencrypted = true
}
"#;
    std::fs::write(path.join("shop.hcl"), file).expect("a file");
    let tls = Tls::start(path);
    let plan = |endpoint: &str, id: &str, secret: &str| {
        let environment = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ];
        run(path, &environment, &["plan", "shop.hcl"])
    };
    let (code, text) = plan(&tls.1, "id", "secret");
    assert!(code == Some(1) && text.contains(MISSING), "{text}");
    let bucket = bucket_server::Server::start();
    let (code, text) = plan(&bucket.endpoint(), &bucket.keys.id, &bucket.keys.secret);
    assert_eq!(code, Some(0), "{text}");
}
