//! Names: how sockets are found that nobody has been given.

use super::SocketKind;
use super::address::Address;
use super::endpoint::Endpoint;
use abi::{Errno, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use object::Node;
use sync::ranks::SocketNames;
use sync::{Lazy, SpinLock};

/// What a name is looked up by.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// File system and inode number.
    Node(u64, u64),
    /// Each kind of conversation has names of its own.
    Abstract(SocketKind, Vec<u8>),
}

type Names = SpinLock<HashMap<Key, Weak<Endpoint>, FixedState>, SocketNames>;

/// Programs choose the names, so they must not know how they hash.
static NAMES: Lazy<Names> =
    Lazy::new(|| SpinLock::new(HashMap::with_hasher(FixedState::with_seed(arch::random::entropy()))));

fn key_of_node(node: &Arc<dyn Node>) -> Result<Key> {
    Ok(Key::Node(node.file_system()?.device(), node.id()))
}

fn key_of(address: &Address, kind: SocketKind) -> Result<Key> {
    Ok(match address {
        Address::Path(_, location) => key_of_node(location.node())?,
        Address::Abstract(name) => Key::Abstract(kind, mm::alloc::try_to_vec(name)?),
    })
}

/// Gives an endpoint a name. EADDRINUSE, ENOMEM.
pub fn bind(address: &Address, endpoint: &Arc<Endpoint>) -> Result<()> {
    let key = key_of(address, endpoint.kind)?;
    let mut names = NAMES.lock();
    names.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    if names.get(&key).is_some_and(|holder| holder.strong_count() > 0) {
        return Err(Errno::EADDRINUSE);
    }
    names.insert(key, Arc::downgrade(endpoint));
    Ok(())
}

/// Who has the name of a node of the file tree. ENOMEM.
pub fn find_node(node: &Arc<dyn Node>) -> Result<Option<Arc<Endpoint>>> {
    Ok(find(&key_of_node(node)?))
}

/// Who has a name outside the file tree.
pub fn find_abstract(kind: SocketKind, name: &[u8]) -> Result<Option<Arc<Endpoint>>> {
    Ok(find(&Key::Abstract(kind, mm::alloc::try_to_vec(name)?)))
}

fn find(key: &Key) -> Option<Arc<Endpoint>> {
    NAMES.lock().get(key)?.upgrade()
}

/// Frees the name of an endpoint, which is about to go.
pub fn release(address: &Address, endpoint: &Endpoint) {
    // Without memory for the key the entry stays, and is replaced by the next one that wants the name.
    let Ok(key) = key_of(address, endpoint.kind) else { return };
    let mut names = NAMES.lock();
    if names.get(&key).is_some_and(|holder| core::ptr::eq(holder.as_ptr(), endpoint)) {
        names.remove(&key);
    }
}
