//! What sets the processors' clock rate, and whether a short run gets a high one
//! (Documentation/admin-guide/pm/cpufreq.rst, intel_pstate.rst, amd-pstate.rst).

use super::system_files::SystemFiles;

const POLICY: &str = "/sys/devices/system/cpu/cpu0/cpufreq";

/// What sets the clock rate of the first processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frequency {
    /// The driver.
    pub driver: Option<String>,
    /// The governor: how the rate is chosen. None where this kernel does not choose it, as in most virtual machines.
    pub governor: Option<String>,
    /// What a driver that chooses the rate itself prefers.
    pub energy_preference: Option<String>,
    /// Whether the rate may exceed the nominal one.
    pub turbo: Option<bool>,
}

/// What the governor means for a short run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The processor itself chooses the rate, within microseconds, or it always is the highest.
    Fast,
    /// The rate follows the load with a delay: a short run may be over before it rises.
    FollowsLoad,
    /// The rate is kept low.
    Low,
}

impl Frequency {
    /// As the kernel's files say it.
    pub fn read(files: &SystemFiles) -> Self {
        let policy = |name: &str| files.text(&format!("{POLICY}/{name}"));
        let no_turbo = files.switch("/sys/devices/system/cpu/intel_pstate/no_turbo");
        Frequency {
            driver: policy("scaling_driver"),
            governor: policy("scaling_governor"),
            energy_preference: policy("energy_performance_preference"),
            turbo: no_turbo
                .map(|no_turbo| !no_turbo)
                .or_else(|| files.switch("/sys/devices/system/cpu/cpufreq/boost")),
        }
    }

    /// What it means for a short run; `None` where it is not known.
    pub fn pace(&self) -> Option<Pace> {
        // In their active mode these drivers leave the choice to the processor, and `powersave` is the usual name of that.
        let chooses_itself = matches!(
            self.driver.as_deref(),
            Some("intel_pstate" | "amd-pstate-epp" | "amd_pstate_epp")
        );
        Some(match self.governor.as_deref()? {
            "performance" => Pace::Fast,
            "powersave" if chooses_itself => match self.energy_preference.as_deref() {
                Some("power") => Pace::Low,
                _ => Pace::Fast,
            },
            "powersave" => Pace::Low,
            "ondemand" | "conservative" | "schedutil" => Pace::FollowsLoad,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::system_files::Fixture;
    use super::*;

    fn pace(driver: &str, governor: &str, preference: &str) -> Option<Pace> {
        let fixture = Fixture::new(&[
            (&format!("{POLICY}/scaling_driver"), driver),
            (&format!("{POLICY}/scaling_governor"), governor),
            (&format!("{POLICY}/energy_performance_preference"), preference),
        ]);
        Frequency::read(&fixture.files).pace()
    }

    #[test]
    fn powersave_is_normal_where_the_processor_chooses_and_the_lowest_rate_elsewhere() {
        assert_eq!(
            pace("intel_pstate", "powersave", "balance_performance"),
            Some(Pace::Fast)
        );
        assert_eq!(
            pace("amd-pstate-epp", "powersave", "balance_performance"),
            Some(Pace::Fast)
        );
        assert_eq!(pace("intel_pstate", "powersave", "power"), Some(Pace::Low));
        assert_eq!(pace("acpi-cpufreq", "powersave", ""), Some(Pace::Low));
        // The passive modes of the same drivers.
        assert_eq!(pace("intel_cpufreq", "powersave", ""), Some(Pace::Low));
        assert_eq!(pace("amd-pstate", "powersave", ""), Some(Pace::Low));
    }

    #[test]
    fn governors_that_follow_the_load_are_told_from_those_that_do_not() {
        for governor in ["schedutil", "ondemand", "conservative"] {
            assert_eq!(
                pace("acpi-cpufreq", governor, ""),
                Some(Pace::FollowsLoad),
                "{governor}"
            );
        }
        assert_eq!(pace("acpi-cpufreq", "performance", ""), Some(Pace::Fast));
        assert_eq!(pace("acpi-cpufreq", "userspace", ""), None);
        assert_eq!(Frequency::default().pace(), None);
    }

    #[test]
    fn turbo_is_read_from_either_driver() {
        let turbo = |path, text| Frequency::read(&Fixture::new(&[(path, text)]).files).turbo;
        assert_eq!(
            turbo("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
            Some(false)
        );
        assert_eq!(turbo("/sys/devices/system/cpu/cpufreq/boost", "1\n"), Some(true));
        assert_eq!(turbo("/sys/other", "1\n"), None);
    }
}
