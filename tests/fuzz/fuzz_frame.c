/* SPDX-License-Identifier: ISC */
/*
 * A packet; the first octet chooses the link. What is accepted lies within
 * the packet, and says what it is.
 */
#include <assert.h>

#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct frame *f, const uint8_t *data, size_t size)
{
	char text[IPADDR_TEXT];

	assert(f->protocol == FRAME_UDP || f->protocol == FRAME_TCP);
	assert(f->ports && !f->fragment);
	assert(f->payload.p >= data && f->payload.len <= size);
	assert(f->payload.p - data <= (ptrdiff_t)(size - f->payload.len));
	assert(f->payload.len <= UINT16_MAX);
	assert(ipaddr_is_v4(&f->src) == ipaddr_is_v4(&f->dst));
	assert(ipaddr_text(&f->src, text)[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f;
	enum parse why;

	if (size == 0)
		return 0;
	why = frame_read((enum link)(data[0] % LINK__N),
			 (struct slice){ data + 1, size - 1 }, &f);
	if (why == PARSE_OK)
		check(&f, data, size);
	else if (why == PARSE_FRAGMENT)
		assert(f.fragment && f.payload.len == 0);
	return 0;
}
