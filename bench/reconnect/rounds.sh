# SPDX-License-Identifier: ISC
#
# How long after it wakes does a machine know that it is online, and when does
# its tunnel stand? Each row is a laptop of its own behind the same router,
# asleep but for its turn, on the network where it wakes; rows take turns. For
# the rest of the network see tests/live/world.sh; the wire to the internet,
# where the DNS server is, too, has a length (delay.c).
#
#   laptops          router                               internet
#   eth0 -----+----- lan0 192.168.77.1     net0 ========= probe, relay, DNS
#   wg0       |      dnsmasq: DHCP, and         delay
#   udhcpc    +----- forwards, caches nothing
#
# What wakes, and its policy of trying again, is probe.c. The wake: eth0 is
# switched on, udhcpc started; address and default route come from its script,
# one after the other as with Debian's. A wireguard-go is there, switched off;
# for the tunnel it is given its peer anew, as it tries once when it has one
# and then only after 5 s, and switched on.
#
# "eager" begins to ask as soon as there is an address; otherwise with the
# default route, as systems do.
#
#   BENCH_OUT=FOLDER BENCH_TSV=FILE rounds.sh BUILD

. "$(dirname "$0")/../../tests/live/assert.sh"
. tests/live/packages.sh
DNS_LOG=		# the network's work is none of the machine's
. tests/live/wireguard.sh

WAIT_MS=1500		# for all of it; longer than each takes
SECONDS_LONG=${SECONDS_LONG:-240}	# rounds go on for so long
DELAYS='0.2 20 100'	# ms, there and back
WHEN='route address'	# probe.c's
SMOKE=${BENCH_SMOKE:-}
TOP='' BASE=$LAPTOP
rows=''			# numbers of those that can be measured

# ---- laptops

# One of them: what is said of the laptop is said of this one from here on.
turn() {
	LAPTOP=${W}l$1 WORLD=$TOP/$1
	HOLDER=$(cat "$WORLD/holder" 2>/dev/null)
}

laptop_new() {
	mkdir -p "$TOP/$1" && turn "$1"
	ip netns add "$LAPTOP"
	ip -n "$LAPTOP" link set lo up
	ip -n "$LAPTOP" link add eth0 type veth peer name "lan$1" \
	    netns "$ROUTER"
	ip -n "$ROUTER" link set "lan$1" master lan0 up
	lap sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	cp "$TOP/laptop.key" "$TOP/relay.pub" "$WORLD/"
	world_etc && world_holder || exit 2
	laptop mount -t tmpfs -o mode=755 tmpfs /run
}

# The router's side of the laptops is a bridge.
bridge() {
	ip -n "$ROUTER" link del lan0
	ip -n "$ROUTER" link add lan0 type bridge
	ip -n "$ROUTER" addr add $DNS4/24 dev lan0
	ip -n "$ROUTER" link set lan0 up
}

everything_ends() {
	for _n in 1 2 3 4 5 6 7; do
		ip netns pids "${W}l$_n" 2>/dev/null | xargs -r kill 2>/dev/null
	done
	sleep 0.3	# daemons undo what they did
	for _n in 1 2 3 4 5 6 7; do
		ip netns pids "${W}l$_n" 2>/dev/null |
		    xargs -r kill -9 2>/dev/null
		ip netns del "${W}l$_n" 2>/dev/null
	done
	LAPTOP=$BASE WORLD=$TOP HOLDER=$(cat "$TOP/holder")
	world_close
}

# As udhcpc's script in Debian; the server is the one that was there before,
# and not written again, as resolvconf and NetworkManager have it.
dhcp_script() {
	cat >"$TOP/dhcp" <<-END
	#!/bin/sh
	[ "\$1" = bound ] || exit 0
	ip addr add "\$ip/\$mask" dev "\$interface"
	ip route replace default via "\$router"
	END
	chmod 755 "$TOP/dhcp"
}

tunnel_script() {
	cat >"$TOP/tunnel" <<-END
	#!/bin/sh
	"$WG" setconf wg0 "$TOP/wg.conf"
	exec ip link set wg0 up
	END
	chmod 755 "$TOP/tunnel"
	cat >"$TOP/wg.conf" <<-END
	[Interface]
	PrivateKey = $(cat "$TOP/laptop.key")
	[Peer]
	PublicKey = $(cat "$TOP/relay.pub")
	Endpoint = $RELAY4:$PORT
	AllowedIPs = 10.66.0.0/24
	PersistentKeepalive = 25
	END
}

# ---- the wire

