### 명령을 수행하지 못한 이유는 reason-ID, 조치는 reason-do-ID. 결과의 위치를 알리는 줄도 함께 둠. 커널, 라이브러리, 다른 프로그램의 응답은
### 그대로 인용함.

reason-because = { $tried }: { $cause }
reason-hint = 조치: { $what }
reason-at = { $place }: { $what }
reason-file = { $path }: 결과 파일로 읽을 수 없음
reason-interrupted = 중단됨

## 커널과 라이브러리의 응답. 영어는 커널과 라이브러리의 말을 그대로 씀.

reason-library-EPERM = 허용되지 않은 작업 (EPERM)
reason-library-ENOENT = 파일이나 디렉터리가 없음 (ENOENT)
reason-library-EIO = 입출력 오류 (EIO)
reason-library-ENXIO = 장치나 주소가 없음 (ENXIO)
reason-library-E2BIG = 인자 목록이 너무 김 (E2BIG)
reason-library-ENOEXEC = 실행 파일 형식이 아님 (ENOEXEC)
reason-library-EAGAIN = 자원이 일시적으로 부족함 (EAGAIN)
reason-library-ENOMEM = 메모리를 할당할 수 없음 (ENOMEM)
reason-library-EACCES = 권한이 없음 (EACCES)
reason-library-EBUSY = 장치나 자원이 사용 중 (EBUSY)
reason-library-EEXIST = 파일이 이미 있음 (EEXIST)
reason-library-ENODEV = 장치가 없음 (ENODEV)
reason-library-ENOTDIR = 디렉터리가 아님 (ENOTDIR)
reason-library-EISDIR = 디렉터리임 (EISDIR)
reason-library-EINVAL = 잘못된 인자 (EINVAL)
reason-library-ENFILE = 호스트에 열린 파일이 너무 많음 (ENFILE)
reason-library-EMFILE = 열린 파일이 너무 많음 (EMFILE)
reason-library-ETXTBSY = 파일이 실행 중이거나 기록 중 (ETXTBSY)
reason-library-EFBIG = 파일이 너무 큼 (EFBIG)
reason-library-ENOSPC = 장치에 남은 공간이 없음 (ENOSPC)
reason-library-EROFS = 읽기 전용 파일 시스템 (EROFS)
reason-library-EPIPE = 파이프가 끊어짐 (EPIPE)
reason-library-ENAMETOOLONG = 파일 이름이 너무 김 (ENAMETOOLONG)
reason-library-ENOSYS = 이 커널에 구현되지 않은 기능 (ENOSYS)
reason-library-ELOOP = 심볼릭 링크가 너무 많음 (ELOOP)
reason-library-EDQUOT = 디스크 할당량 초과 (EDQUOT)
reason-library-EOPNOTSUPP = 지원되지 않는 작업 (EOPNOTSUPP)

## 컨테이너 라이브러리의 설명. 이름은 영어 문장의 처음 여섯 단어임.

