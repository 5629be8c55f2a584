#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What a client gets that is not let through: the four ways to refuse, over
# UDP and TCP; mode spoof; a door that is shut; a client of another machine.
# Nothing of it may reach the wire. For the network see world.sh.
#
# usage: refuse.sh [BUILD]

. "$(dirname "$0")/assert.sh"
if ! command -v dig >/dev/null; then
	echo "skipped: needs dig"
	exit 77
fi

NAME=captive.apple.com
OTHER=www.example.com

# ARGUMENT...: the reply in a line: status, flags, number of questions and of
# records of each section, the size in OPT, then the SOA or the addresses.
reply() {
	laptop dig +tries=1 +time=2 +noedns "$@" @$RESOLVER4 | awk '
	/no servers could be reached|timed out/ { print "silence"; exit }
	/ status: / { sub(/,.*/, "", $6); status = $6 }
	/^;; flags: / {
		gsub(/[a-zA-Z, ]*: /, "/")
		sub(/^;;\/flags: |^;;\//, "")
		sub(/;/, "")
		counts = $0
	}
	/^; EDNS: / { sub(/.* udp: /, ""); edns = " OPT " $0 }
	/^[^;]/ && $4 == "SOA" { $1 = $1; rest = rest ", " $0 }
	/^[^;]/ && $4 ~ /^A/ { rest = rest ", " $2 " " $5 }
	END { if (status != "") print status " " counts edns rest }'
}

# REFUSE STATUS SOA: what a name gets that is not allowed; SOA: 1 or 0.
refuses() {
	[ $3 = 1 ] && _soa=", $OTHER. 3 IN SOA . . 1 3 3 3 3" || _soa=
	check "$1" "$(reply $OTHER)" "$2 qr rd ra/1/0/$3/0$_soa"
	check "$1, IPv6 address" "$(reply $OTHER AAAA)" \
	    "$2 qr rd ra/1/0/$3/0$_soa"
	check "$1, another type" "$(reply $OTHER HTTPS)" \
	    "$2 qr rd ra/1/0/$3/0$_soa"
	check "$1, EDNS" "$(reply +edns=0 $OTHER)" \
	    "$2 qr rd ra/1/0/$3/1 OPT 1232$_soa"
	check "$1, TCP" "$(reply +tcp $OTHER)" "$2 qr rd ra/1/0/$3/0$_soa"
	check "$1, no RD" "$(reply +norecurse $OTHER)" \
	    "$2 qr ra/1/0/$3/0$_soa"
	check_like "$1: but an allowed name" "$(reply $NAME)" \
	    "NOERROR qr rd ra/1/3/0/0, * $PROBE4"
}

# Questions that left the laptop since capture $1 began, for names like $2.
on_the_wire() {
	world_end $CAPTURE
	tcpdump -n -r "$WORLD/$1.pcap" dst port 53 2>/dev/null | grep -ic "$2"
}
counter() {
	sp metrics | awk -v name="sallyport_$1_total" '$1 == name { print $2 }'
}

# LINE...: for the configuration.
door() {
	daemon_conf "$@"
	daemon_started
	sp netcheck on >/dev/null
	go error offline
}

world_opened

# ---- four ways

while read -r how status soa; do
	door "refuse = $how"
	door_opens || exit 2
	world_capture $how
	refuses $how $status $soa
	check "$how: on the wire" "$(on_the_wire $how example)" 0
	check "$how: counted" "$(counter refused)" 6
	daemon_ends TERM
done <<-END
	empty NOERROR 1
	refused REFUSED 0
	nxdomain NXDOMAIN 1
END

door 'refuse = ignore'
door_opens || exit 2
world_capture ignore
check 'ignore' "$(reply $OTHER)" silence
check 'ignore, EDNS' "$(reply +edns=0 $OTHER)" silence
check 'ignore, TCP' "$(reply +tcp $OTHER)" silence
check 'ignore, TCP: the connection stays and others get replies' \
    "$(laptop "$BUILD/live_flood" pipe 100 1 $OTHER $NAME)" \
    'sent 100 noerror 50 servfail 0 other 0 open'
check_like 'ignore: but another type of an allowed name' \
    "$(reply $NAME HTTPS)" "NOERROR qr rd ra/1/0/1/0, *"
check 'ignore: on the wire' "$(on_the_wire ignore example)" 0
check 'ignore: counted' "$(counter refused)" 53

# ---- bound and not active

not_active() {
	inactive=$(counter inactive)
	world_capture inactive
	check 'not active' "$(reply $NAME)" silence
	check 'not active, TCP' "$(reply +tcp $NAME)" silence
	check 'not active: on the wire' "$(on_the_wire inactive .)" 0
	check 'not active: counted' "$(counter inactive)" $((inactive + 2))
}
go disconnected
check 'not active: bound' "$(bound)" "$BOUND"
if bypass; then
	left_out 'not active: who is asked then is the router'
else
	not_active
fi
daemon_ends TERM

# ---- spoof

world_capture spoof
door 'mode = spoof'
check 'spoof: A' "$(reply $NAME A)" \
    'NOERROR qr rd ra/1/1/0/0, 3 198.51.100.1'
check 'spoof: AAAA' "$(reply $NAME AAAA)" 'NOERROR qr rd ra/1/1/0/0, 3 100::'
check 'spoof: TCP, EDNS' "$(reply +tcp +edns=0 $NAME A)" \
    'NOERROR qr rd ra/1/1/0/1 OPT 1232, 3 198.51.100.1'
check_like 'spoof: HTTPS' "$(reply $NAME HTTPS)" 'NOERROR qr rd ra/1/0/1/0, *'
check_like 'spoof: CNAME' "$(reply $NAME CNAME)" 'NOERROR qr rd ra/1/0/1/0, *'
check_like 'spoof: a refused name' "$(reply $OTHER)" \
    'NOERROR qr rd ra/1/0/1/0, *'
check 'spoof: getent' "$(laptop getent ahosts $NAME |
    awk '/STREAM/ { print $1 }' | sort | xargs)" '100:: 198.51.100.1'
