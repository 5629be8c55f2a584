/* SPDX-License-Identifier: ISC */
/*
 * nfttls.h - which of the door's addresses are open for TLS alone
 */
#ifndef NFTTLS_H
#define NFTTLS_H

#include <stdbool.h>

#include "compat.h"
#include "firewall/fw.h"
#include "firewall/nftlink.h"
#include "firewall/nftmsg.h"
#include "why.h"

/*
 * Before they are open: those with tls go into the sets of rules_tls.h, the
 * others leave them. *any: the sets may have something in them.
 */
NODISCARD int nfttls_sort(struct nftlink *l, const struct nftdoor *door,
			  const struct fw_element *e, unsigned int n,
			  bool *any, struct why *why);

#endif /* NFTTLS_H */
