/* SPDX-License-Identifier: ISC */
/*
 * slice.h - borrowed bytes, the one bounds test, big-endian reads
 */
#ifndef SLICE_H
#define SLICE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compat.h"

/* Borrowed bytes. The only place in the tree that compares offsets. */
struct slice {
	const uint8_t *p;
	size_t len;
};

/* Subtracts, never adds: off + n could wrap, len - off cannot. */
static ALWAYS_INLINE bool slice_has(struct slice s, size_t off, size_t n)
{
	return off <= s.len && n <= s.len - off;
}

static ALWAYS_INLINE uint16_t slice_be16(struct slice s, size_t off)
{
	assert(slice_has(s, off, 2));
	return (uint16_t)(s.p[off] << 8 | s.p[off + 1]);
}

static ALWAYS_INLINE uint32_t slice_be32(struct slice s, size_t off)
{
	assert(slice_has(s, off, 4));
	return (uint32_t)s.p[off] << 24 | (uint32_t)s.p[off + 1] << 16 |
	       (uint32_t)s.p[off + 2] << 8 | s.p[off + 3];
}

/* As this machine has them: what its kernel writes. */
static ALWAYS_INLINE uint16_t slice_host16(struct slice s, size_t off)
{
	uint16_t v;

	assert(slice_has(s, off, sizeof(v)));
	memcpy(&v, s.p + off, sizeof(v));
	return v;
}

static ALWAYS_INLINE uint32_t slice_host32(struct slice s, size_t off)
{
	uint32_t v;

	assert(slice_has(s, off, sizeof(v)));
	memcpy(&v, s.p + off, sizeof(v));
	return v;
}

/* The n octets at off, which the caller has proved to be there. */
static ALWAYS_INLINE struct slice slice_sub(struct slice s, size_t off, size_t n)
{
	assert(slice_has(s, off, n));
	return (struct slice){ s.p + off, n };
}

/* What is left from off on. */
static ALWAYS_INLINE struct slice slice_from(struct slice s, size_t off)
{
	return slice_sub(s, off, s.len - off);
}

#endif /* SLICE_H */
