//! The collector: finds sockets that only messages keep, and that nobody can receive any more.
//!
//! # The problem
//! A capability in a message is a reference. Two sockets that were sent to each other and then closed by everybody keep each other
//! for ever: no slot leads to them, yet neither is dropped. Counting references cannot see this.
//!
//! # The register
//! Messages that carry sockets are entered in a register: where they went, and which sockets they carry. So the graph (an edge
//! from the socket that has a message in its queue to each socket in that message) is here in one place, and looking for garbage
//! touches no queue. Messages without sockets, and so nearly all of them, never come near it.
//!
//! # The search
//! A socket's *handles* are the strong references to its object: slots, calls under way, and messages. Those that the register
//! cannot account for come from outside.
//! 1. Count for each registered socket how often it is under way.
//! 2. Those with more handles than that are held from outside: they are reached.
//! 3. The contents of a queue are reached if its owner is, or if the owner is not under way at all. The owner of a
//!    connection that was not accepted yet is the listening socket.
//! 4. Spread from what is reached, with a work list. What is left is garbage: its queues are emptied, which drops the handles
//!    in there, and with them the sockets.
//!
//! # Why it is right while everybody goes on
//! The register's lock is held from 1 to 3, and *a socket comes out of a message only under that lock*, by someone who
//! holds the owner of the queue from outside. So a socket without outside handles gets none during the search: it could only be
//! received. Hence those that step 2 finds unheld, one after the other, are all unheld together at its end, and stay so. Owners are asked
//! for afterwards (3): nobody can be accepting from an unheld socket then. A message that was taken from a queue and is still
//! registered, or registered and not yet in a queue, errs on the side of keeping.
//!
//! # Cost
//! Proportional to the number of sockets under way, which is bounded for each user ([`super::quota`]). It runs in a worker thread,
//! preemptible, under a sleeping lock that only senders and receivers of sockets take; nothing recurses.

use super::burial;
use super::endpoint::Endpoint;
use super::socket::Socket;
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use object::ObjectCapability;
use sched::deferred::Work;
use sync::ranks::SocketsInFlight;
use sync::{Mutex, MutexGuard};

/// So many messages with sockets under way make a search due at a send.
const MANY: usize = 4096;

/// One message that carries sockets.
struct Record {
    /// Whose queue it is in.
    to: Arc<Endpoint>,
    /// The sockets in it, each as often as it is there.
    sockets: Vec<Arc<Endpoint>>,
}

/// The records, in places that do not move; `free` has the empty ones.
struct Register {
    places: Vec<Option<Record>>,
    free: Vec<usize>,
}

/// A place in the register.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket(usize);

static REGISTER: Mutex<Register, SocketsInFlight> = Mutex::new(Register { places: Vec::new(), free: Vec::new() });
/// Records; changes under the lock.
static RECORDS: AtomicUsize = AtomicUsize::new(0);
/// A search is due and its thread has been told.
static IS_DUE: AtomicBool = AtomicBool::new(false);

/// Enters a message; `None` if no sockets are in it. ENOMEM.
pub fn register(capabilities: &[ObjectCapability], to: &Arc<Endpoint>) -> Result<Option<Ticket>> {
    let sockets = || capabilities.iter().filter_map(|capability| capability.object.downcast_ref::<Socket>());
    let count = sockets().count();
    if count == 0 {
        return Ok(None);
    }
    let mut list = mm::alloc::try_vec(count)?;
    list.extend(sockets().map(|socket| socket.endpoint().clone()));
    let record = Record { to: to.clone(), sockets: list };
    let mut register = REGISTER.lock();
    let register = &mut *register;
    // Room to free every place is made with the place, so that leaving never fails.
    let place = match register.free.pop() {
        Some(place) => place,
        None => {
            register.places.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            register.free.try_reserve(register.places.len() + 1).map_err(|_| Errno::ENOMEM)?;
            register.places.push(None);
            register.places.len() - 1
        }
    };
    register.places[place] = Some(record);
    let records = RECORDS.fetch_add(1, Ordering::Relaxed) + 1;
    if records.is_multiple_of(MANY) {
        schedule();
    }
    Ok(Some(Ticket(place)))
}

/// Takes a message out.
pub fn unregister(ticket: Ticket) {
    let record = {
        let mut register = REGISTER.lock();
        register.free.push(ticket.0);
        RECORDS.fetch_sub(1, Ordering::Relaxed);
        register.places[ticket.0].take()
    };
    drop(record);
}

