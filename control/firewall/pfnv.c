/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A list is a header and its pairs; a pair is a header, its name with the
 * NUL, and its value. A list within a list follows the name of its pair,
 * with a header of its own, and ends with a pair of type UP. All numbers are
 * of the host's order, which is little endian here.
 *
 *   list: magic 'l' | version 0 | flags 0 | descriptors u64 | size u64
 *   pair: type u8 | name's length u16 | value's length u64 | items u64
 *
 * `size` in a list's header is what remains of the whole buffer behind it,
 * also for a list within another (nvlist_unpack_header() insists on it). The
 * value's length of a pair that holds a list only must not be 0, nor more
 * than what remains.
 */
#include "firewall/pfnv.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	TYPE_BOOL = 2, TYPE_NUMBER = 3, TYPE_STRING = 4, TYPE_LIST = 5,
	TYPE_BINARY = 7, TYPE_NUMBERS = 9, TYPE_UP = 255,
	HEADER = 19,		/* of a list; of a pair, too */
	MAGIC = 0x6c,
	LISTS = 16,
};

struct pack {
	uint8_t *p;
	size_t len;
	unsigned int n;
	size_t at[LISTS];	/* where sizes of lists are still to be told */
};

static void octets(struct pack *o, const void *p, size_t len)
{
	assert(len <= PFNV_MAX - o->len);
	memcpy(o->p + o->len, p, len);
	o->len += len;
}

static void number64(struct pack *o, uint64_t v)
{
	uint8_t b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> 8 * i);
	octets(o, b, sizeof(b));
}

static void list(struct pack *o)
{
	const uint8_t begin[3] = { MAGIC };

	octets(o, begin, sizeof(begin));
	number64(o, 0);
	assert(o->n < LISTS);
	o->at[o->n++] = o->len;
	number64(o, 0);
}

static void pair(struct pack *o, uint8_t type, const char *name, uint64_t len,
		 uint64_t items)
{
	const size_t size = strlen(name) + 1;
	const uint8_t begin[3] = { type, (uint8_t)size };

	octets(o, begin, sizeof(begin));
	number64(o, len);
	number64(o, items);
	octets(o, name, size);
}

static void number(struct pack *o, const char *name, uint64_t v)
{
	pair(o, TYPE_NUMBER, name, 8, 0);
	number64(o, v);
}

static void string(struct pack *o, const char *name, const char *v)
{
	pair(o, TYPE_STRING, name, strlen(v) + 1, 0);
	octets(o, v, strlen(v) + 1);
}

static void begin(struct pack *o, const char *name)
{
	pair(o, TYPE_LIST, name, HEADER, 0);
	list(o);
}

static void up(struct pack *o)
{
	pair(o, TYPE_UP, "", 0, 0);
}

static void address(struct pack *o, const char *name, const uint8_t *a)
{
	begin(o, name);
	pair(o, TYPE_BINARY, "addr", 16, 0);
	octets(o, a, 16);
	up(o);
}

/* pf_rule_addr: address and mask, any port. */
static void host(struct pack *o, const char *name, const uint8_t *a,
		 const uint8_t *mask)
{
	begin(o, name);
	begin(o, "addr");
	number(o, "type", 0);
	number(o, "iflags", 0);
	address(o, "addr", a);
	address(o, "mask", mask);
	up(o);
	pair(o, TYPE_NUMBERS, "port", 16, 2);
	number64(o, 0);
	number64(o, 0);
	number(o, "neg", 0);
	number(o, "port_op", 0);
	up(o);
}

size_t pfnv_kill(const struct pfnv_kill *k, uint8_t out[static PFNV_MAX])
{
	struct pack o = { .p = out };
	const uint8_t no = 0;
	size_t len;

	list(&o);
	begin(&o, "cmp");
	number(&o, "id", 0);
	number(&o, "creatorid", 0);
	number(&o, "direction", 0);
	up(&o);
	number(&o, "af", k->af);
	number(&o, "proto", 0);
	host(&o, "src", k->src, k->src_mask);
	host(&o, "dst", k->dst, k->dst_mask);
	string(&o, "ifname", "");
	string(&o, "label", "");
	pair(&o, TYPE_BOOL, "kill_match", 1, 0);
	octets(&o, &no, 1);

	len = o.len;
	for (unsigned int i = 0; i < o.n; i++) {
		o.len = o.at[i];
		number64(&o, len - o.at[i] - 8);
	}
	return len;
}

static uint64_t read64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

int pfnv_killed(const uint8_t *p, size_t len)
{
	static const char name[] = "killed";
	const size_t value = 2 * HEADER + sizeof(name);

	if (len != value + 8 || p[0] != MAGIC || p[HEADER] != TYPE_NUMBER ||
	    p[HEADER + 1] != sizeof(name) || p[HEADER + 2] != 0 ||
	    memcmp(p + 2 * HEADER, name, sizeof(name)) != 0 ||
	    read64(p + value) > INT32_MAX)
		return -EBADMSG;
	return (int)read64(p + value);
}
