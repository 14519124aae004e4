## Many instances at once (isolab density)

density-sentence = Held at once: { $list }.
density-clause = { $target } { $count } in { $memory }
density-end = { $target }: { $why }
density-slow = Starts take more than { $times }× as long as the first ones: { $list }.
density-slow-clause = { $target } from { $count } on
density-not-slow = From no number on do starts stay more than { $times }× as long as the first ones: { $list }.
density-column-target = target
density-column-instances = instances
density-column-used = memory of all
density-column-each = one more, { $unit }
density-column-first = first starts, { $unit }
density-column-last = last starts, { $unit }
density-column-slow = slow from
reason-density-count = stopped at { $count } instances (--max)
reason-density-budget = one more would have passed the budget of { $mib } MiB (--budget)
reason-density-reserve = with one more, less than the { $mib } MiB that isolab leaves to the host would have been left
reason-density-interrupted = interrupted
chart-density-memory-title = Memory of many instances at once
chart-density-memory-subtitle = Memory that the host uses, page cache left out, against how many instances are held
chart-density-memory-footer = Every instance waits in its first write to stdout. A lower line means that more instances fit.
chart-density-start-title = Start-up of one more instance
chart-density-start-subtitle = Time from the start to the first write, against how many instances are held already
chart-density-start-footer = Each mark is the median of a group of starts, seen up to a sixteenth too late.
heading-density = { $workload }: instances held at once, on { $cpu }, { $kernel }
