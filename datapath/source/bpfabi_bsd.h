/* SPDX-License-Identifier: ISC */
/*
 * bpfabi_bsd.h - the /dev/bpf device, as the system's headers have it
 *
 * Where net/bpf.h is missing (it is in Apple's SDK, but not in every set of
 * cross headers) the little that we use is declared here, as xnu has it on
 * both of its processors, each number checked.
 */
#ifndef BPFABI_BSD_H
#define BPFABI_BSD_H

#include <assert.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "bpf/insn.h"
#include "source/bpfbuf.h"

#if !__has_include(<net/bpf.h>)

struct bpf_stat {
	uint32_t bs_recv, bs_drop;
};

struct bpf_hdr {
	struct {
		int32_t tv_sec, tv_usec;
	} bh_tstamp;
	uint32_t bh_caplen, bh_datalen;
	uint16_t bh_hdrlen;
};

#define BIOCGBLEN _IOR('B', 102, uint32_t)
#define BIOCSBLEN _IOWR('B', 102, uint32_t)
#define BIOCGDLT _IOR('B', 106, uint32_t)
#define BIOCSETIF _IOW('B', 108, struct ifreq)
#define BIOCGSTATS _IOR('B', 111, struct bpf_stat)
#define BIOCIMMEDIATE _IOW('B', 112, uint32_t)
#define BIOCSHDRCMPLT _IOW('B', 117, uint32_t)
#define BIOCSSEESENT _IOW('B', 119, uint32_t)
#define BIOCSETFNR _IOW('B', 126, struct bpf_program)

static_assert(sizeof(struct bpf_program) == 16 &&
	      offsetof(struct bpf_program, bf_insns) == 8, "xnu, bpf.h");
static_assert(sizeof(struct bpf_hdr) == 20, "xnu, bpf.h");
static_assert(BIOCGBLEN == 0x40044266 && BIOCSBLEN == 0xc0044266,
	      "xnu, bpf.h");
static_assert(BIOCGDLT == 0x4004426a && BIOCSETIF == 0x8020426c,
	      "xnu, bpf.h");
static_assert(BIOCGSTATS == 0x4008426f && BIOCIMMEDIATE == 0x80044270,
	      "xnu, bpf.h");
static_assert(BIOCSHDRCMPLT == 0x80044275 && BIOCSSEESENT == 0x80044277,
	      "xnu, bpf.h");
static_assert(BIOCSETFNR == 0x8010427e, "xnu, bpf.h");

#endif

/* What the walker takes a record for. */
enum {
	BPFABI_WORD = sizeof(((struct bpf_hdr *)0)->bh_tstamp) / 2,
};
static_assert(BPFABI_WORD == BPFBUF_MACOS || BPFABI_WORD == BPFBUF_FREEBSD64,
	      "a word that the walker knows");
static_assert(offsetof(struct bpf_hdr, bh_caplen) == 2 * BPFABI_WORD &&
	      offsetof(struct bpf_hdr, bh_datalen) == 2 * BPFABI_WORD + 4 &&
	      offsetof(struct bpf_hdr, bh_hdrlen) == 2 * BPFABI_WORD + 8,
	      "bpfbuf.c reads them there");
#ifdef BPF_ALIGNMENT
static_assert(BPF_ALIGNMENT == BPFABI_WORD, "bpfbuf.c steps by it");
#endif

#endif /* BPFABI_BSD_H */
