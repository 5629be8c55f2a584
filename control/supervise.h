/* SPDX-License-Identifier: ISC */
/*
 * supervise.h - keeps a datapath running, and the firewall as it should be
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include "compat.h"
#include "why.h"

struct daemon;
struct ipaddr;
struct policy;

/* How a datapath is run; tests put their own in its place. */
struct daemon_resolver {
	/* 0: it listens; 1: it did already. */
	int (*start)(struct daemon *d, struct why *why);
	void (*stop)(struct daemon *d);
	/* It takes d's policy from now on. */
	void (*tell)(struct daemon *d);
	/* In bypass, in place of the host's DNS settings: its questions come
	 * to the datapath, or no longer. */
	int (*steer)(struct daemon *d, struct why *why);
	int (*unsteer)(struct daemon *d, struct why *why);
};

extern const struct daemon_resolver supervise_resolver;
/* Where the datapath listens: how many, at most POLICY_LISTEN. */
unsigned int supervise_listen(const struct daemon *d, struct ipaddr *out);
/* What a datapath would be told now. */
void supervise_policy(const struct daemon *d, struct policy *p);
/* Watches the firewall. */
NODISCARD int supervise_open(struct daemon *d, struct why *why);
/* Not a crash: a datapath that needs another way in or out than it has; the
 * door opens again behind it. */
void supervise_again(struct daemon *d, const char *reason);
/* The ruleset changed, by us or by others: look, repair, tell. */
void supervise_verify(struct daemon *d);

#endif /* SUPERVISE_H */
