//! Texts that stand where secrets stand, and the search for them in whatever came out, in every form that an expression
//! or a careless program gives them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The secret variable of the operator's release.
pub(super) const PIN: &str = "Zaunkoenig4711Pin";
/// What `actions/checkout` leaves in the repository's configuration, after `basic `.
pub(super) const CHECKOUT_TOKEN: &str = "eC1hY2Nlc3MtdG9rZW46Wilpzalp";

/// What an expression says that could tell whether something is there where it must not look.
const TOLD_APART: &str = "TOLD-APART";

/// Shorter texts are found by chance.
const SHORTEST: usize = 8;

/// Variables of the environment.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("RELPLAN_VAR_pin", PIN),
    ("PGPASSWORD", "Rotkehlchen77Pg"),
    ("MYSQL_PWD", "Zilpzalp83Mysql"),
    ("GITHUB_TOKEN", "ghs_Eisvogel19Token"),
    ("GH_ENTERPRISE_TOKEN", "ghs_Neuntoeter52Ent"),
    ("AWS_ACCESS_KEY_ID", "AKIAKLEIBER34ABCDEFG"),
    ("AWS_SECRET_ACCESS_KEY", "Wiedehopf60Aws"),
    ("AWS_SESSION_TOKEN", "Baumlaeufer61Session"),
    ("AZURE_STORAGE_ACCOUNT_KEY", "UGlyb2w2MkF6dXJl"),
    ("GOOGLE_SERVICE_ACCOUNT_KEY", "Goldhaehnchen63Gcp"),
    ("NPM_TOKEN", "npm_Wasseramsel64"),
];

/// Files that lie around the checkout, from the top of the ground.
pub(super) const FILES: &[(&str, &str)] = &[
    ("home/.pgpass", "*:*:*:*:Gimpel01Pgpass\n"),
    ("home/.my.cnf", "[client]\npassword=Stieglitz02Mycnf\n"),
    ("home/.netrc", "default login bot password Bergfink03Netrc\n"),
    ("home/.ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nKernbeisser04Ssh\n"),
    ("home/.aws/credentials", "[default]\naws_secret_access_key = Girlitz05Aws\n"),
    ("home/.config/gh/hosts.yml", "github.com:\n    oauth_token: gho_Hausrotschwanz06\n"),
    ("home/.git-credentials", "https://bot:Mehlschwalbe07Git@github.com\n"),
    ("home/.gitconfig", "[http \"https://github.com/\"]\n\textraheader = Mauersegler08Home\n"),
    ("outside/secret.txt", "Feldsperling20Txt\n"),
    ("outside/secret.env", "TOKEN=\"Haubenmeise21Env\"\n"),
    ("outside/secret.hcl", "output \"o\" {\n    value=\"Tannenmeise22Hcl\"\n}\n"),
    ("outside/secret.json", "{\"token\":\"Sumpfmeise23Json\"}\n"),
    ("outside/secret.auto.vars.hcl", "token=\"Weidenmeise24Vars\"\n"),
    ("outside/secret.xml", "<testsuite name=\"Blaumeise25Xml\"></testsuite>\n"),
    ("outside/secret.sql", "select 'Kohlmeise26Sql'\n"),
    ("outside/module/main.hcl", "output \"token\" {\n  value = \"Schwanzmeise27Module\"\n}\n"),
];

/// The secrets in all their forms.
pub(super) struct Canaries(Vec<(String, String)>);

impl Canaries {
    /// Those of every ground, `more` of the environment, and of this ledger: its key, and what is sealed with it.
    pub(super) fn new(key: &[u8], ledger: &str, more: &[(&str, &str)]) -> Self {
        let mut forms = Vec::new();
        for (name, text) in ENVIRONMENT.iter().chain(more) {
            forms.extend(texts(name, text));
        }
        for (path, text) in FILES {
            // The one word that looks like a canary: letters, digits, letters.
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let own = words.filter(|word| word.len() > 8 && word.bytes().any(|byte| byte.is_ascii_digit()));
            forms.extend(own.filter(|word| *word != "id_ed25519").flat_map(|word| texts(path, word)));
        }
        forms.extend(texts("the checkout's token", CHECKOUT_TOKEN));
        forms.push(("what is there outside from what is not".to_owned(), TOLD_APART.to_owned()));
        forms.extend(bytes("the ledger's key", key));
        for sealed in ledger.split("sealed\":\"").skip(1) {
            let text = sealed.split('"').next().unwrap_or_default();
            forms.push(("what the ledger has sealed".to_owned(), text.to_owned()));
        }
        forms.retain(|(_, form)| form.len() >= SHORTEST);
        Self(forms)
    }

    /// Secrets that are in what was said, also letter by letter with anything else between.
    pub(super) fn told(&self, said: &[u8]) -> Vec<String> {
        let letters =
            |text: &[u8]| text.iter().copied().filter(u8::is_ascii_alphanumeric).collect::<Vec<u8>>();
        let squeezed = letters(said);
        let mut found = Vec::new();
        for (name, form) in &self.0 {
            let apart = letters(form.as_bytes());
            let there = memchr::memmem::find(said, form.as_bytes()).is_some()
                || (apart.len() >= SHORTEST && memchr::memmem::find(&squeezed, &apart).is_some());
            if there {
                found.push(format!("{name}, as {form}"));
            }
        }
        found
    }
}

fn texts(name: &str, text: &str) -> Vec<(String, String)> {
    let reversed: String = text.chars().rev().collect();
    let swapped = [text.to_owned(), text.to_lowercase(), text.to_uppercase(), reversed];
    let plain = swapped.into_iter().map(|form| (name.to_owned(), form));
    plain.chain(bytes(name, text.as_bytes())).collect()
}

fn bytes(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let mut forms = vec![hex.to_uppercase(), hex];
    // Within a longer text, base64 depends on where the secret begins: what its neighbours share is cut off.
    for (before, shared) in [("", 0), ("x", 2), ("xx", 3)] {
        let encoded = STANDARD_NO_PAD.encode([before.as_bytes(), bytes].concat());
        let own = encoded.get(shared..(before.len() + bytes.len()) * 8 / 6).unwrap_or_default();
        forms.extend([own.to_owned(), own.replace('+', "-").replace('/', "_")]);
    }
    forms.into_iter().map(|form| (name.to_owned(), form)).collect()
}