/// While this is held, no search is under way.
#[must_use]
pub struct Pause {
    _register: MutexGuard<'static, Register, SocketsInFlight>,
}

/// Keeps searches from starting.
pub fn pause() -> Pause {
    Pause { _register: REGISTER.lock() }
}

/// A handle to a socket went away that may have been the last one from outside: has a search made if there can be garbage.
pub fn schedule() {
    if RECORDS.load(Ordering::Relaxed) == 0 || IS_DUE.swap(true, Ordering::AcqRel) {
        return;
    }
    match Work::new(run) {
        Ok(work) => sched::deferred::defer(work),
        // Without memory it is for a later occasion.
        Err(_) => IS_DUE.store(false, Ordering::Release),
    }
}

fn run() {
    // First, so that what happens during the search makes another one due.
    IS_DUE.store(false, Ordering::Release);
    let garbage = {
        let register = REGISTER.lock();
        // Without memory it is for a later occasion.
        find_garbage(&register).unwrap_or_default()
    };
    for endpoint in garbage {
        burial::empty(endpoint);
    }
}

/// A socket that is under way.
struct Vertex<'a> {
    endpoint: &'a Arc<Endpoint>,
    in_flight: usize,
    is_reached: bool,
    /// The first of the records in its queue; [`Graph::next`] has the others.
    first: Option<usize>,
}

/// The register as a graph, for one search.
struct Graph<'a> {
    vertices: Vec<Vertex<'a>>,
    /// Places in `vertices`, by address.
    index: HashMap<usize, usize, FixedState>,
    /// For each record the next one in the same queue.
    next: Vec<Option<usize>>,
    /// Reached vertices whose queues have not been looked at. There is room for all.
    work: Vec<usize>,
}

fn find_garbage(register: &Register) -> Result<Vec<Arc<Endpoint>>> {
    let mut graph = Graph::new(register)?;
    for at in 0..graph.vertices.len() {
        let vertex = &graph.vertices[at];
        if vertex.endpoint.handles() > vertex.in_flight {
            graph.reach(at);
        }
    }
    for (place, record) in register.places.iter().enumerate() {
        let Some(record) = record else { continue };
        match graph.index.get(&record.to.owner()).copied() {
            Some(owner) => {
                graph.next[place] = graph.vertices[owner].first;
                graph.vertices[owner].first = Some(place);
            }
            None => graph.reach_all(record),
        }
    }
    graph.spread(register);
    let unreached = || graph.vertices.iter().filter(|vertex| !vertex.is_reached);
    let mut garbage = mm::alloc::try_vec(unreached().count())?;
    garbage.extend(unreached().map(|vertex| vertex.endpoint.clone()));
    Ok(garbage)
}

fn address(endpoint: &Arc<Endpoint>) -> usize {
    Arc::as_ptr(endpoint).addr()
}

impl<'a> Graph<'a> {
    fn new(register: &'a Register) -> Result<Self> {
        let mut graph = Self {
            vertices: Vec::new(),
            index: HashMap::with_hasher(FixedState::with_seed(0)),
            next: mm::alloc::try_vec_of(None, register.places.len())?,
            work: Vec::new(),
        };
        for endpoint in register.places.iter().flatten().flat_map(|record| &record.sockets) {
            graph.count(endpoint)?;
        }
        graph.work.try_reserve(graph.vertices.len()).map_err(|_| Errno::ENOMEM)?;
        Ok(graph)
    }

    fn count(&mut self, endpoint: &'a Arc<Endpoint>) -> Result<()> {
        if let Some(at) = self.index.get(&address(endpoint)) {
            self.vertices[*at].in_flight += 1;
            return Ok(());
        }
        self.index.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.index.insert(address(endpoint), self.vertices.len());
        let vertex = Vertex { endpoint, in_flight: 1, is_reached: false, first: None };
        Ok(mm::alloc::try_push(&mut self.vertices, vertex)?)
    }

    fn reach(&mut self, at: usize) {
        if !core::mem::replace(&mut self.vertices[at].is_reached, true) {
            self.work.push(at);
        }
    }

    fn reach_all(&mut self, record: &Record) {
        for endpoint in &record.sockets {
            if let Some(at) = self.index.get(&address(endpoint)).copied() {
                self.reach(at);
            }
        }
    }

    fn spread(&mut self, register: &Register) {
        while let Some(at) = self.work.pop() {
            let mut place = self.vertices[at].first;
            while let Some(now) = place {
                if let Some(record) = &register.places[now] {
                    self.reach_all(record);
                }
                place = self.next[now];
            }
        }
    }
}