reason-library-too-many-open-files-raise-ulimit = 열린 파일이 너무 많음: `ulimit -n`을 늘릴 것
reason-library-a-layer-is-not-there-check = 레이어가 없음: 경로를 확인할 것
reason-library-a-layer-is-not-a-directory = 레이어가 디렉터리가 아님
reason-library-a-layer-is-a-directory-that = 레이어는 이미 있는 디렉터리여야 함
reason-library-a-folder-above-a-layer-cannot = 이 사용자는 레이어의 상위 폴더에 들어갈 수 없음: 레이어를 옮기거나 폴더의 권한을 바꿀 것
reason-library-the-kernel-lets-a-user-namespace = 커널은 호스트의 /proc이 모두 보일 때만 사용자 네임스페이스에서 /proc을 마운트하게 함: 다른 컨테이너 안이면 그 컨테이너의 /proc 마스킹을 해제할 것
reason-library-too-many-namespaces-raise-user-max = 네임스페이스가 너무 많음: user.max_*_namespaces를 늘릴 것(`sysctl`)
reason-library-not-allowed-here-run-as-root = 이 시스템에서 허용되지 않음: root로 실행하거나 사용자 네임스페이스를 사용할 것
reason-library-a-file-can-only-cover-a = 파일 위에는 파일만, 디렉터리 위에는 디렉터리만 마운트할 수 있음
reason-library-a-symbolic-link-on-the-way = 경로의 심볼릭 링크가 루트 안을 가리키지 않음
reason-library-the-working-directory-lies-outside-the = 작업 디렉터리가 루트 밖에 있음: 루트 안의 경로를 지정할 것
reason-library-the-program-s-user-may-not = 프로그램의 사용자는 그곳에 들어갈 수 없음
reason-library-only-root-may-raise-a-hard = 하드 제한은 root만 높일 수 있음
reason-library-the-kernel-has-no-seccomp-filters = 커널에 seccomp 필터가 없음: CONFIG_SECCOMP_FILTER로 빌드할 것
reason-library-an-ordinary-user-may-map-only = 일반 사용자는 자신의 ID만 매핑할 수 있음. 보안 모듈이 금지했을 수도 있음(kernel.apparmor_restrict_unprivileged_userns)
reason-library-the-limit-on-tasks-is-reached = 태스크 수 제한에 도달함: 제한을 늘릴 것(`ulimit -u`, pids 제한)
reason-library-it-is-not-in-the-layers = 프로그램이 레이어에 없거나, 동적 프로그램이나 스크립트의 로더가 없음: 정적 프로그램은 다른 파일이 필요 없음
reason-library-it-is-not-marked-executable-for = 이 사용자에게 실행 권한이 없거나 디렉터리임: `chmod +x`
reason-library-it-is-no-x86-64-elf = x86-64 ELF 실행 파일이 아님
reason-library-arguments-and-environment-are-too-large = 인자와 환경 변수가 너무 크거나 메모리 제한이 너무 작음
reason-library-memory-is-short-raise-the-memory = 메모리가 부족함: 컨테이너나 isolab의 메모리 제한을 늘릴 것
reason-library-memory-is-short-end-something-or = 메모리가 부족함: 다른 프로그램을 종료하거나 `ulimit -v`를 늘릴 것
reason-library-isolab-lacks-a-capability-that-root = root가 보통 가진 권한(CAP_SYS_ADMIN)이 없음: 실제 root로 실행할 것
reason-library-making-namespaces-needs-root-cap-sys = 네임스페이스를 만들려면 root(CAP_SYS_ADMIN)이거나 사용자 네임스페이스가 필요함
reason-library-user-namespaces-are-not-allowed-for = 이 시스템에서 일반 사용자는 사용자 네임스페이스를 만들 수 없음: sysctl의 kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns를 확인하거나 root로 실행할 것
reason-library-the-limit-on-processes-is-reached = 프로세스 수 제한에 도달함: `ulimit -u`나 cgroup의 pids 제한을 늘릴 것
reason-library-the-kernel-lacks-one-of-the = 커널에 필요한 네임스페이스가 없거나 커널이 5.7보다 오래됨
reason-library-the-kernel-is-older-than-5 = 커널이 5.3보다 오래되었거나, 도커의 기본 프로파일처럼 필터가 clone3을 금지함
reason-library-this-part-of-the-cgroup-tree = cgroup 트리의 이 부분을 바꿀 권한이 없음: root로 또는 위임된 cgroup에서 실행하거나(`systemd-run --user --scope -p Delegate=yes …`) 제한 옵션을 뺄 것
reason-library-the-cgroup-tree-is-mounted-read = cgroup 트리가 읽기 전용으로 마운트됨: 쓰기 가능하게 다시 마운트하거나 제한 옵션을 뺄 것
reason-library-this-kernel-s-controller-has-no = 이 커널의 컨트롤러에 없는 설정임: 이 제한을 뺄 것
reason-library-the-kernel-refuses-this-value-choose = 커널이 이 값을 거부함: 이 컴퓨터에서 허용되는 값을 지정할 것
reason-library-it-uses-more-than-that-raise = 이미 그보다 많이 사용 중임: 제한을 늘릴 것
reason-library-the-group-above-has-processes-of = 상위 cgroup에 프로세스가 있으며 v2에서는 허용되지 않음: 위임된 cgroup에서 실행할 것
reason-library-what-the-kernel-keeps-for-the = 커널이 컨테이너에 쓰는 메모리만으로 제한에 도달함: 메모리 제한을 늘릴 것
reason-library-the-kernel-s-number-of-control = cgroup 수의 한도에 도달했거나 cpuset이 비어 있음: 쓰지 않는 것을 삭제할 것
reason-library-a-container-would-escape-this-limit = 컨테이너가 isolab의 cgroup에 걸린 이 제한을 벗어나게 됨: 그 cgroup이 컨트롤러를 위임하게 하고 하위 cgroup에서 isolab을 실행하거나, 제한 옵션을 뺄 것
reason-library-it-contains-a-zero-byte-which = 값이 0인 바이트가 들어 있음(커널은 이를 문자열의 끝으로 봄)
reason-library-give-an-absolute-path-inside-the = 루트 안의 절대 경로를 지정할 것
reason-library-a-container-needs-at-least-6 = 컨테이너에는 최소 6 MiB가 필요함
reason-library-give-a-number-above-0-0 = 0보다 큰 수를 지정할 것. 0.5는 CPU 반 개임
reason-library-the-program-itself-is-one = 프로그램 자체가 태스크 하나임
reason-library-give-1-to-10000-100-is = 1~10000으로 지정할 것. 보통 100
reason-library-the-source-of-a-volume-must = 볼륨의 원본은 이미 있어야 하고 isolab을 실행하는 사용자가 읽을 수 있어야 함
reason-library-the-container-has-ended-already = 컨테이너가 이미 종료됨

## 파일과 폴더

