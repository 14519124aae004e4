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
column-significance = p-value
column-significance-meaning = two-sided Mann-Whitney U test of start-up against { $baseline }: how often chance alone would differ as much.
column-memory = Memory
column-memory-meaning = unique set size at the first byte: what would be free if the instance ended; median, below it the parts of the median run.
column-image = Image
column-image-meaning = bytes to ship, uncompressed. A container uses the host's kernel and ships none; a VM ships its own.
column-work = Work
column-work-meaning = operations per second by the program's own clock, and whether its checksum is the same everywhere; median.
cell-runs = n = { $n }{ $failed ->
    [0] {""}
   *[other] , { $failed } failed
  }
cell-unavailable = cannot run here
cell-no-runs = no runs
cell-baseline = baseline
cell-guest-ram = guest RAM { $size }
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
chart-phases-note = Bars: median of each phase, stacked (n = { $n } runs per target). Figure at the end: median of the whole start-up. Under the bar: 5th to 95th percentile, thick: 95 % interval of the median.
axis-startup = time from the start to the program's first byte
tip-median = median { $median }, n = { $n }
tip-interval = ; 95 % interval { $low } to { $high }
tip-percentiles = ; 5th to 95th percentile { $low } to { $high }

## Names that stand in results files

part-workload = program
part-files = files
part-guest-kernel = guest kernel
part-guest-init = guest init
part-host-kernel = host kernel
phase-start-up = start-up
