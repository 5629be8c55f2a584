# SPDX-License-Identifier: ISC
# reboot.sh - the laptop is started again; sourced, not run
#
# Gone is what a kernel and /run hold: processes, rules, addresses, our
# run-dir. The kernel tells another boot id, and eth0 comes with another index;
# what it had is another link's. What is on disk stays. Source it after
# assert.sh, where the laptop has a /run of its own, and with these four:
#
#	programs_end, programs_start	the host's, with its links' addresses
#	is_original, is_pointed		the host's settings
#
# and services_start, where the daemon's unit is started after a service.

services_start() { :; }

reboot_kernel() {
	laptop nft delete table inet sallyport 2>/dev/null
	for _rule in 1 2 3; do
		lap ip rule del pref 53 2>/dev/null
		lap ip -6 rule del pref 53 2>/dev/null
	done
	# Another id each time, by what is read where the kernel tells it.
	[ -e "$WORLD/boot_id" ] || {
		: >"$WORLD/boot_id"
		laptop mount --bind "$WORLD/boot_id" \
		    /proc/sys/kernel/random/boot_id
	}
	cat /proc/sys/kernel/random/uuid >"$WORLD/boot_id"
}

reboot_links() {
	_index=$(world_sys "$LAPTOP" eth0 ifindex)
	ip -n "$LAPTOP" link set eth0 netns "$ROUTER"
	ip -n "$LAPTOP" link add "was$_index" index "$_index" type veth \
	    peer name "peer$_index" netns "$INTERNET"
	ip -n "$ROUTER" link set eth0 netns "$LAPTOP"
}

# As soon as lockdown is on, with its early unit.
reboot() {
	daemon_ends KILL
	programs_end
	world_until 50 eval '[ -z "$(datapaths)" ]'
	reboot_kernel
	reboot_links
	laptop find /run -xdev -mindepth 1 -delete
	rm -rf "$WORLD/run"
	mkdir "$WORLD/run"
	laptop nft -f "$WORLD/state/early.nft"
	services_start
}

# EDGE: while the door is open, twice; then it is open again.
rebooted() {
	sp lockdown on >/dev/null
	reboot
	programs_start
	# What the unit does when the daemon cannot start.
	check "$1, reboot, no daemon: --restore-dns" "$(laptop \
	    "$BUILD/sallyportd" --restore-dns -f "$CONF" \
	    >"$WORLD/restore.log" 2>&1; echo $?)" 0
	check_comes "$1, reboot, no daemon: settings" is_original
	check "$1, reboot, no daemon: nothing is kept" \
	    "$(ls "$WORLD/state" | xargs)" 'early.nft settings.json'
	check "$1, reboot, no daemon: the block holds" "$(loaded)" block
	daemon_started
	check_comes "$1, reboot, at last: pointed" is_pointed
	check_comes "$1, reboot, at last: the door opens" elements_are 2
	reboot
	daemon_started
	programs_start
	check_comes "$1, reboot, daemon first: pointed" is_pointed
	check_comes "$1, reboot, daemon first: the door opens" elements_are 2
	# The caller leaves.
	go error offline
	sp lockdown off >/dev/null
}
