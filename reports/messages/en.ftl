# English texts of tables, charts and reports. Every message here is also in the other files of this folder.

## What came out, in one sentence

headline-between = {", "}
headline-alone = { $target } takes { $ready } to start.
headline-ready = { $list }.
headline-ready-different-first = { $target } takes { $ratio }× as long to start as { $baseline }
headline-ready-different-next = { $target } { $ratio }×
headline-ready-no-difference-first = { $target } takes as long to start as { $baseline } (no difference found)
headline-ready-no-difference-next = { $target } as long (no difference found)
headline-ready-too-few-first = { $target } takes about { $ratio }× as long to start as { $baseline } (too few runs to be sure)
headline-ready-too-few-next = { $target } about { $ratio }× (too few runs to be sure)
headline-versions = Start-up of B against A: { $list }.
headline-versions-clause = { $target } { $change } ({ $verdict })
headline-memory = { $list }.
headline-memory-different-first = { $target } takes { $ratio }× the memory of { $baseline }
headline-memory-different-next = { $target } { $ratio }×
headline-memory-no-difference-first = { $target } takes as much memory as { $baseline } (no difference found)
headline-memory-no-difference-next = { $target } as much (no difference found)
headline-memory-too-few-first = { $target } takes about { $ratio }× the memory of { $baseline }
headline-memory-too-few-next = { $target } about { $ratio }×
headline-image = { $list }.
headline-image-different-first = the image of { $target } is { $ratio }× the size of that of { $baseline }
headline-image-different-next = that of { $target } { $ratio }×
headline-image-no-difference-first = the image of { $target } is as large as that of { $baseline }
headline-image-no-difference-next = that of { $target } as large
headline-image-too-few-first = the image of { $target } is about { $ratio }× the size of that of { $baseline }
headline-image-too-few-next = that of { $target } about { $ratio }×
headline-speed = { $list }.
headline-speed-different-first = { $target } works at { $percent } % of the speed of { $baseline }
headline-speed-different-next = { $target } at { $percent } %
headline-speed-no-difference-first = { $target } works as fast as { $baseline } (no difference found)
headline-speed-no-difference-next = { $target } as fast (no difference found)
headline-speed-too-few-first = { $target } works at about { $percent } % of the speed of { $baseline } (too few runs to be sure)
headline-speed-too-few-next = { $target } at about { $percent } % (too few runs to be sure)

## Targets

target-process = process
target-container = container
target-container-no-init = container, no init
target-container-pod = container in a pod
target-container-bound = container, bound
target-microvm = micro-VM
target-microvm-linux = Linux micro-VM
noun-process = a process
noun-container = a container
noun-container-no-init = a container without an init
noun-container-pod = a container in a pod
noun-container-bound = a container with its image bound
noun-microvm = a micro-VM
noun-microvm-linux = a Linux micro-VM

## Metrics: name, then what it is

