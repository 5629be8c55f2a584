. bench/resolvers.sh
bench_prof() {
	NAMES=200 TTL_MAX=300 first=1
	rows_open
	for row in ${BENCH_ROWS:-floor set}; do row_start "$row"; done
	for f in 1 64; do
	for row in $ROWS; do
	row_reset $row
	echo "== $row flight $f"
	T=""
	for p in $(cat $WORLD/pids-$row); do strace -f -o /tmp/prof/$row.$f.$p.st -p $p & T="$T $!"; done
	sleep 1
	if [ $f = 1 ]; then client $row -f $first -n $NAMES -c 1 -P 1 -t "$WORLD/trips"
	else client $row -f $first -n $NAMES -w 64 -c 1 -P 0 -t "$WORLD/trips"; fi
	first=$((first+NAMES))
	kill -INT $T; wait $T || :
	done; done
}
