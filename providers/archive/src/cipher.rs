//! Encryption to the holders of age or SSH keys (<https://age-encryption.org/v1>), as a stream.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};
use std::str::FromStr as _;

use age::{Decryptor, Encryptor, IdentityFile};
use relplan_contract::{Problem, Tree};

/// The largest file of keys, in bytes.
const LARGEST_KEY: usize = 1 << 20;

/// Those who will be able to read a snapshot.
pub struct Recipients {
    keys: Vec<Box<dyn age::Recipient + Send + Sync>>,
    texts: Vec<String>,
}

impl Recipients {
    /// Reads public keys: `age1...`, `ssh-ed25519 ...` or `ssh-rsa ...`.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Problem> {
        let mut keys: Vec<Box<dyn age::Recipient + Send + Sync>> = Vec::new();
        let texts: BTreeSet<String> = texts.into_iter().map(|text| text.trim().to_owned()).collect();
        for text in &texts {
            if let Ok(key) = age::x25519::Recipient::from_str(text) {
                keys.push(Box::new(key));
            } else if let Ok(key) = age::ssh::Recipient::from_str(text) {
                keys.push(Box::new(key));
            } else {
                let secret = text.to_ascii_uppercase().contains("SECRET") || text.contains("PRIVATE");
                let shown = if secret { "A secret key".to_owned() } else { format!("{text:.40?}") };
                return Err(Problem::invalid(
                    "encrypt_to",
                    format!("{shown} is no public key of age or SSH."),
                )
                .hint("Give keys such as age1... (of `age-keygen -y`) or ssh-ed25519 ..."));
            }
        }
        Ok(Self { keys, texts: texts.into_iter().collect() })
    }

    /// The public keys as they are written in a manifest.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    pub(crate) fn writer<W: Write>(&self, inner: W) -> io::Result<age::stream::StreamWriter<W>> {
        let keys = self.keys.iter().map(|key| &**key as &dyn age::Recipient);
        Encryptor::with_recipients(keys).map_err(io::Error::other)?.wrap_output(inner)
    }
}

/// The private keys that can read a snapshot.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Reads the file of `age-keygen`, or an SSH key without a passphrase.
    pub fn read(tree: &Tree, file: &str) -> Result<Self, Problem> {
        let about = || relplan_contract::Path::attribute("identity_file");
        let path = tree.base().join(file);
        let bytes = tree.read_input(&path, LARGEST_KEY).map_err(|error| {
            Problem::refused(format!("The key file {} cannot be read: {error}.", path.display()))
                .hint("Without one of the keys that it was encrypted to, nobody can read a snapshot. One that lies elsewhere is told with -with=identity_file=FILE.")
                .about(about())
        })?;
        let unusable = |why: &str| {
            Problem::refused(format!("The key file {} cannot be used: {why}.", path.display())).about(about())
        };
        let text = String::from_utf8(bytes).map_err(|_| unusable("it is no text"))?;
        if text.contains("-----BEGIN") {
            let identity = age::ssh::Identity::from_buffer(text.as_bytes(), None)
                .map_err(|_| unusable("it holds no SSH key"))?;
            return match identity {
                age::ssh::Identity::Unencrypted(_) => Ok(Self(vec![Box::new(identity)])),
                age::ssh::Identity::Encrypted(_) => {
                    Err(unusable("it has a passphrase, and nobody can be asked"))
                }
                age::ssh::Identity::Unsupported(_) => Err(unusable("its kind of SSH key is not supported")),
            };
        }
        let file = IdentityFile::from_buffer(text.as_bytes()).map_err(|_| unusable("it holds no age key"))?;
        let keys = file.into_identities().map_err(|_| unusable("it holds no age key"))?;
        if keys.is_empty() {
            return Err(unusable("it holds no age key"));
        }
        Ok(Self(keys))
    }

    pub(crate) fn reader<'r>(&self, inner: impl Read + Send + 'r) -> io::Result<Box<dyn Read + Send + 'r>> {
        let decryptor =
            Decryptor::new_buffered(BufReader::with_capacity(64 << 10, inner)).map_err(io::Error::other)?;
        let keys = self.0.iter().map(|key| &**key as &dyn age::Identity);
        Ok(Box::new(decryptor.decrypt(keys).map_err(io::Error::other)?))
    }
}
