#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The questions that leave the laptop, as a hostile DNS server sees them: how
# they are made, which way they go, how often they come; and what becomes of
# an answer when there are two servers. For the network see liar.sh; here the
# laptop has no default route, and a decoy instead:
#
#     laptop   eth0 ------------------- lan0   router
#              eth1 ------------------- lan1
#     192.168.77.1 and fd77::1 are routed to eth1
#
# usage: questions.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/liar.sh

decoy() {
	ip -n "$LAPTOP" link add eth1 type veth peer name lan1 netns "$ROUTER"
	router sysctl -qw net.ipv6.conf.lan1.accept_dad=0
	ip -n "$ROUTER" addr add 10.9.9.1/24 dev lan1
	ip -n "$ROUTER" link set lan1 up
	ip -n "$LAPTOP" addr add 10.9.9.2/24 dev eth1
	ip -n "$LAPTOP" link set eth1 up
	ip -n "$LAPTOP" route add $DNS4/32 dev eth1
	ip -n "$LAPTOP" route add $DNS6/128 dev eth1
	ip -n "$LAPTOP" route del default via $DNS4
	ip -n "$LAPTOP" route del default via $DNS6
	router nft -f - <<-END
	table inet watch {
		chain in {
			type filter hook prerouting priority 0
			iifname lan1 meta l4proto { tcp, udp } th dport 53 counter
		}
	}
	END
}
by_decoy() {
	router nft -j list table inet watch |
	jq '[.nftables[].rule?.expr[]?.counter?.packets // 0] | add'
}

# EDGE NUMBER LEAST
check_least() {
	check "$1: $2 of at least $3" "$([ "$2" -ge "$3" ] && echo yes)" yes
}

# Distinct values of the fields $1 (comma-separated) of the questions in $2.
distinct() { cut -d ' ' -f "$1" "$WORLD/$2" | sort -u | wc -l; }

world_open && laptop_up && decoy || exit 2
printf 'nameserver %s\n' $DNS4 $DNS6 >"$WORLD/etc/resolv.conf"
liar_started $DNS4 $DNS6
door_started

# ---- a hundred questions

in_net dig @$RESOLVER4 +tries=1 +time=8 +short \
    $(seq -f 'good-%g.silent.liar.test' 1001 1100) >"$WORLD/hundred"
opened >"$WORLD/opened"
check 'a hundred answers' "$(grep -c '^198\.18\.' "$WORLD/hundred")" 100
awk '$9 ~ /^[Gg][Oo][Oo][Dd]/ && !seen[$2 $4 $5]++' "$WORLD/liar.log" \
    >"$WORLD/questions"
check 'each goes once to both servers' "$(awk '{ print $2 }' \
    "$WORLD/questions" | sort | uniq -c | xargs)" '100 1 100 2'
check 'RD and no other flag, no EDNS, over UDP' \
    "$(cut -d ' ' -f 3,6-8 "$WORLD/questions" | sort -u)" 'u 0100 0 1'
# 200 drawn from 65536: two or three equal pairs are no wonder, and ten are not
# to be seen in a lifetime. A port may be that of 16 (datapath/ports.h).
check_least 'ids that differ' "$(distinct 5 questions)" 190
check_least 'ports that differ' "$(distinct 4 questions)" 12
cut -d ' ' -f 4 "$WORLD/questions" | sort | uniq -c |
    awk '$1 > 16' >"$WORLD/crowded"
check 'questions that share a port' "$(cat "$WORLD/crowded")" ''
# From 2^18 ways.
sed 's/-[0-9]*//' "$WORLD/questions" >"$WORLD/spellings"
check_least 'spellings that differ' "$(distinct 9 spellings)" 190
check 'letters, and those seen in both cases' "$(awk '{
	for (i = 1; i <= length($9); i++)
		n[i, substr($9, i, 1)]++
	last = length($9)
} END {
	for (i = 1; i <= last; i++)
		for (c = 0; c < 26; c++) {
			low = n[i, sprintf("%c", 97 + c)]
			high = n[i, sprintf("%c", 65 + c)]
			letters += low + high > 0
			# 200 tosses of a coin: 6 sigma.
			fair += low > 57 && high > 57
		}
	print letters, fair
}' "$WORLD/spellings")" '18 18'

# ---- how often

