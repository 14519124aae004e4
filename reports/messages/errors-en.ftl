### What isolab says when it cannot do something, each reason-ID, and what to do about it, each reason-do-ID; beside them the
### lines that say where results are. What kernels, libraries and other programs answer is quoted.

reason-because = { $tried }: { $cause }
reason-hint = hint: { $what }
reason-at = { $place }: { $what }
reason-file = { $path }: not readable as results
reason-interrupted = interrupted

## Files and folders

reason-cannot-read-file = cannot read { $path }
reason-cannot-read-folder = cannot read the folder { $path }
reason-cannot-read-back = cannot read back { $path }
reason-cannot-write = cannot write { $path }
reason-cannot-write-to = cannot write to { $path }
reason-cannot-write-back = cannot write back { $path }
reason-cannot-write-json = cannot write it as JSON
reason-cannot-write-stdout = cannot write to stdout
reason-cannot-write-page = cannot write the manual page
reason-cannot-make = cannot create { $path }
reason-cannot-make-folder = cannot create a directory in { $path }
reason-cannot-open = cannot open { $path }
reason-cannot-find = cannot find { $path }
reason-cannot-remove = cannot remove { $path }
reason-cannot-drop = cannot drop { $path } from the page cache
reason-cannot-look-at-pages = cannot see which pages of { $path } are in the page cache
reason-is-folder = it is a directory
reason-is-special = it is a pipe, a device or a socket; write what comes from there to a file first
reason-not-utf-8 = { $path } is not UTF-8
reason-do-make-room = Make room there, or name another directory: TMPDIR=/path isolab …
reason-do-room-or-place = Make room there, or name another place.
reason-do-writable-place = The file system there is read-only: name another place.
reason-do-change-owner = This user may not write there: name another place, or change its owner.
reason-do-other-place = Name another place.
reason-do-room-for-stdout = Check that there is room where it is redirected to.
reason-results-are-in = results are in { $path }
reason-chart-is-in = a chart of start-up by phase is in { $path }
reason-report-is-in = a report is in { $files }

## Programs and workloads

reason-no-workload = there is no workload "{ $name }"
reason-do-name-workload = Built in are { $names }. Any other static program: -- PROGRAM ARGS…
reason-file-not-workload = "{ $name }" is a file, not a built-in workload
reason-do-after-dashes = A program of your own comes after two dashes: { $command }
reason-no-program = there is no program "{ $name }", here or on PATH
reason-do-before-dashes = A built-in workload comes before the dashes: { $command }
reason-do-check-name = Check its name, or give its path.
reason-cannot-be-workload = { $path } cannot be the workload: { $why }
reason-elf-missing = there is no such file
reason-do-check-path = Check the path; a built-in workload is named before the --, as in: isolab compare hello
reason-elf-special = it is not a regular file
reason-do-name-program = Name the program file itself.
reason-elf-unreadable = it cannot be read: { $answer }
reason-do-make-readable = Make it readable for this user (chmod +r).
reason-elf-empty = it is empty
reason-elf-truncated = it is a truncated ELF: { $why }
reason-elf-headers-past-end = the program headers lie past its end
reason-elf-short = it has { $bytes } bytes of at least { $least }
reason-elf-shorter-than-header = { $bytes } bytes are less than the file header
reason-elf-damaged = it is a damaged ELF: { $why }
reason-elf-no-headers = it has no program headers
reason-elf-overflow = a segment's offset and size overflow
reason-elf-entry = its entry point lies in no executable segment
reason-elf-header = its file header is not valid
reason-do-build-again = The file is incomplete: build or copy it again.
reason-elf-script = it is a script for { $interpreter }, not a program of its own
reason-do-give-interpreter = A script needs its interpreter in every target: give the interpreter as the program, as one static executable, and the script's work as its arguments.
reason-elf-not = it is not an ELF file (it begins with { $start })
reason-elf-begins = { $bytes }
reason-elf-begins-windows = { $bytes }, a Windows or EFI program
reason-elf-begins-gzip = { $bytes }, gzip data
reason-elf-begins-zip = { $bytes }, a zip archive
reason-elf-not-executable = it is an ELF, but { $what }, not an executable
reason-elf-object = an object file that is still to be linked
reason-elf-core = a core dump
reason-elf-unknown-type = of an unknown type
reason-do-static-executable = Give a static x86-64 Linux executable.
reason-elf-32-bits = it is a 32-bit ELF for { $machine }
reason-elf-other-machine = it is an ELF for { $machine }, not for x86-64
reason-do-build-for-x86-64 = Build it for x86-64 (Rust: --target x86_64-unknown-linux-gnu, C: -m64, Go: GOARCH=amd64).
reason-elf-dynamic = it is dynamically linked ({ $why })
reason-elf-asks-for = it asks for { $path }
reason-elf-shared-library = it is a shared library
reason-do-link-statically = Link it statically (Rust: RUSTFLAGS='-C target-feature=+crt-static', C: -static, Go: CGO_ENABLED=0).
reason-zero-byte = "{ $text }" holds a zero byte, which no program can be given
reason-workload-changed = { $path } is not the workload that isolab holds: it was changed
reason-do-remove-workload = Remove it, and isolab makes it anew: rm { $path }
reason-cannot-write-workload = cannot write the workload to { $path }

