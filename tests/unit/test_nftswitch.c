/* SPDX-License-Identifier: ISC */
/* A switch, octet by octet and message by message. */
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

#include "firewall/nftswitch.h"
#include "nftbench.h"

static const struct nftplace at = { NFPROTO_INET, "t", NULL };

static struct fw_ruleset active(void)
{
	struct fw_ruleset r = { .policy = FW_BLOCKED_ACTIVE, .n_upstreams = 1 };

	r.upstreams[0] = ipaddr_v4((const uint8_t[]){ 192, 0, 2, 53 });
	return r;
}

/* ---- what is sent, in words */

static const struct {
	uint16_t type;
	const char *word;
} words[] = {
	{ NFNL_MSG_BATCH_BEGIN, "begin" }, { NFNL_MSG_BATCH_END, "end" },
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELRULE, "-rule" },
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, "+rule" },
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELSETELEM, "-all" },
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM, "+elem" },
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, "+table" },
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, "-table" },
};

static const char *word_of(uint16_t type)
{
	for (size_t i = 0; i < NITEMS(words); i++)
		if (words[i].type == type)
			return words[i].word;
	return "?";
}

/* Behind the table's name, which is always "t": the second attribute. */
static const char *name_of(const uint8_t *message, size_t len)
{
	enum { HEAD = 20, TABLE = 8, ATTR = 4 };

	return len > HEAD + TABLE + ATTR ?
	       (const char *)message + HEAD + TABLE + ATTR : "";
}

static const char *sent(void)
{
	static char text[1024];
	struct nlmsghdr h;
	size_t done = 0, len = 0;

	text[0] = '\0';
	/* What shrinks: what is left of the batch. */
	while (done < k.len) {
		memcpy(&h, k.sent + done, sizeof(h));
		cr_assert_geq(h.nlmsg_len, sizeof(h));
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%s %s%s", len > 0 ? ", " : "",
			word_of(h.nlmsg_type),
			name_of(k.sent + done, h.nlmsg_len),
			h.nlmsg_flags & NLM_F_ACK ? "!" : "");
		done += h.nlmsg_len;
	}
	return text;
}

#define SETS "-all allow4, -all allow6, "
#define UPSTREAM "-all upstream4, +elem upstream4, "

static const struct {
	const char *what;
	enum fw_policy policy;
	bool hash, bypass, tls, tunnel;
	unsigned int last;		/* message that is acknowledged */
	const char *want;
} switches[] = {
	{ "the door", FW_BLOCKED_ACTIVE, false, false, false, false, 10,
	  "begin , -rule output, +rule output, -rule input, +rule input, "
	  "-rule forward, " SETS UPSTREAM "-all upstream6!, end " },
	{ "the block: its sets are emptied, too", FW_BLOCKED, false, false,
	  false, false, 10,
	  "begin , -rule output, +rule output, -rule input, +rule input, "
	  "-rule forward, " SETS UPSTREAM "-all upstream6!, end " },
	{ "a tunnel is forwarded, too", FW_CONNECTED, false, false, false,
	  true, 11,
	  "begin , -rule output, +rule output, -rule input, +rule input, "
	  "-rule forward, +rule forward, " SETS UPSTREAM
	  "-all upstream6!, end " },
	{ "door = hash has no elements", FW_BLOCKED_ACTIVE, true, false, false,
	  false, 8,
	  "begin , -rule output, +rule output, -rule input, +rule input, "
	  "-rule forward, " UPSTREAM "-all upstream6!, end " },
	{ "TLS alone", FW_BLOCKED_ACTIVE, true, false, true, false, 10,
	  "begin , -rule output, +rule output, -rule input, +rule input, "
	  "-rule forward, -all tls4, -all tls6, " UPSTREAM
	  "-all upstream6!, end " },
	{ "bypass, open", FW_BLOCKED_ACTIVE, false, true, false, false, 11,
	  "begin , -rule steer, +rule steer, -rule answers, +rule answers, "
	  "-rule output, +rule output, -rule input, +rule input, "
	  "-rule forward, -all allow4, -all allow6!, end " },
	{ "bypass, shut: DNS is led nowhere", FW_BLOCKED, false, true, false,
	  false, 9,
	  "begin , -rule steer, -rule answers, -rule output, +rule output, "
	  "-rule input, +rule input, -rule forward, "
	  "-all allow4, -all allow6!, end " },
};

