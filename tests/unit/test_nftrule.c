/* SPDX-License-Identifier: ISC */
/* The rule with match bpf, octet by octet, and what the kernel may say of it. */
#include <linux/netfilter.h>

#include "firewall/nftrule.h"
#include "nftbench.h"

enum { FD = 0x0102 };

static const struct nftrule one[] = { { "door_to", FD } };
static const struct nftrule two[] = { { "door_to", FD }, { "x", FD } };

/* ---- the bytes; drawn as this test's machine lays them out */

static const uint8_t head[] = {
	/* BEGIN */
	20, 0, 0, 0, 0x10, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
	0, 0, 0, 10,
	/* NEWRULE, 668 octets: request, acknowledge, create, append; inet */
	0x9c, 2, 0, 0, 6, 10, 5, 12, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0,
	14, 0, 1, 0, 's', 'a', 'l', 'l', 'y', 'p', 'o', 'r', 't', 0, 0, 0,
	12, 0, 2, 0, 'd', 'o', 'o', 'r', '_', 't', 'o', 0,
	/* two expressions, 620 octets; match, 568 octets */
	0x6c, 2, 4, 0x80, 0x38, 2, 1, 0x80,
	10, 0, 1, 0, 'm', 'a', 't', 'c', 'h', 0, 0, 0,
	/* its data, 552 octets: "bpf", revision 1, 528 octets of its own */
	0x28, 2, 2, 0x80,
	8, 0, 1, 0, 'b', 'p', 'f', 0,
	8, 0, 2, 0, 0, 0, 0, 1,
	0x14, 2, 3, 0,
	/* mode 2: by descriptor; no classic instructions; the descriptor */
	2, 0, 0, 0, 2, 1, 0, 0,
};

enum { REST = 528 - 8 };	/* all 0: a path or program, and a pointer */

static const uint8_t tail[] = {
	/* immediate, 48 octets: register 0, verdict accept */
	48, 0, 1, 0x80,
	14, 0, 1, 0, 'i', 'm', 'm', 'e', 'd', 'i', 'a', 't', 'e', 0, 0, 0,
	28, 0, 2, 0x80,
	8, 0, 1, 0, 0, 0, 0, 0,
	16, 0, 2, 0x80, 12, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 1,
	/* END */
	20, 0, 0, 0, 0x11, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 10,
};

Test(nftrule, bytes)
{
	static const uint8_t zero[REST];

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		cr_skip_test("drawn for little endian");
	begin();
	k.answer[0] = (struct answer){ true, 1, 0, false };
	cr_expect_eq(nftrule_add(&l, NFPROTO_INET, "sallyport", one, 1, &why),
		     0, "%s", why.text);
	cr_assert_eq(k.len, sizeof(head) + REST + sizeof(tail));
	expect_bytes(head, sizeof(head), 0);
	expect_bytes(zero, REST, sizeof(head));
	expect_bytes(tail, sizeof(tail), sizeof(head) + REST);
}

/* ---- answers; BEGIN 0, NEWRULE 1 and 2, END 3 */

static const struct {
	const char *what;
	struct answer answer[ANSWERS];
	int want;
	const char *words;	/* among those of the sentence */
} adds[] = {
	{ "acknowledged", { { true, 2, 0, false } }, 0, "" },
	{ "the first alone is no answer", { { true, 1, 0, false } }, -ENOBUFS,
	  "rule with match bpf" },
	{ "no module", { { true, 1, -ENOENT, false } }, -ENOENT, "nft_compat" },
	{ "not in inet", { { true, 2, -EOPNOTSUPP, false } }, -EOPNOTSUPP,
	  "nft_compat" },
	{ "no right", { { true, 0, -EPERM, false } }, -EPERM,
	  "CAP_NET_ADMIN" },
	{ "an error, then an acknowledgement",
	  { { true, 1, -EINVAL, false }, { true, 2, 0, false } }, -EINVAL,
	  "rule with match bpf" },
	{ "an error that is none", { { true, 2, 5, false } }, -EPROTO,
	  "rule with match bpf" },
	{ "another's answer first",
	  { { true, 2, -EPERM, true }, { true, 2, 0, false } }, 0, "" },
	{ "behind the batch", { { true, 4, -EPERM, false },
	  { true, 2, 0, false } }, 0, "" },
	{ "before the batch", { { true, -1, -EPERM, false },
	  { true, 2, 0, false } }, 0, "" },
	{ "silence", { { false, 0, 0, false } }, -ENOBUFS,
	  "rule with match bpf" },
};

Test(nftrule, answers)
{
	for (size_t i = 0; i < NITEMS(adds); i++) {
		begin();
		memcpy(k.answer, adds[i].answer, sizeof(k.answer));
		cr_expect_eq(nftrule_add(&l, NFPROTO_INET, "sallyport", two, 2,
					 &why), adds[i].want, "%s: %s",
			     adds[i].what, why.text);
		cr_expect(strstr(why.text, adds[i].words) != NULL, "%s: %s",
			  adds[i].what, why.text);
	}
}

Test(nftrule, sending_fails)
{
	begin();
	k.send_error = -EPERM;
	cr_expect_eq(nftrule_add(&l, NFPROTO_INET, "sallyport", one, 1, &why),
		     -EPERM);
}

/* A batch without END is looked at and taken back. */
Test(nftrule, a_trial_has_no_end)
{
	struct nlmsghdr h;
	size_t at = 0;
	unsigned int n = 0;

	begin();
	/* BEGIN 0, NEWTABLE 1, NEWCHAIN 2 and 3, NEWRULE 4 and 5 */
	k.answer[0] = (struct answer){ true, 5, 0, false };
	cr_expect_eq(nftrule_try(&l, NFPROTO_INET, two, 2, &why), 0, "%s",
		     why.text);
	/* What shrinks: what is left of the batch. */
	while (at < k.len) {
		memcpy(&h, k.sent + at, sizeof(h));
		cr_assert_geq(h.nlmsg_len, sizeof(h));
		cr_expect_neq(h.nlmsg_type, NLMSG_MIN_TYPE + 1, "END");
		at += h.nlmsg_len;
		n++;
	}
	cr_expect_eq(at, k.len);
	cr_expect_eq(n, 6);
	begin();
	k.answer[0] = (struct answer){ true, 4, -EOPNOTSUPP, false };
	cr_expect_eq(nftrule_try(&l, NFPROTO_INET, two, 2, &why), -EOPNOTSUPP);
}
