//! Proxies, as the environment names them, except for this machine's own addresses.

use std::collections::BTreeMap;

use relplan_contract::Problem;
use reqwest::{ClientBuilder, NoProxy, Proxy};

/// What no proxy is ever asked for: it would look for the service on its own machine.
const OWN_ADDRESSES: &str = "localhost,.localhost,127.0.0.0/8,::1";

/// Makes the proxy of a URL for one sort of requests.
type ProxyFor = fn(String) -> reqwest::Result<Proxy>;

/// The builder with the proxies of the environment.
pub(crate) fn with_proxies(
    builder: ClientBuilder,
    environment: &BTreeMap<String, String>,
) -> Result<ClientBuilder, Problem> {
    let variable = |names: &[&str]| {
        let values = names.iter().filter_map(|name| environment.get(*name));
        values.map(|value| value.trim()).find(|value| !value.is_empty()).map(str::to_owned)
    };
    let excluded = variable(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
    let excluded = NoProxy::from_string(&format!("{OWN_ADDRESSES},{excluded}"));
    // Upper case `HTTP_PROXY` is what a web server hands to a program for the request's header `Proxy`.
    let wanted: [(&[&str], ProxyFor); 3] = [
        (&["https_proxy", "HTTPS_PROXY"], |url| Proxy::https(url)),
        (&["http_proxy"], |url| Proxy::http(url)),
        (&["all_proxy", "ALL_PROXY"], |url| Proxy::all(url)),
    ];
    let mut builder = builder.no_proxy();
    for (names, proxy) in wanted {
        if let Some(url) = variable(names) {
            // The URL may hold a password, and so may the error's text.
            let proxy = proxy(url).map_err(|_| {
                Problem::refused(format!("The environment variable {} names no proxy.", names.join(" or ")))
                    .hint("Give it the proxy's URL, such as http://proxy.example:3128.")
            })?;
            builder = builder.proxy(proxy.no_proxy(excluded.clone()));
        }
    }
    Ok(builder)
}
