### isolab doctor: 진단은 doctor-ID, 조치 방법은 doctor-do-ID.

doctor-section-host = 호스트
doctor-section-process = 프로세스
doctor-section-container = 컨테이너
doctor-section-microvm = 마이크로 VM
doctor-section-kernels = microvm-linux의 게스트 커널
doctor-section-primitives = 기본 연산 시간
doctor-section-left-behind = 강제 종료된 isolab이 남긴 것
doctor-severity-ok = 정상
doctor-severity-note = 참고
doctor-severity-degraded = 제한
doctor-severity-missing = 불가
doctor-to-do = 조치: { $text }

## 호스트

doctor-host = { $kernel }, { $cpu }, CPU { $cpus }개, { $memory }
doctor-bare-metal = 베어 메탈(하이퍼바이저 감지되지 않음)
doctor-hypervisor = 가상 머신(하이퍼바이저: { $name }), { $nested ->
    [yes] 중첩 가상화 지원
   *[no] 중첩 가상화 미지원
  }
doctor-place-docker = Docker 컨테이너 안에서 실행 중
doctor-place-podman = Podman 컨테이너 안에서 실행 중
doctor-place-lxc = 시스템 컨테이너(LXC, LXD, Incus) 안에서 실행 중
doctor-place-kubernetes = Kubernetes 파드 안에서 실행 중
doctor-place-container = 컨테이너 안에서 실행 중
doctor-place-github-actions = GitHub Actions 러너: 다른 작업과 컴퓨터를 공유하므로 측정값이 흔들릴 수 있음
doctor-place-ci = CI 러너: 다른 작업과 컴퓨터를 공유할 수 있어 측정값이 흔들릴 수 있음
doctor-place-wsl1 = WSL 1: Linux 커널 없이 시스템 호출을 에뮬레이션하므로 컨테이너와 마이크로 VM을 실행할 수 없음
doctor-place-wsl2 = WSL 2: Windows 위의 가상 머신
doctor-place-docker-desktop = Docker Desktop의 가상 머신
doctor-place-apple = macOS의 가상 머신, 또는 Rosetta로 변환 실행 중
doctor-place-parallels = Parallels Desktop 가상 머신
doctor-place-vmware = VMware 가상 머신
doctor-place-virtualbox = VirtualBox 가상 머신
doctor-place-hyper-v = Hyper-V 가상 머신
doctor-place-aws = Amazon EC2
doctor-place-google-cloud = Google Compute Engine
doctor-place-azure = Azure
doctor-place-cloud = 클라우드 서버({ $vendor })
doctor-place-simulated = QEMU가 시뮬레이션하는 CPU: 시간은 비율로만 의미가 있음
doctor-place-virtual-machine = 가상 머신
doctor-cgroups = cgroup: { $mode }
doctor-clock-source = 클럭 소스: { $name }
doctor-clock-source-slow = 클럭 소스: { $name }. 읽는 데 1 µs 이상 걸림
doctor-clock-source-coarse = 클럭 소스: { $name }. 밀리초 단위로만 셈
doctor-governor = CPU 주파수: { $driver }, 거버너 { $governor }
doctor-governor-follows-load = CPU 주파수: { $driver }, 거버너 { $governor }. 부하가 있을 때만 클럭을 올림
doctor-governor-low = CPU 주파수: { $driver }, 거버너 { $governor }. 클럭을 낮게 유지함
doctor-cpu = SMT { $smt }, 터보 { $turbo }, NUMA 노드 { $nodes }
doctor-memory = 투명 대형 페이지(THP) { $thp }, KSM { $ksm }
doctor-ksm = KSM이 프로세스 간의 같은 페이지를 병합하므로 인스턴스의 메모리가 실제보다 작게 측정됨
doctor-mitigations = CPU 취약점: 완화 { $mitigated }개, 미완화 { $vulnerable }개, 해당 없음 { $unaffected }개
doctor-do-clock-source = root 권한으로 `echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource`(같은 폴더의 available_clocksource에 tsc가 있을 때)
doctor-do-governor = `sudo cpupower frequency-set -g performance`
doctor-do-ksm = root 권한으로 `echo 2 > /sys/kernel/mm/ksm/run`

## 실행 환경

doctor-process = 일반 프로세스: 이 커널만 있으면 됨
doctor-container-start = 컨테이너: { $answer ->
    [works] 사용 가능
   *[other] { $answer }
  }
doctor-user-namespace = 사용자 네임스페이스: { $answer ->
    [works] 사용 가능
   *[other] { $answer }
  }
