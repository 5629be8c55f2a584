#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Answers of a hostile DNS server: each is counted under its reason, opens
# nothing that it should not, and the client gets an honest reply.
# For the network see liar.sh.
#
# usage: upstream.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/liar.sh

# KIND ANSWER COUNTERS TYPE HEX...: addresses in an answer.
hex() {
	_kind=$1 _want=$2 _move=$3 _t=$4
	shift 4
	_labels=$(printf '.%s' "$@")
	[ -n "$_want" ] && _rc=NOERROR || _rc=SERVFAIL
	row "$_kind" $_rc "$_want" "$_move" "hex-#$_labels.liar.test" "$_t"
}
# KIND TYPE HEX: an address that nobody gets.
unfit() { hex "$1" '' 'servfail bad_address' "$2" "$3"; }


world_open && laptop_up || exit 2
liar_started $DNS4

door_started
row 'a good A' NOERROR good '' 'good-#.liar.test' A
row 'a good AAAA' NOERROR good '' 'good-#.liar.test' AAAA

# ---- refused, and the good answer behind it is taken

# In bypass parts are only put together once a server has said TC.
whole=$(either parse_long parse_fragment=3)
while read -r word counter edge; do
	row "$edge" NOERROR good $counter "$word-#.liar.test" A
done <<-END
	short parse_short an octet missing at the end
	empty parse_short an empty datagram
	header parse_short an octet missing in the header
	counts parse_header 1000 records in 60 octets
	none parse_question no question
	two parse_question two questions
	class parse_question class CH
	label parse_label label type 0x40
	name256 parse_name a name of 321 octets
	self parse_hop a hop to itself
	ahead parse_hop a hop ahead
	low parse_hop a hop into the header
	rdata parse_rdata an A record of 5 octets
	target parse_rdata an octet behind the CNAME
	trailing parse_trailing an octet behind the last record
	long $whole more than a slot holds
	id bad_id another id
	qr bad_qr a query
	opcode bad_qr another opcode
	type bad_question another type
	name bad_question another name
	case bad_case another spelling
END
row 'the firewall drops what is from elsewhere' NOERROR good '' \
    'from-#.liar.test' A
row 'duplicates' NOERROR good late=2 'twice-#.liar.test' A

# ---- well-formed

row 'no data' NOERROR '' negative 'nodata-#.liar.test' A
row 'NXDOMAIN' NXDOMAIN '' negative 'nxdomain-#.liar.test' A
row 'NXDOMAIN with an address' NXDOMAIN '' negative 'nxaddress-#.liar.test' A
for word in formerr servfail notimp refused; do
	row "rcode $word" SERVFAIL '' 'servfail bad_rcode' "$word-#.liar.test" A
done
row 'CNAME' NOERROR good '' 'alias-#.liar.test' A
row 'CNAME behind its target' NOERROR good '' 'swapped-#.liar.test' A
row '16 CNAMEs' NOERROR good '' 'chain-#-16.liar.test' A
row '17 CNAMEs' SERVFAIL '' 'servfail bad_loop' 'chain-#-17.liar.test' A
row 'CNAME to itself' SERVFAIL '' 'servfail bad_loop' 'loop1-#.liar.test' A
row 'CNAMEs in a circle' SERVFAIL '' 'servfail bad_loop' 'loop2-#.liar.test' A
row 'an address of another name' SERVFAIL '' 'servfail bad_stray' \
    'stray-#.liar.test' A
row 'an address before the CNAME' SERVFAIL '' 'servfail bad_stray' \
    'before-#.liar.test' A
row 'a CNAME of another name' SERVFAIL '' 'servfail bad_stray' \
    'fork-#.liar.test' A
row 'A and AAAA' SERVFAIL '' 'servfail bad_stray' 'both-#.liar.test' AAAA
row 'other sections' NOERROR good '' 'authority-#.liar.test' A
row 'a record of another type' NOERROR good '' 'text-#.liar.test' A
many=$(seq -f "198.19.$((row + 1)).%g" 64 | sort | xargs)
row '64 addresses' NOERROR "$many" '' 'many-#-64.liar.test' A +bufsize=1232
row '65 addresses' SERVFAIL '' 'servfail bad_many' 'many-#-65.liar.test' A
while read -r ttl want edge; do
	row "TTL $edge" NOERROR good '' "ttl-#-$ttl.liar.test" A
	check "TTL $edge" \
	    "$([ $low -ge $((want - 5)) ] && [ $high -le $want ] && echo yes)" yes
