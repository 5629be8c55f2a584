#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Who gets out through the door, judged by what arrives at the router.
#
#     laptop                      router                    internet
#   root, plain user,   eth0   tcpdump on lan0
#   datapath's user  ----------  .1 upstream --------------  probe, other
#
# Each attempt is made twice: while the door is open, and as the control with
# lockdown off, where all of them arrive. Each has a source port of its own,
# by which it is found again in the capture.
#
# usage: door.sh [BUILD]

. "$(dirname "$0")/assert.sh"

# Who, protocol, to what, port, arrives while the door is open. The datapath's
# user without its group, and the group without the user, are halves of it;
# it is exempt with a datapath of sockets only.
attempts='
	root	tcp	PROBE	80	yes
	root	tcp	PROBE	443	yes
	root	tcp	PROBE	8080	no
	root	tcp	PROBE	53	no
	root	udp	PROBE	80	no
	root	udp	PROBE	443	no
	root	icmp	PROBE	0	no
	root	tcp	OTHER	80	no
	root	tcp	OTHER	443	no
	root	tcp	RELAY	443	no
	root	udp	RELAY	51820	no
	root	udp	DNS	53	no
	root	tcp	DNS	53	no
	root	tcp	DNS	80	no
	root	udp	OTHER	53	no
	user	tcp	PROBE	80	no
	user	tcp	PROBE	443	no
	user	tcp	OTHER	80	no
	user	udp	PROBE	443	no
	user	udp	DNS	53	no
	user	tcp	DNS	53	no
	datapath udp	DNS	53	socket
	datapath tcp	DNS	53	socket
	datapath udp	DNS	5353	no
	datapath tcp	DNS	853	no
	datapath udp	OTHER	53	no
	datapath udp	PROBE	53	no
	datapath tcp	PROBE	80	no
	onlyuid	udp	DNS	53	no
	onlyuid	tcp	PROBE	80	no
	onlygid	udp	DNS	53	no
	onlygid	tcp	PROBE	80	no
'

as() {
	case $1 in
	root) uid=0 gid=0 ;;
	user) uid=$PLAIN_ID gid=$PLAIN_ID ;;
	datapath) uid=$USER_ID gid=$GROUP_ID ;;
	onlyuid) uid=$USER_ID gid=$PLAIN_ID ;;
	onlygid) uid=$PLAIN_ID gid=$GROUP_ID ;;
	esac
	shift
	laptop setpriv --reuid $uid --regid $gid --clear-groups -- "$@"
}

# FIRST: the first source port. Adds "port address attempt arrives".
tabulate() {
	port=$1
	echo "$attempts" | while read -r who proto to to_port arrives; do
		[ -n "$who" ] || continue
		[ $arrives != socket ] || arrives=$(either yes no)
		for f in 4 6; do
			eval "address=\$$to$f"
			echo "$port $address $who $proto $to $to_port $arrives"
			port=$((port + 1))
		done
	done >"$WORLD/attempts"
}

try_all() {
	for who in root user datapath onlyuid onlygid; do
		awk -v who=$who '$3 == who {
			print $4, $2, $6, $1, "ms=50" }' "$WORLD/attempts" |
		as $who "$BUILD/live_net" probes >>"$WORLD/said"
	done
}

# Everything sent before is in the capture once this is: PORT.
captured() {
	echo "udp $DNS4 99 $1 ms=1" | laptop "$BUILD/live_net" probes >>"$WORLD/said"
	world_until 50 grep -q "\.$1 > " "$WORLD/tcpdump-text.log"
}

arrived() {
	case $2 in
	icmp) grep -c "> $3: ICMP.* echo request, id $1," \
	    "$WORLD/tcpdump-text.log" ;;
	*) grep -c "\.$1 > $3\.$4: " "$WORLD/tcpdump-text.log" ;;
	esac
}

# NAME all|some
judge() {
	while read -r port address who proto to to_port arrives; do
		[ "$2" = some ] || arrives=yes
		[ "$(arrived $port $proto $address $to_port)" -gt 0 ] &&
		    got=yes || got=no
		check "$1: $who, $proto to $to $address, port $to_port" \
		    $got $arrives
	done <"$WORLD/attempts"
}

# ---- names

refused='A www.example.com
	AAAA www.example.com
	A captive.apple.com.example.com
	A xcaptive.apple.com
	A apple.com
	TXT captive.apple.com
	HTTPS captive.apple.com
	MX captive.apple.com
	ANY captive.apple.com
	PTR 10.113.0.203.in-addr.arpa'

# At whom the laptop's programs ask: SERVERS
ask_all() {
	echo "$refused" | while read -r type name; do
		for server in "$@"; do
			for how in +notcp +tcp; do
				laptop dig +tries=1 +time=2 $how "@$server" \
				    "$name" "$type"
			done
		done
	done >"$WORLD/dig" 2>&1
}

# Case does not count: the datapath's questions have it at random.
asked() { grep -ic "query\[$1\] $2 from" "$WORLD/dnsmasq.log"; }

judge_names() {
	while read -r type name; do
		got=$(asked "$type" "$name")
		[ "$got" -gt 0 ] && got=yes || got=no
		check "$1: question for $type $name arrives" $got $2
	done <<-END
	$refused
	END
}

open_door() {
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	door_opens || echo "the door does not open"
	check "door open" "$(machine)" "$BOUND, door, ours"
}

through_the_door() {
	tabulate 20000
	try_all
	ask_all $RESOLVER4 $RESOLVER6
	check "refused names: all were answered" \
	    "$(grep -c 'ANSWER: 0' "$WORLD/dig")" \
	    $(($(echo "$refused" | wc -l) * 4))
	check "allowed name: asked" \
	    "$([ "$(asked A captive.apple.com)" -gt 0 ] && echo yes)" yes
	sp lockdown off >/dev/null
	captured 19999
	judge "door" some
	judge_names "door" no
}

without_lockdown() {
	tabulate 30000
	try_all
	ask_all $DNS4 $DNS6
	captured 19998
	judge "control" all
	judge_names "control" yes
}

world_opened
printf 'nameserver %s\nnameserver %s\n' $DNS4 $DNS6 >"$WORLD/etc/resolv.conf"
remember_dns
world_start tcpdump-text ip netns exec "$ROUTER" tcpdump -i lan0 -nl \
    --immediate-mode -Z root "src host 192.168.77.2 or src host fd77::2"
world_until 50 grep -q 'listening on' "$WORLD/tcpdump-text.log" || exit 2
daemon_conf
daemon_started
open_door
through_the_door
without_lockdown
finish