reason-cannot-read-file = 읽을 수 없음: { $path }
reason-cannot-read-folder = 폴더를 읽을 수 없음: { $path }
reason-cannot-read-back = 다시 읽을 수 없음: { $path }
reason-cannot-write = 쓸 수 없음: { $path }
reason-cannot-write-to = 이 위치에 쓸 수 없음: { $path }
reason-cannot-write-back = 디스크에 기록할 수 없음: { $path }
reason-cannot-write-json = JSON으로 쓸 수 없음
reason-cannot-write-stdout = 표준 출력에 쓸 수 없음
reason-cannot-write-page = 매뉴얼 페이지를 쓸 수 없음
reason-cannot-make = 만들 수 없음: { $path }
reason-cannot-make-folder = 디렉터리를 만들 수 없음: { $path }
reason-cannot-open = 열 수 없음: { $path }
reason-cannot-find = 찾을 수 없음: { $path }
reason-cannot-remove = 삭제할 수 없음: { $path }
reason-cannot-drop = 페이지 캐시에서 제거할 수 없음: { $path }
reason-cannot-look-at-pages = 페이지 캐시에 있는 페이지를 확인할 수 없음: { $path }
reason-is-folder = 디렉터리임
reason-is-special = 파이프, 장치 또는 소켓임. 그 출력을 먼저 파일에 저장할 것
reason-not-utf-8 = UTF-8이 아닌 이름: { $path }
reason-do-make-room = 그곳에 공간을 확보하거나 다른 디렉터리를 지정할 것: TMPDIR=/path isolab …
reason-do-room-or-place = 그곳에 공간을 확보하거나 다른 위치를 지정할 것.
reason-do-writable-place = 그 파일 시스템은 읽기 전용임. 다른 위치를 지정할 것.
reason-do-change-owner = 이 사용자는 그곳에 쓸 수 없음. 다른 위치를 지정하거나 소유자를 바꿀 것.
reason-do-other-place = 다른 위치를 지정할 것.
reason-do-room-for-stdout = 표준 출력을 저장하는 곳에 공간이 있는지 확인할 것.
reason-results-are-in = 결과 위치: { $path }
reason-chart-is-in = 단계별 시작 시간 차트: { $path }
reason-report-is-in = 보고서 위치: { $files }

## 프로그램

reason-no-workload = 내장 프로그램이 없음: "{ $name }"
reason-do-name-workload = 내장 프로그램: { $names }. 다른 정적 프로그램은 -- PROGRAM ARGS…
reason-file-not-workload = "{ $name }": 내장 프로그램이 아니라 파일임
reason-do-after-dashes = 직접 만든 프로그램은 -- 뒤에 지정함: { $command }
reason-no-program = 프로그램을 현재 폴더와 PATH에서 찾을 수 없음: "{ $name }"
reason-do-before-dashes = 내장 프로그램은 -- 앞에 지정함: { $command }
reason-do-check-name = 이름을 확인하거나 경로를 지정할 것.
reason-cannot-be-workload = 측정할 수 없는 프로그램: { $path }: { $why }
reason-elf-missing = 파일이 없음
reason-do-check-path = 경로를 확인할 것. 내장 프로그램은 -- 앞에 지정함: `isolab compare hello`
reason-elf-special = 일반 파일이 아님
reason-do-name-program = 프로그램 파일 자체를 지정할 것.
reason-elf-unreadable = 읽을 수 없음: { $answer }
reason-do-make-readable = 이 사용자가 읽을 수 있게 할 것(`chmod +r`).
reason-elf-empty = 빈 파일임
reason-elf-truncated = 잘린 ELF 파일임: { $why }
reason-elf-headers-past-end = 프로그램 헤더가 파일 끝을 넘어감
reason-elf-short = 최소 { $least }바이트여야 하나 { $bytes }바이트임
reason-elf-shorter-than-header = { $bytes }바이트로 파일 헤더보다 작음
reason-elf-damaged = 손상된 ELF 파일임: { $why }
reason-elf-no-headers = 프로그램 헤더가 없음
reason-elf-overflow = 세그먼트의 오프셋과 크기가 범위를 넘음
reason-elf-entry = 진입점이 실행 가능한 세그먼트에 없음
reason-elf-header = 파일 헤더가 올바르지 않음
reason-do-build-again = 파일이 완전하지 않음. 다시 빌드하거나 복사할 것.
reason-elf-script = { $interpreter } 스크립트이며 독립된 프로그램이 아님
reason-do-give-interpreter = 스크립트는 모든 실행 환경에 인터프리터가 있어야 함. 정적으로 링크한 인터프리터를 프로그램으로, 스크립트의 내용을 인자로 지정할 것.
reason-elf-not = ELF 파일이 아님(시작 바이트: { $start })
reason-elf-begins = { $bytes }
reason-elf-begins-windows = { $bytes }, Windows 또는 EFI 프로그램
reason-elf-begins-gzip = { $bytes }, GZIP 데이터
reason-elf-begins-zip = { $bytes }, ZIP 압축 파일
reason-elf-not-executable = ELF 파일이지만 실행 파일이 아님({ $what })
reason-elf-object = 링크하기 전의 오브젝트 파일
reason-elf-core = 코어 덤프
reason-elf-unknown-type = 알 수 없는 종류
reason-do-static-executable = 정적으로 링크한 x86-64 리눅스 실행 파일을 지정할 것.
reason-elf-32-bits = { $machine }용 32비트 ELF 파일임
reason-elf-other-machine = x86-64가 아니라 { $machine }용 ELF 파일임
reason-do-build-for-x86-64 = x86-64용으로 빌드할 것(Rust: --target x86_64-unknown-linux-gnu, C: -m64, Go: GOARCH=amd64).
reason-elf-dynamic = 동적으로 링크됨({ $why })
reason-elf-asks-for = 동적 링커 { $path } 필요
reason-elf-shared-library = 공유 라이브러리
reason-do-link-statically = 정적으로 링크할 것(Rust: RUSTFLAGS='-C target-feature=+crt-static', C: -static, Go: CGO_ENABLED=0).
reason-zero-byte = "{ $text }": 값이 0인 바이트가 들어 있어 프로그램에 전달할 수 없음
reason-workload-changed = isolab에 내장된 프로그램과 다름(파일이 변경됨): { $path }
reason-do-remove-workload = 삭제하면 isolab이 다시 만듦: `rm { $path }`
reason-cannot-write-workload = 프로그램을 쓸 수 없음: { $path }

