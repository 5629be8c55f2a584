#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Real boots: systemd is process 1 of a laptop of its own, with our units as
# they are installed. A user's flood (pour.sh draws it) is there from before
# the network, which a unit behind network-pre.target brings up.
#
#     tree: /usr of the host, read-only; our own /etc, /var and /run
#     default.target -- network-up.service -- after network-pre.target
#                       sallyportd.service, sallyport-early.service
#
# usage: systemd.sh [BUILD]

. "$(dirname "$0")/assert.sh"
. tests/live/pour.sh

SYSTEMD=/usr/lib/systemd/systemd
[ -x $SYSTEMD ] || SYSTEMD=/lib/systemd/systemd
CGROUP=$(findmnt -rnt cgroup2 -o TARGET | head -n 1)/sallyport.$$
if [ ! -x $SYSTEMD ] || ! mkdir "$CGROUP" 2>/dev/null; then
	echo "skipped: needs systemd, and a cgroup of version 2 to write to"
	exit 77
fi
BOOT='' INIT=''
trap 'halt; rmdir "$CGROUP" 2>/dev/null; world_close' EXIT

# SERVICE LINE...: of the section Service, behind its own.
unit_more() {
	mkdir -p "$UNITS/$1.service.d"
	_unit=$1
	shift
	printf '%s\n' '[Service]' "$@" >"$UNITS/$_unit.service.d/more.conf"
}

units() {
	rm -rf "$UNITS"
	mkdir -p "$UNITS/default.target.wants" "$UNITS/sysinit.target.wants"
	for _unit in sysinit basic local-fs local-fs-pre network-pre network \
	    shutdown sockets timers paths slices swap; do
		cp "${SYSTEMD%/*}/system/$_unit.target" "$UNITS"
	done
	printf '[Unit]\nRequires=sysinit.target\nWants=network-up.service\n' \
	    >"$UNITS/default.target"
	cat >"$UNITS/network-up.service" <<-END
	[Unit]
	DefaultDependencies=no
	After=network-pre.target
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=ip link set eth0 up
	ExecStart=ip addr add 192.168.77.2/24 dev eth0
	ExecStart=ip addr add fd77::2/64 dev eth0
	ExecStart=ip route add default via $DNS4
	ExecStart=ip route add default via $DNS6
	END
	sed "s|=[^= ]*/sallyportd|=/build/sallyportd|" \
	    "$BUILD/sallyportd.service" >"$UNITS/sallyportd.service"
	cp tools/systemd/sallyport-early.service "$UNITS"
	unit_more sallyportd StandardError=append:/var/daemon.log
	ln -s ../sallyportd.service "$UNITS/default.target.wants"
	ln -s ../sallyport-early.service "$UNITS/sysinit.target.wants"
}

# The tree as process 1 finds it; runs in the namespaces that it will have.
cat_init() {
	cat <<-END
	set -e
	mount --make-rprivate /
	mount -t tmpfs tmpfs "$WORLD/tree"
	cd "$WORLD/tree"
	mkdir usr etc var run tmp proc sys dev dev.old build
	for d in bin sbin lib lib64; do [ ! -e /\$d ] || ln -s usr/\$d \$d; done
	mount --bind /usr usr
	mount -o remount,bind,ro usr
	mount -t tmpfs tmpfs usr/lib/systemd/system
	mount --bind "$BUILD" build
	mount --bind "$WORLD/etc" etc
	mount --bind "$WORLD/var" var
	mount -t tmpfs -o mode=755 tmpfs run
	mount -t proc proc proc
	mount --bind proc/sys proc/sys
	mount -o remount,bind,ro proc/sys
	mount -t sysfs -o ro sysfs sys
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount -t tmpfs -o mode=755 tmpfs dev
	for n in null zero full random urandom; do
		touch dev/\$n
		mount --bind /dev/\$n dev/\$n
	done
	mkdir dev/shm
	pivot_root . dev.old
	umount -l /dev.old
	exec env -i container=sallyport PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	    $SYSTEMD --system --unit=default.target --log-target=null
	END
}

# In the machine that has been booted.
in_tree() { nsenter -t "$INIT" -a -- "$@"; }
in_sp() { in_tree /build/sallyport "$@"; }
# UNIT PROPERTY
shown() { in_tree systemctl show --value -p "$2" "$1.service"; }
active() { in_tree systemctl is-active --quiet "$@"; }

