/* SPDX-License-Identifier: ISC */
/*
 * Element batches against a kernel made of a socket pair and a script: for
 * each batch that is sent, what comes back.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall/nftmsg.h"

enum { PORT = 4711, SENDS = 8, ANSWERS = 6 };

enum how {
	PLAIN,
	LATE,			/* only once we wait */
	OLDER,			/* of a batch before */
	OTHER_PROCESS,		/* not sent by the kernel */
	OTHER_PORT,		/* meant for somebody else */
	CUT,			/* did not fit */
	HALF,			/* a header's half */
	SHORT_ERROR,		/* a header alone */
	OVERLONG,		/* claims more than there is */
	OTHER_TYPE,
	RECV_FAILS,		/* with error */
	SEND_FAILS,
};

/* An answer to the at-th message of a batch, BEGIN being the 0th. */
struct answer {
	bool is;
	int at;
	int error;
	enum how how;
};

#define A(at, error) { true, at, error, PLAIN }
#define H(at, error, how) { true, at, error, how }

struct script {
	struct answer to[SENDS][ANSWERS];
};

static struct {
	int pair[2];		/* ours, the kernel's */
	const struct script *script;
	unsigned int sends;
	uint8_t sent[SENDS][4096];
	size_t len[SENDS];
	struct {
		struct nftlink_from from;
		int error;
	} queue[64];
	unsigned int head, tail;
	bool waiting;
} k;

static struct nftlink l;
static struct why why;

static const struct nftdoor door = {
	NFPROTO_INET, "sallyport", "allow4", "allow6",
};

static size_t make_answer(uint8_t *p, const struct answer *a, uint32_t begin)
{
	struct nlmsghdr h = {
		.nlmsg_len = NLMSG_LENGTH(sizeof(struct nlmsgerr)),
		.nlmsg_type = a->how == OTHER_TYPE ? NLMSG_NOOP : NLMSG_ERROR,
		.nlmsg_flags = NLM_F_CAPPED,
		.nlmsg_seq = begin + (uint32_t)a->at,
		.nlmsg_pid = a->how == OTHER_PORT ? PORT + 1 : PORT,
	};
	struct nlmsgerr e = { .error = a->error };
	size_t len = h.nlmsg_len;

	if (a->how == OLDER)
		h.nlmsg_seq = begin - 1;
	if (a->how == SHORT_ERROR)
		len = h.nlmsg_len = sizeof(h);
	if (a->how == OVERLONG)
		h.nlmsg_len += 4;
	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), &e, sizeof(e));
	return a->how == HALF ? sizeof(h) / 2 : len;
}

static void deliver(const struct answer *a, uint32_t begin)
{
	uint8_t p[128];
	size_t len = make_answer(p, a, begin);

	k.queue[k.tail].from.port = a->how == OTHER_PROCESS ? 99 : 0;
	k.queue[k.tail].from.cut = a->how == CUT;
	k.queue[k.tail].error = a->how == RECV_FAILS ? a->error : 0;
	k.tail++;
	if (a->how != RECV_FAILS)
		cr_assert_eq(send(k.pair[1], p, len, 0), (ssize_t)len);
}

static void answer_send(unsigned int nth, bool late)
{
	struct nlmsghdr h;

	memcpy(&h, k.sent[nth], sizeof(h));
	for (int i = 0; i < ANSWERS; i++) {
		const struct answer *a = &k.script->to[nth][i];

		if (a->is && (a->how == LATE) == late)
			deliver(a, h.nlmsg_seq);
	}
}

static ssize_t fake_send(int fd, const void *p, size_t len)
{
	unsigned int nth = k.sends++;

	cr_assert_eq(fd, k.pair[0]);
	cr_assert_lt(nth, SENDS, "too many batches");
	cr_assert_leq(len, sizeof(k.sent[0]));
	memcpy(k.sent[nth], p, len);
	k.len[nth] = len;
	if (k.script->to[nth][0].how == SEND_FAILS)
		return k.script->to[nth][0].error;
	answer_send(nth, false);
	return (ssize_t)len;
}

