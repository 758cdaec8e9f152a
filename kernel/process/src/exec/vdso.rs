//! The pages with which programs read clocks by themselves, in every address space that runs one.

use abi::{Protection, Result};
use alloc::sync::Arc;
use arch::vdso;
use mm::frame::Frame;
use mm::pager::{self, Pager};
use mm::space::{Backing, Label, Mapping};
use mm::{Access, AddressSpace, FaultError};
use sync::Once;

const PAGE: usize = 4096;
/// The page of code, and the page of the clock's parameters.
const PAGES: usize = 2;

/// The one object that all spaces map.
struct Vdso {
    id: u64,
    pages: [Frame; PAGES],
}

static VDSO: Once<Arc<Vdso>> = Once::new();

impl Pager for Vdso {
    fn page(&self, index: u64, _access: Access) -> core::result::Result<Frame, FaultError> {
        usize::try_from(index).ok().and_then(|index| self.pages.get(index)).cloned().ok_or(FaultError::BeyondEnd)
    }

    fn id(&self) -> u64 {
        self.id
    }
}

/// Makes the pages; programs that start before do without. ENOMEM.
pub fn init() -> Result<()> {
    let (code, parameters) = (Frame::zeroed()?, Frame::zeroed()?);
    let written = code.write(0, vdso::image());
    debug_assert_eq!(written, vdso::image().len(), "the image fits its page");
    vdso::install(parameters.clone().leak());
    let object = mm::alloc::try_arc(Vdso { id: pager::new_id(), pages: [code, parameters] })?;
    VDSO.call_once(|| object);
    Ok(())
}

/// Maps the pages; where the image begins, or 0 where there is none.
pub(super) fn map(space: &Arc<AddressSpace>) -> Result<u64> {
    let Some(object) = VDSO.get() else { return Ok(0) };
    let protection = Protection::READ | Protection::EXECUTE;
    let start = space.map(Mapping {
        protection,
        max_protection: protection,
        backing: Backing::Pages { pager: object.clone(), offset: 0 },
        label: Label::Vdso,
        ..Mapping::anonymous(PAGES * PAGE)
    })?;
    Ok(start.as_u64())
}
