//! Page faults that the kernel takes itself, in user copies.

/// Resolves a fault of kernel code on a user address. True: retry the instruction. False: the copy ends short.
pub fn kernel_fault(fault: &arch::Fault) -> bool {
    let _ = fault;
    todo!()
}