static ssize_t fake_recv(int fd, void *p, size_t size,
			 struct nftlink_from *from)
{
	if (k.head == k.tail)
		return -EAGAIN;
	if (k.queue[k.head].error)
		return k.queue[k.head++].error;
	*from = k.queue[k.head++].from;

	ssize_t n = recv(fd, p, size, MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

static int fake_wait(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	cr_assert(ms > 0 && ms <= NFTLINK_WAIT_MS + 1, "%d ms", ms);
	if (!k.waiting) {
		k.waiting = true;
		answer_send(k.sends - 1, true);
		return -EINTR;
	}
	return poll(&p, 1, ms);
}

static const struct nftlink_io fake = { fake_send, fake_recv, fake_wait };

static void begin(const struct script *s)
{
	memset(&k, 0, sizeof(k));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, k.pair), 0);
	k.script = s;
	l.io = &fake;
	l.fd = k.pair[0];
	l.port = PORT;
	l.seq = UINT32_MAX - 2;		/* numbers wrap within a batch */
	why.text[0] = '\0';
}

static void end(void)
{
	close(k.pair[0]);
	close(k.pair[1]);
}

static struct ipaddr v4 = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
static struct ipaddr v6 = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };

/* ---- the bytes; drawn as this test's machine lays them out */

static const uint8_t golden[] = {
	/* BEGIN */
	20, 0, 0, 0, 0x10, 0, 1, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0,
	0, 0, 0, 10,
	/* DELSETELEM, table, set, { { { 192.0.2.1 } } } */
	68, 0, 0, 0, 14, 10, 1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
	1, 0, 0, 0,
	14, 0, 1, 0, 's', 'a', 'l', 'l', 'y', 'p', 'o', 'r', 't', 0, 0, 0,
	11, 0, 2, 0, 'a', 'l', 'l', 'o', 'w', '4', 0, 0,
	20, 0, 3, 0x80, 16, 0, 1, 0x80, 12, 0, 1, 0x80,
	8, 0, 1, 0, 192, 0, 2, 1,
	/* NEWSETELEM, create, the same for 30,000 ms */
	80, 0, 0, 0, 12, 10, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0,
	14, 0, 1, 0, 's', 'a', 'l', 'l', 'y', 'p', 'o', 'r', 't', 0, 0, 0,
	11, 0, 2, 0, 'a', 'l', 'l', 'o', 'w', '4', 0, 0,
	32, 0, 3, 0x80, 28, 0, 1, 0x80, 12, 0, 1, 0x80,
	8, 0, 1, 0, 192, 0, 2, 1,
	12, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0x75, 0x30,
	/* NEWSETELEM, create, acknowledge: 2001:db8::1 for 300,000 ms */
	92, 0, 0, 0, 12, 10, 5, 4, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0,
	14, 0, 1, 0, 's', 'a', 'l', 'l', 'y', 'p', 'o', 'r', 't', 0, 0, 0,
	11, 0, 2, 0, 'a', 'l', 'l', 'o', 'w', '6', 0, 0,
	44, 0, 3, 0x80, 40, 0, 1, 0x80, 24, 0, 1, 0x80,
	20, 0, 1, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	12, 0, 4, 0, 0, 0, 0, 0, 0, 4, 0x93, 0xe0,
	/* END */
	20, 0, 0, 0, 0x11, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 10,
};

static int add_both(void)
{
	struct fw_element e[] = { { v4, 30, 1, 0 }, { v6, 300, 0, 0 } };

	return nftmsg_add(&l, &door, e, 2, &why);
}

Test(nftmsg, bytes)
{
	static const struct script s = { { { A(3, 0) } } };

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		cr_skip_test("drawn for little endian");
	begin(&s);
	cr_expect_eq(add_both(), 0);
	cr_assert_eq(k.len[0], sizeof(golden));
	for (size_t i = 0; i < sizeof(golden); i++)
		cr_expect_eq(k.sent[0][i], golden[i], "octet %zu", i);
	end();
}

/* ---- answers; BEGIN 0, DEL v4 1, NEW v4 2, NEW v6 3, END 4 */

