#!/bin/sh
# SPDX-License-Identifier: ISC

bench_handover() {
	"$bin/bench_handover" "$tsv"
}