doctor-cgroup-memory = 메모리 제한: { $answer ->
    [works] 사용 가능
   *[other] { $answer }
  }
doctor-cgroup-cpu = CPU 제한: { $answer ->
    [works] 사용 가능
   *[other] { $answer }
  }
doctor-cgroup-pids = 태스크 수 제한: { $answer ->
    [works] 사용 가능
   *[other] { $answer }
  }
doctor-container-other = { $subject }: { $answer }
doctor-do-hint = { $hint }
doctor-do-container-root = isolab을 root로 실행
doctor-do-container-apparmor = `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, 또는 isolab을 root로 실행
doctor-do-container-max-namespaces = `sudo sysctl user.max_user_namespaces=10000`
doctor-do-container-unprivileged-clone = `sudo sysctl kernel.unprivileged_userns_clone=1`
doctor-do-container-docker = `docker run --privileged …`, 또는 `--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`
doctor-do-container-podman = `podman run --privileged …`(rootless에서도 가능), 또는 `--security-opt seccomp=unconfined --security-opt unmask=ALL`
doctor-do-container-lxc = LXD, Incus: `lxc config set NAME security.nesting true`. Proxmox: `pct set ID --features nesting=1`. 이후 컨테이너를 다시 시작
doctor-do-container-kubernetes = 클러스터가 허용하면 파드를 privileged로 실행(`securityContext: privileged: true`)
doctor-do-container-container = 컨테이너 관리자에서 내부의 네임스페이스와 마운트를 허용하거나 isolab을 바깥에서 실행
doctor-do-wsl1 = Windows에서 `wsl --set-version DISTRIBUTION 2`

## KVM

doctor-kvm-hardware = KVM: 하드웨어 가상화({ $vendor }). 게스트 커널을 직접 실행(명령어당 { $us } µs)
doctor-kvm-emulated = KVM: 소프트웨어 KVM. 게스트 프로그램은 직접 실행, 게스트 커널은 에뮬레이션(명령어당 { $us } µs)
doctor-kvm-contradiction = 적재된 모듈과 CPU 플래그는 다르게 나타나지만 측정한 시간이 더 정확함
doctor-kvm-hosted = 하이퍼바이저 종류: 호스트형. KVM은 일반 프로그램도 실행하는 이 Linux 커널의 일부
doctor-kvm-nested = 하이퍼바이저 종류: 중첩된 호스트형. KVM을 포함한 이 Linux 커널도 하이퍼바이저 위에서 실행되어 VM 종료(exit) 비용이 몇 배 더 큼
doctor-kvm-absent = /dev/kvm이 없음
doctor-kvm-denied = /dev/kvm: 접근 권한 없음(permission denied)
doctor-kvm-forbidden = /dev/kvm: 허용되지 않음(operation not permitted)
doctor-kvm-no-device = /dev/kvm은 있으나 KVM 모듈이 없음
doctor-kvm-busy = 다른 하이퍼바이저가 /dev/kvm을 사용 중
doctor-kvm-failed = /dev/kvm을 사용할 수 없음: { $answer }
doctor-guest-kernels = 부팅 가능한 게스트 커널: 내장 커널과 일반 Linux 커널
doctor-guest-kernels-builtin = 부팅 가능한 게스트 커널: 내장 커널. 일반 Linux 커널에는 이 KVM이 에뮬레이션하지 않는 명령어가 필요함
doctor-do-kvm-load-module = `sudo modprobe { $module }`
doctor-do-kvm-firmware = 펌웨어(BIOS/UEFI)에서 가상화(VT-x, AMD-V 또는 SVM)를 켠 뒤 `sudo modprobe { $module }`
doctor-do-kvm-group = `sudo usermod -aG kvm $USER` 실행 후 다시 로그인
doctor-do-kvm-busy = 다른 하이퍼바이저(VirtualBox, VMware)를 종료
doctor-do-kvm-docker = `docker run --device /dev/kvm …`
doctor-do-kvm-podman = `podman run --device /dev/kvm --group-add keep-groups …`
doctor-do-kvm-lxc = LXD, Incus: `lxc config device add NAME kvm unix-char source=/dev/kvm`. Proxmox: `pct set ID --dev0 /dev/kvm`
doctor-do-kvm-kubernetes = 디바이스 플러그인(KubeVirt 등)이나 privileged 설정으로 파드에 /dev/kvm 제공
doctor-do-kvm-container = 컨테이너 관리자에서 /dev/kvm을 전달하거나 isolab을 바깥에서 실행
doctor-do-kvm-github-actions = /dev/kvm이 있는 GitHub의 Linux x64 러너나 베어 메탈 자체 호스팅 러너 사용
doctor-do-kvm-github-udev = 앞 단계에서: echo 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"' | sudo tee /etc/udev/rules.d/99-kvm.rules && sudo udevadm control --reload-rules && sudo udevadm trigger --name-match=kvm
doctor-do-kvm-ci = 중첩 가상화를 지원하는 러너나 베어 메탈 자체 호스팅 러너 사용
doctor-do-kvm-wsl2 = Windows 11: %UserProfile%\.wslconfig의 [wsl2] 항목에 nestedVirtualization=true 설정 후 `wsl --shutdown`
doctor-do-kvm-docker-desktop = Linux에서 직접 실행: Docker Desktop은 macOS에서 /dev/kvm이 없고, Windows에서는 WSL 2와 중첩 가상화가 필요함
doctor-do-kvm-apple = Linux가 설치된 x86-64 컴퓨터(예: 클라우드 서버) 사용: Mac의 가상 머신 안에서는 x86-64 VM을 실행할 수 없음
doctor-do-kvm-parallels = Parallels: 하드웨어, CPU 및 메모리, 고급에서 중첩 가상화 사용(Intel Mac만 가능)
doctor-do-kvm-vmware = VMware: VM을 끄고 프로세서 설정에서 "Virtualize Intel VT-x/EPT or AMD-V/RVI" 선택(vhv.enable = "TRUE")
doctor-do-kvm-virtualbox = 호스트에서 VM을 끄고 `VBoxManage modifyvm NAME --nested-hw-virt on`
doctor-do-kvm-hyper-v = VM을 끄고 관리자 권한 PowerShell에서 `Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true`
doctor-do-kvm-aws = .metal 인스턴스 유형, 또는 CPU 옵션에서 중첩 가상화를 켠 C8i, M8i, R8i 사용
doctor-do-kvm-google-cloud = `gcloud compute instances create … --enable-nested-virtualization`으로 인스턴스 생성(E2 유형 제외)
doctor-do-kvm-azure = 중첩 가상화를 지원하는 크기(Intel, D v3 또는 E v3 이상) 사용. 기밀 VM은 제외
doctor-do-kvm-cloud = 중첩 가상화를 지원하는 서버 유형이나 전용 서버(베어 메탈) 사용
doctor-do-kvm-simulated = SVM이 있는 CPU로 QEMU 시작: `-cpu max`
doctor-do-kvm-virtual-machine = 이 VM을 실행하는 컴퓨터에서 `modprobe kvm_intel nested=1`(AMD는 kvm_amd) 실행 후 VM에 호스트 CPU 지정(`-cpu host`, Proxmox에서는 host 유형)

## 기타

doctor-kernel = { $name }: 가져온 커널
doctor-kernel-host = host: { $path }. 컨테이너는 이 커널을 공유하고, VM은 사본을 따로 부팅함
doctor-kernel-host-unreadable = host: 커널 파일을 읽을 수 없음: { $answer }
doctor-kernel-host-absent = host: 현재 커널({ $release })의 파일이 /boot와 /lib/modules에 없음
doctor-do-kernel-copy = `sudo cat { $path } >vmlinuz && isolab kernel add vmlinuz`
doctor-do-kernel-fetch = 다른 커널 받기: `isolab kernel fetch`
doctor-primitive-missing = { $name }({ $on }): { $why }
doctor-primitive = { $name }: { $host ->
    [none] –
   *[other] { $host }
  }{ $guest ->
    [none] {""}
   *[other] , 내장 게스트 커널에서 { $guest }
  }
doctor-left-nothing = 없음
doctor-left-removed = 지금 제거함: 임시 폴더 { $folders }개, 제어 그룹 { $groups }개
primitive-system-call = 시스템 호출
primitive-page-fault = 페이지 첫 접근
primitive-cpuid = CPUID
primitive-context-switch = 문맥 교환
primitive-clone = 프로세스 복제(clone)
primitive-clone-network = 네트워크 네임스페이스를 포함한 clone
primitive-clone-user-network = 사용자·네트워크 네임스페이스를 포함한 clone
primitive-create-vm = KVM_CREATE_VM
doctor-value-on = 켜짐
doctor-value-off = 꺼짐
doctor-value-unknown = 알 수 없음
doctor-value-host = 호스트
doctor-value-guest = 내장 게스트 커널
