//! Customers: listed, shown, created, put on another plan; what they did and what they used.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use limitr_engine::quantity::Amount;
use limitr_ledger::audit::{self, Deed};
use limitr_ledger::rows::Rows;
use limitr_ledger::{Refusal, Wake, customers};
use limitr_protocol::{Ensured, What};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row as _;
use utoipa::ToSchema;

use super::extract::{self, Json, Path, Query};
use crate::app::App;
use crate::auth::access::{Change, In, OneCustomer, Read, Who};
use crate::auth::tokens::Power;
use crate::clock;
use crate::connect::news::News;
use crate::db::{Locks, Scope, change_of, meter_of};
use crate::problem::Problem;

/// Most customers, changes or periods in one answer.
const LISTED_MAX: i64 = 500;

/// A customer in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listed {
    id: String,
    plan: String,
    label: String,
    /// How many changes of it are committed.
    rev: i64,
}

/// Customers in the order of their IDs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Customers {
    customers: Vec<Listed>,
    /// What to pass as `after` for those that follow; none: these were all.
    next: Option<String>,
}

/// Where to begin, and what to look for.
#[derive(Deserialize)]
pub(crate) struct Search {
    after: Option<String>,
    limit: Option<i64>,
    search: Option<String>,
}

/// Where to begin.
#[derive(Deserialize)]
pub(crate) struct Page {
    after: Option<i64>,
    limit: Option<i64>,
}

/// What was done to a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changed {
    /// Its place in the customer's log.
    rev: u64,
    /// The instance that did it; 0: the server itself.
    author: String,
    /// The change, as engines write it.
    #[schema(value_type = Object)]
    change: Value,
}

/// A customer's log.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changes {
    changes: Vec<Changed>,
    next: Option<u64>,
}

/// What was used of a limit, cap or grant in one period. Amounts are numbers, or decimal texts where a double
/// can't hold them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Used {
    /// `{"limit": "chat"}`, `{"cap": "cap_1"}` or `{"grant": 3}`.
    #[schema(value_type = Object)]
    what: What,
    /// When the period began, in milliseconds since the epoch.
    period_start: i64,
    /// When it ends or ended, if that is known.
    period_end: Option<i64>,
    /// Units that count against it.
    #[schema(value_type = f64)]
    spent: Amount,
    /// What engines have leased and spent.
    #[schema(value_type = f64)]
    reserved: Amount,
    /// All units, with those that grants cover.
    #[schema(value_type = f64)]
    units: Amount,
    /// What is billed, in runes.
    #[schema(value_type = f64)]
    billed: Amount,
    /// Your cost, in runes.
    #[schema(value_type = f64)]
    overhead: Amount,
    /// When the period was closed: nothing more was to come.
    closed_at: Option<i64>,
    /// What came after that all the same.
    #[schema(value_type = f64)]
    late: Amount,
}

/// A customer's usage, the latest periods first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    usage: Vec<Used>,
}

/// A customer to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    id: String,
    /// Empty: that of the nearest reference with one, else the default plan.
    #[serde(default)]
    plan: String,
    /// Its type; `user` if not given.
    #[serde(rename = "type")]
    kind: Option<String>,
    label: Option<String>,
    #[serde(default)]
    refs: Vec<String>,
    #[serde(default)]
    alts: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    metadata: Value,
}

/// Another plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// Its name in the policy; empty: that of the nearest reference with one, else the default plan.
    plan: String,
}

/// Whether the call changed anything.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    changed: bool,
}

fn unknown(id: &str) -> Problem {
    Problem::not_found("unknown_customer", format!("there is no customer `{id}`"))
}

/// A token for one customer reads that one only, and is told nothing of others.
fn only_own(caller: &In<OneCustomer>, id: &str) -> Result<(), Problem> {
    let Who::Token(token) = &caller.who else { return Ok(()) };
    let may = token.powers.iter().any(|power| match power {
        Power::Customer(own) => own == id,
        Power::Read | Power::Admin => true,
        Power::Engine => false,
    });
    if may { Ok(()) } else { Err(Problem::forbidden("the token reads another customer")) }
}

