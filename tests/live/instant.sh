#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kill -9 at any instant of switching and of changing state: at each one the
# block holds and the host's DNS is whole, ours or the original, and the next
# start mends everything. For the network see world.sh.
#
# usage: instant.sh [BUILD]; KILLS=30, SEED=7

. "$(dirname "$0")/assert.sh"

KILLS=${KILLS:-30} SEED=${SEED:-7}

# What front-ends do while there is a file "busy"; each round begins with
# another one.
busy() {
	_i=$1
	while [ -e "$WORLD/busy" ]; do
		case $((_i % 8)) in
		0) sp netcheck on ;;
		1) go connecting ;;
		2) go error offline ;;
		3) sp netcheck off ;;
		4) sp netcheck on ;;
		5) go connected ;;
		6) go disconnected ;;
		7) sp reload ;;
		esac
		_i=$((_i + 1))
	done >/dev/null 2>&1
}

# N numbers from 0 to 499, the same for the same seed.
numbers() {
	awk -v n="$1" -v seed="$SEED" 'BEGIN { srand(seed)
	    while (n--) printf "%d\n", rand() * 500 }'
}

# The original may have a second name already, as dns() sees.
is_whole() {
	case $(dns) in
	original | ours) echo whole ;;
	*) laptop cat /etc/resolv.conf | sed "s/^$whole\$/whole/" ;;
	esac
}

# All is as settings and state, which somebody had the time to write, want it.
fits() {
	want=$(status 'if .netcheck then "bound" else "" end + " " + .policy')
	case $want in
	*blocked-active) door=ours rules=door ;;
	*connecting) door=original rules=relay ;;
	*connected) door=original rules=tunnel ;;
	*) door=original rules=block ;;
	esac
	case $want in
	bound*) ports=$BOUND ;;
	*) ports= ;;
	esac
	check "$1: healed ($want)" "$(machine)" "$ports, $rules, $door"
}

round() {
	what="kill $1, after $2 ms"
	: >"$WORLD/busy"
	busy $1 &
	busy=$!
	sleep "$(printf '0.%03d' $2)"
	pid=$(status .resolver.pid)
	# Every third time the datapath, too.
	if [ $(($1 % 3)) -eq 0 ] && [ "$pid" -gt 0 ] 2>/dev/null; then
		kill -KILL "$pid" 2>/dev/null
	fi
	daemon_ends KILL
	rm "$WORLD/busy"
	wait $busy
	check "$what: the host's DNS" "$(is_whole)" whole
	check_like "$what: the block" "$(loaded)" "[bdrt]*"
	if [ $(($1 % 4)) -eq 0 ]; then
		laptop "$BUILD/sallyportd" --restore-dns -f "$CONF" 2>/dev/null
		check "$what: --restore-dns" "$(dns)" original
	fi
	daemon_started
	fits "$what"
	kinds="$kinds $want"
}

world_opened
daemon_conf
daemon_started
sp lockdown on >/dev/null
sp netcheck on >/dev/null
kinds=
whole=$(laptop cat /etc/resolv.conf)
i=0
for ms in $(numbers $KILLS); do
	i=$((i + 1))
	round $i "$ms"
done
check "the kills met several conditions" \
    $(($(echo "$kinds" | xargs -n 1 | sort -u | wc -l) >= 4)) 1
go connecting
go disconnected
sp netcheck off >/dev/null
sp lockdown off >/dev/null
check "after all of them" "$(machine)" ", none, original"
check "no droppings in /etc" \
    "$(laptop ls -A /etc | grep -c sallyport)" 0
daemon_ends TERM
check "no droppings elsewhere" \
    "$(ls -A "$WORLD/state" "$WORLD/run" | grep -v : | sort | xargs)" \
    "empty settings.json tunnel.json"
finish