Test(nftswitch, messages)
{
	for (size_t i = 0; i < NITEMS(switches); i++) {
		struct fw_ruleset r = active();

		r.policy = switches[i].policy;
		r.hash = switches[i].hash;
		r.bypass = switches[i].bypass;
		r.tls = switches[i].tls;
		if (switches[i].tunnel)
			strcpy(r.interface, "wg0");
		begin();
		k.answer[0] = (struct answer){ true, (int)switches[i].last, 0,
					       false };
		cr_expect_eq(nftswitch(&l, &at, &r, &why), 0, "%s: %s",
			     switches[i].what, why.text);
		cr_expect_str_eq(sent(), switches[i].want, "%s",
				 switches[i].what);
	}
}

Test(nftswitch, no_table)
{
	begin();
	k.answer[0] = (struct answer){ true, 2, 0, false };
	cr_expect_eq(nftswitch_remove(&l, &at, &why), 0, "%s", why.text);
	cr_expect_str_eq(sent(), "begin , +table , -table !, end ");
}

/* ---- the octets of a rule and of an element; little endian */

static const uint8_t rule[] = {
	/* NEWRULE, 120 octets: request, create, append; number 1; inet */
	120, 0, 0, 0, 6, 10, 1, 12, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
	6, 0, 1, 0, 't', 0, 0, 0,
	11, 0, 2, 0, 'o', 'u', 't', 'p', 'u', 't', 0, 0,
	/* immediate: register 0, goto (-4) the room */
	80, 0, 4, 0x80, 76, 0, 1, 0x80,
	14, 0, 1, 0, 'i', 'm', 'm', 'e', 'd', 'i', 'a', 't', 'e', 0, 0, 0,
	56, 0, 2, 0x80,
	8, 0, 1, 0, 0, 0, 0, 0,
	44, 0, 2, 0x80, 40, 0, 2, 0x80,
	8, 0, 1, 0, 0xff, 0xff, 0xff, 0xfc,
	26, 0, 2, 0, 'o', 'u', 't', 'p', 'u', 't', '-', 'b', 'l', 'o', 'c',
	'k', 'e', 'd', '-', 'a', 'c', 't', 'i', 'v', 'e', 0, 0, 0,
};

static const uint8_t element[] = {
	/* NEWSETELEM, 64 octets: request, create */
	64, 0, 0, 0, 12, 10, 1, 4, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
	6, 0, 1, 0, 't', 0, 0, 0,
	14, 0, 2, 0, 'u', 'p', 's', 't', 'r', 'e', 'a', 'm', '4', 0, 0, 0,
	20, 0, 3, 0x80, 16, 0, 1, 0x80, 12, 0, 1, 0x80,
	8, 0, 1, 0, 192, 0, 2, 53,
};

Test(nftswitch, bytes)
{
	enum { BEGIN = 20, FLUSH_OUTPUT = 40, FLUSH_SET = 44 };
	struct fw_ruleset r = active();

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		cr_skip_test("drawn for little endian");
	begin();
	k.answer[0] = (struct answer){ true, 10, 0, false };
	cr_assert_eq(nftswitch(&l, &at, &r, &why), 0, "%s", why.text);
	expect_bytes(rule, sizeof(rule), BEGIN + FLUSH_OUTPUT);
	for (size_t i = 0; i + sizeof(element) <= k.len; i += 4)
		if (memcmp(k.sent + i, element, sizeof(element)) == 0)
			return;
	cr_expect(false, "no element");
}

/* ---- what the kernel may say */

static const struct {
	const char *what;
	struct answer answer[ANSWERS];
	int want;
	const char *words;
} answers[] = {
	{ "no such room", { { true, 2, -ENOENT, false } }, -ENOENT,
	  "switching the rules: not there" },
	{ "no right", { { true, 0, -EPERM, false } }, -EPERM,
	  "CAP_NET_ADMIN" },
	{ "silence", { { false, 0, 0, false } }, -ENOBUFS,
	  "switching the rules" },
	{ "an error before the end",
	  { { true, 1, -EBUSY, false }, { true, 10, 0, false } }, -EBUSY,
	  "switching the rules" },
};

Test(nftswitch, refused)
{
	for (size_t i = 0; i < NITEMS(answers); i++) {
		struct fw_ruleset r = active();

		begin();
		memcpy(k.answer, answers[i].answer, sizeof(k.answer));
		cr_expect_eq(nftswitch(&l, &at, &r, &why), answers[i].want,
			     "%s: %s", answers[i].what, why.text);
		cr_expect(strstr(why.text, answers[i].words) != NULL, "%s: %s",
			  answers[i].what, why.text);
	}
}
