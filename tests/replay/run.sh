#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Replays the captures of tools/mkpcap and compares what comes out with
# tests/replay/<case>.want, and with --json with <case>.json. Then the options,
# the ways a capture may come in, and files that are not what they should be.
#
#   tests/replay/run.sh [BUILD]             BUILD holds mkpcap and sallyport
#   tests/replay/run.sh --accept [BUILD]    write them anew; then read the diff

set -u
export LC_ALL=C
# A leak is looked for when a program ends, which takes longer than what these
# do before; unit tests and fuzz targets look for them.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
here=$(cd "$(dirname "$0")" && pwd)
accept=
if [ "${1-}" = --accept ]; then
	accept=yes
	shift
fi
build=$(cd "${1:-$here/../../build}" && pwd)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
"$build/mkpcap" . || exit 1
cp "$here"/*.conf .

passed=0 failed=0
pass() {
	passed=$((passed + 1))
}
fail() {
	failed=$((failed + 1))
	echo "failed: $*"
}

# replay ARGUMENT...: what it prints, and the line "exit N".
replay() {
	"$build/sallyport" replay "$@" 2>err
	echo "exit $?"
}

# want FILE ARGUMENT...
want() {
	file=$1
	shift
	echo "$file" >>wanted
	replay "$@" >got
	if [ -s err ]; then
		fail "$file: $(cat err)"
		return
	fi
	[ -z "$accept" ] || cp got "$here/$file"
	if diff -u "$here/$file" got; then pass; else fail "$file"; fi
}

policy='--policy policy.conf'

# ---- every case, for people and for programs

for capture in *.pcap; do
	name=${capture%.pcap}
	want "$name.want" $policy "$capture"
	want "$name.json" $policy --json "$capture"
	if ! command -v jq >/dev/null; then
		:
	elif sed '$d' got | jq -s empty; then
		pass
	else
		fail "$name.json: not JSON"
	fi
done

# ---- options

want local-portal.want $policy --local 10.1.0.5/16 portal.pcap
want local-captive.want $policy --local 192.0.2.10/24 captive.pcap
want local-leaks.want $policy --local 192.0.2.10 --local 2001:db8::10 \
    leaks.pcap
want lan.want --policy lan.conf leaks.pcap
want spoofing.want --policy spoof.conf captive.pcap
want upstreams.want --policy upstreams.conf captive.pcap
want few.want --policy few.conf captive.pcap
want bpf.want $policy --bpf 'tcp port 80' captive.pcap
want limit.want $policy --limit 3 captive.pcap
want limit-across.want $policy --limit 7 sll.pcap captive.pcap
want loop-twice.want $policy --loop 2 sll.pcap
want stats.want $policy --stats captive.pcap leaks.pcap
want stats-json.json $policy --stats --json captive.pcap

# same WHAT ARGUMENT...: the same as a plain replay of captive.pcap.
replay $policy captive.pcap >plain
same() {
	what=$1
	shift
	replay $policy "$@" >got
	if [ ! -s err ] && cmp -s plain got; then pass; else fail "$what"; fi
}
same "as fast as can be" --speed max captive.pcap
same "10000 times as fast" --speed 10000 captive.pcap
same "once" --loop 1 captive.pcap
same "a limit behind the end" --limit 1000 captive.pcap
same "a filter that lets all pass" --bpf 'ip or ip6' captive.pcap
same "without colour" --no-color captive.pcap
TZ=Asia/Tokyo same "in another time zone" captive.pcap
chmod 666 policy.conf
same "by a policy that anybody may write" captive.pcap
chmod 644 policy.conf

# Forty seconds at 400 times the speed are a tenth of one.
begin=$(date +%s%N)
replay $policy --speed 400 --stats captive.pcap >/dev/null
took=$((($(date +%s%N) - begin) / 1000000))
if [ $took -ge 100 ]; then pass; else fail "--speed 400: $took ms"; fi

# ---- ways in

gzip -nk captive.pcap captive.pcapng
head -c 1000 captive.pcap | gzip -n >two.gz
tail -c +1001 captive.pcap | gzip -n >>two.gz
for way in captive.pcap.gz captive.pcapng captive.pcapng.gz two.gz; do
	same "$way" "$way"
	same "$way from a pipe" - <"$way"
done
same "standard input" - <captive.pcap
mkfifo fifo
# A pipe, but the check counts here: no part of a pipeline.
for capture in captive.pcap captive.pcap.gz; do
	cat $capture >fifo &
	same "a pipe with $capture" - <fifo
done
cat captive.pcap >fifo &
same "a FIFO" fifo
for capture in *.pcap; do
	name=${capture%.pcap}
	replay $policy "$capture" >a
	replay $policy "$name.pcapng" >b
	replay $policy "$capture" >c
	if cmp -s a b; then pass; else fail "$name.pcapng differs"; fi
	if cmp -s a c; then pass; else fail "$name: twice is not the same"; fi
done

# ---- what cannot be read

# bad WHAT WANTED-IN-STDERR ARGUMENT...: exit code 2, and a sentence.
bad() {
	what=$1 sentence=$2
	shift 2
	code=$(replay "$@" | tail -n 1)
	if [ "$code" = "exit 2" ] && grep -q -e "$sentence" err; then
		pass
	else
		fail "$what: $code, $(cat err)"
	fi
}

: >empty
mkdir folder
printf 'not a capture, but long enough to be read as one' >garbage
head -c 10 captive.pcap >header
head -c 1500 captive.pcap >torn
head -c 1500 captive.pcapng >torn-ng
head -c 700 captive.pcap.gz >torn.gz
head -c 24 captive.pcap >none
{ head -c 20 captive.pcap; printf '\023\001\0\0'; } >link
# The length of the first packet: 4 GiB; of the third block: 3 octets.
{ head -c 32 captive.pcap; printf '\377\377\377\377';
	tail -c +37 captive.pcap; } >huge
{ head -c 64 captive.pcapng; printf '\003\0\0\0';
	tail -c +69 captive.pcapng; } >block
{ head -c 400 captive.pcap.gz; printf 'damaged';
	tail -c +408 captive.pcap.gz; } >damaged.gz

bad "an empty file" "empty:" $policy empty
bad "a folder" "folder: Is a directory" $policy folder
bad "no file" "nowhere: No such file" $policy nowhere
bad "garbage" "garbage:" $policy garbage
bad "half a header" "header: truncated" $policy header
bad "a torn file" "torn: truncated" $policy torn
bad "a torn pcapng" "torn-ng: truncated" $policy torn-ng
bad "a torn packed file" "torn.gz:" $policy torn.gz
bad "a damaged packed file" "damaged.gz:" $policy damaged.gz
bad "a link type that is not read" "link type" $policy link
bad "a packet of 4 GiB" "huge:" $policy huge
bad "a block of 3 octets" "block:" $policy block
bad "empty standard input" "-:" $policy - </dev/null
bad "the second of two" "torn:" $policy captive.pcap torn
bad "no capture" "needs a capture" $policy
bad "a filter" "syntax error" $policy --bpf 'no filter' captive.pcap
bad "a speed" "--speed is" $policy --speed fast captive.pcap
bad "a speed of nothing" "--speed is" $policy --speed 0 captive.pcap
bad "a loop" "--loop is" $policy --loop 0 captive.pcap
bad "a limit" "--limit is" $policy --limit -1 captive.pcap
bad "a loop of standard input" "cannot be read again" $policy --loop 2 -
bad "an address" "--local is" $policy --local 10.1.0.0/33 captive.pcap
bad "no policy" "nowhere: No such file" --policy nowhere captive.pcap
bad "a policy" "garbage:1:" --policy garbage captive.pcap
bad "an option of others" "not an option" $policy --all captive.pcap
bad "an error in JSON" "torn: truncated" $policy --json torn

# What could be read counts.
replay $policy torn >got
head -n 8 plain >front
if grep -q '^capture: [1-9]' got && head -n 8 got | cmp -s - front; then
	pass
else
	fail "a torn file is read as far as it goes"
fi
replay $policy none >got
if grep -q '^capture: no packet' got && grep -q '^exit 0' got; then
	pass
else
	fail "a capture without a packet"
fi
if "$build/sallyport" replay $policy captive.pcap >/dev/full 2>err; then
	fail "a full disk"
elif [ $? -eq 2 ]; then
	pass
else
	fail "a full disk: $(cat err)"
fi
if (cd / && chmod a+rX "$dir" && setpriv --reuid 65534 --regid 65534 \
    --clear-groups "$build/sallyport" replay --policy "$dir/policy.conf" \
    --stats "$dir/sll.pcap") >got 2>err || [ $? -eq 1 ]; then
	pass
elif [ "$(id -u)" -ne 0 ]; then
	:
else
	fail "as nobody: $(cat err)"
fi

# ---- nothing is left over

for file in "$here"/*.want "$here"/*.json; do
	grep -qx "$(basename "$file")" wanted ||
	fail "$(basename "$file"): nothing is compared with it"
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
