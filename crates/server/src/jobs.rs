//! What nobody asks for and has to be done all the same, every few seconds. Several servers may do it at once: each job is a transaction.
//!
//! * leases under `reclaim` are taken back when they have ended;
//! * meters whose period is over are closed, once no engine has anything of it still to say;
//! * engines that weren't heard for as long as the operator says count as gone, so that they hold up no period for ever;
//! * sessions and tickets that are over are forgotten.

use std::time::Duration;

use limitr_ledger::rows::{Key, Rows};
use limitr_ledger::{instances, leases};
use limitr_protocol::InstanceId;
use sqlx::Row as _;

use crate::app::App;
use crate::auth::tokens;
use crate::clock;
use crate::db::{ENVIRONMENTS, Failed, Locks, Scope, instance_of, meter_key_of};

const EVERY: Duration = Duration::from_secs(5);
/// Most meters, or instances, in one transaction.
const AT_ONCE: i64 = 100;

/// Does it for as long as the server runs.
pub(crate) async fn run(app: App, reclaim: bool, forget_after_ms: i64) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(failed) = round(&app, reclaim, forget_after_ms).await {
            tracing::warn!(?failed, "a job is left for the next round");
        }
    }
}

async fn round(app: &App, reclaim: bool, forget_after_ms: i64) -> Result<(), Failed> {
    let now = clock::now();
    for table in ["sessions", "tickets"] {
        let statement = format!("DELETE FROM {table} WHERE expires_at < $1");
        sqlx::query(&statement).bind(now).execute(app.database.writer()).await?;
    }
    tokens::end_revoked(app).await?; // in case that the news of it was lost
    let workspaces = sqlx::query("SELECT workspace FROM workspaces").fetch_all(app.database.reader()).await?;
    for row in workspaces {
        let workspace: i64 = row.try_get(0)?;
        for environment in ENVIRONMENTS {
            let scope = Scope { workspace, environment };
            if reclaim {
                let take_back = |rows: &mut Rows| Ok((leases::take_back(rows, now)?, Vec::new()));
                app.database.run(&scope, Locks::Periods, take_back).await?;
            }
            end_silent(app, &scope, now - forget_after_ms).await?;
            close_periods(app, &scope, now).await?;
        }
    }
    Ok(())
}

async fn end_silent(app: &App, scope: &Scope, before: i64) -> Result<(), Failed> {
    let statement = "SELECT id FROM instances \
                     WHERE workspace = $1 AND environment = $2 AND ended = 0 AND heard_at < $3 LIMIT $4";
    let query = scope.query(statement).bind(before).bind(AT_ONCE);
    let silent = query.fetch_all(app.database.reader()).await?;
    let silent: Vec<InstanceId> = silent.iter().map(instance_of).collect::<Result<_, _>>()?;
    for instance in silent {
        tracing::info!(
            environment = scope.environment,
            "an engine that wasn't heard for long counts as gone"
        );
        let end = |rows: &mut Rows| Ok((instances::end(rows, instance, false)?, Vec::new()));
        app.database.run(scope, Locks::All, end).await?;
    }
    Ok(())
}

async fn close_periods(app: &App, scope: &Scope, now: i64) -> Result<(), Failed> {
    // Those that an engine may still have something of aren't looked at: the ledger would leave them open.
    let statement = "SELECT customer, what, period_start FROM meters WHERE workspace = $1 AND environment = $2 \
                     AND closed_at IS NULL AND period_end <= COALESCE((SELECT MIN(watermark) FROM instances \
                     WHERE workspace = $1 AND environment = $2 AND ended = 0), $3) LIMIT $4";
    let query = scope.query(statement).bind(now).bind(AT_ONCE);
    let over = query.fetch_all(app.database.reader()).await?;
    let over: Vec<_> = over.iter().map(meter_key_of).collect::<Result<_, _>>()?;
    if over.is_empty() {
        return Ok(());
    }
    let close = |rows: &mut Rows| {
        rows.want(over.iter().cloned().map(Key::Meter))?;
        for key in &over {
            leases::close_period(rows, now, key)?;
        }
        Ok(((), Vec::new()))
    };
    app.database.run(scope, Locks::Periods, close).await.map(drop)
}
