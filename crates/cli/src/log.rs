//! The log that `-vv` and `-vvv` write to stderr. Never holds a secret: libraries log none.

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::LogFormat;

/// Sets the log up: nothing below `-vv`, our own crates at `-vv`, everything at `-vvv`.
pub(crate) fn set_up(verbosity: u8, format: LogFormat) {
    let filter = match verbosity {
        0 | 1 => return,
        2 => Targets::new()
            .with_target("divvy", LevelFilter::DEBUG)
            .with_target("divvy_genesys", LevelFilter::DEBUG)
            .with_target("divvy_terraform", LevelFilter::DEBUG)
            .with_target("divvy_plugin", LevelFilter::DEBUG),
        _ => Targets::new().with_default(LevelFilter::TRACE),
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(|| crate::door::Log).with_ansi(false);
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    // A second set-up happens only in tests.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}
