//! The calls that limit slots, and lend and take back capabilities.

use abi::Result;
use abi::table::number;
use caps::Rights;

use crate::raw::call;

/// What the calls take for a set of rights.
pub fn words(rights: Rights) -> [u64; 2] {
    [rights.bits() as u64, (rights.bits() >> 64) as u64]
}

/// Limits a slot.
pub fn limit(slot: usize, rights: Rights) -> Result<usize> {
    call(number::cap_rights_limit, &[slot, words(rights).as_ptr() as usize])
}

/// A slot's rights.
pub fn rights(slot: usize) -> Result<Rights> {
    let mut found = [0_u64; 2];
    call(number::cap_rights_get, &[slot, found.as_mut_ptr() as usize])?;
    Ok(Rights::from_bits_retain(u128::from(found[0]) | u128::from(found[1]) << 64))
}

/// A duplicate with less.
pub fn without(slot: usize, rights: Rights) -> Result<usize> {
    let copy = crate::raw::dup(slot)?;
    limit(copy, Rights::ALL - rights)?;
    Ok(copy)
}

/// Lends a slot.
pub fn derive(slot: usize, rights: Rights) -> Result<usize> {
    derive_until(slot, rights, 0)
}

/// Lends a slot until a time of the monotonic clock.
pub fn derive_until(slot: usize, rights: Rights, deadline_ns: u64) -> Result<usize> {
    call(number::cap_derive, &[slot, words(rights).as_ptr() as usize, deadline_ns as usize, 0])
}

/// Takes back whatever was derived from a slot: how many grants.
pub fn revoke(slot: usize) -> Result<usize> {
    call(number::cap_revoke, &[slot])
}

/// Narrows a slot's grant.
pub fn limit_grant(slot: usize, rights: Rights) -> Result<usize> {
    call(number::cap_grant_limit, &[slot, words(rights).as_ptr() as usize])
}

/// Everything that a reader of a file may do, lent or not.
pub const READER: Rights =
    Rights::READER.union(Rights::SEEK).union(Rights::MMAP_R).union(Rights::DERIVE).union(Rights::REVOKE);