static const struct {
	const char *what;
	struct script s;
	int want;
	unsigned int sends;
} adds[] = {
	{ "acknowledged", { { { A(3, 0) } } }, 0, 1 },
	{ "more is acknowledged than was asked",
	  { { { A(1, 0), A(2, 0), A(3, 0) } } }, 0, 1 },
	{ "acknowledged late", { { { H(3, 0, LATE) } } }, 0, 1 },
	/* Without the deletion the last addition is the second message. */
	{ "the renewed one has expired: added without deletion",
	  { { { A(1, -ENOENT), A(3, 0) }, { A(2, 0) } } }, 0, 2 },
	{ "expired, then the set is gone",
	  { { { A(1, -ENOENT), A(3, 0) }, { A(1, -ENOENT), A(2, 0) } } },
	  -ENOENT, 2 },
	{ "table gone",
	  { { { A(1, -ENOENT), A(2, -ENOENT), A(3, -ENOENT) } } }, -ENOENT, 1 },
	{ "one set gone", { { { A(3, -ENOENT) } } }, -ENOENT, 1 },
	{ "an error, then the last one's acknowledgement",
	  { { { A(2, -EINVAL), A(3, 0) } } }, -EINVAL, 1 },
	{ "the first error counts",
	  { { { A(2, -EINVAL), A(3, -EPERM) } } }, -EINVAL, 1 },
	{ "the commit fails, messages are acknowledged",
	  { { { A(0, -ENOMEM), A(3, 0) } } }, -ENOMEM, 1 },
	{ "set full", { { { A(2, -ENFILE), A(3, 0) } } }, -ENOSPC, 1 },
	{ "busy once", { { { A(0, -EBUSY) }, { A(3, 0) } } }, 0, 2 },
	{ "again once", { { { A(0, -EAGAIN) }, { A(3, 0) } } }, 0, 2 },
	{ "busy twice", { { { A(0, -EBUSY) }, { A(0, -EBUSY) } } }, -EBUSY, 2 },
	{ "busy, then expired",
	  { { { A(0, -EBUSY) }, { A(1, -ENOENT), A(3, 0) }, { A(2, 0) } } },
	  0, 3 },
	{ "an error that is none", { { { A(3, 5) } } }, -EPROTO, 1 },
	{ "sending fails", { { { H(0, -EPERM, SEND_FAILS) } } }, -EPERM, 1 },
	{ "sending is interrupted",
	  { { { H(0, -EINTR, SEND_FAILS) }, { A(3, 0) } } }, 0, 2 },
	{ "receiving is interrupted",
	  { { { H(0, -EINTR, RECV_FAILS), A(3, 0) } } }, 0, 1 },
	/* What is no answer, before the one that is. */
	{ "older answer first", { { { H(3, -EPERM, OLDER), A(3, 0) } } }, 0, 1 },
	{ "END is answered: not one of ours",
	  { { { A(4, -EPERM), A(3, 0) } } }, 0, 1 },
	{ "another process lies first",
	  { { { H(3, -EPERM, OTHER_PROCESS), A(3, 0) } } }, 0, 1 },
	{ "another's answer first",
	  { { { H(3, -EPERM, OTHER_PORT), A(3, 0) } } }, 0, 1 },
	{ "a cut one first", { { { H(3, -EPERM, CUT), A(3, 0) } } }, 0, 1 },
	{ "half a header first", { { { H(3, 0, HALF), A(3, 0) } } }, 0, 1 },
	/* What is no answer, alone: two deletions follow, unheard. */
	{ "silence", { { { { 0 } } } }, -ETIMEDOUT, 3 },
	{ "receive queue overran",
	  { { { H(0, -ENOBUFS, RECV_FAILS) } } }, -ETIMEDOUT, 3 },
	{ "older answer", { { { H(3, 0, OLDER) } } }, -ETIMEDOUT, 3 },
	{ "another process", { { { H(3, 0, OTHER_PROCESS) } } }, -ETIMEDOUT, 3 },
	{ "another's answer", { { { H(3, 0, OTHER_PORT) } } }, -ETIMEDOUT, 3 },
	{ "a cut answer", { { { H(3, 0, CUT) } } }, -ETIMEDOUT, 3 },
	{ "half a header", { { { H(3, 0, HALF) } } }, -ETIMEDOUT, 3 },
	{ "a header alone", { { { H(3, 0, SHORT_ERROR) } } }, -ETIMEDOUT, 3 },
	{ "longer than it is", { { { H(3, 0, OVERLONG) } } }, -ETIMEDOUT, 3 },
	{ "another type", { { { H(3, 0, OTHER_TYPE) } } }, -ETIMEDOUT, 3 },
	{ "an acknowledgement, but not the last",
	  { { { A(2, 0) } } }, -ETIMEDOUT, 3 },
	{ "an error and no end: refused is known", { { { A(2, -EINVAL) } } },
	  -EINVAL, 1 },
};

