#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What is wrong before or with the daemon's start: its configuration, its
# user, its rights, what is there already. Each is told in a sentence and an
# exit code, and the machine stays as it is. For the network see world.sh.
#
# usage: badinput.sh [BUILD]

. "$(dirname "$0")/assert.sh"

# Pattern|configuration, with @ for a new line
errors='
*.conf:1: no such option *nonsense*|nonsense = 1
*.conf:4: mode: "fast" is not one of forward, spoof*|@@@mode = fast
*.conf:2: port: "abc" is not a number from *|refuse = empty@port = abc
*.conf:1: port: 65536 is not from 1 to 65535|port = 65536
*.conf:3: allow.ttl-min: 10 is not from 30 to 300|@allow {@ ttl-min = 10@}
*.conf:1: allow.uid: "nobody-at-all" is not a user*|allow { uid = nobody-at-all }
*.conf:1: listen: "192.0.2.1" is not a loopback address*|listen = {"192.0.2.1"}
*.conf:1: upstreams: "dns.example" is not an IPv4 or IPv6 address*|upstreams = "dns.example"
*.conf:4: allow: the section is not closed|allow {@ ttl-min = 30
*.conf:2: mode: already given in line 1|mode = spoof@mode = forward
*.conf:1: firewall.table: "x; flush ruleset" is not *|firewall { table = "x; flush ruleset" }
'

# WHAT PATTERN COMMAND...: it fails soon, with that sentence, and the machine
# is as it was.
fails() {
	what=$1 want=$2
	sockets=$(ls -A "$WORLD/run" | grep sock)
	shift 2
	laptop timeout 20 "$@" >"$WORLD/said" 2>&1
	check "$what: exit code" $? 1
	check_like "$what: said" "$(tail -n 1 "$WORLD/said")" "$want"
	check "$what: said once" \
	    "$(grep -c '^\(start\|sallyportd\{0,1\}\): ' "$WORLD/said")" 1
	check "$what: no socket left" "$(ls -A "$WORLD/run" | grep sock)" \
	    "$sockets"
	check "$what: the machine" "$(machine)" ", $rules, original"
}
rules=none	# that are left in force

daemon() { fails "$1" "$2" "$BUILD/sallyportd" -d -f "$CONF"; }

configurations() {
	echo "$errors" | tr '|' '\t' >"$WORLD/errors"
	while IFS='	' read -r pattern text; do
		[ -n "$pattern" ] || continue
		CONF=$WORLD/bad.conf
		echo "$text" | tr @ '\n' >"$CONF"
		daemon "start, $text" "sallyportd: $pattern"
		fails "check, $text" "sallyportd: $pattern" \
		    "$BUILD/sallyportd" -n -f "$CONF"
		fails "check-config, $text" "sallyport: $pattern" \
		    "$BUILD/sallyport" check-config "$CONF"
	done <"$WORLD/errors"
	CONF=$WORLD/nowhere.conf
	daemon "no file" "*$CONF: No such file or directory"
	daemon_conf
	chmod 666 "$CONF"
	daemon "others may write" "*: others may write to it*"
	mkdir "$WORLD/bad.d"
	CONF=$WORLD/bad.d
	daemon "a directory" "*/bad.d: not a regular file"
	daemon_conf
}

# FILE SED-SCRIPT: another file in its place, until umount.
instead() {
	sed "$2" "$WORLD$1" >"$WORLD/instead"
	laptop mount --bind "$WORLD/instead" "$1"
}

users() {
	instead /etc/passwd /^_sallyport:/d
	daemon "no user" "*user _sallyport does not exist; create it with *"
	mkdir -p "$WORLD/state"
	echo '{"version": 1, "netcheck": false, "lockdown": true, "lan": false}' \
	    >"$WORLD/state/settings.json"
	rules=block
	daemon "no user, lockdown on" "*user _sallyport does not exist*"
	lap nft delete table inet sallyport
	rm "$WORLD/state/settings.json"
	rules=none
	laptop umount /etc/passwd
	instead /etc/group /^sallyport:/d
	daemon "no group" "*group sallyport does not exist; create it with *"
	laptop umount /etc/group
	instead /etc/passwd 's/^_sallyport:x:[0-9]*/_sallyport:x:0/'
	daemon "the user is root" "*must not be root's"
	laptop umount /etc/passwd
	fails "no root" "sallyportd: must be started as root" \
	    setpriv --reuid $PLAIN_ID --regid $PLAIN_ID --clear-groups -- \
	    "$BUILD/sallyportd" -d -f "$CONF"
}

rights() {
	laptop mount --bind /dev/null /usr/sbin/nft
	daemon "no nft" "*no nft in *: install the package nftables"
	fails "no nft, into the background" \
	    "sallyportd: no nft in *: install the package nftables" \
	    "$BUILD/sallyportd" -f "$CONF"
	laptop umount /usr/sbin/nft
	fails "no CAP_NET_ADMIN" "start: nf_tables: *run as root or with CAP_NET_ADMIN" \
	    setpriv --inh-caps -net_admin --bounding-set -net_admin \
	    "$BUILD/sallyportd" -d -f "$CONF"
	laptop_start daemon setpriv --inh-caps -net_bind_service \
	    --bounding-set -net_bind_service "$BUILD/sallyportd" -d -f "$CONF"
	DAEMON=$PID
	world_until 50 sp status
	check_like "no CAP_NET_BIND_SERVICE" "$(sp netcheck on 2>&1)" \
	    "sallyport: port 53 on 127.0.0.1: Permission denied (step: listen)"
	daemon_ends TERM
	for dir in state run; do
		rm -rf "$WORLD/${dir:?}"
		: >"$WORLD/$dir"
		[ $dir = run ] || rules=block	# lockdown may have been on
		daemon "$dir is a file" "*/$dir*: Not a directory*"
		rm "$WORLD/$dir"
		lap nft delete table inet sallyport 2>/dev/null
		rules=none
	done
	mkdir "$WORLD/run"
}

# A state directory that something has happened to.
damaged() {
	mkdir -p "$WORLD/state"
	rules=block	# lockdown may have been on
	for text in '' '{' '[]' '{"version": 1}' '{"version": 2,
	    "netcheck": true, "lockdown": true, "lan": false}'; do
		echo "$text" >"$WORLD/state/settings.json"
		daemon "settings: $text" \
		    "*/settings.json: damaged: *; set it right or remove it"
		lap nft delete table inet sallyport
	done
	head -c 20000 /dev/urandom >"$WORLD/state/settings.json"
	daemon "settings: random" "*/settings.json: *"
	lap nft delete table inet sallyport
	rules=none
	rm "$WORLD/state/settings.json"
	echo '{"version": 1, "state": "flying"}' >"$WORLD/run/tunnel.json"
	daemon "tunnel: another state" "*/tunnel.json: damaged: *"
	rm "$WORLD/run/tunnel.json"
}

