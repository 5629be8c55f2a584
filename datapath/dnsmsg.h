/* SPDX-License-Identifier: ISC */
/*
 * dnsmsg.h - a DNS message (RFC 1035, 4.1), read in place
 *
 * dnsmsg_read() proves the whole message in one pass: header, exactly one
 * question, every record of every section, nothing behind the last one; and
 * notes what the answers say. dnsmsg_next() walks the records again, for who
 * wants all of them, and cannot fail.
 *
 * A view borrows the message: it dies when the slot is released.
 */
#ifndef DNSMSG_H
#define DNSMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "dnsname.h"
#include "limits.h"
#include "parse.h"
#include "slice.h"

/* Types and classes: IANA "DNS Parameters"; RFC 1035, 3.2; RFC 3596; RFC 6891;
 * RFC 9460. */
enum {
	DNSTYPE_A = 1, DNSTYPE_NS = 2, DNSTYPE_CNAME = 5, DNSTYPE_SOA = 6,
	DNSTYPE_AAAA = 28, DNSTYPE_OPT = 41, DNSTYPE_SVCB = 64,
	DNSTYPE_HTTPS = 65, DNSTYPE_ANY = 255,
	DNSCLASS_IN = 1,
};

/* Flag bits of the header's second word (RFC 1035, 4.1.1; RFC 2535, 6.7). */
enum {
	DNSFLAG_QR = 0x8000, DNSFLAG_OPCODE = 0x7800, DNSFLAG_AA = 0x0400,
	DNSFLAG_TC = 0x0200, DNSFLAG_RD = 0x0100, DNSFLAG_RA = 0x0080,
	DNSFLAG_AD = 0x0020, DNSFLAG_CD = 0x0010, DNSFLAG_RCODE = 0x000f,
};

enum {
	DNSRCODE_NOERROR = 0, DNSRCODE_FORMERR = 1, DNSRCODE_SERVFAIL = 2,
	DNSRCODE_NXDOMAIN = 3, DNSRCODE_NOTIMP = 4, DNSRCODE_REFUSED = 5,
};

/* The first answer that there is no place for in the notes. */
enum dnsexcess {
	DNSEXCESS_NONE,
	DNSEXCESS_LINKS,	/* more than CNAME_HOPS of them */
	DNSEXCESS_TYPE,		/* an address of the type that was not asked */
	DNSEXCESS_ADDRS,	/* more than ALLOW_PER_NAME of them */
};

/*
 * What the answer section says about names and addresses (chain.h): its
 * records of class IN and type CNAME, and those of the type of address that
 * was asked, in their order.
 */
struct dnsfound {
	uint8_t n_links, n_addrs;
	uint8_t excess;		/* enum dnsexcess */
	bool foreign;		/* there are records of other types or classes */
	bool apart;		/* the addresses do not all belong to one name */
	uint32_t ttl;		/* the lowest of theirs; UINT32_MAX without any */
	struct dnsplace owner;	/* of the first address */
	struct dnslink {
		struct dnsplace owner, target;
	} links[CNAME_HOPS];
	uint16_t addrs[ALLOW_PER_NAME];	/* where their octets stand */
};

struct dnsmsg {
	struct slice msg;
	uint16_t id, flags;
	uint16_t counts[4];	/* question, answer, authority, additional */
	struct dnsname qname;
	uint16_t qtype;
	uint16_t answers_at;	/* end of the question, first answer if any */
	uint16_t answers_end;	/* first octet behind the answer section */
	bool edns;		/* an OPT record is in the additional section */
	uint16_t udp_size;	/* what OPT says, at least 512; 512 without */
	struct dnsfound found;
};

struct dnsrr {
	struct dnsname owner;
	uint16_t type, class;
	uint32_t ttl;		/* RFC 2181, 8: a set top bit reads as 0 */
	uint16_t ttl_at;	/* where in the message the TTL stands */
	uint16_t rdata_at;
	struct slice rdata;
	struct dnsname target;	/* of a CNAME of class IN */
};

struct dnsiter {
	size_t off;
	uint16_t left;
	struct dnsname target;	/* of the last CNAME; else the question's name */
};

/*
 * Reads queries and responses alike; over UINT16_MAX octets is PARSE_LONG.
 * Unless the result is PARSE_OK, *m is left as it was but for m->found.
 * Section counts that the octets cannot hold are PARSE_HEADER before any
 * record is read. A record of type A, AAAA or CNAME and class IN has rdata of
 * that type's shape. A second OPT, or an OPT whose owner is not the root or
 * that is not in the additional section, is PARSE_RDATA (RFC 6891, 6.1.1).
 * The opcode is for the caller to judge.
 */
NODISCARD enum parse dnsmsg_read(struct slice msg, struct dnsmsg *m);

/* The first record of the answer section. */
struct dnsiter dnsmsg_answers(const struct dnsmsg *m);

/* The next record of a message that dnsmsg_read() has proved, or false. */
bool dnsmsg_next(const struct dnsmsg *m, struct dnsiter *it, struct dnsrr *rr);

#endif /* DNSMSG_H */
