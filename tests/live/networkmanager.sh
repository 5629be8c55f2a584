#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The real NetworkManager, which writes resolv.conf itself, has a dnsmasq of its
# own there, leaves that to systemd-resolved, or does it beside that one. Its
# check reaches "full", and "portal" behind a portal, while the kill switch
# holds, and neither without the door. Its DNS comes back as it was after
# leaving, after kill -9, after a reboot, and after a change by somebody else;
# and nothing leaves. For the network see networkmanager_world.sh.
#
# modes: socket (bypass by hand)
# usage: [DATAPATH=bypass] [STACKS='alone beside'] networkmanager.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/networkmanager_world.sh
. tests/live/reboot.sh
for _tool in curl flock; do
	command -v $_tool >/dev/null && continue
	echo "skipped: needs $_tool"
	exit 77
done

OTHER_DNS=192.168.77.3
NOT_ITS=127.0.0.54		# of ours, beside a dnsmasq at 127.0.0.1
listen=

# All that the host has of DNS, as its own tools read it.
originals() {
	laptop cat /etc/resolv.conf
	laptop readlink /etc/resolv.conf
	nm -t -f IP4.DNS,IP6.DNS device show eth0
	nm -t -f ipv4.dns,ipv4.dns-search,ipv6.dns connection show wired
	laptop grep -c global-dns \
	    /var/lib/NetworkManager/NetworkManager-intern.conf
	case $stack in
	beside | resolved) ;;
	*) return ;;
	esac
	for _what in dns domain dnsovertls; do
		unpacked resolvectl $_what eth0 | sed 's/^Link [0-9]*//'
	done
}
remember() { originals >"$WORLD/originals.was" 2>&1; }
is_original() {
	originals >"$WORLD/originals.now" 2>&1
	cmp -s "$WORLD/originals.was" "$WORLD/originals.now"
}

# Whom programs ask.
is_pointed() {
	case $DATAPATH.$stack in
	bypass.*) [ "$(steered)" = '3 3' ] && is_original ;;
	socket.alone) names_us ;;
	socket.dnsmasq) stub_asks_us ;;
	socket.beside) names_us && (links_ask_us || links_ask_nobody) ;;
	*) links_ask_us ;;
	esac
}
names_us() {
	[ "$(laptop awk '/^nameserver/ { print $2 }' /etc/resolv.conf |
	    xargs)" = '127.0.0.1 ::1' ]
}
links_ask_us() {
	unpacked resolvectl dns eth0 | grep -q ': 127.0.0.1 ::1$'
}

stub_asks_us() {
	laptop grep -q '^nameserver 127.0.0.1$' /etc/resolv.conf &&
	    laptop grep -q "^servers=$NOT_ITS\$" \
	    /var/lib/NetworkManager/NetworkManager-intern.conf
}
# With global servers NetworkManager, started again, need not tell a resolved
# of any; that one asks those of resolv.conf then.
links_ask_nobody() { unpacked resolvectl dns eth0 | grep -q ': *$'; }

asks_of() { [ "$(status '.upstreams | map(.address) | join(" ")')" = "$1" ]; }
problem_is() { status .problem | grep -q "$1"; }
has_event() { sp --json timeline | jq -e --arg n "$1" \
    '.episodes[0].events | map(.name) | index($n)' >/dev/null; }
was_told() { grep -q "nm  *connectivity $1," "$WORLD/monitor.log"; }
fetches() { laptop curl -sS -m 5 "$1" 2>&1 | tail -n 1; }

# ---- its check

no_door() {
	go error offline
	check_like "$1: without the door" "$(nm_check)" '[nl]*'
	check_comes "$1: that is told" was_told '[nl][a-z]*'
	sp netcheck on >/dev/null
	check_comes "$1: pointed" is_pointed
}

