# SPDX-License-Identifier: ISC
# resolvers.sh - resolvers beside each other; sourced by answer.sh and warm.sh
#
#     one network for each                      one for all
#   +---------------------------+            +----------------+
#   | client ---> resolver      |   e0    vN | bench_upstream |
#   |             127.0.0.1:53  |------------| 10.53.N.1:53   |
#   +---------------------------+ 10.53.N.2  +----------------+
#
# The client has a route to the names' addresses (bulkname.h), and what is
# sent there is never answered. A row is called by a word:
#
#   direct     no resolver: the client asks the upstream itself
#   relay      bench_floor, nothing is opened
#   floor      bench_floor, hand-packed addition, acknowledged
#   violator   bench_floor, which replies first
#   nftset ipset smartdns unbound     the peers (unbound opens nothing)
#   set hash bypass                   sallyportd; ledger: set, with capture

. tests/live/world.sh
. tests/live/packages.sh

UPSTREAM_CPU=1

rows_close() {
	read -r _self _rest </proc/self/stat
	pkill -P "$_self" || :
	for _ns in $(ip netns list | awk '{ print $1 }' | grep "^$W-"); do
		ip netns pids "$_ns" | xargs -r kill -9 2>/dev/null || true
		ip netns del "$_ns"
	done
	for _set in $IPSETS; do
		"$IPSET" destroy "$_set" 2>/dev/null || true
	done
	rm -rf "$WORLD"
}

rows_open() {
	WORLD=$(mktemp -d "${TMPDIR:-/tmp}/sallyport.XXXXXX")
	PACKAGES=$PWD/build/check/packages
	IPSETS='' IPSET=false ROWS='' N=0
	chmod 755 "$WORLD"
	trap rows_close EXIT
	trap 'exit 130' INT TERM HUP
	world_etc
	ip netns add "$W-up"
	ip -n "$W-up" link set lo up
	ip -n "$W-up" route add blackhole 198.18.0.0/15
	ip -n "$W-up" route add blackhole 2001:db8:18::/48
	world_start upstream ip netns exec "$W-up" \
	    "$bin/bench_upstream" "$WORLD/trips"
	UPSTREAM=$PID
	world_until 50 grep -q ready "$WORLD/upstream.log"
	upstream_on $UPSTREAM_CPU
}

upstream_on() { taskset -ap -c "$1" "$UPSTREAM" >/dev/null; }

# In the network of row $1.
at() {
	_ns=$W-$1
	shift
	ip netns exec "$_ns" "$@"
}

network() {
	N=$((N + 1))
	ip netns add "$W-$1"
	ip -n "$W-$1" link add e0 type veth peer name v$N netns "$W-up"
	at "$1" sysctl -qw net.ipv6.conf.e0.accept_dad=0
	ip netns exec "$W-up" sysctl -qw net.ipv6.conf.v$N.accept_dad=0
	ip -n "$W-$1" link set lo up
	ip -n "$W-$1" addr add 10.53.$N.2/30 dev e0
	ip -n "$W-$1" addr add fd53:$N::2/64 dev e0
	ip -n "$W-up" addr add 10.53.$N.1/30 dev v$N
	ip -n "$W-up" addr add fd53:$N::1/64 dev v$N
	ip -n "$W-up" link set v$N up
	ip -n "$W-$1" link set e0 up
	ip -n "$W-$1" route add default via 10.53.$N.1
	ip -n "$W-$1" route add default via fd53:$N::1
	echo 10.53.$N.1 >"$WORLD/upstream-$1"
}

# ---- what peers have for a firewall: TIMEOUT of elements

rules() {
	cat <<-END
	table inet bench {
		set allow4 { type ipv4_addr; flags timeout; timeout $1; }
		set allow6 { type ipv6_addr; flags timeout; timeout $1; }
		chain out {
			type filter hook output priority 0
			ip daddr @allow4 accept
			ip6 daddr @allow6 accept
			tcp dport 80 reject with tcp reset
		}
	}
	END
}