## 실행 환경

reason-no-target = 실행 환경이 없음: "{ $name }". 사용 가능: { $names }
reason-do-describe-tool = 다른 도구는 프로그램을 시작하는 명령을 지정하거나(`--with 'COMMAND …'`), 설명 파일을 작성하여 지정할 것: --on ./tool.toml
reason-target-twice = 실행 환경을 두 번 지정함: { $name }
reason-do-each-once = 각 실행 환경은 한 번만 지정할 것.
reason-option-of-others = { $option } 옵션을 쓸 수 없는 실행 환경: { $targets }(사용 가능: { $takers })
reason-do-leave-out-or-on = 옵션을 빼거나 --on { $name } 사용.
reason-do-leave-out = 옵션을 뺄 것.
reason-runs-no-program = 프로그램을 실행하지 않는 실행 환경: { $name }
reason-do-compare-with-it = 비교에는 사용할 수 있음: `isolab compare --on { $name }`.
reason-no-target-could-run = 프로그램을 실행한 환경이 하나도 없음
reason-do-doctor = `isolab doctor`로 이 시스템에 부족한 것을 확인할 것.
reason-cannot-read-target = 실행 환경의 설명 파일을 읽을 수 없음: { $path }
reason-description-name = `name`에는 영문자, 숫자, - _ .만 쓸 수 있음
reason-description-name-taken = `name`이 isolab의 실행 환경 이름과 같음
reason-description-about = `about`은 제어 문자가 없는 한 줄이어야 함
reason-description-commands = `run`은 한 단어 이상의 명령이어야 함
reason-description-paths = `folders`와 `files`는 ..이 없는 상대 경로여야 함
reason-placeholder-without-end = 끝나지 않은 자리표시자: { $text }
reason-no-placeholder = 없는 자리표시자: { $name }
reason-do-placeholders = 사용 가능: { $names }, 그리고 독립된 단어로 { $args }.
reason-other-description = { $path }: { $name }의 설명 파일이 측정할 때와 다름
reason-cannot-start-container = 컨테이너를 시작할 수 없음
reason-virtual-machine = 가상 머신을 실행할 수 없음
reason-disk-without-program = 디스크에 기록한 프로그램이 디스크에 없음
reason-initramfs-without-program = initramfs에 넣은 프로그램이 그 안에 없음
reason-cannot-sweep = 강제 종료된 isolab이 남긴 것을 정리할 수 없음

## 게스트 커널

