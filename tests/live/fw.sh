#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The firewall's element path, verification and watch, against the kernel.
#
#   +-----------------------------------------+
#   | a network namespace that live_fw makes  |
#   |   nf_tables  <-- netlink --  live_fw    |
#   |              <-- nft ------  "others"   |
#   +-----------------------------------------+

set -eu
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
	echo "skipped: needs root"
	exit 77
fi
exec "${BUILD:-build}/live_fw"
