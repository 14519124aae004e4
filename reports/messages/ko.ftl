# 표, 차트, 보고서의 한국어 문구. 영어 파일과 같은 메시지를 가진다.

## 결과 한 문장

headline-between = {", "}
headline-alone = { $target }의 시작 시간은 { $ready }입니다.
headline-ready = { $baseline } 대비 시작 시간은 { $list }입니다.
headline-ready-different-first = { $target } { $ratio }배
headline-ready-no-difference-first = { $target } 1배(차이 없음)
headline-ready-too-few-first = { $target } 약 { $ratio }배(실행 횟수 부족)
headline-ready-different-next = { $target } { $ratio }배
headline-ready-no-difference-next = { $target } 1배(차이 없음)
headline-ready-too-few-next = { $target } 약 { $ratio }배(실행 횟수 부족)
headline-versions = A 대비 B의 시작 시간: { $list }.
headline-versions-clause = { $target } { $change }({ $verdict })
headline-memory = { $baseline } 대비 메모리 사용량은 { $list }입니다.
headline-memory-different-first = { $target } { $ratio }배
headline-memory-no-difference-first = { $target } 1배(차이 없음)
headline-memory-too-few-first = { $target } 약 { $ratio }배
headline-memory-different-next = { $target } { $ratio }배
headline-memory-no-difference-next = { $target } 1배(차이 없음)
headline-memory-too-few-next = { $target } 약 { $ratio }배
headline-image = { $baseline } 대비 이미지 크기는 { $list }입니다.
headline-image-different-first = { $target } { $ratio }배
headline-image-no-difference-first = { $target } 1배(같은 크기)
headline-image-too-few-first = { $target } 약 { $ratio }배
headline-image-different-next = { $target } { $ratio }배
headline-image-no-difference-next = { $target } 1배(같은 크기)
headline-image-too-few-next = { $target } 약 { $ratio }배
headline-speed = { $baseline } 대비 연산 속도는 { $list }입니다.
headline-speed-different-first = { $target } { $percent }%
headline-speed-no-difference-first = { $target } 100%(차이 없음)
headline-speed-too-few-first = { $target } 약 { $percent }%(실행 횟수 부족)
headline-speed-different-next = { $target } { $percent }%
headline-speed-no-difference-next = { $target } 100%(차이 없음)
headline-speed-too-few-next = { $target } 약 { $percent }%(실행 횟수 부족)

## 실행 환경

target-process = 프로세스
target-container = 컨테이너
target-container-no-init = 컨테이너(init 없음)
target-container-pod = 컨테이너(파드)
target-container-bound = 컨테이너(바인드 마운트)
target-microvm = 마이크로 VM
target-microvm-linux = 리눅스 마이크로 VM
noun-process = 프로세스
noun-container = 컨테이너
noun-container-no-init = init 없는 컨테이너
noun-container-pod = 파드의 컨테이너
noun-container-bound = 이미지를 바인드 마운트한 컨테이너
noun-microvm = 마이크로 VM
noun-microvm-linux = 리눅스 마이크로 VM

## 측정 항목: 이름과 정의

