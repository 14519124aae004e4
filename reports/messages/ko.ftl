# 표, 차트, 보고서의 한국어 문구. 영어 파일과 같은 메시지를 가진다.

## 비교 표

table-heading = { $workload }: 준비 실행 { $warmup }회 뒤 대상마다 { $runs }회, { $cpu }, { $kernel }
column-target = 대상
column-target-meaning = 같은 프로그램을 실행한 곳. 아래는 실행 횟수.
column-ready = 시작 ms
column-ready-meaning = 첫 프로세스를 요청하기 직전부터 프로그램이 직접 쓴 첫 바이트까지 (프로세스 시작 포함). 중앙값, 아래는 5~95 백분위수.
column-ready-interval = 95 % 구간 ms
column-ready-interval-meaning = 시작 시간 중앙값의 부트스트랩 신뢰구간.
column-exit = 종료 ms
column-exit-meaning = 같은 시점부터 마지막 프로세스를 거두고 인스턴스의 모든 것이 사라질 때까지. 중앙값, 아래는 5~95 백분위수.
column-ratio = × { $baseline }
column-ratio-meaning = 시작 시간의 중앙값을 { $baseline }의 중앙값으로 나눈 값. 아래는 95 % 신뢰구간.
column-effect = 더 느린 쌍
column-effect-meaning = 이곳의 시작과 { $baseline }의 시작을 하나씩 짝지은 100쌍 가운데 이곳이 더 느린 쌍의 수. 50이면 차이 없음 (바르가-들레이니 효과 크기 A).
column-significance = p 값
column-significance-meaning = { $baseline }와 시작 시간을 비교한 양측 맨-휘트니 U 검정: 우연만으로 이만큼 이상 차이 날 확률.
column-memory = 메모리
column-memory-meaning = 첫 바이트 시점의 고유 메모리(USS): 인스턴스가 끝나면 비워질 양. 중앙값, 아래는 중앙값인 실행의 구성.
column-one-more = 메모리
column-one-more-meaning = 인스턴스를 하나 더 실행할 때 호스트가 쓰는 메모리(첫 바이트 시점, 페이지 캐시 제외). 아래는 내역.
column-image = 이미지
column-image-meaning = 배포할 바이트, 압축하지 않은 크기. 컨테이너는 호스트 커널을 쓰므로 커널을 싣지 않고, VM은 자기 커널을 싣는다.
column-work = 작업
column-work-meaning = 프로그램 자신의 시계로 잰 초당 연산 수의 중앙값, 그리고 체크섬이 모든 곳에서 같은지.
column-page-faults = 페이지 폴트
column-page-faults-meaning = 인스턴스의 프로세스가 건드린 메모리를 호스트 커널이 먼저 마련해야 했던 횟수, 시작부터 끝까지. 중앙값, 아래는 5~95 백분위수.
column-context-switches = 문맥 교환
column-context-switches-meaning = 인스턴스의 프로세스가 기다리거나 빼앗겨서 프로세서를 떠난 횟수. 중앙값, 아래는 5~95 백분위수.
column-system-calls = 시스템 호출
column-system-calls-meaning = 실행된 프로그램이 호스트 커널을 호출한 횟수, 따로 한 번 더 실행하여 셈. 마이크로 VM에서는 모니터의 호출이며, 프로그램의 호출은 게스트 커널로 간다.
cell-pairs = 100쌍 중 { $pairs }쌍
cell-runs = n = { $n }{ $failed ->
    [0] {""}
   *[other] , 실패 { $failed }
  }
cell-unavailable = 실행 불가
cell-no-runs = 실행 없음
cell-baseline = 기준
cell-guest-ram = 게스트 RAM { $size }
cell-program = 프로그램 { $size }
cell-kernel = 호스트 커널 { $size }
cell-monitor = 모니터 { $size }
cell-runtime = 런타임 { $size }
cell-of-which = 그중 { $parts }
cell-same-checksum = 결과 같음
cell-other-checksum = 결과 다름

## 알림

