#!/bin/sh
# SPDX-License-Identifier: ISC
#
# exempt = ports: the rules ask for no owner, so the resolver's questions are
# told by their ports. Judged by what arrives at the router.
#
#     laptop                             router
#   resolver, from FIRST:LAST   eth0   tcpdump on lan0
#   a plain user, from others  ------  .1 upstream
#
# The control: with lockdown off all of the plain user's packets arrive.
#
# usage: exempt.sh [BUILD]

. "$(dirname "$0")/assert.sh"

TEXT=tcpdump-text

# "first last" of the rules in force.
range() {
	sp rules | sed -n 's/.*ip daddr @upstream4.* th sport \([0-9]*\)-\([0-9]*\) .*/\1 \2/p'
}

# How many packets have come from PORT.
arrived() { grep -c "\.$1 > " "$WORLD/$TEXT.log"; }
came() { [ "$(arrived "$1")" -gt 0 ] && echo yes || echo no; }

# PROTOCOL ADDRESS PORT FROM: one packet of a program that nobody knows.
probe() { echo "$1 $2 $3 $4 ms=50" | as_user "$BUILD/live_net" probes; }

# FIRST LAST: what is sent to port 53 from beside these, and from among them.
attempts() {
	for to in $DNS4 $DNS6; do
		for protocol in udp tcp; do
			probe $protocol $to 53 $(($1 - 1))
			probe $protocol $to 53 $(($2 + 1))
		done
	done
	probe udp $DNS4 5353 "$1"
	probe udp $OTHER4 53 $(($1 + 1))
	probe tcp $PROBE4 53 $(($1 + 2))
	echo "udp $DNS4 53 $(($1 - 2)) ms=50" |
	    as_datapath "$BUILD/live_net" probes
} >"$WORLD/said" 2>&1

# NAME FIRST LAST ARRIVES
judge() {
	probe udp $DNS4 53 "$4" >/dev/null	# what came before is in the capture
	world_until 50 grep -q "\.$4 > " "$WORLD/$TEXT.log"
	check "$1: from beside the range" "$(came $(($2 - 1)))" "$5"
	check "$1: ... above it" "$(came $(($3 + 1)))" "$5"
	check "$1: to another port" "$(came "$2")" "$5"
	check "$1: to another server" "$(came $(($2 + 1)))" "$5"
	check "$1: to what is open, port 53" "$(came $(($2 + 2)))" "$5"
	check "$1: the datapath's user, from beside it" "$(came $(($2 - 2)))" \
	    "$5"
}

# PATTERN: the ports that such questions have come from.
asked_from() {
	sed -n "s/.* \(192\.168\.77\.2\|fd77::2\)\.\([0-9]*\) > .*\.53: $1/\2/p" \
	    "$WORLD/$TEXT.log" | sort -un
}

open_door() {
	sp lockdown on >/dev/null
	# Two of captive.apple.com, and all of big.test.
	check_comes "the door is open" elements_are 42
	check "the machine" "$(machine)" "$BOUND, door, ours"
}

world_open || exit 2
# Too many for a datagram without EDNS: the answer says TC.
big=$(seq -f --host-record=big.test,203.0.113.%g,60 100 139)
world_dns $big && world_web && laptop_up || exit 2
printf 'nameserver %s\nnameserver %s\n' $DNS4 $DNS6 >"$WORLD/etc/resolv.conf"
remember_dns
world_start $TEXT ip netns exec "$ROUTER" tcpdump -i lan0 -nl \
    --immediate-mode -Z root "src host 192.168.77.2 or src host fd77::2"
world_until 50 grep -q 'listening on' "$WORLD/$TEXT.log" || exit 2
daemon_conf 'exempt = ports' 'names = {"big.test"}'
daemon_started
sp netcheck on >/dev/null

# ---- the door is open

open_door
read -r first last <<-END
$(range)
END
check "how many ports" $((last - first)) 1023
check "rules ask for no owner" \
    "$(sp rules | grep '@upstream' | grep -c -e skuid -e skgid)" 0
as_user dig +tcp +tries=1 +time=3 @127.0.0.1 big.test A >"$WORLD/big"
check "an answer that needs TCP" "$(grep -c '203\.0\.113\.1' "$WORLD/big")" 40
check "... came by TCP" "$(asked_from 'Flags \[S\]' | wc -l)" 1
attempts "$first" "$last"
judge "open" "$first" "$last" "$((first + 3))" no
check "somebody else's from among them" "$(came $((first + 3)))" yes
asked_from '.*' >"$WORLD/ports"
check "questions from other ports" \
    "$(awk "\$1 < $first || \$1 > $last" "$WORLD/ports" | wc -l)" 0
check_like "ports that questions came from" "$(wc -l <"$WORLD/ports")" \
    '[1-9]*'

# ---- shut, and open again

sp lockdown off >/dev/null
attempts "$first" "$last"
judge "control" "$first" "$last" "$((first + 4))" yes
old=$first
open_door
check "other ports each time" "$([ "$(range)" = "$first $last" ] && echo same)" ''
probe udp $DNS4 53 $((old + 5)) >/dev/null
read -r first last <<-END
$(range)
END
probe udp $DNS4 53 $((first + 6)) >/dev/null
world_until 50 grep -q "\.$((first + 6)) > " "$WORLD/$TEXT.log"
check "the old ones are shut" "$(came $((old + 5)))" \
    "$([ $((old + 5)) -ge "$first" ] && [ $((old + 5)) -le "$last" ] &&
	echo yes || echo no)"

# ---- no room for it

lap sysctl -qw net.ipv4.ip_local_port_range='1024 65000'
sp lockdown off >/dev/null
sp lockdown on >/dev/null
check "no room: the block" "$(loaded)" block
check_like "no room: a sentence" "$(status .problem)" '*exempt = ports*'

# ---- in somebody else's table

daemon_ends TERM
daemon_conf 'exempt = ports' 'firewall { mode = guest table = "inet vendor"' \
    'set4 = "ok4" set6 = "ok6" }'
laptop "$BUILD/sallyportd" -d -f "$CONF" >"$WORLD/guest" 2>&1
check "a guest: it does not start" $? 1
check_like "a guest: a sentence" "$(cat "$WORLD/guest")" \
    '*a guest needs exempt = group*'
finish