metric-of-program = 프로그램이 “{ $name }”(단위 { $unit })로 보고한 값. 중앙값, 아래는 5~95백분위수.
metric-ready-ms = 시작 시간
ready-mark = { $mark ->
    [first-byte] 프로그램이 첫 바이트를 출력할
    [exit] 프로그램이 종료될
   *[other] 프로그램이 텍스트 "{ $mark }"를 출력할
}
metric-ready-ms-meaning = 첫 프로세스 생성을 요청한 순간부터 { $ready } 때까지 걸린 시간(프로세스 시작 포함). 중앙값, 아래는 5~95백분위수.
metric-exit-ms = 전체 시간
metric-exit-ms-meaning = 같은 시점부터 프로세스를 모두 회수하고 자원을 정리할 때까지 걸린 시간. 중앙값, 아래는 5~95백분위수.
metric-memory-bytes = 메모리
metric-memory-bytes-meaning = 인스턴스 하나가 늘 때 줄어드는 호스트 메모리: 첫 바이트를 출력한 인스턴스 여러 개를 동시에 두고 잰 기울기. 아래는 내역.
metric-memory-program-bytes = 프로그램
metric-memory-program-bytes-meaning = 프로그램의 익명 페이지와 수정된 페이지.
metric-memory-runtime-bytes = 컨테이너 런타임
metric-memory-runtime-bytes-meaning = 컨테이너 pid 1의 익명 페이지와 수정된 페이지.
metric-memory-monitor-bytes = VMM
metric-memory-monitor-bytes-meaning = VMM(하이퍼바이저 프로세스)의 익명 페이지와 수정된 페이지, 게스트 RAM 제외.
metric-memory-guest-ram-bytes = 게스트 RAM
metric-memory-guest-ram-bytes-meaning = 사용 중인 게스트 RAM: 게스트 OS와 그 안의 프로그램.
metric-memory-kernel-bytes = 호스트 커널
metric-memory-kernel-bytes-meaning = 호스트 커널이 인스턴스를 위해 쓰는 메모리: 페이지 테이블, 스택, 네임스페이스, cgroup.
metric-memory-shared-file-bytes = 공유 파일 페이지
metric-memory-shared-file-bytes-meaning = 모든 인스턴스가 공유하는 파일 페이지. 인스턴스 수와 관계없이 한 번만 존재함.
metric-uss-bytes = USS 메모리
metric-uss-bytes-meaning = 첫 바이트 출력 시점의 고유 메모리(USS): 다른 프로세스가 사용하지 않는 페이지. 수정되지 않은 파일 페이지는 포함하고 커널 메모리는 제외함. 중앙값, 아래는 내역.
metric-uss-program-bytes = 프로그램
metric-uss-program-bytes-meaning = 고유 메모리(USS) 중 프로그램의 몫.
metric-uss-guest-ram-bytes = 게스트 RAM
metric-uss-guest-ram-bytes-meaning = 고유 메모리(USS) 중 게스트 RAM의 몫.
metric-uss-monitor-bytes = VMM
metric-uss-monitor-bytes-meaning = 고유 메모리(USS) 중 VMM(하이퍼바이저 프로세스)의 몫.
metric-uss-runtime-bytes = 컨테이너 런타임
metric-uss-runtime-bytes-meaning = 고유 메모리(USS) 중 컨테이너 pid 1의 몫.
metric-pss-bytes = PSS
metric-pss-bytes-meaning = 비례 메모리(PSS): 공유 페이지를 사용하는 프로세스 수로 나눈 크기.
metric-rss-bytes = RSS
metric-rss-bytes-meaning = 상주 메모리(RSS): 매핑된 모든 페이지. 공유 페이지도 프로세스마다 전부 계산함.
metric-cgroup-anon-bytes = cgroup 익명 메모리
metric-cgroup-anon-bytes-meaning = 인스턴스가 속한 메모리 cgroup의 익명 메모리.
metric-cgroup-peak-bytes = cgroup 최대치
metric-cgroup-peak-bytes-meaning = 인스턴스가 속한 메모리 cgroup의 최대 사용량, 런타임의 시작 과정 포함.
metric-host-delta-bytes = 호스트 메모리 감소량
metric-host-delta-bytes-meaning = 인스턴스 여러 개를 실행할 때 줄어든 호스트 가용 메모리를 그 수로 나눈 값.
metric-image-bytes = 이미지
metric-image-bytes-meaning = 배포 크기(압축 전). 컨테이너는 호스트 커널을 공유하고 VM은 게스트 커널을 포함함.
metric-image-compressed-bytes = 이미지(압축)
metric-image-compressed-bytes-meaning = 배포 크기(압축 후).
metric-ops-per-s = 연산 속도
metric-ops-per-s-meaning = 프로그램이 자체 측정한 초당 연산 수의 중앙값, 그리고 체크섬의 일치 여부.
metric-ops = 연산 수
metric-ops-meaning = 프로그램이 센 실행 한 번의 연산 수.
metric-inside-ms = 연산 시간, 내부 측정
metric-inside-ms-meaning = 프로그램이 자체 측정한 연산 시간.
metric-outside-ms = 연산 시간, 외부 측정
metric-outside-ms-meaning = 같은 연산을 isolab이 첫 출력 줄부터 마지막 출력 줄까지 잰 시간.
metric-cpu-ms = CPU 시간
metric-cpu-ms-meaning = 인스턴스의 프로세스가 시작부터 끝까지 사용자 모드와 커널 모드에서 쓴 CPU 시간의 합. 중앙값, 아래는 5~95백분위수.
metric-page-faults = 페이지 폴트
metric-page-faults-meaning = 시작부터 끝까지 호스트 커널이 처리한 페이지 폴트 수. 중앙값, 아래는 5~95백분위수.
metric-major-faults = 메이저 폴트
metric-major-faults-meaning = 디스크를 읽어야 했던 페이지 폴트 수.
metric-context-switches = 문맥 교환
metric-context-switches-meaning = 대기(자발적)나 선점(비자발적)으로 CPU를 내놓은 횟수. 중앙값, 아래는 5~95백분위수.
metric-involuntary-switches = 비자발적 문맥 교환
metric-involuntary-switches-meaning = 프로세스가 선점된 횟수.
metric-system-calls = 시스템 호출
metric-system-calls-meaning = 호스트 커널을 호출한 횟수, 별도 실행에서 측정. 마이크로 VM에서는 VMM의 호출이며, 프로그램의 호출은 게스트 커널이 처리함.

## 비교 표

table-heading = { $workload }: 예열 { $warmup }회 뒤 실행 환경마다 { $runs }회 실행, { $cpu }, { $kernel }
title-unit = { $title }({ $unit })
column-target = 실행 환경
column-percentiles = 5~95%
column-times = 배율
details-metric = 측정 항목
table-more = (--explain)
table-more-here = 아래에 더 있음
column-target-meaning = 프로그램을 실행한 환경. 아래는 실행 횟수.
column-ready-interval = 95% 신뢰구간
column-ready-interval-meaning = 시작 시간 중앙값의 부트스트랩 신뢰구간.
column-ratio = { $baseline } 대비(배)
column-ratio-meaning = 시작 시간의 중앙값을 { $baseline } 중앙값으로 나눈 값. 아래는 95% 신뢰구간.
column-effect = 더 느린 비율
column-effect-meaning = 무작위로 짝지은 실행 100쌍 중 { $baseline } 대비 이 환경이 더 느린 쌍의 수. 50이면 차이 없음.
column-significance = p값
column-significance-meaning = { $baseline } 대비 시작 시간의 양측 맨-휘트니 U 검정: 실제 차이가 없을 때 이만큼 이상 차이 날 확률.
cell-pairs = 100쌍 중 { $pairs }쌍
cell-runs = n = { $n }{ $failed ->
    [0] {""}
   *[other] , 실패 { $failed }
  }
cell-unavailable = 실행 불가
cell-no-runs = 실행 없음
column-verdict = A 대비 B
column-verdict-meaning = 같은 실행 환경에서 버전 B의 시작 시간이 A 대비 달라진 정도(라운드별 호지스-레만 추정값). 아래는 모든 검정을 함께 보정한 95% 신뢰구간.
heading-versions = A: { $a }, B: { $b }
cell-baseline = 기준
cell-of-which = 그중 { $parts }
cell-same-checksum = 결과 일치
cell-other-checksum = 결과 불일치