with_door() {
	check_comes "$1: upstreams" asks_of "$DNS4 $DNS6"
	check_comes "$1: names of the file, and of the bus" \
	    status_is '.names | sort | join(" ")' "$NM_CHECK stale.probe.test"
	check_comes "$1: the door opens" elements_are 2
	epoch=$(status .epoch)
	check "$1: full" "$(nm_check)" full
	check_comes "$1: full is told" was_told full
	check_comes "$1: full is noted" has_event nm_full
	check "$1: the door stays as it is" "$(status .epoch)" "$epoch"
	check "$1: another program" "$(fetches http://$NM_CHECK/check)" \
	    "$NM_ANSWER"
	check_like "$1: a user's" "$(as_user curl -sS -m 2 \
	    http://$NM_CHECK/check 2>&1)" 'curl*'
}

# Its verdict now; right after a start a resolver may still be waiting.
nm_is() { [ "$(nm_check)" = "$1" ]; }

behind_portal() {
	portal_up
	check "$1: a portal" "$(nm_check)" portal
	check_comes "$1: a portal is told" was_told portal
	check_comes "$1: a portal is noted" has_event nm_portal
	check "$1: a portal is suspected" "$(status .portal_suspected)" true
	portal_down
	check "$1: signed in" "$(nm_check)" full
	check_comes "$1: no longer suspected" \
	    status_is .portal_suspected false
}

# ---- what happens meanwhile

reapply() {
	nm connection modify wired ipv4.dns "$1" &&
	    nm device reapply eth0 >/dev/null
}

others_change_it() {
	reapply $OTHER_DNS
	check_comes "$1: other servers are asked" asks_of "$OTHER_DNS $DNS6"
	[ "$DATAPATH" = bypass ] ||
		check_comes "$1: and pointed" is_pointed
	check "$1: full by others" "$(nm_check)" full
	reapply $DNS4
	check_comes "$1: and back" asks_of "$DNS4 $DNS6"
	check_comes "$1: back, pointed" is_pointed
}

# Over the daemon's head.
others_write() {
	echo "nameserver $OTHER_DNS" >"$WORLD/etc/resolv.conf"
	check_comes "$1: resolv.conf is written anew" names_us
	command -v busctl >/dev/null || return 0
	laptop busctl --address=unix:path=/run/dbus/system_bus_socket \
	    set-property org.freedesktop.NetworkManager \
	    /org/freedesktop/NetworkManager org.freedesktop.NetworkManager \
	    GlobalDnsConfiguration 'a{sv}' 0
	check_comes "$1: global servers, and ours again" names_us
}

# The other one's servers, as a user sets them.
others_set_links() {
	link_dns $OTHER_DNS $DNS6
	bypass ||
		check_comes "$1: other servers of the link, pointed" is_pointed
	check "$1: full by the others of the link" "$(nm_check)" full
	link_dns $DNS4 $DNS6
	check_comes "$1: and back, pointed" is_pointed
}

killed() {
	daemon_ends KILL
	check "$1: killed, still pointed" "$(is_pointed && echo yes)" yes
	laptop "$BUILD/sallyportd" --restore-dns -f "$CONF" \
	    >"$WORLD/restore.log" 2>&1
	check_comes "$1: --restore-dns" is_original
	daemon_start
	check_comes "$1: started, pointed" is_pointed
	check_comes "$1: started, the door opens" elements_are 2
	check_comes "$1: started, full" nm_is full
}

# With the dnsmasq that is its child.
nm_dies() {
	nm_ends KILL
	[ "$stack" != dnsmasq ] ||
		laptop sh -c 'kill $(cat /run/NetworkManager/dnsmasq.pid)'
}

starts_anew() {
	nm_checks http://$NM_CHECK/check
	nm_dies
	case $DATAPATH.$stack in
	bypass.* | *.resolved) ;;
	*) check_comes "$1: none, it is told" problem_is 'does not run' ;;
	esac
	check "$1: none, the block holds" "$(loaded)" door
	daemon_ends KILL
	daemon_start
	check_comes "$1: none, the door opens" elements_are 2
	nm_start "$2" || echo 'FAILED: NetworkManager does not start again'
	check_comes "$1: again, pointed" is_pointed
	check_comes "$1: again, no problem" status_is .problem null
	check_comes "$1: again, full" nm_is full
}

