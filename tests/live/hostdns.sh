#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The host's DNS settings where no bus keeps them: a plain resolv.conf, that
# of Debian's resolvconf, and that of openresolv. Into a blocking state and
# out of it again, with others who change the settings meanwhile, after a
# kill -9, after a reboot, and when sallyport is taken away: what comes back is what was there,
# or what others have made of it, to the octet, with mode, owner and links.
# What that is, is found out by doing the same without sallyport.
#
# Both programs are Debian's packages, unpacked, in the laptop's view of
# /usr/sbin and /usr/lib.
#
#	eth0.dhclient --> resolvconf --> /run/resolvconf/interface[s]/
#	lo.sallyport  -->     |          /run/resolvconf/resolv.conf (Debian's)
#	                      +--------> /etc/resolv.conf            (openresolv)
#
# modes: socket (bypass by hand)
# usage: [DATAPATH=bypass] [KINDS='file resolvconf'] hostdns.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/packages.sh
. tests/live/reboot.sh

NAME=captive.apple.com

# ---- the host's settings

# All of the settings that a program could see, but times and inodes.
settings() {
	laptop sh -c '
	find /etc/.resolv* /etc/resolv* /run/resolvconf -path /etc/resolvconf \
	    -prune -o ! -name run-lock -printf "%p %y %m %u:%g %l\n" \
	    2>/dev/null | sort >/run/list
	sed -n "s/ f [0-9]* .*//p" /run/list | xargs -d "\n" tail -v -n +1 |
	    cat -A /run/list -'
}
remember() {
	settings >"$WORLD/settings.was"
	remember_dns
}
is_original() {
	settings >"$WORLD/settings.now"
	cmp -s "$WORLD/settings.was" "$WORLD/settings.now"
}
# EDGE
check_as_before() {
	if world_until 50 is_original; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: settings"
		diff "$WORLD/settings.was" "$WORLD/settings.now"
	fi
}

rc() { laptop env -i /sbin/resolvconf "$@" 2>>"$WORLD/resolvconf.log"; }
# NAME SERVER...: as a DHCP client tells it.
record() {
	_name=$1
	shift
	{
		echo "search $_name.example"
		printf 'nameserver %s\n' "$@"
	} | rc -a "$_name"
}

# FOLDER...: of a package, before the system's own.
over() {
	for _dir in sbin lib; do
		laptop mount -t overlay overlay -o \
		    "lowerdir=$PACKAGES/$1/$_dir:/usr/$_dir" /usr/$_dir || exit 2
	done
}
# Programs that run there keep it.
under() { laptop umount -l /usr/sbin /usr/lib; }

file_up() {
	printf 'search corp.example\nnameserver %s\noptions edns0\n' $DNS4 \
	    >"$WORLD/etc/resolv.conf"
	chmod 0640 "$WORLD/etc/resolv.conf"
	chown 7:8 "$WORLD/etc/resolv.conf"
}
resolvconf_up() {
	cp -a "$PACKAGES/resolvconf/etc/resolvconf" "$WORLD/etc"
	ln -sf ../run/resolvconf/resolv.conf "$WORLD/etc/resolv.conf"
	resolvconf_boots
}
openresolv_up() {
	cp -a "$PACKAGES/openresolv/etc/resolvconf.conf" "$WORLD/etc"
	: >"$WORLD/etc/resolv.conf"
	openresolv_boots
	rm -f "$WORLD/etc/resolv.conf.bak"
}
# One that lets servers in beside a local one.
exclusive_up() {
	openresolv_up
	echo 'resolv_conf_local_only=NO' >>"$WORLD/etc/resolvconf.conf"
	laptop mkdir -p /run/resolvconf/exclusive
}
# What of it is done at each boot.
file_boots() { :; }
resolvconf_boots() {
	services_start
	record eth0.dhclient $DNS4
}
openresolv_boots() { record eth0.dhclient $DNS4; }
# Debian's resolvconf.service.
services_start() {
	[ $kind != resolvconf ] || {
		laptop mkdir -p /run/resolvconf/interface
		rc --enable-updates
	}
}
programs_end() { :; }
programs_start() {
	laptop_up
	${kind}_boots
}
file_down() { :; }
resolvconf_down() {
	laptop rm -rf /run/resolvconf /etc/resolvconf
}
openresolv_down() {
	laptop rm -rf /run/resolvconf /etc/resolvconf.conf
}

exclusive_down() { openresolv_down; }

# ---- what others do while the door is open; each leaves the server $1

file_changes='rewritten renamed'
resolvconf_changes='told'
openresolv_changes='told'

change_rewritten() {
	printf 'nameserver %s\n' "$1" >"$WORLD/etc/resolv.conf"
}
change_renamed() {
	change_rewritten "$1"
	printf 'nameserver %s\noptions rotate\n' "$1" >"$WORLD/etc/resolv.part"
	mv "$WORLD/etc/resolv.part" "$WORLD/etc/resolv.conf"
}
change_told() { record eth0.dhclient "$1"; }

# ---- the daemon

