#!/bin/sh
# SPDX-License-Identifier: ISC
#
# How often is the daemon woken when nothing happens, and how much memory is
# its own? All of its processes, in each state in turn, in the network of
# tests/live/world.sh; both datapaths at once, in a network each.
#
# A wake-up is a context switch, as /proc counts them for 50 s: a task that is
# not woken has none. Private memory is what nobody else has (Private_Clean
# and Private_Dirty of smaps_rollup). With strace, a state in which somebody
# was woken is looked at for another while, and who it was is printed.

idle_seconds=${BENCH_SMOKE:+1}
idle_seconds=${idle_seconds:-50}

idle_processes() { echo "$DAEMON $(pgrep -P "$DAEMON" | xargs)"; }

# As the command line has it; control has another word, or none.
idle_role() {
	_role=$(tr '\0' '\n' <"/proc/$1/cmdline" | sed -n '2s/^--//p')
	echo "${_role:-control}"
}

idle_switches() {
	for _pid; do
		cat /proc/"$_pid"/task/*/status
	done | awk '/ctxt_switches/ { n += $2 } END { print n + 0 }'
}

# us of CPU.
idle_cpu() {
	for _pid; do
		cat /proc/"$_pid"/task/*/schedstat
	done | awk '{ n += $1 } END { printf "%d\n", n / 1000 }'
}

idle_private() {
	for _pid; do
		cat "/proc/$_pid/smaps_rollup"
	done | awk '/^Private/ { n += $2 } END { print n + 0 }'
}

# UNIT ROW VALUE
idle_row() { printf '0\t%s\t%s\n' "$2" "$3" >>"$idle_rows.${1%/*}"; }

idle_whom() {
	command -v strace >/dev/null || return 0
	for _pid in $(idle_processes); do
		timeout 2 strace -f -p "$_pid" -o "$idle_rows.trace" 2>/dev/null
		sed 's/^[0-9]* *//; s/(.*//' "$idle_rows.trace" | grep '^[a-z]' |
		    sort | uniq -c | sort -rn | head -n 6 |
		    awk -v who="$(idle_role "$_pid")" '{ s = s " " $2 " " $1 }
			END { if (s) print "    in 2 s: " who ":" s }'
	done
}

# STATE SECONDS: when those are over it is quiet; then counts.
idle_measure() {
	[ -n "$BENCH_SMOKE" ] || sleep "$2"
	_pids=$(idle_processes)
	# shellcheck disable=SC2086
	{
		_n=$(idle_switches $_pids) _us=$(idle_cpu $_pids)
		sleep "$idle_seconds"
		_n=$(($(idle_switches $_pids) - _n))
		_us=$(($(idle_cpu $_pids) - _us))
		_kib=$(idle_private $_pids)
	}
	_each=
	for _pid in $_pids; do
		_each="$_each $(idle_role "$_pid") $(idle_private "$_pid")"
	done
	printf '%-7s %-18s %8d %7s %7d %s\n' "$DATAPATH" "$1" \
	    $((_n * 60 / idle_seconds)) $_us "$_kib" "$_each"
	idle_row wakes/min "$DATAPATH, $1: wake-ups" $((_n * 60 / idle_seconds))
	idle_row us "$DATAPATH, $1: CPU" $_us
	idle_row KiB "$DATAPATH, $1: private" "$_kib"
	[ $_n -eq 0 ] || [ -n "$BENCH_SMOKE" ] || idle_whom
}

# DATAPATH: in a process of its own.
idle_states() {
	set +eu
	DATAPATH=$1 W=sp$$$1 BUILD=$bin idle_rows=$out/idle.$1
	. tests/live/world.sh
	trap world_close EXIT
	trap 'exit 1' INT TERM
	world_open && world_dns && world_web && laptop_up || exit 1
	ip -n "$LAPTOP" tuntap add dev tun0 mode tun
	# Each packet that leaves wakes the ledger, also the kernel's questions for
	# routers, after 4, 8, 16 ... s.
	laptop sysctl -qw net.ipv6.conf.eth0.router_solicitations=0 \
	    net.ipv6.conf.tun0.router_solicitations=0
	ip -n "$LAPTOP" link set tun0 up
	# That the kernel takes the router for gone after a while is news, too.
	_mac=$(world_sys "$ROUTER" lan0 address)
	for _router in $DNS4 $DNS6; do
		ip -n "$LAPTOP" neigh replace $_router lladdr "$_mac" \
		    dev eth0 nud permanent
	done
	# Longer than a look: what is open is not to end meanwhile.
	daemon_conf 'allow { ttl-min = 300 }'
	daemon_start || exit 1
	idle_measure off 2
	sp netcheck on >/dev/null
	idle_measure 'not blocking' 2
	sp state connected --interface tun0 >/dev/null
	idle_measure connected 3
	sp lockdown on >/dev/null
	sp state disconnected >/dev/null
	world_until 100 sh -c "'$BUILD/sallyport' --socket \
	    '$WORLD/run/control.sock' --json allowed | grep -q address" ||
	    exit 1
	# CPUs are shared for the first 5 s.
	idle_measure 'door open' 8
}

bench_idle() {
	needs_root
	rm -f "$out"/idle.socket.* "$out"/idle.bypass.* "$out/idle.size.KiB"
	printf '%-7s %-18s %8s %7s %7s  of which\n' '' "${idle_seconds} s each" \
	    wakes/min 'CPU us' KiB
	(idle_states socket) &
	first=$!
	(idle_states bypass) || exit 1
	wait $first || exit 1
	for program in sallyportd sallyport; do
		idle_rows=$out/idle.size
		idle_row KiB "size: $program" \
		    $(($(stat -Lc %s "$bin/$program") / 1024))
	done
	for unit in wakes/min us KiB; do
		case $unit in
		us) name=idle-cpu ;;
		KiB) name=idle-memory ;;
		*) name=idle ;;
		esac
		cat "$out"/idle.*."${unit%/*}" >"$out/idle.all"
		base=$(head -n 1 "$out/idle.all" | cut -f 2)
		"$bin/bench_table" $name "$unit" "$base" "$tsv" \
		    <"$out/idle.all"
	done
	rm -f "$out"/idle.socket.* "$out"/idle.bypass.* "$out/idle.size.KiB" \
	    "$out/idle.all"
}
