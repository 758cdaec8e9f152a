//! User memory, as the current thread sees it.
//!
//! A user address is an allegation: nothing is known about it until the copy itself has succeeded. [`Source`] and
//! [`Sink`] move on as
//! they are used, so a byte that was checked is the byte that is used. All copies run with preemption on and may sleep.

mod pointer;
mod raw;
mod segments;
mod sink;
mod source;
mod text;
mod word;

pub use pointer::UserPtr;
pub use sink::Sink;
pub use source::Source;
pub use text::read_c_string;
pub use word::{compare_exchange_u32, load_u32, update_u32};