reason-needs-kernel = 커널이 필요한 실행 환경: { $name }
reason-do-name-kernel = 커널을 지정할 것: --kernel FILE. `isolab kernel ls`는 isolab이 아는 커널을 보여 주고, `isolab kernel fetch`는 이 배포판의 가상 머신용 커널을 내려받으며, `isolab kernel add FILE`은 커널 파일을 가져옴.
reason-do-only-built-in = 이 시스템에서는 내장 커널만 부팅됨(이유는 `isolab doctor`): --on microvm.
reason-emulated-kernels = 이 시스템의 KVM은 게스트 커널을 에뮬레이션하며, 일반 커널이 사용하는 일부 명령어를 지원하지 않음(자세한 내용은 `isolab doctor`)
reason-stock-kernel-does-not-boot = 이 시스템에서는 일반 커널이 부팅되지 않음: { $why }
reason-do-built-in-kernel = 내장 게스트 커널은 부팅됨: --on microvm. 하드웨어 가상화가 있으면 일반 커널도 부팅됨.
reason-no-kernel = 커널이 없음: "{ $name }". 그런 파일이 없으며, 사용 가능한 이름: { $known }
reason-do-on-microvm = 내장 커널은 --on microvm으로 부팅함.
reason-cannot-read-kernel = 커널을 읽을 수 없음: { $path }
reason-do-copy-kernel = 읽을 수 있는 복사본을 가져올 것: `sudo cat { $path } >vmlinuz && isolab kernel add vmlinuz`
reason-cannot-read-module = 커널 모듈을 읽을 수 없음: { $path }
reason-cannot-read-package = 패키지를 읽을 수 없음: { $path }
reason-cannot-read-back-packages = 내려받은 패키지를 읽을 수 없음
reason-no-guest-kernel = 게스트 커널이 아님: { $path }
reason-holds-no-guest-kernel = 게스트 커널이 들어 있지 않음: { $from }
reason-no-place-for-kernels = 커널을 둘 곳이 없음: XDG_DATA_HOME과 HOME이 모두 설정되지 않음
reason-do-set-data-home = 위치를 지정할 것: XDG_DATA_HOME=/path isolab …
reason-gone-again = 방금 만든 것이 사라짐: { $path }
reason-kernel-not-added = 가져온 적이 없는 커널: "{ $name }"
reason-do-none-was-added = 가져온 커널이 없음. 내장 커널과 호스트의 커널은 제거되지 않음.
reason-do-those-added = 가져온 커널: { $names }.
reason-not-all-packages = 파일을 여러 개 가져오려면 모두 패키지(.deb)여야 함
reason-do-one-kernel = 커널을 하나씩 가져올 것.
reason-packages-without-kernel = 커널(boot/vmlinuz-*)이 없음: { $names }
reason-do-name-its-image = 모듈만 들어 있음. 패키지 linux-image-{ $release }도 함께 지정할 것.
reason-do-look-at-depends = 다른 패키지를 가리키기만 하는 패키지에는 커널이 없음. `apt-cache depends NAME`으로 확인할 것.
reason-packages-several-kernels = 커널이 여러 개 있음: { $names }: { $first }, { $second }
reason-packages-other-modules = { $names }: 커널은 { $release }, 모듈은 { $other } 버전임
reason-do-own-modules = 커널은 같은 버전의 모듈만 적재함. 우분투에서는 linux-modules-{ $release }에 있음.
reason-cannot-ask-kernel-release = 커널 버전을 알 수 없음(uname)
reason-host-kernel-nowhere = 호스트가 실행하는 커널의 파일이 없음: { $boot }, { $modules }
reason-do-fetch-kernel = 컨테이너나 클라우드처럼 커널이 이 시스템 밖에 있으면 다른 커널을 사용할 것: `isolab kernel fetch`
reason-apt-does-not-know = apt-cache가 { $name } 패키지의 의존 관계를 알지 못함
reason-do-apt-update = 패키지 목록을 갱신할 것: `sudo apt-get update`
reason-unknown-distribution = 커널 패키지를 알 수 없는 배포판: "{ $name }"
reason-do-add-kernel = 직접 가져올 것: 패키지 관리자로 커널을 얻은 뒤 `isolab kernel add FILE`.
reason-do-add-kernel-arch = 직접 가져올 것: `isolab kernel add /boot/vmlinuz-linux`.
reason-do-add-kernel-fedora = 직접 가져올 것: `dnf download kernel-core && rpm2cpio kernel-core-*.rpm | cpio -id './lib/modules/*/vmlinuz'`, 그다음 `isolab kernel add FILE`.
reason-cannot-run = 실행할 수 없음: { $command }
reason-command-failed = 명령이 실패함: { $command }
reason-do-is-it-installed = 설치되어 있는지 확인할 것.
reason-runs = 실행: { $command }

## 스위트

reason-no-suite = 내장 스위트가 없음: "{ $name }"
reason-do-built-in-suites = 내장 스위트: { $names }.
reason-cannot-read-suite = 스위트를 읽을 수 없음: { $path }
reason-suite-empty = 스위트에 케이스가 없음: { $name }
reason-do-begin-case = 케이스는 `[[case]]`로 시작함.
reason-suite-too-large = 스위트 { $name }: 모두 { $steps }단계로, 최대 { $most }단계를 넘음
reason-do-fewer-values = 매개변수 값의 수를 줄일 것.
reason-suite-many-files = { $name }: 포함된 파일이 { $most }개를 넘음
reason-suite-deep = { $name }: 파일 { $depth }개를 거쳐 포함됨. 파일들이 서로를 포함할 수 있음
reason-included-here = 포함한 위치
reason-case-twice = 같은 이름의 케이스가 이미 있음: "{ $name }"
reason-case-without-name = 이 케이스에 이름이 없음
reason-case-name = 이름에는 영문자, 숫자, -, _만 쓸 수 있음
reason-case-workload = 내장 프로그램이 아님. 사용 가능: { $names }
reason-case-without-program = 이 케이스에 내장 프로그램도 프로그램 파일도 지정되지 않음
reason-case-two-programs = 내장 프로그램과 프로그램 파일 중 하나만 지정할 수 있음
reason-case-runs = 실행 횟수는 1~{ $most }회여야 함
reason-case-timeout = 제한 시간은 0초보다 길어야 함
reason-case-gaps = 대기 시간은 0 이상의 밀리초 값 하나 이상이어야 함
reason-case-cpus = CPU 수는 0보다 큰 값 하나 이상이어야 함
reason-case-pids = 컨테이너에는 프로세스가 하나 이상 있어야 함
reason-case-kernel = 실행 환경 microvm-linux에는 커널이 필요함: `kernel = "FILE"`
reason-case-targets = 실행 환경은 하나 이상을 각각 한 번씩 지정해야 함
reason-case-sizes = 크기를 하나 이상 지정해야 함
reason-suite-changed = 다른 스위트의 결과이거나 그 뒤에 스위트가 바뀜: { $path }
reason-suite-there = 스위트의 결과가 이미 있음: { $path }
reason-do-begin-anew = --resume 없이 다른 폴더에서 새로 시작할 것: --out DIR.
reason-do-resume = 이어서 하려면 --resume, 다른 폴더에서 새로 시작하려면 --out DIR.

