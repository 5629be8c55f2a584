# SPDX-License-Identifier: ISC
# world.sh - two vnet jails to try pf in; sourced, not run
#
#      laptop (jail)                      router (jail)
#   epairNa 192.168.77.2/24 ---------- epairNb 192.168.77.1/24  resolver
#           fd77::2/64                         fd77::1/64
#                                              203.0.113.10     probe, port 80, 81
#                                              203.0.113.20     another, port 80
#
# Each jail has a network and a pf of its own: the host's rules and addresses
# stay as they are. Both see the host's files, so what is written is written
# into one temporary directory. Needs root, FreeBSD with VIMAGE (GENERIC has
# it) and nothing beyond the base system.
#
# It has run on one FreeBSD only (docs/freebsd.md), and is kept simple: what
# goes wrong is told with the command's own words.

set -u
export LC_ALL=C
if [ "$(uname -s)" != FreeBSD ] || [ "$(id -u)" -ne 0 ]; then
	echo "skipped: needs FreeBSD, and root"
	exit 77
fi

L=spl$$ R=spr$$			# the jails
UP4=192.168.77.1 PROBE4=203.0.113.10 OTHER4=203.0.113.20
DIR=''				# of what is written
PIDS=''				# that we have started
EPAIR=''			# epairN, without a or b
LOADED=''			# kernel modules that were not there before
passed=0 failed=0

laptop() { jexec "$L" "$@"; }
router() { jexec "$R" "$@"; }

# NAME GOT WANT
check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: \"$2\", not \"$3\""
	fi
}

# yes, or no: does a command end well?
said() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

# Waits for a command to end well, at most $1 tenths of a second.
until_tenths() {
	_n=$1
	shift
	while ! "$@" >/dev/null 2>&1; do
		_n=$((_n - 1))
		[ "$_n" -gt 0 ] || return 1
		sleep 0.1
	done
}

module() {
	kldstat -q -m "$1" && return 0
	kldload "$1" || return 1
	LOADED="$LOADED $1"
}

world_close() {
	for _pid in $PIDS; do
		kill "$_pid" 2>/dev/null
	done
	jail -r "$L" 2>/dev/null
	jail -r "$R" 2>/dev/null
	wait
	# Back from the jails it takes a moment.
	if [ -n "$EPAIR" ]; then
		until_tenths 50 ifconfig "${EPAIR}a" destroy
	fi
	for _module in $LOADED; do
		kldunload "$_module" 2>/dev/null
	done
	[ -z "$DIR" ] || rm -r "$DIR"
}

world_jail() {
	jail -c name="$1" path=/ host.hostname="$1" vnet persist \
	    allow.raw_sockets || return 1
	jexec "$1" ifconfig lo0 inet 127.0.0.1/8 up
}

world_links() {
	_a=$(ifconfig epair create) || return 1
	EPAIR=${_a%a}
	ifconfig "${EPAIR}a" vnet "$L" && ifconfig "${EPAIR}b" vnet "$R" ||
	    return 1
	laptop ifconfig "${EPAIR}a" inet 192.168.77.2/24 up
	laptop ifconfig "${EPAIR}a" inet6 -ifdisabled no_dad
	laptop ifconfig "${EPAIR}a" inet6 fd77::2/64
	router ifconfig "${EPAIR}b" inet 192.168.77.1/24 up
	router ifconfig "${EPAIR}b" inet6 -ifdisabled no_dad
	router ifconfig "${EPAIR}b" inet6 fd77::1/64
	router ifconfig "${EPAIR}b" inet $PROBE4/32 alias
	router ifconfig "${EPAIR}b" inet $OTHER4/32 alias
	laptop route -q add default 192.168.77.1
}

