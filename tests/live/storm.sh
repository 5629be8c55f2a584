#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Links, addresses, routes, neighbours, DNS settings and wakes in any order
# and without a pause; then everything is as it should be, nothing has leaked,
# and neither process has grown. The wakes are a fake (live_sleeper.c). For
# the network see world.sh.
#
# usage: [DATAPATH=bypass] storm.sh [BUILD]; EVENTS=500, SEED=11, PAUSE=10 (ms, on average)
# A minute by hand: EVENTS=2000 SEED=$(date +%s) tests/live/storm.sh

. "$(dirname "$0")/assert.sh"

EVENTS=${EVENTS:-500} SEED=${SEED:-11} PAUSE=${PAUSE:-10}
OTHER_DNS=10.9.9.1
# What is open must not end by a leap of the clock: the ledger tells a packet's
# time by it, and takes one that left before the leap for one behind it.
DNS_TTL=300
WARM=$((EVENTS / 5))

lip() { ip -n "$LAPTOP" "$@" 2>/dev/null; }
rip() { ip -n "$ROUTER" "$@" 2>/dev/null; }

# ---- what may happen

link_comes() {
	lip link set eth0 up
	lip addr replace 192.168.77.2/24 dev eth0
	lip addr replace fd77::2/64 dev eth0
	lip route replace default via $DNS4
	lip route replace default via $DNS6
}
link_goes() { lip link set eth0 down; }
carrier_goes() { rip link set lan0 down; }
carrier_comes() {
	rip link set lan0 up
	rip addr replace $DNS6/64 dev lan0
}

writes() { printf '# event %s\nnameserver %s\n' $i "$1" >"$WORLD/etc/resolv.conf"; }
# As those do that are careful.
renames() {
	printf 'nameserver %s\n' "$1" >"$WORLD/etc/resolv.conf.storm"
	mv "$WORLD/etc/resolv.conf.storm" "$WORLD/etc/resolv.conf"
}
line_by_line() {
	: >"$WORLD/etc/resolv.conf"
	echo "search home.arpa" >>"$WORLD/etc/resolv.conf"
	echo "nameserver $1" >>"$WORLD/etc/resolv.conf"
}

# Not twice in half a second, for the same reason: what left before the first
# leap would have left a second too late for the ledger.
wakes() {
	_now=$(date +%s%N)
	[ $((_now - leapt)) -gt 500000000 ] || return 0
	leapt=$_now
	ahead=$((ahead + 1 + i % 7))
	printf %012d $ahead |
	    dd of="$WORLD/sleeper" conv=notrunc status=none
	echo >"$WORLD/sleeper.set"
}

event() {
	case $1 in
	0) link_goes ;;
	1 | 2 | 3) link_comes ;;
	4) carrier_goes ;;
	5 | 6) carrier_comes ;;
	7) lip addr add 10.9.9.2/24 dev eth0 ;;
	8) lip addr flush dev eth0 to 10.9.9.0/24 ;;
	9) lip route del default ;;
	10) lip route replace default via $DNS4 metric 5 ;;
	11) lip route add 198.51.100.0/24 dev eth0 ||
	    lip route del 198.51.100.0/24 dev eth0 ;;
	12) writes $OTHER_DNS ;;
	13) writes $DNS4 ;;
	14) renames $DNS4 ;;
	15) line_by_line $DNS4 ;;
	16 | 17) wakes ;;
	18) lip neigh replace $DNS4 dev eth0 lladdr 02:00:00:00:00:$2 \
	    nud reachable ;;
	19) lip neigh flush dev eth0 ;;
	20) lip link add storm0 type dummy || lip link del storm0 ;;
	21) lip link set storm0 up ;;
	22) lip rule add pref 99 table 99 || lip rule del pref 99 ;;
	23) lip link set eth0 mtu 14$2 ;;
	esac
}

# N: kinds, parameters and pauses, the same for the same seed.
plan() {
	awk -v n="$1" -v seed="$SEED" -v pause="$PAUSE" 'BEGIN {
		srand(seed)
		while (n--)
			printf "%d %d 0.%03d\n", rand() * 24, 10 + rand() * 89,
			    rand() * 2 * pause
	}'
}

happens() {
	while read -r kind parameter pause; do
		i=$((i + 1))
		event "$kind" "$parameter"
		sleep "$pause"
	done
}

# ---- before and after

# Of control and datapath: kB in memory, descriptors.
size() {
	for _pid in $DAEMON_PID $(status .resolver.pid); do
		awk '/^VmRSS:/ { print $2 }' "/proc/$_pid/status"
		ls "/proc/$_pid/fd" | wc -l
	done | xargs
}

