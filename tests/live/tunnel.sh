#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The daemon follows a tunnel that nobody tells it about: WireGuard, by a real
# wireguard-go at both ends, and a tun device as OpenVPN's. What leaves the
# laptop is seen at the router; the control is a laptop without the daemon.
#
#     laptop                        router             internet
#   eth0 192.168.77.2 ----------- lan0, wan0 --------- 203.0.113.10 probe
#   wg0  10.66.0.2    . . . . . . . . . . . . . . . .  203.0.113.30 relay
#        fd66::2         UDP, port 51820               wgr 10.66.0.1, fd66::1
#                                                      203.0.113.20 others
#
# usage: tunnel.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/packages.sh
. tests/live/wireguard.sh

USER_LOOP=''

# ---- WireGuard, twice

# A tunnel's routes: everything but the way to its relay.
routes_into() {
	lap ip route replace $RELAY4/32 via $DNS4
	for _net in 0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1; do
		lap ip route add $_net dev "$1"
	done
}

# As wg-quick up does it.
wg_starts() {
	wg_made wg0 0.0.0.0/0,::/0 1 || return 1
	lap ip addr add fd66::2/64 dev wg0
	lap ip link set wg0 up
	routes_into wg0
}
wg_dies() { world_end $WG_PID; }

# The relay's end cannot be reached, or can again.
relay_silent() {
	router nft "add table ip silent; add chain ip silent f { type filter \
	    hook forward priority 0; }; add rule ip silent f udp dport $PORT drop"
}
relay_speaks() { router nft delete table ip silent; }

# ---- what is seen

state() { status '[.state, .cause // empty] | join(" ")'; }
state_is() { [ "$(state)" = "$1" ]; }
stands() { status '.state + " " + .policy'; }
# What the log has, in order, since it was asked last.
states_since() {
	sed -n 's/^state: //p' "$WORLD/daemon.log" >"$WORLD/states"
	tail -n +$((seen + 1)) "$WORLD/states" | uniq | xargs
	seen=$(wc -l <"$WORLD/states")
}
seen=0

reaches() { as_user curl -sS -m 5 -o /dev/null "$@" 2>/dev/null; }
# Who may use the door, past the tunnel.
probe_outside() {
	laptop curl -sS -m 5 --interface eth0 -o /dev/null \
	    "http://$PROBE4/" 2>/dev/null
}

# A user who never stops.
user_starts() {
	as_user sh -c "while :; do
		curl -s -m 1 -o /dev/null http://$OTHER4/
		curl -s -m 1 -o /dev/null 'http://[$OTHER6]/'
		sleep 0.05
	done" &
	USER_LOOP=$!
}
user_ends() { world_end $USER_LOOP; }

# The user's packets as they are, not sealed.
plain_packets() {
	tcpdump -n -r "$WORLD/$1.pcap" "host $OTHER4 or host $OTHER6" \
	    2>/dev/null | wc -l
}
# What the laptop sent that is none of its business while it has a kill switch.
strange_packets() {
	tcpdump -n -r "$WORLD/$1.pcap" "(src host 192.168.77.2 or
	    src host fd77::2) and not (udp and dst host $RELAY4 and
	    dst port $PORT) and not (dst host $PROBE4 or dst host $PROBE6)
	    and not (dst port 53 and (dst host $DNS4 or dst host $DNS6))
	    and not icmp6 and not arp" 2>/dev/null | tee "$WORLD/strange" |
	    wc -l
}
marked() {
	sp --json timeline |
	    jq -e --arg n "$1" 'any(.episodes[0].events[]; .name == $n)'
}

# ---- the tests

freshly_installed() {
	check "at first: state" "$(stands)" "disconnected none"
	check "at first: followed" \
	    "$(status '.tunnel.follow | "\(.following) \(.there)"')" \
	    "true false"
	check_like "at first: in words" "$(sp status)" \
	    "*followed*wg0, following, not there*"
	check "at first: no rules" "$(loaded)" none
}

reconnect() {
	laptop_down
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	laptop_up
	check_comes "wake: the door" elements_are 2
	check "wake: the probe" "$(laptop curl -sS -m 5 \
	    http://captive.apple.com/ | grep -c Success)" 1
	check "wake: nothing else" "$(reaches "http://$OTHER4/"; echo $?)" 7
	states_since >/dev/null
	wg_starts
	check_comes "handshake: connected" state_is connected
	check_like "handshake: by way of" "$(states_since)" \
	    "*connecting connected"
	check "connected: rules" "$(stands)" "connected connected"
	check "connected: relays" "$(status '.tunnel.relays | join(" ")')" \
	    "$RELAY4:$PORT/udp"
	check "connected: the set" "$(elements)" 0
	check "connected: the door" "$(status .epoch)" 0
	check "connected: the probe's address" "$(probe_outside; echo $?)" 7
	check_comes "connected: the tunnel" reaches "http://$OTHER4/"
	check_comes "connected: the tunnel, IPv6" reaches "http://[$OTHER6]/"
	check "connected: DNS" "$(dns)" original
	check_comes "timeline: tunnel up" marked tunnel
	check_like "connected: in words" "$(sp status)" \
	    "*followed*wg0, following, last handshake [0-9]* s ago*"
	check "connected: the handshake" "$(status \
	    '.tunnel.follow | .wireguard and .handshake < 60')" true
}

