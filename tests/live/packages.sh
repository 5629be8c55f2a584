# SPDX-License-Identifier: ISC
# packages.sh - Debian packages, unpacked and not installed; sourced, not run
#
# Into build/check/packages, a folder each. Source it after assert.sh.

PACKAGES=$PWD/build/check/packages

# NAME: unpacked, if it can be had. A list that is too old names versions
# that are gone.
package_fetch() {
	[ ! -d "$PACKAGES/$1" ] || return 0
	for _try in old fresh; do
		[ $_try = old ] || apt-get -q update || return 1
		rm -f "$PACKAGES/$1"_*.deb
		if (cd "$PACKAGES" && apt-get -q download "$1"); then
			rm -rf "$PACKAGES/$1.part"
			dpkg-deb -x "$PACKAGES/$1"_*.deb "$PACKAGES/$1.part" &&
			    mv "$PACKAGES/$1.part" "$PACKAGES/$1"
			return
		fi
	done
	return 1
}

# NAME...
packages_fetch() {
	mkdir -p "$PACKAGES" || return 1
	# Another test may be at it.
	(
		flock 9
		for _name; do
			package_fetch "$_name" || exit 1
		done
	) 9>"$PACKAGES/lock" >"$WORLD/packages.log" 2>&1
}
