#!/bin/sh
# SPDX-License-Identifier: ISC
#
# bench/shape, compare, fit, goals and figures, on tables whose rows are known.

set -u
export LC_ALL=C
bench=$(cd "$(dirname "$0")/../../bench" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

passed=0 failed=0
pass() {
	passed=$((passed + 1))
}
fail() {
	failed=$((failed + 1))
	echo "failed: $*"
}

# row ROW [FIELD=VALUE...]: a line of bench "b" whose base is "floor".
row() {
	n=10 rounds=10 unit=us better=less base=floor p50=2 max=4 spread=0.05
	ratio=2 paired=2 pspread=0.05 row=$1
	shift
	for set in "$@"; do
		eval "$set"
	done
	printf '%s\t' b "$row" $unit $better $base $n $rounds 1 $p50 4 4 4 $max \
	    $spread $ratio $paired
	echo "$pspread"
}
floor() {
	row floor ratio=1 paired=1 pspread=0
}

# ---- shape

# sound WHAT, wrong WHAT SENTENCE: of the file table.
sound() {
	if found=$("$bench/shape" table); then pass; else fail "$1: $found"; fi
}
wrong() {
	if found=$("$bench/shape" table); then
		fail "$1: nothing found"
	elif echo "$found" | grep -q "$2"; then
		pass
	else
		fail "$1: $found"
	fi
}
# one WHAT SENTENCE ROW [FIELD=VALUE...]: beside its base, it is wrong.
one() {
	what=$1 sentence=$2
	shift 2
	{ floor; row "$@"; } >table
	wrong "$what" "$sentence"
}

{ floor; row ours; row alone paired=- pspread=-; } >table
sound "two and a base"
{ floor; row ours ratio=1e+06 max=4.5e+07; } >table
sound "great numbers"
{ floor; row dnsmasq unit=violations; } >table
sound "a peer's violations"
{ floor; row ours | cut -f 1-16; } >table
wrong "a field less" "16 fields"
one "nan" "ratio is no number" ours ratio=nan
one "infinite" "max is no number" ours max=inf
one "a spread of -" "spread is no number" ours spread=-
one "median above p90" "p90 is less than p50" ours p50=5
one "a maximum that is none" "max is less than" ours max=3
one "a third direction" "better" ours better=most
one "no value" "n or rounds" ours n=0 rounds=0
one "more rounds than values" "n or rounds" ours rounds=11
one "a base that is not there" "no row ceiling" ours base=ceiling
one "a base that is not 1" "the base is not 1" ours base=ours
one "twice the same" "twice" floor
one "a violation" "violations: b, sallyport door: 4" "sallyport door" \
    unit=violations

# point WHAT GOOD LINE: GOOD is 0 if it may stand in a curve.
point() {
	printf "$3\n" >curve
	found=$("$bench/shape" --curves curve)
	if [ $? -eq $2 ]; then pass; else fail "$1: $found"; fi
}
point "a point" 0 'c\trow\t16\t2.5e+03'
point "a field more" 1 'c\trow\t16\t2\t3'
point "no curve" 1 '\trow\t16\t2'
point "no number" 1 'c\trow\t16\tnan'
point "nothing, which has no logarithm" 1 'c\trow\t0\t2'

# ---- compare

table() {
	printf '# machine: %s\n# commit: %s\n' "$1" "$2"
	"$bench/shape" --columns
	floor
}
{
	table here one
	row slower
	row faster
	row within
	row noisier
	row rate better=more
	row lone paired=- pspread=-
	row moved
	row gone
	row leaks unit=violations max=4
} >old
{
	table there two
	row slower paired=3
	row faster paired=1
	row within paired=2.08
	row noisier paired=3 pspread=0.8
	row rate better=more paired=3
	row lone paired=9 ratio=4
	row moved base=slower
	row fresh
	row leaks unit=violations max=5
} >new
if ! "$bench/compare" old new >got; then
	fail "compare: exit code"
fi
# says WHAT PATTERN
says() {
	if grep -qE "$2" got; then pass; else fail "$1: no line $2"; fi
}
says "slower" '^b +slower .* 1\.500 .* worse$'
says "faster" '^b +faster .* 0\.500 .* better$'
says "less than the spread" '^b +within .* 1\.040 .* within spread$'
says "the greater spread counts" '^b +noisier .* 1\.500 .* within spread$'
says "more is better" '^b +rate .* 1\.500 .* better$'
says "not paired in both" '^b +lone +2\.000 +4\.000 .* worse$'
says "violations grow" '^b +leaks +4\.000 +5\.000 .* worse$'
says "the sum" '^2 better, 3 worse, 2 within spread$'
says "two machines" '^two machines'
says "commits" '^commit +one +-> +two$'
# list TITLE ROW
list() {
	if [ "$(sed -n "/^$1:/{n;p;}" got)" = "    b, $2" ]; then
		pass
	else
		fail "$1: not $2"
	fi
}
list "not in the new run" gone
list "not in the old run" fresh
list "against another base now" moved
order=$(awk '$1 == "b" { printf "%s ", $NF }' got)
if [ "$order" = "worse worse worse better better spread spread " ]; then
	pass
else
	fail "order: $order"
fi
if "$bench/compare" old table 2>err; then
	fail "a file without a header"
elif grep -q 'not results' err; then
	pass
else
	fail "a file without a header: $(cat err)"
fi

# ---- fit

# fits CURVE SENTENCE: of the rows of file curves.
fits() {
	found=$("$bench/fit" -t curves | awk -F '\t' -v c="$1" '$1 == c { print $3 }')
	if [ "$found" = "$2" ]; then pass; else fail "$1: $found"; fi
}
awk 'BEGIN {
	for (x = 1; x <= 64; x *= 2) {
		print "flat\trow\t" x "\t" 100 + (x % 3)
		print "proportion\trow\t" x "\t" 3 * x
		print "beside a cost\trow\t" x "\t" 50 + 2 * x
		print "levels\trow\t" x "\t" 20 + 5 * log(x) / log(2)
		print "shared\trow\t" x "\t" 64 / x
	}
	print "two\trow\t1\t1\ntwo\trow\t2\t1"
}' | sort -s -t '	' -k 1,1 >curves
fits "flat" "flat, x^0.00"
fits "proportion" "linear, 0.0 + 3.0 x, x^1.00"
fits "beside a cost" "linear, 50 + 2.0 x, x^0.29"
fits "levels" "logarithmic, 20 + 5.0 a doubling, x^0.22"
fits "shared" "falls, x^-1.00"
fits "two" "too few sizes"