row 'nobody answers' SERVFAIL '' servfail 'silent-#.silent-#.liar.test' A
asked "$name" >"$WORLD/tries"
check 'four tries with each server, the same to the octet' \
    "$(cut -d ' ' -f 2,4-9 "$WORLD/tries" | sort | uniq -c |
    awk '{ print $1, $2 }' | xargs)" '4 1 4 2'
# The server may come late to the first one.
check 'at about 100, 300 and 900 ms' "$(awk '$2 == 1 {
	if (n++ == 0)
		first = $1
	else
		print ($1 - first >= want[n - 1] ? "ok" : $1 - first)
}
BEGIN { split("50 200 700", want) }' "$WORLD/tries" | xargs)" 'ok ok ok'
row 'a chain is one trip' NOERROR good '' 'chain-#-16.silent.liar.test' A
asked "$name" >"$WORLD/trip"
check 'a chain is one trip' "$(distinct 2,4,5 trip)" 2
check 'and nothing else is asked' "$(grep -ci 'c[0-9]*-[0-9]*\.liar' \
    "$WORLD/liar.log")" 0
ask "$name" A
check 'from the cache: reply' "$rcode $answer" "NOERROR $(good A)"
asked "$name" >"$WORLD/trip"
check 'from the cache: no trip' "$(distinct 2,4,5 trip)" 2
check_moved 'from the cache' warm

row=$((row + 1)) name=slow-$row-2000.silent.liar.test asking=
for i in $(seq 20); do
	in_net dig +tries=1 +time=8 +short $name @$RESOLVER4 >"$WORLD/join.$i" &
	asking="$asking $!"
done
wait $asking
check 'twenty at once: answers' "$(cat "$WORLD"/join.* | sort | uniq -c |
    xargs)" "20 $(good A)"
asked "$name" >"$WORLD/trip"
check 'twenty at once: one question for each server' \
    "$(distinct 2,4,5,9 trip)" 2
check_moved 'twenty at once' joined=19
opened >"$WORLD/opened"

# ---- two servers

row 'only the second answers' NOERROR good '' 'silent-#.good-#.liar.test' AAAA
row 'SERVFAIL, then good' NOERROR good bad_rcode \
    'servfail-#.slow-#-200.liar.test' A
row 'SERVFAIL twice' SERVFAIL '' 'servfail bad_rcode=2' \
    'servfail-#.refused-#.liar.test' A
row 'a loop, then good' NOERROR good bad_loop \
    'loop2-#.slow-#-200.liar.test' A
row 'unfit, then good' NOERROR good bad_address \
    'hex-#.slow-#-200.7f000001.liar.test' A
row 'another id, then good from the other' NOERROR good bad_id \
    'id-#.slow-#-200.only.liar.test' A
row 'TC and a cut, then good' NOERROR good \
    "$(either 'upstream_tcp upstream_error' parse_short)" 'tccut-#.slow-#-200.liar.test' A
row 'TC and silence, then good' NOERROR good "$(either upstream_tcp '')" \
    'tcsilent-#.slow-#-300.liar.test' A
row 'TC over IPv6' NOERROR good "$(either upstream_tcp '')" \
    'silent-#.tcgood-#.liar.test' A
row 'NXDOMAIN, and good too late' NXDOMAIN '' 'negative late' \
    'nxdomain-#.slow-#-300.liar.test' A
check 'nothing took the decoy' "$(by_decoy)" 0
door_ends
as_datapath dig +tries=1 +time=1 @$DNS4 good-1.liar.test >/dev/null 2>&1
check 'control: without us it is taken' "$(by_decoy)" 1

# ---- no firewall of ours between: what comes from elsewhere is seen

ip -n "$LAPTOP" route del $DNS4/32 dev eth1
printf 'nameserver %s\n' $DNS4 >"$WORLD/etc/resolv.conf"
lap nft -f - <<END || exit 2
table inet vendor {
	set ok4 { type ipv4_addr; flags timeout; }
	set ok6 { type ipv6_addr; flags timeout; }
}
END
door_started \
    'firewall { mode = guest table = "inet vendor" set4 = "ok4" set6 = "ok6" }'
row=$((row + 1))
ask from-$row.liar.test A
check 'another source, another port: reply' "$rcode $answer" "NOERROR $(good A)"
# The kernel's filter of bypass lets neither through to be counted.
check_moved 'another source, another port' "$(either bad_source=2 '')"
check 'another source, another port: opened' "$(lap nft -j list table \
    inet vendor | jq -r '.nftables[].set?.elem[]?.elem.val')" "$(good A)"
door_ends
finish
