#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A datapath that is killed: the door is shut at once, another one is started
# after a pause that doubles, and the door works again. The eighth in a row is
# the last. For the network see world.sh.
#
# usage: supervise.sh [BUILD]

. "$(dirname "$0")/assert.sh"

CRASHES_MAX=8
restarts_are() { status_is .resolver.restarts "$1"; }
event() { tail -n +$from "$WORLD/events.log" | jq -r "$1" | xargs; }
mark() { from=$(($(wc -l <"$WORLD/events.log") + 1)); }

kill_datapath() {
	pid=$(status .resolver.pid)
	kill -KILL "$pid"
}

# What the resolver and the door did since mark(), in order.
story() {
	event 'if .event == "resolver" then
	    (if .running then "up" else "down" end)
	elif .event == "closed" or .event == "allowed" then .event
	else empty end'
}
is_told() { case $(story) in *$1*) ;; *) return 1 ;; esac; }

# NAME N: the Nth kill while the door is open, and what comes of it
again_open() {
	what="kill $2, $1"
	mark
	kill_datapath
	check_comes "$what: started again" restarts_are "$2"
	check_comes "$what: the door opens" is_told "down*up*allowed allowed"
	check "$what: counted" \
	    "$(sp metrics | sed -n 's/^sallyport_datapath_restarts_total //p')" \
	    "$2"
	check "$what" "$(machine), $(elements) open" "$BOUND, door, ours, 2 open"
}

works() {
	check_like "$1: an answer" \
	    "$(laptop dig +tries=3 +time=2 @$RESOLVER4 captive.apple.com)" \
	    "*$PROBE4*"
	check_like "$1: the probe" "$(laptop curl -sS -m 5 http://$PROBE4/)" \
	    "*Success*"
}

# Without a datapath: nobody listens, and the device outlives it.
UNREAD=$(either '' "$BOUND")

# Between death and restart nothing is open.
shut_meanwhile() {
	mark
	kill_datapath
	# The pauses have grown: a second and more.
	check_comes "kill $1: the end is noticed" is_told down
	_machine="$(machine), $(elements) open" _allowed=$(sp --json allowed)
	laptop curl -sS -m 5 http://$PROBE4/ >/dev/null 2>&1
	_curl=$?
	# On a busy machine the pause may have been over before all was seen.
	if restarts_are "$1"; then
		echo "kill $1: started again before it was looked at"
	else
		check "kill $1, meanwhile" "$_machine" \
		    "$UNREAD, door, ours, 0 open"
		check "kill $1, meanwhile: allowed" "$_allowed" "[]"
		check "kill $1, meanwhile: root's connection" $_curl 7
	fi
	check_comes "kill $1: started again" restarts_are "$1"
	check_comes "kill $1: the door opens" is_told "up*allowed allowed"
}

# STATE CAUSE: the last one in a row, in that state
given_up() {
	mark
	kill_datapath
	check_comes "given up, $1: told" \
	    sh -c "tail -n +$from '$WORLD/events.log' | grep -q start_resolver"
	check "given up, $1: state" \
	    "$(status '[.state, .cause // empty] | join(":")')" "$2"
	check "given up, $1" "$(machine)" "$UNREAD, block, original"
	check_like "given up, $1: problem" "$(status .problem)" \
	    "the datapath died $CRASHES_MAX times in a row; *"
	check "given up, $1: restarts" "$(status .resolver.restarts)" $3
	check "given up, $1: netcheck" "$(status .netcheck)" true
}

# As its problem says: off and on again.
then_again() {
	sp netcheck off >/dev/null
	sp netcheck on >/dev/null
	check "given up, $1, then off and on" "$(status '.problem // ""')" ""
	case $1 in
	error) go connecting; go error offline ;;
	esac
	door_opens
	check "given up, $1, then" "$(machine)" "$BOUND, door, ours"
	works "given up, $1, then"
}

# Kills until the last but one, without a look in between.
kill_in_a_row() {
	n=$(status .resolver.restarts)
	for i in 1 2 3 4 5 6 7; do
		kill_datapath
		world_until 100 restarts_are $((n + i))
	done
}

# Outside of blocking states it is bound again, and that is all.
while_connected() {
	go connected
	n=$(($(status .resolver.restarts) + 1))
	kill_datapath
	check_comes "connected: started again" restarts_are $n
	check "connected" "$(machine)" "$BOUND, tunnel, original"
	go disconnected
	door_opens
	check "connected, then disconnected" "$(machine)" "$BOUND, door, ours"
	works "connected, then disconnected"
}

world_opened
daemon_conf
daemon_started
laptop_start events "$BUILD/sallyport" \
    --socket "$WORLD/run/control.sock" --json monitor
sp netcheck on >/dev/null
sp lockdown on >/dev/null
door_opens
for n in 1 2 3; do
	again_open lockdown $n
done
go error offline
again_open error 4
go disconnected
works "after four"
again_open lockdown 5
shut_meanwhile 6
shut_meanwhile 7
given_up disconnected disconnected 7
then_again disconnected
go error offline
kill_in_a_row
given_up error error:start_resolver 14
then_again error
go disconnected
sp netcheck off >/dev/null
sp netcheck on >/dev/null
while_connected
finish
