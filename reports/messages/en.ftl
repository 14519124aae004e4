# English texts of tables, charts and reports. Every message here is also in the other files of this folder.

## The comparison table

table-heading = { $workload }: { $runs ->
    [one] 1 run
   *[other] { $runs } runs
  } per target after { $warmup } to warm up, on { $cpu }, { $kernel }
column-target = Target
column-target-meaning = where the same program ran; below it the number of runs.
column-ready = Start-up ms
column-ready-meaning = from just before the first process is asked for to the first byte the program itself wrote (process start included); median, below it 5th to 95th percentile.
column-ready-interval = 95 % interval ms
column-ready-interval-meaning = bootstrap confidence interval of the median start-up.
column-exit = Exit ms
column-exit-meaning = the same start to the last process reaped and everything of the instance gone; median, below it 5th to 95th percentile.
column-ratio = × { $baseline }
column-ratio-meaning = median start-up divided by that of { $baseline }, below it the 95 % interval.
column-effect = Slower in
column-effect-meaning = of 100 pairs, a start here and one of { $baseline }, so many have the slower one here; 50 is no difference (effect size A by Vargha and Delaney).
column-significance = p-value
column-significance-meaning = two-sided Mann-Whitney U test of start-up against { $baseline }: how often chance alone would give a difference at least as large.
column-memory = Memory
column-memory-meaning = unique set size at the first byte: what would be free if the instance ended; median, below it the parts of the median run.
column-one-more = Memory
column-one-more-meaning = memory that the host uses for one more instance at its first byte, page cache left out; below it the parts.
column-image = Image
column-image-meaning = bytes to ship, uncompressed. A container uses the host's kernel and ships none; a VM ships its own.
column-work = Work
column-work-meaning = operations per second by the program's own clock, and whether its checksum is the same everywhere; median.
column-page-faults = Page faults
column-page-faults-meaning = how often a process of the instance touched memory that the host's kernel had to provide first, from start to end; median, below it 5th to 95th percentile.
column-context-switches = Switches
column-context-switches-meaning = how often a process of the instance left the processor, by waiting or because it was taken away; median, below it 5th to 95th percentile.
column-system-calls = System calls
column-system-calls-meaning = calls of the executed programs to the host's kernel, counted in one extra run. Of a micro-VM they are the monitor's: the program's own go to the guest's kernel.
cell-pairs = { $pairs } of 100
cell-runs = n = { $n }{ $failed ->
    [0] {""}
   *[other] , { $failed } failed
  }
cell-unavailable = cannot run here
cell-no-runs = no runs
cell-baseline = baseline
cell-guest-ram = guest RAM { $size }
cell-program = program { $size }
cell-kernel = host kernel { $size }
cell-monitor = monitor { $size }
cell-runtime = runtime { $size }
cell-of-which = incl. { $parts }
cell-same-checksum = same result
cell-other-checksum = other result

## Notes

note-unavailable = { $target } did not run: { $reason }
note-failed = { $target }: { $failed ->
    [one] 1 run failed and is
   *[other] { $failed } runs failed and are
  } in none of the figures; the first reason: { $reason }
note-no-samples = The file holds no runs: there is nothing to compare.
note-other-program = The targets did not run the same program: its SHA-256 differs between them. The figures must not be compared.
note-checksums = The program's results differ between runs or targets: checksums { $list }.
note-missing = { $target }: no { $field }: { $reason }
kvm-hardware = KVM here is hardware virtualization (VMX or SVM): guest kernels run natively.
kvm-emulated-kernel-mode = KVM here is a software KVM: programs in a guest run natively, but the guest's kernel is emulated instruction by instruction, so entering it costs far more than on hardware.
kvm-none = There is no usable /dev/kvm here: micro-VMs cannot run.

## Charts

