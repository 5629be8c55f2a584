# SPDX-License-Identifier: ISC
# packages.sh - programs that a test needs and the host lacks; sourced, not run
#
# Debian's packages, unpacked into build/check/packages and not installed.
# Source it after assert.sh.

PACKAGES=$PWD/build/check/packages

# PATH...: the first of them that can be run.
first_program() {
	for _path; do
		if [ -x "$_path" ]; then
			echo "$_path"
			return
		fi
	done
	return 1
}

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

# NAME...: all of them.
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

# WHAT NAME...: or the test is skipped, for want of WHAT.
packages_fetched() {
	_what=$1
	shift
	packages_fetch "$@" && return
	echo "skipped: no $_what here, and none to be had:"
	tail -n 3 "$WORLD/packages.log"
	exit 77
}
