//! Control messages: capabilities and credentials that go with bytes.

use crate::Context;
use crate::handlers::descriptors::slot_flags;
use abi::consts::net::SOL_SOCKET;
use abi::types::{Cmsghdr, Ucred};
use abi::{Errno, MessageFlags, OpenFlags, Result};
use alloc::vec::Vec;
use caps::{Promises, Rights};
use ipc::socket::{Extras, Limit, Quota, Received};
use mm::user::UserPtr;
use object::ObjectCapability;
use process::limits::Resource;
use process::{gate, promise_rules};
use zerocopy::{FromBytes, IntoBytes};

/// Control messages with capabilities.
const SCM_RIGHTS: i32 = 1;
/// Control messages with credentials.
const SCM_CREDENTIALS: i32 = 2;
/// The most capabilities in one message.
const CAPABILITIES_MAX: usize = 253;
/// The most bytes of control messages that a call may give.
const CONTROL_MAX: u64 = 1 << 16;
/// Bytes of a header.
const HEADER: usize = size_of::<Cmsghdr>();
/// Bytes of a slot's number.
const NUMBER: usize = size_of::<i32>();

/// The place after a control message of `len` bytes, where the next one begins.
const fn aligned(len: usize) -> usize {
    len.next_multiple_of(8)
}

/// Reads what is to go with a message. EINVAL, EBADF, EPERM, ENOTCAPABLE, ETOOMANYREFS, ENOBUFS, EFAULT.
pub(super) fn read(cx: &Context, address: u64, len: u64) -> Result<Extras> {
    let mut extras = Extras::default();
    if len == 0 {
        return Ok(extras);
    }
    if len > CONTROL_MAX {
        return Err(Errno::ENOBUFS);
    }
    let bytes = UserPtr::<u8>::new(address).read_slice(len as usize)?;
    let mut capabilities = Vec::new();
    let mut rest = &bytes[..];
    while rest.len() >= HEADER {
        let (header, _) = Cmsghdr::read_from_prefix(rest).map_err(|_| Errno::EINVAL)?;
        let length = usize::try_from(header.length).map_err(|_| Errno::EINVAL)?;
        if !(HEADER..=rest.len()).contains(&length) {
            return Err(Errno::EINVAL);
        }
        let body = &rest[HEADER..length];
        match header.kind {
            // What is for other protocols is passed over.
            _ if header.level as u32 != SOL_SOCKET => {}
            SCM_RIGHTS => take_capabilities(cx, body, &mut capabilities)?,
            SCM_CREDENTIALS => extras.credentials = Some(check_credentials(cx, body)?),
            _ => return Err(Errno::EINVAL),
        }
        rest = &rest[aligned(length).min(rest.len())..];
    }
    if !capabilities.is_empty() {
        let quota = take_quota(cx, capabilities.len())?;
        extras.capabilities = Some((capabilities, quota));
    }
    Ok(extras)
}

/// Copies of the capabilities in the slots that are named.
fn take_capabilities(cx: &Context, body: &[u8], into: &mut Vec<ObjectCapability>) -> Result<()> {
    let count = body.len() / NUMBER;
    if into.len() + count > CAPABILITIES_MAX {
        return Err(Errno::EINVAL);
    }
    into.try_reserve(count).map_err(|_| Errno::ENOMEM)?;
    for number in body.chunks_exact(NUMBER) {
        let slot = i32::read_from_bytes(number).map_err(|_| Errno::EINVAL)?;
        let held = cx.table.get(slot, Rights::TRANSFER)?;
        gate::demand_one(cx, promise_rules::passing(held.kind(), Promises::SENDFD))?;
        into.push(held.into_capability());
    }
    Ok(())
}

fn take_quota(cx: &Context, count: usize) -> Result<Quota> {
    let credentials = cx.process().credentials();
    let limit = match credentials.euid {
        0 => Limit::Privileged,
        _ => Limit::Ordinary(usize::try_from(cx.process().limit(Resource::OpenFiles)).unwrap_or(usize::MAX)),
    };
    Quota::take(credentials.uid, count, limit)
}