## 알림

note-unavailable = { $target } 실행 불가: { $reason }
note-failed = { $target }: { $failed }회 실패, 통계에서 제외. 첫 원인: { $reason }
note-no-samples = 파일에 실행 기록이 없어 비교할 것이 없음.
note-missing = { $target }: { $metric } 없음: { $reason }
kvm-hardware = 이 시스템의 KVM은 하드웨어 가상화(VMX 또는 SVM)로, 게스트 커널을 CPU가 직접 실행함.
kvm-emulated-kernel-mode = 이 시스템의 KVM은 게스트 커널을 에뮬레이션하여 진입이 느립니다. 게스트 커널을 명령어 단위로 에뮬레이션하므로 커널 진입 비용이 하드웨어 가상화(VMX 또는 SVM)보다 훨씬 큽니다. 게스트의 프로그램은 CPU가 직접 실행합니다.
kvm-none = 이 시스템에는 사용할 수 있는 /dev/kvm이 없어 마이크로 VM을 실행할 수 없음.

## 경고

warning-debug-build = isolab이 최적화 없이 빌드됨. 컨테이너와 마이크로 VM이 느려지므로 측정할 때는 cargo run --release 사용
warning-few-runs = 실행 { $runs }회는 95% 신뢰구간을 구하기에 부족함. 최소 { $least }회 필요(--runs).
warning-cold-caches = 예열이 없어 첫 실행들이 디스크에서 파일을 읽음. --warmup 3으로 제외할 수 있음.
warning-outliers = { $target }: 시작 { $of }회 중 { $count }회가 이상치(최대 { $slowest } ms)임. 이상치도 통계에 포함됨. 측정 중 다른 작업이 실행됨: 다른 프로그램을 종료하거나 실행 횟수를 늘릴 것(--runs).
warning-busy-host = 측정 중 다른 프로그램이 CPU { $cpus }개를 사용함. 종료하거나 isolab을 전용 CPU에 고정할 것(--pin).
warning-steal-time = 하이퍼바이저가 CPU 시간의 { $percent }%를 가져감. 이 시스템 아래 호스트의 steal time이므로, 그 호스트가 한가할 때 측정할 것.
warning-swapping = 측정하는 동안 메모리 스왑이 발생함. 메모리를 확보하고 다시 측정할 것.
warning-throttled = CPU가 발열로 느려짐. 식힌 뒤 간격을 두고 측정할 것.
warning-slow-governor = 주파수 거버너 { $governor }: 클럭을 늦게 올림. 부하가 걸려야 클럭이 올라감. 짧은 실행에는 `cpupower frequency-set -g performance` 사용.
warning-slow-governor-low = 주파수 거버너 { $governor }: 클럭을 낮게 유지함. 짧은 실행에는 `cpupower frequency-set -g performance` 사용.
warning-slow-clock = 클럭 소스 { $source }: 읽는 데 오래 걸림. 1마이크로초 이상 걸려 짧은 단계가 실제보다 길게 보임. 사용 가능한 소스: /sys/devices/system/clocksource/clocksource0/available_clocksource
warning-slow-clock-coarse = 클럭 소스 { $source }: 밀리초 단위로만 증가함. 짧은 시간은 신뢰할 수 없음. 사용 가능한 소스: /sys/devices/system/clocksource/clocksource0/available_clocksource
warning-not-cold = { $target }: 파일의 페이지 { $of }개 중 { $pages }개가 페이지 캐시에 남음. 파일 { $file }: 다른 프로세스가 사용 중이거나(isolab 실행 파일 등) 메모리 파일 시스템(tmpfs)에 있음.
warning-not-cold-unknown = { $target }: 파일이 페이지 캐시에서 제거되었는지 알 수 없음. 파일 { $file }: 커널은 파일 소유자와 root에게만 알려 줌.
warning-gave-up = { $target }: 처음 실행들이 실패하여 측정을 중단함: { $why }
warning-no-memory = { $target }: 메모리를 측정하지 못함: { $why }
warning-checksums-differ = 같은 작업의 결과가 서로 다름: { $list }. 수치를 비교하면 안 됨.
warning-programs-differ = 실행 환경마다 실행한 프로그램이 다름. SHA-256이 일치하지 않으므로 수치를 비교하면 안 됨.
warning-clocks-disagree = { $target }: isolab의 시계로 잰 작업 시간이 프로그램이 잰 시간의 { $ratio }배임.
warning-late-first-byte = { $target }: 실행 시간의 { $percent }%가 지나서야 첫 바이트를 출력하므로, 시작 시간이 작업 시간을 거의 모두 포함함. 그전에 출력하는 프로그램이라면 터미널이 아닐 때 출력이 버퍼에 남은 것이므로 비울 것(C: `fflush(stdout)` 또는 `setvbuf`, Python: `print(..., flush=True)`, Rust: `stdout().flush()`). 또는 시작이 끝나는 시점을 지정할 것: `--ready TEXT`, `--ready exit`.
warning-outputs-differ = 같은 프로그램의 출력이 다름(바이트 수와 SHA-256): { $list }. 같은 작업을 측정한 값이 아님: 필요한 파일이나 환경 변수가 일부 실행 환경에 없을 수 있음(`--file SRC`, `--env NAME=VALUE`).
warning-outputs-vary = 같은 프로그램의 출력이 { $various }에서는 실행마다 다르고 { $steady }에서는 항상 같음. 같은 작업을 측정한 값이 아닐 수 있음: 이전 실행이 남긴 것을 읽었거나 시각 또는 프로세스 번호를 출력했을 수 있음.
warning-incomplete = 모든 실행을 마치기 전에 측정이 중단됨.

