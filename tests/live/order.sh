#!/bin/sh
# SPDX-License-Identifier: ISC
#
# No reply comes before its address is open: unique names, asked one by one
# and 16 at a time, by a client that connects the instant the reply arrives.
# For the network see bulk.sh; a tap is on the router's lan0.
#
# At most 256 addresses may be open, so the names come in rounds; between two
# of them the door is shut. The control is a daemon that replies first; with
# DOOR=hash its datapath sees in the very table that the address is not open,
# and refuses to.
#
# usage: order.sh [BUILD]; ROUNDS=25 with each number in flight

. "$(dirname "$0")/assert.sh"
. tests/live/bulk.sh

ROUNDS=${ROUNDS:-25}
N=200			# names in a round
first=0			# the next round's first name
[ "${DOOR:-set}" = hash ] && fault=unanswered || fault=shut

# COUNT FLIGHT FILE: rounds, and what came of them.
rounds() {
	_i=0
	while [ $_i -lt "$1" ]; do
		sp lockdown off >/dev/null && sp lockdown on >/dev/null &&
		    laptop "$BUILD/live_order" ask $first $N "$2" \
			>>"$WORLD/$3"
		check "round of $N, $2 in flight" $? 0
		first=$((first + N)) _i=$((_i + 1))
	done
}

# What the router saw: addresses with a connection, and how many of these
# before their DNS answer had passed.
seen() {
	tcpdump -n -r "$WORLD/order.pcap" 2>/dev/null | awk '
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

bulk_opened

# ---- a daemon that replies first

bulk_daemon live_violator
for flight in 1 16; do
	rounds 1 $flight first$flight
	check_some "reply before its address, $flight in flight" \
	    "$(sum $fault first$flight)"
	echo "replies first, $flight in flight: $(cat "$WORLD/first$flight")"
done
bulk_daemon_ends

# ---- ours

bulk_daemon sallyportd
# 64 MiB of buffer: the tap must not lose what it is here to see.
world_capture order -B 65536 udp port 53 or tcp port 80 || exit 2
for flight in 1 16; do
	rounds "$ROUNDS" $flight ours$flight
	for word in early shut silent unanswered; do
		check "$word, $flight in flight" "$(sum $word ours$flight)" 0
	done
	check "open, $flight in flight" "$(sum open ours$flight)" \
	    $((ROUNDS * N))
	echo "sallyportd, $flight in flight: $(sum open ours$flight) open," \
	    "$(sum shut ours$flight) before the address"
done
world_end "$CAPTURE"
check "packets that the tap has lost" \
    "$(sed -n 's/ packets dropped by kernel//p' "$WORLD/tcpdump-order.log")" 0
check "addresses connected to, and before their answer, on the wire" \
    "$(seen)" "$((2 * ROUNDS * N)) 0"
check "restarts of the datapath" "$(status .resolver.restarts)" 0
finish
