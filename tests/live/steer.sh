#!/bin/sh
# SPDX-License-Identifier: ISC
#
# datapath = bypass on the laptop: the host's DNS comes by routing, and goes
# where it went when the door is shut, after a stop and after a crash; others'
# meddling is put right, others' rules are left alone. Nothing listens on port
# 53, no settings are written, no DNS is exempt in the firewall, and nothing but
# the daemon's own questions leaves. For the network see world.sh.
#
# usage: steer.sh [BUILD]

DATAPATH=bypass
. "$(dirname "$0")/assert.sh"

OWN='pref 53'
rules() { lap ip "-$1" rule show $OWN | grep -c 'proto 53$'; }
routes() { lap ip "-$1" route show table 1935764580 2>/dev/null | wc -l; }
device() {
	case $(lap ip -o link show sallyport0 2>/dev/null) in
	'') echo none ;;
	*'LOWER_UP'*) echo up ;;
	*) echo down ;;
	esac
}
# Rules of IPv4, of IPv6, routes of both, the device.
steering() {
	echo "$(rules 4) $(rules 6) $(routes 4) $(routes 6) $(device)"
}
ON='3 3 1 1 up' OFF='0 0 0 0 down' GONE='0 0 0 0 none'
steering_is() { [ "$(steering)" = "$1" ]; }

untouched() { cmp -s "$WORLD/resolv.before" "$WORLD/etc/resolv.conf"; }
answers() {
	laptop dig +short +tries=1 +time=3 "$@" captive.apple.com A |
	grep -qx $PROBE4
}
probes() {
	laptop curl -sS -m 5 http://captive.apple.com/hotspot-detect.html |
	grep -q Success
}
tied() { laptop "$BUILD/live_tied" "$@"; }
mend() { status .counters.steering_repairs; }

daemon_again() {
	daemon_start || { echo "FAILED: no daemon"; finish; }
}
daemon_stop() {
	kill -"${1:-TERM}" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
}

# ---- entering and leaving

opens() {
	check "before" "$(steering)" "$GONE"
	sp netcheck on >/dev/null
	check "network check on, not blocking" "$(steering)" "$OFF"
	check "... no rules" "$(loaded)" none
	sp lockdown on >/dev/null
	check "blocking" "$(steering)" "$ON"
	check "... the door" "$(loaded)" door
	check "nothing listens on port 53" "$(listeners)" ''
	check_comes "the settings are as they were" untouched
	check "status: datapath" "$(status .resolver.datapath)" bypass
	check "status: steered" "$(status .hostdns.steered)" true
	check "status: links" "$(status '.resolver.links | join(" ")')" eth0
	check_like "status, for people" "$(sp status | grep 'host DNS')" \
	    '*led into sallyport0*'
	check "no exemption" "$(sp rules | grep -c -e upstream \
	    -e "skuid $USER_ID" -e skgid)" 0
	check "no link-local address, so no announcements" \
	    "$(lap ip -6 -o addr show dev sallyport0 | grep -c fe80)" 0
}

works() {
	check_comes "the network check passes, $1" probes
	check_comes "UDP, $1" answers
	check_comes "TCP, $1" answers +tcp
	check_comes "any server, $1" answers @192.0.2.99
}

strangers() {
	check "another name has no answer" \
	    "$(laptop dig +short +tries=1 +time=3 www.example.com A)" ''
	check_comes "IPv6" answers @$DNS6
	as_user curl -s -m 3 http://$PROBE4/ >/dev/null
	check "a user is refused at the door" $? 7
	laptop curl -s -m 3 http://198.18.53.2/ >/dev/null
	check "the device has no web" $? 7
	sp lan on >/dev/null
	laptop curl -s -m 3 http://[fd73:616c:6c79::2]/ >/dev/null
	check "nor for the local network" $? 7
	sp lan off >/dev/null
	# The switch loads rules, and steering is not its business.
	check "lan on and off" "$(steering)" "$ON"
}