# ROW [TIMEOUT]
load() {
	{
		echo 'flush ruleset'
		rules "${2:-1h}"
	} >"$WORLD/rules"
	at "$1" nft -f "$WORLD/rules"
}

# ---- starting

# WORD PROGRAM ARGUMENT...: in the background, on that row.
resolver() {
	_row=$1
	shift
	world_start "$_row" ip netns exec "$W-$_row" "$@"
}

# PROGRAM PACKAGE...: its path in FOUND, if the host has it or Debian does.
found() {
	FOUND=$(command -v "$1") && return
	_program=$1
	shift
	packages_fetch "$@" || true
	FOUND=$(first_program "$PACKAGES"/*/usr/sbin/$_program \
	    "$PACKAGES"/*/sbin/$_program) && return
	echo "left out: $_program is not there, nor to be had (Debian: $*)"
	return 1
}

start_direct() { :; }
start_relay() { resolver "$1" "$bin/bench_floor" relay "$2"; }
start_floor() { load "$1" && resolver "$1" "$bin/bench_floor" ack "$2"; }
start_violator() { load "$1" && resolver "$1" "$bin/bench_floor" late "$2"; }

dnsmasq_with() {
	_row=$1 _server=$2
	shift 2
	resolver "$_row" dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --no-resolv --no-hosts --no-ping --user=root --pid-file= \
	    --listen-address=127.0.0.1 --bind-interfaces \
	    --dns-forward-max=10000 --server="$_server" \
	    --log-facility=/dev/null "$@"
}

start_nftset() {
	found dnsmasq dnsmasq-base || return
	load "$1"
	dnsmasq_with "$1" "$2" \
	    --nftset=/bench.test/4#inet#bench#allow4,6#inet#bench#allow6
}

# Sets of this kind are of a network, too; its rules are not made here.
start_ipset() {
	found dnsmasq dnsmasq-base && found ipset ipset libipset13 || return
	IPSET=$FOUND
	export LD_LIBRARY_PATH="$PACKAGES/libipset13/usr/lib/$(uname -m)-linux-gnu"
	at "$1" "$IPSET" create allow4 hash:ip timeout 3600 &&
	    at "$1" "$IPSET" create allow6 hash:ip family inet6 timeout 3600 || {
		echo "left out: dnsmasq --ipset: the kernel has no such sets"
		return 1
	}
	dnsmasq_with "$1" "$2" --ipset=/bench.test/allow4,allow6
}

start_smartdns() {
	found smartdns smartdns || return
	load "$1"
	cat >"$WORLD/smartdns.conf" <<-END
	bind 127.0.0.1:53
	server $2
	cache-size 512
	cache-persist no
	prefetch-domain no
	serve-expired no
	speed-check-mode none
	dualstack-ip-selection no
	response-mode fastest-response
	log-level error
	log-file /dev/null
	nftset /bench.test/#4:inet#bench#allow4,#6:inet#bench#allow6
	END
	resolver "$1" "$FOUND" -f -p - -c "$WORLD/smartdns.conf"
}

start_unbound() {
	found unbound unbound || return
	cat >"$WORLD/unbound.conf" <<-END
	server:
		interface: 127.0.0.1
		do-daemonize: no
		username: ""
		chroot: ""
		use-syslog: no
		pidfile: ""
		module-config: "iterator"
		local-zone: "test." nodefault
	forward-zone:
		name: "."
		forward-addr: $2
	END
	resolver "$1" "$FOUND" -d -c "$WORLD/unbound.conf"
}

