//! Remembers every WARN and ERROR of the product, so that a test that provokes one must say so.

use std::fmt::Write;
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static EXPECTED: Mutex<Vec<&str>> = Mutex::new(Vec::new());
static STARTED: Once = Once::new();
/// Everything that is said, when a test listens.
static HEARD: Mutex<Option<Vec<String>>> = Mutex::new(None);

struct Remember;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl Remember {
    /// Ours at every level, and of others what an operator could turn on without drowning.
    fn hear(metadata: &Metadata<'_>, record: impl FnOnce(&mut Text)) {
        if !metadata.target().starts_with("reelshelf") && *metadata.level() > Level::DEBUG {
            return;
        }
        if let Some(heard) = HEARD.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let mut text = Text(format!("{} {} ", metadata.target(), metadata.name()));
            record(&mut text);
            heard.push(text.0);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Remember {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        Self::hear(span.metadata(), |text| span.record(text));
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(metadata) = context.metadata(span) {
            Self::hear(metadata, |text| values.record(text));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        Self::hear(event.metadata(), |text| event.record(text));
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

/// From now on everything is kept that is logged, spans and their fields too.
pub(crate) fn listen() {
    start();
    *HEARD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
}

/// What was logged since a test began to listen, and not asked for since.
pub(crate) fn heard() -> Vec<String> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner).replace(Vec::new()).unwrap_or_default()
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