## 프로그램이 보는 것

inspect-pid = 프로세스 ID
inspect-parent = 부모 프로세스
inspect-user = 사용자:그룹
inspect-capabilities = 커널 권한 수
inspect-filter = 시스템 호출 필터
inspect-host-name = 호스트 이름
inspect-kernel = 커널
inspect-uptime = 커널 가동 시간
inspect-memory = 메모리
inspect-memory-limit = 보이는 메모리 제한
inspect-cpus = CPU
inspect-mounts = 마운트
inspect-root = 루트 디렉터리
inspect-interfaces = 네트워크 인터페이스
inspect-processes = 보이는 프로세스

## 이유

reason-timed-out = 허용 시간 { $seconds }초가 지나 종료됨
reason-killed = 프로그램이 시그널 { $signal } 때문에 종료됨
reason-fault = { $how }
reason-signal = 프로그램이 시그널 { $signal }번으로 종료됨
reason-status = 프로그램이 상태 { $status }번으로 종료됨
reason-no-output = 프로그램이 표준 출력에 아무것도 쓰지 않음
reason-no-line = --ready에 지정한 "{ $line }"을(를) 프로그램이 표준 출력에 쓰지 않음
reason-said = { $why }; 표준 오류 출력: { $said }
reason-noted = { $why }, 원인: { $note }
reason-out-of-memory = 메모리 제한에 도달하여 커널이 프로그램을 종료함(OOM kill), 최대 { $kib } KiB
reason-out-of-memory-somewhere = 메모리 제한에 도달하여 커널이 프로그램을 종료함(OOM kill)
reason-missing-calls = 내장 게스트 커널에 없는 시스템 호출: { $calls }
reason-advice = { $why }. 조치: { $what }
reason-silent = { $seconds }초 안에 표준 출력에 아무것도 쓰지 않음
reason-ended-silent = 표준 출력에 아무것도 쓰지 않고 종료됨
reason-not-installed = { $command }: 설치되어 있지 않음
reason-do-install = 설치: { $command }
reason-tool-fails = { $tool }: 이 시스템에서 동작하지 않음: `{ $command }`: { $answer }
reason-cannot-execute = 실행할 수 없음: { $path }: { $answer }
reason-do-other-folder = 파일 시스템이 noexec로 마운트되었을 수 있음. 내장 프로그램의 다른 위치: XDG_CACHE_HOME=/path, 다른 프로그램: TMPDIR=/path
reason-do-other-program = 이 커널은 이런 프로그램을 실행하지 못함.
reason-do-more-processes = 프로세스 수 제한에 도달함(ulimit -u).
reason-whole-processors = 가상 머신의 CPU 수는 정수여야 함(현재 { $cpus })
reason-do-whole-processors = 정수로 지정할 것: --cpus 1
reason-one-processor = 내장 게스트 커널은 CPU 1개로만 동작함(현재 { $cpus })
reason-do-linux-guest = 리눅스 게스트는 여러 개 사용 가능: --on microvm-linux --kernel FILE
reason-cannot-read = 읽을 수 없음: { $path }: { $answer }
reason-little-memory = 인스턴스 { $count }개를 동시에 실행하기에는 남은 메모리가 부족함({ $mib } MiB)
reason-memory-came-back = 호스트 메모리가 인스턴스마다 { $kib } KiB 늘었으나 프로세스의 { $own } KiB보다 적음: 그사이 다른 프로그램이 메모리를 반환함
reason-too-few-instances = 시작된 인스턴스가 너무 적음
reason-restless-slope = 다른 프로그램이 호스트 메모리를 바꿈: 인스턴스 { $count }개에서 하나당 { $kib } KiB, 표준오차 { $error } KiB
reason-restless-host = 다른 프로그램이 호스트 메모리를 계속 바꿈: 방금 { $ms } ms 동안 { $kib } KiB
reason-odd-buddyinfo = /proc/buddyinfo의 형식이 proc_buddyinfo(5)와 다름
reason-process-ended = 프로세스 { $pid }번이 메모리를 읽기 전에 종료됨
reason-no-guest-ram = 게스트 RAM이 VMM이 두는 위치에 없음
reason-no-own-cgroup = 자체 메모리 cgroup이 없음
reason-no-memory-cgroups = 이 커널에는 메모리 cgroup이 없음
reason-cgroup-not-mounted = 메모리 cgroup이 isolab에서 보이는 곳에 마운트되어 있지 않음
reason-cgroup-not-counted = 메모리 cgroup이 세지 않거나 아직 합산하지 않음
reason-no-process = 프로세스가 더 이상 없음
reason-program-elsewhere = 프로그램의 프로세스가 도구의 하위에 없음
reason-simulated = 시뮬레이션 대상은 시스템 호출이 없음
reason-no-count = 커널의 시스템 호출 카운터를 읽을 수 없음: { $answer }
reason-odd-tracepoint = { $path }의 내용 "{ $text }"은(는) 숫자가 아님
reason-tracepoint-denied = { $path }: { $answer }; 시스템 호출 집계는 root만 가능(tracefs는 root만 읽을 수 있음)
reason-no-tracepoint = 시스템 호출 트레이스포인트를 찾을 수 없음({ $path }: { $answer }). root로 실행: mount -t tracefs none /sys/kernel/tracing
reason-counting-denied = 이 사용자는 시스템 호출을 집계할 수 없음(perf_event_open: 권한 없음). root로 실행하거나 sysctl kernel.perf_event_paranoid=-1
reason-counting-failed = 커널이 시스템 호출을 집계하지 못함(perf_event_open: { $answer })
caveat-ksm = KSM이 인스턴스의 같은 페이지를 합침(/sys/kernel/mm/ksm/run이 1): 추가 인스턴스의 메모리는 표시된 값보다 적음.
caveat-huge-pages = 투명 거대 페이지가 항상 켜져 있음: 메모리가 2 MiB 단위로 할당되어 실제 사용량보다 많을 수 있음.