/// Lists customers in the order of their IDs. `search` finds a part of an ID or a label.
#[utoipa::path(
    get, path = "/v1/customers", tag = "customers",
    params(
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
        ("after" = Option<String>, Query, description = "Only IDs after this one"),
        ("limit" = Option<i64>, Query, description = "At most so many, 500 at most"),
        ("search" = Option<String>, Query, description = "A part of an ID or a label"),
    ),
    responses((status = 200, body = Customers), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: In<Read>,
    Query(page): Query<Search>,
) -> Result<impl IntoResponse, Problem> {
    let limit = page.limit.unwrap_or(100).clamp(1, LISTED_MAX);
    let escaped = page.search.unwrap_or_default().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let statement = "SELECT id, plan, label, rev FROM customers WHERE workspace = $1 AND environment = $2 AND id > $3 \
                     AND removed = 0 AND record <> '' AND (LOWER(id) LIKE LOWER($4) ESCAPE '!' OR LOWER(label) LIKE LOWER($4) ESCAPE '!') \
                     ORDER BY id LIMIT $5";
    let query = caller.scope.query(statement).bind(page.after.unwrap_or_default());
    let rows = query.bind(format!("%{escaped}%")).bind(limit).fetch_all(app.database.reader()).await?;
    let customers = rows.iter().map(|row| {
        Ok(Listed {
            id: row.try_get(0)?,
            plan: row.try_get(1)?,
            label: row.try_get(2)?,
            rev: row.try_get(3)?,
        })
    });
    let customers: Vec<Listed> = customers.collect::<Result<_, sqlx::Error>>()?;
    let next = customers.last().map(|last| last.id.clone()).filter(|_| customers.len() as i64 == limit);
    Ok(extract::ok(Customers { customers, next }))
}

/// Shows a customer's record as it stands: with what it used in the present periods.
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "customers",
    params(
        ("id" = String, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 200, body = Value), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin", "customer"]))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: In<OneCustomer>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    only_own(&caller, &id)?;
    let key: Box<str> = id.as_str().into();
    let read = |rows: &mut Rows| {
        let record = match rows.customer(&key)?.filter(|row| !row.removed) {
            Some(row) => Some(customers::counted(rows, &key, &row.record)?),
            None => None,
        };
        Ok((record, Vec::new()))
    };
    let (record, _) = app.database.run(&caller.scope, Locks::Snapshot, read).await?;
    Ok(extract::ok(record.ok_or_else(|| unknown(&id))?))
}

/// Lists what was done to a customer, in commit order.
#[utoipa::path(
    get, path = "/v1/customers/{id}/changes", tag = "customers",
    params(
        ("id" = String, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
        ("after" = Option<i64>, Query, description = "Only changes after this revision"),
        ("limit" = Option<i64>, Query, description = "At most so many, 500 at most"),
    ),
    responses((status = 200, body = Changes), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin", "customer"]))
)]
pub(crate) async fn changes(
    State(app): State<App>,
    caller: In<OneCustomer>,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<impl IntoResponse, Problem> {
    only_own(&caller, &id)?;
    let limit = page.limit.unwrap_or(100).clamp(1, LISTED_MAX);
    let statement = "SELECT rev, author, change FROM changes \
                     WHERE workspace = $1 AND environment = $2 AND customer = $3 AND rev > $4 ORDER BY rev LIMIT $5";
    let query = caller.scope.query(statement).bind(id.clone()).bind(page.after.unwrap_or(0)).bind(limit);
    let rows = query.fetch_all(app.database.reader()).await?;
    let changes = rows.iter().map(|row| {
        let (rev, author, change) = change_of(row)?;
        let author = if author.bytes().all(|digit| digit == b'0') { "0".to_string() } else { author };
        Ok(Changed { rev, author, change })
    });
    let changes: Vec<Changed> = changes.collect::<Result<_, sqlx::Error>>()?;
    let next = changes.last().map(|last| last.rev).filter(|_| changes.len() as i64 == limit);
    if changes.is_empty() && !is_there(&app, &caller.scope, &id).await? {
        return Err(unknown(&id));
    }
    Ok(extract::ok(Changes { changes, next }))
}

async fn is_there(app: &App, scope: &Scope, id: &str) -> Result<bool, Problem> {
    let statement =
        "SELECT 1 FROM customers WHERE workspace = $1 AND environment = $2 AND id = $3 AND record <> ''";
    let row = scope.query(statement).bind(id.to_string()).fetch_optional(app.database.reader()).await?;
    Ok(row.is_some())
}

/// Lists what a customer used, by limit, cap and grant and by period, the latest periods first.
#[utoipa::path(
    get, path = "/v1/customers/{id}/usage", tag = "customers",
    params(
        ("id" = String, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 200, body = Usage), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin", "customer"]))
)]
pub(crate) async fn usage(
    State(app): State<App>,
    caller: In<OneCustomer>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    only_own(&caller, &id)?;
    let statement = "SELECT what, period_start, spent_high, spent_low, reserved_high, reserved_low, units_high, units_low, \
                     granted_high, granted_low, overhead_high, overhead_low, billed_high, billed_low, period_end, closed_at, \
                     late_high, late_low FROM meters WHERE workspace = $1 AND environment = $2 AND customer = $3 \
                     ORDER BY period_start DESC, what LIMIT $4";
    let query = caller.scope.query(statement).bind(id.clone()).bind(LISTED_MAX);
    let rows = query.fetch_all(app.database.reader()).await?;
    let usage = rows.iter().map(|row| {
        let (what, period_start, meter) = meter_of(row)?;
        let (spent, reserved, sums) = (meter.spent, meter.reserved, meter.sums);
        Ok(Used {
            what,
            period_start,
            period_end: meter.period_end,
            spent,
            reserved,
            units: sums.units,
            billed: sums.billed,
            overhead: sums.overhead,
            closed_at: meter.closed_at,
            late: meter.late,
        })
    });
    let usage: Vec<Used> = usage.collect::<Result<_, sqlx::Error>>()?;
    if usage.is_empty() && !is_there(&app, &caller.scope, &id).await? {
        return Err(unknown(&id));
    }
    Ok(extract::ok(Usage { usage }))
}

