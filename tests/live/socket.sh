#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The control socket and the configuration of a daemon that runs, with the
# door open, under what nobody should send or write: it refuses and goes on.
# For the network see world.sh.
#
# usage: socket.sh [BUILD]

. "$(dirname "$0")/assert.sh"

SOCK=run/control.sock

# What stdin gets from the socket, as a user who may not change things.
say() {
	as_user timeout 20 nc -NU "$WORLD/$SOCK"
}
code() { say | jq -r '.error.code // "result"' | xargs; }

requests() {
	while IFS='|' read -r want line; do
		[ -n "$want" ] || continue
		check "request $line" "$(printf '%s\n' "$line" | code)" "$want"
	done <<-'END'
	-32700|nonsense
	-32700|{"jsonrpc":"2.0","method":"status","id":1
	-32700|{"jsonrpc":"2.0","jsonrpc":"2.0","method":"status","id":1}
	-32700|[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
	-32600|{}
	-32600|7
	-32600|{"jsonrpc":"1.0","method":"status","id":1}
	-32600|{"jsonrpc":"2.0","method":7,"id":1}
	-32601|{"jsonrpc":"2.0","method":"open","id":1}
	-32602|{"jsonrpc":"2.0","method":"status","params":{"x":1},"id":1}
	-32602|{"jsonrpc":"2.0","method":"status","params":[1],"id":1}
	-32001|{"jsonrpc":"2.0","method":"netcheck.set","params":{"on":false},"id":1}
	-32001|{"jsonrpc":"2.0","method":"lockdown.set","params":{"on":false},"id":1}
	-32001|{"jsonrpc":"2.0","method":"state.set","params":{"state":"connected"},"id":1}
	-32001|{"jsonrpc":"2.0","method":"reload","id":1}
	result|{"jsonrpc":"2.0","method":"status","id":1}
	result|{"jsonrpc":"2.0","method":"subscribe","id":1}
	END
}

descriptors() { ls "/proc/$DAEMON/fd" | wc -l; }
descriptors_are() { [ "$(descriptors)" -eq "$1" ]; }

goes_on() {
	check "$1: it is the same" "$(status .pid)" "$DAEMON"
	check "$1" "$(machine)" "$BOUND, door, ours"
	check_comes "$1: descriptors" descriptors_are "$2"
}

# The daemon hangs up without reading on, and nc, when it sees that while it
# still writes, does not look for the reply.
too_long_is() {
	[ "$(head -c 1000000 /dev/zero | tr '\0' a | code)" = "$1" ]
}

octets() {
	before=$(descriptors)
	check "half a line" "$(printf '{"jsonrpc"' | say)" ""
	check "half a line behind one" "$(printf \
	    '{"jsonrpc":"2.0","method":"lockdown","id":1}\n{"js' | code)" -32601
	check_comes "1 MB in one line: refused" too_long_is -32600
	check "NULs" "$(printf '\0\0\0\n' | code)" -32700
	head -c 1000000 /dev/urandom | say >"$WORLD/said"
	check_like "1 MB of anything: refused each" \
	    "$(jq -r .error.code "$WORLD/said" | sort -u | xargs)" "-32[67]00*"
	# 30,000 lines at once, and nobody reads the answers.
	yes nonsense | head -n 30000 | as_user timeout 5 nc -NU \
	    "$WORLD/$SOCK" | head -n 1 >"$WORLD/said"
	check "many lines, few read" "$(jq .error.code "$WORLD/said")" -32700
	goes_on "octets" $before
}

# USER: as it 1,000 clients come, and STAY are kept; the door works meanwhile.
crowd() {
	before=$(descriptors)
	rm -f "$WORLD/leave"
	mkfifo "$WORLD/leave"
	nsenter -t "$HOLDER" -m -n -- setpriv --reuid "$2" --regid "$2" \
	    --clear-groups -- "$BUILD/live_crowd" clients "$WORLD/$SOCK" 1000 \
	    "$3" <"$WORLD/leave" >"$WORLD/crowd" 2>&1 &
	crowd=$!
	exec 4>"$WORLD/leave"
	check_comes "$1: turned away" grep -q closed "$WORLD/crowd"
	check "$1: turned away" "$(cat "$WORLD/crowd")" \
	    "refused $((1000 - $3)) closed $((1000 - $3))"
	check "$1: descriptors" "$(descriptors)" $((before + $3))
	sp status >/dev/null 2>"$WORLD/said"
	check "$1: root's exit code" $? "$4"
	check_like "$1: the door" "$(laptop dig +tries=3 +time=2 @$RESOLVER4 \
	    captive.apple.com)" "*$PROBE4*"
	exec 4>&-
	wait $crowd
	check_comes "$1: they are gone" descriptors_are "$before"
	goes_on "$1" "$before"
}

# A half-valid file: the first line would be a change.
reloading() {
	config() { printf '{"jsonrpc":"2.0","method":"config","id":1}\n' | say; }
	before=$(config)
	for text in 'mode = nonsense' 'lan = maybe' 'allow {' 'port = 5353' \
	    'firewall { table = "other" }' 'state-dir = "/elsewhere"'; do
		daemon_conf 'refuse = nxdomain' "$text"
		said=$(sp reload 2>&1)
		check "reload, $text: exit code" $? 1
		check_like "reload, $text: said" "$said" \
		    "sallyport: *${text%%[ {]*}*(step: configuration)"
		n=$(grep -c '^reload: ' "$WORLD/daemon.log")
		kill -HUP "$DAEMON"
		check_comes "SIGHUP, $text: refused" sh -c \
		    "[ \$(grep -c '^reload: ' '$WORLD/daemon.log') -gt $n ]"
		check "reload, $text: nothing has changed" "$(config)" "$before"
	done
	goes_on "reload" "$(descriptors)"
	daemon_conf 'refuse = nxdomain'
	check_like "reload, a good file" "$(sp reload)" "*in force"
	check_like "reload, a good file: it works" \
	    "$(laptop dig +tries=3 +time=2 @$RESOLVER4 www.example.com)" \
	    "*NXDOMAIN*"
	check_comes "reload: the door opens again" elements_are 2
	check_like "reload, the same" "$(sp reload)" "*nothing has changed"
}

world_opened
daemon_conf
daemon_started
sp netcheck on >/dev/null
sp lockdown on >/dev/null
door_opens
requests
octets
crowd "1,000 clients of a user" $PLAIN_ID 32 0
crowd "1,000 clients of root" 0 64 1
reloading
finish
