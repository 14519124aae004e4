### isolab doctor: each finding is doctor-ID, each way to mend one doctor-do-ID.

doctor-section-host = host
doctor-section-process = process
doctor-section-container = container
doctor-section-microvm = microvm
doctor-section-kernels = kernels of microvm-linux
doctor-section-primitives = primitives
doctor-section-left-behind = left behind by isolab processes that were killed
doctor-severity-ok = ok
doctor-severity-note = note
doctor-severity-degraded = degraded
doctor-severity-missing = missing
doctor-to-do = to do: { $text }

## Host

doctor-host = { $kernel }, { $cpu }, { $cpus ->
    [one] 1 CPU
   *[other] { $cpus } CPUs
  }, { $memory }
doctor-bare-metal = bare metal (no hypervisor detected)
doctor-hypervisor = a virtual machine (hypervisor: { $name }), { $nested ->
    [yes] with nested virtualization
   *[no] without nested virtualization
  }
doctor-place-docker = inside a Docker container
doctor-place-podman = inside a Podman container
doctor-place-lxc = inside a system container (LXC, LXD, Incus)
doctor-place-kubernetes = inside a Kubernetes pod
doctor-place-container = inside a container
doctor-place-github-actions = on a GitHub Actions runner: other jobs share the machine, so expect noise
doctor-place-ci = on a CI runner: other jobs may share the machine, so expect noise
doctor-place-wsl1 = in WSL 1, which emulates system calls and has no Linux kernel: neither containers nor micro-VMs run
doctor-place-wsl2 = in WSL 2, a virtual machine on Windows
doctor-place-docker-desktop = in the virtual machine of Docker Desktop
doctor-place-apple = in a virtual machine on macOS, or translated by Rosetta
doctor-place-parallels = in a virtual machine of Parallels Desktop
doctor-place-vmware = in a virtual machine of VMware
doctor-place-virtualbox = in a virtual machine of VirtualBox
doctor-place-hyper-v = in a virtual machine of Hyper-V
doctor-place-aws = on Amazon EC2
doctor-place-google-cloud = on Google Compute Engine
doctor-place-azure = on Azure
doctor-place-cloud = on a cloud server ({ $vendor })
doctor-place-simulated = on a CPU that QEMU simulates: times are good as ratios only
doctor-place-virtual-machine = in a virtual machine
doctor-cgroups = cgroups: { $mode }
doctor-clock-source = clock source: { $name }
doctor-clock-source-slow = clock source: { $name }, which takes a microsecond or more to read
doctor-clock-source-coarse = clock source: { $name }, which counts in milliseconds
doctor-governor = CPU frequency: { $driver }, governor { $governor }
doctor-governor-follows-load = CPU frequency: { $driver }, governor { $governor }, which raises the clock rate only under load
doctor-governor-low = CPU frequency: { $driver }, governor { $governor }, which keeps the clock rate low
doctor-cpu = SMT { $smt }, turbo { $turbo }, NUMA nodes { $nodes }
doctor-memory = transparent huge pages { $thp }, KSM { $ksm }
doctor-ksm = KSM merges equal pages of processes: instances look smaller than they are
doctor-mitigations = CPU vulnerabilities: { $mitigated } mitigated, { $vulnerable } not mitigated, { $unaffected } not applicable
doctor-do-clock-source = as root: `echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource`, if available_clocksource there lists it
doctor-do-governor = `sudo cpupower frequency-set -g performance`
doctor-do-ksm = as root: `echo 2 > /sys/kernel/mm/ksm/run`

## Targets

doctor-process = plain processes: need only this kernel
doctor-container-start = containers: { $answer ->
    [works] work
   *[other] { $answer }
  }
doctor-user-namespace = user namespaces: { $answer ->
    [works] work
   *[other] { $answer }
  }
doctor-cgroup-memory = memory limits: { $answer ->
    [works] work
   *[other] { $answer }
  }
doctor-cgroup-cpu = CPU limits: { $answer ->
    [works] work
   *[other] { $answer }
  }
doctor-cgroup-pids = task limits: { $answer ->
    [works] work
   *[other] { $answer }
  }