note-unavailable = { $target } 대상은 실행하지 못함: { $reason }
note-failed = { $target }: 실행 { $failed }회가 실패하여 어떤 수치에도 들어가지 않음. 첫 번째 이유: { $reason }
note-no-samples = 파일에 실행 기록이 없어 비교할 것이 없음.
note-other-program = 대상들이 같은 프로그램을 실행하지 않았음: SHA-256이 서로 다름. 수치를 비교하면 안 됨.
note-checksums = 프로그램의 결과가 실행이나 대상에 따라 다름: 체크섬 { $list }.
note-missing = { $target }: { $field } 없음: { $reason }
kvm-hardware = 이곳의 KVM은 하드웨어 가상화(VMX 또는 SVM): 게스트 커널이 그대로 실행됨.
kvm-emulated-kernel-mode = 이곳의 KVM은 소프트웨어 KVM: 게스트의 프로그램은 그대로 실행되지만 게스트 커널은 명령어 하나하나 에뮬레이션되므로, 커널로 들어가는 비용이 하드웨어보다 훨씬 큼.
kvm-none = 이곳에는 쓸 수 있는 /dev/kvm이 없어 마이크로 VM을 실행할 수 없음.

## 차트

chart-no-figure = 측정값 없음
chart-phases-title = 단계별 시작 시간: { $workload }
chart-phases-note = 막대: 각 단계의 중앙값을 쌓은 것 (대상마다 n = { $n }). 끝의 숫자: 전체 시작 시간의 중앙값. 막대 아래: 5~95 백분위수, 굵은 선: 중앙값의 95 % 신뢰구간.
chart-timeline-title = { $target }의 시작 과정: { $workload }
chart-timeline-note = 각 단계 길이의 중앙값 (n = { $n })을 차례로 이은 것. 대상마다 시간축이 다름.
chart-distribution-title = 시작 시간의 분포: { $workload }
chart-distribution-note = 곡선의 높이: 그 시간까지 준비된 실행의 비율 (대상마다 n = { $n }). 가파를수록 매번 비슷하게 시작함.
chart-memory-title = 인스턴스 하나의 메모리: { $workload }
chart-memory-note = 프로그램이 첫 바이트를 쓴 시점의 고유 메모리 (대상마다 n = { $n }). 구성은 중앙값인 실행의 것, 끝의 숫자는 그 합계. 막대 아래: 5~95 백분위수, 굵은 선: 중앙값의 95 % 신뢰구간.
chart-image-title = 구성별 이미지 크기: { $workload }
chart-image-note = 배포할 바이트, 압축하지 않은 크기, 한 번만 잼 (실행마다 같음). 호스트 커널은 싣지 않고, VM은 자기 커널을 실음.
chart-work-title = { $baseline } 대비 프로그램의 속도: { $workload }
chart-work-note = 프로그램 자신의 시계로 잰 초당 연산 수를 { $baseline }의 것으로 나눈 값 (대상마다 n = { $n }). 길수록 빠름. 막대 아래 굵은 선: 비율의 95 % 신뢰구간.
chart-guest-ram-title = 게스트 RAM 크기에 따른 메모리
chart-guest-ram-note = 첫 바이트 시점 인스턴스 하나의 고유 메모리 중앙값 (점마다 n = { $n }). 가는 선: 5~95 백분위수, 굵은 선: 중앙값의 95 % 신뢰구간.
chart-density-title = 동시에 실행한 여러 인스턴스의 메모리: { $workload }
chart-density-note = 그만큼의 인스턴스가 살아 있을 때 호스트의 가용 메모리가 줄어든 양, 측정마다 표시 하나 (모두 n = { $n }). 선이 낮을수록 더 많은 인스턴스가 들어감.
axis-instances = 동시에 살아 있는 인스턴스
axis-host-delta = 줄어든 호스트 메모리
chart-across-startup-title = 파일 { $files }개의 시작 시간
chart-across-memory-title = 파일 { $files }개의 인스턴스 메모리
chart-across-work-title = 파일 { $files }개의 초당 작업량
chart-across-note = 중앙값. 괄호 안: 첫 파일의 같은 대상으로 나눈 값. 막대 아래: 5~95 백분위수, 굵은 선: 중앙값의 95 % 신뢰구간.
axis-startup = 시작부터 프로그램의 첫 바이트까지의 시간
axis-startup-log = 시작부터 프로그램의 첫 바이트까지의 시간, 로그 축
axis-timeline = 시작 이후의 시간
axis-share = 실행의 비율
axis-memory = 고유 메모리
axis-image = 배포할 바이트
axis-work = { $baseline } 대비 초당 연산 수
axis-guest-ram = 게스트에 준 RAM
axis-startup-across = 시작부터 프로그램의 첫 바이트까지의 시간
axis-memory-across = 고유 메모리
axis-work-across = 초당 연산 수
tip-median = 중앙값 { $median }, n = { $n }
tip-interval = ; 95 % 신뢰구간 { $low } ~ { $high }
tip-percentiles = ; 5~95 백분위수 { $low } ~ { $high }
tip-phase = { $start }부터 { $length } 동안 (중앙값, n = { $n })
tip-image = { $size }, 압축하면 { $compressed } ({ $codec })

