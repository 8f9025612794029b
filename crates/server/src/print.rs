//! What is said to whoever starts the server. Secrets are printed here, once, and nowhere else.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to whoever starts it: here and nowhere else"
)]

use serde_json::json;

use crate::config::{Config, HELP};
use crate::first::First;

/// Prints `--help`.
pub fn help() {
    print!("{HELP}");
}

/// Prints why the server doesn't start.
pub fn problem(problem: &str) {
    eprintln!("limitr-server: {problem}");
}

/// Prints where the server is, and at the first start how to get in.
pub(crate) fn ready(config: &Config, url: &str, first: Option<&First>) {
    if config.json {
        let line = match first {
            Some(first) => json!({
                "url": url,
                "first": true,
                "token": first.token,
                "adminToken": first.admin_token,
                "email": first.email,
                "password": first.password,
            }),
            None => json!({ "url": url, "first": false }),
        };
        println!("{line}");
        return;
    }
    println!("Limitr Cloud runs at {url}");
    println!("  database        {}", shown(&config.database));
    println!("  documentation   {url}/v1/docs");
    let Some(First { email, password, token, admin_token }) = first else { return };
    println!("\nThis is the first start. What follows is shown once; keep it.\n");
    println!("  sign in as      {email}");
    println!("  password        {password}   (for one time: choose another with it)");
    println!("  engine token    {token}   (environment `test`)");
    println!("  admin token     {admin_token}   (environment `test`)");
    println!("\nIn your app:\n");
    println!("  const limitr = await Limitr.cloud({{ token: '{token}', url: '{url}' }})");
    println!("\nGive it a policy, and change it while the app runs:\n");
    println!("  curl -H 'Authorization: Bearer {admin_token}' --data-binary @policy.yaml {url}/v1/policies");
    println!("  curl -H 'Authorization: Bearer {admin_token}' -X POST {url}/v1/policies/1/publish\n");
}

/// A database's place without its password.
fn shown(database: &str) -> String {
    match database.split_once("://") {
        Some((scheme, rest)) => {
            let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
            format!("{scheme}://{}", place.split('?').next().unwrap_or(place))
        }
        None => database.to_string(),
    }
}