metric-of-program = reported by the program as “{ $name }”, in { $unit }; median, below it 5th to 95th percentile.
metric-ready-ms = Start-up
ready-mark = { $mark ->
    [first-byte] the program's first output byte
    [exit] the program's end
   *[other] the program's line with "{ $mark }"
}
metric-ready-ms-meaning = time from requesting the first process to { $ready } (process start included); median, below it 5th to 95th percentile.
metric-exit-ms = Total
metric-exit-ms-meaning = from the same start until all processes are reaped and all resources released; median, below it 5th to 95th percentile.
metric-memory-bytes = Memory
metric-memory-bytes-meaning = what the host has less for one more instance: the slope over several instances alive at once, each at its first output byte; below it its parts.
metric-memory-program-bytes = program
metric-memory-program-bytes-meaning = the program's anonymous and modified pages.
metric-memory-runtime-bytes = container runtime
metric-memory-runtime-bytes-meaning = anonymous and modified pages of the container's pid 1.
metric-memory-monitor-bytes = VMM
metric-memory-monitor-bytes-meaning = anonymous and modified pages of the virtual machine monitor, guest RAM excluded.
metric-memory-guest-ram-bytes = guest RAM
metric-memory-guest-ram-bytes-meaning = guest RAM in use: the guest OS and the program in it.
metric-memory-kernel-bytes = host kernel
metric-memory-kernel-bytes-meaning = what the host kernel keeps for an instance: page tables, stacks, namespaces, cgroups.
metric-memory-shared-file-bytes = Shared file pages
metric-memory-shared-file-bytes-meaning = pages of files that all instances share; they are there once, whatever the number of instances.
metric-uss-bytes = USS memory
metric-uss-bytes-meaning = unique set size at the first output byte: pages that no other process maps, clean file pages included and kernel memory not; median, below it its parts.
metric-uss-program-bytes = program
metric-uss-program-bytes-meaning = the program's part of the unique set size.
metric-uss-guest-ram-bytes = guest RAM
metric-uss-guest-ram-bytes-meaning = the guest RAM's part of the unique set size.
metric-uss-monitor-bytes = VMM
metric-uss-monitor-bytes-meaning = the virtual machine monitor's part of the unique set size.
metric-uss-runtime-bytes = container runtime
metric-uss-runtime-bytes-meaning = the part of the unique set size that is the container's pid 1.
metric-pss-bytes = PSS
metric-pss-bytes-meaning = proportional set size: shared pages divided among the processes that map them.
metric-rss-bytes = RSS
metric-rss-bytes-meaning = resident set size: every mapped page, shared ones counted in full for each process.
metric-cgroup-anon-bytes = cgroup anon
metric-cgroup-anon-bytes-meaning = anonymous memory of the instance's memory cgroup.
metric-cgroup-peak-bytes = cgroup peak
metric-cgroup-peak-bytes-meaning = peak of the instance's memory cgroup, the runtime's own start included.
metric-host-delta-bytes = Host memory lost
metric-host-delta-bytes-meaning = drop in the host's available memory with several instances alive, divided by their number.
metric-image-bytes = Image
metric-image-bytes-meaning = size to distribute, uncompressed. A container shares the host kernel; a VM includes its own.
metric-image-compressed-bytes = Image, compressed
metric-image-compressed-bytes-meaning = size to distribute, compressed.
metric-ops-per-s = Speed
metric-ops-per-s-meaning = operations per second, timed inside the program; median, and whether its checksum is the same everywhere.
metric-ops = Operations
metric-ops-meaning = operations of one run, counted by the program.
metric-inside-ms = Work, timed inside
metric-inside-ms-meaning = time the operations took by the program's clock.
metric-outside-ms = Work, timed outside
metric-outside-ms-meaning = the same work timed by isolab, from the first line of output to the last.
metric-cpu-ms = CPU time
metric-cpu-ms-meaning = time that the processes of the instance spent on CPUs, in user and kernel mode together, from start to end; median, below it 5th to 95th percentile.
metric-page-faults = Page faults
metric-page-faults-meaning = page accesses that the host kernel had to resolve, from start to end; median, below it 5th to 95th percentile.
metric-major-faults = Major faults
metric-major-faults-meaning = page faults that read from a disk.
metric-context-switches = Context switches
metric-context-switches-meaning = how often a process left the CPU: voluntarily (waited) or not (preempted); median, below it 5th to 95th percentile.
metric-involuntary-switches = Involuntary switches
metric-involuntary-switches-meaning = times a process was preempted.
metric-system-calls = System calls
metric-system-calls-meaning = calls to the host kernel, counted in a run of its own. For a micro-VM: calls by the VMM; the program's own go to the guest kernel.

## The comparison table

table-heading = { $workload }: { $runs ->
    [one] 1 run
   *[other] { $runs } runs
  } per target after { $warmup } to warm up, on { $cpu }, { $kernel }
title-unit = { $title } { $unit }
column-target = Target
column-percentiles = 5–95 %
column-times = Ratio
details-metric = Metric
table-more = (--explain)
table-more-here = more below
column-target-meaning = where the program ran; below it the number of runs.
column-ready-interval = 95 % interval
column-ready-interval-meaning = bootstrap confidence interval of the median start-up.
column-ratio = vs { $baseline }
column-ratio-meaning = median start-up divided by that of { $baseline }, below it the 95 % interval.
column-effect = Slower
column-effect-meaning = of 100 random pairs of runs, how many were slower here than on { $baseline } (50 = no difference).
column-significance = p-value
column-significance-meaning = two-sided Mann-Whitney U test of start-up against { $baseline }: probability of so large a difference if there were none.
cell-pairs = { $pairs } of 100
cell-runs = n = { $n }{ $failed ->
    [0] {""}
   *[other] , { $failed } failed
  }
