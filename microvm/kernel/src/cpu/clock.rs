//! Time, from the hypervisor: the kvmclock (Linux, Documentation/virt/kvm/x86/msr.rst) gives the time since boot and the
//! rate of the time stamp counter; where there is none, CPUID gives the rate.

use crate::cpu::{self, msr};
use crate::global::Value;
use crate::memory::layout::KERNEL_BASE;
use core::mem::offset_of;

/// `pvclock_vcpu_time_info`: how to make nanoseconds since boot of the time stamp counter.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct SystemTime {
    version: u32,
    pad0: u32,
    tsc_timestamp: u64,
    system_time: u64,
    tsc_to_system_mul: u32,
    tsc_shift: i8,
    flags: u8,
    pad: [u8; 2],
}

impl SystemTime {
    const NONE: Self = Self {
        version: 0,
        pad0: 0,
        tsc_timestamp: 0,
        system_time: 0,
        tsc_to_system_mul: 0,
        tsc_shift: 0,
        flags: 0,
        pad: [0; 2],
    };
}

/// `pvclock_wall_clock`: the time of day at boot.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct WallClock {
    version: u32,
    seconds: u32,
    nanoseconds: u32,
}

/// What the time is made of, in a page of its own: ring 3 reads it (`traps/fast_path.rs`, which counts on the order of the
/// fields).
#[repr(C, align(4096))]
pub struct Clock {
    /// Written by the hypervisor, or once by [`find`].
    system_time: Value<SystemTime>,
    wall: Value<WallClock>,
    /// The time of day at boot in nanoseconds.
    wall_nanoseconds: Value<u64>,
    /// All this is known.
    ready: Value<bool>,
}

/// Where ring 3 finds the fields; [`SystemTime`], whose version is first, begins the page.
impl Clock {
    pub const TICKS: usize = offset_of!(SystemTime, tsc_timestamp);
    pub const TIME: usize = offset_of!(SystemTime, system_time);
    pub const FACTOR: usize = offset_of!(SystemTime, tsc_to_system_mul);
    pub const SHIFT: usize = offset_of!(SystemTime, tsc_shift);
    pub const WALL: usize = offset_of!(Self, wall_nanoseconds);
    pub const READY: usize = offset_of!(Self, ready);
}

/// See [`Clock`].
#[unsafe(link_section = ".large.clock")]
pub static CLOCK: Clock = Clock {
    system_time: Value::new(SystemTime::NONE),
    wall: Value::new(WallClock {
        version: 0,
        seconds: 0,
        nanoseconds: 0,
    }),
    wall_nanoseconds: Value::new(0),
    ready: Value::new(false),
};

/// Physical address of its page.
pub fn frame() -> u64 {
    physical(&raw const CLOCK)
}

const NANOSECONDS: u64 = 1_000_000_000;
/// First CPUID leaf of a hypervisor.
const HYPERVISOR: u32 = 0x4000_0000;
/// "KVMKVMKVM\0\0\0" in EBX, ECX, EDX.
const KVM: (u32, u32, u32) = (0x4b4d_564b, 0x564b_4d56, 0x4d);
/// KVM_FEATURE_CLOCKSOURCE2.
const CLOCKSOURCE2: u32 = 1 << 3;

/// Finds the clock, when the time is asked for first.
fn find() {
    let hypervisor = cpu::cpuid(HYPERVISOR, 0);
    let is_kvm = (hypervisor.ebx, hypervisor.ecx, hypervisor.edx) == KVM;
    if is_kvm && cpu::cpuid(HYPERVISOR + 1, 0).eax & CLOCKSOURCE2 != 0 {
        // SAFETY: the registers exist; the hypervisor writes to these two globals from now on.
        unsafe {
            cpu::wrmsr(msr::KVM_WALL_CLOCK, physical(CLOCK.wall.as_ptr()));
            cpu::wrmsr(msr::KVM_SYSTEM_TIME, physical(CLOCK.system_time.as_ptr()) | 1);
            if CLOCK.system_time.as_ptr().read_volatile().tsc_to_system_mul != 0 {
                return;
            }
        }
    }
    let hertz = tsc_hertz();
    // mul / 2^32 nanoseconds a tick; the shift keeps mul within 32 bits for a counter slower than 1 GHz.
    let mut shift = 0;
    while (NANOSECONDS << 32 >> shift) / hertz > u64::from(u32::MAX) {
        shift += 1;
    }
    CLOCK.system_time.set(SystemTime {
        tsc_timestamp: cpu::rdtsc(),
        tsc_to_system_mul: ((NANOSECONDS << 32 >> shift) / hertz) as u32,
        tsc_shift: shift,
        ..SystemTime::NONE
    });
}

/// The physical address of a global.
fn physical<T>(global: *const T) -> u64 {
    global as u64 - KERNEL_BASE
}

/// The rate of the time stamp counter, from CPUID; 1 GHz if it does not say.
fn tsc_hertz() -> u64 {
    let timing = cpu::cpuid(HYPERVISOR + 0x10, 0);
    if cpu::cpuid(HYPERVISOR, 0).eax >= HYPERVISOR + 0x10 && timing.eax != 0 {
        return u64::from(timing.eax) * 1000;
    }
    let highest = cpu::cpuid(0, 0).eax;
    if highest >= 0x15 {
        let ratio = cpu::cpuid(0x15, 0);
        if ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0 {
            return u64::from(ratio.ecx) * u64::from(ratio.ebx) / u64::from(ratio.eax);
        }
    }
    if highest >= 0x16 {
        let megahertz = cpu::cpuid(0x16, 0).eax & 0xffff;
        if megahertz != 0 {
            return u64::from(megahertz) * 1_000_000;
        }
    }
    NANOSECONDS
}

/// Nanoseconds since the machine was started.
pub fn monotonic() -> u64 {
    if !CLOCK.ready.get() {
        find();
        // SAFETY: the hypervisor wrote it once, in `find`.
        let wall = unsafe { CLOCK.wall.as_ptr().read_volatile() };
        CLOCK
            .wall_nanoseconds
            .set(u64::from(wall.seconds) * NANOSECONDS + u64::from(wall.nanoseconds));
        CLOCK.ready.set(true);
    }
    // Only the hypervisor writes there now, with an odd version while it does.
    let time = CLOCK.system_time.as_ptr();
    loop {
        // SAFETY: as above; volatile, because it changes behind the compiler's back.
        let (version, now) = unsafe {
            let version = (&raw const (*time).version).read_volatile();
            let snapshot = time.read_volatile();
            let ticks = cpu::rdtsc().wrapping_sub(snapshot.tsc_timestamp);
            let shift = snapshot.tsc_shift;
            let ticks = if shift < 0 { ticks >> -shift } else { ticks << shift };
            let nanoseconds = ((u128::from(ticks) * u128::from(snapshot.tsc_to_system_mul)) >> 32) as u64;
            (version, snapshot.system_time.wrapping_add(nanoseconds))
        };
        // SAFETY: as above.
        if version & 1 == 0 && version == unsafe { (&raw const (*time).version).read_volatile() } {
            return now;
        }
    }
}

/// Nanoseconds since 1970; since boot where the hypervisor does not know the time of day.
pub fn realtime() -> u64 {
    let now = monotonic();
    now + CLOCK.wall_nanoseconds.get()
}
