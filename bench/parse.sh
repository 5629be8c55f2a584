#!/bin/sh
# SPDX-License-Identifier: ISC
# Beside the times, instructions: they do not depend on what else runs.

bench_parse() {
	[ -x "$bin/bench_parse" ] ||
	    skip "needs libknot-dev and libc-ares-dev: tools/deps bench"
	"$bin/bench_parse" "$tsv"
	[ -z "$BENCH_SMOKE" ] && command -v valgrind >/dev/null || return 0
	for row in walk ours lists libresolv ares knot ldns; do
		valgrind --tool=callgrind --toggle-collect="row_$row" \
		    --callgrind-out-file=/dev/null "$bin/bench_parse" \
		    count 2>&1 | awk -v row="row_$row" '/Collected/ {
			print "instructions, all messages once, " row ": " $NF }'
	done
}
