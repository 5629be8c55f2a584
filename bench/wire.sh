#!/bin/sh
# SPDX-License-Identifier: ISC

bench_wire() {
	needs_root
	"$bin/bench_wire" "$tsv"
}
