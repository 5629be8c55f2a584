# SPDX-License-Identifier: ISC
# networkmanager_world.sh - the real NetworkManager on the laptop; sourced, not run
#
#   getent, curl, nmcli                     router, 192.168.77.1, fd77::1
#      |                                       dnsmasq
#   /etc/resolv.conf, or the stub              80: [the portal]
#      |                                          |
#   NetworkManager -- eth0, "wired" -------------- ---- internet
#      |      its check: http://nm.probe.test/check     probe: "/check"
#   dbus-daemon [systemd-resolved]
#
# The host's own one if it has one, else Debian's packages, unpacked as
# resolved_world.sh has it. It manages the laptop's eth0, whose addresses and
# servers are those of world.sh, but by NetworkManager's word.

. tests/live/resolved_world.sh

NM=''				# pid
NM_CHECK=nm.probe.test
NM_ANSWER='NetworkManager is online'

# What the host lacks of it: the thing itself, which comes first so that the
# list is not too old, and libraries.
nm_packages() {
	_list=$PACKAGES/network-manager.needs
	first_program /usr/sbin/NetworkManager >/dev/null && return
	packages_fetch network-manager || return
	if [ ! -e "$_list" ]; then
		apt-get -qs --no-install-recommends install network-manager \
		    >"$WORLD/needs.log" || return
		awk '$1 == "Inst" && $2 ~ /^lib/ { print $2 }' \
		    "$WORLD/needs.log" >"$_list.$$"
		mv "$_list.$$" "$_list"
	fi
	packages_fetch $(cat "$_list")
}

# URI...: of its check.
nm_checks() {
	printf '[connectivity]\nuri=%s\nresponse=%s\ninterval=300\n' "$1" \
	    "$NM_ANSWER" >"$WORLD/etc/NetworkManager/conf.d/20-connectivity.conf"
}

nm_etc() {
	_dir=$WORLD/etc/NetworkManager
	rm -rf "$_dir"
	mkdir -p "$_dir/conf.d" "$_dir/system-connections"
	nm_checks http://$NM_CHECK/check
	cat >"$_dir/system-connections/wired.nmconnection" <<-END
	[connection]
	id=wired
	uuid=6a3b0d8e-53a7-4c02-9d8d-6f1e6a4f7c11
	type=ethernet
	interface-name=eth0
	[ipv4]
	method=manual
	address1=192.168.77.2/24,$DNS4
	dns=$DNS4;
	dns-search=corp.lan;
	[ipv6]
	method=manual
	address1=fd77::2/64,$DNS6
	dns=$DNS6;
	END
	chmod 600 "$_dir"/system-connections/*
	# Its own memory; and no udev, which knows nothing of the laptop.
	laptop mount -t tmpfs -o mode=755 tmpfs /var/lib &&
	    laptop mount -o remount,bind,ro /sys
}

nm() { unpacked nmcli "$@"; }
nm_connected() { nm -t -f STATE general | grep -q '^connected'; }

# DNS: the key of that name; default: it writes resolv.conf itself.
nm_start() {
	printf '[main]\nplugins=keyfile\nauth-polkit=root-only\ndns=%s\n' "$1" \
	    >"$WORLD/etc/NetworkManager/NetworkManager.conf"
	unpacked_start nm "$PROGRAM_NM" --no-daemon
	NM=$PID
	world_until 100 nm_connected
}
nm_ends() {
	kill "-$1" "$NM"
	wait "$NM" 2>/dev/null
}

# Checks now, and says how that ends.
nm_check() { nm networking connectivity check; }
# What it says without.
nm_says() { nm networking connectivity; }

# From now on whatever is asked for in the web is sent to the router, which
# sends it elsewhere; and not any more.
portal_up() {
	router nft -f - <<-END
	table inet portal {
		chain to_portal {
			type nat hook prerouting priority dstnat
			iifname lan0 ip daddr 203.0.113.0/24 tcp dport 80 dnat ip to $DNS4:80
			iifname lan0 ip6 daddr 2001:db8::/64 tcp dport 80 dnat ip6 to [$DNS6]:80
		}
	}
	END
}
portal_down() { router nft delete table inet portal; }
# A directory without its slash is "302 Found".
portal_open() {
	mkdir -p "$WORLD/portal/check"
	for _a in $DNS4 "[$DNS6]"; do
		world_start portal ip netns exec "$ROUTER" \
		    busybox httpd -f -p "$_a:80" -h "$WORLD/portal"
	done
}

# world_opened() with a bus, and NetworkManager yet to be started; or says why
# not.
nm_opened() {
	world_open || exit 2
	packages_fetch $(packages_wanted) && nm_packages && resolved_paths &&
	    PROGRAM_NM=$(first_program /usr/sbin/NetworkManager \
	    "$PACKAGES"/network-manager/usr/sbin/NetworkManager) || {
		echo "skipped: no NetworkManager here, and none to be had:"
		tail -n 3 "$WORLD/packages.log"
		exit 77
	}
	world_dns --host-record=$NM_CHECK,$PROBE4,$PROBE6,60 && world_web ||
	    exit 2
	echo "$NM_ANSWER" >"$WORLD/probe/check"
	portal_open
	rm -f "$WORLD/etc/resolv.conf"
	if ! resolved_etc || ! nm_etc || ! bus_start; then
		tail "$WORLD/bus.log"
		exit 2
	fi
}