asks_of() { [ "$(status '.upstreams | map(.address) | join(" ")')" = "$1" ]; }
# resolv.conf names our address and no other server.
names_us() {
	_servers=$(laptop sed -n 's/^nameserver //p' /etc/resolv.conf | xargs)
	[ "$_servers" = 127.0.0.1 ] || [ "$_servers" = '127.0.0.1 ::1' ]
}
resolves() {
	laptop getent ahosts $NAME | grep -q "$PROBE4"
}
# On a slow machine not with the first question.
opens() { resolves; elements_are 2; }
# COMMAND...: with sockets; in bypass nothing of the settings may change.
is_pointed() { bypass && is_original || names_us; }

# EDGE
enters() {
	go error offline
	check_comes "$1: the door opens" opens
	check_comes "$1: pointed" is_pointed
	check_comes "$1: asks the host's server" asks_of $DNS4
	check_comes "$1: programs resolve" resolves
}
# Whether the comparison would see it at all.
leaves() {
	bypass || check "$1: the change is seen" \
	    "$(is_original || echo seen)" seen
	go disconnected
	check_as_before "$1"
	check "$1: nothing is kept" "$(ls "$WORLD/state")" settings.json
}

begins() {
	daemon_conf
	daemon_started
	sp netcheck on >/dev/null
	check "$kind: backend" "$(status .hostdns.backend)" "$backend"
}

# What comes of it without us is what has to come back.
others() {
	for _change in $(eval "echo \$${kind}_changes"); do
		_edge="$kind, $_change"
		"change_$_change" $DNS6
		remember
		"${kind}_down"
		"${kind}_up"
		go error offline
		check_comes "$_edge: the door opens" opens
		"change_$_change" $DNS6
		check_comes "$_edge: asks the new server" asks_of $DNS6
		check_comes "$_edge: pointed" is_pointed
		check_comes "$_edge: programs resolve" resolves
		go disconnected
		check_as_before "$_edge"
		"${kind}_down"
		rm -f "$WORLD/etc/resolv.conf"
		"${kind}_up"
		remember
	done
}

# The defaults have a folder of the host's for the state.
broken_conf() {
	_conf=$WORLD/broken.conf
	echo 'nonsense = 1' >"$_conf"
	laptop mount -t tmpfs tmpfs /var/lib
}

killed() {
	daemon_ends KILL
	bypass || check "$kind, killed: pointed" "$(names_us && echo yes)" yes
	daemon_started
	check_comes "$kind, killed, started: the door opens" opens
	check_comes "$kind, killed, started: pointed" is_pointed
	check_comes "$kind, killed, started: server" asks_of $DNS4
	daemon_ends KILL
	# As a package's removal does, after the unit's ExecStopPost.
	_conf=$CONF
	[ $kind != file ] || broken_conf
	laptop "$BUILD/sallyportd" --restore-dns -f "$_conf" \
	    >"$WORLD/restore.log" 2>&1
	check "$kind, removed: --restore-dns" $? 0
	check_as_before "$kind, removed"
	laptop nft delete table inet sallyport
	daemon_started
	go disconnected
	check_as_before "$kind, started again"
	check "$kind, started again: nothing is kept" "$(ls "$WORLD/state")" \
	    settings.json
}

# Each attribute that is compared is one that would be missed.
notices() {
	_conf=$(laptop realpath /etc/resolv.conf)
	for _damage in "chmod 0604 $_conf" "chown 9:9 $_conf" \
	    "echo >>$_conf" "cp $_conf /run/x; ln -sf /run/x /etc/resolv.conf"; do
		laptop sh -c "cp -a /etc/resolv.conf /run/kept
		    cp -aL /etc/resolv.conf /run/content
		    $_damage"
		check "$kind: \"$_damage\" is noticed" \
		    "$(is_original || echo yes)" yes
		laptop sh -c "rm /etc/resolv.conf; mv /run/kept /etc/resolv.conf
		    [ ! -L /etc/resolv.conf ] || mv /run/content $_conf"
		check "$kind: and its end, too" \
		    "$(is_original && echo yes)" yes
	done
}

world_open || exit 2
packages_fetch resolvconf openresolv || {
	echo 'skipped: no resolvconf here, and none to be had:'
	tail -n 3 "$WORLD/packages.log"
	exit 77
}
world_dns && world_web && laptop_up || exit 2
laptop mount -t tmpfs -o mode=755 tmpfs /run || exit 2

for kind in ${KINDS:-file resolvconf openresolv $(either exclusive '')}; do
	package=$kind
	[ $kind != exclusive ] || package=openresolv
	backend=$package
	[ $package != openresolv ] || backend=resolvconf
	rm -f "$WORLD/etc/resolv.conf"
	[ $kind = file ] || over $package
	${kind}_up
	laptop grep -q "$DNS4" /etc/resolv.conf || exit 2
	remember
	[ $kind != file ] || notices
	begins
	enters "$kind"
	leaves "$kind"
	if [ $kind != exclusive ]; then
		others
		enters "$kind, again"
		rebooted "$kind"
		killed
	fi
	daemon_ends TERM
	rm -rf "$WORLD/state" "$WORLD/run/control.sock"
	${kind}_down
	[ $kind = file ] || under
done
finish
