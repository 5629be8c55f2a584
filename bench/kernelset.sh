#!/bin/sh
# SPDX-License-Identifier: ISC

bench_kernelset() {
	needs_root
	peer nft nftables || skip "there is nothing to measure"
	"$bin/bench_kernelset" "$tsv"
}
