/* SPDX-License-Identifier: ISC */
/* What /dev/bpf returns, octet by octet as little-endian machines have it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "compat.h"
#include "frame.h"
#include "source/bpfbuf.h"

/* 0x5f000000 and a half of a second: of macOS, of FreeBSD. */
#define TIME4 "\0\0\0\x5f" "\x20\xa1\7\0"
#define TIME8 "\0\0\0\x5f\0\0\0\0" "\x20\xa1\7\0\0\0\0\0"
#define LENGTHS(caplen, len) caplen "\0\0\0" len "\0\0\0"
/* By link: the packet's network header lies on a word. */
#define MAC_NULL(n) TIME4 LENGTHS(n, n) "\x14\0" "\0\0"
#define MAC_ETHER(n) TIME4 LENGTHS(n, n) "\x12\0"
#define BSD_NULL(n) TIME8 LENGTHS(n, n) "\x1c\0" "\0\0"
#define BSD_ETHER(n) TIME8 LENGTHS(n, n) "\x1a\0"
#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1
#define MAC BPFBUF_MACOS
#define BSD BPFBUF_FREEBSD64

static const struct {
	const char *what;
	enum bpfbuf_word word;
	const uint8_t *p;
	size_t len;
	const char *records;	/* each with a "|" behind it */
	enum parse end;		/* of the last one */
} batches[] = {
	{ "nothing", MAC, BYTES(""), "", PARSE_OK },
	{ "one, macOS", MAC, BYTES(MAC_NULL("\4") "abcd"), "abcd|", PARSE_OK },
	{ "one, FreeBSD", BSD, BYTES(BSD_NULL("\4") "abcd"), "abcd|",
	  PARSE_OK },
	{ "Ethernet, macOS", MAC, BYTES(MAC_ETHER("\2") "ab"
					MAC_ETHER("\2") "cd"), "ab|cd|",
	  PARSE_OK },
	{ "Ethernet, FreeBSD", BSD, BYTES(BSD_ETHER("\6") "abcdef"
					  BSD_ETHER("\2") "gh"), "abcdef|gh|",
	  PARSE_OK },
	{ "padded to 4", MAC, BYTES(MAC_NULL("\5") "abcde\0\0\0"
				    MAC_NULL("\1") "f"), "abcde|f|",
	  PARSE_OK },
	{ "padded to 8", BSD, BYTES(BSD_NULL("\5") "abcde\0\0\0\0\0\0\0"
				    BSD_NULL("\1") "f"), "abcde|f|",
	  PARSE_OK },
	{ "the last one's padding is cut", MAC,
	  BYTES(MAC_NULL("\5") "abcde\0"), "abcde|", PARSE_OK },
	{ "a longer header", MAC,
	  BYTES(TIME4 LENGTHS("\1", "\1") "\x18\0" "\0\0\0\0\0\0" "a"), "a|",
	  PARSE_OK },
	{ "the shortest header", MAC,
	  BYTES(TIME4 LENGTHS("\1", "\1") "\x12\0" "a"), "a|", PARSE_OK },
	{ "cut by the filter", MAC,
	  BYTES(TIME4 LENGTHS("\1", "\x40") "\x12\0" "a"), "a|", PARSE_OK },
	{ "no octets", MAC, BYTES(MAC_NULL("\0") MAC_NULL("\1") "a"), "|a|",
	  PARSE_OK },
	{ "a header cut in its length", MAC,
	  BYTES(TIME4 LENGTHS("\1", "\1") "\x12"), "", PARSE_SHORT },
	{ "a header cut in its time", BSD, BYTES("\0\0\0\x5f"), "",
	  PARSE_SHORT },
	{ "a packet behind the end", MAC, BYTES(MAC_NULL("\5") "abcd"), "",
	  PARSE_SHORT },
	{ "a header behind the end", MAC,
	  BYTES(TIME4 LENGTHS("\0", "\0") "\x15\0" "\0\0"), "", PARSE_SHORT },
	{ "as long as can be", MAC,
	  BYTES(TIME4 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" "abcd"), "",
	  PARSE_SHORT },
	{ "a header of nothing", MAC,
	  BYTES(TIME4 LENGTHS("\0", "\0") "\0\0" "\0\0"), "", PARSE_LINK },
	{ "a header that ends in itself", MAC,
	  BYTES(TIME4 LENGTHS("\1", "\1") "\x11\0" "\0a"), "", PARSE_LINK },
	{ "... of FreeBSD", BSD,
	  BYTES(TIME8 LENGTHS("\1", "\1") "\x19\0" "\0a"), "", PARSE_LINK },
	{ "more captured than there was", MAC,
	  BYTES(TIME4 LENGTHS("\2", "\1") "\x12\0" "ab"), "", PARSE_LINK },
	{ "a second of microseconds", MAC,
	  BYTES("\0\0\0\x5f" "\x40\x42\xf\0" LENGTHS("\1", "\1") "\x12\0" "a"),
	  "", PARSE_LINK },
	{ "before 1970", BSD,
	  BYTES("\xff\xff\xff\xff\xff\xff\xff\xff" "\0\0\0\0\0\0\0\0"
		LENGTHS("\1", "\1") "\x1a\0" "a"), "", PARSE_LINK },
	{ "the other system's", BSD, BYTES(MAC_NULL("\x14") MAC_NULL("\4")
					   "abcd"), "", PARSE_LINK },
	{ "what came before a lie counts", MAC,
	  BYTES(MAC_NULL("\4") "abcd" TIME4 LENGTHS("\2", "\1") "\x14\0" "\0\0"
		"ef" "\0\0" MAC_NULL("\1") "g"), "abcd|", PARSE_LINK },
	{ "what came before a cut counts", BSD,
	  BYTES(BSD_NULL("\4") "abcd" TIME8), "abcd|", PARSE_SHORT },
};

Test(bpfbuf, batches)
{
	for (size_t i = 0; i < NITEMS(batches); i++) {
		struct bpfbuf b = {
			.rest = { batches[i].p, batches[i].len },
			.word = batches[i].word,
		};
		enum parse end = PARSE_OK;
		char got[64] = "";
		size_t n = 0;

		while (b.rest.len > 0 && end == PARSE_OK) {
			struct source_record r = { .len = 0 };

			end = bpfbuf_next(&b, &r);
			if (end == PARSE_OK)
				n += (size_t)snprintf(
					got + n, sizeof(got) - n, "%.*s|",
					(int)r.octets.len, r.octets.p);
		}
		cr_expect_eq(end, batches[i].end, "%s: %s", batches[i].what,
			     parse_name(end));
		cr_expect_str_eq(got, batches[i].records, "%s",
				 batches[i].what);
		cr_expect_eq(b.rest.len, 0, "%s", batches[i].what);
	}
}

static struct source_record one(enum bpfbuf_word word, const uint8_t *p,
				size_t len)
{
	struct bpfbuf b = { .rest = { p, len }, .word = word };
	struct source_record r = { .len = 0 };

	cr_assert_eq(bpfbuf_next(&b, &r), PARSE_OK);
	return r;
}

Test(bpfbuf, time_and_length)
{
	const uint64_t half = UINT64_C(0x5f000000) * CLOCK_S + CLOCK_S / 2;
	struct source_record r;

	r = one(MAC, BYTES(TIME4 LENGTHS("\1", "\x40") "\x12\0" "a"));
	cr_expect_eq(r.time, half);
	cr_expect_eq(r.len, 0x40);
	r = one(BSD, BYTES(TIME8 LENGTHS("\1", "\x40") "\x1a\0" "a"));
	cr_expect_eq(r.time, half);
	cr_expect_eq(r.len, 0x40);
}

/* Untouched: neither record is one. */
Test(bpfbuf, refused_changes_nothing)
{
	struct bpfbuf b = { .rest = { BYTES(TIME4) }, .word = MAC };
	struct source_record r = { .len = 7, .time = 9 };

	cr_expect_eq(bpfbuf_next(&b, &r), PARSE_SHORT);
	cr_expect_eq(r.len, 7);
	cr_expect_eq(r.time, 9);
}

/* --- what lies in them --- */

#define IP4 "\x45\0\0\x20\0\0\0\0\x40\x11\0\0\xc0\0\2\x35\xc0\0\2\1" \
	"\0\x35\x12\x34\0\x0c\0\0" "abcd"
#define IP6 "\x60\0\0\0\0\x0c\x11\x40" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\0\x35\x12\x34\0\x0c\0\0" \
	"abcd"
#define ETHER(type) "\2\0\0\0\0\1\2\0\0\0\0\2" type

static const struct {
	const char *what;
	enum bpfbuf_word word;
	enum link link;
	const uint8_t *p;
	size_t len;
	enum parse want;
} links[] = {
	{ "macOS, en0", MAC, LINK_ETHERNET,
	  BYTES(MAC_ETHER("\x2e") ETHER("\x08\0") IP4), PARSE_OK },
	{ "macOS, en0, IPv6", MAC, LINK_ETHERNET,
	  BYTES(MAC_ETHER("\x42") ETHER("\x86\xdd") IP6), PARSE_OK },
	{ "FreeBSD, em0", BSD, LINK_ETHERNET,
	  BYTES(BSD_ETHER("\x2e") ETHER("\x08\0") IP4), PARSE_OK },
	{ "macOS, utun0", MAC, LINK_NULL,
	  BYTES(MAC_NULL("\x24") "\2\0\0\0" IP4), PARSE_OK },
	{ "macOS, utun0, IPv6: 30", MAC, LINK_NULL,
	  BYTES(MAC_NULL("\x38") "\x1e\0\0\0" IP6), PARSE_OK },
	{ "FreeBSD, tun0", BSD, LINK_NULL,
	  BYTES(BSD_NULL("\x24") "\2\0\0\0" IP4), PARSE_OK },
	{ "FreeBSD, tun0, IPv6: 28", BSD, LINK_NULL,
	  BYTES(BSD_NULL("\x38") "\x1c\0\0\0" IP6), PARSE_OK },
	{ "no IP family", BSD, LINK_NULL,
	  BYTES(BSD_NULL("\x24") "\3\0\0\0" IP4), PARSE_LINK },
	{ "a family of the other version", BSD, LINK_NULL,
	  BYTES(BSD_NULL("\x38") "\2\0\0\0" IP6), PARSE_IP },
	{ "macOS, raw", MAC, LINK_RAW, BYTES(MAC_NULL("\x20") IP4), PARSE_OK },
	{ "FreeBSD, raw, IPv6", BSD, LINK_RAW, BYTES(BSD_NULL("\x34") IP6),
	  PARSE_OK },
};

Test(bpfbuf, links)
{
	for (size_t i = 0; i < NITEMS(links); i++) {
		struct source_record r = one(links[i].word, links[i].p,
					     links[i].len);
		struct frame f = { .sport = 0 };
		enum parse why = frame_read(links[i].link, r.octets, &f);

		cr_expect_eq(why, links[i].want, "%s: %s", links[i].what,
			     parse_name(why));
		if (why != PARSE_OK)
			continue;
		cr_expect_eq(f.sport, 53, "%s", links[i].what);
		cr_expect_eq(f.payload.len, 4, "%s", links[i].what);
		cr_expect_arr_eq(f.payload.p, "abcd", 4, "%s", links[i].what);
	}
}
