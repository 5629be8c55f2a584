#!/bin/sh
# SPDX-License-Identifier: ISC
#
# door = hash: the kernel consults the allow table itself. First without the
# daemon, to the packet; then the daemon: who holds what, what others break,
# its death, and when it must be content with door = set. The other live
# tests run with it as well: DOOR=hash.
#
#     laptop                      router                    internet
#   live_hash, sallyportd  ----  unreachable N = 7  ----  198.18.0.0/16
#                                                         2001:db8:18::/112
#                                                         echo on port 80
#
# usage: hash.sh [BUILD]; RACES=25000 rounds of the race

. "$(dirname "$0")/assert.sh"
. tests/live/bulk.sh

RACES=${RACES:-25000}
DOOR=hash

for _tool in live_hash live_nobpf; do
	if ! [ -x "$BUILD/$_tool" ]; then
		echo "skipped: it was not built in"
		exit 77
	fi
done

# Takes the counts from a program's last line.
counted() {
	cat "$WORLD/$1"
	set -- $(tail -n 1 "$WORLD/$1" | tr -dc '0-9 ')
	passed=$((passed + ${1:-0})) failed=$((failed + ${2:-1}))
}

hash_part() {
	laptop "$BUILD/live_hash" "$1" >"$WORLD/$1" 2>&1
	check "live_hash $1" $? 0
	counted "$1"
}

# PROGRAM ROUNDS
race() {
	laptop "$BUILD/$1" "$2" >"$WORLD/race" 2>&1
	check "$1: store in one process, connect in another" $? 0
	check_like "$1" "$(cat "$WORLD/race")" \
	    "rounds $2 missed 0 early 0 late 0 silent 0"
	echo "$1: $(cat "$WORLD/race")"
}

# ---- to the packet

world_open && world_dns && bulk_routes && laptop_up || exit 2
world_start echo ip netns exec "$INTERNET" "$BUILD/live_net" echo 80
echo=$PID
world_until 50 grep -q ready "$WORLD/echo.log" || exit 2
# Closed connections are forgotten as fast as they come.
lap sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close=1
ip -n "$ROUTER" route add unreachable 198.18.0.7/32
ip -n "$ROUTER" route add unreachable 2001:db8:18::7/128
remember_dns

hash_part cut
hash_part gone
hash_part about
ip -n "$ROUTER" route del unreachable 198.18.0.7/32
ip -n "$ROUTER" route del unreachable 2001:db8:18::7/128
race live_hashrace "$RACES"
race live_hashportable 2000
world_end "$echo"

# ---- the daemon

web() { laptop curl -s -o /dev/null -m 3 "http://$1/"; }
reaches() { web "$1" && web "$2"; }
door_is() { check "$1: the door" "$(status .firewall.door)" "$2"; }
why_not() { status '.firewall.no_hash // ""'; }

opens() {
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	door_opens || echo "the door does not open"
}

# The datapath may look at the table, and do nothing else with it.
holds() {
	_pid=$(status .resolver.pid)
	check "descriptors of the datapath" \
	    "$(find /proc/"$_pid"/fd -lname '*bpf*' | wc -l)" 0
	check "the datapath's mapping" \
	    "$(awk '/bpf-map/ { print $2 }' /proc/"$_pid"/maps | sort -u)" \
	    "r--s"
	check "control's programs" \
	    "$(find /proc/"$DAEMON"/fd -lname '*bpf-prog*' | wc -l)" 3
}

# WHAT COMMAND...: somebody else does that, and it is put right.
mended() {
	_what=$1
	_repairs=$(status .firewall.repairs)
	shift
	"$@" >/dev/null
	check_comes "$_what: noticed" repairs_above "$_repairs"
	check_comes "$_what: two are open" elements_are 2
	check "$_what: the probe's host answers" \
	    "$(reaches $PROBE4 "[$PROBE6]" && echo yes)" yes
	check "$_what: another's does not" \
	    "$(web $OTHER4 || echo no)" no
}
repairs_above() { [ "$(status .firewall.repairs)" -gt "$1" ]; }

world_web
daemon_conf
daemon_started
door_is "from the start" hash
check "no reason against it" "$(why_not)" ""
opens
holds
check "status, for people" "$(sp status | grep -c 'door: *hash')" 1
mended "rule flushed" lap nft flush chain inet sallyport door_to
mended "rules of input flushed" lap nft flush chain inet sallyport door_from
mended "chains gone" lap nft -f - <<-END
	flush chain inet sallyport output
	flush chain inet sallyport input
	delete table inet sallyport
	END
mended "map wiped" "$BUILD/live_hash" wipe "$(map_id)"
mended "a stranger in the map" "$BUILD/live_hash" open "$(map_id)" $OTHER4

# Another datapath, the same map, everything opened anew.
map=$(map_id) pid=$(status .resolver.pid)
kill -9 "$pid"
check_comes "another datapath" status_is .resolver.restarts 1
check_comes "two are open again" elements_are 2
check "it is the same map" "$(map_id)" "$map"
holds

daemon_conf 'door = set'
kill -HUP "$DAEMON"
check_comes "a door is for life" grep -q \
    'door cannot change while the daemon runs' "$WORLD/daemon.log"
daemon_conf

# ---- its death

map_id >"$WORLD/map"
daemon_ends KILL
check "killed: what was open is, until its time is over" \
    "$(reaches $PROBE4 "[$PROBE6]" && echo yes)" yes
check "killed: nothing else is" "$(web $OTHER4 || echo no)" no
check "killed: not for others" \
    "$(as_user curl -s -m 3 "http://$PROBE4/" >/dev/null || echo no)" no
check "killed: two are open" "$(elements)" 2
daemon_started
check_comes "back: open again" elements_are 2
check "back: another map" \
    "$([ "$(map_id)" != "$(cat "$WORLD/map")" ] && echo yes)" yes
sp lockdown off >/dev/null
sp netcheck off >/dev/null
daemon_ends TERM

# ---- content with sets

# NAME PATTERN
falls_back() {
	door_is "$1" set
	check_like "$1: why" "$(why_not)" "$2"
	check "$1: a warning" \
	    "$(grep -c 'door: set instead of hash: ' "$WORLD/daemon.log")" 1
	opens
	check "$1: works all the same" \
	    "$(reaches $PROBE4 "[$PROBE6]" && echo yes)" yes
	check "$1: by sets" "$(loaded)" door
	sp lockdown off >/dev/null
	sp netcheck off >/dev/null
	daemon_ends TERM
}

# COMMAND...: the daemon behind it.
daemon_behind() {
	world_start daemon nsenter -t "$HOLDER" -m -n -- "$@" \
	    "$BUILD/sallyportd" -d -vv -f "$CONF"
	world_until 50 sp status || exit 2
	DAEMON=$(status .pid)
}

PROGRAM=live_nobpf
daemon_started
falls_back "not built in" '*not built in*'
PROGRAM=sallyportd

daemon_behind setpriv --bounding-set=-bpf,-sys_admin
falls_back "no bpf()" '*CAP_BPF*'

# Its boot time is not the programs'.
daemon_behind unshare --time --boottime 86400 --fork --kill-child
falls_back "another clock" 'program door_to takes*to be open'
finish