# Sockets tied to an interface, which routing rules alone do not move.
ties() {
	for p in udp tcp; do
		for server in $DNS4 192.0.2.99 $DNS6; do
			check "unicast, $p, $server" \
			    "$(tied unicast $p $server captive.apple.com)" answer
		done
		check "resolved, $p, on the link" \
		    "$(tied resolved $p $DNS4 captive.apple.com)" answer
		check "resolved, $p, off the link" \
		    "$(tied resolved $p 192.0.2.99 captive.apple.com)" answer
	done
	check "bound for good: refused" \
	    "$(tied bound udp $DNS4 leak.test)" 'Operation not permitted'
	check "bound for good, TCP" "$(tied bound tcp $DNS4 leak.test)" nothing
}

strict() {
	lap sysctl -qw net.ipv4.conf.all.rp_filter=1 \
	    net.ipv4.conf.eth0.rp_filter=1
	works "rp_filter is strict"
	lap ip route del default
	lap ip -6 route del default
	check_comes "strict, and no default route" answers
	check_comes "... any server" answers @192.0.2.99
	check_comes "... TCP" answers +tcp @192.0.2.99
	lap ip route add default via $DNS4
	lap ip -6 route add default via $DNS6
	lap sysctl -qw net.ipv4.conf.all.rp_filter=0 \
	    net.ipv4.conf.eth0.rp_filter=0
}

# Answers that come when their client is gone: the kernel complains to the
# server about them, and that must not leave, the question is in it.
refusals() {
	lap nft list counter inet sallyport rejected_out |
	    awk '$1 == "packets" { print $2 }'
}
complained() {
	for _server in $DNS4 $DNS6; do
		laptop bash -c "for i in {1..30}; do
			printf '\\22\\64\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4leak\\4test\\0\\0\\1\\0\\1' \
			    >/dev/udp/$_server/53
		done" 2>/dev/null
	done
	[ "$(refusals)" -gt "$_before" ]
}
complaints() {
	sp lan on >/dev/null
	_before=$(refusals)
	world_capture complaints 'icmp or icmp6'
	check_comes "nobody waits: the kernel complains" complained
	world_end "$CAPTURE"
	check "... and that does not leave" "$(tcpdump -n -r \
	    "$WORLD/complaints.pcap" 2>/dev/null | grep -c unreachable)" 0
	sp lan off >/dev/null
}

# ---- others

# NAME COMMAND...
meddle() {
	_what=$1
	shift
	_mended=$(mend)
	lap "$@"
	check_comes "$_what: put right" steering_is "$ON"
	check_comes "$_what: counted" eval '[ $(mend) -gt '"$_mended"' ]'
}

meddling() {
	lap ip rule add $OWN ipproto udp dport 5353 lookup main
	lap ip rule add pref 52 proto 53 from 10.0.0.0/8 lookup main
	meddle "a rule" ip rule del $OWN ipproto udp dport 53
	meddle "an IPv6 rule" ip -6 rule del $OWN ipproto tcp dport 53
	meddle "the mark" ip rule del $OWN fwmark 0x73616c64
	meddle "the routes" ip route flush table 1935764580
	meddle "the device, down" ip link set sallyport0 down
	works "after all that"
	check "others' rules" "$(lap ip rule show | grep -c -e 'dport 5353' \
	    -e 'from 10.0.0.0/8')" 2
	restarts=$(status .resolver.restarts)
	old=$(datapaths)
	lap ip link del sallyport0
	check_comes "another device" steering_is "$ON"
	check_comes "... and another datapath" \
	    eval '[ -n "$(datapaths)" ] && [ "$(datapaths)" != '"$old"' ]'
	check_comes "... the door opens again" probes
	check "... no crash" "$(status .resolver.restarts)" "$restarts"
}

# A hundred times: as often as once a second, no more.
flood() {
	_mended=$(mend)
	for _i in $(seq 100); do
		lap ip rule del $OWN ipproto udp dport 53 2>/dev/null
	done
	check_comes "a hundred deletions are put right" steering_is "$ON"
	check "... and not each of them" \
	    "$([ $(($(mend) - _mended)) -lt 50 ]; echo $?)" 0
}

