/* SPDX-License-Identifier: ISC */
/*
 * net/bpf.h - of /dev/bpf what libpcap is built with, where the headers for
 * macOS lack it
 *
 * As xnu's bsd/net/bpf.h has it, for 64 bits. Instructions, programs and link
 * types are libpcap's own. For ours, see datapath/source/bpfabi_bsd.h.
 */
#ifndef SALLYPORT_NET_BPF_H
#define SALLYPORT_NET_BPF_H

#include <net/if.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/time.h>

struct bpf_version {
	uint16_t bv_major, bv_minor;
};

#define BPF_MAJOR_VERSION 1
#define BPF_MINOR_VERSION 1

struct bpf_stat { uint32_t bs_recv, bs_drop; };

struct bpf_hdr {
	struct { int32_t tv_sec, tv_usec; } bh_tstamp;
	uint32_t bh_caplen, bh_datalen;
	uint16_t bh_hdrlen;
};

struct bpf_dltlist {
	uint32_t bfl_len;
	union {
		uint32_t *bflu_list;
		uint64_t bflu_pad;
	} bfl_u;
};
#define bfl_list bfl_u.bflu_list

#define BPF_WORDALIGN(n) (((n) + 3u) & ~3u)

#define BIOCGBLEN	_IOR('B', 102, uint32_t)
#define BIOCSBLEN	_IOWR('B', 102, uint32_t)
#define BIOCSETF	_IOW('B', 103, struct bpf_program)
#define BIOCPROMISC	_IO('B', 105)
#define BIOCGDLT	_IOR('B', 106, uint32_t)
#define BIOCSETIF	_IOW('B', 108, struct ifreq)
#define BIOCSRTIMEOUT	_IOW('B', 109, struct timeval)
#define BIOCGSTATS	_IOR('B', 111, struct bpf_stat)
#define BIOCIMMEDIATE	_IOW('B', 112, uint32_t)
#define BIOCVERSION	_IOR('B', 113, struct bpf_version)
#define BIOCSHDRCMPLT	_IOW('B', 117, uint32_t)
#define BIOCSSEESENT	_IOW('B', 119, uint32_t)
#define BIOCSDLT	_IOW('B', 120, uint32_t)
#define BIOCGDLTLIST	_IOWR('B', 121, struct bpf_dltlist)

_Static_assert(sizeof(struct bpf_hdr) == 20 &&
	       sizeof(struct bpf_dltlist) == 16, "xnu, bpf.h");
_Static_assert(BIOCSRTIMEOUT == 0x8010426d && BIOCVERSION == 0x40044271 &&
	       BIOCSDLT == 0x80044278 && BIOCGDLTLIST == 0xc0104279,
	       "xnu, bpf.h");

#endif /* SALLYPORT_NET_BPF_H */
