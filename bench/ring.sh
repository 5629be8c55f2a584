#!/bin/sh
# SPDX-License-Identifier: ISC

bench_ring() {
	"$bin/bench_ring" "$tsv"
}
