/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/filter.h"
#include "compat.h"

enum { PORTID = 0x01020304 };

/* As bpf_dbg or tcpdump -ddd would list them. */
static const struct {
	const char *what;
	uint16_t code;
	uint8_t jt, jf;
} golden[FILTER_TRIPWIRE] = {
	{ "ldh [4]",  0x28, 0, 0 },
	{ "jeq type", 0x15, 0, 3 },
	{ "ld [12]",  0x20, 0, 0 },
	{ "jeq pid",  0x15, 1, 0 },
	{ "ret pass", 0x06, 0, 0 },
	{ "ret drop", 0x06, 0, 0 },
};

Test(filter, tripwire_golden)
{
	struct sock_filter p[FILTER_TRIPWIRE];
	const uint32_t k[FILTER_TRIPWIRE] = {
		4, htons(0x0a0f), 12, htonl(PORTID), UINT32_MAX, 0,
	};

	filter_tripwire(PORTID, p);
	for (size_t i = 0; i < NITEMS(golden); i++) {
		cr_expect_eq(p[i].code, golden[i].code, "%s", golden[i].what);
		cr_expect_eq(p[i].jt, golden[i].jt, "%s", golden[i].what);
		cr_expect_eq(p[i].jf, golden[i].jf, "%s", golden[i].what);
		cr_expect_eq(p[i].k, k[i], "%s", golden[i].what);
	}
}

static const struct {
	const char *what;
	uint16_t type;
	uint32_t pid;
	size_t len;
	bool pass;
} messages[] = {
	{ "foreign generation",       0x0a0f, 1,      24, true },
	{ "the kernel's own",         0x0a0f, 0,      24, true },
	{ "ours",                     0x0a0f, PORTID, 24, false },
	{ "one bit off ours",         0x0a0f, PORTID ^ 1, 24, true },
	{ "ours, swapped",            0x0a0f, 0x04030201, 24, true },
	{ "new table",                0x0a00, 1,      24, false },
	{ "same message, other subsystem", 0x010f, 1, 24, false },
	{ "type swapped",             0x0f0a, 1,      24, false },
	{ "ends in the pid",          0x0a0f, 1,      14, false },
	{ "ends in the type",         0x0a0f, 1,      5,  false },
	{ "header only",              0x0a0f, 1,      16, true },
};

/* The kernel runs the program on datagrams shaped like the messages. */
Test(filter, tripwire_in_the_kernel)
{
	struct sock_filter p[FILTER_TRIPWIRE];
	const struct sock_fprog prog = { FILTER_TRIPWIRE, p };
	int fd[2];

	filter_tripwire(PORTID, p);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	cr_assert_eq(setsockopt(fd[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)), 0);
	for (size_t i = 0; i < NITEMS(messages); i++) {
		uint8_t m[24] = { 24 }, out[24];

		memcpy(m + 4, &messages[i].type, 2);
		memcpy(m + 12, &messages[i].pid, 4);
		send(fd[0], m, messages[i].len, MSG_DONTWAIT);
		cr_expect_eq(recv(fd[1], out, sizeof(out), MSG_DONTWAIT),
			     messages[i].pass ? (ssize_t)messages[i].len : -1,
			     "%s", messages[i].what);
	}
	close(fd[0]);
	close(fd[1]);
}

/* As tcpdump -ddd lists them, with what k is. */
static const struct {
	const char *what;
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
} ledger[FILTER_LEDGER] = {
	{ "ld #hatype",	  0x20, 0,  0,	0xfffff01c },
	{ "jeq loopback", 0x15, 18, 0,	772 },
	{ "ld #type",	  0x20, 0,  0,	0xfffff004 },
	{ "jeq outgoing", 0x15, 15, 0,	4 },
	{ "jeq host",	  0x15, 0,  15, 0 },
	{ "ld #proto",	  0x20, 0,  0,	0xfffff000 },
	{ "jeq ip",	  0x15, 0,  6,	0x0800 },
	{ "ldb [9]",	  0x30, 0,  0,	9 },
	{ "jeq udp",	  0x15, 0,  11, 17 },
	{ "ldh [6]",	  0x28, 0,  0,	6 },
	{ "jset later",	  0x45, 9,  0,	0x1fff },
	{ "ldxb header",  0xb1, 0,  0,	0 },
	{ "ja port",	  0x05, 0,  0,	4 },
	{ "jeq ip6",	  0x15, 0,  6,	0x86dd },
	{ "ldb [6]",	  0x30, 0,  0,	6 },
	{ "jeq udp",	  0x15, 0,  4,	17 },
	{ "ldx #40",	  0x01, 0,  0,	40 },
	{ "ldh [x]",	  0x48, 0,  0,	0 },
	{ "jeq port",	  0x15, 0,  1,	5353 },
	{ "ret snaplen",  0x06, 0,  0,	512 },
	{ "ret drop",	  0x06, 0,  0,	0 },
};

Test(filter, ledger_golden)
{
	struct sock_filter p[FILTER_LEDGER];

	filter_ledger(5353, 512, p);
	for (size_t i = 0; i < NITEMS(ledger); i++) {
		cr_expect_eq(p[i].code, ledger[i].code, "%s", ledger[i].what);
		cr_expect_eq(p[i].jt, ledger[i].jt, "%s", ledger[i].what);
		cr_expect_eq(p[i].jf, ledger[i].jf, "%s", ledger[i].what);
		cr_expect_eq(p[i].k, ledger[i].k, "%s: %x", ledger[i].what,
			     p[i].k);
	}
}
