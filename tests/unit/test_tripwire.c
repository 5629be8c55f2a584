/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tripwire.h"

enum { OURS = 4711, THEIRS = 815, NEWGEN = 0x0a0f, GEN_ID = 1, PROC_PID = 2 };

struct message {
	uint8_t b[256];
	size_t len;
};

static void put(struct message *m, const void *p, size_t n)
{
	cr_assert_leq(m->len + n, sizeof(m->b));
	memcpy(m->b + m->len, p, n);
	m->len += n;
}

static void attribute(struct message *m, uint16_t type, uint32_t value)
{
	const uint16_t head[] = { 8, type };

	value = htonl(value);
	put(m, head, sizeof(head));
	put(m, &value, sizeof(value));
}

/* Header and struct nfgenmsg; the length is set by finish(). */
static struct message start(uint16_t type, uint32_t pid)
{
	const uint32_t head[] = { 0, type, 0, pid, 0 };
	struct message m = { .len = 0 };

	put(&m, head, sizeof(head));
	return m;
}

static struct message finish(struct message m)
{
	uint32_t len = (uint32_t)m.len;

	memcpy(m.b, &len, sizeof(len));
	return m;
}

static struct message newgen(uint32_t pid, uint32_t generation)
{
	struct message m = start(NEWGEN, pid);

	attribute(&m, GEN_ID, generation);
	attribute(&m, PROC_PID, 1);
	return finish(m);
}

static int peer;

static struct tripwire over_pair(void)
{
	int fd[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	peer = fd[0];
	return (struct tripwire){ .fd = fd[1], .portid = OURS };
}

static void deliver(struct message m)
{
	cr_assert_eq(send(peer, m.b, m.len, MSG_DONTWAIT), (ssize_t)m.len);
}

Test(tripwire, no_firewall_is_always_quiet)
{
	struct tripwire t = { .fd = -1, .foreign = true, .seen = 9 };

	cr_expect(tripwire_quiet(&t, 0));
}

static const struct {
	const char *what;
	uint32_t seen, verified;
	bool quiet;
} covers[] = {
	{ "just that one",         7, 7, true },
	{ "one before",            7, 6, false },
	{ "later",                 7, 8, true },
	{ "never verified",        7, 0, false },
	{ "across the wrap",       UINT32_MAX, 0, true },
	{ "not yet over the wrap", 0, UINT32_MAX, false },
	{ "far ahead",             7, 7u + INT32_MAX, true },
};

Test(tripwire, covered_generations)
{
	for (size_t i = 0; i < NITEMS(covers); i++) {
		struct tripwire t = over_pair();

		cr_expect(tripwire_quiet(&t, covers[i].verified), "%s: before",
			  covers[i].what);
		deliver(newgen(THEIRS, covers[i].seen));
		cr_expect_eq(tripwire_quiet(&t, covers[i].verified),
			     covers[i].quiet, "%s", covers[i].what);
		cr_expect_eq(tripwire_quiet(&t, covers[i].verified),
			     covers[i].quiet, "%s: remembered",
			     covers[i].what);
		cr_expect(tripwire_quiet(&t, covers[i].seen), "%s: after",
			  covers[i].what);
		tripwire_close(&t);
		close(peer);
	}
}

Test(tripwire, the_last_of_many_counts)
{
	struct tripwire t = over_pair();

	deliver(newgen(THEIRS, 5));
	deliver(newgen(OURS, 6));
	deliver(newgen(THEIRS, 7));
	deliver(newgen(OURS, 8));
	cr_expect(!tripwire_quiet(&t, 6));
	cr_expect(tripwire_quiet(&t, 7));
}

Test(tripwire, ours_and_other_messages_are_quiet)
{
	struct tripwire t = over_pair();
	struct message m = start(0x0a00, THEIRS);

	deliver(newgen(OURS, 5));
	attribute(&m, GEN_ID, 99);
	deliver(finish(m));
	cr_expect(tripwire_quiet(&t, 1));
}

Test(tripwire, two_messages_in_a_datagram)
{
	struct tripwire t = over_pair();
	struct message a = newgen(OURS, 5), b = newgen(THEIRS, 6);

	put(&a, b.b, b.len);
	deliver(a);
	cr_expect(!tripwire_quiet(&t, 5));
	cr_expect(tripwire_quiet(&t, 6));
}

Test(tripwire, more_than_one_call_reads)
{
	struct tripwire t = over_pair();

	for (int i = 0; i < 65; i++)
		deliver(newgen(OURS, 5));
	cr_expect(!tripwire_quiet(&t, 1), "there may be more");
	cr_expect(tripwire_quiet(&t, 1));
}

/* Edits of one good announcement of generation 5. */
static struct message edited(size_t at, uint16_t value)
{
	struct message m = newgen(THEIRS, 5);

	memcpy(m.b + at, &value, sizeof(value));
	return m;
}

static struct message cut(size_t len)
{
	struct message m = newgen(THEIRS, 5);

	m.len = len;
	return m;
}

static struct message longer(size_t by)
{
	struct message m = newgen(THEIRS, 5);

	m.len += by;
	return m;
}

static struct message without_attributes(void)
{
	return finish(start(NEWGEN, THEIRS));
}

static struct message only_a_process(void)
{
	struct message m = start(NEWGEN, THEIRS);

	attribute(&m, PROC_PID, 1);
	return finish(m);
}

static struct message header_only(void)
{
	struct message m = start(NEWGEN, THEIRS);