Test(nftmsg, add_answers)
{
	for (size_t i = 0; i < NITEMS(adds); i++) {
		begin(&adds[i].s);
		cr_expect_eq(add_both(), adds[i].want, "%s: %s", adds[i].what,
			     why.text);
		cr_expect_eq(k.sends, adds[i].sends, "%s: %u batches",
			     adds[i].what, k.sends);
		cr_expect_eq(why.text[0] != '\0', adds[i].want != 0,
			     "%s: says why", adds[i].what);
		end();
	}
}

static uint16_t type_of(unsigned int send, unsigned int nth)
{
	struct nlmsghdr h;
	size_t at = 0;

	for (;; at += h.nlmsg_len) {
		memcpy(&h, k.sent[send] + at, sizeof(h));
		if (nth-- == 0)
			return h.nlmsg_type;
	}
}

enum { DEL = 0x0a0e };

/* One batch each: one that is not there must not save the other. */
Test(nftmsg, silence_shuts)
{
	static const struct script s;

	begin(&s);
	cr_expect_eq(add_both(), -ETIMEDOUT);
	for (unsigned int i = 1; i <= 2; i++) {
		cr_expect_eq(type_of(i, 1), DEL);
		cr_expect_eq(type_of(i, 2), NLMSG_MIN_TYPE + 1, "END");
	}
	end();
}

static const struct {
	const char *what;
	struct script s;
	int want;
	unsigned int sends;
} removals[] = {
	{ "both there", { { { A(2, 0) } } }, 0, 1 },
	{ "first not there: the other again, alone",
	  { { { A(1, -ENOENT), A(2, 0) }, { A(1, 0) } } }, 0, 2 },
	{ "last not there",
	  { { { A(2, -ENOENT) }, { A(1, 0) } } }, 0, 2 },
	{ "neither there", { { { A(1, -ENOENT), A(2, -ENOENT) } } }, 0, 1 },
	{ "one expires after the other",
	  { { { A(1, -ENOENT), A(2, 0) }, { A(1, -ENOENT) } } }, 0, 2 },
	{ "refused", { { { A(1, -EPERM), A(2, -EPERM) } } }, -EPERM, 1 },
	{ "silence", { { { { 0 } } } }, -ETIMEDOUT, 3 },
};

Test(nftmsg, remove_answers)
{
	struct ipaddr both[] = { v4, v6 };

	for (size_t i = 0; i < NITEMS(removals); i++) {
		begin(&removals[i].s);
		cr_expect_eq(nftmsg_remove(&l, &door, both, 2, &why),
			     removals[i].want, "%s", removals[i].what);
		cr_expect_eq(k.sends, removals[i].sends, "%s: %u batches",
			     removals[i].what, k.sends);
		end();
	}
}

static const struct {
	const char *what;
	struct script s;
	int want;
} clears[] = {
	{ "both sets", { { { A(1, 0) }, { A(1, 0) } } }, 0 },
	{ "no such table",
	  { { { A(1, -ENOENT) }, { A(1, -ENOENT) } } }, 0 },
	{ "only the first fails", { { { A(1, -EPERM) }, { A(1, 0) } } }, -EPERM },
	{ "only the second fails", { { { A(1, 0) }, { A(1, -EPERM) } } }, -EPERM },
	{ "silence", { { { { 0 } } } }, -ETIMEDOUT },
};

Test(nftmsg, clear_answers)
{
	for (size_t i = 0; i < NITEMS(clears); i++) {
		begin(&clears[i].s);
		cr_expect_eq(nftmsg_clear(&l, &door, &why), clears[i].want,
			     "%s", clears[i].what);
		cr_expect_eq(k.sends, 2, "%s: both are tried", clears[i].what);
		end();
	}
}