## 비교와 결과 파일

reason-ended-before-first-run = 첫 실행이 끝나기 전에 중단되어 남길 결과가 없음
reason-ended-before-all-runs = 모든 실행을 마치기 전에 중단됨. 끝난 { $runs }회의 결과는 저장됨
reason-do-new-baseline = 같은 조건에서 기준을 다시 측정하거나, --allow-different로 그대로 비교할 것.
reason-do-new-suite-baseline = 같은 조건에서 스위트를 다시 실행해 기준으로 쓰거나, --baseline 없이 실행한 다음 그대로 비교할 것: isolab diff --allow-different OLD NEW.
reason-do-same-conditions = 양쪽을 같은 조건에서 측정하거나, --allow-different로 그대로 비교할 것.
reason-do-json-elsewhere = 다른 위치를 지정할 것: `isolab compare --json FILE`, 표준 출력은 `--json -`.
reason-not-of-one-thing = 같은 대상을 측정한 결과가 아님: { $list }
reason-not-comparable = 비교할 수 없는 결과임: { $list }
reason-no-halves = 파일이나 폴더 { $count }개를 이전과 이후로 반씩 나눌 수 없음
reason-do-halves = 이전과 이후의 파일 수를 맞출 것: isolab diff OLD NEW 또는 OLD1 OLD2 NEW1 NEW2. 같은 대상을 여러 번 측정했으면 개수는 자유임: isolab diff --old OLD… --new NEW…
reason-file-and-folder = 하나는 파일이고 하나는 폴더임: { $old }, { $new }
reason-lacks-file = { $new }: { $old }에 있는 파일이 없음: { $file }
reason-do-finish-suite = 그곳의 스위트를 마저 실행하거나, 파일을 하나씩 비교할 것.
reason-no-same-name = 이름이 같은 결과 파일이 없음: { $old }, { $new }
reason-no-results-files = 결과 파일(*.json)이 없음: { $path }
reason-read-empty = 빈 파일임. 결과 파일은 `isolab compare --json FILE`로 만듦
reason-read-truncated = 파일이 { $line }행 { $column }열에서 끊김. 끝까지 쓰거나 복사되지 않았으므로 다시 측정하거나 복사할 것
reason-read-not-json = JSON 문서가 아님: "{ $error }"
reason-read-no-number = JSON 문서가 아님: "{ $error }". JSON에는 NaN과 무한대가 없음
reason-read-no-schema = JSON이지만 isolab의 결과 파일이 아님: 문자열 필드 `schema`가 없음. `isolab compare --json FILE`이 쓰는 값: "{ $known }"
reason-read-other-schema = 파일의 형식은 "{ $schema }"이며, isolab이 읽는 형식은 "{ $known }"임
reason-read-future-schema = 파일의 형식 "{ $schema }"은(는) 더 새로운 isolab의 것임. 이 버전은 "{ $known }"까지 읽으므로 isolab을 업데이트할 것
reason-read-wrong-content = 결과 파일의 내용이 잘못됨: "{ $error }"
reason-read-wrong-figure = { $place }의 값 { $value }: 수치는 0 이상의 유한한 값이어야 함
reason-read-input = 읽을 수 없음: "{ $error }"
reason-report-of-nothing = 결과 파일이 없음. `isolab compare --json FILE`로 만든 파일이 하나 이상 필요함
reason-report-folder = 폴더를 만들 수 없음: { $path }: "{ $error }". --out으로 다른 폴더를 지정할 것
reason-report-file = 쓸 수 없음: { $path }: "{ $error }". 남은 공간과 폴더의 권한을 확인하거나 --out으로 다른 폴더를 지정할 것
reason-report-csv = 측정값을 CSV로 쓸 수 없음: "{ $error }"
reason-report-json = 요약을 JSON으로 쓸 수 없음: "{ $error }"

## 실행