## Targets

reason-no-target = there is no target "{ $name }"; there are { $names }
reason-do-describe-tool = For another tool, give the command that starts a program (--with 'COMMAND …'), or write a description file and name it: --on ./tool.toml
reason-target-twice = the targets name { $name } twice
reason-do-each-once = Name each target once.
reason-option-of-others = { $option } is for { $takers }, not for { $targets }
reason-do-leave-out-or-on = Leave it out, or use --on { $name }.
reason-do-leave-out = Leave it out.
reason-runs-no-program = the target { $name } runs no program
reason-do-compare-with-it = Compare with it: isolab compare --on { $name }.
reason-no-target-could-run = no target could run the workload
reason-do-doctor = `isolab doctor` says what is missing on this host.
reason-cannot-read-target = cannot read the target { $path }
reason-description-name = `name` is made of letters, digits, - _ and .
reason-description-name-taken = `name` is that of a target of isolab's own
reason-description-about = `about` is one line without control characters
reason-description-commands = `run` is a command, with one word at least
reason-description-paths = `folders` and `files` are relative paths without ..
reason-placeholder-without-end = a placeholder has no end: { $text }
reason-no-placeholder = there is no placeholder { $name }
reason-do-placeholders = There are { $names }, and { $args } as a word of its own.
reason-other-description = { $path } was measured with another description of { $name }
reason-cannot-start-container = cannot start the container
reason-virtual-machine = cannot run the virtual machine
reason-disk-without-program = the disk does not hold the program that was put on it
reason-initramfs-without-program = the initramfs does not hold the program that was put into it
reason-cannot-sweep = what an isolab that was killed has left could not be removed

## Guest kernels

reason-needs-kernel = { $name } needs a kernel
reason-do-name-kernel = Name one: --kernel FILE. `isolab kernel ls` lists those that isolab knows, `isolab kernel fetch` gets this distribution's kernel for virtual machines, `isolab kernel add FILE` imports one.
reason-do-only-built-in = Only the built-in kernel boots here (`isolab doctor` says why): --on microvm.
reason-emulated-kernels = KVM here emulates guest kernels, without instructions that a stock kernel uses (`isolab doctor` says more)
reason-stock-kernel-does-not-boot = a stock kernel does not boot on this host: { $why }
reason-do-built-in-kernel = The built-in guest kernel does: --on microvm. With hardware virtualization, stock kernels do, too.
reason-no-kernel = there is no kernel "{ $name }": no such file, and known by name: { $known }
reason-do-on-microvm = The built-in kernel is what --on microvm boots.
reason-cannot-read-kernel = cannot read the kernel { $path }
reason-do-copy-kernel = Import a copy that you may read: sudo cat { $path } >vmlinuz && isolab kernel add vmlinuz
reason-cannot-read-module = cannot read the module { $path }
reason-cannot-read-package = cannot read the package { $path }
reason-cannot-read-back-packages = cannot read back the packages
reason-no-guest-kernel = { $path } is no guest kernel
reason-holds-no-guest-kernel = { $from } holds no guest kernel
reason-no-place-for-kernels = there is no place for kernels: neither XDG_DATA_HOME nor HOME is set
reason-do-set-data-home = Name one: XDG_DATA_HOME=/path isolab …
reason-gone-again = { $path } is gone again
reason-kernel-not-added = no kernel "{ $name }" was added
reason-do-none-was-added = None was added: isolab's own and the host's stay.
reason-do-those-added = Those that were added are { $names }.
reason-not-all-packages = several files are imported only where all of them are packages (.deb)
reason-do-one-kernel = Add one kernel at a time.
reason-packages-without-kernel = there is no kernel (boot/vmlinuz-*) in { $names }
reason-do-name-its-image = These are its modules only. Name the package linux-image-{ $release } with them.
reason-do-look-at-depends = A package that only points at others has none: `apt-cache depends NAME` shows at which.
reason-packages-several-kernels = there are several kernels in { $names }: { $first } and { $second }
reason-packages-other-modules = { $names } hold the kernel { $release }, and modules for { $other }
reason-do-own-modules = A kernel loads modules of its own version only; on Ubuntu they are in linux-modules-{ $release }.
reason-cannot-ask-kernel-release = cannot ask for the kernel's release (uname)
reason-host-kernel-nowhere = the kernel that this host runs is in no file here: neither { $boot } nor { $modules } is there
reason-do-fetch-kernel = Where it lies outside of this system, as in a container or a cloud, use another: isolab kernel fetch
reason-apt-does-not-know = apt-cache does not know what { $name } depends on
reason-do-apt-update = Update what the package manager knows: sudo apt-get update
reason-unknown-distribution = how "{ $name }" packages its kernel is not known here
reason-do-add-kernel = Import it by hand: get it through the package manager, `isolab kernel add FILE`.
reason-do-add-kernel-arch = Import it by hand: `isolab kernel add /boot/vmlinuz-linux`.
reason-do-add-kernel-fedora = Import it by hand: `dnf download kernel-core && rpm2cpio kernel-core-*.rpm | cpio -id './lib/modules/*/vmlinuz'`, and `isolab kernel add FILE`.
reason-cannot-run = cannot run { $command }
reason-command-failed = { $command } failed
reason-do-is-it-installed = Check that it is installed.
reason-runs = runs: { $command }

