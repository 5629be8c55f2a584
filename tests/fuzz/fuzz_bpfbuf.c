/* SPDX-License-Identifier: ISC */
/*
 * An octet that chooses the system, and what a read of /dev/bpf returned.
 * Every record lies in the buffer, behind the one before; it ends.
 */
#include <assert.h>

#include "frame.h"
#include "source/bpfbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct source_record *r, struct slice all,
		  const uint8_t *behind)
{
	struct frame f;

	assert(r->octets.p > behind && r->octets.len <= r->len);
	assert(r->octets.len <= all.len - (size_t)(r->octets.p - all.p));
	for (enum link link = 0; link < LINK__N; link++)
		(void)!frame_read(link, r->octets, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_record r;
	struct slice all;
	struct bpfbuf b;
	size_t n = 0;

	if (size == 0)
		return 0;
	all = (struct slice){ data + 1, size - 1 };
	b.rest = all;
	b.word = data[0] % 2 == 0 ? BPFBUF_MACOS : BPFBUF_FREEBSD64;
	while (b.rest.len > 0) {
		const uint8_t *behind = b.rest.p;
		size_t was = b.rest.len;

		if (bpfbuf_next(&b, &r) != PARSE_OK) {
			assert(b.rest.len == 0);
			break;
		}
		assert(b.rest.len < was);
		check(&r, all, behind);
		n++;
	}
	assert(n <= size / 18);
	return 0;
}
