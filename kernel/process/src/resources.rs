//! What a process holds and gives back when it ends.

use crate::limits::{Resource, ResourceLimits};
use alloc::sync::Arc;
use mm::AddressSpace;
use object::Table;

/// What a process gives back when it ends.
#[derive(Clone)]
pub struct Resources {
    /// The capability table.
    pub table: Arc<Table>,
    /// The address space.
    pub space: Arc<AddressSpace>,
}

impl Resources {
    /// Has table and space obey the limits.
    pub(crate) fn enforce(&self, limits: &ResourceLimits) {
        self.table.set_limit(usize::try_from(limits.soft(Resource::OpenFiles)).unwrap_or(usize::MAX));
        self.space.set_limits(mm::space::Limits {
            address_space: limits.soft(Resource::AddressSpace),
            data: limits.soft(Resource::Data),
            stack: limits.soft(Resource::Stack),
        });
    }
}
