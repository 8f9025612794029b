//! What a server is started with: flags first, then the environment, then defaults.

use std::ffi::OsString;

use crate::rest::origins;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it listens; 127.0.0.1.
    pub host: String,
    /// On which port, 0 for any; 8787.
    pub port: u16,
    /// The path of a SQLite file, or a PostgreSQL address; `limitr-cloud.db`.
    pub database: String,
    /// Whether what is printed at the start is one line of JSON.
    pub json: bool,
    /// Most sockets of this server; 20,000.
    pub sockets: usize,
    /// Most sockets of one token at this server; 10,000.
    pub sockets_per_token: usize,
    /// Whether what a lease leaves unreported is granted anew when it has ended, at the risk of granting it twice.
    pub reclaim: bool,
    /// After how many hours an engine that wasn't heard counts as gone for good; 168.
    pub forget_after_hours: u32,
    /// Whether cookies are only sent over TLS: for a server behind a proxy that ends it.
    pub secure_cookies: bool,
    /// Of which origins pages may ask what engines ask; `*` alone: of all. None.
    pub origins: Vec<String>,
}

/// What `--help` says.
pub(crate) const HELP: &str = "\
limitr-server: the control plane of Limitr Cloud

  --host HOST               where to listen                   HOST          127.0.0.1
  --port PORT               on which port, 0 for any          PORT          8787
  --database PLACE          a SQLite file's path, or          DATABASE_URL  limitr-cloud.db
                            postgres://user@host/name
  --print json              print one line of JSON at the start
  --sockets COUNT           most engines at this server       20000
  --sockets-per-token COUNT most engines of one token         10000
  --reclaim                 grant anew what ended leases left unreported
  --forget-after HOURS      when a silent engine counts as gone for good   168
  --secure-cookies          cookies only over TLS: behind a proxy that ends it
  --origins LIST            whose pages may connect engines:  ORIGINS       none
                            https://app.example.com,…, or *
  --help                    this
";

#[allow(
    clippy::disallowed_methods,
    reason = "a server takes settings from its environment, here and nowhere else"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// Reads arguments and the environment; `None`: help is asked for.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn read(arguments: Vec<OsString>) -> Result<Option<Config>, String> {
        Config::of(arguments, environment)
    }

    fn of(
        arguments: Vec<OsString>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Config>, String> {
        let mut left = pico_args::Arguments::from_vec(arguments);
        if left.contains("--help") {
            return Ok(None);
        }
        let mut text = |flag: &'static str, variable: Option<&str>, default: &str| {
            let given: Option<String> = left.opt_value_from_str(flag).map_err(|error| error.to_string())?;
            let given = given.or_else(|| variable.and_then(&environment));
            Ok::<String, String>(given.unwrap_or_else(|| default.to_string()))
        };
        let port = text("--port", Some("PORT"), "8787")?;
        let host = text("--host", Some("HOST"), "127.0.0.1")?;
        let database = text("--database", Some("DATABASE_URL"), "limitr-cloud.db")?;
        let print = text("--print", None, "text")?;
        let sockets = text("--sockets", None, "20000")?;
        let sockets_per_token = text("--sockets-per-token", None, "10000")?;
        let forget_after = text("--forget-after", None, "168")?;
        let origins = text("--origins", Some("ORIGINS"), "")?;
        let config = Config {
            host,
            port: number("--port", &port)?,
            database,
            json: match &*print {
                "json" => true,
                "text" => false,
                _ => return Err(format!("`--print` is `json` or `text`, not `{print}`")),
            },
            sockets: number("--sockets", &sockets)?,
            sockets_per_token: number("--sockets-per-token", &sockets_per_token)?,
            forget_after_hours: number("--forget-after", &forget_after)?,
            reclaim: left.contains("--reclaim"),
            secure_cookies: left.contains("--secure-cookies"),
            origins: origins::read(&origins)?,
        };
        match left.finish().first() {
            Some(unknown) => {
                Err(format!("`{}` is no flag of this server: see `--help`", unknown.to_string_lossy()))
            }
            None => Ok(Some(config)),
        }
    }
}

fn number<T: std::str::FromStr>(flag: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{flag}` is a whole number, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], port: Option<&str>) -> Result<Option<Config>, String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        Config::of(arguments, |name| port.filter(|_| name == "PORT").map(str::to_string))
    }

    #[test]
    fn flags_come_before_the_environment_and_defaults() {
        assert_eq!(read(&[], None).unwrap().unwrap().port, 8787);
        assert_eq!(read(&[], Some("9000")).unwrap().unwrap().port, 9000);
        let both = read(&["--port", "0", "--print", "json"], Some("9000")).unwrap().unwrap();
        assert_eq!((both.port, both.json), (0, true));
        assert_eq!(read(&["--help"], None).unwrap(), None);
        assert!(read(&[], None).unwrap().unwrap().origins.is_empty());
        let open = read(&["--origins", "https://a.example,https://b.example"], None).unwrap().unwrap();
        assert_eq!(open.origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(read(&["--port", "x"], None).unwrap_err(), "`--port` is a whole number, not `x`");
        assert_eq!(
            read(&["--prt", "1"], None).unwrap_err(),
            "`--prt` is no flag of this server: see `--help`"
        );
        assert_eq!(read(&["--print", "xml"], None).unwrap_err(), "`--print` is `json` or `text`, not `xml`");
    }
}
