#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The ruleset of the next boot: loaded as sallyport-early.service loads it,
# before the daemon, it lets nothing of a user's flood pass until the daemon is
# ready, nor while that starts again, cannot start, or is not there at all. The
# control is the same boot without it. (pour.sh draws the flood.)
#
# usage: boot.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/pour.sh

EARLY=state/early.nft

# The firewall of the next boot, and its /run.
reboot() {
	lap nft delete table inet sallyport 2>/dev/null
	rm -f "$WORLD/run/tunnel.json"
}

# What the unit does, with the folder that it says %S for.
early_starts() {
	laptop $(sed -n 's/^ExecStart=//p' tools/systemd/sallyport-early.service |
	    sed "s|%S/sallyport|$WORLD/state|")
}

early_is() {
	check "$1" "$(stat -c '%F %a %u' "$WORLD/$EARLY" 2>/dev/null)" "$2"
}
the_file='regular file 600 0'

# The file follows the switches.
switches() {
	early_is "freshly installed: no file" ""
	sp netcheck on >/dev/null
	early_is "netcheck alone: no file" ""
	sp lockdown on >/dev/null
	early_is "lockdown on: the file" "$the_file"
	check "it is what \"blocked\" is" "$(cat "$WORLD/$EARLY")" \
	    "$(cat tests/unit/rules/blocked.nft)"
	sp lan on >/dev/null
	check "lan on: it has the LAN" "$(cat "$WORLD/$EARLY")" \
	    "$(cat tests/unit/rules/blocked-lan.nft)"
	sp lan off >/dev/null
	sp lockdown off >/dev/null
	early_is "lockdown off: no file" ""
	# A crash between file and switch leaves one.
	cp tests/unit/rules/blocked.nft "$WORLD/$EARLY"
	daemon_ends USR1
	early_starts
	check "left by a crash: it blocks" "$(loaded)" block
	daemon_started
	check "... until the daemon is there" "$(loaded)" none
	early_is "... and removes it" ""
	sp lockdown on >/dev/null
	rm "$WORLD/$EARLY"
	daemon_ends USR1
	daemon_started
	early_is "lost: written anew at the start" "$the_file"
}

# NAME ARGUMENT...: a daemon that ends at once does not touch the block.
cannot_start() {
	_name=$1
	shift
	laptop "$@" >"$WORLD/cannot.log" 2>&1
	check "$_name: it has failed" $(($? != 0)) 1
	check "$_name: the block stands" "$(loaded)" block
}

broken_starts() {
	cannot_start "no program" "$BUILD/no-such-sallyportd" -d -f "$CONF"
	echo 'nonsense = 1' >"$WORLD/broken.conf"
	cannot_start "broken configuration" "$BUILD/sallyportd" -d \
	    -f "$WORLD/broken.conf"
	mv "$WORLD/state/settings.json" "$WORLD/settings.good"
	echo '{' >"$WORLD/state/settings.json"
	cannot_start "damaged settings" "$BUILD/sallyportd" -d -f "$CONF"
	mv "$WORLD/settings.good" "$WORLD/state/settings.json"
	sed -i '/^_sallyport:/d' "$WORLD/etc/passwd"
	cannot_start "no user" "$BUILD/sallyportd" -d -f "$CONF"
	echo "_sallyport:x:$USER_ID:$GROUP_ID::/:/bin/false" \
	    >>"$WORLD/etc/passwd"
}

blocked_boot() {
	reboot
	pour_starts
	seen_starts
	check_comes "before the load: the flood arrives" much_arrived
	seen_ends "before the load"
	early_starts
	check "the unit's command succeeds" $? 0
	seen_starts
	broken_starts
	daemon_started
	check_comes "the door is open" elements_are 2
	daemon_ends KILL
	daemon_started
	daemon_ends USR1
	daemon_started
	daemon_ends TERM
	check "stopped: the block stands" "$(loaded)" block
	daemon_started
	check_comes "the door is open again" elements_are 2
	dry "early" 2000
	check "early: packets that arrived" "$(arrived_at_all)" 0
}

# The same without it: everything passes until the daemon is ready.
open_boot() {
	daemon_ends TERM
	reboot
	pour_starts
	seen_starts
	laptop "$BUILD/sallyportd" -d -f "$WORLD/broken.conf" 2>/dev/null
	check_comes "control: no daemon, no early block: a leak" much_arrived
	daemon_started
	seen_ends "control"
	pour_ends "control" 100
}

world_opened
daemon_conf
daemon_started
switches
daemon_ends TERM
blocked_boot
open_boot
finish
