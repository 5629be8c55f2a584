#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A real datapath process that asks by frames, under a fake control, on a
# laptop whose firewall lets nothing out and nothing in, and which has no route
# but those of its own links:
#
#     laptop                                   router
#     eth0  192.168.77.2, fd77::2   --------   lan0  192.168.77.1, fd77::1  dnsmasq
#     eth0.7  10.7.0.2  (if the kernel can)    lan0.7  10.7.0.1
#     raw0  10.8.0.2, fd88::2   (TUN: no Ethernet)   raw0  10.8.0.1, fd88::1
#
# With XDP=1, eth0's driver hands over the answers (xdp.sh).
#
# usage: wire.sh [BUILD]

. "$(dirname "$0")/assert.sh"

V4='eth0 192.168.77.2 -' V6='eth0 fd77::2 -'
BOTH="$PROBE6 $PROBE4"

# What the process under test is told; ANSWER is what it says.
said=0
tell() {
	said=$((said + 1))
	echo "$*" >&3
	world_until 150 sh -c "[ \$(wc -l <'$WORLD/wire.log') -ge $said ]" ||
	    { echo "no answer to: $*"; exit 1; }
	ANSWER=$(sed -n ${said}p "$WORLD/wire.log")
}
is() { # NAME WANT COMMAND...
	_name=$1 _want=$2
	shift 2
	tell "$@"
	check "$_name" "$ANSWER" "$_want"
}
# NAME WANT LINK SOURCE HOP MAC SERVER: its only upstream
asks() {
	_title=$1 _wanted=$2
	shift 2
	tell to nobody
	tell to "$@"
	is "$_title" "$_wanted" resolve 2
}
# Since the last time.
counter() {
	tell count "$1"
	eval "_was=\${was_$1:-0}; was_$1=$ANSWER"
	MOVED=$((ANSWER - _was))
}

extra_links() {
	VLAN=0
	if ip -n "$LAPTOP" link add link eth0 name eth0.7 type vlan id 7 2>/dev/null
	then
		VLAN=1
		ip -n "$ROUTER" link add link lan0 name lan0.7 type vlan id 7
		ip -n "$ROUTER" addr add 10.7.0.1/24 dev lan0.7
		ip -n "$ROUTER" link set lan0.7 up
		ip -n "$LAPTOP" addr add 10.7.0.2/24 dev eth0.7
	fi
	world_start tunnel "$BUILD/live_forger" tunnel raw0 \
	    "/run/netns/$LAPTOP" "/run/netns/$ROUTER"
	world_until 50 grep -q ready "$WORLD/tunnel.log" || exit 2
	for _end in "$LAPTOP" "$ROUTER"; do
		[ "$_end" = "$LAPTOP" ] && _n=2 || _n=1
		ip -n "$_end" addr add 10.8.0.$_n/24 dev raw0
		ip -n "$_end" addr add fd88::$_n/64 dev raw0 nodad
		ip -n "$_end" link set raw0 up
	done
}

# Links and addresses, and not one route but the links' own.
laptop_links() {
	ip -n "$LAPTOP" link set eth0 up
	ip -n "$LAPTOP" addr replace 192.168.77.2/24 dev eth0
	ip -n "$LAPTOP" addr replace fd77::2/64 dev eth0 nodad
	[ $VLAN -eq 0 ] || ip -n "$LAPTOP" link set eth0.7 up
}

shut() {
	lap nft -f - <<-END
	table inet shut {
		chain out {
			type filter hook output priority 0; policy drop;
		}
		chain in {
			type filter hook input priority 0; policy drop;
		}
	}
	END
}

# Nothing is known of anybody, on both ends.
strangers() {
	lap ip neigh flush dev eth0
	router ip neigh flush dev lan0
}

