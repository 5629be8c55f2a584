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
"${BUILD:-build}/live_fw"

# Not every kernel can do what every policy asks for.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp /usr/sbin/nft "$dir/real"
cat >"$dir/nft" <<-END
	#!/bin/sh
	[ "\$1" = -f ] || exec "$dir/real" "\$@"
	cat >"$dir/text"
	! grep -q output-connected "$dir/text" || { echo injected >&2; exit 1; }
	exec "$dir/real" -f "$dir/text"
END
chmod 755 "$dir/nft"
unshare -m sh -c 'mount --bind "$1" /usr/sbin/nft && exec "$2" alone' \
    sh "$dir/nft" "${BUILD:-build}/live_fw"
