#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The rulesets as text, on a real pf: are they taken, is each line one rule,
# and do they block and open what they say? No program of ours is needed.
#
#   tests/live/freebsd/rules.sh          as root, on FreeBSD

cd "$(dirname "$0")/../../.." || exit 2
. tests/live/freebsd/world.sh
world_open
world_web $PROBE4 80
world_web $PROBE4 81
world_web $OTHER4 80

lines() { grep -Ec '^(pass|block)' "$1"; }
loaded() { laptop pfctl -a sallyport -s rules 2>/dev/null | grep -Ec '^(pass|block)'; }
load() { laptop pfctl -a sallyport -o none -f "$1" >/dev/null 2>&1; }
here() { [ "$(laptop nc -w 2 "$1" "$2" </dev/null 2>/dev/null)" = here ]; }
table() { laptop pfctl -a sallyport -t allow -T "$@" >/dev/null 2>&1; }

# ---- control: without rules all of it leaks

check_leaks 'without rules everything arrives' 9
check 'without rules the other answers' "$(said here $OTHER4 80)" yes

# ---- every text

rules=$PWD/tests/unit/rules	# jexec leaves the directory
for file in "$rules"/*.freebsd.pf; do
	name=${file##*/}
	check "$name: pfctl takes it" "$(said load "$file")" yes
	check "$name: one rule a line" "$(loaded)" "$(lines "$file")"
done

# ---- an anchor that nobody calls filters nothing

load $rules/blocked.freebsd.pf
laptop pfctl -e >/dev/null 2>&1
check_leaks 'not called: everything arrives' 9

echo 'anchor "sallyport"' | laptop pfctl -f - 2>/dev/null
check 'the call, as pfctl shows it' \
    "$(laptop pfctl -s rules 2>/dev/null | head -n 1)" 'anchor "sallyport" all'
check_leaks 'blocked: nothing arrives' 0

for name in disconnecting connecting connected-no-interface blocked-active; do
	load $rules/$name.freebsd.pf
	check_leaks "$name: nothing arrives" 0
done

# ---- LAN: all but DNS, and nothing beyond

load $rules/blocked-lan.freebsd.pf
check_leaks 'LAN: the router, without its DNS' 4

# ---- the door

load $rules/blocked-active.freebsd.pf
check 'shut' "$(said here $PROBE4 80)" no
table add $PROBE4
check 'open' "$(said here $PROBE4 80)" yes
check 'another port' "$(said here $PROBE4 81)" no
check 'another address' "$(said here $OTHER4 80)" no
check 'another user' "$(laptop su -m nobody -c \
    "nc -w 2 $PROBE4 80" </dev/null 2>/dev/null)" ''
check_leaks 'open, and nothing else arrives' 0

# What has a state goes on until that is killed.
table add $OTHER4
world_stream $OTHER4
echo one >&3
check 'a connection' "$(said until_tenths 30 grep -q one "$DIR/got")" yes
table delete $OTHER4
check 'its state is there' "$(laptop pfctl -s states 2>/dev/null |
    grep -c "$OTHER4:443")" 1
laptop pfctl -k 192.168.77.2 >/dev/null 2>&1
echo two >&3
check 'without it, it has ended' \
    "$(said until_tenths 20 grep -q two "$DIR/got")" no
exec 3>&-

# ---- set skip: no rule counts

printf 'set skip on %sa\nanchor "sallyport"\n' "$EPAIR" |
    laptop pfctl -f - 2>/dev/null
check 'skip is shown as we look for it' "$(laptop pfctl -v -s Interfaces \
    2>/dev/null | grep -c "^${EPAIR}a (skip)")" 1
check_leaks 'skipped: everything arrives' 9

finish
