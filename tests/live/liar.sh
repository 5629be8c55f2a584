# SPDX-License-Identifier: ISC
# liar.sh - asking through the door where the DNS server lies; sourced behind
# assert.sh
#
#     laptop                    router
#   +-------------+   eth0    +------------------------------+
#   | dig         |-----------| lan0  live_upstream          |
#   | sallyportd  |           |  192.168.77.1, fd77::1       |
#   +-------------+           +------------------------------+
#
# The names say what the server does (liar.h). A number in them is written as
# "#": every question has its own, so nothing is answered from the cache.

row=0		# the last "#"

for _tool in dig jq; do
	command -v $_tool >/dev/null && continue
	echo "skipped: needs $_tool"
	exit 77
done

# ADDRESS...: of the server.
liar_started() {
	world_start liar ip netns exec "$ROUTER" "$BUILD/live_upstream" "$@"
	LIAR=$PID
	world_until 50 grep -q ready "$WORLD/liar.log" || exit 2
}

# Cheaper than lap: no mounts.
in_net() { nsenter --net="/run/netns/$LAPTOP" -- "$@"; }

# LINE...: for the configuration. The door is open and nothing in flight.
door_started() {
	daemon_conf 'suffixes = {"liar.test"}' "$@"
	daemon_started
	sp netcheck on >/dev/null && sp lockdown on >/dev/null &&
	    world_until 100 prefetched || exit 2
	counters >"$WORLD/was"
	opened >"$WORLD/opened"
}
door_ends() {
	sp lockdown off >/dev/null
	daemon_ends TERM
}

counters() {
	sp metrics | awk 'sub(/^sallyport_/, "") && sub(/_total/, "")'
}
# Every name is asked for twice; those of the profile are answered: no data.
prefetched() {
	counters | awk -v all="${PREFETCHED:-6}" '{ n[$1] = $2 }
	    END { exit !(n["prefetch"] == all && n["parse_ok"] >= 6) }'
}

# The counters that moved since $WORLD/was, without those that always do.
moved() {
	counters >"$WORLD/now"
	awk '
	FILENAME == ARGV[1] { was[$1] = $2; next }
	$1 !~ /^(query_udp|asked|retry|parse_ok|grant|cold|door_opened|tap_drops)$/ &&
	    $2 != was[$1] {
		by = $2 - was[$1]
		printf "%s%s%s", sep, $1, (by == 1 ? "" : "=" by)
		sep = " "
	}' "$WORLD/was" "$WORLD/now"
}
# WANT: waits for it, a second at most: some of it comes late.
moves() {
	_n=0
	until _moved=$(moved) && [ "$_moved" = "$1" ]; do
		_n=$((_n + 1))
		[ $_n -lt 10 ] || break
		sleep 0.1
	done
	mv "$WORLD/now" "$WORLD/was"
	[ "$_moved" = "$1" ]
}
# EDGE WANT
check_moved() {
	moves "$2"
	check "$1: counters" "$_moved" "$2"
}

# What is new in it.
new() {
	awk 'FILENAME == ARGV[1] { was[$1]; next }
	    !($1 in was) { printf "%s%s", sep, $1; sep = " " }' \
	    "$WORLD/opened" "$WORLD/open"
}
same_as_allowed() {
	[ "$(opened | cut -d ' ' -f 1)" = \
	    "$(sp --json allowed | jq -r '.[].address' | sort)" ]
}

# NAME TYPE [OPTION...]: sets rcode, answer (what is not a CNAME, in order),
# low and high (of the TTLs).
ask() {
	in_net dig +tries=1 +time=8 +noedns "$@" @$RESOLVER4 | awk '
	/ status: / { sub(/.* status: /, ""); sub(/,.*/, ""); rcode = $0 }
	/^;/ || $4 == "SOA" || NF < 5 { next }
	{
		if (low == "" || $2 < low)
			low = $2
		if ($2 > high)
			high = $2
	}
	$4 != "CNAME" {
		for (i = n++; i > 0 && a[i] > $5; i--)
			a[i + 1] = a[i]
		a[i + 1] = $5
	}
	END {
		print rcode, low + 0, high + 0
		for (i = 1; i <= n; i++)
			printf "%s%s", (i > 1 ? " " : ""), a[i]
	}' >"$WORLD/reply"
	{
		read -r rcode low high
		read -r answer
	} <"$WORLD/reply"
}

# The good address of the row for type $1.
good() {
	case $1 in
	A) printf '198.18.%d.%d' $((row / 256)) $((row % 256)) ;;
	*) printf '2001:db8:18::%x' $row ;;
	esac
}

# NAME TYPE RCODE ANSWER COUNTERS [OPTION...]: asks once, with row in place of
# "#"; true if all came as wanted.
asks() {
	_type=$2 _rcode=$3 _counters=$5
	[ "$4" = good ] && _answer=$(good "$_type") || _answer=$4
	name=$(echo "$1" | sed "s/#/$row/g")
	shift 5
	ask "$name" "$_type" "$@"
	opened >"$WORLD/open"
	_new=$(new)
	moves "$_counters" && [ "$rcode $answer" = "$_rcode $_answer" ] &&
	    [ "$_new" = "$_answer" ]
}

# EDGE RCODE ANSWER COUNTERS NAME TYPE [OPTION...]: asks, and checks what came
# of it: reply, counters, and what was opened. "good" is the good address. It
# leaves the whole NAME in name.
#
# When the machine stands still for 100 ms the server is asked again, and
# answers twice. So a row that is not as it should be is tried anew, with
# another name: what is wrong is so three times.
row() {
	_edge=$1
	_first=$((row + 1)) _try=0
	_want=$3 _count=$4 _name=$5 _of=$6 _code=$2
	shift 6
	row=$_first
	until asks "$_name" "$_of" "$_code" "$_want" "$_count" "$@" ||
	    [ $_try -eq 2 ]; do
		_try=$((_try + 1)) row=$((_first + 256 * (_try + 1)))
		mv "$WORLD/open" "$WORLD/opened"
	done
	check "$_edge: reply" "$rcode $answer" "$_rcode $_answer"
	check "$_edge: opened" "$_new" "$_answer"
	check "$_edge: counters" "$_moved" "$_counters"
	[ -z "$_answer" ] || check_ttls "$_edge"
	mv "$WORLD/open" "$WORLD/opened"
	row=$_first
}

# The questions for NAME that the server saw: ms, server, u or t, port, id,
# flags, additional records, type, name as spelt.
asked() { awk -v name="$1." 'tolower($9) == name' "$WORLD/liar.log"; }

# No client may keep it for longer than the kernel, nor too long or too short.
# What was opened is looked at a while after the reply.
check_ttls() {
	_left=$(awk -v of="${answer%% *}" '$1 == of { print $2 }' "$WORLD/open")
	check "$1: TTL $low..$high in 25..300, $_left left in the kernel" \
	    "$([ "$low" -ge 25 ] && [ "$high" -le 300 ] &&
	    [ "$high" -le $((_left + 5)) ] && echo yes)" yes
}
