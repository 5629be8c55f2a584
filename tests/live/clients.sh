#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Real clients through the door, by way of dnsmasq and of unbound: what they
# ask for, how, and what they get. For the network see world.sh; unbound is
# the router's server for IPv6 and asks dnsmasq.
#
# usage: clients.sh [BUILD]

. "$(dirname "$0")/assert.sh"
for _tool in dig drill curl unbound; do
	command -v $_tool >/dev/null && continue
	echo "skipped: needs $_tool"
	exit 77
done

NAME=captive.apple.com
GEO=captive-geo.origin-apple.com.akadns.net
END=captive.g.aaplimg.com

# ARGUMENT...: the reply in a line: status, flags, counts of the sections,
# whether there is an OPT record, then the records of answer and authority.
reply() {
	laptop dig +tries=1 +time=3 "$@" | awk '
	/no servers could be reached|timed out/ { print "silence"; exit }
	/ status: / { sub(/,.*/, "", $6); status = $6 }
	/^;; flags: / {
		sub(/.*flags: /, "")
		sub(/;.*/, "")
		flags = $0
		next
	}
	/^; EDNS: / { edns = " EDNS" }
	/^[^;]/ && NF > 4 { records = records ", " $1 " " $4 " " $5 }
	END { if (status != "") print status ", " flags edns records }'
}
# The same, only the status and the addresses.
addresses() {
	reply "$@" | awk '{
		printf "%s", $1
		for (i = 2; i <= NF; i++)
			if ($(i - 1) == "A" || $(i - 1) == "AAAA")
				printf " %s", $i
		print ""
	}'
}
fetches() { laptop curl -sS -m 5 "$@" 2>&1 | grep -o '<TITLE>.*</TITLE>'; }
counter() {
	sp metrics | awk -v name="sallyport_$1_total" '$1 == name { print $2 }'
}

# EDGE OPTION...: what every way of asking gets.
way() {
	_edge=$1
	shift
	check "$_edge: A" "$(addresses "$@" $NAME A)" "NOERROR, $PROBE4"
	check "$_edge: AAAA" "$(addresses "$@" $NAME AAAA)" "NOERROR, $PROBE6"
}

# WHO: all programs, by resolv.conf.
programs() {
	check "$1: curl -4" "$(fetches -4 http://$NAME/)" \
	    '<TITLE>Success</TITLE>'
	check "$1: curl -6" "$(fetches -6 http://$NAME/)" \
	    '<TITLE>Success</TITLE>'
	check "$1: getent ahosts" "$(laptop getent ahosts $NAME |
	    awk '/STREAM/ { print $1 }' | sort | xargs)" "$PROBE6 $PROBE4"
	check_like "$1: getent, a refused name" \
	    "$(laptop getent ahosts www.example.com; echo $?)" 2
	check "$1: drill" "$(laptop drill $NAME A | awk '
	    /rcode:/ { print $6 } $4 == "A" { print $5 }' | xargs)" \
	    "NOERROR, $PROBE4"
	check "$1: drill over TCP" "$(laptop drill -t $NAME AAAA | awk '
	    /rcode:/ { print $6 } $4 == "AAAA" { print $5 }' | xargs)" \
	    "NOERROR, $PROBE6"
}

world_opened
daemon_conf
daemon_started
sp netcheck on >/dev/null
go error offline
door_opens || exit 2

# ---- ways to ask

way 'UDP' @$RESOLVER4
way 'UDP, IPv6' @$RESOLVER6
way 'TCP' +tcp @$RESOLVER4
way 'TCP, IPv6' +tcp @$RESOLVER6
way 'no EDNS' +noedns @$RESOLVER4
way '512 octets' +bufsize=512 @$RESOLVER4
way 'EDNS 1' +edns=1 +noednsneg @$RESOLVER4
way 'DO, CD, cookie and a client subnet' +dnssec +cd +cookie \
    +subnet=192.0.2.0/24 @$RESOLVER4
way 'AD, no RD' +ad +norecurse @$RESOLVER4
way 'padded' +padding=468 @$RESOLVER4
check 'the chain in full, no OPT' "$(reply +noedns @$RESOLVER4 $NAME A)" \
    "NOERROR, qr rd ra, $NAME. CNAME $GEO., $GEO. CNAME $END., $END. A $PROBE4"
check_like 'OPT if asked for' "$(reply +edns=0 @$RESOLVER4 $NAME A)" \
    'NOERROR, qr rd ra EDNS, *'
programs dnsmasq

# ---- types

for type in HTTPS SVCB TXT MX NS SOA SRV TYPE12345; do
	check "$type" "$(reply +noedns @$RESOLVER4 $NAME $type)" \
	    "NOERROR, qr rd ra, $NAME. SOA ."
done
check 'ANY' "$(reply +noedns +notcp @$RESOLVER4 $NAME ANY)" \
    "NOERROR, qr rd ra, $NAME. SOA ."
check 'CNAME' "$(reply +noedns @$RESOLVER4 $NAME CNAME)" \
    "NOERROR, qr rd ra, $NAME. CNAME $GEO."

# ---- names

refused=$(counter refused)
check 'a target that was learnt' "$(addresses @$RESOLVER4 $GEO A)" \
    "NOERROR, $PROBE4"
for name in CAPTIVE.APPLE.COM cApTiVe.ApPlE.cOm; do
	check_like "$name" "$(reply +noedns @$RESOLVER4 $name A)" \
	    "NOERROR, qr rd ra, $name. CNAME *"
done
check 'none of these was refused' "$(counter refused)" "$refused"
for name in $NAME.corp.lan x$NAME x.$NAME apple.com com . \
    'captive\.apple.com' 'captive.apple\.com' "captive-geo.origin-apple.com" \
    "x.$GEO" www.example.com; do
	check "$name" "$(addresses @$RESOLVER4 "$name" A)" NOERROR,
	refused=$((refused + 1))
done
check 'all of these were refused' "$(counter refused)" "$refused"
check 'class CH: silence' "$(reply @$RESOLVER4 -c CH $NAME A)" silence
check 'an update: silence' "$(reply +opcode=5 @$RESOLVER4 $NAME A)" silence

# ---- many at once over one connection

check '500 in a pipeline' "$(laptop "$BUILD/live_flood" pipe 500 5 $NAME \
    x%.example.com)" 'sent 500 noerror 500 servfail 0 other 0 open'
check '50 one after the other' "$(laptop dig +tcp +keepopen +tries=1 +short \
    @$RESOLVER4 $(yes $NAME | head -n 50) | grep -c "^$PROBE4\$")" 50
daemon_ends TERM

# ---- unbound

cat >"$WORLD/unbound.conf" <<END
server:
	interface: $DNS6
	access-control: ::/0 allow
	chroot: ""
	username: ""
	directory: "$WORLD"
	pidfile: ""
	use-syslog: no
	module-config: "iterator"
	do-not-query-localhost: no
	do-daemonize: no
remote-control:
	control-enable: no
forward-zone:
	name: "."
	forward-addr: $DNS4
END
world_end $DNSMASQ
world_dns --listen-address=$DNS4 --except-interface=none
world_start unbound ip netns exec "$ROUTER" unbound -d -c "$WORLD/unbound.conf"
world_until 50 router sh -c "ss -Hlun 'src [$DNS6]:53' | grep -q ." || exit 2
printf 'nameserver %s\n' $DNS6 >"$WORLD/etc/resolv.conf"
daemon_started
go error offline
check_comes 'unbound: the door opens' door_opens
way 'unbound' @$RESOLVER4
programs unbound
finish
