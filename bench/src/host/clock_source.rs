//! What the kernel reads the time from. clock_getres(2) says 1 ns of every one of them
//! (Documentation/timers/timekeeping.rst).

use super::system_files::SystemFiles;

/// The name of the clock source.
pub fn current(files: &SystemFiles) -> Option<String> {
    files.text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
}

/// How well it times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// A register of the processor, read by programs without a system call.
    Good,
    /// A device: each reading takes a system call and a microsecond or more.
    Slow,
    /// It counts timer interrupts: milliseconds.
    Coarse,
}

/// How well a clock source times.
pub fn grade(name: &str) -> Grade {
    match name {
        "hpet" | "acpi_pm" | "pit" => Grade::Slow,
        "jiffies" | "refined-jiffies" => Grade::Coarse,
        _ => Grade::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::super::system_files::Fixture;
    use super::*;

    #[test]
    fn registers_are_good_devices_slow_and_interrupts_coarse() {
        for name in ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen"] {
            assert_eq!(grade(name), Grade::Good, "{name}");
        }
        assert_eq!((grade("acpi_pm"), grade("hpet")), (Grade::Slow, Grade::Slow));
        assert_eq!(grade("jiffies"), Grade::Coarse);
    }

    #[test]
    fn the_current_one_is_read() {
        let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        let fixture = Fixture::new(&[(path, "kvm-clock\n")]);
        assert_eq!(current(&fixture.files).as_deref(), Some("kvm-clock"));
    }
}
