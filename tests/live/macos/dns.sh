#!/bin/sh
# SPDX-License-Identifier: ISC
#
# configd of this Mac: a service of the test's own is pointed elsewhere, as the
# daemon does it, and taken away again. No service of the host's is touched.
#
#	State:/Network/Service/sallyport-test/DNS

set -u
key=State:/Network/Service/sallyport-test/DNS
passed=0 failed=0

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

[ "$(uname -s)" = Darwin ] || exit 77
trap 'echo "remove $key" | scutil >/dev/null' EXIT
trap 'exit 1' INT TERM

set_to() {
	printf 'd.init\nd.add ServerAddresses * %s\nset %s\n' "$1" "$key" |
	    scutil
}
has() {
	echo "show $key" | scutil | grep -qF "$1"
}

# Only for a name that nobody asks for, so that the host's DNS stays.
ok 'root may set a service' set_to 127.53.53.53
ok 'it is there' has 127.53.53.53
ok 'another one takes its place' set_to 127.53.53.54
ok 'and is there' has 127.53.53.54
ok 'it is taken away' sh -c "echo remove $key | scutil"
ok 'and gone' has 'No such key'
ok 'and so do we' "${BUILD:-build}/live_scstore"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