	m.len = 16;
	return finish(m);
}

static void expect_lost(struct message m, const char *what)
{
	struct tripwire t = over_pair();

	deliver(m);
	/* Not even a generation far ahead makes up for what is unknown. */
	cr_expect(!tripwire_quiet(&t, 1000), "%s", what);
	cr_expect(!tripwire_quiet(&t, 1000), "%s: nor again", what);
	tripwire_close(&t);
	close(peer);
}

Test(tripwire, malformed_counts_as_lost)
{
	expect_lost(edited(0, 0), "message of length 0");
	expect_lost(edited(0, 15), "shorter than its header");
	expect_lost(edited(0, 37), "longer than the datagram");
	expect_lost(edited(2, 0xffff), "length of four gigabytes");
	expect_lost(edited(20, 0), "attribute of length 0");
	expect_lost(edited(20, 3), "attribute shorter than its header");
	expect_lost(edited(20, 7), "generation of three octets");
	expect_lost(edited(20, 9), "generation of five octets");
	expect_lost(edited(20, 0xffff), "attribute longer than the message");
	expect_lost(cut(35), "datagram ends one octet early");
	expect_lost(cut(15), "datagram ends in the header");
	expect_lost(cut(1), "one octet");
	expect_lost(longer(4), "octets behind the message");
	expect_lost(without_attributes(), "no attributes");
	expect_lost(only_a_process(), "no generation");
	expect_lost(header_only(), "no nfgenmsg");
}

Test(tripwire, longer_than_the_buffer_counts_as_lost)
{
	struct tripwire t = over_pair();
	uint8_t big[2048] = { 0 };
	struct message m = newgen(OURS, 5);

	memcpy(big, m.b, m.len);
	cr_assert_eq(send(peer, big, sizeof(big), 0), (ssize_t)sizeof(big));
	cr_expect(!tripwire_quiet(&t, 1000));
}

Test(tripwire, a_dead_socket_is_never_quiet)
{
	struct tripwire t = { .fd = open("/dev/null", O_RDONLY | O_CLOEXEC) };

	cr_expect(!tripwire_quiet(&t, 1));
	cr_expect(!tripwire_quiet(&t, 2));
	cr_expect(!tripwire_quiet(&t, 3));
	cr_expect(!tripwire_quiet(&t, 4));
}

/* One loss, then what control publishes; quiet only at the last call. */
static const struct {
	const char *what;
	uint32_t verified[5];
	bool quiet[5];
} losses[] = {
	{ "nothing new",   { 5, 5, 5, 5, 5 }, { 0, 0, 0, 0, 0 } },
	{ "one new value", { 5, 5, 6, 6, 6 }, { 0, 0, 0, 0, 0 } },
	{ "two new ones",  { 5, 5, 6, 7, 7 }, { 0, 0, 0, 1, 1 } },
	{ "first one came during the loss",
			   { 5, 6, 6, 7, 8 }, { 0, 0, 0, 0, 1 } },
	{ "over the wrap", { UINT32_MAX, UINT32_MAX, 0, 1, 1 },
			   { 0, 0, 0, 1, 1 } },
};

Test(tripwire, after_a_loss)
{
	for (size_t i = 0; i < NITEMS(losses); i++) {
		struct tripwire t = over_pair();

		deliver(header_only());
		for (int j = 0; j < 5; j++)
			cr_expect_eq(tripwire_quiet(&t, losses[i].verified[j]),
				     losses[i].quiet[j], "%s: call %d",
				     losses[i].what, j);
		tripwire_close(&t);
		close(peer);
	}
}

/* ---- the real thing, in a network namespace of its own */

static int nft(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "PATH=$PATH:/usr/sbin:/sbin "
		 "nft %s 2>/dev/null", command);
	return system(line);
}

static void real_or_skip(struct tripwire *t)
{
	if (geteuid() != 0)
		cr_skip("needs root");
	if (unshare(CLONE_NEWNET) < 0)
		cr_skip("no network namespace to be had");
	if (nft("list ruleset") != 0)
		cr_skip("no nft");
	cr_assert_eq(tripwire_open(t, OURS), 0);
}

Test(tripwire, sees_what_nft_has_done)
{
	struct tripwire t;
	uint32_t first;

	real_or_skip(&t);
	cr_expect(tripwire_quiet(&t, 0), "nothing was changed yet");
	cr_assert_eq(nft("add table inet a"), 0);
	cr_expect(!tripwire_quiet(&t, 0), "seen as soon as nft is done");
	first = t.seen;
	cr_expect(tripwire_quiet(&t, first));
	cr_assert_eq(nft("flush ruleset"), 0);
	cr_expect(!tripwire_quiet(&t, first));
	cr_expect_eq(t.seen, first + 1, "generations count transactions");
	cr_expect(tripwire_quiet(&t, first + 1));
	cr_assert_eq(nft("list ruleset"), 0);
	cr_expect(tripwire_quiet(&t, first + 1), "reading changes nothing");
	tripwire_close(&t);
}

Test(tripwire, notices_a_real_overflow)
{
	struct tripwire t;
	int size = 1;

	real_or_skip(&t);
	/* The kernel's least: room for a few announcements. */
	cr_assert_eq(setsockopt(t.fd, SOL_SOCKET, SO_RCVBUF, &size,
				sizeof(size)), 0);
	for (int i = 0; i < 30; i++) {
		/* What is there already makes no new generation. */
		char command[32];

		snprintf(command, sizeof(command), "add table inet t%d", i);
		cr_assert_eq(nft(command), 0);
	}
	cr_expect(!tripwire_quiet(&t, UINT32_MAX / 4));
	cr_expect_eq(t.unsure, 3, "announcements were lost");
	tripwire_close(&t);
}

Test(tripwire, unprivileged_open_fails)
{
	struct tripwire t = { .fd = 77 };
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip("needs root");
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(tripwire_open(&t, OURS) < 0 && t.fd == 77 ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}