chart-no-figure = no figure here
chart-phases-title = Start-up by phase: { $workload }
chart-phases-note = Bars: median of each phase, stacked (n = { $n } per target). Figure at the end: median of the whole start-up. Under the bar: 5th to 95th percentile, thick: 95 % interval of the median.
chart-timeline-title = Start of { $target }, step by step: { $workload }
chart-timeline-note = Median length of each phase (n = { $n }), one after the other. Each target has its own time axis.
chart-distribution-title = How start-up times are distributed: { $workload }
chart-distribution-note = Height of a curve: share of the runs that were ready by that time (n = { $n } per target). Steep: every start is alike.
chart-memory-title = Memory of one instance: { $workload }
chart-memory-note = Unique set size when the program has written its first byte (n = { $n } per target); parts of the median run. Figure at the end: the run's sum. Under the bar: 5th to 95th percentile, thick: 95 % interval of the median.
chart-image-title = Image size by part: { $workload }
chart-image-note = Bytes to ship, uncompressed, counted once (they do not vary between runs). The host's kernel is not shipped; a VM brings its own.
chart-work-title = Speed of the program relative to { $baseline }: { $workload }
chart-work-note = Operations per second by the program's own clock, divided by those of { $baseline } (n = { $n } per target). Longer is faster. Thick line under the bar: 95 % interval of the ratio.
chart-guest-ram-title = Memory against the guest's RAM
chart-guest-ram-note = Median unique set size of one instance at its first byte (n = { $n } per point). Thin: 5th to 95th percentile, thick: 95 % interval of the median.
chart-density-title = Memory of many instances at once: { $workload }
chart-density-note = What the host's available memory lost with so many instances alive, one mark per measurement (n = { $n } in all). A lower line means more instances fit.
axis-instances = instances alive at once
axis-host-delta = memory the host lost
chart-across-startup-title = Start-up in { $files } files
chart-across-memory-title = Memory of one instance in { $files } files
chart-across-work-title = Work per second in { $files } files
chart-across-note = Medians. In brackets: divided by the same target's in the first file. Under the bar: 5th to 95th percentile, thick: 95 % interval of the median.
axis-startup = time from the start to the program's first byte
axis-startup-log = time from the start to the program's first byte, logarithmic axis
axis-timeline = time since the start
axis-share = share of runs
axis-memory = unique memory
axis-image = bytes to ship
axis-work = operations per second divided by those of { $baseline }
axis-guest-ram = RAM given to the guest
axis-startup-across = time from the start to the program's first byte
axis-memory-across = unique memory
axis-work-across = operations per second
tip-median = median { $median }, n = { $n }
tip-interval = ; 95 % interval { $low } to { $high }
tip-percentiles = ; 5th to 95th percentile { $low } to { $high }
tip-phase = from { $start } on, for { $length } (medians, n = { $n })
tip-image = { $size }, compressed { $compressed } ({ $codec })

## Several files

file-before = before
file-after = after
file-number = file { $number }
trait-workload = program { $value }
trait-cpu = processor { $value }
trait-kernel = kernel { $value }
trait-kvm = KVM { $value }
trait-memory = guest RAM { $value }
trait-cpus = virtual processors { $value }
trait-idle-gap = idle gap { $value }
trait-program = program file { $value }
trait-version = isolab { $value }

## Reports

report-title = isolab: { $workload }
label-comparison = Comparison
label-columns = What the columns mean
label-notes = Before trusting the figures
label-charts = Charts
label-method = How this was measured
label-across = Side by side
label-figures = Figures of this chart
label-sort = Sort by this column
label-contents = Contents
label-warning = Warning:
note-same-conditions = The files are of the same program, machine and settings.
note-differences = The files differ in: { $list }. A difference between figures can come from any of these.
note-png-english = The text of the PNG files is in English: no font of this system has all characters needed (for Korean install for example fonts-noto-cjk or fonts-nanum). The other files are not affected.
note-png-none = { $chart }: no PNG was written: { $reason }
method-program = The program
method-program-text = { $command }, { $size }, SHA-256 { $sha256 }. Every target was to run these same bytes.
method-host = The machine
method-host-text = { $cpu }, { $cores } processors, { $memory } of memory, { $kernel }, cgroups { $cgroups }, isolab { $version }. Clock rate { $mhz }, frequency governor { $governor }, load before the measuring { $load }.
method-kvm = KVM on this machine
method-runs = Runs
method-runs-text = { $runs } counted runs per target after { $warmup } uncounted ones. The targets took turns, in an order drawn anew for every round (seed { $seed }), with a pause of { $gap } before each start. Guest RAM { $memory }, virtual processors { $cpus }. { $pinned ->
    [no] The lab was kept to no processor.
   *[other] The lab and all it started were kept to processor { $pinned }.
  } A run that took longer than { $timeout } was ended and counts as failed.
