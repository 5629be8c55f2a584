/* SPDX-License-Identifier: ISC */
/*
 * insn.h - an instruction of classic BPF, as the system's headers have it
 *
 * Linux calls it struct sock_filter and the others struct bpf_insn; the octets
 * are the same. Here it has Linux's name everywhere.
 */
#ifndef INSN_H
#define INSN_H

#include <assert.h>
#include <stddef.h>

#if __has_include(<linux/filter.h>)
#include <linux/filter.h>
#else
#include <sys/types.h>
#include <sys/time.h>
#if __has_include(<net/bpf.h>)
#include <net/bpf.h>
#else
/* libpcap declares the language, but not the device. */
#include <pcap/bpf.h>
#endif
#define sock_filter bpf_insn
#endif

static_assert(sizeof(struct sock_filter) == 8 &&
	      offsetof(struct sock_filter, jt) == 2 &&
	      offsetof(struct sock_filter, jf) == 3 &&
	      offsetof(struct sock_filter, k) == 4, "one layout for all");

#endif /* INSN_H */
