#!/bin/sh
# SPDX-License-Identifier: ISC
#
# From a question for a name that nobody has asked for yet to the reply, with
# the address open in the kernel; and whether it is open when the reply comes.
#
# One in flight: all on one CPU. 64 in flight: the resolver alone on CPU 0,
# client and upstream on CPU 1. Violations: the client awake on CPU 1, all else
# on CPU 0. A daemon has 256 open addresses at most: rounds are of fewer names,
# before each everything is shut, on every row.

. bench/resolvers.sh

answer_round() {
	for row in $ROWS; do
		[ "$row" != violator ] || continue
		row_reset "$row"
		client "$row" -f $first -n $NAMES -c 1 -P 1 -t "$WORLD/trips"
		row_reset "$row"
		client "$row" -f $((first + NAMES)) -n $NAMES -w 64 -c 1 -P 0 \
		    -t "$WORLD/trips"
	done
	first=$((first + 2 * NAMES))
	echo round >>"$WORLD/seen"
}

# KIND FLIGHT N: is it open? Of names that nobody has asked for.
violations_unasked() {
	for row in $CHECKED; do
		row_reset "$row"
		client "$row" -v "$1" -f $first -n "$3" -w "$2" -c 1 -P 0
	done
	first=$((first + $3))
}

# KIND: the same of answers that everybody has had, with something happening
# before each is asked for again.
violations_cached() {
	for row in $CHECKED; do
		row_reset "$row"
		at "$row" "$bin/bench_answer" -q -s "$(server "$row")" \
		    -f $first -n $AGAIN
	done
	[ "$1" != expired ] || sleep $((TTL_MAX + 2))
	for row in $CHECKED; do
		client "$row" -v "$1" -x "$("$1" "$row")" -f $first \
		    -n $AGAIN -c 1 -P 0
	done
	first=$((first + AGAIN))
}

# ---- what happens, by somebody else's hand: a command

emptied() {
	case $1 in
	hash) reloaded "$1" ;;
	set | bypass | ledger)
		echo 'nft "flush set inet sallyport allow4;' \
		    'flush set inet sallyport allow6"' ;;
	*) echo 'nft "flush set inet bench allow4;' \
	    'flush set inet bench allow6"' ;;
	esac
}

reloaded() {
	case $1 in
	set | hash | bypass | ledger) echo 'nft flush ruleset' ;;
	*) echo "nft -f '$WORLD/rules'" ;;
	esac
}

expired() { echo :; }

violations() {
	CHECKED=
	for row in $ROWS; do
		case $row in
		direct | relay | unbound | ipset) ;;
		*) CHECKED="$CHECKED $row" ;;
		esac
	done
	upstream_on 0
	for _round in $(seq $ROUNDS_SEEN); do
		violations_unasked cold 1 $NAMES
		violations_unasked concurrent 16 $NAMES
		violations_cached emptied
		violations_cached reloaded
		echo round >>"$WORLD/seen"
	done
	[ -z "$BENCH_SMOKE" ] || return 0
	for row in $CHECKED; do
		case $row in
		floor | violator | nftset | smartdns) load "$row" 5s ;;
		esac
	done
	violations_cached expired
}

# ROUNDS LENGTH OPTION...: seconds of 100,000 questions, the median.
curve_cost() {
	_rounds=$1 _n=$2
	shift 2
	: >"$WORLD/curve"
	for _round in $(seq $_rounds); do
		row_reset set
		client set "$@" -f $first -n $_n -c 1 -P 0 -o "$WORLD/curve"
	done
	awk -F '\t' -v at="$*" '$1 == "failed" { n += $3 } END {
		if (n > 0) print n " without an answer: " at }' \
	    "$WORLD/curve" >&2
	grep '^cpu' "$WORLD/curve" | cut -f 3 | sort -n |
	    awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# CURVE ROW X SECONDS
point() {
	awk -v name="$1	$2	$3" -v s="$4" 'BEGIN { print name "\t" 10 * s }' \
	    >>"$scale"
}

# Of processor time, by how many questions come at once, from one client or
# from so many. Of one name no more than 196 can wait (datapath/hold.c).
answer_curves() {
	if [ -z "$BENCH_SMOKE" ]; then
		_flights='1 2 4 8 16 32 64' _clients='1 4 16 64' _times=3
	else
		_flights='1 64' _clients=1 _times=1
	fi
	for x in $_flights; do
		point 'us of CPU a question, by questions in flight' \
		    'sallyport set' $x "$(curve_cost $_times $NAMES -w $x)"
	done
	for x in $_clients 192; do
		point 'us of CPU a question, by clients at once' \
		    'a new name' $x "$(curve_cost $_times 64 -m $x)"
	done
	for x in $_clients 256; do
		point 'us of CPU a question, by clients at once' \
		    'a cached name' $x "$(curve_cost $_times 64 -k -m $x)"
	done
	first=$((first + NAMES))
	bench/fit "$scale"
}

# KIND...: tables; and what makes them worthless.
violations_tables() {
	for kind; do
		table "violations $kind" "shut $kind" violations less floor
	done
	awk -F '\t' '$1 ~ /^early/ && $3 > 0 { n[$1 ", " $2] += $3 }
	    END { for (i in n) print n[i] " addresses were open before they " \
		"were asked for: " i }' "$WORLD/seen"
}

teeth() {
	awk -F '\t' '$1 == "shut cold" && $2 == "violator" { n += $3 }
	    END { exit n == 0 }' "$WORLD/seen" || {
		echo "who replies first is not found out: the check is worthless"
		return 1
	}
}

bench_answer() {
	needs_root
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	ROUNDS_SEEN=${BENCH_SMOKE:+1}
	NAMES=${BENCH_SMOKE:+68} ROUNDS=${BENCH_SMOKE:+1}
	NAMES=${NAMES:-240} ROUNDS=${ROUNDS:-20} ROUNDS_SEEN=${ROUNDS_SEEN:-5}
	AGAIN=${BENCH_SMOKE:+4} AGAIN=${AGAIN:-20}
	TTL_MAX=30 first=1
	rows_open
	for row in ${BENCH_ROWS:-direct relay floor violator nftset ipset \
	    smartdns unbound set hash bypass ledger}; do
		row_start "$row"
	done
	for _round in $(seq $ROUNDS); do
		answer_round
	done
	case $ROWS in
	*" set"*) answer_curves ;;
	esac
	violations
	case $ROWS in
	*smartdns*) peer=$(title smartdns) ;;
	*) peer=floor ;;
	esac
	table answer us us less floor
	table answer64 rate questions/s more "$peer"
	table answer-cpu cpu s/100k less "$peer"
	table answer64-cpu cpuN s/100k less "$peer"
	table answer-trips trips trips/question less direct
	table answer-failed failed questions less direct
	violations_tables cold concurrent emptied reloaded
	[ -n "$BENCH_SMOKE" ] || violations_tables expired
	teeth
}