laptop curl -sS -m 2 -o /dev/null http://$NAME/ 2>/dev/null
check 'spoof: curl is refused at once' $? 7
check 'spoof: opened' "$(elements) $(sp --json allowed)" '0 []'
check 'spoof: counted' "$(counter spoofed) $(counter asked)" '7 0'
world_end $CAPTURE
check 'spoof: on the wire' "$(tcpdump -n -r "$WORLD/spoof.pcap" \
    'src 192.168.77.2 and (port 53 or tcp or dst net 198.51.100.0/24)' \
    2>/dev/null | wc -l)" 0
daemon_ends TERM

# ---- clients of another machine: somebody's rules hand them to our port, and
# no firewall of ours stops them

daemon_conf 'listen = { "127.0.0.1", "192.168.77.2" }'
check_like 'listening elsewhere' \
    "$(laptop "$BUILD/sallyportd" -n -f "$CONF" 2>&1)" '*not a loopback*'
lap sysctl -qw net.ipv4.conf.eth0.route_localnet=1
lap nft -f - <<END || exit 2
table inet vendor {
	set ok4 { type ipv4_addr; flags timeout; }
	set ok6 { type ipv6_addr; flags timeout; }
	chain in {
		type nat hook prerouting priority -100
		iifname eth0 meta l4proto { tcp, udp } th dport 53 dnat ip to 127.0.0.1
	}
}
END
door 'firewall { mode = guest table = "inet vendor" set4 = "ok4" set6 = "ok6" }'
check_like 'from an address of our own' \
    "$(laptop dig -b 192.168.77.2 +short +tries=1 @$RESOLVER4 $NAME)" "*$PROBE4"
for how in +notcp +tcp; do
	check "from the router: $how" "$(router dig $how +tries=1 +time=1 \
	    @192.168.77.2 $NAME | grep -c 'status:')" 0
done
# dig comes again over TCP when it is cut. In bypass nobody is there at all.
check 'from the router: counted' "$([ "$(counter nonlocal)" -ge 2 ] &&
    echo yes)" "$(either yes '')"
world_capture forward
reply netcts.cdn-apple.com >/dev/null
sp netcheck off >/dev/null
sp netcheck on >/dev/null
world_until 50 sh -c "tcpdump -n -r '$WORLD/forward.pcap' | grep -q ."
check 'control: the capture sees questions' \
    "$([ "$(on_the_wire forward apple)" -gt 0 ] && echo yes)" yes
daemon_ends TERM
finish
