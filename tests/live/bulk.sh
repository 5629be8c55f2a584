# SPDX-License-Identifier: ISC
# bulk.sh - more names than may be open at once; sourced behind assert.sh
#
#     laptop                  router                    internet
#   +------------+  eth0  +--------------+        +-------------------+
#   | sallyportd |--------| lan0  dnsmasq|--------| 198.18.0.0/16     |
#   | a client   |        |              |        | 2001:db8:18::/112 |
#   +------------+        +--------------+        |  port 80          |
#                                                 +-------------------+
#
# fourN.bulk.test is 198.18.0.0 + N, sixN.bulk.test is 2001:db8:18:: + N.

bulk_routes() {
	ip -n "$ROUTER" route add 198.18.0.0/16 via "$PROBE4" &&
	    ip -n "$ROUTER" route add 2001:db8:18::/112 via "$PROBE6" &&
	    ip -n "$INTERNET" route add local 198.18.0.0/16 dev lo &&
	    ip -n "$INTERNET" route add local 2001:db8:18::/112 dev lo
}

bulk_opened() {
	world_open && world_dns --synth-domain=bulk.test,198.18.0.0/16,four'*' \
	    --synth-domain=bulk.test,2001:db8:18::/112,six'*' &&
	    bulk_routes && laptop_up || exit 2
	world_start serve ip netns exec "$INTERNET" "$BUILD/live_order" serve
	world_until 50 grep -q ready "$WORLD/serve.log" || exit 2
	# The faulty daemon's table is the door's alone.
	daemon_conf 'suffixes = {"bulk.test"}' 'capture = off'
}

# PROGRAM: a daemon with the door open.
bulk_daemon() {
	PROGRAM=$1
	daemon_started
	sp netcheck on >/dev/null && sp lockdown on >/dev/null || exit 2
}

bulk_daemon_ends() {
	sp lockdown off >/dev/null
	daemon_ends TERM
}

# WORD FILE: the number behind the word, summed up over the lines.
sum() {
	awk -v word="$1" '{ for (i = 1; i < NF; i++)
	    if ($i == word) n += $(i + 1) } END { print n + 0 }' "$WORLD/$2"
}

# NAME NUMBER: it is more than none.
check_some() {
	if [ "$2" -gt 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: none"
	fi
}
