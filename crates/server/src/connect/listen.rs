//! Hears what other servers on the same PostgreSQL have committed.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::news;
use crate::app::App;
use crate::auth::tokens;

/// How long to wait after the connection was lost.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens for as long as the server runs. After a gap every connection looks everywhere, so nothing that was missed stays missed.
pub(crate) async fn listen(app: App) {
    loop {
        if let Err(error) = hear(&app).await {
            tracing::warn!(%error, "not listening to other servers");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(app: &App) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(&app.database.url).await?;
    listener.listen(news::CHANNEL).await?;
    app.hub.look_everywhere();
    tokens::end_revoked(app).await?;
    while let Some(notice) = listener.try_recv().await? {
        if let Some((scope, news)) = news::read(notice.payload()) {
            app.hub.deliver(&scope, &news);
        }
    }
    Ok(()) // the connection was lost
}
