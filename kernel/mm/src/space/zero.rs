//! The zero frame: what untouched memory reads as.

use crate::error::OutOfMemory;
use crate::frame::Frame;
use sync::Once;

static ZERO: Once<Frame> = Once::new();

/// The one frame of zeros that all spaces borrow; never written, never freed.
///
/// Reading untouched memory maps it instead of a frame of its own: programs that read much and write little of a large
/// mapping (sparse tables, shadow memory) stay small. The price is a second fault, with a flush on the CPUs that run
/// the space, when such a page is written after all; memory that is written first never pays it.
pub(super) fn frame() -> Result<&'static Frame, OutOfMemory> {
    if let Some(frame) = ZERO.get() {
        return Ok(frame);
    }
    let fresh = Frame::zeroed()?;
    Ok(ZERO.call_once(|| fresh))
}
