/* SPDX-License-Identifier: ISC */
/*
 * bpfbuf.h - what one read of /dev/bpf returns, taken apart
 *
 * Record after record: the kernel's header in the kernel's byte order, the
 * packet, and padding to the kernel's word, of which the last one has none.
 *
 *	0	2 words	 +4	  +8	  +10	  header	header + caplen
 *	| time	| caplen | length | header | ... | packet ...	| padding
 *
 * The header's own length puts the packet's network header on a word and so
 * differs by link: nothing may be read from the size of a struct.
 */
#ifndef BPFBUF_H
#define BPFBUF_H

#include "compat.h"
#include "parse.h"
#include "slice.h"
#include "source/source_file.h"

/* Octets of a word: seconds, microseconds, and what records are padded to. */
enum bpfbuf_word { BPFBUF_MACOS = 4, BPFBUF_FREEBSD64 = 8 };

struct bpfbuf {
	struct slice rest;	/* empty: that was all */
	enum bpfbuf_word word;
};

/*
 * The next of what rest still holds; it lies in the buffer. PARSE_SHORT: it
 * ends behind the buffer; PARSE_LINK: its header lies. Then *r is left as it
 * was, and rest is empty, as nobody knows where another one might begin.
 */
NODISCARD enum parse bpfbuf_next(struct bpfbuf *b, struct source_record *r);

#endif /* BPFBUF_H */
