/* SPDX-License-Identifier: ISC */
#include "verdict.h"

#include <string.h>

/* The suffix must start at a label: walk whole labels until lengths meet. */
static bool below(const uint8_t *name, size_t len, const struct policy_name *s)
{
	while (len > s->len) {
		len -= name[0] + 1u;
		name += name[0] + 1u;
	}
	return len == s->len && memcmp(name, s->wire, len) == 0;
}

static bool listed(const struct policy *p, const uint8_t *name, size_t len)
{
	for (unsigned int i = 0; i < p->n_names; i++) {
		const struct policy_name *n = &p->names[i];

		if (n->suffix ? below(name, len, n) :
		    n->len == len && memcmp(name, n->wire, len) == 0)
			return true;
	}
	return false;
}

bool verdict_allowed(const struct policy *p, const struct learnt *l,
		     uint64_t now, const uint8_t *name, size_t len)
{
	return listed(p, name, len) || learnt_has(l, name, len, now);
}

bool verdict_exact(const struct policy *p, const uint8_t *name, size_t len)
{
	for (unsigned int i = 0; i < p->n_names; i++) {
		const struct policy_name *n = &p->names[i];

		if (!n->suffix && n->len == len &&
		    memcmp(name, n->wire, len) == 0)
			return true;
	}
	return false;
}

enum verdict verdict_query(const struct dnsmsg *m, const struct policy *p,
			   const struct learnt *l, uint64_t now,
			   uint8_t name[static DNSNAME_MAX])
{
	bool address = m->qtype == DNSTYPE_A || m->qtype == DNSTYPE_AAAA;

	if ((m->flags & (DNSFLAG_QR | DNSFLAG_OPCODE)) != 0)
		return VERDICT_DROP;
	dnsname_unpack(&m->qname, name);
	if (!verdict_allowed(p, l, now, name, m->qname.len))
		return VERDICT_REFUSE;
	if (p->mode == MODE_SPOOF)
		return address ? VERDICT_SPOOF : VERDICT_EMPTY;
	return address || m->qtype == DNSTYPE_CNAME ? VERDICT_ASK :
						      VERDICT_EMPTY;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_DROP] = "drop", [VERDICT_REFUSE] = "refuse",
		[VERDICT_EMPTY] = "empty", [VERDICT_SPOOF] = "spoof",
		[VERDICT_ASK] = "ask",
	};

	_Static_assert(NITEMS(names) == VERDICT__N, "a name per verdict");
	return names[v];
}
