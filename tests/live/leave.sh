#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Leaving the blocking state: the door's addresses are gone from kernel and
# table, a connection through the door ends, the host's DNS is what it was.
#
#     laptop                      router           internet
#   sallyportd, nc 203.0.113.10:443 ----------- live_net echo 443
#               nc [2001:db8::10]:443
#
# usage: leave.sh [BUILD]

. "$(dirname "$0")/assert.sh"

# ---- a connection that somebody holds

# NAME ADDRESS: nc as root, fed through a fifo so that it stays.
hold() {
	mkfifo "$WORLD/$1.in"
	: >"$WORLD/$1.out"
	nsenter -t "$HOLDER" -m -n -- nc "$2" 443 \
	    <"$WORLD/$1.in" >"$WORLD/$1.out" 2>&1 &
	eval "$1=\$!"
}

hold_both() {
	rm -f "$WORLD"/v?.in
	hold v4 $PROBE4
	exec 4>"$WORLD/v4.in"
	hold v6 $PROBE6
	exec 6>"$WORLD/v6.in"
}

let_go() {
	exec 4>&- 6>&-
	kill "$v4" "$v6" 2>/dev/null
	wait "$v4" "$v6" 2>/dev/null
}

# WORD, to and fro through both.
exchange() {
	echo "$1" >&4
	echo "$1" >&6
	for _v in v4 v6; do
		check_comes "$2: a word through $_v" \
		    grep -qx "$1" "$WORLD/$_v.out"
	done
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

# ---- ways out

# lockdown on, netcheck on, door open, two connections through it
enter() {
	sp netcheck on >/dev/null
	case $1 in
	lockdown) sp lockdown on >/dev/null ;;
	error) go error offline ;;
	esac
	door_opens
	hold_both
}

# NAME FROM WANT COMMAND...: WANT is what the machine looks like then.
way() {
	what=$1 from=$2 want=$3
	shift 3
	enter $from
	check "$what: before" "$(machine)" "$BOUND, door, ours"
	exchange hello "$what: before"
	# Rules are loaded anew, and the state stays.
	sp lan on >/dev/null
	sp lan off >/dev/null
	exchange again "$what: still there"
	"$@" >/dev/null
	check "$what" "$(machine), $(elements) open" "$want, 0 open"
	check_comes "$what: the IPv4 connection ends" is_gone "$v4"
	check_comes "$what: the IPv6 connection ends" is_gone "$v6"
	let_go
	[ -S "$WORLD/run/control.sock" ] || return
	check "$what: allowed" "$(sp --json allowed)" "[]"
	sp netcheck off >/dev/null
	sp lockdown off >/dev/null
	go disconnected
}

ways_out() {
	way "to connecting" lockdown "$BOUND, relay, original" go connecting
	way "to connected" lockdown "$BOUND, tunnel, original" go connected
	way "lockdown off" lockdown "$BOUND, none, original" sp lockdown off
	way "netcheck off, lockdown on" lockdown ", block, original" \
	    sp netcheck off
	way "to disconnected" error "$BOUND, none, original" go disconnected
	way "to disconnecting" error "$BOUND, block, original" \
	    go disconnecting
	way "to error(read_dns)" error "$BOUND, block, original" \
	    go error read_dns
	way "netcheck off, error" error ", block, original" sp netcheck off
	way "stop, lockdown on" lockdown ", block, original" daemon_ends TERM
	daemon_started
	sp lockdown off >/dev/null
	way "stop, error" error ", none, original" daemon_ends TERM
}

# ---- the host's DNS, in all its shapes

FILES='/etc/resolv.conf /etc/behind/resolv.conf'

plain() {
	printf 'nameserver %s\n\n# a comment\r\noptions rotate' $DNS4 \
	    >"$WORLD/etc/resolv.conf"
}
odd_attributes() {
	plain
	chmod 0640 "$WORLD/etc/resolv.conf"
	chown 123:456 "$WORLD/etc/resolv.conf"
	setcap cap_net_raw=p "$WORLD/etc/resolv.conf"
	touch -d '2001-02-03 04:05:06.789' "$WORLD/etc/resolv.conf"
}
read_only() {
	plain
	chmod 0 "$WORLD/etc/resolv.conf"
}
hard_link() {
	plain
	ln "$WORLD/etc/resolv.conf" "$WORLD/etc/behind/other"
}
behind() {
	plain
	mv "$WORLD/etc/resolv.conf" "$WORLD/etc/behind/resolv.conf"
}
absolute_link() {
	behind
	ln -s /etc/behind/resolv.conf "$WORLD/etc/resolv.conf"
}
relative_link() {
	behind
	ln -s behind/resolv.conf "$WORLD/etc/resolv.conf"
}
link_to_link() {
	behind
	ln -s resolv.conf "$WORLD/etc/behind/link"
	ln -s behind/link "$WORLD/etc/resolv.conf"
}
dangling_link() { ln -s ../run/nowhere/resolv.conf "$WORLD/etc/resolv.conf"; }
nothing() { :; }
empty() { : >"$WORLD/etc/resolv.conf"; }
bind_mount() {
	odd_attributes
	setcap -r "$WORLD/etc/resolv.conf"
	touch -d '2001-02-03 04:05:06.789' "$WORLD/etc/resolv.conf"
	laptop mount --bind /etc/resolv.conf /etc/resolv.conf
}

# Everything in /etc whose name speaks of DNS: no droppings.
names() { laptop find /etc -path '*resolv*' | sort | xargs; }

# Once left by the switch, once by a new daemon after kill -9.
shape() {
	rm -rf "$WORLD/etc/resolv.conf" "$WORLD/etc/behind"
	mkdir "$WORLD/etc/behind"
	"$1"
	before=$(look $FILES) names=$(names)
	remember_dns
	sp lockdown on >/dev/null
	check "$1: pointed at us" "$(dns)" ours
	sp lockdown off >/dev/null
	check "$1: left" "$(look $FILES)" "$before"
	check "$1: left, names" "$(names)" "$names"
	sp lockdown on >/dev/null
	daemon_ends KILL
	check "$1: killed, still ours" "$(dns)" ours
	daemon_started
	sp lockdown off >/dev/null
	check "$1: healed" "$(look $FILES)" "$before"
	check "$1: healed, names" "$(names)" "$names"
}

shapes() {
	sp netcheck on >/dev/null
	if bypass; then
		left_out "the other shapes of resolv.conf: it is not written"
		shape plain
		return
	fi
	for shape in plain odd_attributes read_only hard_link absolute_link \
	    relative_link link_to_link dangling_link nothing empty; do
		shape $shape
	done
	shape bind_mount
	laptop umount /etc/resolv.conf
}

# While we are pointed somebody else writes the file: the host asks us again,
# and theirs is what stays.
leads_to_us() { laptop head -n 1 /etc/resolv.conf | grep -q '^# sallyport '; }
somebody_else() {
	sp lockdown on >/dev/null
	echo 'nameserver 192.0.2.1' >"$WORLD/etc/new"
	theirs=$(look /etc/new | sed 's|/etc/new|/etc/resolv.conf|')
	mv "$WORLD/etc/new" "$WORLD/etc/resolv.conf"
	bypass || check_comes "somebody else: the host asks us again" \
	    leads_to_us
	sp lockdown off >/dev/null
	check "somebody else's stays" "$(look /etc/resolv.conf)" "$theirs"
}

world_opened
world_start echo ip netns exec "$INTERNET" "$BUILD/live_net" echo 443
world_until 50 grep -q ready "$WORLD/echo.log" || exit 2
daemon_conf
daemon_started
ways_out
daemon_started
shapes
somebody_else
finish