reason-longer-than-timeout = 프로그램이 --timeout의 제한 시간을 넘어 종료됨
reason-no-terminal = -t에는 터미널이 필요하나 표준 입력이 터미널이 아님
reason-do-without-terminal = -t를 빼거나 터미널에서 실행할 것.
reason-cannot-read-terminal-size = 이 터미널의 크기를 알 수 없음
reason-cannot-change-terminal = 이 터미널의 설정을 바꿀 수 없음
reason-cannot-connect-program-terminal = 프로그램의 터미널에 연결할 수 없음
reason-cannot-ask-terminal-program = 프로그램의 터미널을 만들 수 없음
reason-cannot-hand-over-stdin-stdout-stderr = 표준 입출력을 프로그램에 넘길 수 없음
reason-cannot-wait-workload = 프로그램의 종료를 기다릴 수 없음
reason-cannot-wait-instance = 인스턴스의 종료를 기다릴 수 없음
reason-cannot-wait-process = 프로세스 { $pid }번의 종료를 기다릴 수 없음
reason-cannot-make-pipe = 파이프를 만들 수 없음
reason-cannot-set-up-pipe = 파이프를 설정할 수 없음
reason-cannot-duplicate-descriptor = 파일 디스크립터를 복제할 수 없음
reason-cannot-make-file-in-memory = 메모리 파일을 만들 수 없음(memfd_create)
reason-cannot-set-up-signal-handlers = 시그널 처리기를 설정할 수 없음
reason-cannot-execute-container-runtime = 컨테이너 런타임을 실행할 수 없음
reason-cannot-execute-program-again-as-runtime = isolab을 런타임으로 다시 실행할 수 없음(/proc/self/exe)
reason-cannot-find-executable-isolab = isolab의 실행 파일을 찾을 수 없음
reason-cannot-find-program-own-file = isolab 자신의 파일을 찾을 수 없음(/proc/self/exe)
reason-cannot-read-order = 실행 지시를 읽을 수 없음
reason-cannot-write-order = 실행 지시를 쓸 수 없음
reason-cannot-read-runtime-report = 런타임의 보고를 읽을 수 없음
reason-runtime-by-hand = 런타임은 isolab만 시작할 수 있음
reason-cannot-read-back-disk = 디스크를 다시 읽을 수 없음
reason-cannot-write-findings-as-json = 점검 결과를 JSON으로 쓸 수 없음
reason-cannot-read-allowed-cpus = 사용할 수 있는 CPU를 알 수 없음(sched_getaffinity)
reason-cannot-pin = CPU { $cpus }번에 고정할 수 없음(sched_setaffinity)
reason-cannot-pin-to-others = CPU { $cpus }번에 고정할 수 없음. isolab이 사용할 수 있는 CPU: { $allowed }
reason-do-pin-allowed = 이 중에서 지정할 것: --pin { $allowed }. 나머지는 `taskset`이나 cpuset cgroup으로 제한되었을 수 있음.
reason-do-show-allowed = 사용할 수 있는 CPU 확인: `taskset -pc $$`.
reason-no-command = "{ $of }"에 없는 명령: "{ $name }"
reason-do-known-commands = 사용 가능: { $names }.

## 명령줄

reason-number-too-large = 너무 큰 값: "{ $text }"
reason-no-unit = "{ $text }": "{ $unit }"는 단위가 아님. 사용 가능: K, M, G, T(2진 단위, 1K는 1024바이트)
reason-no-size = 크기가 아님: "{ $text }". 예: 64M, 1.5G
reason-no-number = 숫자가 아님: "{ $text }"
reason-no-cpu-number = CPU 번호가 아님: "{ $text }". 목록의 예: 1 또는 2,3 또는 0-3
reason-cpus-backwards = 끝 번호가 시작 번호보다 작음: "{ $text }"
reason-cpu-twice = CPU { $text }번이 목록에 두 번 나옴
reason-invisible-name = 이름이 아님: "{ $text }". 보이는 문자가 있어야 하고, 줄 바꿈이나 제어 문자는 쓸 수 없음
reason-not-positive = 0보다 큰 유한한 값이어야 함: { $text }
reason-negative = 0 이상의 유한한 값이어야 함: { $text }
reason-bytes-too-few = { $text }바이트로는 어떤 프로그램도 실행할 수 없음. { $text }M?
reason-form-disk = FILE 또는 FILE:OVERLAY 형식이 아님: "{ $text }"
reason-no-user = 사용자나 그룹의 번호가 아님: "{ $text }"
reason-form-userns = 사용자 수가 아님: "{ $text }". 형식: `host`, UID, UID:COUNT
reason-no-such-users = 범위를 벗어난 사용자 번호: { $text }
reason-form-variable = NAME=VALUE 또는 NAME 형식이 아님: "{ $text }"
reason-no-variable = 환경 변수가 없음: { $text }
reason-form-ulimit = NAME=SOFT 또는 NAME=SOFT:HARD 형식이 아님: "{ $text }"
reason-no-resource = 자원 이름이 아님: "{ $name }". 사용 가능: { $known }
reason-soft-above-hard = 소프트 제한이 하드 제한보다 큼: { $text }
reason-form-volume = SRC:DST 또는 SRC:DST:ro 형식이 아님: "{ $text }"
reason-no-access = 접근 방식이 아님: "{ $text }". 사용 가능: ro, rw
reason-not-absolute = 컨테이너 안의 절대 경로가 아님: "{ $text }"
reason-usage-unknown-argument = 없는 옵션: { $argument }
reason-usage-unknown-command = 없는 명령: { $argument }
reason-usage-missing = 빠진 인자: { $argument }
reason-usage-conflict = 함께 쓸 수 없는 옵션: { $argument }, { $prior }
reason-usage-no-command = 명령이 빠짐
reason-usage-no-value = 값이 빠짐: { $argument }
reason-usage-value = { $argument }에 쓸 수 없는 값: "{ $value }"
reason-usage-other = 잘못된 명령줄: { $argument } { $value }
reason-usage = 사용법: { $usage } (자세한 내용은 `--help`)
reason-usage-help = 자세한 내용은 `--help`.
reason-out-of-range = 범위를 벗어남: { $range }
reason-library-invalid-digit-found-in-string = 정수가 아님
reason-library-cannot-parse-integer-from-empty-string = 빈 값임
reason-library-it-is-neither-an-elf-file = ELF 파일(vmlinux)도 bzImage도 아님

