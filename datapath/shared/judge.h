/* SPDX-License-Identifier: ISC */
/*
 * judge.h - may this address be opened?
 *
 * A pure function, used twice: by the datapath before it asks for a grant,
 * and by control on every grant it is asked for, since it trusts nothing the
 * datapath says.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipaddr.h"
#include "limits.h"

enum judge_private { PRIVATE_ON_LINK, PRIVATE_NEVER, PRIVATE_ANY };

enum judge_why {
	JUDGE_OK,
	JUDGE_UNSPECIFIED,
	JUDGE_LOOPBACK,
	JUDGE_LINKLOCAL,
	JUDGE_MULTICAST,
	JUDGE_BROADCAST,	/* 255.255.255.255, 240/4, an on-link net's last */
	JUDGE_MAPPED,		/* v4-mapped inside an AAAA record */
	JUDGE_OWN,		/* an address of this machine */
	JUDGE_FORBIDDEN,	/* relay, tunnel, tunnel DNS, upstream resolver */
	JUDGE_PRIVATE,		/* and the policy does not want it */
	JUDGE__N
};

/* Plain data: it lives in the arena. Lists hold their first n_* entries. */
struct judge {
	uint8_t private;	/* enum judge_private */
	uint8_t n_own, n_onlink, n_forbidden;
	struct ipaddr own[POLICY_NETS];
	struct ipnet onlink[POLICY_NETS];
	struct ipnet forbidden[POLICY_NETS];
};

/*
 * For NAT64-mapped addresses (64:ff9b::/96) every test is made on the IPv4
 * address inside as well. A private address is also fit to raise "portal
 * suspected": the caller asks ipaddr_class().
 */
enum judge_why judge_address(const struct judge *j, const struct ipaddr *a);

/* The same for an AAAA record's 16 octets: v4-mapped ones are JUDGE_MAPPED. */
enum judge_why judge_aaaa(const struct judge *j, const uint8_t b[static 16]);

/*
 * Of the addresses of an answer, v4 ones as v4-mapped, keeps the first max
 * that may be opened, in their order. aaaa: they are from AAAA records.
 */
unsigned int judge_keep(const struct judge *j, bool aaaa,
			struct ipaddr *addrs, unsigned int n,
			unsigned int max);

/* Loopback, or an address of this machine. */
bool judge_local(const struct judge *j, const struct ipaddr *a);

const char *judge_name(enum judge_why why);

#endif /* JUDGE_H */