method-runs-cold = Cold starts: before each start, the files of the image, of the guest kernel and of the runtime were dropped from the page cache, file by file. Directory entries and what the kernel and the hypervisor keep besides stayed warm.
method-command = The command
method-definitions = What the figures are
method-definition-ready = Start-up (ready_ms): from CLOCK_MONOTONIC just before the kernel is asked for the instance's first process until the first byte that the program itself wrote is read. Process start is included.
method-definition-exit = Exit (exit_ms): from the same start until the last process is reaped and every resource of the instance is gone.
method-definition-phases = Phases: consecutive steps that add up to the start-up time.
method-definition-memory = Memory: taken while the program holds still after its first byte, summed over all processes of the instance from smaps_rollup. Unique set size counts the pages that would be free if the instance ended; the page cache is not counted.
method-definition-image = Image size: bytes to ship. The host's kernel has 0 bytes since nobody ships it; a VM ships its own kernel.
method-definition-counters = Page faults and context switches: counted by the host's kernel over all processes of a run (getrusage(2)). System calls: counted at the kernel's tracepoint raw_syscalls:sys_enter in a run of its own, since counting slows them down; a program's calls count from the moment it is executed.
method-definition-work = Work: operations per second by the program's own clock, with a checksum of the result.
method-statistics = Statistics
method-statistics-text = Median, 5th and 95th percentile of all runs that did not fail; outliers are kept. Intervals are 95 % bootstrap confidence intervals of the median (from 6 runs on) and of the ratio of medians. p-values are of two-sided Mann-Whitney U tests; the share of pairs in which one side is slower is U divided by the number of pairs.
method-target = Target { $target }
method-target-version = Version { $version }.
method-target-program = It was given the program with SHA-256 { $sha256 }.
method-target-kernel = Guest kernel { $name }: { $version }, SHA-256 { $sha256 }.
method-target-part = Image part "{ $part }": { $bytes } bytes, compressed { $compressed } ({ $codec }).
method-warnings = Warnings
method-no-warnings = None.

## Names that stand in results files

part-workload = program
part-files = files
part-disk-image = disk image
part-guest-kernel = guest kernel
part-guest-init = guest init
part-host-kernel = host kernel
phase-start-up = start-up
memory-program = program
memory-not-told-apart = not told apart
memory-guest-ram = guest RAM in use
memory-monitor = monitor
memory-runtime = container runtime
phase-plan = plan
phase-clone = clone
phase-network = network
phase-root-file-system = root file system
phase-cgroup = cgroup
phase-drop-privileges = drop privileges
phase-seccomp = seccomp
phase-exec = exec
phase-program = program
phase-fork-and-exec = fork and exec
phase-start-the-monitor = start the monitor
phase-make-the-machine = make the machine
phase-load-kernel-and-files = load kernel and files
phase-make-the-processor = make the processor
phase-guest-kernel-entry = guest kernel: entry
phase-guest-kernel-load-the-program = guest kernel: load the program
phase-program-to-its-first-byte = program to its first byte
field-rss-bytes = resident set size (RSS)
field-pss-bytes = proportional set size (PSS)
field-one-more = memory of one more instance
field-uss-bytes = unique set size (USS)
field-guest-ram-bytes = guest RAM's part
field-monitor-bytes = monitor's part
field-runtime-bytes = container runtime's part
field-cgroup-anon-bytes = cgroup anonymous memory
field-cgroup-peak-bytes = cgroup peak
field-system-calls = number of system calls
