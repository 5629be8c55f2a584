#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Host DNS settings that cannot be changed, or not kept: a resolvconf that is
# gone, fails, hangs, lies or is held back; a resolv.conf that leads nowhere or
# cannot be written; one that somebody else writes each time. It is said what
# is wrong, the block holds, and what was there is there.
#
# A resolvconf is a script of the test's own, in the laptop's /usr/sbin.
#
# usage: hostdns_fails.sh [BUILD]

. "$(dirname "$0")/assert.sh"

NAME=captive.apple.com
RECORDS=/run/resolvconf/interface

# BODY: of the program, to which a sane one is the function sane.
program() {
	laptop sh -c 'cat >/usr/sbin/program; chmod 755 /usr/sbin/program
	    mv /usr/sbin/program /usr/sbin/resolvconf' <<-END
	#!/bin/sh
	sane() {
		case \$1 in
		-a) cat >$RECORDS/\$2 ;;
		-d) rm -f $RECORDS/\$2 ;;
		-u) ;;
		*) echo 'no such option' >&2; return 99 ;;
		esac
		cat \$(ls -r $RECORDS/*) | sed '/ 127\\./q' >/run/resolvconf/new
		mv /run/resolvconf/new /run/resolvconf/resolv.conf
	}
	$1
	END
}
sane='sane "$@"'

settings() {
	laptop sh -c "ls -l /etc/resolv.conf; find $RECORDS | sort
	    cat /etc/resolv.conf" 2>&1
}
# On a slow machine not with the first question.
opens() { laptop getent ahosts $NAME; elements_are 2; } >/dev/null
problem_is() { status .problem | grep -q "$1"; }
is_as_before() { [ "$(settings)" = "$settings" ]; }
names_us() { laptop grep -q '^nameserver 127.0.0.1$' /etc/resolv.conf; }
asks_of() { [ "$(status '.upstreams | map(.address) | join(" ")')" = "$1" ]; }

# EDGE PATTERN: it cannot be entered.
refused() {
	go error offline
	check_comes "$1: it is told" problem_is "$2"
	check_like "$1: rules hold" "$(loaded)" '[bd]*'
	check "$1: settings" "$(settings)" "$settings"
	check "$1: nothing is kept" "$(ls "$WORLD/state")" settings.json
	go disconnected
}
entered() {
	go error offline
	check_comes "$1: the door opens" opens
	check_comes "$1: pointed" names_us
}

cannot_point() {
	refused 'no program' 'no resolvconf in'
	program 'echo out of order >&2; exit 3'
	refused 'fails' 'out of order'
	program 'sane "$@"; exit 1'
	entered 'works, and says no'
	go disconnected
	check 'works, and says no: settings' "$(settings)" "$settings"
	program 'yes'
	refused 'talks without an end' 'does not put us first'
	program 'sane "$@"; [ $1 = -d ] || { sleep 60 & wait; }'
	refused 'works, and hangs' 'had not ended'
	check 'and its children are gone' \
	    "$(ip netns pids "$LAPTOP" | xargs ps -o args= -p |
	    grep -c '^sleep 60')" 0
	program 'exit 0'
	refused 'does nothing' 'does not put us first'
	laptop rm /run/resolvconf/enable-updates
	refused 'is held back' 'enable-updates'
	laptop touch /run/resolvconf/enable-updates
	laptop ln -s resolvectl /usr/sbin/resolvconf.new
	laptop mv /usr/sbin/resolvconf.new /usr/sbin/resolvconf
	laptop cp /bin/true /usr/sbin/resolvectl
	refused 'is resolvectl' "systemd's resolvectl"
	laptop rm /usr/sbin/resolvconf /usr/sbin/resolvectl
}

# EDGE BODY: what has become of the program when the record is to go.
cannot_restore() {
	program "$sane"
	entered "$1"
	[ -z "$2" ] || program "$2"
	[ -n "$2" ] || laptop rm /usr/sbin/resolvconf
	go disconnected
	world_until 60 is_as_before
	check "$1, while pointed: settings" "$(settings)" "$settings"
	check "$1, while pointed: nothing is kept" \
	    "$(ls "$WORLD/state")" settings.json
	check_like "$1, while pointed: it is told" \
	    "$(tail -n 20 "$WORLD/daemon.log")" '*without resolvconf*'
}

# Its package's removal leaves a file of its own.
purged() {
	program "$sane"
	entered 'purged'
	laptop rm /etc/resolv.conf /usr/sbin/resolvconf
	# By the second answer it has looked.
	status .policy >/dev/null
	status .policy >/dev/null
	check 'purged: nothing is put in its place' \
	    "$(laptop ls /etc/resolv.conf 2>/dev/null)" ''
	laptop sh -c 'cp /run/resolvconf/resolv.conf /etc
	    rm -r /run/resolvconf'
	go disconnected
	check_comes 'purged: the servers are back' \
	    laptop grep -q "$DNS4" /etc/resolv.conf
	check 'purged: not ours' "$(names_us || echo no)" no
}

begins() {
	daemon_conf "$@"
	daemon_started
	sp netcheck on >/dev/null
}
ends() {
	daemon_ends TERM
	rm -rf "$WORLD/state"
}

with_resolvconf() {
	laptop mkdir -p $RECORDS
	laptop touch /run/resolvconf/enable-updates
	ln -sf ../run/resolvconf/resolv.conf "$WORLD/etc/resolv.conf"
	program "$sane"
	echo "nameserver $DNS4" | laptop resolvconf -a eth0.dhclient
	laptop rm /usr/sbin/resolvconf
	settings=$(settings)
	begins 'hostdns = resolvconf'
	cannot_point
	cannot_restore 'gone' ''
	cannot_restore 'failing' 'exit 1'
	cannot_restore 'hanging' 'sleep 60'
	purged
	ends
}

# ---- a plain file

dangling() {
	ln -sf ../run/nowhere/resolv.conf "$WORLD/etc/resolv.conf"
	settings=$(settings)
	go error offline
	check_comes 'dangling: pointed' names_us
	check 'dangling: nobody to ask' "$(status '.upstreams | length')" 0
	go disconnected
	check 'dangling: settings' "$(settings)" "$settings"
	# In bypass it stays; what it leads to may come.
}

read_only() {
	rm "$WORLD/etc/resolv.conf"
	echo "nameserver $DNS4" >"$WORLD/etc/resolv.conf"
	settings=$(settings)
	laptop mount -o remount,bind,ro /etc
	refused 'read-only' 'Read-only file system'
	laptop mount -o remount,bind,rw /etc
	entered 'and not any more'
	laptop mount -o remount,bind,ro /etc
	go disconnected
	check_comes 'read-only, while pointed: it is told' problem_is 'Read-only'
	laptop mount -o remount,bind,rw /etc
	check_comes 'read-only, and not any more: settings' is_as_before
}

fight() {
	entered 'a fight'
	for _try in 1 2 3 4 5 6 7 8; do
		echo "nameserver 192.0.2.$_try" >"$WORLD/etc/part"
		mv "$WORLD/etc/part" "$WORLD/etc/resolv.conf"
		world_until 20 names_us || break
	done
	check 'a fight: how often it is set right' "$_try" 6
	check_comes 'a fight: it is told' problem_is 'somebody else keeps'
	check_like 'a fight: rules hold' "$(loaded)" door
	settings=$(settings)
	go disconnected
	check 'a fight: theirs stays' "$(settings)" "$settings"
}

# What is edited, but names no other server, is still ours.
edited() {
	echo "nameserver $DNS4" >"$WORLD/etc/resolv.conf"
	settings=$(settings)
	entered 'edited'
	echo 'options rotate' >>"$WORLD/etc/resolv.conf"
	sp status >/dev/null
	check 'edited: whom we ask' "$(status .upstreams[0].address)" $DNS4
	go disconnected
	check 'edited: settings' "$(settings)" "$settings"
}

# In bypass the file is only read: what a link leads to may come, and go.
followed() {
	ln -sf ../run/later/resolv.conf "$WORLD/etc/resolv.conf"
	go error offline
	check_comes 'followed: nobody to ask' asks_of ''
	laptop mkdir /run/later
	for _server in $DNS4 $DNS6; do
		laptop sh -c "echo nameserver $_server >/run/later/part
		    mv /run/later/part /run/later/resolv.conf"
		check_comes "followed: $_server" asks_of $_server
	done
	laptop rm -r /run/later
	check_comes 'followed: gone' asks_of ''
	go disconnected
}

world_opened
laptop mount -t tmpfs -o mode=755 tmpfs /run || exit 2
mkdir -p "$WORLD/sbin" "$WORLD/work"
laptop mount -t overlay overlay -o \
    "lowerdir=/usr/sbin,upperdir=$WORLD/sbin,workdir=$WORLD/work" \
    /usr/sbin || exit 2
with_resolvconf
begins
dangling
read_only
edited
fight
ends
begins 'hostdns = file' 'datapath = bypass'
followed
ends
finish
