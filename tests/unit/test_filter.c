/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
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

/* --- the wire --- */

/* 192.0.2.53 port 53 and 2001:db8::35 port 5353; hops 192.0.2.254, fe80::1. */
static const struct filter_wire both = {
	.n_servers = 2, .n_hops = 2,
	.server = {
		{ { [10] = 0xff, 0xff, 192, 0, 2, 53 }, 53 },
		{ { 0x20, 1, 0xd, 0xb8, [15] = 0x35 }, 5353 },
	},
	.hop = {
		{ { [10] = 0xff, 0xff, 192, 0, 2, 254 }, 0 },
		{ { 0xfe, 0x80, [15] = 1 }, 0 },
	},
};
static const struct filter_wire v4 = {
	.n_servers = 1, .n_hops = 1,
	.server = { { { [10] = 0xff, 0xff, 192, 0, 2, 53 }, 53 } },
	.hop = { { { [10] = 0xff, 0xff, 192, 0, 2, 53 }, 0 } },
};
static const struct filter_wire nobody;

static const struct {
	const char *file;
	enum filter_link link;
	const struct filter_wire *wire;
} listings[] = {
	{ "ethernet_both", FILTER_ETHERNET, &both },
	{ "ethernet_v4",   FILTER_ETHERNET, &v4 },
	{ "ethernet_none", FILTER_ETHERNET, &nobody },
	{ "ip_both",       FILTER_IP, &both },
	{ "bpf_null_both", FILTER_BPF_NULL, &both },
};

/* As tcpdump -d has it; what the kernel notes of a packet by name. */
static void list_load(const struct sock_filter *f, FILE *out)
{
	static const char *const sizes[] = { "ld", "ldh", "ldb" };
	const char *size = sizes[BPF_SIZE(f->code) >> 3];
	uint32_t note = f->k - (uint32_t)SKF_AD_OFF;

	if (BPF_CLASS(f->code) == BPF_LDX)
		fprintf(out, "ldxb 4*([%u]&0xf)", f->k);
	else if (BPF_MODE(f->code) == BPF_IND)
		fprintf(out, "%s [x + %u]", size, f->k);
	else if (note == SKF_AD_PKTTYPE)
		fprintf(out, "%s #pkttype", size);
	else if (note == SKF_AD_VLAN_TAG_PRESENT)
		fprintf(out, "%s #vlan_avail", size);
	else
		fprintf(out, "%s [%u]", size, f->k);
}

static void list(const struct sock_filter *f, unsigned int at, FILE *out)
{
	fprintf(out, "(%03u) ", at);
	switch (BPF_CLASS(f->code)) {
	case BPF_RET:
		fprintf(out, "ret #%u", f->k);
		break;
	case BPF_JMP:
		fprintf(out, "%s #0x%x jt %u jf %u",
			BPF_OP(f->code) == BPF_JEQ ? "jeq" : "jset", f->k,
			at + 1 + f->jt, at + 1 + f->jf);
		break;
	case BPF_ALU:
		fprintf(out, "and #0x%x", f->k);
		break;
	default:
		list_load(f, out);
	}
	fputc('\n', out);
}

Test(filter, wire_golden)
{
	for (size_t i = 0; i < NITEMS(listings); i++) {
		struct sock_filter p[FILTER_WIRE];
		unsigned int n = filter_wire(listings[i].link,
					     listings[i].wire, p);
		char path[256], want[8192], *got = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&got, &size), *in;

		for (unsigned int at = 0; at < n; at++)
			list(&p[at], at, out);
		fclose(out);
		snprintf(path, sizeof(path), "%.*s/filters/%s.bpf",
			 (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__,
			 listings[i].file);
		in = fopen(path, "r");
		cr_assert_not_null(in, "%s", path);
		want[fread(want, 1, sizeof(want) - 1, in)] = '\0';
		fclose(in);
		cr_expect_str_eq(got, want, "%s", path);
		free(got);
	}
}

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define IP4(head, fragment, protocol, last) head "\0\0\x1c\0\1" fragment \
	"\x40" protocol "\0\0\xc0\0\2" last "\xc0\0\2\1"
