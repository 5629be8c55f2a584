/* SPDX-License-Identifier: ISC */
/*
 * source_file.h - packets from a capture: pcap or pcapng, packed or not
 *
 * libpcap opens the file, and reads it unless it is plain (plainfile.h); packets
 * are parsed where they were put.
 */
#ifndef SOURCE_FILE_H
#define SOURCE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "frame.h"
#include "slice.h"

struct source_file;

/* One packet; valid until the call returns. */
struct source_record {
	struct slice octets;	/* as captured */
	uint32_t len;		/* octets it had on the wire */
	uint64_t time;		/* ns since 1970 */
};

typedef void source_record_seen(void *context, enum link link,
				const struct source_record *r);

/*
 * path "-" is the standard input. filter is of pcap-filter(7), or NULL. 0, or
 * -errno with a sentence in error.
 */
NODISCARD int source_file_open(struct source_file **s, const char *path,
			       const char *filter, char *error, size_t size);
void source_file_close(struct source_file *s);

/*
 * Hands over up to max packets that pass the filter. How many they were; 0 at
 * the end of the file; -EIO with a sentence when the rest cannot be read.
 */
NODISCARD int source_file_read(struct source_file *s, int max,
			       source_record_seen *seen, void *context,
			       char *error, size_t size);
/* May be called by seen: the current source_file_read() ends behind it. */
void source_file_stop(struct source_file *s);

/* 0..100 of the file are read; -1 if nobody knows. */
int source_file_percent(const struct source_file *s);

#endif /* SOURCE_FILE_H */
