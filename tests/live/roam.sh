#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two networks in turn: what was learnt on the first is not open on the second
# at any instant. A client on the laptop connects to the first one's addresses
# without a pause (live_hammer.c), a tap stands in the second. The control is
# a daemon that is stopped while the networks change: then they leak.
#
#     laptop                     router                    internet
#   eth0 192.168.77.2   ------ lan0 192.168.77.1  ------   .10 of the first,
#    and then 10.9.9.2  ------      10.9.9.1               .20 of the second
#
# usage: [DATAPATH=bypass] roam.sh [BUILD]

. "$(dirname "$0")/assert.sh"

OTHER_DNS=10.9.9.1
FIRST4=$PROBE4 FIRST6=$PROBE6

# ---- networks

# ADDRESS4 ADDRESS6: the check's name leads there, on this one.
network_serves() {
	PROBE4=$1 PROBE6=$2
	world_dns
	PROBE4=$FIRST4 PROBE6=$FIRST6
}

# The kernel may take a second to tell of it: nobody is quicker who moves.
router_leaves() {
	ip -n "$ROUTER" link set lan0 down
	world_end $DNSMASQ
	world_until 50 lap sh -c "! ip link show dev eth0 | grep -q LOWER_UP"
}

# ADDRESS: the router of another network has it, and is another one; what is
# seen from now on is of the second.
router_comes() {
	router ip -4 addr flush dev lan0
	router ip addr add "$1/24" dev lan0
	BEGIN=$(date +%s.%6N)
	ip -n "$ROUTER" link set lan0 up
	router ip addr replace $DNS6/64 dev lan0
}

# Back to how it began, without a client.
first_again() {
	router_leaves
	laptop_down
	router_comes $DNS4
	network_serves $FIRST4 $FIRST6
	laptop sh -c "printf 'nameserver %s\n' $DNS4 >/etc/resolv.conf"
	laptop_up
	check_comes "$1: the first network's addresses are open" \
	    opened_are "$FIRST6 $FIRST4"
}

opened_are() { [ "$(opened | awk '{ print $1 }' | sort | xargs)" = \
    "$(echo "$1" | xargs -n 1 | sort | xargs)" ]; }

# ---- client and tap

client_starts() {
	laptop_start hammer "$BUILD/live_hammer" 80 $FIRST4 $FIRST6
	HAMMER=$PID
	check_comes "$1: the client gets through on the first" seen_first "$1"
}
client_ends() {
	world_end $HAMMER
	world_end $CAPTURE
}

# NAME FROM: packets to the first's addresses since then.
packets() {
	tcpdump -nr "$WORLD/$1.pcap" -tt "tcp dst port 80 and
	    (dst host $FIRST4 or dst host $FIRST6)" 2>/dev/null |
	    awk -v from="$2" '$1 + 0 >= from + 0' | wc -l
}
seen_first() { [ "$(packets "$1" 0)" -gt 20 ]; }

tap_starts() {
	world_capture "$1" "tcp port 80"
	client_starts "$1"
}

# NAME: the second network's answers are open, and then the count.
none_leaked() {
	network_serves $OTHER4 $OTHER6
	check_comes "$1: the second network's addresses are open" \
	    opened_are "$OTHER6 $OTHER4"
	client_ends
	check "$1: packets to the first's addresses on the second" \
	    "$(packets "$1" "$BEGIN")" 0
	check_like "$1: the client tried" "$(cat "$WORLD/hammer.log")" \
	    "[1-9]*[0-9][0-9] attempts"
}

# ---- the ways to change

# The carrier goes and comes: nothing that the laptop has tells it apart.
carrier() {
	tap_starts carrier
	router_leaves
	router_comes $DNS4
	none_leaked carrier
}

# Another address, another server, another default route.
readdressed() {
	first_again readdressed
	tap_starts readdressed
	laptop_down
	router_leaves
	router_comes $OTHER_DNS
	ip -n "$LAPTOP" link set eth0 up
	ip -n "$LAPTOP" addr add 10.9.9.2/24 dev eth0
	ip -n "$LAPTOP" addr add fd77::2/64 dev eth0
	ip -n "$LAPTOP" route add default via $OTHER_DNS
	ip -n "$LAPTOP" route add default via $DNS6
	laptop sh -c "printf 'nameserver %s\n' $OTHER_DNS >/etc/resolv.conf"
	none_leaked readdressed
}

# The carrier goes and comes so fast that the kernel may tell only once.
blinks() {
	epoch=$(status .epoch)
	ip -n "$ROUTER" link set lan0 down
	ip -n "$ROUTER" link set lan0 up
	check_comes "blink: the link anew" epoch_is_not "$epoch"
}

# The same name, address and link, and another router behind it, as when an
# access point hands over: known when it has told its hardware address.
epoch_is_not() { [ "$(status .epoch)" != "$1" ]; }
another_router() {
	first_again "another router"
	epoch=$(status .epoch)
	laptop sysctl -qw net.ipv4.neigh.eth0.locktime=0
	laptop ip neigh replace $DNS4 dev eth0 lladdr \
	    "$(world_sys "$ROUTER" lan0 address)" nud reachable
	router ip link set lan0 address 02:00:00:00:00:99
	router busybox arping -q -U -c 1 -I lan0 $DNS4
	check_comes "another router: another network" epoch_is_not "$epoch"
	epoch=$(status .epoch)
	router busybox arping -q -U -c 3 -I lan0 $DNS4
	check "another router: told again" "$(status .epoch)" "$epoch"
}

# The daemon sees nothing of it, and then everything.
control() {
	first_again control
	tap_starts control
	kill -STOP "$DAEMON"
	router_leaves
	router_comes $DNS4
	check_comes "control: it leaks" leaked
	network_serves $OTHER4 $OTHER6
	kill -CONT "$DAEMON"
	check_comes "control: the second network's addresses are open" \
	    opened_are "$OTHER6 $OTHER4"
	client_ends
}
leaked() { [ "$(packets control "$BEGIN")" -gt 0 ]; }

world_opened
daemon_conf
daemon_started
sp netcheck on >/dev/null
sp lockdown on >/dev/null
check_comes "the first network's addresses are open" \
    opened_are "$FIRST6 $FIRST4"
carrier
readdressed
blinks
another_router
control
check "the ledger" "$(status .ledger.leaks)" 0
sp lockdown off >/dev/null
sp netcheck off >/dev/null
finish
