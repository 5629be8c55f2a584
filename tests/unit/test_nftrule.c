/* SPDX-License-Identifier: ISC */
/* The rule with match bpf, octet by octet, and what the kernel may say of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <string.h>

#include "firewall/nftrule.h"

enum { PORT = 4711, ANSWERS = 3, FD = 0x0102 };

/* An answer to the at-th message of a batch, BEGIN being the 0th. */
struct answer {
	bool is;
	int at, error;
	bool others;		/* meant for somebody else */
};

static struct {
	struct answer answer[ANSWERS];
	unsigned int next;
	int send_error;
	uint8_t sent[4096];
	size_t len;
} k;

static struct nftlink l;
static struct why why;

static const struct nftrule one[] = { { "door_to", FD } };
static const struct nftrule two[] = { { "door_to", FD }, { "x", FD } };

static ssize_t fake_send(int fd, const void *p, size_t len)
{
	(void)fd;
	cr_assert_leq(len, sizeof(k.sent));
	memcpy(k.sent, p, len);
	k.len = len;
	return k.send_error != 0 ? k.send_error : (ssize_t)len;
}

static ssize_t fake_recv(int fd, void *p, size_t size,
			 struct nftlink_from *from)
{
	const struct answer *a = &k.answer[k.next];
	struct nlmsghdr h = { 0 }, first;
	struct nlmsgerr e = { 0 };

	(void)fd;
	cr_assert_geq(size, sizeof(h) + sizeof(e));
	if (k.next == ANSWERS || !a->is)
		return -EAGAIN;
	k.next++;
	memcpy(&first, k.sent, sizeof(first));
	h.nlmsg_len = sizeof(h) + sizeof(e);
	h.nlmsg_type = NLMSG_ERROR;
	h.nlmsg_flags = NLM_F_CAPPED;
	h.nlmsg_seq = first.nlmsg_seq + (uint32_t)a->at;
	h.nlmsg_pid = a->others ? PORT + 1 : PORT;
	e.error = a->error;
	memcpy(p, &h, sizeof(h));
	memcpy((char *)p + sizeof(h), &e, sizeof(e));
	from->port = 0;
	from->cut = false;
	return (ssize_t)h.nlmsg_len;
}

static int fake_wait(int fd, int ms)
{
	(void)fd;
	(void)ms;
	return -ENOBUFS;	/* instead of NFTLINK_WAIT_MS of silence */
}

static const struct nftlink_io fake = { fake_send, fake_recv, fake_wait };

static void begin(void)
{
	memset(&k, 0, sizeof(k));
	l.io = &fake;
	l.port = PORT;
	l.seq = UINT32_MAX - 1;		/* numbers wrap within a batch */
	why.text[0] = '\0';
}

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

static void expect_bytes(const uint8_t *want, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(k.sent[at + i], want[i], "octet %zu: %#x, not %#x",
			     at + i, k.sent[at + i], want[i]);
}

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
