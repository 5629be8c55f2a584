#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The ledger against the router: what leaves the laptop is counted by both. For
# the network see world.sh; what is sent, and the kinds of leak, are in
# live_leaks.c.
#
# usage: leaks.sh [BUILD [BLAST_SECONDS [ATTACK_SECONDS]]]

. "$(dirname "$0")/assert.sh"

BLAST=${2:-2} ATTACK=${3:-10} RATE=${RATE:-100000} SPREAD=${SPREAD:-1000000}
FAKE=02:5a:11:0e:00:01		# the sender's address of live_leaks

send() { lap "$BUILD/live_leaks" "$@"; }

# ---- the two counts

leaks() { sp --json leaks | jq -r "$1"; }
leaked() { leaks '.classes.leak + .classes.unread'; }
leaked_is() { [ "$(leaked)" = "$1" ]; }
# All that left, seen or not.
left() { leaks '([.classes[]] | add) - .classes.incoming + .drops'; }
difference() { echo $(($(left) - $(sent_to_link))); }
# The same twice: nothing was on its way.
difference_settles() {
	_was=$(difference)
	sleep 0.2
	[ "$(difference)" = "$_was" ] && echo "$_was" >"$WORLD/difference"
}
difference_is_back() { [ "$(difference)" = "$(cat "$WORLD/difference")" ]; }

# Frames with our forged address, as they come in at the router.
router_counts() {
	router nft -f - <<-EOF
	table netdev count {
		counter forged { }
		chain in {
			type filter hook ingress device lan0 priority -500
			ether saddr $FAKE counter name forged
		}
	}
	EOF
}
forged() {
	router nft -j list counter netdev count forged |
	    jq '.nftables[] | .counter? | select(. != null) | .packets'
}
# Handed to the link: what the router got, and what its queue had no room for.
sent_to_link() {
	_rx=$(world_sys "$ROUTER" lan0 statistics/rx_packets)
	_dropped=$(world_sys "$LAPTOP" eth0 statistics/tx_dropped)
	echo $((_rx + _dropped))
}

ledger_pid() { status '.ledger.pid // 0'; }
ledger_runs() { [ "$(status .ledger.running)" = true ]; }
# Asked once: between two questions one may end, and there is none.
ledger_differs() { status_is ".ledger | .running and .pid != $1" true; }

world_opened
router_counts || exit 2

# ---- nothing is blocked, nothing is watched

daemon_conf
daemon_started
check "not blocked: no ledger" "$(status .ledger.running)" false
sp lockdown on >/dev/null
check_comes "blocked: the ledger runs" ledger_runs
pid=$(ledger_pid)
check_like "its user" "$(ps -o uid= -p "$pid")" "*$USER_ID"
check "its capabilities" \
    "$(awk '/^Cap(Prm|Eff|Bnd|Inh|Amb)/ { print $2 }' "/proc/$pid/status" |
	sort -u)" 0000000000000000
check "its system calls are filtered" \
    "$(awk '/^Seccomp:/ { print $2 }' "/proc/$pid/status")" 2
check "its root" "$(ls "/proc/$pid/root/" | wc -l)" 0
# Packets that waited in a queue when the block came are no leaks.
sleep 1.2

# ---- every kind of leak, to the packet

want=$(leaked)
for class in $(send classes); do
	before=$(forged)
	send class "$class" eth0 7
	want=$((want + 7))
	check_comes "$class: 7 leaks" leaked_is $want
	check "$class: the router has them" $(($(forged) - before)) 7
done
check "flows: one for each kind, two ports of a name apart" \
    "$(leaks .flows)" "$(leaks '.list | length')"
check_like "said once for each flow" \
    "$(grep -c '> leak: \|^leak: ' "$WORLD/daemon.log")" "$(leaks .flows)"
check_like "status" "$(sp status)" "*leaks: $want packets in * flows, see*"
check_like "the table" "$(sp leaks)" "*udp*192.168.77.2:5000*8.8.8.8:53*eth0*"

# ---- a control run: as many packets a second as there can be

check_comes "before the blast: settled" leaked_is "$want"
check_comes "before the blast: two counts" difference_settles
was=$(leaked) was_forged=$(forged)
drops_was=$(leaks .drops)
report=$(send blast eth0 "$RATE" "$BLAST")
sent=${report%% *}
blast_counted() {
	[ $(($(leaked) - was + $(leaks .drops) - drops_was)) -ge "$sent" ]
}
check_comes "blast: all of $report counted" blast_counted
drops=$(($(leaks .drops) - drops_was))
echo "blast: $report, $drops not seen, router $(($(forged) - was_forged))"
check "blast: seen and not seen are what was sent" \
    $(($(leaked) - was + drops)) "$sent"
