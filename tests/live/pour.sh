# SPDX-License-Identifier: ISC
# pour.sh - a user's flood, and what of it arrives; sourced, not run
#
#     laptop                            router                internet
#   user: UDP and TCP, IPv4 and IPv6 -- tcpdump on lan0 -- .10 .20 ::10 ::20
#   to the door's address and another
#
# Source it after assert.sh.

FLOOD='src host 192.168.77.2 or src host fd77::2'
TO="dst host $PROBE4 or dst host $OTHER4 or dst host $PROBE6 or
	dst host $OTHER6"

pour_starts() {
	world_start pour nsenter -t "$HOLDER" -m -n -- setpriv \
	    --reuid $PLAIN_ID --regid $PLAIN_ID --clear-groups -- \
	    "$BUILD/live_crowd" pour $PROBE4 80 $PROBE6 80 $OTHER4 443 \
	    $OTHER6 443
	POUR=$PID
}

# What arrives from here on.
seen_starts() {
	world_start seen ip netns exec "$ROUTER" tcpdump -i lan0 -nl \
	    -B 32768 -Z root "($FLOOD) and ($TO)"
	SEEN=$PID
	world_until 50 grep -q 'listening on' "$WORLD/seen.log"
}

# PATTERN
arrived() { grep -c "$1" "$WORLD/seen.log"; }
much_arrived() { [ "$(arrived ' > ')" -gt 100 ]; }
# Without the packet that dry() sends.
arrived_at_all() {
	grep -v '2\.7777 > ' "$WORLD/seen.log" | grep -c ' > '
}

seen_ends() {
	kill -INT $SEEN
	wait $SEEN
	check "$1: the capture is whole" \
	    "$(grep 'dropped by kernel' "$WORLD/seen.log")" \
	    "0 packets dropped by kernel"
}

pour_ends() {
	kill -TERM $POUR
	wait $POUR
	poured=$(sed -n 's/^udp \([0-9]*\) tcp .*/\1/p' "$WORLD/pour.log")
	check "$1: much was poured" $((${poured:-0} > $2)) 1
}

# The pouring is over; a packet of root's through the door closes the capture.
dry() {
	pour_ends "$1" "$2"
	echo "tcp $PROBE4 80 7777 ms=500" |
	laptop "$BUILD/live_net" probes >"$WORLD/said"
	check_comes "$1: the capture sees" grep -q "2\.7777 > " "$WORLD/seen.log"
	seen_ends "$1"
}
