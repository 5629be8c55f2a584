/* SPDX-License-Identifier: ISC */
/*
 * dnsname.h - a domain name, read in place
 *
 * A name is a chain of labels that may hop backwards through its message
 * (RFC 1035, 4.1.4). dnsname_read() walks the chain once and proves that it
 * ends and never leaves the message. The other functions lean on that proof
 * and repeat none of it.
 *
 * A view borrows the message: it dies when the slot is released.
 */
#ifndef DNSNAME_H
#define DNSNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "parse.h"
#include "slice.h"

enum { DNSNAME_MAX = 255, DNSLABEL_MAX = 63, DNSMSG_HEADER = 12 };

/* The two top bits of a hop's first octet; the place is in the others. */
enum { DNSNAME_HOP = 0xc000 };

struct dnsname {
	const uint8_t *msg;	/* from its first octet: hops count from there */
	uint16_t at;		/* first label, or first hop */
	uint8_t len;		/* octets once unpacked, root included: 1..255 */
	uint8_t labels;		/* root not counted: 0..127 */
};

/* A name of a message that is known from elsewhere. */
struct dnsplace {
	uint16_t at;
	uint8_t len, labels;
};

static inline struct dnsplace dnsplace_of(const struct dnsname *n)
{
	return (struct dnsplace){ n->at, n->len, n->labels };
}

static inline struct dnsname dnsplace_name(const uint8_t *msg,
					   struct dnsplace p)
{
	return (struct dnsname){ msg, p.at, p.len, p.labels };
}

/* The name at off, and where the caller goes on; small enough for registers. */
struct dnsproof {
	enum parse why;
	struct dnsplace place;	/* if that is PARSE_OK */
	size_t end;
};

struct dnsproof dnsname_prove(struct slice msg, size_t off);

/*
 * Reads the name at *off and moves *off past it, or past the hop that ends
 * it. Unless the result is PARSE_OK, *off and *name are left as they were.
 */
NODISCARD enum parse dnsname_read(struct slice msg, size_t *off,
				  struct dnsname *name);

/* Case-blind; wire is an unpacked name such as the config compiles to. */
bool dnsname_equal(const struct dnsname *name, const uint8_t *wire, size_t len);

/* Case-blind; two views, perhaps into two messages. */
bool dnsname_same(const struct dnsname *a, const struct dnsname *b);

/* dnsname_same() of two names of one message. */
bool dnsplace_same(const uint8_t *msg, struct dnsplace a, struct dnsplace b);

/* Copies the name out, unpacked and in lower case. Returns name->len. */
size_t dnsname_unpack(const struct dnsname *name,
		      uint8_t out[static DNSNAME_MAX]);

/*
 * Text to unpacked lower-case wire form: "captive.apple.com", a trailing dot
 * allowed, no escapes. Returns its length, or 0 if text is no name.
 */
size_t dnsname_from_text(const char *text, uint8_t out[static DNSNAME_MAX]);

enum { DNSNAME_TEXT = 1005 };	/* 251 octets as \ddd, dots, and the NUL */

/*
 * Unpacked wire form to text without the final dot ("." for the root).
 * Anything but letters, digits, '-' and '_' comes out as \ddd, so the text
 * is safe for logs. wire may be hostile: at most len octets are read.
 */
const char *dnsname_to_text(const uint8_t *wire, size_t len,
			    char text[static DNSNAME_TEXT]);

#endif /* DNSNAME_H */
