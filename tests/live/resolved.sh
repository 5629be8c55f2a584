#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The real systemd-resolved, whose servers belong to the link: what is asked of
# it by its stub, by nss-resolve and by D-Bus comes through the door, and what
# it asks leaves the laptop in no way. In bypass its packets are led into the
# device, and its settings stay as they are; with sockets it finds our address
# in resolv.conf. For the network see resolved_world.sh.
#
# modes: socket bypass
# usage: [DATAPATH=bypass | socket] resolved.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/resolved_world.sh
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
	unpacked resolvectl dns eth0
	unpacked resolvectl domain eth0
	unpacked resolvectl default-route eth0
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
	kill "$RESOLVED"
	wait "$RESOLVED" 2>/dev/null
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
	check "$DATAPATH: all is as it was" "$(loaded), $(dns)" 'none, original'
	daemon_ends TERM
}

with_bypass() {
	door_open
	check 'resolv.conf in bypass' "$(dns)" original
	by_link
	link_local
	fails_closed
	restarts
	door_shut
	resolved_forgets
	check 'afterwards, any name' "$(stub $OTHER A)" "NOERROR $OTHER4"
	check_like 'afterwards, packets are seen' "$(leaks)" '[1-9]*'
}

with_socket() {
	door_open
	check 'resolv.conf with sockets' "$(dns)" ours
	ways 'sockets'
	only_tcp
	ways 'sockets, TCP'
	any_protocol
	restarts
	door_shut
	# Our address is a server of its own now, and it keeps that; but not
	# for all names.
	resolved_forgets
	check 'sockets, afterwards, any name' "$(stub $OTHER A)" \
	    "NOERROR $OTHER4"
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
