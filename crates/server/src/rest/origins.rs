//! Pages of other origins: which may ask, and what. Only routes that engines and publishable tokens need are theirs, and only with a token or a
//! ticket: no answer says that credentials may be included, so no page elsewhere reads anything by the cookie of somebody who is signed in.

use std::time::Duration;

use axum::http::{HeaderValue, Method, Uri, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember that it may ask.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Reads a list such as `https://app.example.com,http://localhost:5173`, or `*` for every origin.
///
/// # Errors
/// What is none, and what to write.
pub(crate) fn read(list: &str) -> Result<Vec<String>, String> {
    let all: Vec<&str> = list.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
    if all == ["*"] {
        return Ok(vec!["*".to_string()]);
    }
    match all.iter().find(|origin| !is_origin(origin)) {
        Some(wrong) => Err(format!(
            "`--origins` has `{wrong}`: write origins as browsers do, such as `https://app.example.com`, or `*` alone"
        )),
        None => Ok(all.into_iter().map(String::from).collect()),
    }
}

/// Whether a text is an origin as browsers write it: a scheme and a host in lower case, and a port unless it is the scheme's own.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let standard = matches!((scheme, authority.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    let same = format!("{scheme}://{authority}").to_ascii_lowercase() == text;
    same && !standard && !authority.as_str().contains(['@', '*'])
}

/// What lets those origins in; `None`: there are none.
pub(crate) fn layer(origins: &[String]) -> Option<CorsLayer> {
    let allowed = match origins {
        [] => return None,
        [any] if any == "*" => AllowOrigin::any(),
        list => AllowOrigin::list(list.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let layer = CorsLayer::new().allow_origin(allowed).allow_methods([Method::GET, Method::POST]);
    Some(layer.allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]).max_age(REMEMBERED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let list = "https://app.example.com, http://localhost:5173,http://[::1]:80,,capacitor://localhost";
        assert!(read(list).unwrap_err().contains("`http://[::1]:80`"));
        let list = list.replace(":80", ":8080");
        assert_eq!(
            read(&list).unwrap(),
            [
                "https://app.example.com",
                "http://localhost:5173",
                "http://[::1]:8080",
                "capacitor://localhost"
            ]
        );
        assert_eq!(read("*").unwrap(), ["*"]);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for wrong in [
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://App.example.com",
            "https://*.example.com",
            "https://ann@example.com",
            "https://app.example.com:443",
            "https://a.example,*",
            "null",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
