# SPDX-License-Identifier: ISC
# world.sh - the network that demo and live tests run in; sourced, not run
#
#     laptop                 router                        internet
#   eth0 192.168.77.2/24 -- lan0 192.168.77.1/24
#        fd77::2/64              fd77::1/64
#                           wan0 203.0.113.1/24    ----  net0 203.0.113.10   probe (http)
#                                2001:db8::1/64               203.0.113.20   another web server
#                                dnsmasq on lan0               203.0.113.30   VPN relay
#                                                             and 2001:db8::10, ::20, ::30
#
# Three network namespaces of our own. The laptop also has a mount namespace
# with an /etc of its own, where the daemon's user exists and resolv.conf can
# be anything. Nothing of the host is touched: its network, its /etc, its
# users stay as they are.
#
# captive.apple.com is the chain that Apple serves: two CNAMEs, then
# captive.g.aaplimg.com with an A and an AAAA record.

W=${W:-sp$$}			# prefix of all names
LAPTOP=${W}l ROUTER=${W}r INTERNET=${W}i
WORLD=''			# directory for logs and state
HOLDER=''			# pid that keeps the laptop's namespaces

PROBE4=203.0.113.10 OTHER4=203.0.113.20 RELAY4=203.0.113.30
PROBE6=2001:db8::10 OTHER6=2001:db8::20 RELAY6=2001:db8::30
DNS4=192.168.77.1 DNS6=fd77::1
USER_ID=64053 GROUP_ID=64053 ADMIN_ID=64054 PLAIN_ID=64055

# Waits for a condition (a command), at most $1 tenths of a second: looks
# often at first, as most have not long to wait.
world_until() {
	_left=$(($1 * 100)) _nap=20
	shift
	while ! "$@" >/dev/null 2>&1; do
		_left=$((_left - _nap))
		[ $_left -gt 0 ] || return 1
		sleep 0.0$_nap
		[ $_nap -ge 80 ] || _nap=$((_nap * 2))
	done
}

# A command on the laptop; on the router; on the internet. /sys is the host's
# in the latter two: mounting another, as `ip netns exec` does, takes its time.
laptop() { nsenter -t "$HOLDER" -m -n -- "$@"; }
router() { nsenter --net=/run/netns/"$ROUTER" -- "$@"; }
internet() { nsenter --net=/run/netns/"$INTERNET" -- "$@"; }
# NAMESPACE INTERFACE FILE: what /sys says of an interface.
world_sys() { ip netns exec "$1" cat "/sys/class/net/$2/$3"; }
# As a normal user on the laptop.
as_user() { laptop setpriv --reuid $PLAIN_ID --regid $PLAIN_ID --clear-groups -- "$@"; }
# As the datapath's user and group.
as_datapath() { laptop setpriv --reuid $USER_ID --regid $GROUP_ID --clear-groups -- "$@"; }

# Starts $2... in the background, its output in $WORLD/$1.log; PID is its pid.
world_start() {
	_log=$WORLD/$1.log
	shift
	"$@" >"$_log" 2>&1 &
	PID=$!
}

world_links() {
	ip netns add "$LAPTOP" && ip netns add "$ROUTER" &&
	    ip netns add "$INTERNET" || return 1
	ip -n "$LAPTOP" link add eth0 type veth peer name lan0 netns "$ROUTER"
	ip -n "$ROUTER" link add wan0 type veth peer name net0 netns "$INTERNET"
	for _ns in "$LAPTOP" "$ROUTER" "$INTERNET"; do
		ip -n "$_ns" link set lo up
		# Addresses are there at once, without the duplicate check.
		ip netns exec "$_ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
		    net.ipv6.conf.default.accept_dad=0
	done
	for _if in eth0:"$LAPTOP" lan0:"$ROUTER" wan0:"$ROUTER" net0:"$INTERNET"; do
		ip netns exec "${_if#*:}" sysctl -qw \
		    "net.ipv6.conf.${_if%%:*}.accept_dad=0"
	done
	router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$ROUTER" addr add $DNS4/24 dev lan0
	ip -n "$ROUTER" addr add $DNS6/64 dev lan0
	ip -n "$ROUTER" link set lan0 up
	world_wan
}