killed_datapath() {
	old=$(datapaths)
	kill -9 $old
	check_comes "a datapath dies, another one comes" \
	    eval '[ -n "$(datapaths)" ] && [ "$(datapaths)" != '"$old"' ]'
	check "... the device outlives it" "$(steering)" "$ON"
	check_comes "... and it is read" probes
}

# ---- another link

another_link() {
	ip -n "$LAPTOP" link add eth1 type veth peer name lan1 netns "$ROUTER"
	ip -n "$ROUTER" addr add 192.168.78.1/24 dev lan1
	ip -n "$ROUTER" link set lan1 up
	ip -n "$LAPTOP" addr add 192.168.78.2/24 dev eth1
	world_start dns2 ip netns exec "$ROUTER" dnsmasq --keep-in-foreground \
	    --conf-file=/dev/null --no-resolv --no-hosts --user=root \
	    --pid-file= --interface=lan1 --except-interface=lo \
	    --bind-interfaces --log-queries \
	    --log-facility=- --host-record=captive.apple.com,$PROBE4,60
	printf 'nameserver 192.168.78.1\n' >"$WORLD/etc/resolv.conf"
	cp "$WORLD/etc/resolv.conf" "$WORLD/resolv.before"
	ip -n "$LAPTOP" link set eth1 up
	check_comes "a server on another link" \
	    status_is '.resolver.links | join(" ")' eth1
	check_comes "... is asked there" \
	    grep -qi 'query.*captive.apple.com' "$WORLD/dns2.log"
	check_comes "... and answers" answers
	check "... that is no crash" "$(status .resolver.restarts)" 1
	check "... and no step of the door" "$(steering)" "$ON"
	printf 'nameserver %s\n' $DNS4 >"$WORLD/etc/resolv.conf"
	cp "$WORLD/etc/resolv.conf" "$WORLD/resolv.before"
	ip -n "$LAPTOP" link del eth1
	check_comes "and back" status_is '.resolver.links | join(" ")' eth0
	works "on the first link again"
}

# A server that names its link, and the link is down when the daemon starts.
down_at_start() {
	daemon_stop TERM
	_ll=$(ip -n "$ROUTER" -6 -o addr show dev lan0 scope link |
	    awk '{ sub("/.*", "", $4); print $4 }')
	printf 'nameserver %s%%eth0\n' "$_ll" >"$WORLD/etc/resolv.conf"
	cp "$WORLD/etc/resolv.conf" "$WORLD/resolv.before"
	laptop_down
	daemon_again
	check_comes "its link is down: the door is open" steering_is "$ON"
	check "... and asks nowhere" "$(status '.resolver.links | join(" ")')" ''
	check "... yet" "$(status '.counters.asked // 0')" 0
	laptop_up
	check_comes "the link comes up" \
	    status_is '.resolver.links | join(" ")' eth0
	check_comes "... and the server is asked there" \
	    eval '[ "$(status .counters.asked)" -gt 0 ]'
	printf 'nameserver %s\n' $DNS4 >"$WORLD/etc/resolv.conf"
	cp "$WORLD/etc/resolv.conf" "$WORLD/resolv.before"
	daemon_stop TERM
	daemon_again
}

# ---- the ends

leaves() {
	sp state connecting --relay $RELAY4:51820 >/dev/null
	check "connecting" "$(steering)" "$OFF"
	check "... no chains but the guard" "$(in_force |
	    grep -e 0x73616c64 -e sallyport0 | xargs)" \
	    'meta mark 0x73616c64 oifname != sallyport0 counter name rejected_out drop'
	sp state disconnected >/dev/null
	check "blocking again" "$(steering)" "$ON"
	sp netcheck off >/dev/null
	check "network check off" "$(steering)" "$GONE"
	check "... the block" "$(loaded)" block
	sp netcheck on >/dev/null
	check "and on" "$(steering)" "$ON"
	works "after all that"
}