## 여러 파일

file-before = 이전
file-after = 이후
file-number = 파일 { $number }
trait-workload = 프로그램 { $value }
trait-cpu = 프로세서 { $value }
trait-kernel = 커널 { $value }
trait-kvm = KVM { $value }
trait-memory = 게스트 RAM { $value }
trait-cpus = 가상 프로세서 { $value }
trait-idle-gap = 시작 간격 { $value }
trait-program = 프로그램 파일 { $value }
trait-version = isolab { $value }

## 보고서

report-title = isolab: { $workload }
label-comparison = 비교
label-columns = 각 열의 뜻
label-notes = 수치를 믿기 전에
label-charts = 차트
label-method = 측정 방법
label-across = 나란히 보기
label-figures = 이 차트의 수치
label-sort = 이 열로 정렬
label-contents = 차례
label-warning = 주의:
note-same-conditions = 파일들은 같은 프로그램, 같은 기계, 같은 설정에서 나왔음.
note-differences = 파일들의 차이: { $list }. 수치의 차이는 이 중 어느 것에서든 올 수 있음.
note-png-english = PNG 파일의 글은 영어임: 필요한 글자를 모두 가진 글꼴이 이 시스템에 없음 (한국어는 예를 들어 fonts-noto-cjk나 fonts-nanum 설치). 다른 파일은 영향 없음.
note-png-none = { $chart }: PNG를 쓰지 못함: { $reason }
method-program = 프로그램
method-program-text = { $command }, { $size }, SHA-256 { $sha256 }. 모든 대상이 이와 똑같은 바이트를 실행하게 되어 있음.
method-host = 기계
method-host-text = { $cpu }, 프로세서 { $cores }개, 메모리 { $memory }, { $kernel }, cgroup { $cgroups }, isolab { $version }. 클럭 { $mhz }, 주파수 거버너 { $governor }, 측정 전 부하 { $load }.
method-kvm = 이 기계의 KVM
method-runs = 실행
method-runs-text = 세지 않는 준비 실행 { $warmup }회 뒤 대상마다 { $runs }회 측정. 대상들은 라운드마다 새로 뽑은 순서(시드 { $seed })로 번갈아 실행되었고, 시작 전마다 { $gap } 쉬었음. 게스트 RAM { $memory }, 가상 프로세서 { $cpus }개. { $pinned ->
    [no] 실험실을 특정 프로세서에 묶지 않음.
   *[other] 실험실과 그것이 시작한 모든 것을 프로세서 { $pinned }에 묶음.
  } { $timeout }보다 오래 걸린 실행은 끝내고 실패로 셈.
