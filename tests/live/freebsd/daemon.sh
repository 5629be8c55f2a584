#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The daemon on a real pf: it blocks, opens one address, closes it, cuts what
# goes on, puts right what others change, and leaves nothing behind.
#
#   BUILD=build tests/live/freebsd/daemon.sh    as root, on FreeBSD, with
#                                               sallyportd and sallyport built

cd "$(dirname "$0")/../../.." || exit 2
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 2
. tests/live/freebsd/world.sh
if [ ! -x "$BUILD/sallyportd" ] || [ ! -x "$BUILD/sallyport" ]; then
	echo "skipped: no sallyportd or sallyport in $BUILD"
	exit 77
fi

MADE_GROUP='' MADE_USER=''
users() {
	if ! pw groupshow sallyport >/dev/null 2>&1; then
		pw groupadd sallyport && MADE_GROUP=yes
	fi
	if ! pw usershow _sallyport >/dev/null 2>&1; then
		pw useradd _sallyport -g sallyport -d /nonexistent \
		    -s /usr/sbin/nologin && MADE_USER=yes
	fi
}
restore() {
	world_close
	[ -z "$MADE_USER" ] || pw userdel _sallyport
	[ -z "$MADE_GROUP" ] || pw groupdel sallyport 2>/dev/null
}

world_open
trap restore EXIT
users
world_resolver || echo "FAILED: local-unbound: $(cat "$DIR/unbound.log")"
world_web $PROBE4 80
world_web $PROBE4 81
world_web $OTHER4 80
cat >"$DIR/conf" <<END
profile = {"none"}
names = {"captive.apple.com"}
datapath = socket
listen = {"127.0.0.1"}
hostdns = none
upstreams = {"$UP4"}
capture = false
state-dir = "$DIR/state"
run-dir = "$DIR/run"
allow { private = any }
control { socket = "$DIR/run/control.sock" }
END
mkdir -p "$DIR/state" "$DIR/run"

daemon() {
	jexec "$L" "$BUILD/sallyportd" -d -f "$DIR/conf" >>"$DIR/log" 2>&1 &
	DAEMON=$!
	PIDS="$PIDS $DAEMON"
	until_tenths 50 cli status || {
		echo "FAILED: the daemon does not answer: $(cat "$DIR/log")"
		exit 1
	}
}
cli() { laptop "$BUILD/sallyport" --socket "$DIR/run/control.sock" "$@"; }
here() { [ "$(laptop nc -w 2 "$1" "$2" </dev/null 2>/dev/null)" = here ]; }
ask() {
	laptop drill @127.0.0.1 captive.apple.com 2>/dev/null |
	    awk '$1 == "captive.apple.com." && $4 == "A" { print $5 }'
}
open_now() { laptop pfctl -a sallyport -t allow -T show 2>/dev/null | tr -d ' \n'; }
rules() { laptop pfctl -a sallyport -s rules 2>/dev/null | grep -Ec '^(pass|block)'; }
first() { laptop pfctl -s rules 2>/dev/null | grep -E '^(pass|block|match|anchor)' | head -n 1; }
called_first() { [ "$(first)" = 'anchor "sallyport" all' ]; }
is_on() { laptop pfctl -s info 2>/dev/null | grep -q 'Status: Enabled'; }
has_rules() { [ "$(rules)" -gt 10 ]; }
blocks() { called_first && is_on && has_rules; }

# ---- control, and a daemon that has nothing to do

check_leaks 'without the daemon everything arrives' 9
daemon
check_leaks 'freshly started, everything arrives' 9
check 'pf is off' "$(said is_on)" no

# ---- blocked

cli lockdown on >/dev/null
check 'blocked: rules, their call, and pf on' "$(said blocks)" yes
check_leaks 'blocked: nothing arrives' 0

# ---- the door

cli netcheck on >/dev/null
check 'nothing is open yet, or the probe alone' \
    "$(open_now | sed "s/^$PROBE4\$//")" ''
check 'the name' "$(ask)" $PROBE4
check 'its address is open' "$(open_now)" $PROBE4
check 'the probe answers' "$(said here $PROBE4 80)" yes
check 'another port' "$(said here $PROBE4 81)" no
check 'another address' "$(said here $OTHER4 80)" no
check_leaks 'the door open: nothing else arrives' 0

# ---- others

laptop pfctl -a sallyport -t allow -T flush >/dev/null 2>&1
check 'a name that is known, after a flush' "$(ask)" $PROBE4
check '... is open before it is told' "$(open_now)" $PROBE4
laptop pfctl -a sallyport -F rules >/dev/null 2>&1
check 'rules are back' "$(said until_tenths 30 blocks)" yes
laptop pfctl -a sallyport -F all >/dev/null 2>&1
check 'anchor and table are back' "$(said until_tenths 30 blocks)" yes
laptop pfctl -d >/dev/null 2>&1
check 'pf is on again' "$(said until_tenths 30 blocks)" yes
echo 'pass quick all' | laptop pfctl -f - 2>/dev/null
check 'the call is back, and first' "$(said until_tenths 30 blocks)" yes
check_leaks 'after all that nothing arrives' 0
check 'and the address is open' "$(ask)" $PROBE4

# ---- closing cuts what goes on

world_stream $PROBE4
echo one >&3
check 'a connection' "$(said until_tenths 30 grep -q one "$DIR/got")" yes
cli netcheck off >/dev/null
check 'nothing is open' "$(open_now)" ''
check 'no state is left' "$(laptop pfctl -s states 2>/dev/null |
    grep -c "$PROBE4")" 0
echo two >&3
check 'it has ended' "$(said until_tenths 20 grep -q two "$DIR/got")" no
exec 3>&-

# ---- a crash keeps the block, and opens nothing

cli netcheck on >/dev/null
ask >/dev/null
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
check_leaks 'after a crash nothing arrives' 0
daemon
check_leaks 'back again: still nothing arrives' 0

# ---- set skip is told

printf 'set skip on %sa\n' "$EPAIR" | laptop pfctl -f - 2>/dev/null
check 'skip is told' \
    "$(said until_tenths 40 grep -q "skip ${EPAIR}a" "$DIR/log")" yes
echo 'set skip on lo0' | laptop pfctl -f - 2>/dev/null
check 'without it all is well' "$(said until_tenths 40 blocks)" yes

# ---- nothing is left

cli netcheck off >/dev/null
cli lockdown off >/dev/null
check 'no rules' "$(rules)" 0
check 'no call' "$(said called_first)" no
check_leaks 'everything arrives again' 9

finish