doctor-container-other = { $subject }: { $answer }
doctor-do-hint = { $hint }
doctor-do-container-root = run isolab as root
doctor-do-container-apparmor = `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run isolab as root
doctor-do-container-max-namespaces = `sudo sysctl user.max_user_namespaces=10000`
doctor-do-container-unprivileged-clone = `sudo sysctl kernel.unprivileged_userns_clone=1`
doctor-do-container-docker = `docker run --privileged …`; or `--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`
doctor-do-container-podman = `podman run --privileged …` (rootless as well); or `--security-opt seccomp=unconfined --security-opt unmask=ALL`
doctor-do-container-lxc = LXD, Incus: `lxc config set NAME security.nesting true`; Proxmox: `pct set ID --features nesting=1`; then restart it
doctor-do-container-kubernetes = let the pod run privileged (`securityContext: privileged: true`), where the cluster allows it
doctor-do-container-container = let its manager allow namespaces and mounts inside, or run isolab outside of it
doctor-do-wsl1 = Windows: `wsl --set-version DISTRIBUTION 2`

## KVM

doctor-kvm-hardware = KVM: hardware virtualization ({ $vendor }); guest kernels run natively ({ $us } µs an instruction)
doctor-kvm-emulated = KVM: a software KVM; guest programs run natively, guest kernels are emulated ({ $us } µs an instruction)
doctor-kvm-contradiction = the loaded modules and CPU flags say otherwise: trust the measured time
doctor-kvm-hosted = type of hypervisor: hosted. KVM is part of this Linux kernel, which also runs ordinary programs
doctor-kvm-nested = type of hypervisor: hosted and nested. KVM is part of this Linux kernel, which itself runs on a hypervisor: VM exits cost several times as much
doctor-kvm-absent = /dev/kvm does not exist
doctor-kvm-denied = /dev/kvm: permission denied
doctor-kvm-forbidden = /dev/kvm: operation not permitted
doctor-kvm-no-device = /dev/kvm exists, but no KVM module is behind it
doctor-kvm-busy = /dev/kvm is in use by another hypervisor
doctor-kvm-failed = /dev/kvm cannot be used: { $answer }
doctor-guest-kernels = guest kernels that boot here: the built-in one and stock Linux kernels
doctor-guest-kernels-builtin = guest kernels that boot here: the built-in one. Stock Linux kernels need instructions that this KVM does not emulate
doctor-do-kvm-load-module = `sudo modprobe { $module }`
doctor-do-kvm-firmware = turn on virtualization (VT-x, AMD-V or SVM) in the firmware, then `sudo modprobe { $module }`
doctor-do-kvm-group = `sudo usermod -aG kvm $USER`, then log in again
doctor-do-kvm-busy = stop the other hypervisor (VirtualBox, VMware)
doctor-do-kvm-docker = `docker run --device /dev/kvm …`
doctor-do-kvm-podman = `podman run --device /dev/kvm --group-add keep-groups …`
doctor-do-kvm-lxc = LXD, Incus: `lxc config device add NAME kvm unix-char source=/dev/kvm`; Proxmox: `pct set ID --dev0 /dev/kvm`
doctor-do-kvm-kubernetes = give the pod /dev/kvm, by a device plugin (as KubeVirt's) or by running it privileged
doctor-do-kvm-container = let its manager pass /dev/kvm in, or run isolab outside of it
doctor-do-kvm-github-actions = use a Linux x64 runner of GitHub, which has /dev/kvm, or a self-hosted runner on bare metal
doctor-do-kvm-github-udev = a step before: echo 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"' | sudo tee /etc/udev/rules.d/99-kvm.rules && sudo udevadm control --reload-rules && sudo udevadm trigger --name-match=kvm
doctor-do-kvm-ci = choose a runner with nested virtualization, or a self-hosted one on bare metal
doctor-do-kvm-wsl2 = Windows 11: in %UserProfile%\.wslconfig, section [wsl2], set nestedVirtualization=true; then `wsl --shutdown`
doctor-do-kvm-docker-desktop = use Linux itself: Docker Desktop has no /dev/kvm on macOS, and on Windows only with WSL 2 and nested virtualization
doctor-do-kvm-apple = use an x86-64 machine with Linux, for example a cloud server: a Mac runs no x86-64 VMs inside a VM
doctor-do-kvm-parallels = Parallels: Hardware, CPU & Memory, Advanced: enable nested virtualization (Intel Macs only)
doctor-do-kvm-vmware = VMware, with the VM off: Processors, "Virtualize Intel VT-x/EPT or AMD-V/RVI" (vhv.enable = "TRUE")
doctor-do-kvm-virtualbox = on the host, with the VM off: `VBoxManage modifyvm NAME --nested-hw-virt on`
doctor-do-kvm-hyper-v = Windows PowerShell as administrator, with the VM off: `Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true`
doctor-do-kvm-aws = choose a .metal instance type, or C8i, M8i or R8i with nested virtualization turned on in the CPU options
doctor-do-kvm-google-cloud = create the instance with `gcloud compute instances create … --enable-nested-virtualization`, not of type E2
doctor-do-kvm-azure = choose a size with nested virtualization (Intel, D v3 or E v3 and later), not a confidential VM
doctor-do-kvm-cloud = choose a server type with nested virtualization, or a dedicated server (bare metal)
doctor-do-kvm-simulated = start QEMU with a CPU that has SVM: `-cpu max`
doctor-do-kvm-virtual-machine = on the machine that runs this VM: `modprobe kvm_intel nested=1` (AMD: kvm_amd), and give the VM the host's CPU (`-cpu host`; Proxmox: type host)

## The rest

doctor-kernel = { $name }: imported
doctor-kernel-host = host: { $path }; a container shares this kernel, a VM boots its own copy of it
doctor-kernel-host-unreadable = host: { $answer }
doctor-kernel-host-absent = host: no file of the running kernel ({ $release }) in /boot or /lib/modules
doctor-do-kernel-copy = `sudo cat { $path } >vmlinuz && isolab kernel add vmlinuz`
doctor-do-kernel-fetch = take another: `isolab kernel fetch`
doctor-primitive-missing = { $name } ({ $on }): { $why }
doctor-primitive = { $name }: { $host ->
    [none] –
   *[other] { $host }
  }{ $guest ->
    [none] {""}
   *[other] ; in the built-in guest kernel { $guest }
  }
doctor-left-nothing = nothing
doctor-left-removed = removed now: { $folders } temporary folders, { $groups } control groups
primitive-system-call = system call
primitive-page-fault = first touch of a page
primitive-cpuid = CPUID
primitive-context-switch = context switch
primitive-clone = clone of a process
primitive-clone-network = clone with a network namespace
primitive-clone-user-network = clone with user and network namespaces
primitive-create-vm = KVM_CREATE_VM
doctor-value-on = on
doctor-value-off = off
doctor-value-unknown = unknown
doctor-value-host = host
doctor-value-guest = built-in guest kernel
