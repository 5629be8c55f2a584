#!/bin/sh
# SPDX-License-Identifier: ISC

bench_scale() {
	needs_root
	"$bin/bench_scale" "$bin/sallyport" "$out/scale.pcap" >"$scale"
	rm -f "$out/scale.pcap"
	bench/fit "$scale"
}
