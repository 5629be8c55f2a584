/* SPDX-License-Identifier: ISC */
/*
 * plainfile.h - the records of a capture that holds nothing out of the ordinary
 *
 * Nearly every capture is a file of this machine's byte order, not packed,
 * whose records are whole and sane. Those are read here, many at a time, which
 * costs a third of what libpcap needs for two reads a packet. Whatever is not
 * so ends it, and libpcap goes on from there and has the last word.
 */
#ifndef PLAINFILE_H
#define PLAINFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#include "compat.h"
#include "slice.h"

struct plainfile {
	int fd;			/* borrowed, its offset is left alone */
	bool nano;		/* the unit of the file's fractions */
	uint32_t snaplen;
	off_t next;		/* behind what was read of the file */
	uint8_t *buffer;	/* NULL: nothing more to be had */
	size_t at, have;
};

struct plainrecord {
	struct slice octets;	/* until the next call */
	uint32_t len;
	struct timeval time;	/* tv_usec in ns, as from libpcap */
};

/* What it is not for has no records: no error. */
void plainfile_open(struct plainfile *f, int fd);
void plainfile_close(struct plainfile *f);

/* False: there are none, or libpcap has to see it. */
NODISCARD bool plainfile_next(struct plainfile *f, struct plainrecord *r);

/* Where in the file the next record stands. */
static inline off_t plainfile_at(const struct plainfile *f)
{
	return f->next - (off_t)(f->have - f->at);
}

#endif /* PLAINFILE_H */
