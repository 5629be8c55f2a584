#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The packaging of systems that this is not: that launchd could read its
# jobs, that the scripts are sh, and what the early block makes of a pf.conf.
#
#   tests/packaging.sh SCRATCH-FOLDER

set -u
cd "$(dirname "$0")/.." || exit 2
out=$1
passed=0 failed=0
rm -rf "$out"
mkdir -p "$out"

ok() {
	what=$1
	shift
	if "$@" >"$out/said" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "failed: $what"
		sed 's/^/    /' "$out/said"
	fi
}

# As CMake fills it in.
fill() {
	sed 's|@CMAKE_INSTALL_FULL_\([A-Z]*\)@|/usr/local/\1|' "$1" >"$2"
	! grep -n '@[A-Z_]*@' "$2"
}

# A job: its label is its name, its first program a path.
job() {
	python3 - "$1" "$2" <<-'END'
		import plistlib, sys
		with open(sys.argv[1], 'rb') as file:
		    job = plistlib.load(file)
		assert job['Label'] == sys.argv[2], job
		assert job['ProgramArguments'][0].startswith('/usr/local/'), job
		assert job['RunAtLoad'] is True, job
	END
}
for name in org.sallyport.sallyportd org.sallyport.early; do
	plist=$out/$name.plist
	ok "$name is filled in" fill "tools/launchd/$name.plist.in" "$plist"
	ok "$name is a launchd job" job "$plist" "$name"
done
sed 's|</array>||' "$plist" >"$out/broken.plist"
ok 'a broken one is found' sh -c '! "$@"' sh python3 -c \
    'import plistlib, sys; plistlib.load(open(sys.argv[1], "rb"))' \
    "$out/broken.plist"

for script in tools/launchd/setup tools/rc.d/sallyportd \
    tools/rc.d/sallyport_early; do
	ok "$script is filled in" fill "$script.in" "$out/script"
	ok "$script is sh" sh -n "$out/script"
done
ok 'tools/pf/early is sh' sh -n tools/pf/early
ok 'tools/check-native is sh' sh -n tools/check-native

# rcorder's words: one of each, and nothing before the file systems.
for name in sallyportd sallyport_early; do
	ok "$name provides itself" grep -qx "# PROVIDE: $name" \
	    "tools/rc.d/$name.in"
	ok "$name waits for the file systems" \
	    grep -q '^# REQUIRE: FILESYSTEMS' "tools/rc.d/$name.in"
done

# What the port would install is what CMake does.
grep -v '^[@%]' tools/port/pkg-plist | sed 's|.*/||; s|\.gz$||' |
while read -r file; do
	grep -rqF "$file" CMakeLists.txt || echo "$file"
done >"$out/unknown"
ok 'the port lists nothing that is not installed' test ! -s "$out/unknown"

# want WHAT: the main ruleset for the pf.conf on stdin must be $expected.
main() {
	cat >"$out/pf.conf"
	PF_CONF=$out/pf.conf tools/pf/early --main >"$out/main"
	ok "the main ruleset: $1" cmp "$out/main" "$out/expected"
}
printf 'anchor "sallyport"\n' >"$out/expected"
main 'none' </dev/null
cat >"$out/expected" <<'END'
scrub-anchor "com.apple/*"
nat-anchor "com.apple/*"
anchor "sallyport"
anchor "com.apple/*"
load anchor "com.apple" from "/etc/pf.anchors/com.apple"
END
main 'as macOS has it' <<'END'
scrub-anchor "com.apple/*"
nat-anchor "com.apple/*"
anchor "com.apple/*"
load anchor "com.apple" from "/etc/pf.anchors/com.apple"
END
main 'called already, but late' <<'END'
scrub-anchor "com.apple/*"
nat-anchor "com.apple/*"
anchor "com.apple/*"
anchor "sallyport"
load anchor "com.apple" from "/etc/pf.anchors/com.apple"
END
cat >"$out/expected" <<'END'
ext = "em0"
set skip on lo0
nat on $ext from 10/8 -> ($ext)
anchor "sallyport"
  block in
pass out
END
main 'as people write it' <<'END'
ext = "em0"
set skip on lo0
nat on $ext from 10/8 -> ($ext)
  block in
pass out
END

# Without a block to make, it touches nothing: pfctl is not even looked for.
ok 'without lockdown nothing is done' env STATE_DIR="$out" PATH=/usr/bin:/bin \
    tools/pf/early
echo block >"$out/early.pf"
: >"$out/tunnel.json"
ok 'nor behind the daemon' env STATE_DIR="$out" RUN_DIR="$out" \
    PATH=/usr/bin:/bin tools/pf/early

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