## 이전과 이후

diff-figures = 이전 → 이후
diff-change = 변화
diff-interval = 95% 신뢰구간
diff-verdict = 판정
diff-ends = { $low } ~ { $high }
diff-worse = 나빠짐
diff-better = 좋아짐
diff-changed = 달라짐
diff-no-difference = 차이 없음
diff-too-few = 실행 횟수 부족
diff-regression = 성능 저하
diff-nothing = 비교할 것이 없음: 두 파일에 공통된 실행 환경과 측정 항목이 없음.
diff-corrected = 신뢰구간은 검정 { $tests }개를 함께 보정한 95% 구간임(홀름 방법).
differs-methods = { $metric }: 측정 방법이 달라(이전 { $old }, 이후 { $new }) 비교하지 않음.
differs-gone = { $target }: 더 이상 측정되지 않는 항목: { $metrics }.
differs-more-failed = { $target }: 실패한 실행 이전 { $old }회, 이후 { $new }회.
differs-one-session = 이전과 이후를 한 번씩만 측정함. 그사이 호스트의 변화는 알 수 없어 신뢰구간에 통상적인 변동폭을 더함. 더 작은 변화를 찾으려면 번갈아 여러 번 측정할 것: `isolab diff --old OLD1 OLD2 OLD3 --new NEW1 NEW2 NEW3`.
differs-not-by-turns = 파일로 보아 이전과 이후를 번갈아 측정하지 않음. 호스트가 한 방향으로 변하면 결과의 변화처럼 보이므로, 각각을 한 번 측정한 것으로 보고 신뢰구간에 관찰된 변동을 더함. `compare --baseline`으로는 번갈아 측정할 수 없음: 각각 두 번 이상 번갈아 측정하고 `isolab diff --old OLD1 OLD2 OLD3 --new NEW1 NEW2 NEW3`로 비교할 것.
differs-fewer-old = { $target }: 이전 파일 { $files }개 중 { $used }개에만 있는 항목이며, 나머지 파일은 비교에서 제외함: { $metrics }.
differs-fewer-new = { $target }: 이후 파일 { $files }개 중 { $used }개에만 있는 항목이며, 나머지 파일은 비교에서 제외함: { $metrics }.
differs-no-factor = { $target }: 0인 값이 있어 배수를 구할 수 없으므로 비교하지 않는 항목: { $metrics }.
differs-disturbed-old = 이전 측정 중 호스트에 다른 부하가 있었거나 느려짐: 차이의 원인일 수 있음. 한가할 때 다시 측정할 것.
differs-disturbed-new = 이후 측정 중 호스트에 다른 부하가 있었거나 느려짐: 차이의 원인일 수 있음. 한가할 때 다시 측정할 것.
differs-undecided = { $target }: 한도보다 나빠졌으나 확실한 저하인지 알 수 없음. 한쪽의 측정 결과가 적고 서로 평소보다 크게 다름: { $metrics }. 양쪽을 번갈아 세 번 이상씩 측정할 것.
differs-too-few = { $target }: 한도보다 나빠졌으나 실행 횟수가 부족하여 확실한 저하인지 알 수 없음: { $metrics }. 실행 횟수를 늘려 측정할 것: --runs 50.
differs-program = 프로그램 자체가 바뀜(SHA-256 불일치).
differs-isolab = isolab 버전: 이전 { $old }, 이후 { $new }.
differs-guest-kernel-build = { $target }: 게스트 커널의 빌드가 다름.
differs-workload = 프로그램: 이전 { $old }, 이후 { $new }
differs-arguments = 인자 목록: 이전 { $old }, 이후 { $new }
differs-inputs = 프로그램에 제공한 파일, 환경 변수, 표준 입력: 이전 { $old }, 이후 { $new }
differs-ready = 시작 완료 기준: 이전 { $old }, 이후 { $new }
differs-kernel = 호스트 커널: 이전 { $old }, 이후 { $new }
differs-cpu = CPU: 이전 { $old }, 이후 { $new }
differs-cores = CPU 수: 이전 { $old }, 이후 { $new }
differs-kvm = KVM: 이전 { $old }, 이후 { $new }
differs-cgroups = cgroup 방식: 이전 { $old }, 이후 { $new }
differs-pinned = 고정한 CPU: 이전 { $old }, 이후 { $new }
differs-starts = 시작 방식: 이전 { $old }, 이후 { $new }
differs-image-files = 이미지의 다른 파일(바이트): 이전 { $old }, 이후 { $new }
differs-rootfs = 리눅스 게스트의 루트: 이전 { $old }, 이후 { $new }
differs-idle-gap = 시작 전 대기 시간: 이전 { $old }, 이후 { $new }
differs-guest-ram = 게스트 RAM(바이트): 이전 { $old }, 이후 { $new }
differs-linux-ram = 리눅스 게스트 RAM(바이트): 이전 { $old }, 이후 { $new }
differs-vcpus = vCPU 수: 이전 { $old }, 이후 { $new }
differs-limits = 컨테이너 제한: 이전 { $old }, 이후 { $new }
differs-description = { $target }: 도구의 설명 파일이 다름
differs-own-cgroup-new = { $target }: 자체 cgroup이 이전에는 없었고 이후에는 있음
differs-own-cgroup-old = { $target }: 자체 cgroup이 이전에는 있었고 이후에는 없음
differs-guest-kernel = 게스트 커널: 이전 { $old }, 이후 { $new }

