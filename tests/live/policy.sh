#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What each policy lets out and in, judged by what arrives at the router.
#
#   guest                laptop                          router
#  +---------+     +--------------------+   link   +------------------------+
#  | g0      |     | l1   policy    l0  |----------| r0   LAN, on-link door |
#  |  .0.2   |-----| .0.1           .2  |          | .1                     |
#  | 172.31  |     | 172.31     192.168.77         | up, door, other, relay |
#  +---------+     |                t0  |----------| r1   tunnel's far end  |
#                  +--------------------+  tunnel  +------------------------+
#
# Every probe has a source port of its own, by which it is found again in the
# router's capture. The policy "none" is the control: there all of them leak.

set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2

if [ "$(id -u)" -ne 0 ] || ! nft -v >/dev/null 2>&1 ||
   ! command -v tcpdump >/dev/null; then
	echo "skipped: needs root, nft and tcpdump"
	exit 77
fi
build=${BUILD:-build}
load=$build/live_fwload
net=$build/live_net
L=laptop$$ R=router$$ G=guest$$
dir=$(mktemp -d)
pids=
passed=0 failed=0

cleanup() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	wait
	for ns in $L $R $G; do
		ip netns del "$ns" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: $2, not $3"
	fi
}

# ---- the world

UP4=192.0.2.53 UP6=2001:db8:53::53
DOOR4=198.51.100.80 DOOR6=2001:db8:80::80
LINK4=100.64.77.1 LINK6=2001:db8:77::1		# a door on the link itself
OTHER4=198.51.100.99 OTHER6=2001:db8:99::99
RELAY4=203.0.113.1 RELAY6=2001:db8:1::1		# udp 51820
RELAYT4=203.0.113.2 RELAYT6=2001:db8:1::2	# tcp 443
DEAD4=203.0.113.3 DEAD6=2001:db8:1::3		# a relay where nobody listens
TUN4=198.51.100.200 TUN6=2001:db8:200::200	# behind the tunnel
TDNS4=10.99.0.1 TDNS6=fd99::1			# the tunnel's DNS
STRAY4=192.0.2.99 STRAY6=2001:db8:99:53::1	# another, routed past it
LAN4=192.168.77.1 LAN6=fd77::1
OWN=981 GROUP=982

in_ns() {
	ip netns exec "$@"
}

make_namespaces() {
	for ns in $L $R $G; do
		ip netns add "$ns" || exit 2
		for key in conf.default.accept_dad conf.all.accept_dad; do
			in_ns "$ns" sysctl -qw net.ipv6.$key=0
		done
		for key in conf.all.rp_filter conf.default.rp_filter; do
			in_ns "$ns" sysctl -qw net.ipv4.$key=0
		done
		in_ns "$ns" sysctl -qw net.ipv4.ip_forward=1 \
		    net.ipv6.conf.all.forwarding=1
		# Listen where an earlier probe's socket may linger.
		in_ns "$ns" sysctl -qw net.ipv4.ip_local_port_range="60000 60999" \
		    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
		ip -n "$ns" link set lo up
	done
}

# NS DEV ADDR...
addresses() {
	ns=$1 dev=$2
	shift 2
	for a in "$@"; do
		ip -n "$ns" addr add "$a" dev "$dev" || exit 2
	done
	ip -n "$ns" link set "$dev" up
}

wire() {
	ip link add l0 netns "$L" type veth peer name r0 netns "$R"
	ip link add t0 netns "$L" type veth peer name r1 netns "$R"
	ip link add l1 netns "$L" type veth peer name g0 netns "$G"
	addresses "$L" l0 192.168.77.2/24 fd77::2/64 100.64.77.2/24 \
	    2001:db8:77::2/64
	addresses "$R" r0 $LAN4/24 $LAN6/64 $LINK4/24 $LINK6/64
	addresses "$L" t0 10.99.0.2/24 fd99::2/64
	addresses "$R" r1 $TDNS4/24 $TDNS6/64
	addresses "$L" l1 172.31.0.1/24 fd31::1/64
	addresses "$G" g0 172.31.0.2/24 fd31::2/64
	addresses "$R" lo $UP4/32 $DOOR4/32 $OTHER4/32 $RELAY4/32 \
	    $RELAYT4/32 $DEAD4/32 $TUN4/32 $STRAY4/32 $UP6/128 $DOOR6/128 \
	    $OTHER6/128 $RELAY6/128 $RELAYT6/128 $DEAD6/128 $TUN6/128 \
	    $STRAY6/128
}

