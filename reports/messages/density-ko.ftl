## 여러 인스턴스 동시 유지 (isolab density)

density-sentence = 동시에 유지한 인스턴스: { $list }.
density-clause = { $target } { $count }개에 { $memory }
density-end = { $target }: { $why }
density-slow = 처음보다 시작이 { $times }배 넘게 오래 걸림: { $list }.
density-slow-clause = { $target } { $count }번째부터
density-not-slow = 몇 번째부터도 시작이 처음보다 { $times }배 넘게 오래 걸리는 상태로 이어지지 않음: { $list }.
density-column-target = 실행 환경
density-column-instances = 인스턴스
density-column-used = 전체 메모리
density-column-each = 하나 더, { $unit }
density-column-first = 처음 시작, { $unit }
density-column-last = 마지막 시작, { $unit }
density-column-slow = 느려진 때
reason-density-count = 인스턴스 { $count }개에서 멈춤(--max)
reason-density-budget = 하나 더 시작하면 예산 { $mib } MiB를 넘음(--budget)
reason-density-reserve = 하나 더 시작하면 호스트에 남겨 두는 { $mib } MiB보다 적게 남음
reason-density-interrupted = 중단됨
chart-density-memory-title = 동시에 실행한 여러 인스턴스의 메모리
chart-density-memory-subtitle = 유지한 인스턴스 수에 따른 호스트 사용 메모리(페이지 캐시 제외)
chart-density-memory-footer = 모든 인스턴스는 표준 출력에 처음 쓰는 지점에서 대기함. 선이 낮을수록 더 많은 인스턴스를 실행할 수 있음.
chart-density-start-title = 인스턴스 하나를 더 시작하는 시간
chart-density-start-subtitle = 이미 유지한 인스턴스 수에 따른, 시작부터 첫 쓰기까지의 시간
chart-density-start-footer = 점 하나는 여러 시작의 중앙값이며, 최대 16분의 1 늦게 관측될 수 있음.
heading-density = { $workload }: 동시에 유지한 인스턴스, { $cpu }, { $kernel }
