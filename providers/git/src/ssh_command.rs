//! A `core.sshCommand` of a repository's own: CI writes one beside the key that it was given for the checkout.
//!
//! A command of the repository's choice is not run. One that is plainly `ssh` with a key, a port or the file of known
//! hosts is taken apart and written anew.

/// Options with a value whose names start with `-o`, and which make ssh run nothing.
const SETTINGS: [&str; 9] = [
    "BatchMode",
    "CheckHostIP",
    "ConnectTimeout",
    "IdentitiesOnly",
    "IdentityFile",
    "Port",
    "StrictHostKeyChecking",
    "User",
    "UserKnownHostsFile",
];

/// The command with each word quoted; none where it may be anything but `ssh` with such options.
pub(crate) fn plain(command: &str) -> Option<String> {
    let words = words(command)?;
    let mut words = words.iter().map(String::as_str);
    if !matches!(words.next()?, "ssh" | "/usr/bin/ssh" | "/bin/ssh") {
        return None;
    }
    let mut plain = "ssh".to_owned();
    while let Some(word) = words.next() {
        match word {
            "-4" | "-6" | "-a" | "-q" | "-x" => plain.push_str(&format!(" {word}")),
            "-i" | "-p" => {
                let value = words.next().filter(|word| is_value(word))?;
                plain.push_str(&format!(" {word} {}", quoted(value)));
            }
            "-o" => {
                let setting = words.next().filter(|word| is_setting(word))?;
                plain.push_str(&format!(" -o {}", quoted(setting)));
            }
            _ => {
                let setting = word.strip_prefix("-o").filter(|word| is_setting(word))?;
                plain.push_str(&format!(" -o {}", quoted(setting)));
            }
        }
    }
    Some(plain)
}

fn is_value(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('-')
}

fn is_setting(word: &str) -> bool {
    // ssh takes a blank for the equals sign as well: only the plain form is let through.
    let Some((name, value)) = word.split_once('=') else { return false };
    let known = SETTINGS.iter().any(|known| known.eq_ignore_ascii_case(name));
    known && !value.is_empty() && !value.contains(['"', '%', '$', '\n'])
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The words of a line of a shell; none where the shell would do more than part it into words. A `~` stays: ssh knows it.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.trim().chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            // In double quotes, and outside of quotes, these begin something else than text.
            ('$' | '`' | '\\' | '!', None | Some('"')) | ('\n' | '\r' | '\0', _) => return None,
            (' ' | '\t', None) => words.extend(word.take()),
            (c, None) if ";&|<>(){}[]*?#^%".contains(c) => return None,
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_known_hosts_are_let_through() {
        for (command, told) in [
            ("ssh", "ssh"),
            ("ssh -i /run/key -p 22 -4", "ssh -i '/run/key' -p '22' -4"),
            (
                "\"/usr/bin/ssh\" -i \"/runner/a b\" -o StrictHostKeyChecking=yes -o CheckHostIP=no -o \"UserKnownHostsFile=/runner/hosts\"",
                "ssh -i '/runner/a b' -o 'StrictHostKeyChecking=yes' -o 'CheckHostIP=no' -o 'UserKnownHostsFile=/runner/hosts'",
            ),
            ("ssh -i ~/.ssh/deploy", "ssh -i '~/.ssh/deploy'"),
            ("ssh -oIdentitiesOnly=yes -i 'it'", "ssh -o 'IdentitiesOnly=yes' -i 'it'"),
        ] {
            assert_eq!(plain(command).as_deref(), Some(told), "{command}");
        }
    }

    #[test]
    fn whatever_could_run_something_is_not() {
        for command in [
            "",
            "touch x",
            "./ssh",
            "/tmp/ssh -i key",
            "ssh; touch x",
            "ssh && touch x",
            "ssh -i $(touch x)",
            "ssh -i \"`touch x`\"",
            "ssh -i \"$KEY\"",
            "ssh\ntouch x",
            "ssh > x",
            "ssh -F config",
            "ssh -o ProxyCommand=touch",
            "ssh -oProxyCommand=touch",
            "ssh -o proxycommand=touch",
            "ssh -o 'ProxyCommand touch'",
            "ssh -o PermitLocalCommand=yes",
            "ssh -o 'StrictHostKeyChecking=no\nProxyCommand=touch'",
            "ssh -o KnownHostsCommand=touch",
            "ssh -o User=a%h",
            "ssh -J h",
            "ssh -i -oProxyCommand=touch",
            "ssh -i",
            "ssh host",
            "ssh -i 'key",
            "VAR=x ssh",
        ] {
            assert_eq!(plain(command), None, "{command}");
        }
    }
}
