//! Times instructions in ring 0 of a guest: where its kernel mode is emulated, they take hundreds of times as long as where
//! it executes natively.

use crate::boot::Entry;
use crate::error::Part;
use crate::kernel::Protocol;
use crate::machine::open_kvm;
use crate::memory::Ram;
use crate::memory::give;
use crate::{Error, Features, KvmCall, Stop, vcpu};
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::time::{Duration, Instant};
use vm_memory::GuestAddress;

/// Rounds of the loop.
const ROUNDS: u32 = 3000;
/// Instructions of a round; one of them reads and writes memory.
const ROUND: u32 = 3;
/// How often it is timed; the shortest counts.
const ATTEMPTS: u32 = 3;
/// Where the code lies.
const CODE: GuestAddress = GuestAddress(0x1000);

/// How long an instruction takes in ring 0 of a guest, on average over some thousand; coming out at their end is counted
/// in. Takes some milliseconds.
pub fn ring_0_instruction() -> Result<Duration, Error> {
    let kvm = open_kvm()?;
    let vm = kvm.create_vm().map_err(KvmCall::CreateVm.failed())?;
    let memory = Ram::reserve(2 << 20)?;
    let (all, _) = memory.slots(u64::MAX);
    all.into_iter().try_for_each(|slot| give(&vm, slot))?;
    memory.write(&code(), CODE).ok_or(Error::DoesNotFit {
        what: Part::Loop,
        mib: 2,
    })?;
    let mut vcpu = vcpu::make(&vm, 0)?;
    let features = Features::ask(&kvm)?.0;
    vcpu::set_features(&vcpu, &features)?;
    vcpu::enter(&vcpu, &Entry::Protocol(Protocol::Pvh(CODE.0)), &features)?;
    let mut shortest = Duration::MAX;
    for _ in 0..ATTEMPTS {
        come_out(&mut vcpu)?;
        let began = Instant::now();
        come_out(&mut vcpu)?;
        shortest = shortest.min(began.elapsed());
    }
    Ok(shortest / (ROUND * ROUNDS))
}

/// Comes out, loops, comes out, and begins again.
fn code() -> Vec<u8> {
    let mut code = vec![
        0xe6, 0x80, // 1: out 0x80, al
        0xb9, // mov ecx, ROUNDS
    ];
    code.extend(ROUNDS.to_le_bytes());
    code.extend([
        0x01, 0x0d, 0, 0x20, 0, 0,    // 2: add [0x2000], ecx
        0x49, // dec ecx
        0x75, 0xf7, // jnz 2b
        0xe6, 0x80, // out 0x80, al
        0xeb, 0xec, // jmp 1b
    ]);
    code
}

/// Lets it execute until it comes out as expected.
fn come_out(vcpu: &mut VcpuFd) -> Result<(), Error> {
    loop {
        match vcpu.run() {
            Ok(VcpuExit::IoOut(..)) => return Ok(()),
            Ok(VcpuExit::Intr) => {}
            Ok(exit) => {
                return Err(Error::UnexpectedExit {
                    stop: Stop::of(exit),
                    rip: CODE.0,
                    bytes: code().iter().map(|byte| format!("{byte:02x} ")).collect(),
                });
            }
            Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {}
            Err(error) => {
                return Err(KvmCall::Run.failed()(error));
            }
        }
    }
}