#define UDP(port) port "\x12\x34\0\x08\0\0"
#define WHOLE4(last, port) IP4("\x45", "\0\0", "\x11", last) UDP(port)
#define IP6(next, last) "\x60\0\0\0\0\x08" next "\x40" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0" last \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define ADVERT(type, last) "\x60\0\0\0\0\x18\x3a\xff" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x99" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" type "\0\0\0\0\0\0\0" \
	"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0" last
#define ARP(op, last) "\0\1\x08\0\6\4\0" op "\2\0\0\0\0\2\xc0\0\2" last \
	"\2\0\0\0\0\1\xc0\0\2\1"
#define BYTES(s) (const u_char *)(s), sizeof(s) - 1

/* type: of Ethernet; without it, the packet begins with its IP header. */
static const struct {
	const char *what, *type;
	const u_char *packet;
	size_t len;
	bool pass;
} packets[] = {
	{ "a response", "\x08\0", BYTES(WHOLE4("\x35", "\0\x35")), true },
	{ "options", "\x08\0", BYTES(IP4("\x46", "\0\0", "\x11", "\x35")
				     "\1\1\1\1" UDP("\0\x35")), true },
	{ "options that hold the port", "\x08\0",
	  BYTES(IP4("\x46", "\0\0", "\x11", "\x35") "\0\x35\1\1"
		UDP("\0\x36")), false },
	{ "another port", "\x08\0", BYTES(WHOLE4("\x35", "\0\x36")), false },
	{ "the other server's port", "\x08\0",
	  BYTES(WHOLE4("\x35", "\x14\xe9")), false },
	{ "another address", "\x08\0", BYTES(WHOLE4("\x34", "\0\x35")), false },
	{ "TCP", "\x08\0", BYTES(IP4("\x45", "\0\0", "\6", "\x35")
				 UDP("\0\x35")), false },
	{ "a first part", "\x08\0", BYTES(IP4("\x45", "\x20\0", "\x11", "\x35")
					  UDP("\0\x36")), true },
	{ "a later part", "\x08\0", BYTES(IP4("\x45", "\0\1", "\x11", "\x35")
					  UDP("\0\x36")), true },
	{ "DF is no part", "\x08\0", BYTES(IP4("\x45", "\x40\0", "\x11",
					       "\x35") UDP("\0\x36")), false },
	{ "a part from elsewhere", "\x08\0",
	  BYTES(IP4("\x45", "\x20\0", "\x11", "\x34") UDP("\0\x35")), false },
	{ "cut before the port", "\x08\0",
	  BYTES(IP4("\x45", "\0\0", "\x11", "\x35") "\0"), false },
	{ "a response over IPv6", "\x86\xdd",
	  BYTES(IP6("\x11", "\x35") UDP("\x14\xe9")), true },
	{ "another port there", "\x86\xdd",
	  BYTES(IP6("\x11", "\x35") UDP("\0\x35")), false },
	{ "another address there", "\x86\xdd",
	  BYTES(IP6("\x11", "\x34") UDP("\x14\xe9")), false },
	{ "a part there", "\x86\xdd",
	  BYTES(IP6("\x2c", "\x35") UDP("\x11\0")), true },
	{ "a part from elsewhere there", "\x86\xdd",
	  BYTES(IP6("\x2c", "\x34") UDP("\x11\0")), false },
	{ "options before UDP", "\x86\xdd",
	  BYTES(IP6("\0", "\x35") UDP("\x14\xe9")), false },
	{ "a hop is here", "\x86\xdd", BYTES(ADVERT("\x88", "\1")), true },
	{ "another one is", "\x86\xdd", BYTES(ADVERT("\x88", "\2")), false },
	{ "a question for the hop", "\x86\xdd", BYTES(ADVERT("\x87", "\1")),
	  false },
	{ "an ARP reply", "\x08\6", BYTES(ARP("\2", "\xfe")), true },
	{ "an ARP request", "\x08\6", BYTES(ARP("\1", "\xfe")), false },
	{ "another one's reply", "\x08\6", BYTES(ARP("\2", "\xfd")), false },
	{ "a tag in the frame", "\x81\0", BYTES(WHOLE4("\x35", "\0\x35")),
	  false },
	{ "nothing behind the type", "\x08\0", BYTES(""), false },
};