# MS: the round trip.
wire_set() { awk -v ms="$1" 'BEGIN { print ms * 1000 }' >"$TOP/wire"; }

# MS: it is that long, as ping finds it; in a smoke test, not less.
wire_is() {
	wire_set "$1"
	_ms=$(router ping -q -i 0.02 -c 20 -w 5 $PROBE4 |
	    awk -F / '/^rtt/ { sub(/.* /, "", $4); print $4, $5 }')
	echo "the wire: $1 ms; ping: $_ms (min, mean)"
	awk -v want="$1" -v got="${_ms% *}" -v smoke="$SMOKE" 'BEGIN {
		exit !(got > want - 0.15 && (smoke || got < want + 0.4)) }' &&
	    return
	echo "FAILED: this is not $1 ms"
	exit 1
}

wire_opens() {
	ip -n "$ROUTER" link del wan0
	mkfifo "$TOP/wire"
	world_start wire sh -c "exec '$BUILD/bench_delay' '$ROUTER' wan0 \
	    '$INTERNET' net0 <>'$TOP/wire'"
	world_until 50 internet ip link show net0 && world_wan || exit 2
	world_dnsmasq "$INTERNET" net0 $(world_names)
	world_dnsmasq "$ROUTER" lan0 --server=$OTHER4 --cache-size=0 \
	    --dhcp-range=192.168.77.100,192.168.77.150,1h \
	    --dhcp-authoritative --dhcp-leasefile="$TOP/leases"
}

# ---- rows: what is done once, and before each wake

name_of() {
	case $1 in
	1) echo "no firewall" ;;
	2) echo "sallyport socket" ;;
	3) echo "sallyport bypass" ;;
	4) echo "sallyport spoof" ;;
	5) echo "dnsmasq --nftset" ;;
	6) echo "smartdns" ;;
	7) echo "kill switch, no door" ;;
	esac
}

all_names() { for _n in 1 2 3 4 5 6 7; do name_of $_n; done; }

# LINE...: for its configuration
daemon_row() {
	daemon_conf 'tunnel { interface = "wg0"' ' follow = true }' "$@"
	daemon_start || return
	sp netcheck on >/dev/null && sp lockdown on >/dev/null
}

# RULES: of the door
kill_switch() {
	lap nft -f - <<-END
	table inet peer {
		set allow4 { type ipv4_addr; flags timeout; timeout 60s; }
		chain output {
			type filter hook output priority 0; policy drop
			oifname { lo, wg0 } accept
			udp dport 67 accept
			ip daddr $RELAY4 udp dport $PORT accept
			$1
			reject
		}
	}
	END
}

# A resolver of a user of its own that fills the set.
peer_row() {
	_log=$1
	shift
	kill_switch "meta skuid $PLAIN_ID udp dport 53 accept
		meta skuid 0 ip daddr @allow4 tcp dport { 80, 443 } accept"
	laptop sh -c "echo nameserver 127.0.0.1 >/etc/resolv.conf"
	laptop_start "$_log" setpriv --reuid $PLAIN_ID --regid $PLAIN_ID \
	    --clear-groups --inh-caps +net_bind_service,+net_admin \
	    --ambient-caps +net_bind_service,+net_admin -- "$@"
	echo "$PID" >"$WORLD/peer"
	world_until 50 lap sh -c "ss -Hlun 'sport = 53' | grep -q ."
}

dnsmasq_row() {
	dnsmasq --version | grep -q ' nftset' || {
		echo "this one was built without nftset"
		return 1
	}
	echo "nameserver $DNS4" >"$WORLD/peer.conf"
	peer_row dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --resolv-file="$WORLD/peer.conf" --no-hosts --user= --pid-file= \
	    --listen-address=127.0.0.1 --bind-interfaces \
	    --nftset=/captive.apple.com/4#inet#peer#allow4
}

smartdns_row() {
	[ -n "$SMOKE" ] || packages_fetch smartdns
	_smartdns=$(first_program "$(command -v smartdns)" \
	    "$PACKAGES/smartdns/usr/sbin/smartdns") || {
		echo "it is not here (Debian: smartdns)"
		return 1
	}
	cat >"$WORLD/smartdns.conf" <<-END
	bind 127.0.0.1:53
	server $DNS4
	cache-size 0
	speed-check-mode none
	nftset /captive.apple.com/#4:inet#peer#allow4
	END
	peer_row smartdns "$_smartdns" -f -x -p - -c "$WORLD/smartdns.conf"
}