cell-unavailable = cannot run here
cell-no-runs = no runs
column-verdict = B to A
column-verdict-meaning = by how much the start-up of version B differs from that of A on the same target (Hodges and Lehmann's estimate by rounds), below it the 95 % interval for all tests together.
heading-versions = A: { $a }, B: { $b }
cell-baseline = baseline
cell-of-which = incl. { $parts }
cell-same-checksum = same result
cell-other-checksum = different result

## Notes

note-unavailable = { $target } did not run: { $reason }
note-failed = { $target }: { $failed ->
    [one] 1 run failed and is
   *[other] { $failed } runs failed and are
  } excluded from all figures. First reason: { $reason }
note-no-samples = The file holds no runs: there is nothing to compare.
note-missing = { $target }: no { $metric }: { $reason }
kvm-hardware = KVM here is hardware virtualization (VMX or SVM): guest kernels run natively.
kvm-emulated-kernel-mode = KVM here emulates the guest kernel; on hardware, entry is faster. It emulates the guest kernel in software, which costs far more than hardware virtualization (VMX or SVM). Programs in a guest run natively.
kvm-none = There is no usable /dev/kvm here: micro-VMs cannot run.

## Warnings

warning-debug-build = isolab was built without optimization. That slows container and micro-VM down. For figures: cargo run --release
warning-few-runs = { $runs ->
    [one] 1 run is
   *[other] { $runs } runs are
  } too few for a 95 % interval, which needs at least { $least }. Use more (--runs).
warning-cold-caches = Without warm-up, the first runs also read files from the disk. --warmup 3 excludes them.
warning-outliers = { $target }: { $count } of { $of } starts are outliers (slowest { $slowest } ms). They are kept. Something else ran meanwhile: close other programs, or take more runs (--runs).
warning-busy-host = Other programs kept { $cpus } CPUs busy meanwhile. Close them, or pin isolab to a CPU of its own (--pin).
warning-steal-time = The hypervisor took { $percent } % of the CPU time. This is steal time of the machine below this one: measure when its host is idle.
warning-swapping = Memory was swapped during the measurement. Free some memory and measure again.
warning-throttled = The CPUs were throttled because of heat. Let them cool, and measure with pauses.
warning-slow-governor = The frequency governor { $governor } raises the clock late. It does so only under load. For short runs use `cpupower frequency-set -g performance`.
warning-slow-governor-low = The frequency governor { $governor } keeps the clock rate low. For short runs use `cpupower frequency-set -g performance`.
warning-slow-clock = The clock source { $source } is slow to read. It takes a microsecond or more: short phases look longer than they are. See which are available: /sys/devices/system/clocksource/clocksource0/available_clocksource
warning-slow-clock-coarse = The clock source { $source } counts in milliseconds. Short times cannot be trusted. See which are available: /sys/devices/system/clocksource/clocksource0/available_clocksource
warning-not-cold = { $target }: { $pages } of { $of } pages of a file stayed in the page cache. It is { $file }: a process uses them, as isolab does its own executable, or the file is on a file system in memory (tmpfs).
warning-not-cold-unknown = { $target }: whether a file left the page cache is not known. It is { $file }: the kernel tells only its owner and root.
warning-gave-up = { $target } was given up after its first runs failed: { $why }
warning-no-memory = The memory of { $target } could not be measured: { $why }
warning-checksums-differ = The same work gave different results: { $list }. The figures must not be compared.
warning-programs-differ = The targets did not run the same program. Its SHA-256 differs between them: the figures must not be compared.
warning-clocks-disagree = { $target }: the work took { $ratio } times as long by isolab's clock as by the program's.
warning-late-first-byte = { $target }: the first byte came after { $percent } % of the run, so start-up here is the time of nearly all work. A program that prints earlier holds it back when it does not write to a terminal: flush it (C: `fflush(stdout)` or `setvbuf`; Python: `print(..., flush=True)`; Rust: `stdout().flush()`), or say what its start-up ends with: `--ready TEXT`, `--ready exit`.
warning-outputs-differ = The same program wrote different output (bytes and SHA-256): { $list }. Its figures are not of the same work: a file or a variable that it needs may be missing in a target (`--file SRC`, `--env NAME=VALUE`).
warning-outputs-vary = The same program wrote different output from run to run on { $various }, and always the same on { $steady }. Its figures may not be of the same work: a run may find what the one before has left, or a time or a process number is written.
warning-incomplete = The measurement was interrupted before all runs were done.

## What a program sees

inspect-pid = Process ID
inspect-parent = Parent process
inspect-user = User:group
inspect-capabilities = Capabilities
inspect-filter = System calls filtered
inspect-host-name = Host name
inspect-kernel = Kernel
inspect-uptime = Kernel running for
inspect-memory = Memory
inspect-memory-limit = Memory limit seen
inspect-cpus = CPUs
inspect-mounts = Mounts
inspect-root = Root folder
inspect-interfaces = Network interfaces
inspect-processes = Processes seen

## Reasons

reason-timed-out = ended after { $seconds } s, the time it is allowed
reason-killed = the program was ended by { $signal }
reason-fault = { $how }
reason-signal = the workload was ended by signal { $signal }
reason-status = the workload ended with status { $status }
reason-no-output = the workload wrote nothing to stdout
reason-no-line = the workload did not write "{ $line }" to stdout, which --ready waits for
reason-said = { $why }; on stderr: { $said }
reason-noted = { $why }: { $note }
reason-out-of-memory = the memory limit was reached, and the kernel ended the program (OOM kill), after { $kib } KiB at the peak
reason-out-of-memory-somewhere = the memory limit was reached, and the kernel ended the program (OOM kill)
reason-missing-calls = the built-in guest kernel does not have the system calls { $calls }
reason-advice = { $why }. { $what }
reason-silent = it wrote nothing to stdout within { $seconds } s
reason-ended-silent = it ended without writing anything to stdout
reason-not-installed = { $command } is not installed
reason-do-install = Install it: { $command }
reason-tool-fails = { $tool } does not work here: `{ $command }`: { $answer }
reason-cannot-execute = cannot execute { $path }: { $answer }
reason-do-other-folder = The file system may be mounted noexec. Another place for the built-in workloads: XDG_CACHE_HOME=/path; for other programs: TMPDIR=/path
reason-do-other-program = This kernel does not run such programs.
reason-do-more-processes = The limit on processes is reached (ulimit -u).
reason-whole-processors = a virtual machine has whole processors, not { $cpus }
reason-do-whole-processors = Give it a whole number: --cpus 1
reason-one-processor = the built-in guest kernel runs on one processor, not on { $cpus }
reason-do-linux-guest = A Linux guest takes several: --on microvm-linux --kernel FILE
reason-cannot-read = cannot read { $path }: { $answer }
reason-little-memory = too little memory is left, { $mib } MiB, for { $count } instances at once
reason-memory-came-back = the host's memory rose by { $kib } KiB for each instance, less than the { $own } KiB of its processes: other programs gave memory back meanwhile
reason-too-few-instances = too few instances could be started
reason-restless-slope = other programs change the host's memory: { $count } instances gave { $kib } KiB for each with a standard error of { $error } KiB
reason-restless-host = other programs change the host's memory all the time, by { $kib } KiB within { $ms } ms just now
reason-odd-buddyinfo = /proc/buddyinfo is not as proc_buddyinfo(5) says
reason-process-ended = process { $pid } ended before its memory was read
reason-no-guest-ram = the guest's RAM is not where the VMM puts it
reason-no-own-cgroup = it has no memory cgroup of its own
reason-no-memory-cgroups = this kernel has no memory cgroups
reason-cgroup-not-mounted = the memory cgroup is not mounted where isolab sees it
reason-cgroup-not-counted = the memory cgroup does not count it, or has not summed it up yet
reason-no-process = it has no process any more
reason-program-elsewhere = its program's process is not below the tool's
reason-simulated = a simulated target makes none
reason-no-count = the kernel's counter of system calls cannot be read: { $answer }
reason-odd-tracepoint = { $path } holds "{ $text }", which is no number
reason-tracepoint-denied = { $path }: { $answer }; counting system calls is for root (only root can read tracefs)
reason-no-tracepoint = the kernel's tracepoint for system calls was not found ({ $path }: { $answer }); as root: mount -t tracefs none /sys/kernel/tracing
reason-counting-denied = the kernel does not let this user count system calls (perf_event_open: permission denied); it is for root, or for all with sysctl kernel.perf_event_paranoid=-1
reason-counting-failed = the kernel cannot count system calls (perf_event_open: { $answer })
caveat-ksm = KSM merges equal pages of instances (/sys/kernel/mm/ksm/run is 1): further instances take less memory than shown.
caveat-huge-pages = Transparent huge pages are always on: memory is taken in blocks of 2 MiB, and instances may take more than they touch.

## Old and new

diff-figures = Old → new
diff-change = Change
diff-interval = 95 % interval
diff-verdict = Verdict
diff-ends = { $low } to { $high }
diff-worse = worse
diff-better = better
diff-changed = changed
diff-no-difference = no difference
diff-too-few = too few runs to say
diff-regression = REGRESSION
diff-nothing = Nothing to compare: the files have no target and metric in common.
diff-corrected = Intervals are at 95 % for all { $tests } tests together (Holm).
differs-methods = { $metric } is not compared: it was measured by method { $old }, now by method { $new }.
differs-gone = { $target } no longer gives these figures: { $metrics }.
differs-more-failed = { $target }: { $new } runs failed, and { $old } before.
differs-one-session = Each side was measured once. How much the host changed in between cannot be seen, so intervals hold what is usual. To find smaller changes, measure both several times by turns: `isolab diff --old OLD1 OLD2 OLD3 --new NEW1 NEW2 NEW3`.
differs-not-by-turns = Old and new were not measured by turns, as far as the files say. A steady drift of the host then looks like a change, so each side counts as one measurement, and intervals hold the drift that is seen. `compare --baseline` cannot take turns: measure both by turns, two of each or more, and use `isolab diff --old OLD1 OLD2 OLD3 --new NEW1 NEW2 NEW3`.
differs-fewer-old = { $target }: { $used } of { $files } old files have these figures, the others are not in the comparison: { $metrics }.
differs-fewer-new = { $target }: { $used } of { $files } new files have these figures, the others are not in the comparison: { $metrics }.
differs-no-factor = { $target }: these figures are not compared, as one is zero and there is no factor: { $metrics }.
differs-disturbed-old = The host was busy or slowed down during the old measurement: differences may come from that. Measure again when it is idle.
differs-disturbed-new = The host was busy or slowed down during the new measurement: differences may come from that. Measure again when it is idle.
differs-undecided = { $target }: worse by more than the limit, and no regression that is certain, as the few measurements of a side differ from each other by more than usual: { $metrics }. Measure at least three a side, by turns.
differs-too-few = { $target }: worse by more than the limit, and no regression that is certain, as there are too few runs: { $metrics }. Measure with more: --runs 50.
differs-program = The program itself has changed (another SHA-256).
differs-isolab = isolab is { $new } and was { $old }.
differs-guest-kernel-build = The guest kernel of { $target } is another build.
differs-workload = the workload is { $new } and was { $old }
differs-arguments = its argument list is { $new } and was { $old }
differs-inputs = what the program is given (files, variables, standard input) is { $new } and was { $old }
differs-ready = the mark that ends the start-up is { $new } and was { $old }
differs-kernel = the host's kernel is { $new } and was { $old }
differs-cpu = the CPU is { $new } and was { $old }
differs-cores = the number of CPUs is { $new } and was { $old }
differs-kvm = KVM is { $new } and was { $old }
differs-cgroups = the cgroup mode is { $new } and was { $old }
differs-pinned = the list of pinned CPUs is { $new } and was { $old }
differs-starts = starts are { $new } and were { $old }
differs-image-files = the bytes of other files in the image are { $new } and were { $old }
differs-rootfs = the root of Linux guests is { $new } and was { $old }
differs-idle-gap = the idle gap is { $new } and was { $old }
differs-guest-ram = the guest RAM in bytes is { $new } and was { $old }
differs-linux-ram = the RAM of Linux guests in bytes is { $new } and was { $old }
differs-vcpus = the number of vCPUs is { $new } and was { $old }
differs-limits = the container's limits are { $new } and were { $old }
differs-description = the description by which { $target } is started is another
differs-own-cgroup-new = instances of { $target } have a control group of their own and had none
differs-own-cgroup-old = instances of { $target } have no control group of their own and had one
differs-guest-kernel = the guest kernel is { $new } and was { $old }

## Charts

chart-no-figure = not measured
group-isolation = isolation
group-guest-kernel = guest kernel
group-program = program
group-other = not told apart
chart-phases-title = Start-up time
chart-phases-subtitle = Time from the request for the first process to { $ready }
chart-phases-footer = n = { $n } per target. Bar: median, divided as in the run nearest the median. Isolation: namespaces or the VMM; program: the program itself with its kernel calls.{ $ranges ->
    [yes] {" "}Thin line: 5th to 95th percentile.
   *[no] {""}
  }
chart-steps-title = Where the time goes, step by step
chart-steps-subtitle = The steps of a start, one after the other; all targets on one time axis
chart-steps-footer = The run nearest the median of n = { $n } per target. Steps that take no time are left out.
chart-distribution-title = How start-up times vary from run to run
chart-distribution-subtitle = Start-up time of every run{ $log ->
    [yes] , logarithmic axis
   *[no] {""}
  }
chart-distribution-footer = n = { $n } per target. { $thinned ->
    [yes] Each dot stands for one percent of the runs
   *[no] Each dot is a run
  }; curve: where they are dense; mark: median.
chart-memory-title = Memory
chart-memory-bytes-subtitle = What the host has less for one more instance
chart-memory-bytes-footer = Slope over n = { $n } instances alive at once. File pages that all share are not counted.{ $reference ->
    [yes] {" "}Upright line: { $baseline } alone.
   *[no] {""}
  }
chart-uss-bytes-subtitle = Unique set size (USS) at the program's first output byte
chart-uss-bytes-footer = Median of n = { $n } per target.{ $ranges ->
    [yes] {" "}Thin line: 5th to 95th percentile.
   *[no] {""}
  }{ $reference ->
    [yes] {" "}Upright line: { $baseline } alone.
   *[no] {""}
  }
chart-image-title = Image
chart-image-subtitle = Size to distribute, uncompressed
chart-image-footer = Counted once (n = 1): it does not vary. A container shares the host kernel; a VM includes its own.
chart-work-title = { $metric } relative to { $baseline }
chart-work-subtitle = Difference from { $baseline }; left is slower, right is faster
chart-work-footer = n = { $n } per target.{ $intervals ->
    [yes] {" "}Dot: ratio of medians; line: its 95 % interval. A line across zero: no difference found.
   *[no] {" "}Dot: ratio of medians. Too few runs for an interval.
  }
chart-guest-ram-title = Memory as guest RAM grows
chart-guest-ram-subtitle = Memory of one instance at its first output byte
chart-guest-ram-footer = { $workload }, all other settings the same; n = { $n } per point.{ $intervals ->
    [yes] {" "}Upright line: 95 % interval.
   *[no] {""}
  }
chart-across-program = { $title }: { $workload }
chart-across-subtitle = Median in each file{ $log ->
    [yes] , logarithmic axis
   *[no] {""}
  }
chart-across-footer = n = { $n } per dot.{ $ranges ->
    [yes] {" "}Line through a dot: 5th to 95th percentile.
   *[no] {""}
  }
axis-instances = instances alive at once
axis-guest-ram = RAM given to the guest
tip-median = median { $median }, n = { $n }
tip-interval = ; 95 % interval { $low } to { $high }
tip-percentiles = ; 5th to 95th percentile { $low } to { $high }
tip-phase = from { $start } on, for { $length }
tip-image = { $size }, compressed { $compressed } ({ $codec })

## Speed of many programs: what the kernel and the processor do in each

chart-performance-title = Work done, relative to { $baseline }
chart-performance-subtitle = How many times the work of { $baseline } each target does in the same time; logarithmic axis
chart-performance-footer = n = { $n } per target. The upright line is { $baseline }.{ $intervals ->
    [yes] {" "}Dot: ratio of medians; line: 95 % interval.
   *[no] {""}
  }
performance-program = Program
performance-why = What the kernel and the processor do
speed-cpu = It only computes, and no kernel is asked: container and guest run the same instructions on the same CPU.
speed-float = Vector instructions run on the CPU itself, in a guest as well. Only saving their registers at a switch could cost more.
speed-memory-bandwidth = Memory is used in order, so that one address translation serves a whole page. { $kvm ->
    [emulated] The host keeps a second page table of the guest's memory (shadow paging), which is filled at the first touch.
   *[hardware] That a guest's addresses are translated twice (nested paging) costs little here.
  }
speed-memory-latency = Each access waits for the one before, and large memory misses the TLB. { $kvm ->
    [emulated] The host keeps a second page table of the guest's memory (shadow paging), in small pages.
   *[hardware] A guest's miss walks two page tables, up to 24 steps instead of 4; huge pages shorten both.
  }
speed-syscall = A container enters the host kernel, through its filter of system calls; a guest enters its own kernel. { $kvm ->
    [emulated] KVM here emulates that kernel instruction by instruction: a call takes tens of microseconds. On hardware it does not leave the guest.
   *[hardware] That does not leave the virtual machine, and takes no longer than on the host.
  }
speed-page-fault = The kernel finds, clears and maps every page. { $kvm ->
    [emulated] The guest kernel that does so is emulated here, and the host maps each page of the guest once more.
   *[hardware] A guest's page is mapped twice: by its own kernel, and at its first use by the host's.
  }
speed-file-sequential = The page cache takes the data, and the disk gets it at fsync. A container uses the host's file system, a virtual machine one of its own.
speed-file-small = It is about names, not data: a container's are looked up by the host kernel, a virtual machine's by its own alone.
speed-spawn = The kernel makes and removes page tables for each process. { $kvm ->
    [emulated] A guest kernel's changes of page tables are emulated here.
   *[hardware] With nested paging they stay inside the guest.
  }
speed-switch = The scheduler changes from one process to the other at each wake-up. In a guest on two CPUs, to wake the other one may need the hypervisor.
speed-allocate = It is mostly the C library's work. { $kvm ->
    [emulated] For fresh pages it asks the kernel, which is emulated in a guest here.
   *[hardware] Only for fresh pages it asks the kernel.
  }
