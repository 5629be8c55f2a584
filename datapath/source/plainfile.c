/* SPDX-License-Identifier: ISC */
#include "source/plainfile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Within a processor's second cache, and large enough to be asked seldom. */
enum { BUFFER = 1 << 18, RECORD_MAX = 1 << 16 };

/* pcap-savefile(5) */
enum { MAGIC_US = (int)0xa1b2c3d4, MAGIC_NS = (int)0xa1b23c4d,
       MAJOR = 2, MINOR = 4 };
struct header {
	int32_t magic;
	uint16_t major, minor;
	uint32_t reserved[2], snaplen, link;
};
struct record {
	uint32_t seconds, fraction, captured, len;
};
_Static_assert(sizeof(struct header) == 24 && sizeof(struct record) == 16,
	       "as in the file");

void plainfile_open(struct plainfile *f, int fd)
{
	struct header h;

	*f = (struct plainfile){ .fd = fd, .next = sizeof(h) };
	if (lseek(fd, 0, SEEK_CUR) != 0 ||
	    pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    (h.magic != MAGIC_US && h.magic != MAGIC_NS) ||
	    h.major != MAJOR || h.minor != MINOR)
		return;
	f->nano = h.magic == MAGIC_NS;
	f->snaplen = h.snaplen;
	f->buffer = malloc(BUFFER);
}

void plainfile_close(struct plainfile *f)
{
	free(f->buffer);
	f->buffer = NULL;
}

/* What is left moves to the front. */
static void fill(struct plainfile *f)
{
	size_t left = f->have - f->at;
	ssize_t n;

	memmove(f->buffer, f->buffer + f->at, left);
	f->at = 0;
	f->have = left;
	n = pread(f->fd, f->buffer + left, BUFFER - left, f->next);
	if (n <= 0)
		return;
	f->have += (size_t)n;
	f->next += n;
}

static bool sane(const struct plainfile *f, const struct record *r)
{
	return r->captured <= f->snaplen && r->captured <= RECORD_MAX &&
	       r->seconds <= INT32_MAX &&
	       r->fraction < (f->nano ? 1000000000u : 1000000u);
}

/* The record at hand, if it is all there. */
static bool take(struct plainfile *f, struct plainrecord *r)
{
	struct slice all = { f->buffer, f->have };
	struct record h;

	if (!slice_has(all, f->at, sizeof(h)))
		return false;
	memcpy(&h, f->buffer + f->at, sizeof(h));
	if (!sane(f, &h) ||
	    !slice_has(all, f->at, sizeof(h) + h.captured))
		return false;
	r->octets = slice_sub(all, f->at + sizeof(h), h.captured);
	r->len = h.len;
	r->time.tv_sec = h.seconds;
	r->time.tv_usec = (suseconds_t)h.fraction * (f->nano ? 1 : 1000);
	f->at += sizeof(h) + h.captured;
	return true;
}

bool plainfile_next(struct plainfile *f, struct plainrecord *r)
{
	if (f->buffer == NULL)
		return false;
	if (take(f, r))
		return true;
	fill(f);
	return take(f, r);
}
