//! Remembers every WARN and ERROR of the product, so that a test that provokes one must say so.

use std::fmt::Write;
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static EXPECTED: Mutex<Vec<&str>> = Mutex::new(Vec::new());
static STARTED: Once = Once::new();

struct Remember;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl<S: Subscriber> Layer<S> for Remember {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let ours = event.metadata().target().starts_with("reelshelf");
        if ours && *event.metadata().level() <= Level::WARN {
            let mut text = Text(format!("{} ", event.metadata().level()));
            event.record(&mut text);
            SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(text.0);
        }
    }
}

pub(crate) fn start() {
    STARTED.call_once(|| tracing_subscriber::registry().with(Remember).init());
}

pub(crate) fn expect(part: &'static str) {
    EXPECTED.lock().unwrap_or_else(PoisonError::into_inner).push(part);
}

/// Fails the test for what was logged and not announced.
pub(crate) fn accuse() {
    let expected = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let surprises: Vec<_> = seen.into_iter().filter(|line| !expected.iter().any(|part| line.contains(part))).collect();
    assert!(surprises.is_empty(), "logged and not announced: {surprises:#?}");
}