routes() {
	ip -n "$L" route add default via $LAN4
	ip -n "$L" route add default via $LAN6
	ip -n "$L" route add $TUN4 via $TDNS4
	ip -n "$L" route add $TUN6 via $TDNS6
	ip -n "$G" route add default via 172.31.0.1
	ip -n "$G" route add default via fd31::1
	ip -n "$R" route add 172.31.0.0/24 via 192.168.77.2
	ip -n "$R" route add fd31::/64 via fd77::2
	# The way round the tunnel, for who insists on r0; IPv4 needs none.
	ip -n "$R" route add fd99::2 via fd77::2 dev r0 table 8
	ip -n "$R" -6 rule add oif r0 to fd99::2 table 8
	# What came by the tunnel goes back by it.
	ip -n "$R" route add default via 10.99.0.2 table 9
	ip -n "$R" route add default via fd99::2 table 9
	for f in 4 6; do
		for to in TUN TDNS; do
			ip -n "$R" -$f rule add from "$(address $to $f)" table 9
		done
	done
}

# Waits for LINE in FILE; whoever should write it is PID.
await() {
	n=0
	until grep -q "$1" "$2" 2>/dev/null; do
		kill -0 "$3" 2>/dev/null && [ $n -lt 500 ] || {
			echo "FAILED: no \"$1\" from $2:"
			cat "$2"
			exit 1
		}
		n=$((n + 1))
		sleep 0.02
	done
}

start() {
	out=$1
	shift
	"$@" >"$dir/$out" 2>&1 &
	pids="$pids $!"
	last=$!
}

people() {
	start echo.router ip netns exec "$R" "$net" echo 53 67 80 443 8080 \
	    51820 547
	await ready "$dir/echo.router" $last
	start echo.laptop ip netns exec "$L" "$net" echo 53 7777
	await ready "$dir/echo.laptop" $last
	start capture ip netns exec "$R" tcpdump -i any -Q in -l -n -s 256 \
	    --immediate-mode -B 8192
	await "listening on" "$dir/capture" $last
}

# ---- probes

port=20000
next_port() {
	port=$((port + 1))
}

# WHO COMMAND...
as() {
	who=$1
	shift
	case $who in
	root) in_ns "$L" "$@" ;;
	user) setpriv_in 1000 1000 "$@" ;;
	own) setpriv_in $OWN $GROUP "$@" ;;
	own-uid) setpriv_in $OWN 1000 "$@" ;;
	own-gid) setpriv_in 1000 $GROUP "$@" ;;
	mark | bad-mark) marked "$@" ;;
	guest) in_ns "$G" "$@" ;;
	router) in_ns "$R" "$@" ;;
	esac
}

# What WHO adds to each probe. Forwarded and incoming packets that may not
# pass are dropped, so silence is waited for.
manner() {
	case $1 in
	mark) echo mark=0x73616c6c ;;
	bad-mark) echo mark=0x73616c6d ;;
	guest | router) [ "$2" = answer ] || echo ms=150 ;;
	esac
}

setpriv_in() {
	uid=$1 gid=$2
	shift 2
	in_ns "$L" setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"
}

marked() {
	in_ns "$L" setpriv --reuid 1000 --regid 1000 --clear-groups \
	    --inh-caps +net_admin --ambient-caps +net_admin "$@"
}

