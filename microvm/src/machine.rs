//! Runs a machine: everything from its configuration to its end, in the order in which it happens.

use crate::board::Board;
use crate::error::KvmError;
use crate::kernel::Image;
use crate::memory::{Ram, give};
use crate::running;
use crate::vcpu::exits::Exit;
use crate::vcpu::features::Features;
use crate::vcpu::statistics::Statistics;
use crate::vcpu::{self, topology};
use crate::{Config, Counts, Error, Initramfs, KvmCall, Recorder, Stamp, stamp};
use kvm_bindings::{CpuId, KVM_API_VERSION};
use kvm_ioctls::{Kvm, VcpuFd, VmFd};
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, RawFd};

/// How a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest ended it with this status: the program's own, or 128 + N after signal N.
    Exited(u8),
    /// The guest reset the machine, which has no meaning here but the end.
    Reset,
    /// It ran longer than it was given.
    TimedOut,
}

/// What a machine did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How often the processor came out to the monitor, by reason, and the time of it.
    pub exits: BTreeMap<&'static str, Exit>,
    /// What the program cost the built-in kernel, where that was asked for and the guest came to its end.
    pub counts: Option<Counts>,
    /// What KVM counted of the first processor, where that was asked for and KVM has it.
    pub kvm: Vec<(String, u64)>,
    /// The steps of the start.
    pub stamps: Vec<Stamp>,
    /// What the guest kernel wrote to its log, at most 64 KiB.
    pub kernel_log: String,
}

/// Runs a machine until it ends: its first processor in the calling thread, others in threads of their own. Meanwhile SIGALRM
/// is the machine's.
///
/// # Errors
/// Everything of [`Error`]: the machine cannot be made, or stopped in a way that nobody expects.
pub fn run(mut config: Config) -> Result<Outcome, Error> {
    let mut stamps = Recorder::default();
    stamps.ended(stamp::BEGAN);
    let kvm = open_kvm()?;
    stamps.ended(stamp::OPEN_KVM);
    let vm = kvm.create_vm().map_err(KvmCall::CreateVm.failed())?;
    stamps.ended(stamp::CREATE_VM);
    let kernel = Image::open(&config.kernel)?;
    let board = Board::of(&kernel, &config)?;
    if board.is_pc() {
        stamps.ended(stamp::OPEN_FILES);
    }
    board.make_chips(&vm, &kernel)?;
    if board.is_pc() {
        stamps.ended(stamp::BOARD);
    }

    let memory = Ram::reserve(config.memory_bytes)?;
    if board.is_pc() {
        memory.prefer_huge_pages();
    }
    stamps.ended(stamp::RESERVE_MEMORY);
    let loaded = board.load(kernel, &config, &memory)?;
    config.initramfs = Initramfs::Bytes(Vec::new());
    stamps.ended(stamp::LOAD);
    let (first, rest) = memory.slots(loaded.on_demand);
    first.into_iter().try_for_each(|slot| give(&vm, slot))?;
    stamps.ended(stamp::GIVE_MEMORY);

    let mut features = match config.features.take() {
        Some(known) => known.0,
        None => {
            let asked = Features::ask(&kvm)?;
            stamps.ended(stamp::FEATURES);
            asked.0
        }
    };
    let processors = processors(&mut features, &vm, &board, config.linux.cpus, &mut stamps)?;
    vcpu::enter(&processors[0], &loaded.entry, &features)?;
    stamps.ended(stamp::SET_STATE);

    // What is left to ask is the machine's: the interrupt lines of a PC, more memory.
    drop(kvm);
    let statistics = config.counts.then(|| Statistics::of(&processors[0])).flatten();
    let own: Vec<RawFd> = processors
        .iter()
        .map(AsRawFd::as_raw_fd)
        .chain([vm.as_raw_fd()])
        .chain(config.console.descriptors())
        .chain(statistics.iter().map(Statistics::descriptor))
        .chain(board.disks().iter().flat_map(|disk| disk.descriptors()))
        .collect();
    config.sandbox.shed(&own)?;
    let bus = board.bus(&vm, rest, &config.console, stamps);
    let mut outcome = running::run(processors, &memory, &config, bus)?;
    outcome.kvm = statistics.and_then(|statistics| statistics.read()).unwrap_or_default();
    Ok(outcome)
}

/// Opens /dev/kvm and makes sure that it is KVM.
pub fn open_kvm() -> Result<Kvm, Error> {
    let kvm = Kvm::new().map_err(|error| KvmError::from_errno(error.errno()))?;
    match kvm.get_api_version() {
        version if version == KVM_API_VERSION as i32 => Ok(kvm),
        version => Err(KvmError::NotKvm(version).into()),
    }
}

/// Makes the processors. A PC's tell the guest how many they are; those after the first wait for it to start them.
fn processors(
    features: &mut CpuId,
    vm: &VmFd,
    board: &Board,
    count: u8,
    stamps: &mut Recorder,
) -> Result<Vec<VcpuFd>, Error> {
    if board.is_pc() {
        vcpu::add_pc_features(features, vm);
    }
    let mut processors = Vec::new();
    for id in 0..count {
        let vcpu = vcpu::make(vm, id)?;
        stamps.ended(stamp::CREATE_VCPU);
        if board.is_pc() {
            vcpu::set_features(
                &vcpu,
                &topology::of(features, id, count).unwrap_or_else(|| features.clone()),
            )?;
            vcpu::set_pc_registers(&vcpu);
        } else {
            vcpu::set_features(&vcpu, features)?;
        }
        stamps.ended(stamp::SET_FEATURES);
        processors.push(vcpu);
    }
    Ok(processors)
}
