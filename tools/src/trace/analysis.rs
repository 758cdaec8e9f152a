//! What a trace says about the scheduler.

use super::model::Trace;

/// For people.
pub fn report(trace: &Trace) -> String {
    format!("{} events\n", trace.events.len())
}
