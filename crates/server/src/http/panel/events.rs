//! `…/events`: server-sent events, so that a page shows what others do. They say that something has changed, not what:
//! the page asks for what it shows.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{Stream, unfold};
use reelshelf_domain::Result;
use serde::Serialize;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::answers::Refused;
use crate::app::App;
use crate::http::auth::Authorised;
use crate::library;

/// How long one answer goes on. The browser asks again, and is asked again who it is.
const LIFE: Duration = Duration::from_mins(1);
/// How often something is sent in any case, so that nobody takes the connection for dead.
const BEAT: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct Change {
    revision: i64,
}

/// The revision of the library now, and whenever it changes.
pub(super) async fn get(
    State(app): State<App>,
    Authorised(caller): Authorised,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let mut watched = library::watch(&app, caller.client).await?;
    // The first one is told at once: a page that was away finds out what it has missed.
    watched.mark_changed();
    let until = Instant::now() + LIFE;
    let changes = unfold((app, watched), move |(app, mut watched)| async move {
        tokio::select! {
            () = app.stopping.cancelled() => return None,
            () = tokio::time::sleep_until(until) => return None,
            changed = watched.changed() => changed.ok()?,
        }
        let event = told(&mut watched)?;
        Some((Ok(event), (app, watched)))
    });
    Ok(Sse::new(changes).keep_alive(KeepAlive::new().interval(BEAT)))
}

fn told(watched: &mut Receiver<i64>) -> Option<Event> {
    let revision = *watched.borrow_and_update();
    Event::default().event("change").id(revision.to_string()).json_data(Change { revision }).ok()
}
