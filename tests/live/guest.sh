#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Guest in a vendor's kill switch: only the elements of two named sets in the
# vendor's own table are ours; rules and table stay as they are. For the
# network see world.sh.
#
# usage: guest.sh [BUILD]

. "$(dirname "$0")/assert.sh"

# Our questions must get out, and answers in: those of the datapath's user, or
# in bypass those of programs into the device.
vendor_rules() {
	ask=$(either "meta skgid $GROUP_ID" 'oifname "sallyport0"')
	heard=$(either 'ct state established' 'iifname "sallyport0"')
	cat <<-EOF
	table inet vendor {
		set ok4 { type ipv4_addr; flags timeout; }
		set ok6 { type ipv6_addr; flags timeout; }
		chain out {
			type filter hook output priority 0; policy drop;
			oif lo accept
			icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
			$ask th dport 53 accept
			meta skuid 0 tcp dport { 80, 443 } ip daddr @ok4 accept
			meta skuid 0 tcp dport { 80, 443 } ip6 daddr @ok6 accept
			reject
		}
		chain in {
			type filter hook input priority 0; policy drop;
			iif lo accept
			icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
			$heard th sport 53 accept
			tcp sport { 80, 443 } ct state established accept
		}
	}
	EOF
}

members() {
	for _set in ok4 ok6; do
		lap nft -j list set inet vendor $_set 2>/dev/null
	done | jq -s '[.[].nftables[].set.elem? // [] | length] | add // 0'
}
members_are() { [ "$(members)" -eq "$1" ]; }

# All but the elements.
vendor_text() { lap nft -s list table inet vendor | grep -v elements; }

fetches() { laptop curl -sS -m 3 -o /dev/null "$1"; }
word() { "$@" >/dev/null 2>&1 && echo yes || echo no; }

world_opened
daemon_conf 'firewall { mode = guest table = "inet vendor" set4 = "ok4" set6 = "ok6" }'

# ---- no table of that name: the daemon says so and opens nothing

daemon_started
check "no such table: refused" "$(word sp netcheck on; word go error offline)" \
    "$(printf 'yes\nyes')"
check_like "no such table: said" "$(status .problem)" '*ok4*vendor*'
check "no such table: nothing loaded" "$(lap nft list ruleset)" ""
check "no such table: the host keeps its DNS" "$(dns)" original
daemon_ends TERM

# ---- the vendor's table is there

vendor_rules | lap nft -f - || exit 2
before=$(vendor_text)
daemon_started
check "control: the probe is blocked without us" \
    "$(word fetches "http://$PROBE4/")" no
sp netcheck on >/dev/null
go error offline
check_comes "entering: both addresses are members" members_are 2
check "entering: no table of ours" "$(loaded)" none
check "entering: the probe passes" \
    "$(word fetches http://captive.apple.com/)" yes
check "entering: IPv6 too" "$(word fetches "http://[$PROBE6]/")" yes
check "entering: nobody else" "$(word fetches "http://$OTHER4/")" no
check "entering: members time out" "$(lap nft -j list set inet vendor ok4 |
    jq '[.nftables[].set.elem? // [] | .[].elem.timeout > 0] | all')" true

lap nft flush set inet vendor ok4
check_comes "flushed by the vendor: comes back" members_are 2

go connecting
check_comes "leaving: no members" members_are 0
check "leaving: the probe is blocked" "$(word fetches "http://$PROBE4/")" no
check "leaving: resolv.conf" "$(dns)" original

go error offline
check_comes "entering again" members_are 2
daemon_ends TERM
check "stopped: no members" "$(members)" 0
check "the vendor's rules are what they were" "$(vendor_text)" "$before"

finish