## 차트

chart-no-figure = 측정값 없음
group-isolation = 격리
group-guest-kernel = 게스트 커널
group-program = 프로그램
group-other = 구분되지 않음
chart-phases-title = 시작 시간
chart-phases-subtitle = 첫 프로세스 생성을 요청한 순간부터 { $ready } 때까지 걸린 시간
chart-phases-footer = 실행 환경마다 n = { $n }회 실행. 막대: 중앙값(중앙값에 가장 가까운 실행의 비율로 나눔). 격리: 네임스페이스 또는 VMM. 프로그램: 프로그램 자신과 그 시스템 호출.{ $ranges ->
    [yes] {" "}가는 선: 5~95백분위수.
   *[no] {""}
  }
chart-steps-title = 시작 과정의 단계별 시간
chart-steps-subtitle = 시작 과정의 단계를 차례로 표시함. 모든 실행 환경의 시간축이 같음
chart-steps-footer = 실행 환경마다 n = { $n }회 중 중앙값에 가장 가까운 실행. 시간이 걸리지 않은 단계는 생략함.
chart-distribution-title = 실행마다 달라지는 시작 시간
chart-distribution-subtitle = 모든 실행의 시작 시간{ $log ->
    [yes] , 로그 축
   *[no] {""}
  }
chart-distribution-footer = 실행 환경마다 n = { $n }회 실행. { $thinned ->
    [yes] 점 하나: 실행의 1%
   *[no] 점 하나: 실행 한 번
  }. 곡선: 밀도. 굵은 표시: 중앙값.
chart-memory-title = 메모리
chart-memory-bytes-subtitle = 인스턴스 하나가 늘 때 줄어드는 호스트 메모리
chart-memory-bytes-footer = 동시에 실행한 인스턴스 n = { $n }개로 잰 기울기. 모두가 공유하는 파일 페이지는 제외.{ $reference ->
    [yes] {" "}세로선: { $baseline }만의 메모리.
   *[no] {""}
  }
chart-uss-bytes-subtitle = 프로그램의 첫 바이트 출력 시점의 고유 메모리(USS)
chart-uss-bytes-footer = 실행 환경마다 n = { $n }번 측정한 중앙값.{ $ranges ->
    [yes] {" "}가는 선: 5~95백분위수.
   *[no] {""}
  }{ $reference ->
    [yes] {" "}세로선: { $baseline }만의 메모리.
   *[no] {""}
  }
chart-image-title = 이미지
chart-image-subtitle = 배포 크기(압축 전)
chart-image-footer = 한 번만 측정(n = 1): 실행마다 같음. 컨테이너는 호스트 커널을 공유하고 VM은 게스트 커널을 포함함.
chart-work-title = { $baseline } 대비 { $metric }
chart-work-subtitle = { $baseline } 대비 차이. 왼쪽은 느림, 오른쪽은 빠름
chart-work-footer = 실행 환경마다 n = { $n }회 실행.{ $intervals ->
    [yes] {" "}점: 중앙값의 비율, 선: 95% 신뢰구간. 선이 0을 지나면 차이 없음.
   *[no] {" "}점: 중앙값의 비율. 신뢰구간을 구하기에는 실행 횟수 부족.
  }
chart-guest-ram-title = 게스트 RAM 크기에 따른 메모리
chart-guest-ram-subtitle = 첫 바이트 출력 시점 인스턴스 하나의 메모리
chart-guest-ram-footer = { $workload }, 다른 설정은 모두 같음. 점마다 n = { $n }.{ $intervals ->
    [yes] {" "}세로선: 95% 신뢰구간.
   *[no] {""}
  }
chart-across-program = { $title }: { $workload }
chart-across-subtitle = 파일별 중앙값{ $log ->
    [yes] , 로그 축
   *[no] {""}
  }
chart-across-footer = 점마다 n = { $n }.{ $ranges ->
    [yes] {" "}점을 지나는 선: 5~95백분위수.
   *[no] {""}
  }
axis-instances = 동시 실행 인스턴스 수
axis-guest-ram = 게스트에 준 RAM
tip-median = 중앙값 { $median }, n = { $n }
tip-interval = ; 95% 신뢰구간 { $low } ~ { $high }
tip-percentiles = ; 5~95백분위수 { $low } ~ { $high }
tip-phase = { $start }부터 { $length } 동안
tip-image = { $size }, 압축하면 { $compressed } ({ $codec })

## 여러 프로그램의 속도: 커널과 CPU가 하는 일

chart-performance-title = { $baseline } 대비 작업량
chart-performance-subtitle = 같은 시간에 한 작업량({ $baseline } = 1), 로그 축
chart-performance-footer = 실행 환경마다 n = { $n }회 실행. 세로선: { $baseline }.{ $intervals ->
    [yes] {" "}점: 중앙값의 비율, 가는 선: 95% 신뢰구간.
   *[no] {""}
  }
performance-program = 프로그램
performance-why = 커널과 CPU가 하는 일
speed-cpu = 커널을 거치지 않고 계산만 함: 컨테이너와 게스트도 같은 CPU에서 같은 명령어를 실행함.
speed-float = 벡터 명령어는 게스트에서도 CPU가 직접 실행함. 전환할 때 벡터 레지스터를 저장하는 비용만 늘 수 있음.
speed-memory-bandwidth = 메모리를 차례로 사용하므로 주소 변환 한 번을 페이지 전체에 사용함. { $kvm ->
    [emulated] 호스트가 게스트 메모리의 페이지 테이블을 따로 유지하며(섀도 페이징) 처음 접근할 때 채움.
   *[hardware] 게스트의 주소를 두 번 변환하는 비용(중첩 페이징)은 여기서는 작음.
  }
