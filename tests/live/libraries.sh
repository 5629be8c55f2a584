#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The resolvers that programs have built in: glibc, musl, c-ares, busybox, dig
# and curl, with the options that people set, through both datapaths. In
# bypass they ask the router, and nothing of what they say gets there. For
# the network see world.sh.
#
# usage: [DATAPATH=bypass | socket] libraries.sh [BUILD]

. "$(dirname "$0")/assert.sh"
for _tool in dig curl musl-gcc "$BUILD/live_cares"; do
	command -v "$_tool" >/dev/null && continue
	echo "skipped: needs $_tool"
	exit 77
done

NAME=captive.apple.com
OTHER=www.example.com
BOTH="$PROBE6 $PROBE4"

sorted() { sort | xargs; }
glibc() {
	laptop getent ahosts "$1" | awk '/STREAM/ { print $1 }' | sorted
}
libc() { laptop "$BUILD/live_libc" "$1" | grep -v none | sorted; }
musl() { laptop "$WORLD/live_musl" "$1" | grep -v none | sorted; }
cares() { laptop "$BUILD/live_cares" "$@" | grep -v none | sorted; }
# NAME [SERVER]; the server's own address comes first.
busy() {
	laptop busybox nslookup "$@" 2>/dev/null | awk '
	/^Name:/ { on = 1 }
	on && /^Address/ { print $NF }' | sort -u | xargs
}
# ARGUMENT...: both types, one after the other.
digs() {
	for _type in A AAAA; do
		laptop dig +short +tries=1 +time=5 "$@" $_type | grep -v '\.$'
	done | sorted
}
fetches() { laptop curl -sS -m 5 "$@" 2>&1 | grep -o '<TITLE>.*</TITLE>'; }

# EDGE NAME WANT: all of them.
ask() {
	check "$1: glibc, $2" "$(glibc "$2")" "$3"
	check "$1: getaddrinfo, $2" "$(libc "$2")" "$3"
	check "$1: musl, $2" "$(musl "$2")" "$3"
	check "$1: c-ares, $2" "$(cares "$2")" "$3"
	check "$1: c-ares over TCP, $2" "$(cares tcp "$2")" "$3"
	check "$1: busybox, $2" "$(busy "$2")" "$3"
	check "$1: dig, $2" "$(digs "$2")" "$3"
	check "$1: dig over TCP, $2" "$(digs +tcp "$2")" "$3"
}

# SERVER OPTIONS: the settings that it begins with.
settings() {
	rm -f "$WORLD/etc/resolv.conf"
	printf 'nameserver %s\n' $1 >"$WORLD/etc/resolv.conf"
	[ -z "$2" ] || echo "options $2" >>"$WORLD/etc/resolv.conf"
	remember_dns
}

# SERVERS OPTIONS
episode() {
	_edge="$DATAPATH, ${1##* }${2:+, $2}"
	settings "$1" "$2"
	go error offline
	check_comes "$_edge: the door opens" door_opens
	check "$_edge: settings" "$(dns)" ours
	ask "$_edge" $NAME "$BOTH"
	ask "$_edge" $OTHER ''
	for _family in 4 6; do
		check "$_edge: curl -$_family" \
		    "$(fetches -$_family http://$NAME/)" \
		    '<TITLE>Success</TITLE>'
	done
	check "$_edge: nothing has left" "$(leaks)" 0
	go disconnected
	check "$_edge: all is as it was" "$(loaded), $(dns)" 'none, original'
}

# Whom they ask without resolv.conf's help, too.
named() {
	go error offline
	door_opens
	for server in "$@"; do
		check "$DATAPATH: busybox at $server" "$(busy $NAME $server)" \
		    "$BOTH"
		check "$DATAPATH: dig at $server" "$(digs @$server $NAME)" \
		    "$BOTH"
		check "$DATAPATH: dig at $server, TCP" \
		    "$(digs +tcp @$server $NAME)" "$BOTH"
		check "$DATAPATH: dig at $server, another name" \
		    "$(digs @$server $OTHER)" ''
	done
	check "$DATAPATH: nothing has left" "$(leaks)" 0
	go disconnected
}

all() {
	daemon_conf
	daemon_started
	sp netcheck on >/dev/null
	check "$DATAPATH: in force" "$(status .resolver.datapath)" $DATAPATH
	tally
	for options in '' edns0 use-vc 'single-request trust-ad' \
	    'rotate timeout:1'; do
		episode $DNS4 "$options"
	done
	episode $DNS6 ''
	episode "$DNS4 $DNS6" 'edns0 rotate'
	named $servers
	check "$DATAPATH: afterwards" "$(glibc $OTHER)" "$OTHER6 $OTHER4"
	check_like "$DATAPATH: afterwards, packets are seen" "$(leaks)" '[1-9]*'
	tally_ends
	daemon_ends TERM
}

modes=${DATAPATH:-socket bypass}
world_opened
musl-gcc -static -o "$WORLD/live_musl" tests/live/live_libc.c || exit 2
for DATAPATH in $modes; do
	servers='127.0.0.1 ::1'
	[ $DATAPATH = socket ] || servers="$DNS4 $DNS6 192.0.2.1"
	all
done
finish
