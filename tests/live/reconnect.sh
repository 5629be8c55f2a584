#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The laptop sleeps at home and wakes on another network, where a real DHCP
# client gets an address from a real server; the system starts its network
# check when the default route is there. What happened when, as the daemon
# tells it and as the other network sees it; with the network check off; and
# with dnsmasq --nftset in the daemon's place. The sleep is a fake
# (live_sleeper.c). For the network see world.sh.
#
#     laptop                     router              internet
#   eth0 192.168.77.2   ------ lan0 192.168.77.1 --- probe
#    and then 10.9.9.x  ------      10.9.9.1
#   udhcpc, curl               dnsmasq (DNS, DHCP)
#
# modes: socket bypass
# usage: reconnect.sh [BUILD]

. "$(dirname "$0")/assert.sh"
if ! command -v curl >/dev/null; then
	echo "skipped: needs curl"
	exit 77
fi

OTHER_DNS=10.9.9.1
LATE_ROUTE=0.3		# seconds after the address

# ---- the other network

# Its server is the only one from now on: at home nobody answers any more.
other_router() {
	router ip addr flush dev lan0
	router ip addr add $OTHER_DNS/24 dev lan0
	world_end $DNSMASQ
	world_dns --dhcp-range=10.9.9.100,10.9.9.150,5m --dhcp-authoritative \
	    --dhcp-leasefile="$WORLD/leases" "$@"
}

home_router() {
	router ip addr flush dev lan0
	router ip addr add $DNS4/24 dev lan0
	world_end $DNSMASQ
	world_dns
}

# What a system does with a lease: address, servers, in place as Debian's
# udhcpc does; the default route late; and then the check, until it is through.
dhcp_script() {
	cat >"$WORLD/dhcp" <<-END
	#!/bin/sh
	at() { date +%s%N >"$WORLD/at.\$1"; }
	[ "\$1" = bound ] || exit 0
	ip addr add "\$ip/\$mask" dev "\$interface"
	at address
	R=
	for i in \$dns; do
		R="\$R
	nameserver \$i"
	done
	echo "\$R" >"$1"
	sleep $LATE_ROUTE
	ip route replace default via "\$router"
	at route
	at query
	curl -4 -sS -m 3 http://captive.apple.com/hotspot-detect.html \
	    >"$WORLD/probe.out" 2>&1
	echo \$? >"$WORLD/probe.rc"
	at done
	END
	chmod 755 "$WORLD/dhcp"
}

# ---- sleep, and the wake

at_home() {
	home_router
	laptop sh -c "printf 'nameserver %s\n' $DNS4 >/etc/resolv.conf"
	laptop_up
}

falls_asleep() {
	laptop_down
	other_router
	rm -f "$WORLD"/at.* "$WORLD/probe.out" "$WORLD/probe.rc"
}

# By an hour, and the kernel says that the clock was set.
clock_jumps() {
	ahead=$((ahead + 3600))
	printf %012d $ahead |
	    dd of="$WORLD/sleeper" conv=notrunc status=none
	[ -z "$1" ] || echo >"$WORLD/sleeper.set"
}

# NAME DAEMON: wakes; DAEMON = "" if there is none to be told.
wakes_up() {
	world_capture "$1" "ip and (udp port 53 or tcp port 80)"
	date +%s%N >"$WORLD/at.wake"
	clock_jumps "$2"
	ip -n "$LAPTOP" link set eth0 up
	laptop_start udhcpc busybox udhcpc -f -q -n -t 20 -T 1 -i eth0 \
	    -s "$WORLD/dhcp"
	UDHCPC=$PID
	check_comes "$1: the check ends" test -s "$WORLD/at.done"
	wait $UDHCPC
	world_end $CAPTURE
}

# NAME FILTER: ns since the epoch of the first such packet of the laptop's.
seen() {
	tcpdump -nr "$WORLD/$1.pcap" -tt "$2" 2>/dev/null |
	    awk 'NR == 1 { sub(/\./, "", $1); print $1 "000" }'
}

# NAME TO: what the other network saw, in ms since the wake; "-" = nothing.
outside() {
	seen "$1" "udp dst port 53 and dst host $OTHER_DNS" >"$WORLD/at.asked"
	seen "$1" "udp src port 53" >"$WORLD/at.answered"
	seen "$1" "tcp dst port 80 and dst host $PROBE4" >"$WORLD/at.probe"
	[ "$(cat "$WORLD/probe.rc")" = 0 ] || : >"$WORLD/at.done"
	for _stage in address asked answered route query probe "done"; do
		awk -v stage=$_stage 'NR == FNR { from = $1; next }
			$1 != "" { printf "%s %.1f\n", stage, ($1 - from) / 1e6
			    found = 1 }
			END { if (!found) print stage, "-" }' \
		    "$WORLD/at.wake" "$WORLD/at.$_stage"
	done >"$2"
}

probe_result() {
	grep -o '<TITLE>.*</TITLE>' "$WORLD/probe.out" || cat "$WORLD/probe.rc"
}

# ---- the three

# The newest episode, events in order.
story() {
	sp --json timeline | jq -r '.episodes[0] |
	    [.reason] + [.events[].name] | join(" ")'
}
told() { story | grep -q "$1"; }
counter() { status ".counters.$1"; }

# Where control and datapath may run.
cpus() {
	for _pid in $DAEMON $(status .resolver.pid); do
		awk '/^Cpus_allowed_list:/ { print $2 }' /proc/$_pid/status
	done | sort -u | awk '{ n++; if ($1 ~ /[,-]/) many = 1 }
	    END { print n " place of " (many ? "several CPUs" : "1 CPU") }'
}
several_cpus() { [ "$(cpus)" = "1 place of several CPUs" ]; }

