#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Real clients, whose packets to port 53 of servers that do not exist are
# steered into a TUN device:
#
#   getent, dig, ... --> 192.0.2.1, 2001:db8::1 --> rules --> table 5353
#        ^                                                      |
#        +----- replies <--- sallytest0 198.18.53.1/30 <--------+
#                            fd73:616c:6c79::1/126
#                            read by live_intake, see there
#
# All in a network and a mount namespace of our own. Without a reader, the
# same clients get nothing.
#
# usage: intake.sh [BUILD]

set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
for _tool in ip dig drill busybox getent nstat unshare; do
	if [ "$(id -u)" -ne 0 ] || ! command -v $_tool >/dev/null ||
	    [ ! -c /dev/net/tun ]; then
		echo "skipped: needs root, /dev/net/tun and $_tool"
		exit 77
	fi
done
BUILD=$(cd "${1:-${BUILD:-build}}" && pwd) || exit 2
[ -n "${INTAKE_INSIDE-}" ] ||
	exec env INTAKE_INSIDE=1 unshare -n -m tests/live/intake.sh "$BUILD"

TUN=sallytest0
MTU=4096			# TUN_MTU
NAME=captive.apple.com
HERE=$(mktemp -d) || exit 2
READER=''
passed=0 failed=0
trap 'reader_ends; rm -rf "$HERE"' EXIT
trap 'exit 1' INT TERM

# NAME GOT WANT
check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: \"$2\", not \"$3\""
	fi
}

# ---- the network, and who reads the device

network() {
	ip link set lo up
	# Who gets no answer is to find out within seconds.
	sysctl -qw net.ipv4.tcp_syn_retries=1
	ip tuntap add dev $TUN mode tun
	ip link set $TUN mtu $MTU up
	ip addr add 198.18.53.1/30 dev $TUN
	ip addr add fd73:616c:6c79::1/126 dev $TUN nodad
	for _family in -4 -6; do
		for _protocol in udp tcp; do
			ip $_family rule add ipproto $_protocol dport 53 \
			    lookup 5353
		done
		ip $_family route add default dev $TUN table 5353
	done
}

