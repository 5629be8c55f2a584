#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Every step fails once for real while a front-end switches something: all is
# as it was, and the front-end is told which step and why. For the network see
# world.sh.
#
# usage: steps.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/faults.sh

# WHAT STEP PATTERN: `netcheck on` fails, and all is as it was.
refused() {
	before="$(machine) $(status '[.state, .cause, .policy, .netcheck] | @json')"
	said=$(sp netcheck on 2>&1)
	check "$1: exit code" $? 1
	check_like "$1: said" "$said" "$(pattern "$3") (step: $2)"
	said=$(sp --json netcheck on 2>/dev/null)
	check "$1: exit code, --json" $? 1
	check "$1: step, --json" \
	    "$(echo "$said" | jq -r .error.data.step)" "$2"
	check_like "$1: message, --json" \
	    "$(echo "$said" | jq -r .error.message)" "$(pattern "$3")"
	check "$1: all as before" \
	    "$(machine) $(status '[.state, .cause, .policy, .netcheck] | @json')" \
	    "$before"
	check "$1: on disk" \
	    "$(jq .netcheck "$WORLD/state/settings.json")" false
}

# NAME STEP CAUSE PATTERN
switching() {
	case $1 in
	nft_fails | port_udp | device | *unreadable | *immutable | state_read_only)
		froms='lockdown error connected' ;;
	*) froms=lockdown ;;
	esac
	for from in $froms; do
		sp lockdown on >/dev/null
		case $from in
		error) go error offline ;;
		connected) go connected ;;
		esac
		case $from/$2 in
		# Only the port or the device is taken.
		connected/firewall | connected/*_dns) ;;
		*)
			dns_was=
			"$1_on"
			remember_dns
			refused "$1, switching, $from" $2 "$4"
			"$1_off"
			remember_dns
			sp netcheck on >/dev/null
			check "$1, switching, $from: then" \
			    "$(status .netcheck)" true
			sp netcheck off >/dev/null
			;;
		esac
		go disconnected
	done
}

# ---- the other switches

# NAME STEP PATTERN: `lockdown on` fails, and is off.
lockdown_refused() {
	sp lockdown off >/dev/null
	before=$(machine)
	"$1_on"
	said=$(sp lockdown on 2>&1)
	check "lockdown on, $1: exit code" $? 1
	check_like "lockdown on, $1: said" "$said" "$3 (step: $2)"
	check "lockdown on, $1: all as before" "$(machine)" "$before"
	check "lockdown on, $1: told" "$(status .lockdown)" false
	"$1_off"
	check "lockdown on, $1: on disk" \
	    "$(jq .lockdown "$WORLD/state/settings.json")" false
}

# The host's DNS cannot be put back: its resolver stays until it can.
off_refused() {
	sp lockdown on >/dev/null
	sp netcheck on >/dev/null
	chattr +i "$WORLD/etc/resolv.conf"
	said=$(sp netcheck off 2>&1)
	check "netcheck off, immutable: exit code" $? 1
	check_like "netcheck off, immutable: said" "$said" \
	    "*/etc/resolv.conf: cannot put the original back: *(step: point_dns)"
	check "netcheck off, immutable" "$(machine)" "$BOUND, door, ours"
	check "netcheck off, immutable: told" "$(status .netcheck)" true
	chattr -i "$WORLD/etc/resolv.conf"
	sp netcheck off >/dev/null
	check "netcheck off, then" "$(machine)" ", block, original"
	sp lockdown off >/dev/null
}

# A file system without room for a second file.
full() {
	mkdir "$WORLD/full"
	laptop mount -t tmpfs -o size=8k tmpfs "$WORLD/full"
	laptop cp -L /etc/resolv.conf "$WORLD/full/resolv.conf"
	laptop dd if=/dev/zero of="$WORLD/full/rest" bs=1k count=8 2>/dev/null
	was=$(look "$WORLD/full/resolv.conf")
	daemon_ends TERM
	daemon_conf "resolv-conf = \"$WORLD/full/resolv.conf\""
	daemon_started
	sp lockdown on >/dev/null
	refused "full file system" point_dns \
	    "*/full/resolv.conf: cannot point it at us: No space left on device"
	check "full file system: as it was" \
	    "$(look "$WORLD/full/resolv.conf")" "$was"
	check "full file system: no droppings" \
	    "$(laptop ls -A "$WORLD/full" | xargs)" "resolv.conf rest"
	laptop rm "$WORLD/full/rest"
	sp netcheck on >/dev/null
	check "full file system: then" "$(bound), $(loaded)" "$BOUND, door"
}

world_opened
daemon_conf
daemon_started
each_fault switching
lockdown_refused nft_fails firewall '*nft refused the rules: Error: injected'
lockdown_refused state_read_only settings '*/early.nft: save: Read-only *'
if bypass; then
	left_out "resolv.conf cannot be put back, or its disk is full"
else
	off_refused
	full
fi
finish
