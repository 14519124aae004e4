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
column-significance = p 값
column-significance-meaning = { $baseline }와 시작 시간을 비교한 양측 맨-휘트니 U 검정: 우연만으로 이만큼 차이 날 확률.
column-memory = 메모리
column-memory-meaning = 첫 바이트 시점의 고유 메모리(USS): 인스턴스가 끝나면 비워질 양. 중앙값, 아래는 중앙값인 실행의 구성.
column-image = 이미지
column-image-meaning = 배포할 바이트, 압축하지 않은 크기. 컨테이너는 호스트 커널을 쓰므로 커널을 싣지 않고, VM은 자기 커널을 싣는다.
column-work = 작업
column-work-meaning = 프로그램 자신의 시계로 잰 초당 연산 수의 중앙값, 그리고 체크섬이 모든 곳에서 같은지.
cell-runs = n = { $n }{ $failed ->
    [0] {""}
   *[other] , 실패 { $failed }
  }
cell-unavailable = 실행 불가
cell-no-runs = 실행 없음
cell-baseline = 기준
cell-guest-ram = 게스트 RAM { $size }
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
chart-phases-note = 막대: 각 단계의 중앙값을 쌓은 것 (대상마다 n = { $n }회). 끝의 숫자: 전체 시작 시간의 중앙값. 막대 아래: 5~95 백분위수, 굵은 선: 중앙값의 95 % 신뢰구간.
axis-startup = 시작부터 프로그램의 첫 바이트까지의 시간
tip-median = 중앙값 { $median }, n = { $n }
tip-interval = ; 95 % 신뢰구간 { $low } ~ { $high }
tip-percentiles = ; 5~95 백분위수 { $low } ~ { $high }

## 결과 파일에 나오는 이름

part-workload = 프로그램
part-files = 파일
part-guest-kernel = 게스트 커널
part-guest-init = 게스트 init
part-host-kernel = 호스트 커널
phase-start-up = 시작