# NAME | WHO | PROTO | DESTINATION | PORT | LETTERS of the policies (below)
# that let it pass. In capitals: LAN allowed.
matrix='
loopback            user    tcp  LO     7777  nbBaAycCtTuid
loopback-dns        root    udp  LO     53    nbBaAycCtTuid
own-question-udp    own     udp  UP     53    naAy
own-question-tcp    own     tcp  UP     53    naAy
own-elsewhere       own     udp  OTHER  53    n
own-other-port      own     udp  UP     8080  n
own-at-the-door     own     tcp  DOOR   443   ny
uid-without-group   own-uid udp  UP     53    n
group-without-uid   own-gid udp  UP     53    n
dns-of-root-udp     root    udp  UP     53    n
dns-of-root-tcp     root    tcp  UP     53    n
dns-of-user         user    udp  UP     53    n
dns-to-lan-udp      root    udp  LAN    53    n
dns-to-lan-tcp      user    tcp  LAN    53    n
own-dns-to-lan      own     udp  LAN    53    n
lan                 user    tcp  LAN    8080  nBACT
lan-udp             user    udp  LAN    8080  nBACT
lan-ping            root    icmp LAN    0     nBACT
door-80             root    tcp  DOOR   80    naAy
door-443            root    tcp  DOOR   443   naAy
door-8080           root    tcp  DOOR   8080  n
door-of-user        user    tcp  DOOR   80    ny
door-udp            root    udp  DOOR   80    n
door-quic           root    udp  DOOR   443   n
door-dns            root    udp  DOOR   53    n
door-ping           root    icmp DOOR   0     n
door-on-link        root    tcp  LINK   80    naAy
other-80            root    tcp  OTHER  80    n
other-udp           user    udp  OTHER  443   n
other-ping          root    icmp OTHER  0     n
relay-udp           root    udp  RELAY  51820 ncCtTui
relay-tcp           root    tcp  RELAYT 443   ncCtTui
relay-of-user       user    udp  RELAY  51820 n
relay-marked        mark    udp  RELAY  51820 ncCtTui
relay-other-mark    bad-mark udp RELAY  51820 n
relay-other-port    root    udp  RELAY  443   n
relay-other-proto   root    tcp  RELAY  51820 n
tunnel              user    tcp  TUN    80    ntTu
tunnel-udp          user    udp  TUN    443   ntTu
tunnel-ping         root    icmp TUN    0     ntTu
tunnel-dns-udp      user    udp  TDNS   53    ntTu
tunnel-dns-tcp      user    tcp  TDNS   53    ntTu
other-dns-in-tunnel user    udp  TUN    53    nu
tunnel-dns-past-it  user    udp  STRAY  53    n
guest-out           guest   tcp  OTHER  80    n
guest-to-door       guest   tcp  DOOR   80    n
guest-dns           guest   udp  UP     53    n
guest-to-lan        guest   tcp  LAN    8080  n
guest-in-tunnel     guest   tcp  TUN    80    ntTu
guest-tunnel-dns    guest   udp  TDNS   53    ntTu
guest-other-dns     guest   udp  TUN    53    nu
'

# What comes in: NAME FROM TO OPTION LETTERS; to port 7777, where the laptop
# listens. Source port 8090 is one of the door's ports.
inbound='
in-from-lan       LAN   192.168.77.2 fd77::2 -       nBACT
in-from-door      DOOR  192.168.77.2 fd77::2 -       n
in-from-door-port DOOR  192.168.77.2 fd77::2 sport   n
in-from-relay     RELAY 192.168.77.2 fd77::2 -       n
in-from-tunnel    TUN   10.99.0.2    fd99::2 -       ntTu
in-from-the-side  LAN   10.99.0.2    fd99::2 dev=r0  n
'

# The policies and their letters.
policies='
n none
b blocked
B blocked lan
a blocked-active
A blocked-active lan
y blocked-active uid=any
c connecting
C connecting lan
t connected if=t0 dns=TDNS dns=STRAY
T connected lan if=t0 dns=TDNS dns=STRAY
u connected if=t0
i connected
d disconnecting
'

values="own=$OWN:$GROUP port=80 port=443 port=8090
	upstream=$UP4 upstream=$UP6
	relay=$RELAY4:51820/udp relay=[$RELAY6]:51820/udp
	relay=$RELAYT4:443/tcp relay=[$RELAYT6]:443/tcp
	relay=$DEAD4:51999/udp relay=[$DEAD6]:51999/udp"
opened="allow=$DOOR4 allow=$DOOR6 allow=$LINK4 allow=$LINK6"

# NAME FAMILY -> its address
address() {
	case $1$2 in
	LO4) echo 127.0.0.1 ;;
	LO6) echo ::1 ;;
	*) eval "echo \$$1$2" ;;
	esac
}

passes() {
	case $1 in
	*"$letter"*) echo yes ;;
	*) echo no ;;
	esac
}

load_policy() {
	case $1 in
	blocked-active) doors=$opened ;;
	*) doors= ;;
	esac
	args=$(echo "$@" | sed "s/dns=\([A-Z]*\)/dns=\$\14 dns=\$\16/g")
	eval "args=\"$args\""
	in_ns "$L" "$load" $args $values $doors || exit 1
	# Discovery has to work under each policy, not to be remembered.
	ip -n "$L" neigh flush dev l0
	ip -n "$L" -6 neigh flush dev l0
}