speed-clock = Process and container read the clock without entering the kernel (vDSO). { $kvm ->
    [emulated] The built-in guest kernel has no vDSO: each reading is a system call of an emulated kernel.
   *[hardware] The built-in guest kernel has no vDSO: each reading is a system call.
  }
speed-network = TCP over loopback is the work of one network stack: the host's for process and container, the guest's own in a virtual machine.

## Several files

file-before = before
file-after = after
file-number = file { $number }
trait-workload = program { $value }
trait-host = host { $value }
trait-cpu = CPU { $value }
trait-kernel = kernel { $value }
trait-kvm = KVM { $value }
trait-memory = guest RAM { $value }
trait-cpus = vCPUs { $value }
kvm-kind-hardware = hardware
kvm-kind-emulated-kernel-mode = software
kvm-kind-none = none
trait-idle-gap = idle gap { $value }
trait-cpu-limit = container CPUs { $value }
trait-memory-limit = container memory { $value }
trait-image-files = image files { $value }
trait-rootfs = root { $value }
trait-pinned = pinned to { $value }
trait-cold = cold starts { $value }
trait-runs = runs { $value }
trait-inputs = given { $value }
trait-ready = start-up until { $value }
trait-program = program file { $value }
trait-version = isolab { $value }

## Reports

report-title = isolab: { $workload }
report-title-many = isolab: { $count } programs
label-comparison = All figures
label-columns = What the columns mean
label-notes = Caveats
label-charts = More charts
label-method = How this was measured
label-across = Side by side
label-figures = Show data
label-sort = Sort by this column
label-contents = Contents
label-warning = Warning:
label-compared = compared with { $baseline }
caveat-more = { $count ->
    [one] 1 more caveat
   *[other] { $count } more caveats
  }
