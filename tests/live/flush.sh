#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A cached answer is not released while somebody else has shut its address,
# for 100 names in turn, and what somebody else has changed is put right. For
# the network see bulk.sh; client and "somebody else" are one program on the
# laptop, so that nothing comes between change and question.
#
# The control is a daemon whose datapath does not hear of foreign changes.
#
# usage: flush.sh [BUILD]; REPLIES=1000, DOOR=hash

. "$(dirname "$0")/assert.sh"
. tests/live/bulk.sh

REPLIES=${REPLIES:-1000}
N=100			# names
DNS_TTL=300		# nothing ends by itself meanwhile
[ "${DOOR:-set}" = hash ] && hash=hash || hash=''

names_open() { laptop "$BUILD/live_flush" open $N >"$WORLD/$1"; }

warm() { status .counters.warm; }

# All names are answered from the cache, without control.
all_warm() {
	_was=$(warm)
	names_open names
	[ $(($(warm) - _was)) -eq $N ]
}

# PROGRAM: all names open and cached.
begin() {
	bulk_daemon "$1"
	names_open names
	check "$1: names open" "$(sum open names)" $N
	check_comes "$1: all names are warm" all_warm
	{
		echo 'delete table inet sallyport'
		lap nft -s -t list table inet sallyport
	} >"$WORLD/listing.nft"
}

# REPLIES FILE: foreign changes, each with its question.
change() {
	laptop "$BUILD/live_flush" change $N "$1" "$WORLD/listing.nft" \
	    $hash >"$WORLD/$2"
	check "foreign changes of our table" $? 0
}

# Our table as nft reads it, one element a line, but for counters, times, and
# the probe's addresses, which end by themselves.
rules() {
	lap nft list table inet sallyport | sed -E '
	    s/packets .*//
	    s/([^ ,]+)( timeout [^ ,]+)? expires [^ ,]+/\n\1\n/g' |
	    sed -E "s/^[[:space:],]*//; /^($PROBE4|$PROBE6)?$/d" |
	    sort >"$WORLD/$1"
}

# NAME: it is as it was.
check_rules() {
	rules now
	check "$1" "$(diff "$WORLD/before" "$WORLD/now")" ''
}

# COUNT: other tables come and go.
others() {
	lap sh -c 'i=0
	while [ $i -lt '"$1"' ]; do
		nft add table ip others && nft delete table ip others || exit 1
		i=$((i + 2))
	done'
}

bulk_opened

# ---- a datapath that is deaf

begin live_deaf
change 140 deaf
while read -r line; do
	echo "deaf: $line" | tee "$WORLD/kind"
	case $line in
	"delete table:"* | "flush ruleset:"*) ;;	# nothing is shut
	*) check_some "${line%%:*}, unheard: shut" "$(sum shut kind)" ;;
	esac
done <"$WORLD/deaf"
bulk_daemon_ends

# ---- ours: the table changes

begin sallyportd
rules before
repairs=$(status .firewall.repairs)
change "$REPLIES" ours
cat "$WORLD/ours"
check "replies" $(($(sum open ours) + $(sum shut ours))) "$REPLIES"
for word in shut silent; do
	check "$word" "$(sum $word ours)" 0
done
check "repairs" "$([ $(($(status .firewall.repairs) - repairs)) -ge \
    "$REPLIES" ] && echo 'one each')" 'one each'
check_rules "rules and elements, as nft reads them"

# ---- ours: other tables change

check_comes "all names are warm afterwards" all_warm
repairs=$(status .firewall.repairs) was=$(warm)
others 200 &
pid=$!
while kill -0 $pid 2>/dev/null; do
	names_open names
	cat "$WORLD/names" >>"$WORLD/meanwhile"
done
wait $pid
check "200 changes of other tables" $? 0
for word in shut silent unanswered; do
	check "$word, meanwhile" "$(sum $word meanwhile)" 0
done
check_some "warm answers meanwhile" $(($(warm) - was))
echo "meanwhile: $(sum open meanwhile) open, $(($(warm) - was)) of them warm"
check_comes "all names are warm when it is over" all_warm

# The datapath's queue of announcements overflows.
others 60
check_comes "all names are warm after announcements were lost" all_warm
check "repairs where nothing was broken" "$(status .firewall.repairs)" \
    "$repairs"
check_rules "rules and elements after others"
check "restarts of the datapath" "$(status .resolver.restarts)" 0
finish
