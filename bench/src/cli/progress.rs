//! A progress bar on a terminal's stderr, drawn between runs and never during one, and without a thread of its own.

use crate::measure::scheduler::Conductor;
use crate::signals;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::time::{Duration, Instant};

/// Redraws per second at most.
const REDRAWS: u8 = 10;

/// Conducts rounds on this host.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over this many steps.
    pub fn new(steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(REDRAWS));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {eta} left  {msg}") {
            bar.set_style(style);
        }
        Progress { bar }
    }

    /// A handle on the bar, to print above it.
    pub fn handle(&self) -> ProgressBar {
        self.bar.clone()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Conductor for Progress {
    fn pause(&mut self, gap: Duration) {
        let Some(end) = Instant::now().checked_add(gap) else {
            return;
        };
        while !gap.is_zero() && !self.stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            // Whole milliseconds first, so that a signal ends the pause at once; the rest, which is less than one, asleep.
            match (PollTimeout::try_from(left), signals::descriptor()) {
                (Ok(timeout), Some(signal)) if left >= Duration::from_millis(1) => {
                    // Interrupted or not, the loop looks again.
                    let _ = poll(&mut [PollFd::new(signal, PollFlags::POLLIN)], timeout);
                }
                _ => std::thread::sleep(left),
            }
        }
    }

    fn stepped(&mut self, target: &str) {
        if self.bar.message() != target {
            self.bar.set_message(target.to_owned());
        }
        self.bar.inc(1);
    }

    fn stopped(&self) -> bool {
        signals::caught().is_some()
    }
}
