#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kill -9 of control, of the datapath and of both, in each state: the block
# stays, what was open ends by itself, and the next start mends the rest. For
# the network see world.sh.
#
# usage: kill.sh [BUILD]

. "$(dirname "$0")/assert.sh"

states='disconnected error:offline error:read_dns connecting connected
	disconnecting'

enter() {
	go disconnected
	case $1 in
	disconnecting) go connected ;;
	esac
	go $(echo "$1" | tr : ' ')
	case $1 in
	disconnected | error:offline) door_opens ;;
	esac
}

rules_of() {
	case $1 in
	disconnected | error:offline) echo door ;;
	connecting) echo relay ;;
	connected) echo tunnel ;;
	*) echo block ;;
	esac
}

nobody_left() { [ -z "$(datapaths)" ]; }

# Each address in the kernel ends by itself, within what DNS said: 60 s and one
# more.
check_ends() {
	opened >"$WORLD/ends"
	check "$1: addresses in the kernel" "$(wc -l <"$WORLD/ends")" 2
	while read -r address seconds; do
		check "$1: $address ends by itself" \
		    "$([ "$seconds" -le 61 ] && echo yes)" yes
	done <"$WORLD/ends"
}

user_is_kept_in() {
	for address in $OTHER4 $OTHER6 $PROBE4 $PROBE6; do
		as_user nc -z -w 2 $address 80 2>/dev/null
		check "$1: a user's connection to $address" $? 1
	done
}

# WHO STATE: control or both are killed, and what is left after it
killed() {
	what="kill -9 of $1, $2"
	enter "$2"
	rules=$(rules_of "$2")
	check "$what: before" "$(bound), $(loaded)" "$BOUND, $rules"
	pid=$(status .resolver.pid)
	check "$what: the datapath" "$(datapaths)" "$pid"
	# Control first: it shuts the door when it sees the other one die.
	[ "$1" = control ] || kill -KILL "$DAEMON" "$pid"
	daemon_ends KILL
	check_comes "$what: the datapath ends, too" nobody_left
	[ $rules = door ] && conf=ours || conf=original
	check "$what" "$(machine)" ", $rules, $conf"
	[ "$rules" != door ] || check_ends "$what"
	[ "$rules" != door ] || user_is_kept_in "$what"
}

# The state is the same, and the door is open or shut as before.
started_again() {
	daemon_started
	what="$1, started again"
	check "$what: state" "$(status '[.state, .cause // empty] | join(":")')" \
	    "$2"
	check "$what: settings" "$(status '"\(.netcheck) \(.lockdown)"')" \
	    "true true"
	rules=$(rules_of "$2")
	[ $rules = door ] && conf=ours || conf=original
	check "$what" "$(machine)" "$BOUND, $rules, $conf"
	[ $rules != door ] || check_comes "$what: the door opens" \
	    elements_are 2
}

each_state() {
	for state in $states; do
		for who in control both; do
			killed $who "$state"
			started_again "$what" "$state"
		done
	done
}

# Nobody starts it again: the host's DNS is put back by hand.
by_hand() {
	killed control disconnected
	laptop "$BUILD/sallyportd" --restore-dns -f "$CONF"
	check "--restore-dns: exit code" $? 0
	check "--restore-dns" "$(machine)" ", door, original"
	laptop "$BUILD/sallyportd" --restore-dns -f "$CONF"
	check "--restore-dns, twice: exit code" $? 0
	check "--restore-dns, twice" "$(machine)" ", door, original"
	started_again "--restore-dns" disconnected
}

# Without lockdown: what a crash leaves is what was in force.
without_lockdown() {
	sp lockdown off >/dev/null
	enter connecting
	daemon_ends KILL
	check "no lockdown, connecting" "$(machine)" ", relay, original"
	daemon_started
	check "no lockdown, connecting, started again" "$(machine)" \
	    "$BOUND, relay, original"
	go disconnected
	daemon_ends KILL
	check "no lockdown, disconnected" "$(machine)" ", none, original"
	daemon_started
	check "no lockdown, disconnected, started again" "$(machine)" \
	    "$BOUND, none, original"
}

world_opened
daemon_conf 'allow { ttl-min = 30 }'
daemon_started
sp netcheck on >/dev/null
sp lockdown on >/dev/null
each_state
by_hand
without_lockdown
finish
