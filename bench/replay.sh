#!/bin/sh
# SPDX-License-Identifier: ISC

bench_replay() {
	mkdir -p "$out/captures"
	"$bin/mkpcap" "$out/captures"
	"$bin/bench_replay" "$bin/sallyport" "$out/captures/captive.pcap" \
	    "$out/captures/million.pcap" "$tsv"
	rm -r "$out/captures"
}