with_daemon() {
	daemon_started
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	door_opens
	deferred=$(counter network_deferred)
	dhcp_script /etc/resolv.conf
	falls_asleep
	check_comes "asleep: the door is shut with the link" elements_are 0
	wakes_up daemon yes
	check "the system's check" "$(probe_result)" "<TITLE>Success</TITLE>"
	check_comes "the check is through" told probe_done
	check "both processes are on one CPU" "$(cpus)" "1 place of 1 CPU"
	check "each stage, in order" "$(story)" "wake wake link address $(
	    )prefetch asked answered opened route query warm replied probe probe_done"
	check "asked: the new server only" \
	    "$(status '[.upstreams[].address] | join(" ")')" $OTHER_DNS
	check "at home's server: not a packet" \
	    "$(seen daemon "dst host $DNS4")" ""
	check "the host's DNS is ours" "$(dns_leads)" "$(either ours theirs)"
	check "no stage had to wait its turn" \
	    "$(counter network_deferred)" "$deferred"
	sp timeline | sed -n 1,20p
	outside daemon "$WORLD/with"
}

# Where resolv.conf leads now.
dns_leads() {
	laptop grep -q '^# sallyport ' /etc/resolv.conf && echo ours ||
	    { laptop grep -q "nameserver $OTHER_DNS" /etc/resolv.conf &&
	    echo theirs; }
}

# Then the host has the other network's server, as its own.
given_back() {
	sp lockdown off >/dev/null
	sp netcheck off >/dev/null
	check "given back: the server that DHCP brought" \
	    "$(laptop grep -c "^nameserver $OTHER_DNS\$" /etc/resolv.conf)" 1
	check "given back: nothing of ours" \
	    "$(laptop grep -c sallyport /etc/resolv.conf)" 0
}

switched_off() {
	laptop_down
	at_home
	sp lockdown on >/dev/null
	falls_asleep
	wakes_up off yes
	check_like "off: the check fails" "$(probe_result)" "[1-9]*"
	check "off: no question leaves" "$(seen off "dst port 53")" ""
	check "off: no probe leaves" "$(seen off "dst port 80")" ""
	outside off "$WORLD/without"
	[ "$(nproc)" -lt 2 ] ||
	    check_comes "after the reconnect: anywhere" several_cpus
	sp lockdown off >/dev/null
}

# The same block by hand, and dnsmasq that fills the sets.
peer_rules() {
	lap nft -f - <<-END
	table inet peer {
		set allow4 { type ipv4_addr; flags timeout; timeout 60s; }
		set allow6 { type ipv6_addr; flags timeout; timeout 60s; }
		chain output {
			type filter hook output priority 0; policy drop
			oifname lo accept
			udp dport 67 accept
			meta skuid $PLAIN_ID th dport 53 accept
			meta skuid 0 ip daddr @allow4 tcp dport { 80, 443 } accept
			meta skuid 0 ip6 daddr @allow6 tcp dport { 80, 443 } accept
			icmpv6 type { 133, 135, 136 } accept
			reject
		}
	}
	END
}

# Its servers are what DHCP says, by a file that it watches.
peer_starts() {
	echo "nameserver $DNS4" >"$WORLD/peer.conf"
	laptop sh -c "echo nameserver 127.0.0.1 >/etc/resolv.conf"
	laptop_start peer setpriv --reuid $PLAIN_ID --regid $PLAIN_ID \
	    --clear-groups --inh-caps +net_bind_service,+net_admin \
	    --ambient-caps +net_bind_service,+net_admin -- \
	    dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --resolv-file="$WORLD/peer.conf" --no-hosts --user= --pid-file= \
	    --listen-address=127.0.0.1 --bind-interfaces \
	    --nftset=/captive.apple.com/4#inet#peer#allow4,6#inet#peer#allow6
	PEER=$PID
	world_until 50 lap sh -c "ss -Hlun 'sport = 53' | grep -q ."
}

peer_elements() { lap nft list set inet peer allow4 | grep -c expires; }

with_peer() {
	if ! dnsmasq --version | grep -q ' nftset'; then
		left_out "dnsmasq --nftset: this one has none"
		return
	fi
	laptop_down
	at_home
	peer_rules
	peer_starts
	laptop curl -4 -sS -m 3 http://captive.apple.com/ >/dev/null
	check "dnsmasq: it opens the address" "$(peer_elements)" 1
	dhcp_script "$WORLD/peer.conf"
	falls_asleep
	kept=$(peer_elements)
	wakes_up peer ''
	outside peer "$WORLD/peer.times"
	echo "dnsmasq --nftset: open while asleep: $kept address"
	world_end $PEER
	lap nft delete table inet peer
}

side_by_side() {
	printf '%-10s %14s %14s %14s\n' "ms since the wake" daemon off \
	    "dnsmasq"
	[ -e "$WORLD/peer.times" ] || cp "$WORLD/without" "$WORLD/peer.times"
	paste -d ' ' "$WORLD/with" "$WORLD/without" "$WORLD/peer.times" |
	    awk '{ printf "%-17s %7s %14s %14s\n", $1, $2, $4, $6 }'
}

world_opened
daemon_conf
ahead=0
printf %012d 0 >"$WORLD/sleeper"
mkfifo "$WORLD/sleeper.set"
PROGRAM=live_sleeper
export SLEEPER="$WORLD"
with_daemon
given_back
switched_off
daemon_ends TERM
with_peer
side_by_side
finish
