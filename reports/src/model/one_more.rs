//! What one more instance takes of the host's memory.

use super::{Figures, Instance, Interval};
use serde::Deserialize;

/// Half the width of a 95 % interval, in standard errors (normal distribution).
const WIDTH_95: f64 = 1.96;

/// What one more instance takes of the host's memory: the slope of the memory that the host uses, page cache left out,
/// over the number of instances that are alive at once. `kernel_bytes` is the rest that the parts of its processes leave.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct OneMore {
    /// The slope.
    pub bytes: u64,
    /// Its standard error.
    pub standard_error_bytes: u64,
    /// How many instances were alive at the end.
    pub instances: u32,
    /// Anonymous and shared memory of the program.
    pub program_bytes: u64,
    /// Of the container's own processes.
    pub runtime_bytes: u64,
    /// Of the virtual machine monitor.
    pub monitor_bytes: u64,
    /// Of the guest.
    pub guest_ram_bytes: u64,
    /// What the kernel keeps for it: page tables, stacks, namespaces, cgroups, files in a tmpfs.
    pub kernel_bytes: u64,
    /// File pages that the instance maps, not counted in `bytes`: they are there once for all instances, as page cache.
    pub shared_file_bytes: u64,
    /// What distorts the figure on this host.
    pub caveats: Vec<String>,
}

impl OneMore {
    /// Adds the figures to a look at the target's instances. A part that is nothing is not among them.
    pub fn add_to(&self, look: &mut Instance) {
        let parts = [
            ("memory_program_bytes", self.program_bytes),
            ("memory_runtime_bytes", self.runtime_bytes),
            ("memory_monitor_bytes", self.monitor_bytes),
            ("memory_guest_ram_bytes", self.guest_ram_bytes),
            ("memory_kernel_bytes", self.kernel_bytes),
        ];
        let set = |metrics: &mut Figures, id: &str, bytes: u64| metrics.set(id, bytes as f64);
        set(&mut look.metrics, "memory_bytes", self.bytes);
        set(&mut look.metrics, "memory_shared_file_bytes", self.shared_file_bytes);
        for (id, bytes) in parts.into_iter().filter(|(_, bytes)| *bytes > 0) {
            set(&mut look.metrics, id, bytes);
        }
        let (middle, half) = (self.bytes as f64, WIDTH_95 * self.standard_error_bytes as f64);
        let interval = Interval {
            low: (middle - half).max(0.0),
            high: middle + half,
        };
        look.intervals.insert("memory_bytes".into(), interval);
        look.alive = Some(self.instances);
    }
}
