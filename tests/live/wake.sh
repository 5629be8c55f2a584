#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The laptop sleeps on one network and wakes on another. The system bus is a
# real one of our own; logind is a fake (live_logind.c), and so is the sleep,
# as no test can suspend its machine: the boot clock of one daemon jumps
# (live_sleeper.c). The control is a daemon that does not notice any of it
# (live_drowsy.c).
#
#     laptop                     router              internet
#   eth0 192.168.77.2   ------ lan0 192.168.77.1 --- probe
#    and then 10.9.9.2  ------      10.9.9.1
#   dbus-daemon, live_logind
#
# usage: wake.sh [BUILD]

. "$(dirname "$0")/assert.sh"

if [ ! -x "$BUILD/live_logind" ] || ! command -v dbus-daemon >/dev/null; then
	echo "skipped: needs libsystemd and dbus-daemon"
	exit 77
fi

OTHER_DNS=10.9.9.1
BUS_CONF=/usr/share/dbus-1/system.conf

# ---- the bus, and who is on it

bus_starts() {
	laptop_start bus dbus-daemon --config-file="$BUS_CONF" --nofork \
	    --nopidfile --nosyslog --address="$DBUS_SYSTEM_BUS_ADDRESS"
	BUS=$PID
	world_until 100 test -S "$WORLD/bus"
}

bus_ends() {
	world_end $BUS
	rm -f "$WORLD/bus"
}

# As Debian's package has it.
bus_policy() {
	mkdir -p "$WORLD/etc/dbus-1/system.d"
	cat >"$WORLD/etc/dbus-1/system.d/login1.conf" <<-END
	<busconfig>
	<policy user="root"><allow own="org.freedesktop.login1"/></policy>
	<policy context="default">
	<allow send_destination="org.freedesktop.login1"
	    send_interface="org.freedesktop.login1.Manager"/>
	<allow send_destination="org.freedesktop.login1"
	    send_interface="org.freedesktop.DBus.Properties"/>
	</policy>
	</busconfig>
	END
	# What the kernel holds when the lock is released.
	cat >"$WORLD/look" <<-END
	nft list table inet sallyport >"$WORLD/released" 2>&1
	END
}

logind_starts() {
	rm -f "$WORLD/words"
	mkfifo "$WORLD/words"
	laptop_start logind sh -c "exec '$BUILD/live_logind' serve \
	    'sh $WORLD/look' <>'$WORLD/words'"
	LOGIND=$PID
	world_until 100 grep -q ready "$WORLD/logind.log"
}

logind() { echo "$1" >"$WORLD/words"; }

# WORD TIMES: it has said so
said() { [ "$(grep -c "^$1" "$WORLD/logind.log")" -eq "$2" ]; }

# ---- the two networks

# Without a word to the daemon: as the programs do that bring a network.
first_network() {
	laptop sh -c "printf 'nameserver %s\n' $DNS4 >/etc/resolv.conf"
	laptop_up
}

other_network() {
	laptop sh -c "rm /etc/resolv.conf
		printf 'nameserver %s\n' $OTHER_DNS >/etc/resolv.conf"
	ip -n "$LAPTOP" link set eth0 up
	ip -n "$LAPTOP" addr add 10.9.9.2/24 dev eth0
	ip -n "$LAPTOP" route add default via $OTHER_DNS
}

no_network() { laptop_down; }

open_door() {
	sp netcheck on >/dev/null
	sp lockdown on >/dev/null
	door_opens
}

ended() {
	sp lockdown off >/dev/null
	sp netcheck off >/dev/null
	daemon_ends TERM
	no_network
	laptop rm -f /etc/resolv.conf
	first_network
}

# Elements of the sets in the rules that were seen at the release.
elements_then() {
	awk '$1 == "set" { set = $2 }
		/elements = / && set ~ /^allow/ { n++ } END { print n + 0 }' \
	    "$WORLD/released"
}

waits() { status_is .wake.waits "$1"; }
wakes() { status .counters.wakes; }
wakes_are() { [ "$(wakes)" -eq "$1" ]; }

# The newest episode: names of events in order, those that are asked about.
story() {
	sp --json timeline | jq -r --arg only " $* " \
	    '.episodes[0] | [.reason] + [.events[].name |
	    select((" " + . + " ") as $n | $only | contains($n))] | join(" ")'
}
story_is() {
	_want=$1
	shift
	[ "$(story "$@")" = "$_want" ]
}

