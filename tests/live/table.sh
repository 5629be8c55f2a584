#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Network check x lockdown x the tunnel's state: who listens, which rules
# the kernel holds, what resolv.conf says. For the network see world.sh.
#
# usage: table.sh [BUILD]

. "$(dirname "$0")/assert.sh"

# Everything that a change to the machine would show in.
whole_machine() {
	laptop find /etc -printf '%p %y %m %u:%g %s %i %T@ %l\n' | sort
	lap nft list ruleset
	lap ss -Hlntu
	lap ip rule
	lap ip -6 rule
	lap ip route
}

freshly_installed() {
	before=$(whole_machine)
	daemon_conf
	daemon_started
	check "fresh: nothing has changed" "$(whole_machine)" "$before"
	check "fresh: settings" \
	    "$(status '[.netcheck, .lockdown, .lan, .state, .policy] | join(" ")')" \
	    "false false false disconnected none"
	check "fresh: no resolver" "$(status .resolver.running)" false
	check "fresh: no datapath" "$(datapaths)" ""
}

# NETCHECK LOCKDOWN STATE: the policy that belongs there
policy_of() {
	case $3 in
	disconnected) [ "$2" = on ] || { echo none; return; } ;;
	error:set_dns | error:read_dns | error:start_resolver)
		echo blocked
		return ;;
	error:*) ;;
	*) echo "$3"; return ;;
	esac
	[ "$1" = on ] && echo blocked-active || echo blocked
}

# The same, in the words of loaded().
rules_of() {
	case $1 in
	none) echo none ;;
	blocked-active) echo door ;;
	connecting) echo relay ;;
	connected) echo tunnel ;;
	*) echo block ;;
	esac
}

row() {
	want=$(policy_of "$1" "$2" "$3")
	what="netcheck $1, lockdown $2, $3"
	go $(echo "$3" | tr : ' ')
	check "$what: told" "$(status \
	    '[.state, .cause // empty] + ["", .policy] | join(":")')" \
	    "$3::$want"
	[ "$1" = on ] && ports=$BOUND || ports=
	[ "$want" = blocked-active ] && conf=ours || conf=original
	check "$what" "$(machine)" "$ports, $(rules_of "$want"), $conf"
}

# In an order in which each may follow the one before.
states='disconnected connecting connected disconnecting error:offline
	error:set_dns error:auth_failed error:read_dns error:set_firewall
	error:start_resolver error:other connecting disconnected'

four_ways() {
	for netcheck in off on; do
		for lockdown in off on; do
			sp netcheck $netcheck >/dev/null
			sp lockdown $lockdown >/dev/null
			for state in $states; do
				row $netcheck $lockdown "$state"
			done
		done
	done
}

# Settings change while the state stays.
switched_within() {
	for state in disconnected connecting connected disconnecting \
	    error:offline error:read_dns; do
		go $(echo "$state" | tr : ' ')
		for change in netcheck:off lockdown:off netcheck:on \
		    lockdown:on; do
			sp ${change%:*} ${change#*:} >/dev/null
			eval "${change%:*}=${change#*:}"
			row $netcheck $lockdown "$state"
		done
	done
	go disconnected
}

# Bound but not active: it replies to nothing and asks nothing.
mute() {
	if bypass; then
		left_out "not active: who is asked then is the router"
		return
	fi
	sp lockdown off >/dev/null
	asked=$(grep -c 'query\[' "$WORLD/dnsmasq.log")
	check_like "bound, not active: no reply" \
	    "$(laptop dig +tries=1 +time=1 @$RESOLVER4 captive.apple.com)" \
	    "*timed out*"
	check "bound, not active: nothing asked" \
	    "$(grep -c 'query\[' "$WORLD/dnsmasq.log")" "$asked"
	sp lockdown on >/dev/null
	check_like "active: a reply" \
	    "$(laptop dig +tries=3 +time=2 @$RESOLVER4 captive.apple.com)" \
	    "*$PROBE4*"
}

# Lockdown and network check are on, and are so after a stop and a start.
restarted() {
	daemon_ends TERM
	check "stopped, lockdown on" "$(machine)" ", block, original"
	daemon_started
	row on on disconnected
	sp lockdown off >/dev/null
	daemon_ends TERM
	check "stopped, lockdown off" "$(machine)" ", none, original"
}

# Where IPv6 is switched off there is no ::1, and that is no failure.
without_ipv6() {
	lap sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	daemon_started
	sp lockdown on >/dev/null
	check "no IPv6" "$(machine)" \
	    "$BOUND4, door, ours"
	check "no IPv6: told" "$(status '.resolver.listen | join(" ")')" \
	    "$(either 127.0.0.1:53 '')"
	check "no IPv6: in resolv.conf" \
	    "$(laptop grep -c '^nameserver' /etc/resolv.conf)" 1
	sp lockdown off >/dev/null
	check "no IPv6, left" "$(machine)" \
	    "$BOUND4, none, original"
}

world_opened
freshly_installed
four_ways
switched_within
mute
restarted
without_ipv6
finish