# ask WHO WANT WHAT PROBE...: noted, to be asked with the others of WHO
ask() {
	who=$1 want=$2 what=$3
	shift 3
	echo "$@" $(manner "$who" "$want") >>"$dir/ask.$who"
	echo "$want $policy: $what" >>"$dir/want.$who"
}

ask_all() {
	asking=
	for file in "$dir"/ask.*; do
		who=${file##*.}
		as "$who" "$net" probes <"$file" >"$dir/got.$who" 2>&1 &
		asking="$asking $!"
	done
	for pid in $asking; do
		wait "$pid"
	done
	for file in "$dir"/ask.*; do
		who=${file##*.}
		paste -d ' ' "$dir/got.$who" "$dir/want.$who" >"$dir/answers"
		while read -r got want what; do
			check "$what" "$got" "$want"
		done <"$dir/answers"
	done
	rm -f "$dir"/ask.* "$dir"/want.* "$dir"/got.*
}

# An answer that must come, comes; all else fails at once.
ask_matrix() {
	while read -r name who proto to to_port letters; do
		[ -n "$name" ] || continue
		may=$(passes "$letters")
		want=refused
		[ "$who" = guest ] && want=$(dropped $to_port)
		[ "$may" = yes ] && want=answer
		for f in 4 6; do
			next_port
			ask "$who" $want "$name, IPv$f" "$proto" \
			    "$(address "$to" $f)" "$to_port" $port
			[ "$to" = LO ] || echo "$port $may" \
			    "$policy: $name, IPv$f" >>"$dir/arrivals"
		done
	done <<-END
	$matrix
	END
}

# How a guest's packet to PORT ends that may not pass. DNS past the tunnel is
# rejected, but only with LAN allowed can the guest hear that.
dropped() {
	case $1$letter in
	53T) echo refused ;;
	*) echo silent ;;
	esac
}

ask_inbound() {
	while read -r name from to4 to6 option letters; do
		[ -n "$name" ] || continue
		want=silent
		[ "$(passes "$letters")" = yes ] && want=answer
		for f in 4 6; do
			next_port
			source=$port
			eval "to=\$to$f"
			case $option in
			sport) source=8090 extra= ;;
			-) extra= ;;
			*) extra=$option ;;
			esac
			ask router $want "$name, IPv$f" tcp "$to" 7777 \
			    $source from="$(address "$from" $f)" $extra
		done
	done <<-END
	$inbound
	END
}

# Nobody listens at the dead relay: the router's error must be heard.
ask_errors() {
	case $letter in
	[ncCtTui])
		for f in 4 6; do
			next_port
			ask root refused "ICMP error, IPv$f" udp \
			    "$(address DEAD $f)" 51999 $port
			echo "$port yes $policy: dead relay, IPv$f" \
			    >>"$dir/arrivals"
		done
		;;
	esac
}

# Client ports are fixed: these are counted, not told apart.
probe_dhcp() {
	as root "$net" probes >/dev/null <<-END
	udp 255.255.255.255 67 68 dev=l0 ms=1
	udp ff02::1:2 547 546 dev=l0 ms=1 from=$(link_local)
	udp $OTHER4 67 68 ms=1
	udp $OTHER6 547 546 ms=1
	END
}

link_local() {
	ip -n "$L" -6 -o addr show dev l0 scope link |
	sed 's/.*inet6 \([^/]*\).*/\1/'
}

all_policies() {
	n_policies=0
	while read -r letter policy; do
		[ -n "$letter" ] || continue
		load_policy $policy
		n_policies=$((n_policies + 1))
		ask_matrix
		ask_inbound
		ask_errors
		ask_all
		probe_dhcp
	done <<-END
	$policies
	END
}

# ---- connections that live on

# Says one line to the talker and waits for its word.
say() {
	lines=$((lines + 1))
	[ $lines -eq 1 ] || echo >&9
	n=0
	while [ "$(wc -l <"$dir/talk")" -lt $lines ] && [ $n -lt 200 ]; do
		sleep 0.02
		n=$((n + 1))
	done
	sed -n "${lines}p" "$dir/talk"
}