fn check_name(field: &str, name: &str, least: usize) -> Result<(), Problem> {
    match (least..=256).contains(&name.len()) && !name.contains('\0') {
        true => Ok(()),
        false => {
            Err(Problem::new(422, "invalid_name", format!("`{field}` has {least} to 256 bytes, and no NUL")))
        }
    }
}

/// Creates a customer unless there is one.
#[utoipa::path(
    post, path = "/v1/customers", tag = "customers",
    params(("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session")),
    request_body = Wanted,
    responses((status = 201, body = Done), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: In<Change>,
    Json(wanted): Json<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    check_name("id", &wanted.id, 1)?;
    let names = |list: &[String]| list.iter().map(|name| name.as_str().into()).collect();
    let ensured = Ensured {
        id: wanted.id.as_str().into(),
        plan: wanted.plan.as_str().into(),
        kind: wanted.kind.as_deref().map(Into::into),
        label: wanted.label.as_deref().map(Into::into),
        refs: names(&wanted.refs),
        alts: names(&wanted.alts),
        metadata: wanted.metadata,
    };
    let environment = app.hub.environment(&caller.scope);
    let create = |rows: &mut Rows| {
        let now = clock::now();
        let mut desk = environment.desk();
        let changed = customers::ensure(rows, desk.rules(rows)?, now, &ensured)?;
        if rows.customer(&ensured.id)?.is_none_or(|row| row.removed) {
            let message = "the customer would have no plan: name one, or give the policy a default plan";
            let (code, message) = ("no_plan", message.to_string());
            return Err(Refusal { code, message, fatal: false, diagnostics: Vec::new() }.into());
        }
        if changed {
            let deed = Deed {
                actor: caller.actor(),
                action: "customer.create",
                subject: &ensured.id,
                detail: json!({ "plan": ensured.plan }),
            };
            audit::note(rows, now, deed)?;
        }
        Ok((changed, Vec::new()))
    };
    let (changed, _) = app.database.run(&caller.scope, Locks::All, create).await?;
    let status = if changed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, extract::ok(Done { changed })))
}

/// Puts a customer on another plan. Engines that hold it hear of it at once.
#[utoipa::path(
    put, path = "/v1/customers/{id}/plan", tag = "customers",
    params(
        ("id" = String, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    request_body = Plan,
    responses((status = 200, body = Done), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn set_plan(
    State(app): State<App>,
    caller: In<Change>,
    Path(id): Path<String>,
    Json(wanted): Json<Plan>,
) -> Result<impl IntoResponse, Problem> {
    check_name("id", &id, 1)?;
    check_name("plan", &wanted.plan, 0)?;
    let environment = app.hub.environment(&caller.scope);
    let set = |rows: &mut Rows| {
        let now = clock::now();
        let mut desk = environment.desk();
        let rules = desk.rules(rows)?;
        let changed = customers::act(rows, rules, now, &id, |engine| {
            engine.set_customer_plan(now, &id, &wanted.plan, false)
        })?;
        if !changed {
            return Ok((false, Vec::new()));
        }
        let detail = json!({ "plan": wanted.plan });
        let deed = Deed { actor: caller.actor(), action: "customer.plan", subject: &id, detail };
        audit::note(rows, now, deed)?;
        Ok((true, vec![News::Wake(Wake::Customer(id.as_str().into()))]))
    };
    let (changed, news) = app.database.run(&caller.scope, Locks::All, set).await?;
    app.hub.deliver(&caller.scope, &news);
    Ok(extract::ok(Done { changed }))
}
