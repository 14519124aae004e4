//! The way to the program over the helper, `init/helper.rs`: what it is told, and where it tells what went wrong.

use super::exec;
use crate::abi::{self, Order};
use crate::launch::Launch;
use crate::sys::{self, Errno, call};

/// The helper's descriptors, where they are by chance.
pub struct Descriptors {
    failure: i32,
    order: i32,
    image: i32,
}

/// Makes everything ready.
pub fn prepare(launch: &Launch) -> Result<Descriptors, Errno> {
    let plan = &launch.plan;
    let [order, order_writer] = sys::pipe()?;
    let filter = launch.filter();
    if filter.len() > abi::FILTER_MAX {
        return Err(libc::E2BIG);
    }
    let told = Order {
        become_user: plan.changes_user().into(),
        clear_groups: plan.clear_groups.into(),
        uid: plan.uid,
        gid: plan.gid,
        capabilities: plan.capabilities,
        filter_length: filter.len() as u64,
    };
    // SAFETY: numbers without padding between them, and instructions likewise.
    unsafe {
        write_value(order_writer, &told, 1)?;
        if plan.changes_user() && !filter.is_empty() {
            write_value(order_writer, filter.as_ptr(), filter.len())?;
        }
    }
    Ok(Descriptors {
        failure: plan.start,
        order,
        image: plan.helper_image,
    })
}

/// # Safety
/// There are `count` values, of plain numbers without padding.
unsafe fn write_value<T>(to: i32, values: *const T, count: usize) -> Result<(), Errno> {
    // SAFETY: the caller vouches for the values.
    sys::write(to, unsafe {
        std::slice::from_raw_parts(values.cast(), count * size_of::<T>())
    })
}

const _: () = assert!(abi::HELPER_ORDER == abi::HELPER_FAILURE + 1 && abi::HELPER_IMAGE == abi::HELPER_FAILURE + 2);

/// Closes every descriptor but 0, 1, 2 and the helper's.
pub fn keep(descriptors: &Descriptors) -> Result<(), Errno> {
    let Descriptors { failure, order, image } = *descriptors;
    exec::keep([failure, order, image], abi::HELPER_FAILURE)?;
    // SAFETY: numbers only.
    unsafe { call!(libc::SYS_fcntl, abi::HELPER_IMAGE, libc::F_SETFD, libc::FD_CLOEXEC) }.map(drop)
}

/// Executes the helper. Returns only when that failed.
pub fn become_helper(launch: &Launch) -> Errno {
    let (arguments, environment) = (launch.plan.arguments.as_ptr(), launch.plan.environment.as_ptr());
    let answer = exec::execute(abi::HELPER_IMAGE, arguments, environment);
    answer.err().unwrap_or(libc::EIO)
}
