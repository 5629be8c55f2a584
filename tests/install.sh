#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What an installation leaves, keeps and takes away.
#
#   tests/install.sh BUILD-FOLDER SCRATCH-FOLDER

set -u
build=$1 root=$2
passed=0 failed=0

# ok WHAT COMMAND...: COMMAND must succeed.
ok() {
	what=$1
	shift
	if "$@" >"$root.out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "failed: $what"
		sed 's/^/    /' "$root.out"
	fi
}

mode() {
	[ "$(stat -c %a "$root/$2")" = "$1" ] || {
		ls -l "$root/$2"
		return 1
	}
}

install_it() {
	DESTDIR=$root cmake --install "$build"
}

rm -rf "$root"
(umask 002; install_it) >/dev/null || failed=1

prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
conf=etc/sallyport/sallyport.conf
while read -r bits file; do
	ok "$file is installed, mode $bits" mode "$bits" "$file"
done <<END
755 $prefix/sbin/sallyportd
755 $prefix/bin/sallyport
644 $prefix/share/man/man8/sallyportd.8
644 $prefix/share/man/man5/sallyport.conf.5
644 $prefix/share/man/man1/sallyport.1
644 $prefix/share/bash-completion/completions/sallyport
644 $prefix/share/doc/sallyport/README.md
644 $prefix/share/doc/sallyport/LICENSE
644 $prefix/lib/systemd/system/sallyportd.service
644 $prefix/lib/systemd/system/sallyport-early.service
644 $prefix/lib/sysusers.d/sallyport.conf
755 $prefix/share/sallyport/hooks/wg-quick
755 $prefix/share/sallyport/hooks/networkmanager
644 $prefix/share/sallyport/hooks/openvpn.conf
644 $conf
END

# The configuration: as shipped, and with every line that it offers.
offered=$root.offered
sed -E 's/^#([a-z}\t])/\1/' "$root/$conf" >"$offered"
chmod go-w "$offered"
daemon=$root/$prefix/sbin/sallyportd
ok 'the shipped configuration is accepted' "$daemon" -n -f "$root/$conf"
ok 'so is every key that it offers' "$daemon" -n -f "$offered"
ok 'and it does offer keys' grep -q '^refuse = empty' "$offered"
echo 'nonsense = 1' >>"$offered"
ok 'but not any' sh -c '! "$0" -n -f "$1"' "$daemon" "$offered"

# The hooks, with a sallyport that tells what it was told.
hooks=$root/$prefix/share/sallyport/hooks fakes=$root.fakes
mkdir -p "$fakes"
cat >"$fakes/sallyport" <<'END'
#!/bin/sh
case $* in
*status) echo '{"upstreams":[{"interface":"eth0"}],"tunnel":{"interface":"wg0"}}' ;;
*) echo "$*" ;;
esac
END
cat >"$fakes/wg" <<'END'
#!/bin/sh
printf 'k1=\t192.0.2.1:51820\nk2=\t(none)\nk3=\t[2001:db8::1]:443\n'
END
cat >"$fakes/ip" <<'END'
#!/bin/sh
case $* in *wg0) echo "7: wg0: <UP> wireguard" ;; esac
END
chmod +x "$fakes"/*
cat >"$fakes/wg0.conf" <<'END'
[Peer]
Endpoint = 192.0.2.1:51820 # the first
[Peer]
endpoint=[2001:db8::1]:443
[Peer]
Endpoint = vpn.example.org:51820
END

# WANT HOOK WORD...: what sallyport is told, one command a line.
hook() {
	want=$1 hook=$2
	shift 2
	got=$(PATH=$fakes:$PATH WG_CONF_DIR=$fakes VPN_IP_IFACE=tun0 \
	    "$hooks/$hook" "$@")
	ok "$hook $*: \"$got\"" [ "$got" = "$want" ]
}
relays='--relay 192.0.2.1:51820 --relay [2001:db8::1]:443'
hook "state connecting $relays" wg-quick pre-up wg0
hook "state connected --interface wg0 $relays" wg-quick post-up wg0
hook 'state disconnecting' wg-quick pre-down wg0
hook 'state disconnected' wg-quick post-down wg0
hook 'state connected --interface tun0' networkmanager eth0 vpn-up
hook 'state disconnected' networkmanager eth0 vpn-down
hook 'state connected --interface wg0' networkmanager wg0 up
hook 'state disconnected' networkmanager wg0 down
hook '' networkmanager eth0 up
hook '' networkmanager eth0 down
hook '' networkmanager '' connectivity-change
ok 'the drop-in calls the sallyport that is installed' \
    [ "$(grep -c "^Exec.*=+-$prefix/bin/sallyport state " \
    "$hooks/openvpn.conf")" -eq 3 ]

# Hardening that the linker could silently leave out.
for file in sbin/sallyportd bin/sallyport; do
	elf=$root/$prefix/$file
	ok "$file is position independent" \
	    sh -c 'readelf -h "$0" | grep -q "Type:.*DYN"' "$elf"
	ok "$file binds at start" \
	    sh -c 'readelf -d "$0" | grep -q BIND_NOW' "$elf"
	ok "$file has read-only relocations" \
	    sh -c 'readelf -lW "$0" | grep -q GNU_RELRO' "$elf"
	ok "$file guards its stack" \
	    sh -c 'readelf -sW "$0" | grep -q __stack_chk_fail' "$elf"
	ok "$file is fortified" \
	    sh -c 'readelf -sW "$0" | grep -q "_chk@"' "$elf"
done

if command -v systemd-sysusers >/dev/null; then
	users=$root.users
	rm -rf "$users"
	mkdir -p "$users/etc"
	ok 'sysusers takes the file' systemd-sysusers --root="$users" \
	    "$root/$prefix/lib/sysusers.d/sallyport.conf"
	gid=$(sed -n 's/^sallyport:x:\([0-9]*\):.*/\1/p' "$users/etc/group")
	ok 'the datapath user has the group' \
	    grep -q "^_sallyport:x:[0-9]*:$gid:" "$users/etc/passwd"
	ok 'the admin group is made' \
	    grep -q '^sallyport-admin:' "$users/etc/group"
fi
if command -v systemd-analyze >/dev/null; then
	mkdir -p "$root.unit"
	for unit in sallyportd sallyport-early; do
		sed "s|=$prefix|=$root$prefix|" \
		    "$root/$prefix/lib/systemd/system/$unit.service" \
		    >"$root.unit/$unit.service"
	done
	# As a pair: each finds the other.
	for unit in sallyportd sallyport-early; do
		ok "systemd understands $unit" env SYSTEMD_UNIT_PATH="$root.unit:" \
		    sh -c 'systemd-analyze --man=no verify "$0" 2>&1 |
		    grep "$1" && exit 1; :' \
		    "$root.unit/$unit.service" sallyport
	done
fi

echo 'port = 5353' >"$root/$conf"
install_it >/dev/null
ok 'a changed configuration stays' grep -qx 'port = 5353' "$root/$conf"
DESTDIR=$root cmake --build "$build" --target uninstall >/dev/null
ok 'uninstall leaves nothing but the configuration' \
    sh -c 'find "$0" ! -type d | grep -vx "$0/$1" && exit 1; [ -e "$0/$1" ]' \
    "$root" "$conf"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
