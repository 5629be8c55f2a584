#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The captive portal's URL, as networks tell it (RFC 8910): by a real DHCP
# server (dnsmasq) to real clients (dhclient, udhcpc with a hook), and in
# router advertisements. With portal-api its host can be asked for and reached
# as long as the network lasts; without, and for every hostile URL, it cannot.
#
#     laptop                         router              internet
#   dhclient, udhcpc            dnsmasq: 114=URL     api.portal.example
#   eth0 192.168.77.50.. --------- lan0               is .20 and ::20
#   kernel: RTM_NEWNDUSEROPT    live_advert: RA, 37=URL
#
# usage: portal.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/packages.sh

API=api.portal.example
URL=https://$API/captive

# ---- networks

serve() { printf '114,%s\n' "$1" >"$WORLD/options"; }

dhcp_opened() {
	world_open || exit 2
	serve "$URL"
	world_dns --dhcp-range=192.168.77.50,192.168.77.99,1h \
	    --dhcp-authoritative --dhcp-leasefile="$WORLD/dnsmasq.leases" \
	    --dhcp-optsfile="$WORLD/options" \
	    --host-record=$API,$OTHER4,60 &&
	    world_web || exit 2
	for port in 443 8443; do
		world_start "other$port" ip netns exec "$INTERNET" \
		    busybox httpd -f -p $OTHER4:$port -h "$WORLD/other"
	done
	laptop mount -t tmpfs -o mode=755 tmpfs /var/lib &&
	    laptop mkdir /var/lib/dhcp
	ip -n "$LAPTOP" link set eth0 up
	remember_dns
}

# What a client knows of the lease becomes the laptop's.
scripts() {
	cat >"$WORLD/configure" <<-'END'
	#!/bin/sh
	[ -n "$new_ip_address" ] || exit 0
	ip -4 addr replace "$new_ip_address/24" dev "$interface"
	ip route replace default via 192.168.77.1
	END
	cat >"$WORLD/hook" <<-END
	#!/bin/sh
	[ "\$1" = bound ] || exit 0
	ip -4 addr replace "\$ip/24" dev "\$interface"
	ip route replace default via 192.168.77.1
	mkdir -p "$WORLD/run/portal"
	{
		echo "ip_address=\$ip"
		printf 'default_url='
		echo "\$opt114" | busybox xxd -r -p
		echo
	} >"$WORLD/run/portal/\$interface"
	END
	chmod 755 "$WORLD/configure" "$WORLD/hook"
	printf '%s\n' 'initial-delay 0;' 'select-timeout 0;' 'timeout 10;' \
	    'also request default-url;' >"$WORLD/dhclient.conf"
}

by_dhclient() {
	kill -HUP "$DNSMASQ"
	laptop_start dhclient "$DHCLIENT" -4 -1 -d -cf "$WORLD/dhclient.conf" \
	    -sf "$WORLD/configure" -pf "$WORLD/dhclient.pid" \
	    -lf /var/lib/dhcp/dhclient.eth0.leases eth0
	_pid=$PID
	world_until 100 grep -q 'bound to' "$WORLD/dhclient.log"
	_status=$?
	world_end "$_pid"
	return $_status
}

by_udhcpc() {
	kill -HUP "$DNSMASQ"
	laptop busybox udhcpc -i eth0 -n -q -f -O 114 -s "$WORLD/hook" \
	    >>"$WORLD/udhcpc.log" 2>&1
}

# FORMAT [LENGTH]: an advertisement with what printf makes of it.
by_router() {
	_format=$1
	shift
	printf "$_format" | router "$BUILD/live_advert" lan0 "$@"
}

# ---- what the laptop makes of it

asked() {
	laptop dig +short +tries=1 +time=2 @"$RESOLVER4" "$1" A 2>/dev/null |
	xargs
}
asked_is() { [ "$(asked "$1")" = "$2" ]; }

# uid 0, and PORT: "yes" if something answers there.
reached() {
	laptop nc -z -w 2 $OTHER4 "$1" 2>/dev/null && echo yes || echo no
}

# TEXT: in an event about the URL.
heard() { grep portal_api "$WORLD/monitor.log" | grep -qF "$1"; }
told_is() { status_is '.portal_api | .url // .refused // "nothing"' "$1"; }
nothing_told() { status_is .portal_api null; }

# WHAT: the host is the door's.
let_through() {
	check_comes "$1: told" told_is "$URL"
	check_comes "$1: it can be asked for" asked_is $API $OTHER4
	check "$1: and it is said" "$(status .portal_api.open)" true
	check "$1: reached by TLS" "$(reached 443)" yes
	check "$1: by no other port" "$(reached 80), $(reached 8443)" no,\ no
	check "$1: not by others" "$(as_user nc -z -w 2 $OTHER4 443 2>&1 &&
	    echo yes || echo no)" no
}