# ---- goals

{
	printf 'b\tslower\tp50\tfloor\tmost\t1\n'
	printf 'b\trate\tp99\tfloor\tleast\t1\n'
	printf 'b\trate\tp99\tfloor\tleast\t1.1\n'
	printf 'b\tslower\tp50\tfloor\tmost\t0.9\n'
	printf 'b\tabsent\tp50\tfloor\tmost\t1\n'
	printf 'b\tslower\tp50\tabsent\tmost\t1\n'
	printf '.*\t(faster|rate)\tp50\t-\tmost\t2\n'
} >goals
"$bench/goals" old goals >got
says "just met" '^met +b, p50: slower is 1 times floor, at most 1 wanted$'
says "just met, at least" \
    '^met +b, p99: rate is 1 times floor, at least 1 wanted$'
says "missed" '^MISSED +b, p50: slower is 1 times floor, at most 0\.9 wanted$'
says "missed, at least" '^MISSED +b, p99: rate .* at least 1\.1 wanted$'
says "a pattern" '^met +b, p50: faster is 2, at most 2 wanted$'
says "... of rows" '^met +b, p50: rate is 2, at most 2 wanted$'
says "what is not there is no goal" '^4 of 6 goals met$'

# ---- figures

printf 'before\n<!-- figures: b -->\nstale\n<!-- end -->\nafter\n' >page
"$bench/figures" old page >got
says "a row" '^\| slower \| 2\.00 \| .* \| 2\.00 ± 5 % \|$'
says "a row that is not paired" '^\| lone \| .* \| - \|$'
says "around it" '^before$|^after$'
if grep -q stale got; then fail "figures: the old ones stay"; else pass; fi
cp got page
"$bench/figures" old page >again
if cmp -s got again; then pass; else fail "figures: twice is not the same"; fi
echo '<!-- figures: c -->' >page
"$bench/figures" old page >got
says "a benchmark without a row" '^Not measured yet'

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