calms_down() {
	carrier_comes
	lip link del storm0
	lip rule del pref 99
	lip addr flush dev eth0 to 10.9.9.0/24
	lip link set eth0 mtu 1500
	lip route del default
	lip neigh flush dev eth0 nud all
	link_comes
	writes $DNS4
	check_comes "$1: the door" right_addresses
	# Who is set right too often is left alone for a while: 20 s.
	check "$1: the host's DNS" "$(world_until 250 dns_is_ours && echo ours)" \
	    ours
}
right_addresses() {
	[ "$(opened | awk '{ print $1 }' | xargs)" = "$PROBE6 $PROBE4" ] ||
	[ "$(opened | awk '{ print $1 }' | xargs)" = "$PROBE4 $PROBE6" ]
}
dns_is_ours() {
	bypass && [ "$(steered)" = "3 3" ] && return
	bypass || laptop head -n 1 /etc/resolv.conf | grep -q '^# sallyport '
}

# What the router saw that is no business of a blocked machine.
leaked() {
	tcpdump -nr "$WORLD/storm.pcap" "not arp and not icmp6 and
	    not (port 53 and (host $DNS4 or host $DNS6 or host $OTHER_DNS)) and
	    not (tcp and (port 80 or port 443) and
	    (host $PROBE4 or host $PROBE6))" 2>/dev/null
}

# ---- the storm

world_opened
daemon_conf
ahead=0 leapt=0 i=0
printf %012d 0 >"$WORLD/sleeper"
mkfifo "$WORLD/sleeper.set"
PROGRAM=live_sleeper
export SLEEPER="$WORLD"
world_capture storm "src host 192.168.77.2 or src host 10.9.9.2 or
    src host fd77::2"
daemon_started
DAEMON_PID=$DAEMON
sp netcheck on >/dev/null
sp lockdown on >/dev/null
door_opens
# Somebody who wants out all the time, and may not; and one who may.
laptop_start user setpriv --reuid $PLAIN_ID --regid $PLAIN_ID --clear-groups \
    -- "$BUILD/live_hammer" 80 $OTHER4 $OTHER6 $PROBE4
USER_HAMMER=$PID
laptop_start root "$BUILD/live_hammer" 443 $OTHER4 $PROBE4 $PROBE6
ROOT_HAMMER=$PID

echo "seed $SEED, $EVENTS events"
plan $EVENTS >"$WORLD/plan"
head -n $WARM "$WORLD/plan" >"$WORLD/plan.warm"
happens <"$WORLD/plan.warm"
calms_down "warm"
before=$(size)
epochs=$(status .epoch)
start=$(date +%s)
tail -n +$((WARM + 1)) "$WORLD/plan" >"$WORLD/plan.rest"
happens <"$WORLD/plan.rest"
seconds=$(($(date +%s) - start + 1))
grown=$(($(status .epoch) - epochs))
calms_down "after"
after=$(size)
echo "in $seconds s: $grown epochs, $(status .counters.network_deferred) put $(
    )off, $(status .counters.wakes) wakes; kB and descriptors of control and $(
    )datapath: $before, then $after"

check "what is done a second is bounded" \
    $((grown <= 2 * (16 + 10 * seconds))) 1
check "state" "$(status '.state + " " + .policy')" \
    "disconnected blocked-active"
check "rules" "$(loaded)" door
check "upstreams" "$(status '[.upstreams[].address] | join(" ")')" $DNS4
check "nobody died" "$(status .resolver.restarts)" 0
check "control is the same" "$(kill -0 "$DAEMON_PID" && echo alive)" alive
set -- $before $after
# What the allocator keeps, and pages that were not touched before.
check "control's memory: $1, then $5 kB" $(($5 - $1 <= 512)) 1
check "control's descriptors" $6 $2
check "the datapath's memory: $3, then $7 kB" $(($7 - $3 <= 512)) 1
check "the datapath's descriptors: $4, then $8" $(($8 <= $4 + 4)) 1
check "the ledger: $(sp leaks | tail -n 4 | xargs)" "$(status .ledger.leaks)" 0
world_end $USER_HAMMER
world_end $ROOT_HAMMER
world_end $CAPTURE
check "leaks at the router" "$(leaked | head -n 3)" ""
check "the router saw questions" \
    "$(tcpdump -nr "$WORLD/storm.pcap" "port 53" 2>/dev/null | head -n 1 |
    wc -l)" 1
sp lockdown off >/dev/null
sp netcheck off >/dev/null
check "the host's own DNS is back" \
    "$(laptop cat /etc/resolv.conf | grep -c "^nameserver $DNS4\$")" 1
check "nothing of ours is left in it" \
    "$(laptop grep -c sallyport /etc/resolv.conf)" 0
finish
