#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pf of this Mac, in an anchor of the test's own below the system's, so that
# the main ruleset stays as it is:
#
#	main ruleset ── anchor "com.apple/*" ── com.apple/sallyport-test
#
# One address of lo0 is blocked, opened by the table, and closed again.

set -u
anchor=com.apple/sallyport-test address=127.53.53.53
passed=0 failed=0 token=

ok() {
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1))
		echo "ok: $what"
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
	fi
}

restore() {
	pfctl -q -a $anchor -F all 2>/dev/null
	[ -z "$token" ] || pfctl -q -X "$token" 2>/dev/null
	ifconfig lo0 -alias $address 2>/dev/null
}

[ "$(uname -s)" = Darwin ] || exit 77
pfctl -s rules 2>/dev/null | grep -q 'anchor "com.apple/\*"' || {
	echo "the main ruleset does not call com.apple/*"
	exit 77
}
if pfctl -s Interfaces -v 2>/dev/null | grep -q '^lo0 (skip)'; then
	echo "pf skips lo0 here: nothing can be seen on it"
	exit 77
fi
trap restore EXIT
trap 'exit 1' INT TERM
before=$(pfctl -s rules 2>/dev/null)

passes() {
	ping -c 1 -t 1 $address
}
refuses() {
	! passes
}
table() {
	pfctl -q -a $anchor -t open -T "$1" $address
}

ifconfig lo0 alias $address/32
ok 'the address answers before' passes
token=$(pfctl -E 2>&1 | sed -n 's/^Token : //p')
ok 'pf gives a token' [ -n "$token" ]
ok 'it takes rules' pfctl -q -a $anchor -f - <<END
table <open> persist
pass out quick on lo0 inet proto icmp from any to <open> no state
block drop out quick on lo0 inet proto icmp from any to $address
END
ok 'closed: nothing passes' refuses
ok 'the table takes the address' table add
ok 'open: it passes' passes
ok 'the table gives it back' table delete
ok 'closed again' refuses
pfctl -q -a $anchor -F all 2>/dev/null
ok 'without the anchor it passes' passes
ok 'the main ruleset is what it was' \
    [ "$(pfctl -s rules 2>/dev/null)" = "$before" ]

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
