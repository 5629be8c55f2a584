/* SPDX-License-Identifier: ISC */
/*
 * nftmsg.h - set elements in and out of the kernel, one batch per call
 *
 * A batch is one transaction: the kernel takes all of it or nothing, and its
 * answer has been read when a call returns. Nothing is allocated. Names in a
 * struct nftdoor are C strings that fit CONF_WORD.
 */
#ifndef NFTMSG_H
#define NFTMSG_H

#include <stdint.h>

#include "compat.h"
#include "conf.h"
#include "firewall/fw.h"
#include "firewall/nftlink.h"
#include "shared/ipaddr.h"
#include "why.h"

/* Where the door's elements live. */
struct nftdoor {
	uint8_t family;		/* NFPROTO_* */
	char table[CONF_WORD];
	char set4[CONF_WORD], set6[CONF_WORD];
};

/* As fw_ops.add, .remove and .clear. n is at most FW_BATCH. */
NODISCARD int nftmsg_add(struct nftlink *l, const struct nftdoor *door,
			 const struct fw_element *e, unsigned int n,
			 struct why *why);
NODISCARD int nftmsg_remove(struct nftlink *l, const struct nftdoor *door,
			    const struct ipaddr *a, unsigned int n,
			    struct why *why);
NODISCARD int nftmsg_clear(struct nftlink *l, const struct nftdoor *door,
			   struct why *why);

/* An element's key, into a message that is being made. */
void nftmsg_put_key(struct nlmsghdr *h, const struct ipaddr *a);

#endif /* NFTMSG_H */