row_opens() {
	laptop_new "$1"
	case $1 in
	2) daemon_row 'datapath = socket' ;;
	3) daemon_row 'datapath = bypass' ;;
	4) daemon_row 'datapath = socket' 'mode = spoof' ;;
	5) dnsmasq_row ;;
	6) smartdns_row ;;
	7) kill_switch '' ;;
	esac >"$WORLD/opens" 2>&1 && rows="$rows $1" && return
	case $1 in
	[56]) echo "left out: $(name_of "$1"): $(tail -n 1 "$WORLD/opens")" ;;
	*) wrong "$1" "$(tail -n 1 "$WORLD/opens")" ;;
	esac
}

# Sleep was longer than the TTL of what was open before it.
forget() {
	case $1 in
	5) kill -HUP "$(cat "$WORLD/peer")" ;;
	esac
	case $1 in
	5 | 6) lap nft flush set inet peer allow4 ;;
	esac
}

# The tunnel that was made is no news to the daemon any more.
may_wake() {
	case $1 in
	[234]) [ "$(status '.policy + " " + (.tunnel.relays | join(" "))')" = \
	    "blocked-active $RELAY4:$PORT/udp" ] ;;
	esac
}

# ---- a wake

# DELAY WHEN ROW: a line in $TOP/raw: these, the round, and what probe.c says.
wakes() {
	turn "$3"
	forget "$3"
	wg_made wg0 10.66.0.0/24 25
	world_until 50 may_wake "$3" || wrong "$3" "its door stays shut"
	_line=$(laptop "$BUILD/bench_probe" eth0 10.66.0.1 "$2" $WAIT_MS \
	    "$TOP/tunnel" busybox udhcpc -q -f -n -t 20 -T 1 -i eth0 \
	    -s "$TOP/dhcp" 2>>"$TOP/errors.log")
	echo "$1 $2 $3 $round $_line" >>"$TOP/raw"
	case "$1 $2 $3" in
	"${DELAYS%% *} route "[234]) noted "$3" $_line ;;
	esac
	world_end $WG_PID
	ip -n "$LAPTOP" link set eth0 down
	ip -n "$LAPTOP" addr flush dev eth0
	through "$3" $_line || wrong "$3" "$1 ms, $2: $_line"
}

# ROW ADDRESS ROUTE ANSWERED PAGE TUNNEL TRIES LINK: what the daemon says of
# this wake, in ms since the address. Of the first, its start counts as well.
noted() {
	[ "$round" -gt 0 ] || [ -n "$SMOKE" ] || return 0
	sp --json timeline | jq -r --arg row "$1" --argjson zero "$2" \
	    --argjson link "$8" '.episodes[0] | (.started * 1000 - $link) as $at |
	    .events[] | [$row, .name, .ms + $at - $zero] | @tsv' >>"$TOP/events"
}

wrong() {
	echo "FAILED: $(name_of "$1"): $2"
	failed=$((failed + 1))
}

# ROW ADDRESS ROUTE ANSWERED PAGE TUNNEL TRIES: as it must be.
through() {
	case $1 in
	4) [ "$4" != - ] && [ "$5" = - ] && [ "$6" != - ] ;;
	7) [ "$2" != - ] && [ "$4" = - ] && [ "$5" = - ] ;;
	*) [ "$4" != - ] && [ "$5" != - ] && [ "$6" != - ] ;;
	esac
}

backwards() { echo $rows | tr ' ' '\n' | tac; }

# DELAY WHEN. The control needs its whole time to get nowhere: once will do.
one_turn() {
	[ $((round % 2)) -eq 0 ] && _order=$rows || _order=$(backwards)
	wire_set "$1"
	for _row in $_order; do
		[ "$_row" -lt 7 ] || [ "$round" -eq 0 ] || continue
		wakes "$1" "$2" "$_row"
	done
}

one_round() {
	for _delay in $DELAYS; do
		for _when in $WHEN; do
			one_turn "$_delay" "$_when"
		done
	done
	round=$((round + 1))
}

all_rounds() {
	_until=$(($(date +%s) + SECONDS_LONG))
	round=0
	one_round
	while [ -z "$SMOKE" ] && [ "$(date +%s)" -lt $_until ]; do
		one_round
	done
	echo "$round rounds"
}

# ---- what it says

# DELAY WHEN COLUMN FROM: of $TOP/raw, as bench_table has it; FROM is the
# column whose time is 0, or 0 = the link.
values() {
	awk -v delay="$1" -v when="$2" -v col="$3" -v from="$4" \
	    -v names="$(all_names)" 'BEGIN { split(names, name, "\n") }
	$1 == delay && $2 == when && $col != "-" {
		printf "%d\t%s\t%.3f\n", $4, name[$3],
		    $col - (from ? $from : 0)
	}' "$TOP/raw"
}