Test(nftmsg, refused_before_anything_is_sent)
{
	static const struct script s;
	static struct fw_element e[FW_BATCH + 1];
	static struct ipaddr a[FW_BATCH + 1];

	begin(&s);
	cr_expect_eq(nftmsg_add(&l, &door, e, FW_BATCH + 1, &why), -E2BIG);
	cr_expect_eq(nftmsg_remove(&l, &door, a, FW_BATCH + 1, &why), -E2BIG);
	cr_expect_eq(nftmsg_add(&l, &door, e, 1, &why), -EINVAL, "0 seconds");
	cr_expect_eq(nftmsg_add(&l, &door, e, 0, &why), 0, "nothing to do");
	cr_expect_eq(k.sends, 0);
	end();
}

/* ---- the kernel's words (extended acknowledgement) */

struct words {
	struct nlmsghdr h;
	struct nlmsgerr e;
	struct nlattr a;
	char text[160];
};

static struct words words;
static size_t words_len;

static ssize_t words_send(int fd, const void *p, size_t len)
{
	struct nlmsghdr h;

	(void)fd;
	memcpy(&h, p, sizeof(h));
	words.h.nlmsg_seq = h.nlmsg_seq + 1;
	return (ssize_t)len;
}

static ssize_t words_recv(int fd, void *p, size_t size,
			  struct nftlink_from *from)
{
	(void)fd;
	(void)size;
	from->port = 0;
	memcpy(p, &words, words_len);
	return (ssize_t)words_len;
}

static const struct nftlink_io words_io = { words_send, words_recv, fake_wait };

static const struct {
	const char *what;
	uint16_t flags;
	uint32_t echoed;	/* length of our message as the kernel gives it */
	uint16_t attr_len;
	uint16_t attr_type;
	bool heard;
} saying[] = {
	{ "capped", NLM_F_CAPPED | NLM_F_ACK_TLVS, 9999, 4 + 9, 1, true },
	{ "whole, nothing behind the header", NLM_F_ACK_TLVS, 16, 4 + 9, 1,
	  true },
	{ "no attributes promised", NLM_F_CAPPED, 16, 4 + 9, 1, false },
	{ "another attribute", NLM_F_CAPPED | NLM_F_ACK_TLVS, 16, 4 + 9, 2,
	  false },
	{ "attribute longer than the message",
	  NLM_F_CAPPED | NLM_F_ACK_TLVS, 16, 400, 1, false },
	{ "attribute without a header", NLM_F_CAPPED | NLM_F_ACK_TLVS, 16, 3, 1,
	  false },
	{ "echo longer than the message", NLM_F_ACK_TLVS, 9999, 4 + 9, 1,
	  false },
	{ "echo of 4 GiB", NLM_F_ACK_TLVS, UINT32_MAX, 4 + 9, 1, false },
	{ "echo shorter than a header", NLM_F_ACK_TLVS, 3, 4 + 9, 1, false },
	{ "words without an end",
	  NLM_F_CAPPED | NLM_F_ACK_TLVS, 16, 4 + 160, 1, true },
};

Test(nftmsg, words)
{
	for (size_t i = 0; i < NITEMS(saying); i++) {
		memset(&words, 'x', sizeof(words));
		memcpy(words.text, "too late", 8);
		words_len = sizeof(words);
		words.h = (struct nlmsghdr){ sizeof(words), NLMSG_ERROR,
					     saying[i].flags, 0, PORT };
		words.e = (struct nlmsgerr){ .error = -EINVAL,
			.msg.nlmsg_len = saying[i].echoed };
		words.a = (struct nlattr){ saying[i].attr_len,
					   saying[i].attr_type };
		l = (struct nftlink){ .io = &words_io, .port = PORT };
		cr_expect_eq(nftmsg_remove(&l, &door, &v4, 1, &why), -EINVAL,
			     "%s", saying[i].what);
		cr_expect_eq(strstr(why.text, "too late") != NULL,
			     saying[i].heard, "%s: %s", saying[i].what,
			     why.text);
	}
}