# As a reboot does it.
programs_end() {
	nm_dies
	case $stack in
	beside | resolved) resolved_ends KILL ;;
	esac
	world_end "$BUS"
}
programs_start() {
	resolved_run && bus_start || echo 'FAILED: the bus does not start again'
	case $stack in
	beside | resolved)
		resolved_start ||
			echo 'FAILED: resolved does not start again' ;;
	esac
	nm_start "$nm_dns" || echo 'FAILED: NetworkManager does not start again'
}

# STACK DNS BACKEND: the whole of it.
with_stack() {
	stack=$1 nm_dns=$2
	nm_checks http://$NM_CHECK/check
	nm_start "$2" || {
		cat "$WORLD/nm.log"
		exit 2
	}
	# It has read this; what is to be read now it is not told.
	nm_checks http://stale.probe.test/check
	check_comes "$1: at first" eval '[ "$(nm_check)" = full ]'
	remember
	daemon_conf 'profile = "networkmanager"' "$listen"
	daemon_started
	check "$1: backend" "$(status .hostdns.backend)" "$3"
	world_start monitor nsenter -t "$HOLDER" -m -n -- "$BUILD/sallyport" \
	    --socket "$WORLD/run/control.sock" monitor
	tally
	no_door "$1"
	with_door "$1"
	case $1 in
	alone | resolved) behind_portal "$1" ;;
	esac
	others_change_it "$1"
	case $DATAPATH.$1 in
	socket.alone | socket.beside) others_write "$1" ;;
	esac
	case $1 in
	beside | resolved) others_set_links "$1" ;;
	esac
	killed "$1"
	starts_anew "$1" "$2"
	rebooted "$1"
	check "$1: nothing has left" "$(leaks)" 0
	tally_ends
	go disconnected
	check_comes "$1: left" is_original
	check "$1: nothing is kept" "$(ls "$WORLD/state")" settings.json
	sp netcheck off >/dev/null
	daemon_ends TERM
	check "$1: stopped" "$(is_original && echo original)" original
	check_comes "$1: afterwards" nm_is full
	nm_ends TERM
}

# Its own dnsmasq has 127.0.0.1, and sockets that are bound to the link.
refused() {
	nm_start dnsmasq || exit 2
	remember
	daemon_conf 'profile = "networkmanager"'
	daemon_started
	go error offline
	check_like "dnsmasq: refused" "$(sp netcheck on 2>&1)" "$1"
	check "dnsmasq: refused, the block holds" "$(loaded)" block
	go disconnected
	check_comes "dnsmasq: refused, settings" is_original
	daemon_ends TERM
	nm_ends TERM
}
with_dnsmasq() {
	stack=dnsmasq
	# What it answers is what it was told just now.
	mkdir -p "$WORLD/etc/NetworkManager/dnsmasq.d"
	echo cache-size=0 >"$WORLD/etc/NetworkManager/dnsmasq.d/cache.conf"
	refused "$(either '*held by dnsmasq*' '*dnsmasq*binds its questions*')"
	bypass && return
	listen="listen = { \"$NOT_ITS\" }"
	with_stack dnsmasq dnsmasq networkmanager
	listen=
}
with_alone() { with_stack alone default networkmanager; }
with_beside() {
	resolved_start || exit 2
	with_stack beside default networkmanager
	# It has taken servers from resolv.conf that it would not forget.
	resolved_ends TERM
}
with_resolved() {
	stub_dns
	resolved_start || exit 2
	with_stack resolved systemd-resolved resolved
}

nm_opened
router ip addr add $OTHER_DNS/24 dev lan0
for _with in ${STACKS:-alone dnsmasq beside resolved}; do
	with_$_with
done
finish
