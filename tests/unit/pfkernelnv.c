/* SPDX-License-Identifier: ISC */
/* The kernel's side of FreeBSD's nvlists: nvlist_unpack(), and what
 * pf_nvstate_kill_to_kstate_kill() looks for. */
#include <string.h>

#include "tests/unit/pfkernel.h"

enum { HEADER = 19, DEPTH = 6, NAME = 24 };

struct reader {
	const uint8_t *p;
	size_t left;
	const char *bad;
	unsigned int depth;
	char path[DEPTH][NAME];
	unsigned int found;		/* bits of wanted[] */
};

/* All are needed; "rt_addr" is not. */
static const struct {
	const char *path;
	int type;
} wanted[] = {
	{ "cmp/id", 3 }, { "cmp/creatorid", 3 }, { "cmp/direction", 3 },
	{ "af", 3 }, { "proto", 3 },
	{ "src/addr/type", 3 }, { "src/addr/iflags", 3 },
	{ "src/addr/addr/addr", 7 }, { "src/addr/mask/addr", 7 },
	{ "src/port", 9 }, { "src/neg", 3 }, { "src/port_op", 3 },
	{ "dst/addr/type", 3 }, { "dst/addr/iflags", 3 },
	{ "dst/addr/addr/addr", 7 }, { "dst/addr/mask/addr", 7 },
	{ "dst/port", 9 }, { "dst/neg", 3 }, { "dst/port_op", 3 },
	{ "ifname", 4 }, { "label", 4 }, { "kill_match", 2 },
};

static uint64_t get(struct reader *r, unsigned int octets)
{
	uint64_t v = 0;

	if (r->left < octets) {
		r->bad = "cut";
		return 0;
	}
	for (unsigned int i = octets; i-- > 0;)
		v = v << 8 | r->p[i];
	r->p += octets;
	r->left -= octets;
	return v;
}

static void header(struct reader *r)
{
	if (get(r, 1) != 0x6c || get(r, 1) != 0 || get(r, 1) != 0 ||
	    get(r, 8) != 0)
		r->bad = "list's header";
	if (get(r, 8) != r->left)
		r->bad = "list's size";
}

static void full_path(const struct reader *r, const char *name, char *out,
		      size_t size)
{
	out[0] = '\0';
	for (unsigned int i = 0; i < r->depth; i++) {
		strncat(out, r->path[i], size - strlen(out) - 1);
		strncat(out, "/", size - strlen(out) - 1);
	}
	strncat(out, name, size - strlen(out) - 1);
}

static void keep(struct pfk_kill *k, const char *path, const uint8_t *v,
		 size_t len)
{
	if (strcmp(path, "af") == 0)
		k->af = v[0];
	else if (strcmp(path, "ifname") == 0 && len <= sizeof(k->ifname))
		memcpy(k->ifname, v, len);
	else if (strcmp(path, "src/addr/addr/addr") == 0)
		memcpy(k->src, v, 16);
	else if (strcmp(path, "src/addr/mask/addr") == 0)
		memcpy(k->src_mask, v, 16);
	else if (strcmp(path, "dst/addr/addr/addr") == 0)
		memcpy(k->dst, v, 16);
	else if (strcmp(path, "dst/addr/mask/addr") == 0)
		memcpy(k->dst_mask, v, 16);
}

static bool right_size(uint64_t type, uint64_t len, uint64_t items)
{
	switch (type) {
	case 2:
		return len == 1 && items == 0;
	case 3:
		return len == 8 && items == 0;
	case 7:
		return len == 16 && items == 0;
	case 9:
		return len == 16 && items == 2;
	default:
		return len > 0 && items == 0;
	}
}

static void value(struct reader *r, struct pfk_kill *k, const char *name,
		  uint64_t type, uint64_t len, uint64_t items)
{
	char path[128];

	if (!right_size(type, len, items) || len > r->left) {
		r->bad = "value's size";
		return;
	}
	if (type == 4 && r->p[len - 1] != '\0')
		r->bad = "string without its end";
	full_path(r, name, path, sizeof(path));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (strcmp(wanted[i].path, path) == 0 &&
		    (uint64_t)wanted[i].type == type)
			r->found |= 1u << i;
	keep(k, path, r->p, len);
	r->p += len;
	r->left -= len;
}

static void pair(struct reader *r, struct pfk_kill *k)
{
	uint64_t type = get(r, 1), name = get(r, 2), len = get(r, 8);
	uint64_t items = get(r, 8);
	char text[NAME] = "";

	if (r->bad != NULL || name == 0 || name > sizeof(text) ||
	    name > r->left || r->p[name - 1] != '\0') {
		r->bad = "pair's header";
		return;
	}
	memcpy(text, r->p, name);
	r->p += name;
	r->left -= name;
	if (type == 255) {
		if (r->depth-- == 0 || name != 1 || len != 0)
			r->bad = "end of a list";
	} else if (type == 5) {
		if (len == 0 || len > r->left || r->depth == DEPTH) {
			r->bad = "list in a list";
			return;
		}
		strcpy(r->path[r->depth++], text);
		header(r);
	} else {
		value(r, k, text, type, len, items);
	}
}

bool pfkernel_unpack(const uint8_t *p, size_t len, struct pfk_kill *k,
		     const char **bad)
{
	struct reader r = { .p = p, .left = len };

	memset(k, 0, sizeof(*k));
	header(&r);
	while (r.bad == NULL && r.left > 0)
		pair(&r, k);
	if (r.bad == NULL && r.depth != 0)
		r.bad = "list without its end";
	if (r.bad == NULL &&
	    r.found != (1u << sizeof(wanted) / sizeof(wanted[0])) - 1)
		r.bad = "something is missing";
	*bad = r.bad;
	return r.bad == NULL;
}