stops() {
	daemon_stop TERM
	check "stopped" "$(steering)" "$GONE"
	check_comes "stopped: settings" untouched
	daemon_again
	check_comes "started" steering_is "$ON"
	daemon_stop KILL
	check_comes "killed: the device goes with its processes" \
	    eval '[ "$(device)" = none ]'
	check "killed: rules are left" "$(rules 4) $(rules 6)" '3 3'
	laptop dig +tries=1 +time=1 @$DNS4 leak.test >/dev/null
	daemon_again
	check_comes "healed" steering_is "$ON"
	check_comes "healed: works" probes
	daemon_stop KILL
	check_comes "killed again" eval '[ "$(device)" = none ]'
	laptop "$BUILD/sallyportd" --restore-dns -f "$CONF"
	check "--restore-dns takes the rules away" "$(rules 4) $(rules 6)" '0 0'
}

without_ipv6() {
	lap sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	daemon_again
	check_comes "without IPv6" steering_is '3 0 1 0 up'
	works "without IPv6"
	lap sysctl -qw net.ipv6.conf.all.disable_ipv6=0
	laptop_up 2>/dev/null
	daemon_stop TERM
}

# ---- which one it is

foreign_device() {
	lap ip tuntap add dev sallyport0 mode tun
	daemon_again
	check_comes "a device of others: said" \
	    eval 'status .problem | grep -q "sallyport0 is there already"'
	check "... the block stands" "$(loaded)" block
	check "... and it is left alone" "$(rules 4) $(device)" '0 down'
	lap ip tuntap del dev sallyport0 mode tun
	daemon_stop TERM
}

# Somebody has port 53.
auto() {
	world_start holder nsenter -t "$HOLDER" -m -n -- dnsmasq \
	    --keep-in-foreground --conf-file=/dev/null --no-resolv \
	    --listen-address=127.0.0.1 --bind-interfaces --user=root --pid-file=
	holder=$PID
	check_comes "port 53 is held" eval '[ -n "$(listeners)" ]'
	daemon_conf 'datapath = socket'
	daemon_again
	check "socket stays socket" "$(status .resolver.datapath)" socket
	check "... with its door shut" "$(loaded)" block
	daemon_stop TERM
	daemon_conf 'datapath = auto'
	daemon_again
	check "auto: bypass" "$(status .resolver.datapath)" bypass
	check_like "... and why" "$(status .resolver.instead)" \
	    'port 53 on 127.0.0.1 is held by dnsmasq*'
	check "... the door" "$(steering)" "$ON"
	works "in place of a socket"
	world_end "$holder"
	sp netcheck off >/dev/null
	sp netcheck on >/dev/null
	check "port 53 is free: socket" "$(status .resolver.datapath)" socket
	check "... without a device" "$(steering)" "$GONE"
	check_like "... and no reason" "$(status .resolver.instead)" null
	sp netcheck off >/dev/null
	daemon_stop TERM
}

# What left: the daemon's own questions, for its own names.
no_leak() {
	world_end "$CAPTURE"
	check "no other name left" "$(tcpdump -n -r "$WORLD/all.pcap" \
	    'dst port 53' 2>/dev/null | grep -ic -e leak -e example)" 0
	check "own questions did" "$([ "$(tcpdump -n -r "$WORLD/all.pcap" \
	    'dst port 53' 2>/dev/null | grep -ic captive)" -gt 0 ]; echo $?)" 0
}

world_open || exit 2
world_dns && world_web || exit 2
laptop_up
cp "$WORLD/etc/resolv.conf" "$WORLD/resolv.before"
daemon_conf 'log-level = debug'
daemon_again
world_capture all
opens
works "at first"
strangers
ties
complaints
strict
meddling
flood
killed_datapath
leaves
no_leak
another_link
down_at_start
stops
without_ipv6
foreign_device
auto
finish
