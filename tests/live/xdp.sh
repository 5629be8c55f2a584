#!/bin/sh
# SPDX-License-Identifier: ISC
#
# wire.sh once more, over AF_XDP: the program on eth0, in the driver.
#
# usage: xdp.sh [BUILD]

cd "$(dirname "$0")/../.." || exit 2
if ! [ -x "${1:-${BUILD:-build}}/live_hash" ]; then
	echo "skipped: no eBPF was built in"
	exit 77
fi
XDP=1 exec tests/live/wire.sh "$@"