# A resolver that knows one name, of the base system.
world_resolver() {
	cat >"$DIR/unbound.conf" <<-END
		server:
			username: ""
			chroot: ""
			directory: "$DIR"
			pidfile: "$DIR/unbound.pid"
			use-syslog: no
			logfile: "$DIR/unbound.log"
			do-daemonize: no
			interface: $UP4
			access-control: 192.168.77.0/24 allow
			local-zone: "captive.apple.com." static
			local-data: "captive.apple.com. 60 A $PROBE4"
			module-config: "iterator"
		remote-control:
			control-enable: no
	END
	jexec "$R" local-unbound -c "$DIR/unbound.conf" &
	PIDS="$PIDS $!"
	until_tenths 50 laptop drill -Q @$UP4 captive.apple.com
}

# ADDRESS PORT: whoever connects is told "here".
world_web() {
	(
		while :; do
			echo here | jexec "$R" nc -N -l "$1" "$2"
		done
	) >"$DIR/web.$1.$2" 2>&1 &
	PIDS="$PIDS $!"
}

# ADDRESS: a connection to its port 443; what is written to 3 arrives in
# $DIR/got. Its listener may be late.
world_stream() {
	mkfifo "$DIR/in"
	jexec "$R" nc -l "$1" 443 >"$DIR/got" 2>/dev/null &
	PIDS="$PIDS $!"
	for _try in 1 2 3 4 5 6 7 8 9 10; do
		jexec "$L" nc "$1" 443 && break
		sleep 0.1
	done <"$DIR/in" >/dev/null 2>&1 &
	PIDS="$PIDS $!"
	exec 3>"$DIR/in"
}

world_open() {
	trap world_close EXIT
	trap 'exit 1' INT TERM
	trap '' PIPE		# of a connection that should have been
	DIR=$(mktemp -d /tmp/sallyport.XXXXXX) && chmod 755 "$DIR" &&
	    module if_epair && module pf &&
	    world_jail "$L" && world_jail "$R" && world_links || {
		echo "FAILED: the jails: see above"
		exit 1
	}
}

# ---- what leaves the laptop

# Everything that a program might try; each has a source port of its own, and
# each time others, by which it is known in the capture. Pings are known by
# being pings.
FROM=40000
probes() {
	echo x | laptop nc -u -w 1 -p $((FROM + 1)) $OTHER4 9
	laptop nc -z -w 1 -p $((FROM + 2)) $OTHER4 80
	echo x | laptop nc -u -w 1 -p $((FROM + 3)) $UP4 53
	laptop nc -z -w 1 -p $((FROM + 4)) $UP4 53
	laptop nc -z -w 1 -p $((FROM + 5)) $UP4 853
	echo x | laptop nc -6 -u -w 1 -p $((FROM + 6)) fd77::1 9
	laptop nc -6 -z -w 1 -p $((FROM + 7)) fd77::1 80
	laptop ping -c 1 -t 1 $OTHER4
	laptop ping -6 -c 1 -t 1 fd77::1
}

# How many of the nine arrived at the router: in ARRIVED, and which in
# $DIR/arrived.
leaks() {
	FROM=$((FROM + 10))
	jexec "$R" tcpdump -n -l -U -i "${EPAIR}b" \
	    "portrange $FROM-$((FROM + 9)) or icmp[0] == 8 or (icmp6 and ip6[40] == 128)" \
	    >"$DIR/capture" 2>"$DIR/capture.log" &
	_tcpdump=$!
	until_tenths 50 grep -q listening "$DIR/capture.log" ||
	    echo "FAILED: tcpdump: $(cat "$DIR/capture.log")"
	probes >/dev/null 2>&1
	sleep 1			# what is on its way
	kill $_tcpdump
	wait $_tcpdump 2>/dev/null
	sed -nE -e 's/.* 192\.168\.77\.2\.([0-9]+) > .*/\1/p' \
	    -e 's/.* fd77::2\.([0-9]+) > .*/\1/p' \
	    -e 's/.* (IP6?) .*[Ee]cho request.*/\1/p' "$DIR/capture" |
	    sort -u >"$DIR/arrived"
	ARRIVED=$(wc -l <"$DIR/arrived" | tr -d ' ')
}

# NAME WANT
check_leaks() {
	leaks
	check "$1" "$ARRIVED" "$2"
	[ "$ARRIVED" = "$2" ] || tr '\n' ' ' <"$DIR/arrived"
}

finish() {
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ]
}