# Every packet so far, as text; a capture of its own for each chapter.
heard() {
	world_capture "$1"
	_capture=$1
}
told() { # as text, once it has all been written
	world_end "$CAPTURE"
	router tcpdump -nn -vv -r "$WORLD/$_capture.pcap" 2>/dev/null |
	    sed -e ':a' -e 'N;$!ba' -e 's/\n    / /g' >"$WORLD/$_capture.txt"
}
lines() { grep -cE "$1" "$WORLD/$_capture.txt"; }

# ---- the world

world_open || exit 2
ip -n "$LAPTOP" link set eth0 up
extra_links
laptop_links
_i=0
while [ $_i -lt 64 ]; do
	_i=$((_i + 1))
	echo "2001:db8:b16::$_i big.test" >>"$WORLD/hosts"
	[ $_i -gt 40 ] || echo "203.0.113.$((100 + _i)) big.test" >>"$WORLD/hosts"
done
sed 's/ .*//' "$WORLD/hosts" | sort >"$WORLD/big"
more=--interface=raw0
[ $VLAN -eq 0 ] || more="$more --interface=lan0.7"
world_dns $more --addn-hosts="$WORLD/hosts" --edns-packet-max=4096 || exit 2
shut

mkfifo "$WORLD/fifo"
exec 3<>"$WORLD/fifo"
world_start wire ip netns exec "$LAPTOP" sh -c \
    "exec '$BUILD/live_wire' <'$WORLD/fifo'"

lap dig +tries=1 +time=1 @$DNS4 captive.apple.com >/dev/null 2>&1
check "control: a socket gets nothing through" $? 9
check "there is no default route" "$(lap ip route show default; lap ip -6 route show default)" ""

links="eth0 raw0"
[ $VLAN -eq 0 ] || links="$links eth0.7"
is "it starts" "ready${XDP:+, AF_XDP}" start $links
tell names captive.apple.com
tell pid
process=$ANSWER

# ---- nobody is known

strangers
heard unknown
asks "IPv4, hop unknown" "$BOTH" $V4 - $DNS4
asks "IPv6, hop unknown" "$BOTH" $V6 - $DNS6
told
counter wire_xdp
check "answers from the driver" $MOVED $((4 * ${XDP:-0}))
check "it asked by ARP" "$(lines "ARP.*Request who-has $DNS4 tell 192.168.77.2")" 1
check "and by a solicitation" \
    "$(lines "fd77::2 > ff02::1:ff00:1:.*sum ok.*neighbor solicitation.*who has fd77::1")" 1
check "four queries" "$(lines "> ($DNS4|$DNS6)\.53: \[udp sum ok\] [0-9]+\+ A+\? ")" 4
check "and no other" "$(lines "> ($DNS4|$DNS6)\.53: ")" 4
check "no bad IP checksum" "$(lines "bad (cksum|header)")" 0
check "each server from a port of its own" "$(sed -nE \
    "s/.*\.([0-9]+) > ($DNS4|$DNS6)\.53: .*/\1/p" "$WORLD/unknown.txt" |
    sort -u | wc -l)" 2
check "each with an id of its own" "$(sed -nE \
    "s/.* > ($DNS4|$DNS6)\.53: \[udp sum ok\] ([0-9]+)\+.*/\2/p" \
    "$WORLD/unknown.txt" | sort -u | wc -l)" 4
check "each spelt in its own way" "$(sed -nE \
    's/.*\? ([A-Za-z.]+) \(35\)$/\1/p' "$WORLD/unknown.txt" |
    sort -u | wc -l)" 4
check "no ICMP error" "$(lines 'unreachable|redirect|exceeded')" 0
counter upstream_error
check "no error" $MOVED 0

# ---- known, and known wrongly

