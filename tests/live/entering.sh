#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Every step fails once for real while a blocking state is entered: what was
# done is undone, the block holds, front-ends are told, and nothing is tried
# again before state or settings change. For the network see world.sh.
#
# usage: entering.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/faults.sh

# Since mark().
mark() {
	log_from=$(($(wc -l <"$WORLD/daemon.log") + 1))
	events_from=$(($(wc -l <"$WORLD/events.log") + 1))
}
tries() {
	tail -n +$log_from "$WORLD/daemon.log" | grep -c "^netcheck: $1: "
}
is_told() {
	tail -n +$events_from "$WORLD/events.log" |
	jq -r 'select(.event == "problem") | .step' | grep -qx "$1"
}

# Everything that could tempt it to try again, but state and settings.
tempt() {
	ip -n "$LAPTOP" addr add 192.0.2.77/32 dev eth0
	ip -n "$LAPTOP" link set eth0 down
	laptop_up 2>/dev/null
	ip -n "$LAPTOP" addr del 192.0.2.77/32 dev eth0
	lap nft add table inet another
	lap nft delete table inet another
	sp lan on >/dev/null
	sp lan off >/dev/null
	# The ticks are a second apart.
	laptop dig +tries=1 +time=2 @$RESOLVER4 captive.apple.com >/dev/null
}

# WHAT STEP STATE PATTERN: how it looks when a step has failed on the way in
shut() {
	check "$1: state" "$(status '[.state, .cause // empty] | join(":")')" \
	    "$3"
	check "$1" "$(machine)" "$BOUND, block, original"
	check_like "$1: problem" "$(status .problem)" "$(pattern "$4")"
	check_comes "$1: front-ends are told" is_told "$2"
	check "$1: tried once" "$(tries "$2")" 1
}

# NAME STEP CAUSE PATTERN
entering() {
	for to in error disconnected; do
		what="$1, entering $to"
		sp lockdown on >/dev/null
		go connected
		sp netcheck on >/dev/null
		mark
		dns_was=
		"$1_on"
		remember_dns
		[ $to = error ] && as=error:$3 how="error offline" ||
		    as=$to how=$to
		go $how
		shut "$what" $2 $as "$4"
		case $1/$to in
		dns_immutable/error | dns_unreadable/disconnected)
			tempt
			shut "$what, tempted" $2 $as "$4" ;;
		esac
		"$1_off"
		remember_dns
		[ $to = error ] || go connected
		go $how
		check "$what: then" "$(machine)" "$BOUND, door, ours"
		check "$what: no problem then" "$(status .problem)" null
		sp netcheck off >/dev/null
		go disconnected
	done
}

# The rules themselves cannot be loaded: those of before are in force, and
# it is said aloud.
entering_firewall() {
	for to in error disconnected; do
		what="$1, entering $to"
		sp lockdown on >/dev/null
		go connecting
		sp netcheck on >/dev/null
		mark
		"$1_on"
		[ $to = error ] && how="error offline" || how=$to
		said=$(sp state $how 2>&1)
		check "$what: exit code" $? 1
		check_like "$what: said" "$said" "$4 (step: firewall)"
		check "$what: state" "$(status '.state + ":" + .cause')" \
		    error:set_firewall
		check "$what" "$(machine)" "$BOUND, relay, original"
		check_like "$what: problem" "$(status .problem)" "$4"
		check "$what: tried once" "$(tries firewall)" 1
		"$1_off"
		go $how
		check "$what: then" "$(machine)" "$BOUND, door, ours"
		sp netcheck off >/dev/null
		go disconnected
	done
}

# Port 53 or the device is held when the daemon starts with the network check
# on.
entering_listen() {
	what="$1, at start"
	sp lockdown on >/dev/null
	sp netcheck on >/dev/null
	daemon_ends TERM
	"$1_on"
	held=$(bound)
	daemon_started
	check "$what" "$(machine)" "$held, block, original"
	check_like "$what: problem" "$(status .problem)" "$(pattern "$4")"
	go error offline
	check "$what: state" "$(status '.state + ":" + .cause')" error:$3
	check "$what: error" "$(machine)" "$held, block, original"
	"$1_off"
	go error offline
	check "$what: then" "$(machine)" "$BOUND, door, ours"
	sp netcheck off >/dev/null
	go disconnected
}

by_step() {
	case $2 in
	*_dns) entering "$@" ;;
	firewall) entering_firewall "$@" ;;
	esac
}

world_opened
daemon_conf
daemon_started
laptop_start events "$BUILD/sallyport" \
    --socket "$WORLD/run/control.sock" --json monitor
each_fault by_step
entering_listen $(either port_udp device) listen start_resolver \
    "$(either '*port 53 on 127.0.0.1 is held by nc (pid PID); stop it or *' \
    '*an interface sallyport0 is there already*')"
finish
