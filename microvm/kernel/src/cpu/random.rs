//! Random numbers: the processor's own, where it has them.

use crate::cpu;
use crate::global::Global;

/// CPUID leaf 1, ECX: the processor has RDRAND.
const RDRAND: u32 = 1 << 30;

static STATE: Global<State> = Global::new(State {
    has_rdrand: None,
    counter: 0,
});

struct State {
    has_rdrand: Option<bool>,
    counter: u64,
}

/// Eight random bytes. Without RDRAND they come from the time stamp counter: different each time, but not secret.
pub fn word() -> u64 {
    let mut state = STATE.borrow();
    if *state
        .has_rdrand
        .get_or_insert_with(|| cpu::features().ecx & RDRAND != 0)
    {
        for _ in 0..10 {
            let (value, ok): (u64, u8);
            // SAFETY: the processor has RDRAND.
            unsafe {
                core::arch::asm!("rdrand {}", "setc {}", out(reg) value, out(reg_byte) ok, options(nomem, nostack))
            }
            if ok == 1 {
                return value;
            }
        }
    }
    // SplitMix64 (Steele, Lea, Flood 2014) over a counter and the time.
    state.counter = state.counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut value = state.counter ^ cpu::rdtsc();
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
