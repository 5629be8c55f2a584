#!/bin/sh
# SPDX-License-Identifier: ISC
#
# AF_XDP: wire.sh once more with the program on eth0, in the driver; then the
# daemon with wire = xdp and without. For the network see world.sh.
#
# usage: xdp.sh [BUILD]

. "$(dirname "$0")/assert.sh"
if ! [ -x "$BUILD/live_hash" ]; then
	echo "skipped: no eBPF was built in"
	exit 77
fi
DATAPATH=bypass

programs() { lap ip -j -d link show dev eth0 | jq '[.[].xdp? // empty] | length'; }
counter() {
	sp metrics | awk -v name="sallyport_$1_total" '$1 == name { print $2 }'
}
# WIRE XDP PROGRAMS WHY
daemon_with() {
	daemon_conf "wire = $1"
	daemon_started
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	door_opens || echo "the door does not open"
	check "$1: links" "$(status '.resolver.xdp | join(" ")')" "$2"
	check "$1: programs on the link" "$(programs)" "$3"
	check_like "$1: why not" "$(status '.resolver.no_xdp // ""')" "$4"
	check "$1: the probe" "$(laptop curl -sS -m 5 http://captive.apple.com/ |
	    grep -c Success)" 1
}
daemon_over() {
	sp lockdown off >/dev/null
	daemon_ends "$1"
}

world_opened
XDP=1 BUILD=$BUILD W=${W}x tests/live/wire.sh >"$WORLD/wire" 2>&1
check "wire.sh" $? 0
cat "$WORLD/wire"
set -- $(tail -n 1 "$WORLD/wire" | tr -dc '0-9 ')
passed=$((passed + ${1:-0})) failed=$((failed + ${2:-1}))

daemon_with xdp eth0 1 ''
check "xdp: answers that the driver handed over" \
    "$([ "$(counter wire_xdp)" -gt 0 ] && echo some)" some
check "xdp: for people" "$(sp status | grep -c 'AF_XDP on: *eth0')" 1
kill -9 "$(status .resolver.pid)"
check_comes "xdp: another datapath" status_is .resolver.restarts 1
check_comes "xdp: it has the link, too" status_is '.resolver.xdp[0]' eth0
daemon_over TERM
check "xdp: nothing is left on the link" "$(programs)" 0

daemon_with packet '' 0 ''
daemon_over TERM
finish