sockets() {
	: >"$WORLD/run/control.sock"
	daemon "the socket is a file" "*control.sock is there and is no socket*"
	rm "$WORLD/run/control.sock"
	daemon_started
	pid=$(status .pid)
	daemon "a second one" \
	    "*another sallyportd answers on *control.sock; stop it or set *"
	check "the first one goes on" "$(status .pid)" "$pid"
	daemon_ends KILL
	daemon_started
	check "after a kill: the name is taken over" "$(status .state)" \
	    disconnected
	daemon_ends TERM
	check "after a stop: no socket" "$(ls "$WORLD/run" | grep -c sock)" 0
}

# Without -d it is there when the command has ended.
background() {
	laptop "$BUILD/sallyportd" -f "$CONF" </dev/null >"$WORLD/said" 2>&1
	check "background: exit code" $? 0
	check "background: said" "$(cat "$WORLD/said")" ""
	pid=$(status .pid)
	check "background: it runs" "$(ps -o comm= -p "$pid")" sallyportd
	sp netcheck on >/dev/null
	check "background" "$(machine)" "$BOUND, none, original"
	kill "$pid"
	check_comes "background: it ends" sh -c "! kill -0 $pid"
	check "background, ended" "$(machine)" ", none, original"
}

world_opened
daemon_conf
configurations
users
rights
damaged
sockets
background
finish