check_comes "blast: what left is what the link was given" difference_is_back

# ---- a flood of flows costs bounded memory

pid=$(ledger_pid)
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
was=$(leaked) rss_was=$(rss) drops_was=$(leaks .drops)
control_was=$(awk '/^VmRSS/ { print $2 }' "/proc/$DAEMON/status")
sent=$(send spread eth0 "$SPREAD")
check_comes "spread: all of $sent counted" blast_counted
check "spread: to the packet" \
    $(($(leaked) - was + $(leaks .drops) - drops_was)) "$sent"
check "spread: the ledger has not grown" $(($(rss) - rss_was < 1024)) 1
check "spread: nor has control" $(($(awk '/^VmRSS/ { print $2 }' \
    "/proc/$DAEMON/status") - control_was < 4096)) 1
check "spread: the list is bounded" "$(leaks '.list | length <= 512')" true
check "spread: each of it on an interface" \
    "$(leaks '[.list[] | select(.interface == "")] | length')" 0
check "spread: the rest is counted" "$(leaks '.untold > 0')" true

# ---- one that is killed

kill -KILL "$pid"
check_comes "killed: told" status_is .ledger.running false
check_like "killed: why" "$(sp status)" "*ledger: not running: it has died*"
check_comes "killed: another one runs" ledger_differs "$pid"
check "killed: counted" "$(status .ledger.restarts)" 1
check "killed: what was counted stays" "$(($(leaked) >= was))" 1
want=$(($(leaked) + 7))
send class udp eth0 7
check_comes "the new one counts" leaked_is "$want"

# ---- one that stops is missed when it is asked

pid=$(ledger_pid)
kill -STOP "$pid"
leaks .drops >/dev/null
world_until 150 ledger_differs "$pid"
check "stopped: another one runs" "$(status .ledger.restarts)" 2
check_like "stopped: why" "$(cat "$WORLD/daemon.log")" "*no sign of life*"

# ---- blocked, and under attack; the probe passes

sp netcheck on >/dev/null
check_comes "the door opens" door_opens
daemon_log_was=$(grep -c 'leak: ' "$WORLD/daemon.log")
was=$(leaked)
mac=$(world_sys "$LAPTOP" eth0 address)
world_capture attack -Q in "ether src $mac and not arp and not (icmp6 and
    (ip6[40] = 135 or ip6[40] = 136 or ip6[40] = 133)) and not
    (port 53 and (host $DNS4 or host $DNS6)) and not
    (tcp port 80 and (host $PROBE4 or host $PROBE6))"
for user in 0 $PLAIN_ID 64056 64057; do
	world_start attack-$user nsenter -t "$HOLDER" -m -n -- setpriv \
	    --reuid $user --regid $user --clear-groups -- \
	    "$BUILD/live_leaks" attack "$ATTACK"
	attackers="${attackers-} $PID"
done
granted=$(leaks .classes.granted) probes=0 fetched=0
end=$(($(date +%s) + ATTACK))
while [ "$(date +%s)" -lt $end ]; do
	probes=$((probes + 1))
	laptop curl -sS -m 3 http://captive.apple.com/hotspot-detect.html |
	    grep -q Success && fetched=$((fetched + 1))
done
wait $attackers
sleep 0.2
world_end "$CAPTURE"
check "attack: the probe passed each time" "$fetched" "$probes"
check "attack: no leak in the ledger" $(($(leaked) - was)) 0
check "attack: none on the router" \
    "$(tcpdump -nr "$WORLD/attack.pcap" 2>/dev/null | head -n 5)" ""
check "attack: no question of theirs" \
    "$(grep -c secret.example.com "$WORLD/dnsmasq.log")" 0
check "attack: they did try" "$(cat "$WORLD"/attack-*.log |
    awk '$1 > 10 { n++ } END { print n }')" 4
check "attack: the probe is granted" \
    $(($(leaks .classes.granted) > granted)) 1
check "attack: its questions are ours" "$(leaks '.classes.upstream > 0')" true
check "attack: nothing was missed" "$(leaks .drops)" "$drops_was"

# ---- the door shuts with connections in it: no false leak

was=$(leaked)
laptop_start slow curl -sS -m 5 --limit-rate 1 \
    http://captive.apple.com/hotspot-detect.html