speed-memory-latency = 각 접근은 앞의 접근이 끝나야 시작되며, 큰 메모리는 TLB 미스를 일으킴. { $kvm ->
    [emulated] 호스트가 게스트 메모리의 페이지 테이블을 작은 페이지 단위로 따로 유지함(섀도 페이징).
   *[hardware] 게스트의 TLB 미스는 페이지 테이블 두 개를 거치며 4단계 대신 최대 24단계가 필요함. 거대 페이지를 쓰면 둘 다 짧아짐.
  }
speed-syscall = 컨테이너는 시스템 호출 필터를 거쳐 호스트 커널로, 게스트는 자신의 커널로 진입함. { $kvm ->
    [emulated] 이 시스템의 KVM은 게스트 커널을 명령어 단위로 에뮬레이션하여 호출 한 번에 수십 마이크로초가 걸림. 하드웨어 가상화에서는 게스트를 벗어나지 않음.
   *[hardware] 가상 머신을 벗어나지 않으므로 호스트에서와 비슷하게 걸림.
  }
speed-page-fault = 커널이 페이지를 찾고, 지우고, 매핑함. { $kvm ->
    [emulated] 여기서는 그 일을 하는 게스트 커널이 에뮬레이션되며, 호스트가 게스트의 페이지를 한 번 더 매핑함.
   *[hardware] 게스트의 페이지는 게스트 커널이 한 번, 처음 사용할 때 호스트 커널이 한 번 매핑함.
  }
speed-file-sequential = 데이터는 페이지 캐시에 쓰이고 fsync할 때 디스크에 기록됨. 컨테이너는 호스트의 파일 시스템을, 가상 머신은 자신의 파일 시스템을 사용함.
speed-file-small = 데이터가 아니라 파일 이름을 다룸: 컨테이너의 이름은 호스트 커널이, 가상 머신의 이름은 게스트 커널이 찾음.
speed-spawn = 커널이 프로세스마다 페이지 테이블을 만들고 제거함. { $kvm ->
    [emulated] 여기서는 게스트 커널의 페이지 테이블 변경이 에뮬레이션됨.
   *[hardware] 중첩 페이징에서는 그 변경이 게스트 안에서 끝남.
  }
speed-switch = 깨울 때마다 스케줄러가 한 프로세스에서 다른 프로세스로 전환함. CPU가 둘인 게스트에서 다른 CPU를 깨우려면 하이퍼바이저가 필요할 수 있음.
speed-allocate = 대부분 C 라이브러리가 하는 일임. { $kvm ->
    [emulated] 새 페이지는 커널에 요청하며, 여기서는 게스트 커널이 에뮬레이션됨.
   *[hardware] 새 페이지만 커널에 요청함.
  }
speed-clock = 프로세스와 컨테이너는 커널에 진입하지 않고 시계를 읽음(vDSO). { $kvm ->
    [emulated] 내장 게스트 커널에는 vDSO가 없어, 읽을 때마다 에뮬레이션된 커널의 시스템 호출이 필요함.
   *[hardware] 내장 게스트 커널에는 vDSO가 없어, 읽을 때마다 시스템 호출이 필요함.
  }
speed-network = 루프백의 TCP는 네트워크 스택 하나가 처리함: 프로세스와 컨테이너는 호스트의 것을, 가상 머신은 게스트의 것을 사용함.

## 여러 파일

file-before = 이전
file-after = 이후
file-number = 파일 { $number }
trait-workload = 프로그램 { $value }
trait-host = 호스트 { $value }
trait-cpu = CPU { $value }
trait-kernel = 커널 { $value }
trait-kvm = KVM { $value }
trait-memory = 게스트 RAM { $value }
trait-cpus = vCPU { $value }
kvm-kind-hardware = 하드웨어
kvm-kind-emulated-kernel-mode = 소프트웨어
kvm-kind-none = 없음
trait-idle-gap = 시작 전 대기 시간 { $value }
trait-cpu-limit = 컨테이너 CPU { $value }
trait-memory-limit = 컨테이너 메모리 { $value }
trait-image-files = 이미지 파일 { $value }
trait-rootfs = 루트 { $value }
trait-pinned = 고정한 CPU { $value }
trait-cold = 콜드 스타트 { $value }
trait-runs = 실행 횟수 { $value }
trait-inputs = 제공한 입력 { $value }
trait-ready = 시작 완료 기준 { $value }
trait-program = 프로그램 파일 { $value }
trait-version = isolab { $value }

## 보고서