done <<-END
	0 30 zero
	1 30 small
	100 100 within bounds
	2147483647 300 huge
	2147483648 30 with the top bit
	4294967295 30 with all bits
END
row 'the lowest TTL counts' NOERROR good '' 'lowest-#.liar.test' A
check 'the lowest TTL counts' "$([ $high -le 45 ] && echo yes)" yes

# ---- addresses

while read -r type address kind; do
	unfit "$kind" "$type" "$address"
done <<-END
	A    00000000 unspecified
	A    00010203 this network
	A    7f000001 loopback
	A    7fffffff end of loopback
	A    a9fe0101 link-local
	A    e0000001 multicast
	A    f0000001 reserved
	A    ffffffff broadcast
	A    c0a84dff the link's broadcast
	A    c0a84d02 own
	A    0a010203 private 10/8
	A    ac100001 private 172.16/12
	A    c0a80101 private 192.168/16
	A    64400001 private 100.64/10
	AAAA 00000000000000000000000000000000 unspecified
	AAAA 00000000000000000000000000000001 loopback
	AAAA 00000000000000000000ffffc6120001 v4-mapped
	AAAA fe800000000000000000000000000001 link-local
	AAAA ff020000000000000000000000000001 multicast
	AAAA fd770000000000000000000000000002 own
	AAAA fd990000000000000000000000000001 private
	AAAA 0064ff9b00000000000000000a010203 NAT64 of a private
	AAAA 0064ff9b00000000000000007f000001 NAT64 of loopback
	AAAA 0064ff9b0000000000000000c0a84d02 NAT64 of our own
END
hex 'private on the link' 192.168.77.99 '' A c0a84d63
hex 'NAT64 of a public' 64:ff9b::c612:77 '' AAAA \
    0064ff9b0000000000000000c6120077
hex 'good between unfit' '198.18.7.1 198.18.7.2' bad_address=2 A \
    7f000001 c6120701 0a010203 c6120702

# ---- TC: over TCP then, or with EDNS in bypass

row 'TC, good' NOERROR good "$(either upstream_tcp '')" 'tcgood-#.liar.test' A
bypass && left_out 'TC, octet by octet: a datagram comes at once' ||
	row 'TC, octet by octet' NOERROR good upstream_tcp 'tcsplit-#.liar.test' A
row 'TC, cut' SERVFAIL '' "$(either 'servfail upstream_tcp upstream_error' \
    'parse_short servfail')" 'tccut-#.liar.test' A
row 'TC, more than a slot holds' SERVFAIL '' \
    "$(either 'parse_long servfail upstream_tcp upstream_error' \
    'parse_fragment=2 parse_long servfail')" 'tclong-#.liar.test' A
row 'TC, another id' SERVFAIL '' \
    "$(either 'servfail upstream_tcp upstream_error bad_id' \
    'servfail bad_id')" 'tcid-#.liar.test' A
row 'TC, and TC again' SERVFAIL '' \
    "$(either 'servfail upstream_tcp upstream_error' servfail)" \
    'tctc-#.liar.test' A
check_comes 'the kernel has what we say is allowed' same_as_allowed

# ---- nothing good within 3 s

asking=
for name in silent-8001 id-8002.only tcsilent-8003 slow-8004-3400; do
	in_net dig +tries=1 +time=8 $name.liar.test @$RESOLVER4 >"$WORLD/dig.$name" &
	asking="$asking $!"
done
wait $asking
for name in silent-8001 id-8002.only tcsilent-8003 slow-8004-3400; do
	check_like "$name" "$(grep -oE 'status: [A-Z]*|time: [0-9]*' \
	    "$WORLD/dig.$name" | xargs)" 'status: SERVFAIL time: [3-7]???'
done
check_moved 'nothing good within 3 s' \
    "$(either 'servfail=4 upstream_tcp bad_id late' 'servfail=4 bad_id late')"
check 'nothing good within 3 s: opened' "$(opened >"$WORLD/open"; new)" ''
door_ends

# ---- other settings

door_started 'allow { private = never }'
unfit 'private = never, on the link' A c0a84d62
door_ends
door_started 'allow { private = any }'
hex 'private = any' 10.1.2.4 '' A 0a010204
hex 'private = any, NAT64' 64:ff9b::a01:204 '' AAAA \
    0064ff9b00000000000000000a010204
unfit 'private = any, loopback' A 7f000001
unfit 'private = any, own' A c0a84d02
door_ends
finish
