#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The real systemd-resolved, whose servers belong to the link: what is asked of
# it by its stub, by nss-resolve and by D-Bus comes through the door, and what
# it asks leaves the laptop in no way. In bypass its packets are led into the
# device, and its settings stay as they are; with sockets its links get our
# addresses for servers, and back what they had, whatever happens in between.
# For the network see resolved_world.sh.
#
# modes: socket bypass
# usage: [DATAPATH=bypass | socket] resolved.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/resolved_world.sh
. tests/live/reboot.sh
for _tool in dig curl flock; do
	command -v $_tool >/dev/null && continue
	echo "skipped: needs $_tool"
	exit 77
done

NAME=captive.apple.com
OTHER=www.example.com

# OPTION...: status and last record, of whom resolv.conf names.
stub() {
	laptop dig +tries=1 +time=12 "$@" | awk '
	/no servers could be reached|timed out/ { end = "silence" }
	/ status: / { sub(/,.*/, "", $6); end = $6; last = "" }
	/^;; [A-Z]* SECTION:/ { section = $2 }
	section == "ANSWER" && $4 ~ /^A/ { last = " " $5 }
	END { print end last }'
}
nss() {
	unpacked getent -s resolve ahosts "$1" |
	    awk '/STREAM/ { print $1 }' | sort | xargs
}
bus() {
	unpacked resolvectl query --cache=no "$@" 2>&1 |
	    grep -o -e "$PROBE4" -e "$PROBE6" | sort | xargs
}
fetches() { laptop curl -sS -m 12 "$@" 2>&1 | grep -o '<TITLE>.*</TITLE>'; }

server_is() {
	unpacked resolvectl status eth0 |
	    grep -q "Current DNS Server: $1\$"
}

# Its questions by UDP fail.
only_tcp() {
	lap nft -f - <<-END
	table inet only_tcp {
		chain output {
			type filter hook output priority 1000
			meta skuid $RESOLVED_ID udp dport 53 drop
		}
	}
	END
}
any_protocol() { lap nft delete table inet only_tcp; }

settings() {
	for _what in dns domain default-route dnsovertls dnssec; do
		unpacked resolvectl $_what eth0 | sed 's/^Link [0-9]*//'
	done
}

# EDGE: all ways of asking, for what may be asked.
ways() {
	resolved_forgets
	check "$1: stub, UDP" "$(stub $NAME A)" "NOERROR $PROBE4"
	check "$1: stub, AAAA" "$(stub $NAME AAAA)" "NOERROR $PROBE6"
	resolved_forgets
	check "$1: stub, TCP" "$(stub +tcp $NAME A)" "NOERROR $PROBE4"
	check "$1: another name" "$(stub $OTHER A)" 'NOERROR'
	resolved_forgets
	check "$1: nss-resolve" "$(nss $NAME)" "$PROBE6 $PROBE4"
	check "$1: nss-resolve, another name" "$(nss $OTHER)" ''
	check "$1: D-Bus" "$(bus $NAME)" "$PROBE6 $PROBE4"
	check "$1: D-Bus, another name" "$(bus $OTHER)" ''
	check "$1: curl" "$(fetches http://$NAME/)" '<TITLE>Success</TITLE>'
}

# ---- how it asks its servers

by_link() {
	for server in $DNS4 $DNS6; do
		link_dns $server
		ways "$server"
		check_comes "$server: in use" server_is $server
		check "$server: nothing that it takes for broken" \
		    "$(grep -c degraded "$WORLD/resolved.log")" 0
		only_tcp
		ways "$server, TCP"
		any_protocol
	done
}

# A link-local server cannot be led anywhere; the next one is taken at once.
link_local() {
	link_dns $LINK_LOCAL $DNS4
	ways 'a link-local server and another'
	link_dns $LINK_LOCAL
	resolved_forgets
	check_like 'only a link-local server' "$(stub +time=3 $NAME A)" '[Ss]*'
	link_dns $DNS4
	ways 'and back'
}

# ---- what is not led into the device goes nowhere

comes_again() {
	resolved_forgets
	[ "$(stub $NAME A)" = "NOERROR $PROBE4" ]
}
# What is open stays so for 20 s: who renews it will stand still.
fresh() {
	resolved_forgets
	stub $NAME A >/dev/null
	[ "$(sp --json allowed | jq --arg a $PROBE4 \
	    '[.[] | select(.address == $a) | .seconds_left] | add')" -gt 20 ]
}
# EDGE WANT COMMAND...: while nobody puts it right.
without() {
	_edge=$1 _want=$2
	shift 2
	check_comes "$_edge: open for a while" fresh
	resolved_forgets
	kill -STOP "$DAEMON"
	check "without $_edge: done" "$(lap "$@" 2>&1)" ''
	check_like "without $_edge" "$(stub +time=6 $NAME A)" "$_want"
	kill -CONT "$DAEMON"
	check_comes "without $_edge: put right" comes_again
	check "without $_edge: nothing has left" "$(leaks)" 0
}

