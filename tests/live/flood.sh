#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A local process without privileges floods the door; the network check gets
# through all the same, and the daemon neither grows nor leaks. The probe's
# name is hex-1.cb00710a.liar.test: 203.0.113.10. For the network see liar.sh.
#
# usage: flood.sh [BUILD [SECONDS]]

SECONDS_EACH=${2:-10}

. "$(dirname "$0")/assert.sh"
. tests/live/liar.sh

PREFETCHED=10
PROBE=hex-1.cb00710a.liar.test

# In the background, output in $WORLD/$1.log.
flood() {
	_log=$1
	shift
	world_start "$_log" nsenter -t "$HOLDER" -m -n -- setpriv \
	    --reuid $PLAIN_ID --regid $PLAIN_ID --clear-groups -- \
	    "$BUILD/live_flood" "$@"
	FLOOD=$PID
}
word() { awk -v word="$2" '{ for (i = 1; i < NF; i++)
    if ($i == word) print $(i + 1) }' "$WORLD/$1.log"; }

# EDGE GOT RELATION WANT
check_that() {
	check "$1: $2 $3 $4" "$([ "$2" "$3" "$4" ] && echo yes)" yes
}

# A machine that is busy with others may be late once, and who asks asks
# again: it is two failures in a row that a flood must not cause.
got_through() {
	check_that "$1 that got through" $good -gt 0
	check_that "$1: failures in a row" $worst -le 1
	echo "$1: $good of $tries got through"
}
# NAME NUMBER: less than 1 % of the flood.
few() { check_that "$1, times 100" $(($2 * 100)) -le "$(word ask sent)"; }

# Queries that found the queue full, of the socket or of the device.
lost() {
	bypass && in_net awk '$1 == "sallyport0:" { print $13 }' /proc/net/dev ||
	    in_net awk '$2 == "0100007F:0035" { print $NF }' /proc/net/udp
}
kilobytes() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
descriptors() { ls "/proc/$1/fd" | wc -l; }
same_descriptors() {
	[ "$(descriptors $DAEMON_PID) $(descriptors $DATAPATH_PID)" = "$1" ]
}

fetched() {
	laptop curl -sS -m 5 "http://$PROBE/" 2>>"$WORLD/curl.log" |
	    grep -q Success
}
# A question for the probe's name that no cache answers.
cold() {
	in_net dig +tries=1 +time=5 $PROBE AAAA @$RESOLVER4 |
	    grep -q 'status: NOERROR'
}

# COMMAND PID: runs it every second until the process ends; sets tries, good
# and worst (the longest stretch of failures).
every_second() {
	tries=0 good=0 worst=0 _row=0
	while kill -0 $2 2>/dev/null; do
		tries=$((tries + 1))
		if $1; then
			good=$((good + 1)) _row=0
		else
			_row=$((_row + 1))
			[ $_row -le $worst ] || worst=$_row
		fi
		sleep 1
	done
}

world_open && world_web && laptop_up || exit 2
liar_started $DNS4
door_started "names = { \"$PROBE\", \"silent-1.liar.test\" }"
DAEMON_PID=$(status .pid) DATAPATH_PID=$(status .resolver.pid)
# The name that is never answered has been given up, its sockets are closed.
quiet() { [ -z "$(in_net ss -Hlun 'sport != 53')" ]; }
world_until 100 quiet || exit 2
fds="$(descriptors $DAEMON_PID) $(descriptors $DATAPATH_PID)"
check 'before: the probe' "$(fetched && echo yes)" yes
check 'before: a cold question' "$(cold && echo yes)" yes

# ---- names that are refused and one that is allowed, and idle connections

flood hold hold 200 $SECONDS_EACH
HOLD=$FLOOD
flood ask ask 5000 $SECONDS_EACH "$PROBE" 'x%.example.com'
sleep 5
before="$(kilobytes $DAEMON_PID) $(kilobytes $DATAPATH_PID)"
# 32 connections, 64 questions over UDP and TCP.
check_that 'idle connections: descriptors' "$(descriptors $DATAPATH_PID)" -le \
    $((${fds#* } + 32 + 128))
check 'idle connections: TCP' "$(in_net dig +tcp +tries=1 +time=5 +short \
    $PROBE @$RESOLVER4)" $PROBE4
every_second fetched $FLOOD
wait $FLOOD $HOLD
cat "$WORLD/ask.log" "$WORLD/hold.log"
got_through 'flood: probes'
check_that 'flood: questions' "$(word ask sent)" -ge $((SECONDS_EACH * 500))
few 'flood: questions that the queue lost' "$(lost)"
few 'flood: SERVFAIL' "$(word ask servfail)"
check_that 'idle connections: cut and opened again' \
    "$(word hold opened)" -gt 200

# ---- names below an allowed suffix that are never answered

flood silent ask 5000 $((SECONDS_EACH / 2)) 'silent-%.liar.test'
every_second cold $FLOOD
cat "$WORLD/silent.log"
got_through 'table full: cold questions'
check_that 'table full: SERVFAIL' "$(word silent servfail)" -gt 1000

# ---- one allowed name that is never answered

flood one ask 5000 $((SECONDS_EACH / 2)) silent-1.liar.test
every_second cold $FLOOD
cat "$WORLD/one.log"
got_through 'one name: cold questions'
check_that 'one name: SERVFAIL' "$(word one servfail)" -gt 1000

# ---- afterwards

check 'the same daemon' "$(status '.pid, .resolver.pid' | xargs)" \
    "$DAEMON_PID $DATAPATH_PID"
check_that 'memory of control' "$(kilobytes $DAEMON_PID)" -le \
    $((${before% *} + 512))
check_that 'memory of the datapath' "$(kilobytes $DATAPATH_PID)" -le \
    $((${before#* } + 512))
world_until 150 same_descriptors "$fds"
check 'descriptors' "$(descriptors $DAEMON_PID) $(descriptors $DATAPATH_PID)" \
    "$fds"
sp lockdown off >/dev/null
daemon_ends TERM
finish