/* libpcap's interpreter knows nothing of the kernel's notes, with which the
 * program begins; tests/live/wire.sh tries these. */
static bool passes(enum filter_link link, const struct filter_wire *w,
		   const u_char *packet, size_t len)
{
	struct sock_filter p[FILTER_WIRE];
	struct bpf_insn insn[FILTER_WIRE];
	unsigned int n = filter_wire(link, w, p);

	for (unsigned int i = 0; i < n; i++)
		insn[i] = (struct bpf_insn){ p[i].code, p[i].jt, p[i].jf,
					     p[i].k };
	cr_assert(bpf_validate(insn, (int)n));
	return bpf_filter(insn + (link < FILTER_BPF_ETHERNET ?
				  FILTER_PROLOGUE : 0), packet, (u_int)len,
			  (u_int)len) != 0;
}

Test(filter, wire_runs)
{
	for (size_t i = 0; i < NITEMS(packets); i++) {
		const char *what = packets[i].what;
		size_t len = 14 + packets[i].len;
		uint8_t *frame = malloc(len);
		bool tag = packets[i].type[0] == '\x81';
		bool link = packets[i].type[1] == '\6' ||
			    strcmp(what, "a hop is here") == 0;

		memcpy(frame, MACS, 12);
		memcpy(frame + 12, packets[i].type, 2);
		memcpy(frame + 14, packets[i].packet, packets[i].len);
		cr_expect_eq(passes(FILTER_ETHERNET, &both, frame, len),
			     packets[i].pass, "%s", what);
		cr_expect_not(passes(FILTER_ETHERNET, &nobody, frame, len),
			      "%s, and nobody is asked", what);
		cr_expect_eq(passes(FILTER_BPF_ETHERNET, &both, frame, len),
			     packets[i].pass, "%s, by /dev/bpf", what);
		cr_expect_eq(passes(FILTER_IP, &both, frame + 14, len - 14),
			     (packets[i].pass || tag) && !link,
			     "%s, without Ethernet",
			     what);
		cr_expect_eq(passes(FILTER_BPF_IP, &both, frame + 14,
				    len - 14),
			     (packets[i].pass || tag) && !link,
			     "%s, by /dev/bpf, without Ethernet", what);
		cr_expect_eq(passes(FILTER_BPF_NULL, &both, frame + 10,
				    len - 10),
			     (packets[i].pass || tag) && !link,
			     "%s, behind a family", what);
		free(frame);
	}
}

/* A server that is its own hop: both its answers and its address. */
Test(filter, wire_server_is_hop)
{
	struct filter_wire w = both;
	uint8_t b[128];
	size_t n = sizeof(ADVERT("\x88", "\1")) - 1;

	w.server[1] = w.hop[1];
	w.server[1].port = 53;
	memcpy(b, MACS "\x86\xdd", 14);
	memcpy(b + 14, ADVERT("\x88", "\1"), n);
	memcpy(b + 14 + 8, w.hop[1].addr, 16);
	cr_expect(passes(FILTER_ETHERNET, &w, b, 14 + n));
}

/* The most there can be: it fits, and the kernel takes it. */
Test(filter, wire_of_all_peers)
{
	struct sock_filter p[FILTER_WIRE];
	struct sock_fprog prog = { 0, p };
	struct filter_wire w = { FILTER_PEERS, FILTER_PEERS, { { { 0 }, 0 } },
				 { { { 0 }, 0 } } };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	for (unsigned int i = 0; i < FILTER_PEERS; i++) {
		w.server[i] = both.server[1];
		w.server[i].addr[15] = (uint8_t)i;
		w.hop[i] = both.hop[1];
	}
	prog.len = (unsigned short)filter_wire(FILTER_ETHERNET, &w, p);
	cr_expect_leq(prog.len, FILTER_WIRE);
	cr_expect_eq(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)), 0);
	close(fd);
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