# DELAY WHEN STAGE COLUMN address|link [WORD]: a table.
table() {
	_from=0 _title="reconnect, $1 ms"
	[ "$2" = route ] || _title="$_title, eager"
	[ "$5" = link ] || _from=5
	values "$1" "$2" "$4" $_from | "$BUILD/bench_table" \
	    "$_title: $3 ${6:-from} $5" ms "no firewall" ${BENCH_TSV:+"$BENCH_TSV"}
}

# DELAY WHEN. Of the eager, what tells them from the others.
tables() {
	table "$1" "$2" answered 7 address
	table "$1" "$2" page 8 address
	[ "$2" = route ] || return 0
	[ "$1" != "${DELAYS%% *}" ] || table "$1" "$2" route 6 address after
	table "$1" "$2" tunnel 9 address
	table "$1" "$2" answered 7 link
	table "$1" "$2" page 8 link
	table "$1" "$2" tunnel 9 link
}

# Medians of ms since the address, in the order of the first round.
summary() {
	awk -v names="$(all_names)" '
	function median(k,    i, j, n, t) {
		n = count[k]
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[k, j] < v[k, j - 1]; j--) {
				t = v[k, j]
				v[k, j] = v[k, j - 1]
				v[k, j - 1] = t
			}
		return n ? sprintf("%.1f", v[k, int((n + 1) / 2)]) : "-"
	}
	BEGIN { split(names, name, "\n") }
	{
		row = $1 " ms" ($2 == "route" ? "" : ", eager") ", " name[$3]
		if (!(row in seen))
			order[++rows] = row
		seen[row]
		for (c = 7; c <= 9; c++)
			if ($c != "-")
				v[row, c, ++count[row, c]] = $c - $5
	}
	END {
		form = "%-36s %9s %9s %9s\n"
		printf form, "ms since the address, medians", "answered",
		    "page", "tunnel"
		for (i = 1; i <= rows; i++)
			printf form, order[i], median(order[i] SUBSEP 7),
			    median(order[i] SUBSEP 8), median(order[i] SUBSEP 9)
	}' "$TOP/raw"
}

# Of the first delay, where the time from the address to the answer goes: what
# the client sees, and what the daemon did meanwhile.
steps() {
	{
		cat "$TOP/events"
		awk -v OFS='\t' -v delay="${DELAYS%% *}" '$1 == delay &&
		    $2 == "route" && $3 <= 4 && $5 != "-" && $7 != "-" {
			print $3, "the route", $6 - $5
			print $3, "its answer", $7 - $5
		}' "$TOP/raw"
	} | sort -t "$(printf '\t')" -k 2,2 -k 1,1 -k 3,3g |
	awk -F '\t' -v names="$(all_names)" -v of="${DELAYS%% *}" '
	{ k = $2 SUBSEP $1; v[k, ++n[k]] = $3 }
	function line(name, who,    i, k, s) {
		s = sprintf("%-36s", who ": " name)
		for (i = 1; i <= 4; i++) {
			k = name SUBSEP i
			s = s sprintf(" %16s", n[k] ? sprintf("%.2f", \
			    v[k, int((n[k] + 1) / 2)]) : "-")
		}
		print s
	}
	END {
		split(names, name, "\n")
		printf "%-36s", of " ms, since the address, medians"
		for (i = 1; i <= 4; i++) printf " %16s", name[i]
		print ""
		line("address", "daemon"); line("asked", "daemon")
		line("answered", "daemon"); line("opened", "daemon")
		line("the route", "client"); line("query", "daemon")
		line("replied", "daemon"); line("its answer", "client")
	}'
}

# ---- in order

trap everything_ends EXIT
world_open || exit 2
TOP=$WORLD
: >"$TOP/raw" >"$TOP/events"
packages_fetched wireguard-go $(wg_wanted)
wg_found
bridge
world_web
dhcp_script
wire_opens
wg_keys && relay_up || exit 2
tunnel_script
[ -z "$SMOKE" ] || DELAYS=20 WHEN=route
for ms in $DELAYS; do
	wire_is $ms
done
for n in 1 2 3 4 5 6 7; do
	row_opens $n
done
all_rounds
for ms in $DELAYS; do
	for when in $WHEN; do
		tables $ms $when
	done
done
summary
echo
steps
echo
cat "$TOP/wire.log"
[ $failed -eq 0 ]