# ROW UPSTREAM LINE...: the daemon with these settings, its door open.
sallyportd_with() {
	_row=$1 _server=$2
	shift 2
	_dir=$WORLD/$_row
	mkdir "$_dir"
	{
		echo "state-dir = \"$_dir/state\""
		echo "run-dir = \"$_dir/run\""
		echo "control { socket = \"$_dir/control.sock\" }"
		echo 'profile = "none"'
		echo 'suffixes = {"bench.test"}'
		echo "upstreams = {\"$_server\"}"
		echo 'hostdns = none'
		echo "allow { ttl-max = ${TTL_MAX:-300} }"
		printf '%s\n' "$@"
	} >"$_dir/conf"
	chmod 644 "$_dir/conf"
	resolver "$_row" unshare -m sh -c "mount --make-rprivate / &&
	    mount --bind '$WORLD/etc' /etc &&
	    exec '$bin/sallyportd' -d -f '$_dir/conf'"
	world_until 50 sallyport "$_row" status &&
	    sallyport "$_row" netcheck on >/dev/null &&
	    sallyport "$_row" lockdown on >/dev/null || {
		tail -n 3 "$WORLD/$_row.log"
		return 1
	}
}

sallyport() {
	_dir=$WORLD/$1
	shift
	"$bin/sallyport" --socket "$_dir/control.sock" "$@"
}

start_set() { sallyportd_with "$@" 'door = set' 'capture = off'; }
start_hash() { sallyportd_with "$@" 'door = hash' 'capture = off'; }
start_ledger() { sallyportd_with "$@" 'door = set' 'capture = on'; }
start_bypass() {
	sallyportd_with "$@" 'door = set' 'capture = off' 'datapath = bypass'
}

# ---- for the benchmarks

# The name of a row in tables.
title() {
	case $1 in
	nftset) echo 'dnsmasq nftset' ;;
	ipset) echo 'dnsmasq ipset' ;;
	smartdns) echo 'smartdns nftset' ;;
	unbound) echo 'unbound, no set' ;;
	ledger) echo 'sallyport set and ledger' ;;
	set | hash | bypass) echo "sallyport $1" ;;
	*) echo "$1" ;;
	esac
}

# Whom the client asks on row $1.
server() {
	case $1 in
	direct | bypass) cat "$WORLD/upstream-$1" ;;
	*) echo 127.0.0.1 ;;
	esac
}

pids() { ip netns pids "$W-$1" | xargs; }

# ROW [OPTION]: in ROWS, if it can be had; an option of the client's.
row_start() {
	network "$1"
	if "start_$1" "$1" "$(cat "$WORLD/upstream-$1")" &&
	    world_until 30 at "$1" "$bin/bench_answer" -q ${2-} \
		-s "$(server "$1")" -f 0 -n 1; then
		ROWS="$ROWS $1"
		pids "$1" >"$WORLD/pids-$1"
	else
		echo "left out: $(title "$1") does not answer"
	fi
}

# As if nothing had been opened yet.
row_reset() {
	case $1 in
	set | hash | bypass | ledger)
		sallyport "$1" lockdown off >/dev/null &&
		sallyport "$1" lockdown on >/dev/null
		;;
	floor | violator | nftset | smartdns)
		at "$1" nft 'flush set inet bench allow4;
		    flush set inet bench allow6' ;;
	ipset)
		at "$1" "$IPSET" flush
		;;
	esac
}

# ROW OPTION...: the client, that knows of the row's processes.
client() {
	_row=$1
	shift
	at "$_row" "$bin/bench_answer" -r "$(title "$_row")" \
	    -s "$(server "$_row")" -p "$(cat "$WORLD/pids-$_row")" \
	    -o "$WORLD/seen" "$@"
}

# NAME MEASURE UNIT less|more BASE: of what clients have seen, a table. Lines
# "round" come between rounds.
table() {
	[ "$4" = more ] && _more=-m || _more=
	awk -F '\t' -v measure="$2" '
	    $1 == "round" { round++ }
	    $1 == measure { print round "\t" $2 "\t" $3 }' "$WORLD/seen" |
	    "$bin/bench_table" $_more "$1" "$3" "$5" "$tsv"
	echo
}
