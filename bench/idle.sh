#!/bin/sh
# SPDX-License-Identifier: ISC
#
# How often is the daemon woken when nothing happens, and how much memory is
# its own? All of its processes, in each state in turn, in the network of
# tests/live/world.sh.
#
# A wake-up is a context switch, as /proc counts them: a task that is not
# woken has none. Private memory is what nobody else has (Private_Clean and
# Private_Dirty of smaps_rollup). With strace, a state in which somebody was
# woken is looked at once more, and who it was is printed.
#
# usage: idle.sh BUILD [TSV]		BENCH_SMOKE=1: 5 s instead of 60

set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 2
BUILD=$1
tsv=${2:-/dev/null}
. tests/live/world.sh
trap world_close EXIT
trap 'exit 1' INT TERM

seconds=$([ "${BENCH_SMOKE:-0}" = 1 ] && echo 5 || echo 60)
# The steps of a state take their time, and so does what comes after it: CPUs
# are shared for 5 s after a door has opened.
SETTLE=8

processes() { echo "$DAEMON $(pgrep -P "$DAEMON" | xargs)"; }
role() {
	case $(tr '\0' ' ' <"/proc/$1/cmdline") in
	*--datapath*) echo datapath ;;
	*--ledger*) echo ledger ;;
	*) echo control ;;
	esac
}
switches() {
	for pid; do
		cat /proc/"$pid"/task/*/status
	done | awk '/ctxt_switches/ { n += $2 } END { print n + 0 }'
}
# In all: ms of CPU, to a clock tick.
cpu() {
	for pid; do
		sed 's/.*) //' "/proc/$pid/stat"
	done | awk -v hz="$(getconf CLK_TCK)" '{ n += $12 + $13 }
	    END { print n * 1000 / hz }'
}
private() {
	for pid; do
		cat "/proc/$pid/smaps_rollup"
	done | awk '/^Private/ { n += $2 } END { print n + 0 }'
}

# ROW UNIT VALUE: a line of the results, all of whose figures are one.
row() {
	printf 'idle\t%s\t%s\t%s\t%s\t%s\t%s\t1\t1\n' "$1" "$2" "$3" "$3" \
	    "$3" "$3" >>"$tsv"
}

whom() {
	command -v strace >/dev/null || return 0
	for pid in $(processes); do
		timeout "$seconds" strace -f -p "$pid" -o "$WORLD/trace" \
		    2>/dev/null
		sed 's/^[0-9]* *//; s/(.*//' "$WORLD/trace" | grep '^[a-z]' |
		    sort | uniq -c | sort -rn | head -n 6 |
		    awk -v who="$(role "$pid")" '{ s = s " " $2 " " $1 }
			END { if (s) print "    woken: " who ":" s }'
	done
}

# STATE: waits, then counts.
measured() {
	sleep $SETTLE
	pids=$(processes)
	# shellcheck disable=SC2086
	{
		before=$(switches $pids) cpu_before=$(cpu $pids)
		sleep "$seconds"
		n=$(($(switches $pids) - before))
		ms=$(awk "BEGIN { print $(cpu $pids) - $cpu_before }")
		kib=$(private $pids)
	}
	per_minute=$((n * 60 / seconds))
	each=
	for pid in $pids; do
		each="$each $(role "$pid") $(private "$pid")"
	done
	printf '%-22s %8d %8s %8d  %s\n' "$1" $per_minute "$ms" "$kib" "$each"
	row "$1, wake-ups" 1/min $per_minute
	row "$1, private memory" KiB "$kib"
	[ $n -eq 0 ] || whom
}

is_open() { sp --json allowed | jq -e '.[0]'; }

world_open && world_dns && world_web && laptop_up || exit 2
# Longer than a look: what is open is not to end meanwhile.
daemon_conf 'allow { ttl-min = 300 }' 'tunnel { interface = tun0 }'
daemon_start || exit 2
ip -n "$LAPTOP" tuntap add dev tun0 mode tun
ip -n "$LAPTOP" link set tun0 up

printf '%-22s %8s %8s %8s\n' "idle, ${DATAPATH:-socket}, ${seconds} s each" \
    wakes/min 'CPU ms' 'KiB' | sed 's/$/  of which/'
measured off
sp netcheck on >/dev/null
measured 'on, not blocking'
sp state connected --interface tun0 >/dev/null
measured connected
sp lockdown on >/dev/null
sp state disconnected >/dev/null
world_until 100 is_open || exit 2
measured 'door open'
for program in sallyportd sallyport; do
	size=$(stat -c %s "$BUILD/$program")
	echo "$program: $((size / 1024)) KiB"
	row "$program, size" KiB $((size / 1024))
done
