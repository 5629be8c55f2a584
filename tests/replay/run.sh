#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Replays the captures of tools/mkpcap and compares what comes out with
# tests/replay/<case>.want.
#
#   tests/replay/run.sh [BUILD]             BUILD holds mkpcap and replay
#   tests/replay/run.sh --accept [BUILD]    write .want anew; then read the diff

set -eu
export LC_ALL=C
here=$(dirname "$0")
accept=
if [ "${1-}" = --accept ]; then
	accept=yes
	shift
fi
build=${1:-$here/../../build}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$build/mkpcap" "$dir"

passed=0 failed=0
for capture in "$dir"/*.pcap; do
	name=$(basename "$capture" .pcap)
	want=$here/$name.want
	if ! "$build/replay" "$capture" >"$dir/$name.got"; then
		echo "$name: replay failed" >>"$dir/$name.got"
	fi
	[ -z "$accept" ] || cp "$dir/$name.got" "$want"
	if diff -u "$want" "$dir/$name.got"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
for want in "$here"/*.want; do
	name=$(basename "$want" .want)
	if [ ! -f "$dir/$name.pcap" ]; then
		echo "$name: no capture is made for it"
		failed=$((failed + 1))
	fi
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