# Made and yet to be switched on: what is first sent through it waits for no
# ruleset. With the interface, its place in the rules goes.
named() {
	in_force | sed -n '/^\tchain output-/,/^\t}/p' |
	    grep -c '"wg0" accept'
}
named_is() { [ "$(named)" -eq "$1" ]; }
made_only() {
	wg_made wg0 0.0.0.0/0,::/0 1
	check_comes "made: the interface in the rules" named_is 1
	check "made: state" "$(stands)" "disconnected blocked-active"
	wg_dies
	check_comes "unmade: the interface in the rules" named_is 0
}

# $1: name of the capture
tunnel_dies() {
	wg_dies
	check_comes "dead: state" state_is disconnected
	check_comes "dead: the door" elements_are 2
	check "dead: rules" "$(stands)" "disconnected blocked-active"
	check "dead: the user" "$(reaches "http://$OTHER4/"; echo $?)" 7
}

# What a front-end says holds until it gives the word back.
front_end() {
	wg_starts
	check_comes "again: connected" state_is connected
	sp state error auth_failed >/dev/null
	check "told: the word" "$(status .tunnel.follow.following)" false
	check_like "told: in words" "$(sp status)" \
	    "*followed*wg0, a front-end has the word*"
	wg_dies
	sp state connecting --relay $RELAY4:443/tcp >/dev/null
	daemon_ends KILL
	daemon_started
	seen=0
	check "told: also after a crash" \
	    "$(state), $(status .tunnel.follow.following)" "connecting, false"
	check "released" "$(sp state follow)" \
	    "disconnected, policy: blocked-active"
	check "released: followed" "$(status .tunnel.follow.following)" true
}

# As OpenVPN's: it is there, switched on, routed into, and somebody holds it.
tun_device() {
	daemon_ends TERM
	daemon_conf 'tunnel { interface = "tun9"' \
	    " endpoints = {\"$RELAY4:1194/udp\"}" ' follow = true }'
	daemon_started
	lap ip tuntap add tun9 mode tun
	check "tun made: state" "$(state)" disconnected
	lap ip addr add 10.67.0.2/24 dev tun9
	lap ip link set tun9 up
	check_comes "tun nobody holds: state" state_is connecting
	check "tun nobody holds: relays" \
	    "$(status '.tunnel | .interface + (.relays | join(" "))')" \
	    "$RELAY4:1194/udp"
	lap ip link delete tun9
	check_comes "tun gone: state" state_is disconnected
	laptop_start tun "$BUILD/live_tun" tun9
	_tun=$PID
	world_until 50 grep -q held "$WORLD/tun.log"
	lap ip link set tun9 up
	check_comes "tun without routes: state" state_is connecting
	lap ip route add 10.67.0.0/16 dev tun9
	check_comes "tun with routes: state" state_is connected
	check "tun: no WireGuard" "$(status .tunnel.follow.wireguard)" false
	lap ip link set tun9 down
	check_comes "tun off: state" state_is disconnecting
	check "tun off: rules" "$(loaded)" block
	lap ip link set tun9 up
	check_comes "tun on: state" state_is connecting
	world_end $_tun
	check_comes "tun dead: state" state_is disconnected
	check "tun dead: rules" "$(stands)" "disconnected blocked-active"
}

# WireGuard that tries in vain: the door opens, and it may go on trying.
stalled() {
	relay_silent
	states_since >/dev/null
	wg_starts
	check_comes "no answer: connecting" state_is connecting
	check "no answer: the door" "$(elements)" 0
	world_until 200 state_is "error offline"
	check_comes "stalled: the door" elements_are 2
	check "stalled: rules" "$(stands)" "error blocked-active"
	check "stalled: the probe" "$(probe_outside; echo $?)" 0
	check "stalled: the user" "$(reaches --interface eth0 \
	    "http://$OTHER4/"; echo $?)" 7
	relay_speaks
	check_comes "answered: connected" state_is connected
	check_like "answered: by way of" "$(states_since)" \
	    "*connecting error connecting connected"
	check "answered: the set" "$(elements)" 0
	wg_dies
	check_comes "dead again: state" state_is disconnected
}

# The same death on a laptop without a kill switch.
control_run() {
	wg_starts
	check_comes "control: the tunnel" reaches "http://$OTHER4/"
	world_capture control
	user_starts
	wg_dies
	check_comes "control: leaks" leaked control
	user_ends
	world_end $CAPTURE
}
leaked() { [ "$(plain_packets "$1")" -gt 0 ]; }

# ---- in order

world_opened
packages_fetched wireguard-go $(wg_wanted)
wg_found
laptop mount -t tmpfs -o mode=755 tmpfs /run
wg_keys && relay_up || exit 2
world_capture killswitch

daemon_conf 'tunnel { interface = "wg0"' ' follow = true }'
daemon_started
freshly_installed
reconnect
user_starts
tunnel_dies
made_only
user_ends
front_end
if bypass; then
	left_out "a relay that does not answer"
else
	stalled
fi
world_end $CAPTURE
check "at the router: the user's packets" "$(plain_packets killswitch)" 0
check "at the router: others" "$(strange_packets killswitch)" 0
check "at the router: there is something" "$(tcpdump -n \
    -r "$WORLD/killswitch.pcap" "dst host $RELAY4" 2>/dev/null |
    head -n 1 | wc -l)" 1
tun_device
sp lockdown off >/dev/null
daemon_ends TERM
control_run
finish