mac=$(world_sys "$ROUTER" lan0 address)
heard known
asks "the policy knows the hop" "$BOTH" eth0 192.168.77.2 $DNS4 "$mac" $DNS4
told
check "nobody is asked" "$(lines 'ARP.*tell 192.168.77.2')" 0
heard stale
asks "an upstream behind an unanswering hop" '' eth0 192.168.77.2 192.168.77.9 - $DNS4
told
check_like "the hop is asked for again" "$(lines 'Request who-has 192.168.77.9')" '[234]'
check "the server gets nothing" "$(lines "> $DNS4\.53")" 0
tell start $links
tell pid
process=$ANSWER
asks "an old address of the hop: asked anew" "$BOTH" \
    eth0 192.168.77.2 $DNS4 02:00:00:00:00:99 $DNS4
counter asked
asks "no address of our own yet" '' eth0 - - - $DNS4
counter asked
check "nothing can be sent" $MOVED 0
counter upstream_error
check "four tries of two questions" $MOVED 8

# ---- other links

asks "raw IP, IPv4" "$BOTH" raw0 10.8.0.2 - - 10.8.0.1
asks "raw IP, IPv6" "$BOTH" raw0 fd88::2 - - fd88::1
if [ $VLAN -eq 1 ]; then
	asks "VLAN" "$BOTH" eth0.7 10.7.0.2 - - 10.7.0.1
else
	echo "not tried: this kernel has no VLAN interfaces"
fi

# ---- more than a datagram of old

tell names big.test
heard large
tell to nobody
tell to $V4 - $DNS4
is "64 and 40 addresses" "$(xargs <"$WORLD/big")" resolve 2
tell to nobody
tell to $V6 - $DNS6
is "the same over IPv6" "$(xargs <"$WORLD/big")" resolve 2
told
check "first without EDNS" "$(lines '> [^ ]+\.53: \[udp sum ok\] [0-9]+\+ A+\?')" 4
check "then with it" "$(lines '> [^ ]+\.53: \[udp sum ok\] [0-9]+\+ \[1au\] A+\?.*OPT UDPsize=4032')" 4
check_like "some of it in parts" "$(lines 'offset 1[0-9]{3}|frag \(0x')" '[1-9]*'
check "no TCP" "$(lines 'Flags \[S\]')" 0
check "no ICMP error" "$(lines 'unreachable|redirect|exceeded')" 0
tell names captive.apple.com

# ---- down and up

ip -n "$LAPTOP" link set eth0 down
asks "the link is down" '' $V4 - $DNS4
laptop_links
asks "up again" "$BOTH" $V4 - $DNS4
asks "and over IPv6" "$BOTH" $V6 - $DNS6
ip -n "$LAPTOP" link set eth0 down
ip -n "$LAPTOP" link set eth0 address 02:00:00:00:77:02
laptop_links
asks "with another hardware address" "$BOTH" $V4 - $DNS4
is "it is the same process" "$process" pid

# ---- forged responses

world_end "$DNSMASQ"
router nft -f - <<END
table inet deaf {
	chain in {
		type filter hook input priority 0
		udp dport 53 drop
	}
}
END
world_start forger ip netns exec "$ROUTER" "$BUILD/live_forger" lan0 192.168.77.5
world_until 50 grep -q ready "$WORLD/forger.log" || exit 2
for _c in bad_source bad_id bad_case late; do counter $_c; done
heard forged
tell to nobody
tell to eth0 192.168.77.2 192.168.77.1 - $DNS4
tell to eth0 192.168.77.2 192.168.77.1 "$mac" 192.168.77.5
is "the truth among forgeries" "192.0.2.7 2001:db8::7" resolve 2
told
check "they were all sent" "$(grep -c forged "$WORLD/forger.log")" 2
counter bad_id
check "another id" $MOVED 2
counter bad_case
check "another spelling" $MOVED 2
counter bad_source
check "another server, another address of ours" $MOVED 4
counter wire_drops
check "nothing was lost" $MOVED 0
check "no ICMP error" "$(lines '192.168.77.2 > .*(unreachable|redirect|exceeded)')" 0
is "it is still the same process" "$process" pid

exec 3>&-
finish
