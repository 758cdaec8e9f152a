//! Resource limits.

use abi::consts::general;
use abi::types::Rlimit;
use abi::{Errno, Result};

/// No limit.
pub const UNLIMITED: u64 = u64::MAX;

/// A resource that can be limited: RLIMIT_*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs, reason = "the names are those of RLIMIT_*")]
pub enum Resource {
    Cpu = general::RLIMIT_CPU,
    FileSize = general::RLIMIT_FSIZE,
    Data = general::RLIMIT_DATA,
    Stack = general::RLIMIT_STACK,
    Core = general::RLIMIT_CORE,
    Resident = general::RLIMIT_RSS,
    Processes = general::RLIMIT_NPROC,
    OpenFiles = general::RLIMIT_NOFILE,
    LockedMemory = general::RLIMIT_MEMLOCK,
    AddressSpace = general::RLIMIT_AS,
    Locks = general::RLIMIT_LOCKS,
    PendingSignals = general::RLIMIT_SIGPENDING,
    MessageQueues = general::RLIMIT_MSGQUEUE,
    Nice = general::RLIMIT_NICE,
    RealTimePriority = general::RLIMIT_RTPRIO,
    RealTimeTime = general::RLIMIT_RTTIME,
}

/// How many resources there are.
pub const RESOURCES: usize = general::RLIM_NLIMITS as usize;

impl Resource {
    /// Every resource, in the order of their numbers.
    pub const ALL: [Self; RESOURCES] = [
        Self::Cpu,
        Self::FileSize,
        Self::Data,
        Self::Stack,
        Self::Core,
        Self::Resident,
        Self::Processes,
        Self::OpenFiles,
        Self::LockedMemory,
        Self::AddressSpace,
        Self::Locks,
        Self::PendingSignals,
        Self::MessageQueues,
        Self::Nice,
        Self::RealTimePriority,
        Self::RealTimeTime,
    ];

    /// The resource with this number; EINVAL.
    pub fn from_raw(number: u32) -> Result<Self> {
        Self::ALL.get(number as usize).copied().ok_or(Errno::EINVAL)
    }
}

/// The limits of a process.
#[derive(Clone, Copy, Debug)]
pub struct ResourceLimits {
    limits: [Rlimit; RESOURCES],
    /// What a narrowing has bound the hard limits to: for good, whoever asks.
    bounds: [u64; RESOURCES],
}

impl ResourceLimits {
    /// What the first process starts with.
    pub const fn initial() -> Self {
        const fn both(value: u64) -> Rlimit {
            Rlimit { soft: value, hard: value }
        }
        let mut limits = [both(UNLIMITED); RESOURCES];
        limits[Resource::Stack as usize] = Rlimit { soft: 8 << 20, hard: UNLIMITED };
        limits[Resource::Core as usize] = Rlimit { soft: 0, hard: UNLIMITED };
        limits[Resource::Processes as usize] = both(crate::id::ID_LIMIT as u64 / 2);
        limits[Resource::OpenFiles as usize] = Rlimit { soft: 1024, hard: 4096 * 16 };
        limits[Resource::LockedMemory as usize] = both(8 << 20);
        limits[Resource::PendingSignals as usize] = both(4096);
        limits[Resource::MessageQueues as usize] = both(819_200);
        limits[Resource::Nice as usize] = both(0);
        limits[Resource::RealTimePriority as usize] = both(0);
        Self { limits, bounds: [UNLIMITED; RESOURCES] }
    }

    /// The limits of a resource.
    pub const fn get(&self, resource: Resource) -> Rlimit {
        self.limits[resource as usize]
    }

    /// What is enforced for a resource.
    pub const fn soft(&self, resource: Resource) -> u64 {
        self.limits[resource as usize].soft
    }

    /// Replaces the limits of a resource. Raising a hard limit takes privilege, and is not possible beyond what a
    /// narrowing left.
    pub fn set(&mut self, resource: Resource, limit: Rlimit, privilege: Privilege) -> Result<()> {
        if limit.soft > limit.hard {
            return Err(Errno::EINVAL);
        }
        let raises = limit.hard > self.get(resource).hard && privilege == Privilege::None;
        if raises || limit.hard > self.bounds[resource as usize] {
            return Err(Errno::EPERM);
        }
        self.limits[resource as usize] = limit;
        Ok(())
    }

    /// Lowers the limits of a resource for good; what is lower already stays.
    pub fn narrow(&mut self, resource: Resource, limit: Rlimit) {
        let now = self.get(resource);
        let lowered = Rlimit { soft: now.soft.min(limit.soft), hard: now.hard.min(limit.hard) };
        self.limits[resource as usize] = lowered;
        self.bounds[resource as usize] = lowered.hard;
    }
}

/// Whether who asks may do what is forbidden to ordinary users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// No.
    None,
    /// Yes.
    Superuser,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_stand_at_their_numbers() {
        for (number, resource) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(resource as usize, number);
            assert_eq!(Resource::from_raw(number as u32), Ok(resource));
        }
        assert_eq!(Resource::from_raw(16), Err(Errno::EINVAL));
    }

    #[test]
    fn hard_limits_only_fall_without_privilege() {
        let mut limits = ResourceLimits::initial();
        let set = |limits: &mut ResourceLimits, soft, hard, privilege| {
            limits.set(Resource::OpenFiles, Rlimit { soft, hard }, privilege)
        };
        assert_eq!(set(&mut limits, 10, 5, Privilege::Superuser), Err(Errno::EINVAL));
        assert_eq!(set(&mut limits, 10, 20, Privilege::None), Ok(()));
        assert_eq!(set(&mut limits, 10, 21, Privilege::None), Err(Errno::EPERM));
        assert_eq!(set(&mut limits, 10, 21, Privilege::Superuser), Ok(()));
        assert_eq!(limits.soft(Resource::OpenFiles), 10);
    }

    #[test]
    fn a_narrowed_limit_is_lower_for_good() {
        let mut limits = ResourceLimits::initial();
        let mut set = |limits: &mut ResourceLimits, hard| {
            limits.set(Resource::OpenFiles, Rlimit { soft: 4, hard }, Privilege::Superuser)
        };
        limits.narrow(Resource::OpenFiles, Rlimit { soft: 50, hard: 60 });
        assert_eq!(limits.get(Resource::OpenFiles), Rlimit { soft: 50, hard: 60 });
        assert_eq!(set(&mut limits, 61), Err(Errno::EPERM));
        assert_eq!(set(&mut limits, 8), Ok(()));
        limits.narrow(Resource::OpenFiles, Rlimit { soft: 9, hard: 9 });
        assert_eq!(limits.get(Resource::OpenFiles), Rlimit { soft: 4, hard: 8 });
        assert_eq!(set(&mut limits, 9), Err(Errno::EPERM));
    }
}