# SERVER [OPTION...]: what the C library's resolvers read.
servers() {
	_server=$1
	shift
	printf 'nameserver %s\n' "$_server" >"$HERE/resolv.conf"
	printf 'options attempts:1 timeout:%s\n' "$WAIT" \
	    >>"$HERE/resolv.conf"
	[ $# -eq 0 ] || echo "options $*" >>"$HERE/resolv.conf"
}

files() {
	WAIT=5
	servers 192.0.2.1
	echo 'hosts: dns' >"$HERE/nsswitch.conf"
	mount --make-rprivate / &&
	    mount --bind "$HERE/resolv.conf" /etc/resolv.conf &&
	    mount --bind "$HERE/nsswitch.conf" /etc/nsswitch.conf
}

reader_ready() { grep -q '^ready' "$HERE/reader.log"; }

# MODE
reader_starts() {
	rm -f "$HERE/stdin"
	mkfifo "$HERE/stdin"
	: >"$HERE/reader.log"
	"$BUILD/live_intake" "$1" $TUN <"$HERE/stdin" \
	    >"$HERE/reader.log" 2>&1 &
	READER=$!
	exec 3>"$HERE/stdin"
	_n=100
	until reader_ready || [ $_n -eq 0 ]; do
		sleep 0.1
		_n=$((_n - 1))
	done
	reader_ready || { cat "$HERE/reader.log"; exit 2; }
}

reader_ends() {
	[ -n "$READER" ] || return
	exec 3>&-
	wait "$READER"
	READER=''
}

# What the last reader has counted.
counted() { awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' \
    "$HERE/reader.log"; }

# ---- clients; each in a line what it has got

dig_says() {
	dig +tries=1 +time=$WAIT "$@" 2>&1 | awk '
	/ status: / { sub(/,.*/, "", $6); status = $6 }
	/^[^;]/ && NF > 4 { rr = rr " " $5 }
	END { print (status == "" ? "nothing" : status rr) }'
}
# Queries from stdin over one connection: how many were answered.
dig_many() {
	dig +tcp +keepopen +tries=1 +time=$WAIT @192.0.2.1 -f - |
	    grep -c ' status: NOERROR'
}
drill_says() {
	drill "$@" 2>&1 | awk '
	/rcode:/ { status = $6; sub(/,/, "", status) }
	/^[^;]/ && NF > 4 { rr = rr " " $5 }
	END { print (status == "" ? "nothing" : status rr) }'
}
getent_says() { getent "$@" | awk '{ print $1 }' | sort -u | xargs; }
busybox_says() {
	busybox nslookup "$@" 2>&1 | awk '
	/^Name:/ { name = 1 }
	name && /^Address/ { print $NF }
	/REFUSED/ { print "REFUSED" }' | sort -u | xargs
}

# EDGE A AAAA REFUSED: what every client must say of an allowed name's records
# and of another name.
digs() {
	for _server in 192.0.2.1 2001:db8::1; do
		for _way in +notcp +tcp +noedns +bufsize=4096; do
			_edge="$1: dig @$_server $_way"
			check "$_edge A" "$(dig_says @$_server $_way $NAME A)" \
			    "$2"
			check "$_edge AAAA" \
			    "$(dig_says @$_server $_way $NAME AAAA)" "$3"
			check "$_edge, refused" "$(dig_says @$_server $_way \
			    www.example.com)" "$4"
		done
	done
}

drills() {
	for _server in 192.0.2.1 2001:db8::1; do
		for _way in -u -t; do
			_edge="$1: drill $_way @$_server"
			check "$_edge A" \
			    "$(drill_says $_way @$_server $NAME A)" "$2"
			check "$_edge AAAA" \
			    "$(drill_says $_way @$_server $NAME AAAA)" "$3"
		done
	done
}

# EDGE V4 V6: by resolv.conf.
libraries() {
	for _server in 192.0.2.1 2001:db8::1; do
		for _option in '' use-vc edns0 'use-vc edns0'; do
			servers $_server $_option
			_edge="$1: getent, $_server $_option"
			check "$_edge: IPv4" \
			    "$(getent_says ahostsv4 $NAME)" "$2"
			check "$_edge: IPv6" \
			    "$(getent_says ahostsv6 $NAME)" "$3"
			check "$_edge: refused" \
			    "$(getent_says ahosts www.example.com)" ''
		done
		servers $_server
		check "$1: busybox, $_server" "$(busybox_says $NAME)" \
		    "$(echo $2 $3 | tr ' ' '\n' | sort | xargs)"
	done
}

# ---- a datapath process

network && files || exit 2
reader_starts datapath
digs udp 'NOERROR 198.51.100.1' 'NOERROR 100::' REFUSED
drills datapath 'NOERROR 198.51.100.1' 'NOERROR 100::'
libraries datapath 198.51.100.1 100::
check 'busybox, refused' "$(busybox_says www.example.com)" REFUSED
for server in 192.0.2.1 2001:db8::1; do
	check "two queries and half a close, $server" \
	    "$("$BUILD/live_intake" pair $server $NAME 2>&1)" '0 5 end'
done
check 'many connections, one after the other' \
    "$(for i in $(seq 40); do
	dig_says +tcp @192.0.2.1 $NAME
    done | sort | uniq -c | xargs)" '40 NOERROR 198.51.100.1'
check 'many queries over one connection' \
    "$(yes "$NAME A" | head -n 100 | dig_many)" 100
check 'another port is not steered' "$(ip route get 192.0.2.1 ipproto udp \
    dport 54 2>&1 | grep -c $TUN)" 0
reader_ends
check 'counted: other packets' "$(counted parse_transport | sed 's/[1-9].*/some/')" some
check 'counted: unsent' "$(counted unsent)" 0
check 'counted: other hosts' "$(counted nonlocal)" 0
check 'checksums' "$(nstat -asz UdpInCsumErrors TcpInCsumErrors \
    Udp6InCsumErrors Udp6InErrors UdpInErrors TcpInErrs |
    awk '!/^#/ { n += $2 } END { print n + 0, NR - 1 }')" '0 6'

# ---- a reply of more than one segment

reader_starts big
for server in 192.0.2.1 2001:db8::1; do
	for type in A AAAA; do
		n=$(dig +tries=1 @$server big.test $type |
		    awk '$4 == "A" || $4 == "AAAA" { n++ } END { print n + 0 }')
		check "4 KB, $server $type" "$([ $n -gt 100 ] && echo yes)" yes
	done
done
reader_ends
check '4 KB: unsent' "$(counted unsent)" 0

# ---- nobody reads: the same clients get nothing

# What they say, counted: dig's word, and an empty line of each other's.
got_any() {
	for _server in 192.0.2.1 2001:db8::1; do
		for _way in +notcp +tcp; do
			dig_says @$_server $_way $NAME A >"$HERE/got.$_server$_way" &
			_pids="${_pids-} $!"
		done
		servers $_server
		getent_says ahosts $NAME >>"$HERE/got.getent"
		servers $_server use-vc
		getent_says ahosts $NAME >>"$HERE/got.getent"
	done
	busybox_says $NAME >>"$HERE/got.busybox"
	wait $_pids
	cat "$HERE"/got.* | sort | uniq -c | xargs
}
WAIT=1
reader_starts idle
check 'nobody reads' "$(got_any)" '5 4 nothing'
reader_ends

# ---- without its device a datapath ends

reader_starts datapath
ip link del $TUN
wait "$READER"
READER=''
check 'the device is gone' "$(grep -c 'the datapath has ended' \
    "$HERE/reader.log")" 1

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
