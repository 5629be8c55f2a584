# SPDX-License-Identifier: ISC
# assert.sh - counting checks, and looking at the laptop; sourced, not run
#
# The script that sources it goes on from the repository's root, with BUILD,
# world.sh and a world that ends with it.

set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
for _tool in nft dnsmasq tcpdump jq busybox nc conntrack; do
	if [ "$(id -u)" -ne 0 ] || ! command -v $_tool >/dev/null; then
		echo "skipped: needs root and $_tool"
		exit 77
	fi
done
BUILD=$(cd "${1:-${BUILD:-build}}" && pwd) || exit 2
. tests/live/world.sh

passed=0 failed=0
BOUND='tcp 127.0.0.1:53 tcp [::1]:53 udp 127.0.0.1:53 udp [::1]:53'
[ "${DATAPATH:-socket}" = socket ] || BOUND=''

trap world_close EXIT
trap 'exit 1' INT TERM

# NAME GOT WANT
check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: \"$2\", not \"$3\""
	fi
}

# NAME GOT PATTERN, as case has it
check_like() {
	case $2 in
	$3) passed=$((passed + 1)) ;;
	*)
		failed=$((failed + 1))
		echo "FAILED: $1: \"$2\" is not like \"$3\""
		;;
	esac
}

# NAME COMMAND...: it succeeds, within 10 s
check_comes() {
	_name=$1
	shift
	if world_until 100 "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $_name: waited 10 s for: $*"
	fi
}

finish() {
	[ $failed -eq 0 ] || tail -n 20 "$WORLD"/daemon*.log
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ]
	exit
}

# ---- what the laptop looks like

# In the laptop's network, with the host's files: mounts do not matter.
lap() { ip netns exec "$LAPTOP" "$@"; }

# A value of the status, as jq names it.
status() { sp --json status | jq -r "$1"; }
status_is() { [ "$(status "$1")" = "$2" ]; }

# Who listens on port 53.
bound() {
	lap ss -Hlntu 'sport = 53' | awk '{ print $1, $5 }' | sort | xargs
}
is_bound() { [ "$(bound)" = "$BOUND" ]; }

# What the kernel holds, told from the rules themselves.
loaded() {
	_rules=$(lap nft list table inet sallyport 2>/dev/null)
	case $_rules in
	'') echo none ;;
	*'put priority filter; policy accept'* | \
	*'ward priority filter; policy accept'*) echo accepting ;;
	*'set allow4'* | *'chain door_to'*) echo door ;;
	*'oifname "tun0"'*) echo tunnel ;;
	*" $RELAY4 "*) echo relay ;;
	*reject*'policy drop'*) echo block ;;
	*) echo other ;;
	esac
}

# The datapath's processes on this laptop; others may run elsewhere.
datapaths() {
	ip netns pids "$LAPTOP" | xargs -r ps -o pid= -o uid= -o args= -p |
	awk -v uid=$USER_ID '$2 == uid && $4 == "--datapath" { print $1 }' |
	xargs
}

# The daemon's map, with DOOR=hash; remembered when it is gone.
map_id() {
	cat /proc/"$DAEMON"/fdinfo/* 2>/dev/null |
	    awk '/^map_id:/ { print $2; exit }' >"$WORLD/map_id.new"
	[ -s "$WORLD/map_id.new" ] &&
	    mv "$WORLD/map_id.new" "$WORLD/map_id"
	cat "$WORLD/map_id"
}

# Addresses in the kernel's sets, or in the map if the rules consult one.
elements() {
	case $(lap nft list table inet sallyport 2>/dev/null) in
	*'chain door_to'*)
		"$BUILD/live_hash" list "$(map_id)"
		return ;;
	esac
	for _set in allow4 allow6; do
		lap nft -j list set inet sallyport $_set 2>/dev/null
	done | jq -s '[.[].nftables[].set.elem? // [] | length] | add // 0'
}
elements_are() { [ "$(elements)" -eq "$1" ]; }

# All that can be seen of a file but the times of reading and of links.
look() {
	laptop sh -c 'for f; do
		stat -c "%n %F %a %u:%g %s %h %i %Y %y" "$f"
		readlink "$f"
		getcap "$f"
		cksum <"$f"
	done' sh "$@" 2>&1
}

# The laptop's resolv.conf: ours, or what remember_dns() saw.
remember_dns() { dns_was=$(look /etc/resolv.conf); }
dns() {
	if [ "$(look /etc/resolv.conf)" = "$dns_was" ]; then
		echo original
	elif laptop head -n 1 /etc/resolv.conf | grep -q '^# sallyport '; then
		echo ours
	else
		echo other
	fi
}
dns_is() { [ "$(dns)" = "$1" ]; }

# Counts the kernel's packets to port 53 of others: the frames of a bypass
# datapath are none of them, the sockets of the other one are left out.
tally() {
	lap nft -f - <<-END
	table inet tally {
		chain leaks {
			type filter hook postrouting priority 1000
			oifname eth0 meta skuid != $USER_ID th dport 53 counter
		}
	}
	END
}
tally_ends() { lap nft delete table inet tally; }
leaks() {
	lap nft -j list chain inet tally leaks |
	    jq '[.. | .counter? | objects | .packets] | add'
}

# In one line: listeners, rules, resolv.conf.
machine() { echo "$(bound), $(loaded), $(dns)"; }

# Starts a command on the laptop in the background; PID is its own pid.
laptop_start() {
	_log=$1
	shift
	world_start "$_log" nsenter -t "$HOLDER" -m -n -- "$@"
}

# ---- the daemon's life

world_opened() {
	world_open && world_dns && world_web && laptop_up || exit 2
	remember_dns
}

daemon_started() {
	daemon_start && return
	echo "the daemon does not start:"
	cat "$WORLD/daemon.log"
	exit 2
}

# Both probe addresses of captive.apple.com are open.
door_opens() { world_until 100 elements_are 2; }

# SIGNAL: to the daemon, and waits for its end.
daemon_ends() {
	kill "-$1" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
}

# A state and what it needs.
go() {
	case $1 in
	connecting) sp state connecting --relay $RELAY4:51820 ;;
	connected) sp state connected --interface tun0 ;;
	*) sp state "$@" ;;
	esac >/dev/null
}
