#!/bin/sh
# SPDX-License-Identifier: ISC
#
# No reply comes before its address is open: unique names, asked one by one
# and 16 at a time, by a client that connects the instant the reply arrives.
#
#     laptop                    router                    internet
#   +------------+   eth0   +--------------+        +---------------------+
#   | sallyportd |----------| lan0  dnsmasq|--------| 198.18.0.0/16       |
#   | live_order |          | ^ tcpdump    |  wan0  | 2001:db8:18::/112  |
#   +------------+          +--------------+        +---------------------+
#
# At most 256 addresses may be open, so the names come in rounds; between two
# of them the door is shut. The control is a daemon that replies first.
#
# usage: order.sh [BUILD]; ROUNDS=50 of each kind, 100 names in a round

set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2

if [ "$(id -u)" -ne 0 ] || ! nft -v >/dev/null 2>&1 ||
    ! command -v dnsmasq >/dev/null || ! command -v tcpdump >/dev/null; then
	echo "skipped: needs root, nft, dnsmasq and tcpdump"
	exit 77
fi
BUILD=$(cd "${1:-${BUILD:-build}}" && pwd) || exit 2
. tests/live/world.sh

ROUNDS=${ROUNDS:-25}	# of each kind
N=200			# names in a round
first=0			# the next round's first name
passed=0 failed=0

check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: $2, not $3"
	fi
}

# $1 rounds with $2 names in flight; what came of them goes to $3.
rounds() {
	_i=0
	while [ $_i -lt "$1" ]; do
		sp lockdown off >/dev/null && sp lockdown on >/dev/null &&
		    laptop "$BUILD/live_order" ask $first $N "$2" \
			>>"$WORLD/$3" || return 1
		first=$((first + N)) _i=$((_i + 1))
	done
}

# The number behind word $1, summed up over the rounds in $2.
sum() {
	awk -v word="$1" '{ for (i = 1; i < NF; i++)
	    if ($i == word) n += $(i + 1) } END { print n + 0 }' "$WORLD/$2"
}

# What the router saw in capture $1: addresses with a connection, and how many
# of these before their DNS answer had passed.
seen() {
	tcpdump -n -r "$WORLD/$1.pcap" 2>/dev/null | awk '
	/ > (198\.18\.|2001:db8:18:).*\.80: Flags \[S\]/ {
		to = $5
		sub(/\.80:$/, "", to)
		if (syn[to]++ == 0) {
			n++
			before += !(to in answered)
		}
	}
	/\.53 > .* (A 198\.18\.|AAAA 2001:db8:18:)/ {
		for (i = 1; i < NF; i++)
			if ($i == "A" || $i == "AAAA")
				answered[$(i + 1)] = 1
	}
	END { print n + 0, before + 0 }'
}

# Ends capture $1, with all that was sent in it.
capture_end() {
	world_end $CAPTURE
	check "packets that the tap of $1 lost" "$(sed -n \
	    's/ packets dropped by kernel//p' "$WORLD/tcpdump-$1.log")" 0
}

trap world_close EXIT
trap 'exit 1' INT TERM
world_open && world_bulk && laptop_up || exit 1
world_start serve ip netns exec "$INTERNET" "$BUILD/live_order" serve
world_until 50 grep -q ready "$WORLD/serve.log" || exit 1
daemon_conf 'suffixes = {"bulk.test"}'

# ---- replies first

PROGRAM=live_violator
daemon_start && sp netcheck on >/dev/null || exit 1
for flight in 1 16; do
	rounds 1 $flight bad$flight || failed=$((failed + 1))
	check "a daemon that replies first, $flight in flight, is caught" \
	    "$([ "$(sum shut bad$flight)" -gt 0 ] && echo yes)" yes
	echo "replies first, $flight in flight: $(cat "$WORLD/bad$flight")"
done
sp lockdown off >/dev/null
world_end $DAEMON

# ---- the daemon

PROGRAM=sallyportd
daemon_start && sp netcheck on >/dev/null || exit 1
# 64 MiB of buffer: the tap must not lose what it is here to see.
world_capture order -B 65536 udp port 53 or tcp port 80 || exit 1
for flight in 1 16; do
	rounds $ROUNDS $flight good$flight || failed=$((failed + 1))
	for word in early shut silent unanswered; do
		check "$word, $flight in flight" \
		    "$(sum $word good$flight)" 0
	done
	check "open, $flight in flight" "$(sum open good$flight)" \
	    $((ROUNDS * N))
	echo "sallyportd, $flight in flight: $(sum open good$flight) open," \
	    "$(sum shut good$flight) shut"
done
capture_end order
check "addresses connected to, and before their answer, on the wire" \
    "$(seen order)" "$((2 * ROUNDS * N)) 0"
check "restarts of the datapath" \
    "$(sp metrics | awk '/datapath_restarts/ && !/^#/ { print $2 }')" 0

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