sp netcheck off >/dev/null
sleep 1.5
check "the door is shut: no leak" $(($(leaked) - was)) 0

# ---- a real hole, with a process behind it: a guest whose host blocks nothing

sp lockdown off >/dev/null
check_comes "nothing is blocked: no ledger" status_is .ledger.running false
daemon_ends TERM
lap nft add table inet vendor
lap nft add set inet vendor ok4 '{ type ipv4_addr; flags timeout; }'
lap nft add set inet vendor ok6 '{ type ipv6_addr; flags timeout; }'
daemon_conf 'firewall { mode = guest table = "inet vendor" set4 = "ok4" set6 = "ok6" }'
# What is left of the attack's connections leaks now, too, and nobody owns it.
lap ss -HKt >/dev/null
daemon_started
sp lockdown on >/dev/null
check_comes "guest: the ledger runs" ledger_runs
sleep 1.2
mkfifo "$WORLD/hold"
nsenter -t "$HOLDER" -m -n -- setpriv --reuid $PLAIN_ID --regid $PLAIN_ID \
    --clear-groups -- "$BUILD/live_leaks" hold 203.0.113.20 4242 \
    <"$WORLD/hold" &
holder=$!
exec 3>"$WORLD/hold"
held() { [ -n "$(leaks '.list[] | select(.to_port == 4242) | .process')" ]; }
check_comes "guest: the process is known" held
check_like "guest: by name" \
    "$(leaks '.list[] | select(.to_port == 4242) | .process')" \
    "live_leaks (pid *)"
check_like "guest: in the log" "$(grep 'leak: udp .*:4242' "$WORLD/daemon.log")" \
    "*-> 203.0.113.20:4242 on eth0, process live_leaks (pid *)"
exec 3>&-
wait $holder
# The tunnel's own packets are no leaks while it connects.
sp state connecting --relay $RELAY4:51820 >/dev/null
echo x | laptop nc -u -w 1 $RELAY4 51820
sleep 0.3
check "connecting: the relay's" \
    "$(leaks '.list[] | select(.to_port == 51820) | .to')" ""
check "connecting: seen" "$(leaks '.classes.relay > 0')" true

# ---- switched off; not possible

printf 'capture = off\n' >>"$CONF"
sp reload >/dev/null
check_comes "capture = off" status_is .ledger.running false
check_like "capture = off: told" "$(sp status)" "*ledger: not running: capture = off*"
sp state disconnected >/dev/null
sp lockdown off >/dev/null
daemon_ends TERM

# ---- audit, beside another kill switch

audit() { ip netns exec "$LAPTOP" "$BUILD/sallyport" audit "$@"; }
audit_begin() {
	ip netns exec "$LAPTOP" "$BUILD/sallyport" audit "$@" \
	    >"$WORLD/audit.out" 2>&1 &
	_audit=$!
	world_until 50 grep -q '^Seccomp:.*2' "/proc/$_audit/status"
}
lap nft delete table inet vendor
lap nft -f - <<-EOF
table inet foreign {
	chain out {
		type filter hook output priority 0; policy drop;
		oif lo accept
		meta l4proto ipv6-icmp accept
		udp dport 9998 accept
	}
}
EOF
audit_with() {
	_for=$1
	shift
	audit_begin --for "$_for" "$@"
	lap "$BUILD/live_leaks" attack 1 >/dev/null
	echo x | laptop nc -u -w 1 203.0.113.20 "$PORT"
	wait $_audit
	echo $?
}
PORT=9999
check "audit: a block that holds" "$(audit_with 4s)" 0
check_like "audit: told" "$(cat "$WORLD/audit.out")" "leaks: none in 4 s*"
PORT=9998
check "audit: a block with a hole" "$(audit_with 4s)" 1
check_like "audit: which" "$(cat "$WORLD/audit.out")" \
    "*203.0.113.20:9998*--allow*"
check "audit: the hole is the VPN's" \
    "$(audit_with 4s --allow 203.0.113.20:9998/udp)" 0
check "audit: as JSON" "$(audit_with 3s --json; jq -r .verdict "$WORLD/audit.out")" \
    "$(printf '1\nleaks')"
as_user "$BUILD/sallyport" audit --for 1s >"$WORLD/audit.out" 2>&1
check "audit: not root" $? 2
audit --for 1s --interface nosuch0 >"$WORLD/audit.out" 2>&1
check "audit: no such interface" $? 2
audit_begin --for 60s
kill -INT $_audit
wait $_audit
check "audit: interrupted, it tells what it has" $? 0

finish
