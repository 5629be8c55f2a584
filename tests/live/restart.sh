#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A user's flood while the daemon is killed, stopped, handed over, upgraded
# and started again with lockdown on: nothing of it arrives at the router.
# The control is the same without lockdown, where it does arrive.
#
#     laptop                            router                internet
#   user: UDP and TCP, IPv4 and IPv6 -- tcpdump on lan0 -- .10 .20 ::10 ::20
#   to the door's address and another
#
# usage: restart.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/pour.sh

# Each way to go and to come back, under the same flood.
around() {
	what="kill -9 and start"
	daemon_ends KILL
	daemon_started
	"$1" "$what"
	what="kill -9 of both and start"
	kill -KILL "$(status .resolver.pid)"
	daemon_ends KILL
	daemon_started
	"$1" "$what"
	what="kill -9 of the datapath"
	n=$(($(status .resolver.restarts) + 1))
	kill -KILL "$(status .resolver.pid)"
	world_until 100 status_is .resolver.restarts $n
	"$1" "$what"
	what="hand-over and start"
	daemon_ends USR1
	check "$what: in between" "$(bound), $(dns)" ", original"
	daemon_started
	"$1" "$what"
	what="stop and start"
	daemon_ends TERM
	check "$what: in between" "$(bound), $(dns)" ", original"
	daemon_started
	"$1" "$what"
}

door_is_back() {
	check_comes "$1: the door is open again" elements_are 2
	check "$1" "$(machine)" "$BOUND, door, ours"
}

# A hand-over keeps the state, and its rules in between.
handed_over() {
	for state in connecting connected disconnecting error:offline \
	    error:read_dns disconnected; do
		go $(echo "$state" | tr : ' ')
		[ $state != error:offline ] || door_opens
		daemon_ends USR1
		in_between=$(loaded)
		daemon_started
		after=$(loaded)
		[ "$after" = door ] && after=block
		check "hand-over, $state: rules in between" \
		    "$in_between" "$after"
		check "hand-over, $state: state" \
		    "$(status '[.state, .cause // empty] | join(":")')" $state
	done
}

# Changes of state and settings that all keep the block.
changes() {
	for change in "error offline" "error read_dns" connecting \
	    "error other" disconnecting disconnected; do
		go $change
	done
	for change in "netcheck off" "netcheck on" "lan on" "lan off" reload; do
		sp $change >/dev/null
	done
}

with_lockdown() {
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	door_opens
	pour_starts
	seen_starts
	around door_is_back
	handed_over
	changes
	door_is_back "changes"
	dry "lockdown" 2000
	check "lockdown: packets that arrived" "$(arrived_at_all)" 0
}

still_open() {
	check "$1, no lockdown" "$(machine)" "$BOUND, none, original"
}

# The control: every kind of packet arrives, whatever the daemon goes through.
without_lockdown() {
	sp lockdown off >/dev/null
	pour_starts
	seen_starts
	around still_open
	dry "control" 1000
	for kind in "> $PROBE4\.80: UDP" "> $PROBE4\.80: Flags \[S\]" \
	    "> $OTHER4\.443: UDP" "> $OTHER4\.443: Flags \[S\]" \
	    "> $PROBE6\.80: UDP" "> $PROBE6\.80: Flags \[S\]" \
	    "> $OTHER6\.443: UDP" "> $OTHER6\.443: Flags \[S\]"; do
		check "control: $kind" $(($(arrived "$kind") > 100)) 1
	done
}

world_opened
daemon_conf
daemon_started
with_lockdown
without_lockdown
finish
