# SPDX-License-Identifier: ISC
# faults.sh - what makes a step of opening the door fail; sourced, not run
#
# Mounts and file attributes on the laptop, made while the daemon runs, and
# programs that hold port 53 or the device. FAULT_on makes a fault, FAULT_off
# takes it back.

# A table that somebody else has changed is not switched, but loaded.
foreign() { lap nft add chain inet sallyport stranger 2>/dev/null || :; }
over() { laptop mount --bind "$1" "$2"; }

nft_fails_on() {
	printf '#!/bin/sh\necho "Error: injected" >&2\nexit 1\n' \
	    >"$WORLD/bad-nft"
	chmod 755 "$WORLD/bad-nft"
	over "$WORLD/bad-nft" /usr/sbin/nft
	foreign
}
nft_fails_off() { laptop umount /usr/sbin/nft; }
nft_absent_on() {
	over /dev/null /usr/sbin/nft
	foreign
}
nft_absent_off() { laptop umount /usr/sbin/nft; }

# PROTOCOL ADDRESS PROGRAM...: it holds port 53.
taken() {
	_proto=$1 _address=$2
	shift 2
	laptop_start taker "$@"
	taker=$PID
	world_until 50 sh -c "ip netns exec $LAPTOP ss -Hln$_proto \
	    'src $_address and sport = 53' | grep -q ."
}
port_udp_on() { taken u 127.0.0.1 nc -u -l 127.0.0.1 53; }
port_tcp_on() { taken t 127.0.0.1 nc -l 127.0.0.1 53; }
port_udp6_on() { taken u ::1 nc -6 -u -l ::1 53; }
port_any_on() { taken t 0.0.0.0 nc -l 0.0.0.0 53; }
port_dnsmasq_on() {
	taken u 127.0.0.1 dnsmasq --keep-in-foreground --no-resolv \
	    --conf-file=/dev/null --listen-address=127.0.0.1 --pid-file= \
	    --bind-interfaces --user=root
}
port_free() { world_end "$taker"; }
port_udp_off() { port_free; }
port_tcp_off() { port_free; }
port_udp6_off() { port_free; }
port_any_off() { port_free; }
port_dnsmasq_off() { port_free; }

device_on() { lap ip tuntap add dev sallyport0 mode tun; }
device_off() { lap ip tuntap del dev sallyport0 mode tun; }

# Reading is an I/O error; it cannot be opened; a directory.
dns_unreadable_on() { over "/proc/$HOLDER/mem" /etc/resolv.conf; }
dns_unreadable_off() { laptop umount /etc/resolv.conf; }
dns_socket_on() {
	mv "$WORLD/etc/resolv.conf" "$WORLD/etc/kept"
	laptop_start taker nc -lU /etc/resolv.conf
	taker=$PID
	world_until 50 test -S "$WORLD/etc/resolv.conf"
}
dns_socket_off() {
	world_end "$taker"
	mv "$WORLD/etc/kept" "$WORLD/etc/resolv.conf"
}
dns_directory_on() {
	mv "$WORLD/etc/resolv.conf" "$WORLD/etc/kept"
	mkdir "$WORLD/etc/resolv.conf"
}
dns_directory_off() {
	rmdir "$WORLD/etc/resolv.conf"
	mv "$WORLD/etc/kept" "$WORLD/etc/resolv.conf"
}

dns_immutable_on() { chattr +i "$WORLD/etc/resolv.conf"; }
dns_immutable_off() { chattr -i "$WORLD/etc/resolv.conf"; }
dns_read_only_on() {
	over /etc/resolv.conf /etc/resolv.conf
	laptop mount -o remount,bind,ro /etc/resolv.conf
}
dns_read_only_off() { laptop umount /etc/resolv.conf; }

state_read_only_on() {
	over "$WORLD/state" "$WORLD/state"
	laptop mount -o remount,bind,ro "$WORLD/state"
}
state_read_only_off() { laptop umount "$WORLD/state"; }

# Which step fails, what it says, and the cause it leaves in error.
faults='
nft_fails	firewall	set_firewall	*nft refused the rules: Error: injected*
nft_absent	firewall	set_firewall	*no nft in*install the package nftables*
dns_unreadable	read_dns	read_dns	*/etc/resolv.conf: cannot read the original: *
dns_socket	read_dns	read_dns	*/etc/resolv.conf: cannot read the original: *
state_read_only	settings	-		*/early.nft: save: Read-only file system*
'
faults_of_sockets='
port_udp	listen		start_resolver	*port 53 on 127.0.0.1 is held by nc (pid PID); stop it or set listen = *
port_tcp	listen		start_resolver	*port 53 on 127.0.0.1 is held by nc (pid PID); stop it or set listen = *
port_udp6	listen		start_resolver	*port 53 on ::1 is held by nc (pid PID); stop it or set listen = *
port_any	listen		start_resolver	*port 53 on 127.0.0.1 is held by nc (pid PID); stop it or set listen = *
port_dnsmasq	listen		start_resolver	*port 53 on 127.0.0.1 is held by dnsmasq (pid PID); stop it or set listen = *
dns_directory	point_dns	set_dns		*/etc/resolv.conf: cannot point it at us: Is a directory*
dns_immutable	point_dns	set_dns		*/etc/resolv.conf: cannot point it at us: Operation not permitted*
dns_read_only	point_dns	set_dns		*/etc/resolv.conf: cannot point it at us: Read-only file system*
'
faults_of_bypass='
device		listen		start_resolver	*an interface sallyport0 is there already*
'

pattern() { echo "$1" | sed "s/PID/${taker:-}/"; }

# FUNCTION: with each fault's words.
each_fault() {
	! bypass || left_out \
	    "port 53 taken, resolv.conf not writable: neither is needed"
	while read -r _name _step _cause _text; do
		[ -n "$_name" ] || continue
		"$1" $_name $_step $_cause "$_text" </dev/null
	done <<-END
	$faults
	$(either "$faults_of_sockets" "$faults_of_bypass")
	END
}