method-runs-cold = 콜드 스타트: 매번 시작하기 전에 이미지, 게스트 커널, 런타임의 파일을 하나씩 페이지 캐시에서 제거함. 디렉터리 항목과 커널, 하이퍼바이저의 다른 캐시는 그대로 둠.
method-command = 명령
method-definitions = 수치의 뜻
method-definition-ready = 시작 (ready_ms): 인스턴스의 첫 프로세스를 커널에 요청하기 직전의 CLOCK_MONOTONIC부터, 프로그램이 직접 쓴 첫 바이트를 읽을 때까지. 프로세스 시작 포함.
method-definition-exit = 종료 (exit_ms): 같은 시점부터 마지막 프로세스를 거두고 인스턴스의 모든 자원이 사라질 때까지.
method-definition-phases = 단계: 합하면 시작 시간이 되는 연속된 과정.
method-definition-memory = 메모리: 프로그램이 첫 바이트를 쓴 뒤 가만히 있는 동안, 인스턴스의 모든 프로세스에 대해 smaps_rollup을 합한 값. 고유 메모리(USS)는 인스턴스가 끝나면 비워질 페이지. 페이지 캐시는 세지 않음.
method-definition-image = 이미지 크기: 배포할 바이트. 호스트 커널은 아무도 싣지 않으므로 0 바이트이고, VM은 자기 커널을 실음.
method-definition-counters = 페이지 폴트와 문맥 교환: 호스트 커널이 실행의 모든 프로세스에 대해 센 것 (getrusage(2)). 시스템 호출: 세면 느려지므로 따로 한 번 실행하여 커널의 추적점 raw_syscalls:sys_enter에서 셈. 프로그램이 실행된 순간부터의 호출만 셈.
method-definition-work = 작업: 프로그램 자신의 시계로 잰 초당 연산 수와 결과의 체크섬.
method-statistics = 통계
method-statistics-text = 실패하지 않은 모든 실행의 중앙값과 5, 95 백분위수. 이상값도 그대로 둠. 구간은 중앙값(6회부터)과 중앙값 비율의 95 % 부트스트랩 신뢰구간. p 값은 양측 맨-휘트니 U 검정이고, 한쪽이 더 느린 쌍의 비율은 U를 쌍의 수로 나눈 값.
method-target = 대상 { $target }
method-target-version = 버전 { $version }.
method-target-program = 받은 프로그램의 SHA-256 { $sha256 }.
method-target-kernel = 게스트 커널 { $name }: { $version }, SHA-256 { $sha256 }.
method-target-part = 이미지 구성 "{ $part }": { $bytes } 바이트, 압축하면 { $compressed } ({ $codec }).
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
memory-program = 프로그램
memory-not-told-apart = 구분되지 않음
memory-guest-ram = 사용 중인 게스트 RAM
memory-monitor = 모니터
memory-runtime = 컨테이너 런타임
phase-plan = 계획
phase-clone = clone
phase-network = 네트워크
phase-root-file-system = 루트 파일 시스템
phase-cgroup = cgroup
phase-drop-privileges = 권한 버리기
phase-seccomp = seccomp
phase-exec = exec
phase-program = 프로그램
phase-fork-and-exec = fork와 exec
phase-start-the-monitor = 모니터 시작
phase-make-the-machine = 가상 기계 만들기
phase-load-kernel-and-files = 커널과 파일 싣기
phase-make-the-processor = 가상 프로세서 만들기
phase-guest-kernel-entry = 게스트 커널: 진입
phase-guest-kernel-load-the-program = 게스트 커널: 프로그램 싣기
phase-program-to-its-first-byte = 프로그램의 첫 바이트까지
field-rss-bytes = 상주 메모리(RSS)
field-pss-bytes = 비례 메모리(PSS)
field-one-more = 인스턴스 하나의 추가 메모리
field-uss-bytes = 고유 메모리(USS)
field-guest-ram-bytes = 게스트 RAM 몫
field-monitor-bytes = 모니터 몫
field-runtime-bytes = 컨테이너 런타임 몫
field-cgroup-anon-bytes = cgroup 익명 메모리
field-cgroup-peak-bytes = cgroup 최대치
field-system-calls = 시스템 호출 수