report-title = isolab: { $workload }
report-title-many = isolab: 프로그램 { $count }개
label-comparison = 전체 결과표
label-columns = 각 열의 뜻
label-notes = 결과 해석 시 주의할 점
label-charts = 다른 차트
label-method = 측정 방법
label-across = 나란히 보기
label-figures = 차트 데이터 보기
label-sort = 이 열로 정렬
label-contents = 차례
label-warning = 주의:
label-compared = { $baseline } 대비
caveat-more = 주의 사항 { $count }개 더 보기
note-same-conditions = 파일들의 프로그램, 컴퓨터, 설정이 모두 같음.
note-differences = 파일 간 다른 조건: { $list }. 수치 차이의 원인일 수 있음.
note-png-english = PNG 파일의 글은 영어임: 필요한 글자를 모두 가진 글꼴이 이 시스템에 없음 (한국어는 예를 들어 fonts-noto-cjk나 fonts-nanum 설치). 다른 파일은 영향 없음.
note-png-none = { $chart }: PNG를 쓰지 못함: { $reason }
method-program = 프로그램
method-program-text = { $command }, { $size }, SHA-256 { $sha256 }. 모든 환경에 똑같은 실행 파일을 지정함.
method-program-inputs = 모든 실행 환경에서 다음을 제공함: { $list }.
method-program-ready = 시작 시간은 첫 바이트가 아니라 { $mark ->
    [exit] 종료 시점(자원 정리 전)까지
   *[other] 표준 출력에 텍스트 "{ $mark }" 출력 시점까지
}임. 메모리는 첫 바이트 시점의 값임.
method-host = 컴퓨터(호스트)
method-host-text = { $cpu }, CPU { $cores }개, 메모리 { $memory }, { $kernel }, cgroup { $cgroups }, isolab { $version }. 클럭 { $mhz }, 주파수 거버너 { $governor }, 측정 전 부하 { $load }.
method-environment = 측정 환경
environment-measured-at = 측정 시각: { $time } (UTC)
method-kvm = 이 시스템의 KVM
method-runs = 실행
method-runs-text = 예열 { $warmup }회 제외; 실행 환경마다 { $runs }회 측정; 실행 순서는 라운드마다 무작위(시드 { $seed }); 시작 전 { $gap } 대기. 게스트 RAM { $memory }, vCPU { $cpus }개. { $pinned ->
    [no] 특정 CPU에 고정하지 않음.
   *[other] isolab과 그 프로세스를 모두 CPU { $pinned }번에 고정함.
  } { $timeout }보다 오래 걸린 실행은 종료하고 실패로 셈.
method-runs-cold = 콜드 스타트: 매번 시작하기 전에 이미지, 게스트 커널, 런타임의 파일을 하나씩 페이지 캐시에서 제거함. 디렉터리 항목과 커널, 하이퍼바이저의 다른 캐시는 그대로 둠.
method-command = 명령
method-definitions = 수치의 뜻
method-definition = { $name }({ $id }, 측정 방법 { $method }): { $meaning }
method-definition-phases = 단계: 합하면 시작 시간이 되는 연속된 과정. 시계는 CLOCK_MONOTONIC이며 첫 프로세스 생성을 커널에 요청하기 직전부터 잼. KVM이 게스트에 제공하는 CPU 기능은 그 전에 한 번만 조회함.
method-definition-counters = 페이지 폴트와 문맥 교환은 호스트 커널이 실행의 모든 프로세스에 대해 셈(getrusage(2)). 시스템 호출은 세면 느려지므로 별도 실행에서 커널의 트레이스포인트 raw_syscalls:sys_enter로 셈. 프로그램이 실행된 순간부터의 호출만 셈.
method-statistics = 통계
method-statistics-text = 실패하지 않은 모든 실행의 중앙값과 5, 95백분위수. 이상치도 포함함. 구간은 중앙값과 중앙값 비율의 95% 부트스트랩 신뢰구간(6회부터)이며, 같은 라운드의 실행들은 호스트의 영향을 함께 받으므로 라운드 단위로 재표집함. p값은 양측 맨-휘트니 U 검정이고, 한쪽이 더 느린 쌍의 비율은 U를 쌍의 수로 나눈 값.
method-target = 실행 환경 { $target }
method-versions = 두 버전 모두 라운드마다 무작위 순서로 실행하므로 호스트의 변화가 양쪽에 똑같이 작용함. A 대비 B의 차이는 라운드 안에서 둘을 맞바꾸어 검정함(이웃 라운드의 수준을 뺀 순위에 대한 피셔의 무작위화 검정).
method-target-version = 버전 { $version }.
method-target-program = 받은 프로그램의 SHA-256 { $sha256 }.
method-target-kernel = 게스트 커널 { $name }: { $version }, SHA-256 { $sha256 }.
method-target-part = 이미지 구성 요소 "{ $part }": { $bytes } 바이트, 압축하면 { $compressed } ({ $codec }).
method-warnings = 주의 사항
method-no-warnings = 없음.

## 결과 파일에 나오는 이름

part-workload = 프로그램
part-files = 파일
part-disk-image = 디스크 이미지
part-guest-kernel = 게스트 커널
part-guest-init = 게스트 init
part-host-kernel = 호스트 커널
phase-start-up = 시작
phase-plan = 준비
phase-clone = clone
phase-spawn = 프로세스 생성
phase-namespaces = 네임스페이스
phase-mounts = 마운트
phase-kvm-setup = KVM 준비
phase-load-kernel = 커널 적재
phase-guest-kernel = 게스트 커널
phase-guest-user = 게스트의 프로그램
phase-id-maps = ID 매핑
phase-console = 콘솔
phase-network = 네트워크
phase-root-file-system = 루트 파일 시스템
phase-cgroup = cgroup
phase-drop-privileges = 권한 제거
phase-seccomp = seccomp
phase-exec = exec
phase-program = 프로그램
phase-fork-and-exec = fork와 exec
phase-start-the-runtime = 런타임 시작
phase-start-the-monitor = VMM 시작
phase-confine-the-monitor = VMM 격리
phase-make-the-machine = 가상 머신 생성
phase-load-kernel-and-files = 커널·파일 적재
phase-make-the-processor = vCPU 생성
phase-make-the-processors = vCPU 생성(여러 개)
phase-guest-kernel-entry = 게스트 커널 진입
phase-guest-kernel-boot = 게스트 OS 부팅
phase-guest-init-prepare = 게스트 init 준비
phase-guest-kernel-load-the-program = 게스트 커널: 프로그램 적재
phase-program-to-its-first-byte = 프로그램의 첫 바이트까지
