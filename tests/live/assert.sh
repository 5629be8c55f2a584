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
DATAPATH=${DATAPATH:-socket}

# What differs with the datapath: whom programs on the laptop ask, what
# bound() says while the network check is on, and without IPv6.
case $DATAPATH in
bypass)
	RESOLVER4=$DNS4 RESOLVER6=$DNS6
	BOUND=sallyport0 BOUND4=sallyport0
	;;
*)
	RESOLVER4=127.0.0.1 RESOLVER6=::1
	BOUND4='tcp 127.0.0.1:53 udp 127.0.0.1:53'
	BOUND='tcp 127.0.0.1:53 tcp [::1]:53 udp 127.0.0.1:53 udp [::1]:53'
	;;
esac
export RESOLVER4

bypass() { [ "$DATAPATH" = bypass ]; }
# SOCKET BYPASS: what is so with this datapath.
either() { bypass && echo "$2" || echo "$1"; }
# WHAT: is not tried with this datapath, and not counted.
left_out() { echo "left out with datapath = $DATAPATH: $1"; }

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
lap() { nsenter --net=/run/netns/"$LAPTOP" -- "$@"; }

# A value of the status, as jq names it. Of plain paths there are thousands,
# and jq takes longer to start than the rest together.
status() {
	case $1 in
	*[!a-z0-9_.]*) sp --json status | jq -r "$1" ;;
	*) sp --json status | "$BUILD/live_get" "$1" ;;
	esac
}
status_is() { [ "$(status "$1")" = "$2" ]; }

# Who listens on port 53.
listeners() {
	lap ss -Hlntu 'sport = 53' | awk '{ print $1, $5 }' | sort | xargs
}
# The same, or in bypass the device, and whoever listens all the same.
bound() {
	{
		bypass && lap ip -o link show sallyport0 2>/dev/null |
		    sed 's/^[0-9]*: \([^:]*\):.*/\1/'
		listeners
	} | xargs
}
is_bound() { [ "$(bound)" = "$BOUND" ]; }

# RULES: DNS is exempt in them with a datapath of sockets, and never in bypass.
door_kind() {
	case $1 in
	*"skuid $USER_ID"* | *"skgid $GROUP_ID"* | *"$DNS4"* | *"$DNS6"*)
		_exempt=socket ;;
	*) _exempt=bypass ;;
	esac
	[ $_exempt = "$DATAPATH" ] && echo door || echo "door of $_exempt"
}

# The table but for the rooms (chains HOOK-POLICY) that no hook leads to.
in_force() {
	lap nft list table inet sallyport 2>/dev/null | awk '
	{ line[NR] = $0 }
	/^\tchain / { chain = $2 }
	chain !~ /-/ && $1 == "goto" { entered[$2] }
	END {
		for (i = 1; i <= NR; i++) {
			split(line[i], word)
			if (line[i] ~ /^\tchain .*-/)
				out = !(word[2] in entered)
			if (!out)
				print line[i]
			if (line[i] == "\t}")
				out = 0
		}
	}'
}

# What the kernel holds, told from the rules themselves.
loaded() {
	_rules=$(in_force)
	case $_rules in
	'') echo none ;;
	*'put priority filter; policy accept'* | \
	*'ward priority filter; policy accept'*) echo accepting ;;
	*'@allow4'* | *'jump door_to'*) door_kind "$_rules" ;;
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

# Addresses in the kernel's sets, or in the map if the rules consult one: each
# with the seconds it has left.
opened() {
	_table=$(lap nft -j list table inet sallyport 2>/dev/null)
	case $_table in
	'') ;;
	*'"door_to'*) "$BUILD/live_hash" show "$(map_id)" ;;
	*) printf '%s\n' "$_table" | "$BUILD/live_get" elements ;;
	esac | sort
}
elements() { opened | wc -l; }
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

# The routing rules of bypass: of IPv4, of IPv6.
steered() {
	for _family in 4 6; do
		lap ip -$_family rule show pref 53 | grep -c 'proto 53$'
	done | xargs
}

# Where the laptop's DNS goes: to us, or where remember_dns() saw it. In
# bypass resolv.conf is what it was in either case.
remember_dns() { dns_was=$(look /etc/resolv.conf); }
dns() {
	_steered=$(steered)
	if [ "$(look /etc/resolv.conf)" = "$dns_was" ]; then
		case $_steered in
		'0 0') echo original ;;
		'3 3' | '3 0') bypass && echo ours || echo other ;;
		*) echo other ;;
		esac
	elif [ "$_steered" = '0 0' ] && ! bypass && laptop head -n 1 \
	    /etc/resolv.conf | grep -q '^# sallyport '; then
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

# In one line: port 53 or the device, rules, where DNS goes.
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