note-same-conditions = The files are of the same program, machine and settings.
note-differences = Files differ in: { $list }. Any of these may explain a difference.
note-png-english = The text of the PNG files is in English: no font of this system has all characters needed (for Korean install for example fonts-noto-cjk or fonts-nanum). The other files are not affected.
note-png-none = { $chart }: no PNG was written: { $reason }
method-program = The program
method-program-text = { $command }, { $size }, SHA-256 { $sha256 }. All targets were given this exact file.
method-program-inputs = On every target it was given { $list }.
method-program-ready = Its start-up ends with { $mark ->
    [exit] its end, before what it used is removed
   *[other] the text "{ $mark }" on stdout
}, not with its first byte. Memory is that at the first byte.
method-host = The machine
method-host-text = { $cpu }, { $cores } CPUs, { $memory } of memory, { $kernel }, cgroups { $cgroups }, isolab { $version }. Clock rate { $mhz }, frequency governor { $governor }, load before the measurement { $load }.
method-environment = Its environment
environment-measured-at = measured at { $time } (UTC)
method-kvm = KVM on this machine
method-runs = Runs
method-runs-text = { $runs } runs per target after { $warmup } to warm up, which are not counted. Order randomized each round (seed { $seed }), with a pause of { $gap } before each start. Guest RAM { $memory }, vCPUs { $cpus }. { $pinned ->
    [no] Not pinned to a CPU.
   *[other] isolab and all it started were pinned to CPU { $pinned }.
  } A run that took longer than { $timeout } was ended and counts as failed.