# WHAT WHY: neither asked for nor reached.
kept_out() {
	check_comes "$1: refused" told_is "$2"
	check "$1: and not open" "$(status .portal_api.open)" false
	check "$1: its host is not asked for" "$(asked $API)" ""
	check "$1: nor reached" "$(reached 443)" no
}

# WHAT URL WHY
hostile_dhcp() {
	serve "$2"
	"$CLIENT"
	kept_out "$1" "$3"
}

# WHAT WHY FORMAT [LENGTH]
hostile_router() {
	_what=$1 _why=$2
	shift 2
	by_router "$@"
	kept_out "router: $_what" "$_why"
}

# Away, and back without a lease.
moves() {
	ip -n "$LAPTOP" link set eth0 down
	ip -n "$LAPTOP" addr flush dev eth0 scope global
	ip -n "$LAPTOP" link set eth0 up
	ip -n "$LAPTOP" addr add 192.168.77.2/24 dev eth0
	ip -n "$LAPTOP" route add default via $DNS4
}

# ---- the runs

clients() {
	for CLIENT in $CLIENTS; do
		serve "$URL"
		check "$CLIENT: it gets a lease" \
		    "$($CLIENT && echo yes || echo no)" yes
		let_through "$CLIENT"
		hostile_dhcp "$CLIENT, http" "http://$API/" "it is not https"
		moves
		check_comes "$CLIENT, another network: told nothing" \
		    nothing_told
		check "$CLIENT, another network: not asked for" \
		    "$(asked $API)" ""
		check "$CLIENT, another network: closed" "$(reached 443)" no
		laptop rm -f "$WORLD/run/portal/eth0" \
		    /var/lib/dhcp/dhclient.eth0.leases
	done
}

hostile() {
	hostile_dhcp "user" "https://$API@evil.example/" "it names a user"
	hostile_dhcp "port" "https://$API:8443/" "its port is not 443"
	hostile_dhcp "the relay's address" "https://$RELAY4/" \
	    "its host is an address"
	hostile_dhcp "NUL" \
	    "$(printf 'https://%s\001.x/' $API | od -An -v -tx1 |
	    xargs | sed 's/ /:/g; s/:01:/:00:/')" \
	    "it has an octet that no URL has"
	moves
	rm -f "$WORLD/run/portal/eth0"
	check_comes "then nothing" nothing_told
	hostile_router "http" "it is not https" "http://$API/"
	hostile_router "escape sequence" "it has an octet that no URL has" \
	    "https://$API/\033[31m"
	hostile_router "NUL" "it has an octet that no URL has" \
	    "https://$API/\000@evil.example/"
	hostile_router "300 octets" "it is too long" \
	    "https://$API/$(printf '%0300d' 0)"
	# Longer than the packet: the kernel does not hand it on.
	by_router "$URL" 200
	by_router "https://" 0
	check "malformed: as before" "$(status .portal_api.refused)" \
	    "it is too long"
}

routers() {
	by_router "$URL"
	let_through "router"
	lap nft flush set inet sallyport tls4
	check "router: port 80 is shut by its set alone" "$(reached 80)" yes
	by_router "https://second.portal.example/"
	check_comes "another host: told" told_is https://second.portal.example/
	check "another host: the first one is not asked for" \
	    "$(asked $API)" ""
	check "another host: and closed" "$(reached 443)" no
	by_router urn:ietf:params:capport:unrestricted
	check_comes "no portal: told" told_is \
	    urn:ietf:params:capport:unrestricted
	check "no portal: nothing is open" "$(status .portal_api.open)" false
}

# The control: told and shown, and nothing else.
off() {
	sed -i 's/portal-api = on/portal-api = off/' "$CONF"
	sp reload >/dev/null
	by_router "$URL"
	check_comes "off: told" told_is "$URL"
	check "off: not open" "$(status .portal_api.open)" false
	check "off: not asked for" "$(asked $API)" ""
	check "off: not reached" "$(reached 443)" no
	check "off: the probe is" "$(asked captive.apple.com |
	    grep -c $PROBE4)" 1
}

dhcp_opened
scripts
CLIENTS=by_udhcpc
if packages_fetch isc-dhcp-client; then
	DHCLIENT=$(first_program "$PACKAGES"/isc-dhcp-client/sbin/dhclient \
	    "$PACKAGES"/isc-dhcp-client/usr/sbin/dhclient)
	CLIENTS="by_dhclient $CLIENTS"
else
	left_out "dhclient: $(tail -n 1 "$WORLD/packages.log")"
fi
daemon_conf 'allow { portal-api = on }'
daemon_started
laptop_start monitor "$BUILD/sallyport" --socket "$WORLD/run/control.sock" \
    --json monitor
sp netcheck on >/dev/null
sp lockdown on >/dev/null
clients
hostile
routers
off
check_comes "front-ends have heard: a URL" heard "$URL"
check_comes "front-ends have heard: a refusal" heard "it is not https"
finish