## Suites

reason-no-suite = there is no built-in suite "{ $name }"
reason-do-built-in-suites = The built-in suites are { $names }.
reason-cannot-read-suite = cannot read the suite { $path }
reason-suite-empty = the suite { $name } has no cases
reason-do-begin-case = A case begins with [[case]].
reason-suite-too-large = the suite { $name } unfolds into { $steps } steps, more than { $most }
reason-do-fewer-values = Give its parameters fewer values.
reason-suite-many-files = { $name }: more than { $most } files are included
reason-suite-deep = { $name } is included { $depth } files deep: the files may include each other
reason-included-here = included here
reason-case-twice = there is already a case "{ $name }"
reason-case-without-name = this case has no name
reason-case-name = a name is made of letters, digits, - and _
reason-case-workload = there is no such workload; built in are { $names }
reason-case-without-program = this case has neither a workload nor a program
reason-case-two-programs = a case has a workload or a program, not both
reason-case-runs = a case has 1 to { $most } runs
reason-case-timeout = a timeout is more than zero seconds
reason-case-gaps = gaps are in milliseconds, none is negative, and there is one
reason-case-cpus = processors are more than zero, and there is one number of them
reason-case-pids = a container has at least one process
reason-case-kernel = the target microvm-linux needs a kernel: kernel = "FILE or NAME"
reason-case-targets = a case has each target once, and at least one
reason-case-sizes = there must be at least one size
reason-suite-changed = { $path } is of another suite, or of this one before it was changed
reason-suite-there = { $path } holds the results of a suite already
reason-do-begin-anew = Begin anew in another folder: --out DIR, without --resume.
reason-do-resume = Go on with it: --resume. Or begin anew in another folder: --out DIR.

## Comparing, and results files

reason-ended-before-first-run = ended before the first run was done; there is nothing to keep
reason-ended-before-all-runs = ended before all runs were done; the { $runs } that were are kept
reason-do-new-baseline = Take a new baseline under the same conditions, or compare all the same with --allow-different.
reason-do-new-suite-baseline = Run the suite for a new baseline under the same conditions, or without --baseline, and compare all the same: isolab diff --allow-different OLD NEW.
reason-do-same-conditions = Take both under the same conditions, or compare all the same with --allow-different.
reason-do-json-elsewhere = Name another place: isolab compare --json FILE, or --json - for stdout.
reason-not-of-one-thing = these are not measurements of the same thing: { $list }
reason-not-comparable = the results are not comparable: { $list }
reason-no-halves = { $count } files or folders have no halves, old and new
reason-do-halves = Give as many new files as old ones: isolab diff OLD NEW, or OLD1 OLD2 NEW1 NEW2. Of measurements of the same thing any number: isolab diff --old OLD… --new NEW…
reason-file-and-folder = { $old } and { $new } are a file and a folder
reason-lacks-file = { $new } has no { $file }, which { $old } has
reason-do-finish-suite = Finish the suite there, or compare the files one by one.
reason-no-same-name = { $old } and { $new } have no results file of the same name
reason-no-results-files = there are no results files (*.json) in { $path }
reason-read-empty = the file is empty; a results file is written by `isolab compare --json FILE`
reason-read-truncated = the file breaks off at line { $line }, column { $column }: it was not written or copied completely; measure again or copy it again
reason-read-not-json = not a JSON document: { $error }
reason-read-no-number = not a JSON document: { $error }; note that JSON has no NaN and no infinity
reason-read-no-schema = JSON, but not a results file of isolab: it has no text field `schema`; expected "{ $known }", as `isolab compare --json FILE` writes it
reason-read-other-schema = the file says that it is "{ $schema }"; isolab reads "{ $known }"
reason-read-future-schema = the file is "{ $schema }", written by a newer isolab; this one reads up to "{ $known }": update isolab to read it
reason-read-wrong-content = a results file with a wrong content: { $error }
reason-read-wrong-figure = { $place } is { $value }: figures are finite numbers and not below zero
reason-read-input = it cannot be read: { $error }
reason-report-of-nothing = no results files were given; a report needs at least one, as `isolab compare --json FILE` writes it
reason-report-folder = the folder { $path } could not be made: { $error }; choose another with --out
reason-report-file = { $path } could not be written: { $error }; check the free space and the rights of its folder, or choose another with --out
reason-report-csv = the samples could not be written as CSV: { $error }
reason-report-json = the summary could not be written as JSON: { $error }

