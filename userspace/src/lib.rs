//! The SDK.
#![deny(unsafe_code)]