# Until the network is up.
boot() {
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$CGROUP" \
	    nsenter --net="/run/netns/$LAPTOP" unshare -C -m -u -i -p -f \
	    --kill-child sh -c "$(cat_init)" >"$WORLD/boot.log" 2>&1 &
	BOOT=$!
	world_until 100 grep -q . "$CGROUP/init.scope/cgroup.procs" &&
	    INIT=$(head -n 1 "$CGROUP/init.scope/cgroup.procs") &&
	    world_until 100 active network-up.service && return
	echo "systemd does not come up:"
	cat "$WORLD/boot.log"
	in_tree systemctl list-units
	exit 2
}

# Off, as by the switch; what the kernel had is gone.
halt() {
	[ -n "$BOOT" ] || return
	# It takes process 1 along, and that all others.
	kill -KILL $BOOT
	wait $BOOT 2>/dev/null
	BOOT='' INIT=''
	world_until 50 grep -q '^populated 0' "$CGROUP/cgroup.events"
	find "$CGROUP" -mindepth 1 -depth -type d -exec rmdir {} +
	laptop_down
	lap nft delete table inet sallyport 2>/dev/null
}

door_ready() { in_sp --json status | jq -e .active; }
ready() { in_sp status; }

# Began before: the end of the one is no later than the beginning of the other.
before() {
	[ "$(shown "$1" ActiveEnterTimestampMonotonic)" -gt 0 ] &&
	    [ "$(shown "$1" ActiveEnterTimestampMonotonic)" -le \
	    "$(in_tree systemctl show --value \
	    -p ActiveEnterTimestampMonotonic "$2")" ]
}

first_boot() {
	boot
	check_comes "first boot: the daemon is there" ready
	check "first boot: nothing is blocked" "$(loaded)" none
	check "first boot: nothing to load early" \
	    "$(shown sallyport-early ConditionResult)" no
	in_sp netcheck on >/dev/null
	in_sp lockdown on >/dev/null
	check "first boot: and now it is" \
	    "$(stat -c '%a %u' "$WORLD/var/lib/sallyport/early.nft")" "600 0"
	halt
}

# WHAT: under the flood from before the boot on.
poured_boot() {
	pour_starts
	seen_starts
	boot
}

nothing_arrived() {
	seen_ends "$1"
	check "$1: packets that arrived" "$(arrived ' > ')" 0
	pour_ends "$1" 200
	halt
}

good_boot() {
	poured_boot
	check_comes "lockdown: the daemon is there" door_ready
	for target in network-pre.target network-up.service \
	    sallyportd.service; do
		check_comes "lockdown: the rules before $target" \
		    before sallyport-early $target
	done
	check "lockdown: the rules are the daemon's" "$(loaded)" door
	in_tree systemctl restart sallyportd
	check_comes "lockdown: started again" door_ready
	in_tree systemctl restart sallyport-early
	check "lockdown: no early rules over the daemon's" "$(loaded)" door
	in_tree systemctl kill -s KILL sallyportd
	check_comes "lockdown: started after a crash" door_ready
	in_tree systemctl stop sallyportd
	check "lockdown: stopped" "$(loaded)" block
	in_tree systemctl start sallyportd
	check_comes "lockdown: started after a stop" door_ready
	nothing_arrived "lockdown"
}

# What it starts is not there. (boot.sh has more that can be broken.)
bad_boot() {
	unit_more sallyportd 'ExecStart=' \
	    'ExecStart=/build/no-such-sallyportd -d'
	poured_boot
	check_comes "no program: the daemon fails" \
	    sh -c "[ \$(nsenter -t $INIT -a systemctl show --value \
	    -p NRestarts sallyportd) -gt 0 ]"
	check "no program: the block stands" "$(loaded)" block
	nothing_arrived "no program"
}

# The control: the same without the early unit.
open_boot() {
	ln -s /dev/null "$UNITS/early.new"
	mv "$UNITS/early.new" "$UNITS/sallyport-early.service"
	poured_boot
	check_comes "control: a leak" much_arrived
	seen_ends "control"
	pour_ends "control" 100
	halt
}

world_open && world_dns && world_web || exit 2
UNITS=$WORLD/etc/systemd/system
mkdir -p "$WORLD/tree" "$WORLD/var/lib" "$WORLD/etc/sallyport"
printf 'profile = "apple"\ndatapath = socket\n' \
    >"$WORLD/etc/sallyport/sallyport.conf"
units
first_boot
good_boot
bad_boot
open_boot
finish