/// Who the sender says to be. Only the privileged may be somebody else.
fn check_credentials(cx: &Context, body: &[u8]) -> Result<Ucred> {
    let said = Ucred::read_from_bytes(body).map_err(|_| Errno::EINVAL)?;
    let own = cx.process().credentials();
    let is_privileged = own.euid == 0;
    let is_own_user = [own.uid, own.euid, own.suid].contains(&said.uid);
    let is_own_group = [own.gid, own.egid, own.sgid].contains(&said.gid);
    let is_own_process = said.pid == cx.process().id();
    let is_true = is_own_process && is_own_user && is_own_group;
    if !is_true && !is_privileged {
        return Err(Errno::EPERM);
    }
    if !is_own_process && process::registry::find_process(said.pid).is_none() {
        return Err(Errno::ESRCH);
    }
    Ok(said)
}

/// Room for control messages in user memory.
pub(super) struct Room {
    at: u64,
    left: usize,
    used: usize,
}

impl Room {
    /// `len` bytes from `at` on.
    pub(super) fn new(at: u64, len: u64) -> Self {
        Self { at, left: if at == 0 { 0 } else { usize::try_from(len).unwrap_or(usize::MAX) }, used: 0 }
    }

    /// Bytes that were used.
    pub(super) fn used(&self) -> u64 {
        self.used as u64
    }

    /// Writes what came along with a message, and puts the capabilities into slots. What does not fit is told in the flags.
    pub(super) fn fill(&mut self, cx: &Context, received: Received, flags: MessageFlags) -> Result<MessageFlags> {
        let mut told = received.flags;
        if let Some(credentials) = received.credentials {
            told |= self.put(SCM_CREDENTIALS, credentials.as_bytes())?;
        }
        if !received.capabilities.is_empty() {
            told |= self.put_capabilities(cx, received.capabilities, flags)?;
        }
        Ok(told)
    }

    /// Writes one control message, or what there is room for.
    fn put(&mut self, kind: i32, body: &[u8]) -> Result<MessageFlags> {
        if self.left < HEADER {
            return Ok(MessageFlags::CONTROL_TRUNCATED);
        }
        let body_len = body.len().min(self.left - HEADER);
        let told = if body_len < body.len() { MessageFlags::CONTROL_TRUNCATED } else { MessageFlags::empty() };
        UserPtr::<u8>::new(self.at + HEADER as u64).write_slice(&body[..body_len])?;
        self.finish(kind, body_len)?;
        Ok(told)
    }

    /// Writes the header of a control message whose body is there.
    fn finish(&mut self, kind: i32, body_len: usize) -> Result<()> {
        let length = HEADER + body_len;
        let header = Cmsghdr { length: length as u64, level: SOL_SOCKET as i32, kind };
        UserPtr::new(self.at).write(&header)?;
        let step = aligned(length).min(self.left);
        (self.at, self.left, self.used) = (self.at + step as u64, self.left - step, self.used + step);
        Ok(())
    }

    /// Each slot is set aside, its number written, and then filled: a number is told only of a slot that there is, and a slot is filled
    /// only if its number could be told. Those for which there is no slot or no room are dropped.
    fn put_capabilities(
        &mut self,
        cx: &Context,
        capabilities: Vec<ObjectCapability>,
        flags: MessageFlags,
    ) -> Result<MessageFlags> {
        let closing = match flags.contains(MessageFlags::CLOSE_ON_EXEC) {
            true => OpenFlags::CLOSE_ON_EXEC,
            false => OpenFlags::empty(),
        };
        if self.left >= HEADER {
            for capability in &capabilities {
                gate::demand_one(cx, promise_rules::passing(capability.kind, Promises::RECVFD))?;
            }
        }
        let (room, total) = (self.left.saturating_sub(HEADER) / NUMBER, capabilities.len());
        let mut count = 0;
        for capability in capabilities {
            // The rest is dropped as the loop goes on.
            if count == room {
                break;
            }
            let Ok(slot) = cx.table.reserve() else { break };
            let number = UserPtr::<i32>::new(self.at + (HEADER + count * NUMBER) as u64);
            if number.write(&slot.slot()).is_err() {
                break;
            }
            slot.commit_capability(capability, slot_flags(closing));
            count += 1;
        }
        if count > 0 {
            self.finish(SCM_RIGHTS, count * NUMBER)?;
        }
        Ok(if count < total { MessageFlags::CONTROL_TRUNCATED } else { MessageFlags::empty() })
    }
}
