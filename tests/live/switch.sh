#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Policies change under a flood of packets that none of them lets pass.
#
#   +--------------------------------------------+
#   | a network namespace that live_switch makes |
#   |   flood --> nf_tables --> flood0 -- flood1 |
#   +--------------------------------------------+

set -eu
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
	echo "skipped: needs root"
	exit 77
fi
exec "${BUILD:-build}/live_switch"