fails_closed() {
	# It has TCP, too, which follows the rules.
	without 'the mark' "NOERROR $PROBE4" ip rule del pref 53 fwmark 0x73616c64
	without 'the chain' '[Ss]*' nft flush chain inet sallyport steer
	without 'rules' '[Ss]*' sh -c 'for p in tcp udp; do
		ip rule del pref 53 ipproto $p dport 53; done
		ip rule del pref 53 fwmark 0x73616c64'
	without 'the device' '[Ss]*' ip link set sallyport0 down
}

# ---- it comes and goes

again() {
	resolved_ends TERM
	resolved_start || echo 'FAILED: resolved does not start again'
	link_dns $DNS4
}
restarts() {
	again
	ways 'resolved, restarted'
}

door_open() {
	daemon_conf
	daemon_started
	sp netcheck on >/dev/null
	go error offline
	check_comes "$DATAPATH: the door opens" door_opens
}
door_shut() {
	check "$DATAPATH: nothing of resolved has left" "$(leaks)" 0
	go disconnected
	check "$DATAPATH: settings, afterwards" "$(settings)" "$settings"
	check "$DATAPATH: nothing is kept" "$(ls "$WORLD/state")" settings.json
	check "$DATAPATH: all is as it was" "$(loaded), $(dns)" 'none, original'
	daemon_ends TERM
}

with_bypass() {
	door_open
	# Led to us, and resolv.conf as it was.
	check 'resolv.conf in bypass' "$(dns)" ours
	by_link
	link_local
	fails_closed
	restarts
	rebooted 'bypass'
	door_shut
	resolved_forgets
	check 'afterwards, any name' "$(stub $OTHER A)" "NOERROR $OTHER4"
	check_like 'afterwards, packets are seen' "$(leaks)" '[1-9]*'
}

# ---- with sockets: its links

# Things that are not to be lost; servers last, as who manages a link does it.
odd_link() {
	unpacked resolvectl domain eth0 corp.lan '~lab.example'
	unpacked resolvectl default-route eth0 no
	unpacked resolvectl dnsovertls eth0 opportunistic
	unpacked resolvectl dnssec eth0 allow-downgrade
	link_dns $DNS4
}
odd_settings() {
	odd_link
	settings=$(settings)
	remember_dns
}
plain_settings() {
	unpacked resolvectl revert eth0
	link_dns $DNS4
	settings=$(settings)
	remember_dns
}

is_pointed() {
	if bypass; then
		dns_is ours && is_original
		return
	fi
	settings | sed 's/.*: //' | xargs | grep -q '^127.0.0.1 ::1 ~\. .* no no$'
}
is_original() { [ "$(settings)" = "$settings" ]; }
problem_is() { status .problem | grep -q "$1"; }
asks_of() { [ "$(status '.upstreams | map(.address) | join(" ")')" = "$1" ]; }

programs_end() {
	resolved_ends KILL
	world_end "$BUS"
}
programs_start() {
	laptop_up
	resolved_run && bus_start && resolved_start ||
		echo 'FAILED: bus and resolved do not start again'
	$(either odd_link "link_dns $DNS4")
}

starts_anew() {
	resolved_ends TERM
	[ "$1" = remembers ] || laptop sh -c 'rm -f /run/systemd/resolve/netif/*'
	resolved_start || echo 'FAILED: resolved does not start again'
	check_comes "started anew, $1: pointed again" is_pointed
	ways "started anew, $1"
}

others_change_it() {
	link_dns $DNS6
	check_comes 'other servers: pointed again' is_pointed
	check_comes 'other servers: they are asked' asks_of $DNS6
	ways 'other servers'
	unpacked resolvectl domain eth0 corp2.lan
	check_comes 'another domain: pointed again' is_pointed
	link_dns $DNS4
	unpacked resolvectl domain eth0 corp.lan '~lab.example'
	check_comes 'and back: pointed again' is_pointed
	check_comes 'and back: they are asked' asks_of $DNS4
}

is_settled() { is_pointed || problem_is 'somebody else keeps setting'; }

# One that is set against us each time.
fight() {
	# On a slow machine there is time for more.
	for _try in 1 2 3 4 5 6 7 8 9 10 11 12; do
		link_dns $DNS4
		world_until 100 is_settled
		! problem_is 'somebody else keeps setting' || break
	done
	check_comes 'a fight: it is told' problem_is 'somebody else keeps setting'
	check 'a fight: it is not won' "$(is_pointed || echo no)" no
	check 'a fight: nothing leaves' "$(leaks)" 0
}

dies() {
	daemon_ends KILL
	check 'killed: still pointed' "$(is_pointed && echo yes)" yes
}