## Running

reason-longer-than-timeout = the workload took longer than --timeout allows, and was ended
reason-no-terminal = -t needs a terminal on stdin, and stdin is none
reason-do-without-terminal = Leave -t out, or run it on a terminal.
reason-cannot-read-terminal-size = cannot read the size of this terminal
reason-cannot-change-terminal = cannot change the settings of this terminal
reason-cannot-connect-program-terminal = cannot connect the program's terminal
reason-cannot-ask-terminal-program = cannot ask for a terminal for the program
reason-cannot-hand-over-stdin-stdout-stderr = cannot hand over stdin, stdout and stderr
reason-cannot-wait-workload = cannot wait for the workload
reason-cannot-wait-instance = cannot wait for the instance
reason-cannot-wait-process = cannot wait for process { $pid }
reason-cannot-make-pipe = cannot make a pipe
reason-cannot-set-up-pipe = cannot set up a pipe
reason-cannot-duplicate-descriptor = cannot duplicate a descriptor
reason-cannot-make-file-in-memory = cannot make a file in memory (memfd_create)
reason-cannot-set-up-signal-handlers = cannot set up signal handlers
reason-cannot-execute-container-runtime = cannot execute the container's runtime
reason-cannot-execute-program-again-as-runtime = cannot execute isolab again (/proc/self/exe) as a runtime
reason-cannot-find-executable-isolab = cannot find the executable of isolab
reason-cannot-find-program-own-file = cannot find isolab's own file (/proc/self/exe)
reason-cannot-read-order = cannot read the order
reason-cannot-write-order = cannot write the order
reason-cannot-read-runtime-report = cannot read the runtime's report
reason-runtime-by-hand = a runtime is started by isolab only
reason-cannot-read-back-disk = cannot read back the disk
reason-cannot-write-findings-as-json = cannot write the findings as JSON
reason-cannot-read-allowed-cpus = cannot read the allowed CPUs (sched_getaffinity)
reason-cannot-pin = cannot pin to CPU { $cpus } (sched_setaffinity)
reason-cannot-pin-to-others = cannot pin to CPU { $cpus }: isolab may use CPU { $allowed } only
reason-do-pin-allowed = Name some of these: --pin { $allowed }. `taskset` or a cpuset cgroup may keep isolab from the others.
reason-do-show-allowed = `taskset -pc $$` shows which CPUs may be used.
reason-no-command = "{ $of }" has no command "{ $name }"
reason-do-known-commands = It has { $names }.

## The command line

