/* SPDX-License-Identifier: ISC */
#include "source/bpfbuf.h"

#include <string.h>

#include "clock.h"

enum { FIELDS = 10 };	/* behind the time: 4 + 4 + 2 */
enum { SECOND_US = 1000000 };

static uint64_t host_word(struct slice s, size_t off, enum bpfbuf_word word)
{
	uint64_t v;

	if (word == BPFBUF_MACOS)
		return slice_host32(s, off);
	memcpy(&v, slice_sub(s, off, sizeof(v)).p, sizeof(v));
	return v;
}

/* What is between the records is the kernel's; what shrinks is rest. */
static void step(struct bpfbuf *b, struct slice s, size_t record)
{
	size_t padded = (record + b->word - 1) / b->word * b->word;

	if (slice_has(s, padded, 0))
		b->rest = slice_from(s, padded);
}

enum parse bpfbuf_next(struct bpfbuf *b, struct source_record *r)
{
	struct slice s = b->rest;
	size_t fields = 2 * (size_t)b->word, header;
	uint32_t caplen, len;
	uint64_t seconds, us;

	b->rest.len = 0;
	if (!slice_has(s, 0, fields + FIELDS))
		return PARSE_SHORT;
	seconds = host_word(s, 0, b->word);
	us = host_word(s, b->word, b->word);
	caplen = slice_host32(s, fields);
	len = slice_host32(s, fields + 4);
	header = slice_host16(s, fields + 8);
	if (header < fields + FIELDS || caplen > len || us >= SECOND_US ||
	    seconds > UINT32_MAX)
		return PARSE_LINK;
	if (!slice_has(s, header, caplen))
		return PARSE_SHORT;
	step(b, s, header + caplen);
	*r = (struct source_record){
		.octets = slice_sub(s, header, caplen), .len = len,
		.time = seconds * CLOCK_S + us * 1000,
	};
	return PARSE_OK;
}
