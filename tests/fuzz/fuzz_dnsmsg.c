/* SPDX-License-Identifier: ISC */
/*
 * A DNS message: what is proved can be walked to its end, every name in it
 * unpacks to its own length and equals itself, and its chain keeps to the
 * limits.
 */
#include <assert.h>

#include "chain.h"
#include "dnsmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const struct dnsname *name)
{
	uint8_t wire[DNSNAME_MAX], again[DNSNAME_MAX];
	char text[DNSNAME_TEXT];
	size_t len = dnsname_unpack(name, wire), n;

	assert(len == name->len);
	assert(dnsname_equal(name, wire, len));
	assert(dnsname_same(name, name));
	dnsname_to_text(wire, len, text);
	n = dnsname_from_text(text, again);
	/* Text with escapes is not read back. */
	assert(n == 0 || dnsname_equal(name, again, n));
}

static void check_chain(const struct dnsmsg *m)
{
	struct chain c;

	if (chain_read(m, &c) != CHAIN_OK)
		return;
	assert(c.n_hops <= CNAME_HOPS && c.n_addrs <= ALLOW_PER_NAME);
	assert(c.n_hops + c.n_addrs <= m->counts[1]);
	for (unsigned int i = 0; i < c.n_hops; i++) {
		check_name(&c.hops[i]);
		assert(!dnsname_same(&c.hops[i], &m->qname));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnsmsg m;
	struct dnsiter it;
	struct dnsrr rr;

	if (dnsmsg_read((struct slice){ data, size }, &m) != PARSE_OK)
		return 0;
	check_name(&m.qname);
	it = dnsmsg_answers(&m);
	while (dnsmsg_next(&m, &it, &rr)) {
		check_name(&rr.owner);
		if (rr.type == DNSTYPE_CNAME && rr.class == DNSCLASS_IN)
			check_name(&rr.target);
	}
	assert(it.off == m.answers_end);
	check_chain(&m);
	return 0;
}