reason-number-too-large = "{ $text }" is too large
reason-no-unit = "{ $text }": "{ $unit }" is no unit; K, M, G and T are (binary: 1K is 1024 bytes)
reason-no-size = "{ $text }" is not a size, such as 64M or 1.5G
reason-no-number = "{ $text }" is not a number
reason-no-cpu-number = "{ $text }" is not the number of a CPU; a list looks like 1 or 2,3 or 0-3
reason-cpus-backwards = "{ $text }" ends before it begins
reason-cpu-twice = CPU { $text } is in the list twice
reason-invisible-name = "{ $text }" is not a name: that has visible characters, and no line breaks or other control characters
reason-not-positive = { $text } is not positive and finite
reason-negative = { $text } is negative or not finite
reason-bytes-too-few = { $text } bytes are too little for any program; { $text }M?
reason-form-disk = "{ $text }" has not the form FILE or FILE:OVERLAY
reason-no-user = "{ $text }" is not the number of a user or group
reason-form-userns = "{ $text }" is not a number of users; `host`, UID and UID:COUNT are understood
reason-no-such-users = there are not so many users: { $text }
reason-form-variable = "{ $text }" has not the form NAME=VALUE or NAME
reason-no-variable = there is no variable { $text }
reason-form-ulimit = "{ $text }" has not the form NAME=SOFT or NAME=SOFT:HARD
reason-no-resource = "{ $name }" is no resource; there are { $known }
reason-soft-above-hard = the soft limit is above the hard one: { $text }
reason-form-volume = "{ $text }" has not the form SRC:DST or SRC:DST:ro
reason-no-access = "{ $text }" is not an access; ro and rw are
reason-not-absolute = "{ $text }" is not an absolute path inside
reason-usage-unknown-argument = there is no option { $argument }
reason-usage-unknown-command = there is no command { $argument }
reason-usage-missing = missing: { $argument }
reason-usage-conflict = { $argument } cannot be used with { $prior }
reason-usage-no-command = a command is missing
reason-usage-no-value = { $argument } has no value
reason-usage-value = "{ $value }" is not a value of { $argument }
reason-usage-other = the command line is wrong: { $argument } { $value }
reason-usage = Usage: { $usage } (`--help` says more)
reason-usage-help = `--help` says more.
reason-out-of-range = it is not in { $range }

## Files and variables for a program, and when it has started

reason-do-form-file = It has the form SRC or SRC:DST, for example --file data.txt or --file ./today.csv:data/in.csv
reason-file-without-name = --file { $text }: it has no name of its own; say what it is to be called
reason-file-path-inside = --file { $text }: the path inside has no . or ..
reason-place-taken = { $path }: containers, virtual machines or isolab have something of their own at that place
reason-too-many-files = there are more than { $most } files to give to the program
reason-do-pack-files = Pack them into one, for example with tar.
reason-link-to-folder = { $path } is a symbolic link to a folder
reason-do-name-folder = Name that folder itself.
reason-do-name-each-file = Shells unfold such names where they are not in quotes, isolab does not: name each file by an option of its own, or the folder.
reason-do-write-it-first = It is read anew in each run: write what comes from there to a file first.
reason-do-check-file = Check the path, and that this user may read it.
reason-path-too-long = the path { $path } is longer than { $most } bytes
reason-place-of-program = { $path } is the program's own place
reason-two-files-of-a-path = two files are to be found at { $path }
reason-file-changed = { $path } was changed while isolab worked: it is not what is recorded
reason-do-keep-file = Start again, and leave the file as it is until the end
reason-cannot-copy-stdin = cannot copy { $path } to memory, as standard input
reason-do-smaller-stdin = Give a smaller file, or give isolab more memory
reason-do-other-file-path = Give the file another path: --file SRC:DST
reason-variable-not-utf-8 = the variable { $text } is not UTF-8
reason-ready-empty = "{ $text }": it is first-byte, exit, or a text that the program writes
reason-ready-control = "{ $text }": the text is looked for within a line, so that it has no line breaks or other control characters
reason-case-ready = it is first-byte, exit, or a text within a line
reason-ended-before-all-instances = ended before all instances were started
reason-no-target-could-start = no target could start an instance
reason-cannot-allow-more-files = cannot allow more open files
reason-holds-nothing = { $name } starts nothing that could be held
reason-boots-host-kernel = guest kernel: { $path }; a container shares this kernel, a VM boots its own copy of it
reason-kernel-imported = imported the kernel { $name } { $modules ->
    [0] without modules, which disks may need (on Ubuntu they are in linux-modules-*)
    [one] with 1 module
   *[other] with { $modules } modules
  }; to boot it: isolab run --on microvm-linux --kernel { $name } hello
reason-with-name-no-command = --with { $text }: what stands before `=` is the target's name, and there is no command { $command }
reason-do-with-env = To set a variable for the command: --with 'env { $name }={ $command }'.

# Gates.
reason-regression-undecided = whether there is a regression cannot be told: too few runs, or too few measurements, which disagree
reason-do-decide-regression = Measure with more runs (--runs 50); old and new at least three times each, by turns: isolab diff --old OLD… --new NEW…. Or measure both programs at once: isolab compare --against OLD-PROGRAM -- NEW-PROGRAM
reason-gate-of-few-runs = --fail-on-regression cannot tell a regression from chance by { $runs } runs: it takes { $least } or more
reason-do-gate-runs = Measure with more runs, as by default: --runs { $runs }
