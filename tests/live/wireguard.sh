# SPDX-License-Identifier: ISC
# wireguard.sh - wireguard-go on the laptop and at a relay on the internet;
# sourced, not run
#
#     laptop                                          internet
#   wg0  10.66.0.2    . . . . UDP, port 51820 . . . wgr 10.66.0.1, fd66::1
#
# Source it after packages.sh.

PORT=51820
RELAY_HOLDER=''

wg_wanted() {
	command -v wireguard-go >/dev/null || echo wireguard-go
	command -v wg >/dev/null || echo wireguard-tools
}

wg_found() {
	WG_GO=$(first_program "$(command -v wireguard-go)" \
	    "$PACKAGES/wireguard-go/usr/bin/wireguard-go")
	WG=$(first_program "$(command -v wg)" \
	    "$PACKAGES/wireguard-tools/usr/bin/wg")
}

wg_keys() {
	for _who in laptop relay; do
		(umask 077 && "$WG" genkey >"$WORLD/$_who.key") &&
		    "$WG" pubkey <"$WORLD/$_who.key" >"$WORLD/$_who.pub" ||
		    return 1
	done
}

# On the internet, with a /run of its own: sockets are found by name.
relay_holder() {
	ip netns exec "$INTERNET" unshare -m sh -c \
	    "mount -t tmpfs tmpfs /run && echo \$\$ >'$WORLD/relay.pid' &&
	     exec sleep 86400" &
	world_until 50 test -s "$WORLD/relay.pid" || return 1
	RELAY_HOLDER=$(cat "$WORLD/relay.pid")
}
relay() { nsenter -t "$RELAY_HOLDER" -m -n -- "$@"; }

relay_up() {
	relay_holder || return 1
	world_start relay nsenter -t "$RELAY_HOLDER" -m -n -- "$WG_GO" -f wgr
	world_until 50 relay test -S /run/wireguard/wgr.sock || return 1
	relay "$WG" set wgr listen-port $PORT private-key "$WORLD/relay.key" \
	    peer "$(cat "$WORLD/laptop.pub")" allowed-ips 10.66.0.2,fd66::2
	relay ip addr add 10.66.0.1/24 dev wgr
	relay ip addr add fd66::1/64 dev wgr
	relay ip link set wgr up
}

# INTERFACE ALLOWED-IPS KEEPALIVE: it is there, with its address, switched off.
# WG_PID is its process.
wg_made() {
	laptop_start wg "$WG_GO" -f "$1"
	WG_PID=$PID
	world_until 50 laptop test -S "/run/wireguard/$1.sock" || return 1
	laptop "$WG" set "$1" private-key "$WORLD/laptop.key" \
	    peer "$(cat "$WORLD/relay.pub")" endpoint $RELAY4:$PORT \
	    allowed-ips "$2" persistent-keepalive "$3"
	lap ip addr add 10.66.0.2/24 dev "$1"
}