begin_talk() {
	rm -f "$dir/in"
	mkfifo "$dir/in"
	: >"$dir/talk"
	lines=0
	"$@" <"$dir/in" >"$dir/talk" 2>&1 &
	pids="$pids $!"
	exec 9>"$dir/in"
}

end_talk() {
	exec 9>&-
}

cut_by_removal() {
	for f in 4 6; do
		letter=a policy="cut, IPv$f"
		load_policy blocked-active
		next_port
		begin_talk ip netns exec "$L" "$net" talk \
		    "$(address DOOR $f)" 80 $port
		say >"$dir/said"
		check "$policy: connected" "$(cat "$dir/said")" answer
		say >"$dir/said"
		check "$policy: goes on" "$(cat "$dir/said")" answer
		in_ns "$L" nft delete element inet sallyport allow$f \
		    "{ $(address DOOR $f) }"
		say >"$dir/said"
		check "$policy: the next packet" \
		    "$(sed 's/silent/refused/' "$dir/said")" refused
		end_talk
		echo "$port 2" >>"$dir/exchanges"
	done
}

# A connection that the door's address opened to us before must not come back
# to life with the door. It is from one of the door's ports. The other table
# keeps the kernel tracking connections while ours is not there.
no_revival() {
	in_ns "$L" nft -f - <<-END
	table inet other {
		chain input {
			type filter hook input priority 10
			ct state established accept
		}
	}
	END
	for f in 4 6; do
		letter=n policy="revival, IPv$f"
		load_policy none
		[ $f = 4 ] && to=192.168.77.2 || to=fd77::2
		begin_talk ip netns exec "$R" "$net" talk $to 7777 8090 \
		    from="$(address DOOR $f)"
		say >"$dir/said"
		check "$policy: connected" "$(cat "$dir/said")" answer
		say >"$dir/said"
		check "$policy: goes on" "$(cat "$dir/said")" answer
		load_policy blocked-active uid=any
		say >"$dir/said"
		check "$policy: under the door" "$(cat "$dir/said")" silent
		end_talk
	done
}

# ---- what arrived

# Everything sent before is in the capture once this is.
flush_capture() {
	letter=n
	load_policy none
	next_port
	echo udp $OTHER4 8080 $port | as root "$net" probes >/dev/null
	await "\.$port > " "$dir/capture" $last_capture
	next_port
	echo udp $OTHER6 8080 $port | as root "$net" probes >/dev/null
	await "\.$port > " "$dir/capture" $last_capture
}

arrivals() {
	awk '
	NR == FNR {
		for (i = 1; i < NF; i++)
			if ($(i + 1) == ">") {
				n = split($i, part, ".")
				seen[part[n]] = 1
			} else if ($i == "id") {
				sub(/,/, "", $(i + 1)); seen[$(i + 1)] = 1
			}
		next
	}
	{
		port = $1; want = $2; $1 = $2 = ""
		got = port in seen ? "yes" : "no"
		print got, want, substr($0, 3)
	}' "$dir/capture" "$dir/arrivals" >"$dir/verdicts"
	while read -r got want what; do
		check "$what: arrived" "$got" "$want"
	done <"$dir/verdicts"
}

# 7 octets an exchange; retransmissions would count as more.
exchanges() {
	while read -r p want; do
		got=$(grep -c "\.$p > .* length 7" "$dir/capture")
		check "cut: exchanges from $p" "$got" "$want"
	done <"$dir/exchanges"
}

count() {
	check "$1" "$(grep -c " > $2" "$dir/capture")" "$3"
}

dhcp_arrivals() {
	count "DHCPv4, each policy" "255\.255\.255\.255\.67:" $n_policies
	count "DHCPv6, each policy" "ff02::1:2\.547:" $n_policies
	count "DHCPv4's port elsewhere, control only" "$OTHER4\.67:" 1
	count "DHCPv6's port elsewhere, control only" "$OTHER6\.547:" 1
}

capture_complete() {
	kill -INT $last_capture
	await "dropped by kernel" "$dir/capture" $$
	check "capture" "$(grep 'dropped by kernel' "$dir/capture")" \
	    "0 packets dropped by kernel"
}

make_namespaces
wire
routes
people
last_capture=$last
: >"$dir/arrivals"
: >"$dir/exchanges"
all_policies
cut_by_removal
no_revival
flush_capture
arrivals
exchanges
dhcp_arrivals
capture_complete

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