## 프로그램에 주는 파일과 환경 변수, 시작 시점

reason-do-form-file = 형식은 SRC 또는 SRC:DST임. 예: `--file data.txt`, `--file ./today.csv:data/in.csv`
reason-file-without-name = --file { $text }: 파일 이름이 없으므로 사용할 이름을 지정할 것
reason-file-path-inside = --file { $text }: 내부 경로에는 . 이나 .. 을 쓸 수 없음
reason-place-taken = { $path }: 컨테이너, 가상 머신 또는 isolab이 자신의 파일을 두는 위치임
reason-too-many-files = 프로그램에 줄 파일이 { $most }개를 넘음
reason-do-pack-files = `tar` 등으로 하나로 묶을 것.
reason-link-to-folder = 폴더를 가리키는 심볼릭 링크: { $path }
reason-do-name-folder = 그 폴더 자체를 지정할 것.
reason-do-name-each-file = 그런 이름은 따옴표가 없을 때 셸이 풀어 쓰며 isolab은 풀지 않음: 파일을 하나씩 지정하거나 폴더를 지정할 것.
reason-do-write-it-first = 실행할 때마다 다시 읽으므로, 먼저 파일에 저장할 것.
reason-do-check-file = 경로와 이 사용자의 읽기 권한을 확인할 것.
reason-path-too-long = 경로가 { $most }바이트보다 김: { $path }
reason-place-of-program = 프로그램 자체가 놓이는 위치: { $path }
reason-two-files-of-a-path = 같은 위치에 파일 두 개를 지정함: { $path }
reason-file-changed = isolab이 실행되는 동안 파일이 바뀌어 기록된 내용과 다름: { $path }
reason-do-keep-file = 다시 시작하고 끝날 때까지 파일을 바꾸지 말 것
reason-cannot-copy-stdin = 표준 입력으로 쓸 파일을 메모리에 복사할 수 없음: { $path }
reason-do-smaller-stdin = 더 작은 파일을 지정하거나 isolab이 쓸 수 있는 메모리를 늘릴 것
reason-do-other-file-path = 파일의 다른 경로를 지정할 것: `--file SRC:DST`
reason-variable-not-utf-8 = 환경 변수의 값이 UTF-8이 아님: { $text }
reason-ready-empty = "{ $text }": `first-byte`, `exit`, 또는 프로그램이 출력하는 문자열이어야 함
reason-ready-control = "{ $text }": 한 줄 안에서 찾는 문자열이므로 줄 바꿈이나 제어 문자를 쓸 수 없음
reason-case-ready = `first-byte`, `exit`, 또는 한 줄 안의 문자열이어야 함
reason-ended-before-all-instances = 모든 인스턴스를 시작하기 전에 중단됨
reason-no-target-could-start = 인스턴스를 시작한 환경이 하나도 없음
reason-cannot-allow-more-files = 열린 파일 수의 제한을 늘릴 수 없음
reason-holds-nothing = 동시에 실행해 둘 수 없는 실행 환경: { $name }
reason-boots-host-kernel = 게스트 커널: { $path }. 컨테이너는 이 커널을 공유하고, VM은 그 복사본을 따로 부팅함
reason-kernel-imported = 커널을 가져옴: { $name }, { $modules ->
    [0] 모듈 없음(디스크에 필요할 수 있음. 우분투에서는 linux-modules-*에 있음)
   *[other] 모듈 { $modules }개
  }. 부팅하려면 `isolab run --on microvm-linux --kernel { $name } hello`
reason-with-name-no-command = --with { $text }: `=` 앞은 실행 환경의 이름이고, { $command } 명령은 없음
reason-do-with-env = 명령에 환경 변수를 주려면: `--with 'env { $name }={ $command }'`.

# 한도 검사.
reason-regression-undecided = 성능 저하인지 판정할 수 없음: 실행 횟수가 부족하거나, 측정 결과가 적고 서로 다름
reason-do-decide-regression = 실행 횟수를 늘릴 것(--runs 50). 이전과 이후를 번갈아 세 번 이상씩 측정하거나(`isolab diff --old OLD… --new NEW…`) 두 프로그램을 한 번에 측정할 것: `isolab compare --against OLD-PROGRAM -- NEW-PROGRAM`
reason-gate-of-few-runs = --fail-on-regression은 { $runs }회 실행으로는 성능 저하와 우연을 구별할 수 없음: { $least }회 이상 필요함
reason-do-gate-runs = 기본값처럼 실행 횟수를 늘릴 것: --runs { $runs }
