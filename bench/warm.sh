#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A name that is cached and open: the reply against a bare echo over loopback
# with messages of the same sizes, and against what the peers have cached. All
# on one CPU.

. bench/resolvers.sh

start_echo() {
	# The reply for n1.bench.test, type AAAA: 31 octets of question, two
	# CNAMEs of 16 and an address of 28.
	resolver "$1" "$bin/bench_floor" echo 91
}

warm_round() {
	for row in $ROWS; do
		[ "$row" = echo ] && any=-e || any=
		client "$row" -k $any -f 1 -n $NAMES -c 1 -P 1
	done
	echo round >>"$WORLD/seen"
}

bench_warm() {
	needs_root
	NAMES=1000 ROUNDS=${BENCH_SMOKE:+2}
	ROUNDS=${ROUNDS:-20}
	rows_open
	row_start echo -e
	for row in ${BENCH_ROWS:-nftset smartdns unbound set hash bypass}; do
		row_start "$row"
	done
	for _round in $(seq $ROUNDS); do
		warm_round
	done
	table warm us us less echo
	table warm-cpu cpu s/100k less echo
	table warm-failed failed questions less echo
}