method-runs-cold = Cold starts: before each start, the files of the image, of the guest kernel and of the runtime were dropped from the page cache, file by file. Directory entries and what the kernel and the hypervisor keep besides stayed warm.
method-command = The command
method-definitions = What the figures are
method-definition = { $name } ({ $id }, method { $method }): { $meaning }
method-definition-phases = Phases: consecutive steps that add up to the start-up time. The clock is CLOCK_MONOTONIC, from just before the kernel is asked for the instance's first process. isolab asks KVM once, before that, which processor it offers to guests.
method-definition-counters = Page faults and context switches are counted by the host kernel over all processes of a run (getrusage(2)). System calls are counted at the kernel's tracepoint raw_syscalls:sys_enter in a run of its own, since counting slows them down; a program's calls count from the moment it is executed.
method-statistics = Statistics
method-statistics-text = Median, 5th and 95th percentile of all runs that did not fail; outliers are kept. Intervals are 95 % bootstrap confidence intervals of the median and of the ratio of medians, from 6 runs on; what is resampled is rounds, since the runs of a round share what the host did. p-values are of two-sided Mann-Whitney U tests; the share of pairs in which one side is slower is U divided by the number of pairs.
method-target = Target { $target }
method-versions = Both versions ran in every round, in an order drawn by lot, so that whatever the host does meets both alike. What B is to A is tested by exchanging the two within rounds (Fisher's randomization test on ranks, relative to the level of the neighbouring rounds).
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
phase-plan = plan
phase-clone = clone
phase-spawn = spawn
phase-namespaces = namespaces
phase-mounts = mounts
phase-kvm-setup = KVM setup
phase-load-kernel = load kernel
phase-guest-kernel = guest kernel
phase-guest-user = program in the guest
phase-id-maps = id maps
phase-console = console
phase-network = network
phase-root-file-system = root file system
phase-cgroup = cgroup
phase-drop-privileges = drop privileges
phase-seccomp = seccomp
phase-exec = exec
phase-program = program
phase-fork-and-exec = fork and exec
phase-start-the-runtime = start the runtime
phase-start-the-monitor = start the VMM
phase-confine-the-monitor = confine the VMM
phase-make-the-machine = create the VM
phase-load-kernel-and-files = load kernel and files
phase-make-the-processor = create the vCPU
phase-make-the-processors = create the vCPUs
phase-guest-kernel-entry = guest kernel: entry
phase-guest-kernel-boot = guest kernel: boot
phase-guest-init-prepare = guest init: prepare
phase-guest-kernel-load-the-program = guest kernel: load the program
phase-program-to-its-first-byte = program to its first byte
