#!/bin/sh
# SPDX-License-Identifier: ISC

bench_reconnect() {
	needs_root
	BENCH_OUT=$out BENCH_TSV=$tsv sh bench/reconnect/rounds.sh "$bin"
}