probes() { laptop curl -sS -m 5 "http://$PROBE4/" >/dev/null; }
marked() { story "$1" | grep -q "$1"; }

rules_without() { ! lap nft list table inet sallyport | grep -q "$1"; }

# NAME: the other network comes up, and the check is through.
reconnects() {
	other_network
	check_comes "$1: the door opens" elements_are 2
	probes
	check_comes "$1: the probe is seen" marked probe
	check "$1: the story" "$(story wake link address opened probe)" \
	    "wake wake link address opened probe"
	# The settings may be written a moment behind the link's news.
	check_comes "$1: the upstream" status_is \
	    '[.upstreams[].address] | join(" ")' "$OTHER_DNS"
	check_comes "$1: the rules ask that one only" rules_without "$DNS4"
	check "$1: state" "$(status '.state + " " + .policy')" \
	    "disconnected blocked-active"
}

# ---- the clock alone

# SECONDS more; and the kernel says that the clock was set.
sleeps() {
	ahead=$((ahead + $1))
	printf %012d $ahead |
	    dd of="$WORLD/sleeper" conv=notrunc status=none
	clock_is_set
}
clock_is_set() { echo >"$WORLD/sleeper.set"; }

by_the_clock() {
	ahead=0
	printf %012d 0 >"$WORLD/sleeper"
	mkfifo "$WORLD/sleeper.set"
	PROGRAM=live_sleeper
	export SLEEPER="$WORLD"
	daemon_started
	open_door
	check_like "no bus: said" "$(status .wake.problem)" "system bus: *"
	check "no bus: said once" "$(grep -c 'sleep does not wait' \
	    "$WORLD/daemon.log")" 1
	clock_is_set
	check_comes "wall clock set: noticed" \
	    grep -q "set the wall clock" "$WORLD/daemon.log"
	check "wall clock set: no wake" "$(wakes)" 0
	check "wall clock set: the door" "$(elements)" 2
	no_network
	sleeps 20
	check_comes "clock: wakes" wakes_are 1
	check "clock: the old network's door" "$(elements)" 0
	check "clock: how long" "$(status '.wake.slept | round')" 20
	check_like "clock: episode" "$(story wake)" "wake wake"
	reconnects "clock"
	# Nobody tells the daemon of a sleep; it sees by the clock, whatever
	# happens next. And nobody is there to be asked again.
	world_end $DNSMASQ
	ahead=$((ahead + 400))
	printf %012d $ahead |
	    dd of="$WORLD/sleeper" conv=notrunc status=none
	sp status >/dev/null
	check_comes "asleep: addresses expire by the boot clock" elements_are 0
	check "asleep: not by a wake" "$(wakes)" 1
	PROGRAM=
	world_dns
	ended
}

# ---- with logind

# NAME: at this moment sleep waits; then it does not.
goes_to_sleep() {
	n=$(grep -c ^released "$WORLD/logind.log")
	logind sleep
	check_comes "$1: sleep is let go" said released $((n + 1))
	check_like "$1: the block at that moment" \
	    "$(tr -d '\n\t' <"$WORLD/released")" \
	    "*hook output*policy drop;goto output-blocked*"
	check "$1: the door at that moment" "$(elements_then)" 0
}

with_logind() {
	bus_starts
	logind_starts
	daemon_started
	check_comes "logind: sleep waits" waits true
	check "logind: the lock" "$(grep ^held "$WORLD/logind.log")" \
	    "held sleep sallyport delay"
	open_door
	goes_to_sleep "sleep"
	check "asleep: shut" "$(status '[.wake.asleep, .epoch, .allowed] | @json')" \
	    "[true,0,0]"
	check "asleep: does not wait" "$(status .wake.waits)" false
	no_network
	first_network
	sp netcheck off >/dev/null
	sp netcheck on >/dev/null
	probes
	check "asleep: nothing opens" "$(status .epoch), $(elements)" "0, 0"
	no_network
	logind wake
	check_comes "awake: the lock again" said "held sleep" 2
	check_comes "awake: sleep waits" waits true
	check "awake: once" "$(wakes)" 1
	check "awake: the old network's door" "$(elements)" 0
	reconnects "awake"
}

forged_are() { [ "$(status .counters.sleep_forged)" -ge "$1" ]; }