# Addresses, and switched on, between router and internet.
world_wan() {
	ip -n "$ROUTER" addr add 203.0.113.1/24 dev wan0
	ip -n "$ROUTER" addr add 2001:db8::1/64 dev wan0
	ip -n "$ROUTER" link set wan0 up
	for _a in $PROBE4/24 $OTHER4/24 $RELAY4/24 $PROBE6/64 $OTHER6/64 \
	    $RELAY6/64; do
		ip -n "$INTERNET" addr add "$_a" dev net0
	done
	ip -n "$INTERNET" link set net0 up
	ip -n "$INTERNET" route add default via 203.0.113.1
	ip -n "$INTERNET" route add default via 2001:db8::1
	# IPv6 addresses are used by the kernel a moment after they are shown.
	for _a in $PROBE6 $OTHER6 $RELAY6; do
		world_until 300 internet sh -c \
		    "ip route get $_a | grep -q '^local'" || return 1
	done
}

# The laptop's own /etc: a copy, with the daemon's user and groups.
world_etc() {
	_etc=$WORLD/etc
	cp -a /etc "$_etc" || return 1
	for _line in "_sallyport:x:$USER_ID:$GROUP_ID::/nonexistent:/usr/sbin/nologin" \
	    "plain:x:$PLAIN_ID:$PLAIN_ID::/nonexistent:/bin/sh"; do
		grep -q "^${_line%%:*}:" "$_etc/passwd" &&
		    sed -i "/^${_line%%:*}:/d" "$_etc/passwd"
		echo "$_line" >>"$_etc/passwd"
	done
	for _line in "sallyport:x:$GROUP_ID:" "sallyport-admin:x:$ADMIN_ID:" \
	    "plain:x:$PLAIN_ID:"; do
		sed -i "/^${_line%%:*}:/d" "$_etc/group"
		echo "$_line" >>"$_etc/group"
	done
	# No name service but files and DNS.
	printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$_etc/nsswitch.conf"
	rm -f "$_etc/resolv.conf"
	printf 'nameserver %s\n' $DNS4 >"$_etc/resolv.conf"
}

world_holder() {
	# Mounts below stay in this process's namespace.
	ip netns exec "$LAPTOP" unshare -m sh -c \
	    "mount --make-rprivate / && mount --bind '$WORLD/etc' /etc &&
	     mkdir -p '$WORLD/run' && echo \$\$ >'$WORLD/holder' &&
	     exec sleep 86400" &
	world_until 300 test -s "$WORLD/holder" || return 1
	HOLDER=$(cat "$WORLD/holder")
}

# Link and addresses of the laptop, as when it wakes in reach of the Wi-Fi.
laptop_up() {
	ip -n "$LAPTOP" link set eth0 up
	ip -n "$LAPTOP" addr add 192.168.77.2/24 dev eth0
	ip -n "$LAPTOP" addr add fd77::2/64 dev eth0
	ip -n "$LAPTOP" route add default via $DNS4
	ip -n "$LAPTOP" route add default via $DNS6
}

laptop_down() {
	ip -n "$LAPTOP" link set eth0 down
	ip -n "$LAPTOP" addr flush dev eth0
}

# NAMESPACE INTERFACE OPTION...: dnsmasq with nothing but these options; it
# tells of each question, unless DNS_LOG is empty.
world_dnsmasq() {
	_netns=$1 _if=$2
	shift 2
	world_start "dnsmasq" ip netns exec "$_netns" dnsmasq \
	    --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	    --no-ping --user=root --pid-file= --interface="$_if" \
	    --bind-interfaces ${DNS_LOG---log-queries} --log-facility=- "$@"
	world_until 50 ip netns exec "$_netns" \
	    sh -c "ss -Hlun 'sport = 53' | grep -q ."
}

# Those that the internet has, as options.
world_names() {
	echo --local-ttl="${DNS_TTL:-60}" \
	    --cname=captive.apple.com,captive-geo.origin-apple.com.akadns.net \
	    --cname=captive-geo.origin-apple.com.akadns.net,captive.g.aaplimg.com \
	    --host-record=captive.g.aaplimg.com,$PROBE4,$PROBE6,${DNS_TTL:-60} \
	    --host-record=netcts.cdn-apple.com,$PROBE4,$PROBE6,${DNS_TTL:-60} \
	    --host-record=www.example.com,$OTHER4,$OTHER6,60
}

