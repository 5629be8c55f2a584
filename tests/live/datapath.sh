#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A real datapath process under a fake control: what it has given up, what it
# replies to whom and when, what it survives, and how it ends. The drawing is
# in fakecontrol.h; the network namespaces are the programs' own.

set -u
cd "$(dirname "$0")/../.." || exit 2

if [ "$(id -u)" -ne 0 ]; then
	echo "skipped: needs root"
	exit 77
fi
BUILD=${BUILD:-build}
passed=0 failed=0
for part in live_process live_resolve live_hostile; do
	out=$("$BUILD/$part" tests/fuzz/fuzz_dnsmsg.in/*)
	code=$?
	echo "$out"
	set -- $(echo "$out" | tail -n 1 |
	    sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
	passed=$((passed + ${1-0})) failed=$((failed + ${2-0}))
	if [ $code -ne 0 ] && [ "${2-0}" -eq 0 ]; then
		echo "FAILED: $part ended with $code"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
