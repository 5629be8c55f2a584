#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The ends of packets against a real kernel: live_ends.c has the picture. On
# Linux in a network namespace of its own.

set -eu
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
	echo "skipped: needs root"
	exit 77
fi
if [ "$(uname)" = Linux ]; then
	exec unshare -n "${BUILD:-build}/live_ends"
fi
exec "${BUILD:-build}/live_ends"
