/* SPDX-License-Identifier: ISC */
#include "firewall/nfttls.h"

#include <string.h>

#include "firewall/rules_tls.h"

enum { OUTLIVE_S = 1 };		/* as the door's, and then some */

int nfttls_sort(struct nftlink *l, const struct nftdoor *door,
		const struct fw_element *e, unsigned int n, bool *any,
		struct why *why)
{
	struct nftdoor at = { .family = door->family, .set4 = RULES_TLS4,
			      .set6 = RULES_TLS6 };
	struct fw_element in[FW_BATCH];
	struct ipaddr out[FW_BATCH];
	unsigned int n_in = 0, n_out = 0;
	int error = 0;

	memcpy(at.table, door->table, sizeof(at.table));
	for (unsigned int i = 0; i < n && i < FW_BATCH; i++) {
		if (!e[i].tls) {
			out[n_out++] = e[i].addr;
			continue;
		}
		in[n_in] = e[i];
		in[n_in].renew = true;
		in[n_in++].seconds += OUTLIVE_S;
	}
	if (n_in > 0) {
		*any = true;
		error = nftmsg_add(l, &at, in, n_in, why);
	}
	if (error == 0 && n_out > 0 && *any)
		error = nftmsg_remove(l, &at, out, n_out, why);
	return error;
}
