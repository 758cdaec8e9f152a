//! Audit: records of denials.
pub mod ring;