killed() {
	dies
	daemon_started
	check_comes 'killed, and started: the door opens' door_opens
	check_comes 'killed, and started: pointed' is_pointed
	ways 'killed, and started'
	dies
	check_like 'killed, --restore-dns' "$(laptop "$BUILD/sallyportd" \
	    --restore-dns -f "$CONF" 2>&1)" '*put the original back'
	check 'killed, --restore-dns: settings' "$(settings)" "$settings"
	check 'killed, --restore-dns: once more' "$(laptop "$BUILD/sallyportd" \
	    --restore-dns -f "$CONF" 2>&1)" ''
	daemon_started
	go error offline
	check_comes 'and started: pointed' is_pointed
}

resolved_gone() {
	resolved_ends KILL
	check_comes 'no resolved: it is told' problem_is 'does not run'
	check 'no resolved: rules hold' "$(loaded)" door
	go disconnected
	check_comes 'no resolved: it is still to be put back' \
	    test -s "$WORLD/state/resolved.saved"
	check_like 'no resolved: --restore-dns says so' \
	    "$(laptop "$BUILD/sallyportd" --restore-dns -f "$CONF" 2>&1)" \
	    '*does not run*'
	resolved_start || echo 'FAILED: resolved does not start again'
	check_comes 'resolved is back: so are the settings' is_original
	# As at boot.
	resolved_ends KILL
	go error offline
	check_comes 'no resolved yet: it is told' problem_is 'does not run'
	resolved_start || echo 'FAILED: resolved does not start again'
	check_comes 'resolved comes: pointed' is_pointed
	check_comes 'resolved comes: no problem' status_is .problem null
}

bus_gone() {
	kill "$BUS" "$RESOLVED"
	wait "$BUS" "$RESOLVED" 2>/dev/null
	check_comes 'no bus: it is told' problem_is '^system bus: '
	check 'no bus: rules hold' "$(loaded)" door
	go disconnected
	go error offline
	check_comes 'no bus yet: it is told' problem_is '^system bus: '
	bus_start
	check_comes 'the bus is back: it is told' problem_is 'does not run'
	resolved_start || echo 'FAILED: resolved does not start again'
	check_comes 'bus and resolved are back: pointed' is_pointed
	check_comes 'bus and resolved are back: no problem' \
	    status_is .problem null
}

# Hung: each call is bounded, and what waits on us goes on.
resolved_hangs() {
	kill -STOP "$RESOLVED"
	check_comes 'hung: it is told' problem_is 'does not answer'
	check 'hung: rules hold' "$(loaded)" door
	kill -CONT "$RESOLVED"
	link_dns $DNS6
	world_until 200 asks_of $DNS6
	check_comes 'hung, and goes on: pointed' is_pointed
	link_dns $DNS4
	check_comes 'hung, and goes on: asked' asks_of $DNS4
}

# A name that nobody has, and how soon that is known: 2 s are plenty.
nobody() { stub +time=2 nobody.example A; }

with_socket() {
	odd_settings
	door_open
	# It names the stub still; the stub's search list follows the links'.
	check 'resolv.conf with sockets' "$(laptop readlink /etc/resolv.conf)" \
	    ../run/systemd/resolve/stub-resolv.conf
	check 'backend' "$(status .hostdns.backend)" resolved
	check_comes 'sockets: pointed' is_pointed
	ways 'sockets'
	only_tcp
	ways 'sockets, TCP'
	any_protocol
	starts_anew remembers
	starts_anew forgets
	others_change_it
	killed
	resolved_gone
	bus_gone
	resolved_hangs
	fight
	rebooted 'sockets'
	door_shut
	plain_settings
	resolved_forgets
	check 'sockets, afterwards, any name' "$(stub $OTHER A)" \
	    "NOERROR $OTHER4"
	check_like 'sockets, afterwards, nobody has it' "$(nobody)" '[A-Z]*'
	uplink_file
	writes_file
}

# resolv.conf has the links' servers, so programs ask these, not the stub.
uplink_file() {
	tally_ends
	tally
	ln -sf ../run/systemd/resolve/resolv.conf "$WORLD/etc/resolv.conf"
	remember_dns
	door_open
	check 'uplink file: backend' "$(status .hostdns.backend)" resolved
	check_comes 'uplink file: pointed' is_pointed
	check_comes 'uplink file: it names us' \
	    laptop grep -q '^nameserver 127.0.0.1$' /etc/resolv.conf
	ways 'uplink file'
	door_shut
	stub_dns
	remember_dns
}

# The control: with the file, our address becomes a server of its own, which it
# keeps when the file is back. But not for all names.
writes_file() {
	daemon_conf 'hostdns = file'
	daemon_started
	go error offline
	check_comes 'file: the door opens' door_opens
	check 'file: resolv.conf' "$(dns)" ours
	ways 'file'
	go disconnected
	resolved_forgets
	check 'file, afterwards, any name' "$(stub $OTHER A)" "NOERROR $OTHER4"
	check 'file, afterwards, nobody has it' "$(nobody)" silence
	daemon_ends TERM
	again
}

modes=${DATAPATH:-socket bypass}
resolved_opened
settings=$(settings)
for DATAPATH in $modes; do
	tally
	with_$DATAPATH
	tally_ends
done
finish
