# SPDX-License-Identifier: ISC
# resolved_world.sh - the real systemd-resolved on the laptop; sourced, not run
#
#   getent, dig, resolvectl                            router
#      |                                            192.168.77.1
#      +-- 127.0.0.53, [nss-resolve], bus             fd77::1
#               |                                   fe80::1 (lan0)
#       systemd-resolved -- per link: eth0 ------------- :53
#               |
#       dbus-daemon, /run/dbus/system_bus_socket
#
# The host's own one if it has one, else Debian's packages, unpacked into
# build/check/packages and not installed. Bus and resolved see world.sh's
# /etc, with a user for resolved, and a /run of their own; nobody outside of
# the laptop sees them. Source it after assert.sh.

. tests/live/packages.sh

RESOLVED_ID=64056
RESOLVED=''			# pid
LINK_LOCAL=fe80::77:1		# of the router, on the laptop's link
STUB=127.0.0.53

# What the host lacks, and which package has it.
packages_wanted() {
	first_program /usr/lib/systemd/systemd-resolved \
	    /lib/systemd/systemd-resolved >/dev/null ||
		echo systemd-resolved libsystemd-shared
	set -- /usr/lib/*/libnss_resolve.so.2
	[ -e "$1" ] || echo libnss-resolve
	command -v dbus-daemon >/dev/null ||
		echo dbus-daemon libdbus-1-3 libapparmor1 libexpat1
}

# What is there is used, its libraries first.
resolved_paths() {
	LIBRARIES=$(find "$PACKAGES" -name '*.so*' -exec dirname {} + |
	    sort -u | paste -sd : -)
	set -- "$PACKAGES"/*/usr/bin "$PACKAGES"/*/bin "$PACKAGES"/*/usr/sbin
	BINARIES=$(IFS=:; echo "$*")
	PROGRAM_RESOLVED=$(first_program /usr/lib/systemd/systemd-resolved \
	    /lib/systemd/systemd-resolved \
	    "$PACKAGES"/systemd-resolved/usr/lib/systemd/systemd-resolved \
	    "$PACKAGES"/systemd-resolved/lib/systemd/systemd-resolved)
}

# On the laptop, with what was unpacked.
unpacked() {
	laptop env LD_LIBRARY_PATH="$LIBRARIES" PATH="$PATH:$BINARIES" "$@"
}
unpacked_start() {
	_as=$1
	shift
	laptop_start "$_as" env LD_LIBRARY_PATH="$LIBRARIES" \
	    PATH="$PATH:$BINARIES" "$@"
}

resolved_etc() {
	for _file in passwd group; do
		sed -i '/^systemd-resolve:/d' "$WORLD/etc/$_file"
	done
	echo "systemd-resolve:x:$RESOLVED_ID:$RESOLVED_ID::/:/usr/sbin/nologin" \
	    >>"$WORLD/etc/passwd"
	echo "systemd-resolve:x:$RESOLVED_ID:" >>"$WORLD/etc/group"
	rm -rf "$WORLD"/etc/systemd/resolved.conf*
	rm -f "$WORLD/etc/machine-id"
	tr -d - </proc/sys/kernel/random/uuid >"$WORLD/etc/machine-id"
	laptop mount -t tmpfs -o mode=755 tmpfs /run && resolved_run
}
# As systemd makes it at boot.
resolved_run() {
	laptop mkdir -p /run/dbus /run/systemd/resolve &&
	    laptop chown $RESOLVED_ID:$RESOLVED_ID /run/systemd/resolve
}

bus_start() {
	cat >"$WORLD/bus.conf" <<-END
	<busconfig>
		<type>system</type>
		<listen>unix:path=/run/dbus/system_bus_socket</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
			<allow user="*"/>
			<allow own="*"/>
			<allow send_destination="*"/>
			<allow receive_sender="*"/>
		</policy>
	</busconfig>
	END
	# The laptop has a /run of its own by now.
	unset DBUS_SYSTEM_BUS_ADDRESS
	unpacked_start bus dbus-daemon --nofork --nopidfile \
	    --config-file="$WORLD/bus.conf"
	BUS=$PID
	world_until 50 laptop test -S /run/dbus/system_bus_socket
}

# $1...: a program that runs it, such as strace.
resolved_start() {
	unpacked_start resolved "$@" "$PROGRAM_RESOLVED"
	RESOLVED=$PID
	world_until 100 unpacked resolvectl status eth0 &&
	    world_until 50 laptop test -e /run/systemd/resolve/stub-resolv.conf
}

resolved_ends() {
	kill "-$1" "$RESOLVED"
	wait "$RESOLVED" 2>/dev/null
}

# SERVER...: of eth0, as whoever manages the link sets them.
link_dns() {
	unpacked resolvectl dns eth0 "$@"
}

# resolv.conf is the link to the stub's.
stub_dns() {
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$WORLD/etc/resolv.conf"
}

# world_opened() with a resolved on the laptop that asks the router; or says
# why not. $1...: options of dnsmasq.
resolved_opened() {
	world_open || exit 2
	packages_fetched systemd-resolved $(packages_wanted)
	resolved_paths
	ip -n "$ROUTER" addr add $LINK_LOCAL/64 dev lan0
	world_dns "$@" && world_web && laptop_up || exit 2
	# Before it starts: it takes servers that it finds there for its own.
	stub_dns
	if ! resolved_etc || ! bus_start || ! resolved_start; then
		tail "$WORLD/bus.log" "$WORLD/resolved.log"
		exit 2
	fi
	link_dns $DNS4 || exit 2
	remember_dns
}

# Back to knowing nothing: its cache, and what it has learnt of servers.
resolved_forgets() {
	unpacked resolvectl flush-caches &&
	    unpacked resolvectl reset-server-features
}
