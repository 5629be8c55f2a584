#!/bin/sh
# SPDX-License-Identifier: ISC
#
# See switch.c. In the network of tests/live/world.sh; the host's DNS is a
# plain file on the disk, the run directory is in memory as /run is.

# In a process of its own.
switch_world() {
	set +eu
	BUILD=$bin
	. tests/live/world.sh
	trap world_close EXIT
	trap 'exit 1' INT TERM
	world_open && world_dns && laptop_up || exit 1
	ip -n "$LAPTOP" tuntap add dev tun0 mode tun
	ip -n "$LAPTOP" link set tun0 up
	laptop mount -t tmpfs tmpfs "$WORLD/run"
	daemon_conf 'hostdns = file' 'log-level = error'
	mkdir "$WORLD/steps"
	cp "$WORLD/etc/resolv.conf" "$WORLD/steps/"
	laptop "$BUILD/bench_switch" "$BUILD/sallyportd" "$CONF" \
	    "$WORLD/run/control.sock" "$WORLD/steps" "$tsv"
}

bench_switch() {
	needs_root
	(switch_world)
}
