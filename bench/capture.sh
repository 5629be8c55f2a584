#!/bin/sh
# SPDX-License-Identifier: ISC

bench_capture() {
	needs_root
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	"$bin/bench_capture" "$tsv" "$scale"
	bench/fit "$scale"
}
