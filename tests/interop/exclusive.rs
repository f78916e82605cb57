//! Which tests may run beside each other.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// For a test that leaves its server no time to spare.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    EXCLUSIVE.write().unwrap_or_else(PoisonError::into_inner)
}

/// For all others.
pub(crate) fn beside_others() -> RwLockReadGuard<'static, ()> {
    EXCLUSIVE.read().unwrap_or_else(PoisonError::into_inner)
}

static EXCLUSIVE: RwLock<()> = RwLock::new(());
