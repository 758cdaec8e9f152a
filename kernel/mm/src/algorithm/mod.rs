//! Algorithms without hardware: they build and are tested on the host.

pub mod bitmap;
pub mod buddy;
pub mod page_tree;
pub mod region_map;