# Anybody may send us signals; only logind's count.
hostile() {
	epoch=$(status .epoch)
	sleeps_were=$(status .counters.sleeps)
	for what in true false; do
		as_user "$BUILD/live_logind" forge $what 200
		check "forged $what: exit code" $? 0
	done
	check_comes "forged: counted" forged_are 400
	logind broken
	check "hostile: nothing moves" \
	    "$(status .epoch), $(status .counters.sleeps), $(wakes)" \
	    "$epoch, $sleeps_were, 1"
	check "hostile: sleep waits" "$(status .wake.waits)" true
}

# logind goes away while the machine is about to sleep; then the bus does.
breaking() {
	door_opens
	goes_to_sleep "last words"
	world_end $LOGIND
	check_comes "logind is gone: said" status_is .wake.problem \
	    "the system bus has no logind"
	check "logind is gone: shut" \
	    "$(status '[.wake.asleep, .epoch] | @json')" "[true,0]"
	logind_starts
	check_comes "logind is back, and awake: told" wakes_are 2
	check_comes "logind is back, and awake: the door" elements_are 2
	check_comes "logind is back: sleep waits" waits true
	bus_ends
	check_comes "bus is gone: told" waits false
	check "bus is gone: the door" "$(elements)" 2
	bus_starts
	logind_starts
	check_comes "bus is back: sleep waits" waits true
	goes_to_sleep "bus ends"
	bus_ends
	check_comes "bus ends while asleep: told" status_is \
	    '.wake.problem | startswith("system bus: ")' true
	check "bus ends while asleep: shut" \
	    "$(status '[.wake.asleep, .epoch] | @json')" "[true,0]"
	bus_starts
	logind_starts
	check_comes "a new bus, and awake: the door" elements_are 2
	check_comes "a new bus, and awake: sleep waits" waits true
	for how in deny bare; do
		logind $how
		logind sleep
		check_comes "$how: shut" status_is .wake.asleep true
		logind wake
		check_comes "$how: no lock" status_is '.wake.problem // "" |
		    startswith("no inhibitor lock: ")' true
		logind grant
		check_comes "$how: asked for again" waits true
	done
	check_comes "in the end: the door" elements_are 2
}

# Another daemon comes while the machine is about to sleep.
restarting() {
	logind sleep
	check_comes "restart: asleep" status_is .wake.asleep true
	daemon_ends USR1
	daemon_started
	check_comes "restarted: it asks, and shuts" status_is \
	    '[.wake.asleep, .epoch] | @json' "[true,0]"
	logind wake
	check_comes "restarted: the door" elements_are 2
	check_comes "restarted: sleep waits" waits true
	check "restarted: awake once" "$(wakes)" 1
}

# ---- too many

flaps() { status .counters.network_deferred; }

storm() {
	before=$(status .epoch)
	start=$(date +%s)
	i=0
	while [ $i -lt 150 ]; do
		logind wake
		ip -n "$LAPTOP" link set eth0 down
		ip -n "$LAPTOP" link set eth0 up
		i=$((i + 1))
	done
	ip -n "$LAPTOP" route replace default via $OTHER_DNS
	check_comes "storm: then the door opens" elements_are 2
	seconds=$(($(date +%s) - start + 1))
	grown=$(($(status .epoch) - before))
	# A look may find more than one thing to begin anew for.
	check "storm: $grown episodes in $seconds s are bounded" \
	    $((grown <= 2 * (16 + 10 * seconds))) 1
	check "storm: put off and counted" $(($(flaps) > 0)) 1
	check "storm: each wake is counted" $(($(wakes) >= 150)) 1
}

# ---- the control

drowsy() {
	PROGRAM=live_drowsy
	daemon_started
	PROGRAM=
	check_comes "control: sleep waits" waits true
	open_door
	n=$(grep -c ^released "$WORLD/logind.log")
	logind sleep
	check_comes "control: sleep is let go" said released $((n + 1))
	check "control: the door at that moment" "$(elements_then)" 2
	epoch=$(status .epoch)
	held=$(grep -c ^held "$WORLD/logind.log")
	logind wake
	check_comes "control: the lock again" said held $((held + 1))
	check "control: the old network's door" \
	    "$(status .epoch), $(elements)" "$epoch, 2"
}

world_open || exit 2
router ip addr add $OTHER_DNS/24 dev lan0
world_dns && world_web && laptop_up || exit 2
remember_dns
bus_policy
daemon_conf
by_the_clock
with_logind
hostile
breaking
restarting
storm
ended
drowsy
finish