# dnsmasq on the router; $1...: more options.
world_dns() {
	world_dnsmasq "$ROUTER" lan0 $(world_names) "$@" || return
	DNSMASQ=$PID
}

# What captive.apple.com answers (hotspot-detect.html), and another site.
world_web() {
	mkdir -p "$WORLD/probe" "$WORLD/other"
	echo '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>' \
	    >"$WORLD/probe/hotspot-detect.html"
	cp "$WORLD/probe/hotspot-detect.html" "$WORLD/probe/index.html"
	echo 'you should not be able to read this' >"$WORLD/other/index.html"
	for _a in "$PROBE4" "[$PROBE6]"; do
		world_start "probe" ip netns exec "$INTERNET" \
		    busybox httpd -f -p "$_a:80" -h "$WORLD/probe"
		world_start "probe8080" ip netns exec "$INTERNET" \
		    busybox httpd -f -p "$_a:8080" -h "$WORLD/probe"
	done
	for _a in "$OTHER4" "[$OTHER6]"; do
		world_start "other" ip netns exec "$INTERNET" \
		    busybox httpd -f -p "$_a:80" -h "$WORLD/other"
	done
	world_until 50 internet sh -c \
	    "[ \$(ss -Hltn 'sport = 80' | wc -l) -ge 4 ]"
}

# Evidence: every packet of the laptop, as the router sees it. $1: a name; $2...:
# more options, or a filter.
world_capture() {
	_name=$1
	shift
	world_start "tcpdump-$_name" ip netns exec "$ROUTER" tcpdump -i lan0 \
	    -n -U --immediate-mode -Z root -w "$WORLD/$_name.pcap" "$@"
	CAPTURE=$PID
	world_until 50 grep -q 'listening on' "$WORLD/tcpdump-$_name.log"
}

# Ends a process that we started, and waits for it.
world_end() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

world_open() {
	WORLD=$(mktemp -d "${TMPDIR:-/tmp}/sallyport.XXXXXX") && chmod 755 "$WORLD" &&
	    export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$WORLD/bus" &&
	    world_links && world_etc && world_holder
}

world_close() {
	# Whoever is our child still: the pid of one that has ended may be
	# another's by now.
	read -r _self _rest </proc/self/stat
	pkill -P "$_self" || :
	wait 2>/dev/null
	for _ns in "$LAPTOP" "$ROUTER" "$INTERNET"; do
		# Children of what was started have no parent any more.
		ip netns pids "$_ns" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$_ns" 2>/dev/null
	done
	[ -n "${KEEP:-}" ] || rm -rf "$WORLD"
}

# --- the daemon on the laptop; BUILD is where it was built, PROGRAM another one
# than sallyportd ---

# $1...: lines for its configuration. DOOR=hash for the other door,
# DATAPATH=bypass for the other datapath.
daemon_conf() {
	CONF=$WORLD/sallyport.conf
	{
		printf 'state-dir = "%s/state"\nrun-dir = "%s/run"\n' \
		    "$WORLD" "$WORLD"
		printf 'control { socket = "%s/run/control.sock" }\n' "$WORLD"
		case "$*" in
		*profile*=*) ;;
		*) printf 'profile = "apple"\n' ;;
		esac
		case "$*" in
		*door*=*) ;;
		*) printf 'door = %s\n' "${DOOR:-set}" ;;
		esac
		case "$*" in
		*datapath*=*) ;;
		*) printf 'datapath = %s\n' "${DATAPATH:-socket}" ;;
		esac
		for _line in "$@"; do
			printf '%s\n' "$_line"
		done
	} >"$CONF"
	chmod 644 "$CONF"
}

daemon_start() {
	world_start daemon nsenter -t "$HOLDER" -m -n -- \
	    "$BUILD/${PROGRAM:-sallyportd}" -d -vv -f "$CONF"
	DAEMON=$PID
	world_until 50 sp status
}

# The socket is found by its path, whatever network one is in.
sp() { "$BUILD/sallyport" --socket "$WORLD/run/control.sock" "$@"; }
