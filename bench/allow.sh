#!/bin/sh
# SPDX-License-Identifier: ISC
# Beside the times, instructions: they do not depend on what else runs.

instructions() {
	valgrind --tool=callgrind --toggle-collect="row_$2" \
	    --callgrind-out-file=/dev/null "$bin/bench_allow" count "$1" 2>&1 |
	awk -v what="$1, $2" '
		/Collected/ { sum = $NF }
		/look-ups/ { n = $NF }
		END { printf "instructions a look-up, %s: %.0f\n", what, sum / n }'
}

bench_allow() {
	if [ ! -x "$bin/bench_allow" ]; then
		skip "needs liburcu-dev and libck-dev (tools/deps bench)"
	fi
	"$bin/bench_allow" "$tsv"
	"$bin/bench_allow_large" "$tsv"
	[ -z "$BENCH_SMOKE" ] && peer valgrind valgrind || return 0
	for what in hit miss; do
		for row in flat ours rcu hs ht; do
			instructions $what $row
		done
	done
}
