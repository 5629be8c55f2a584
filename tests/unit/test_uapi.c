/* SPDX-License-Identifier: ISC */
/*
 * Answers of WireGuard programs, true and hostile. Each is taken whole and
 * octet by octet: the result is the same, and nothing of it is left behind.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "uapi.h"

#define KEY "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a"
#define HEAD "private_key=" KEY "\nlisten_port=12912\n"
#define PEER "public_key=" KEY "\npreshared_key=" KEY "\n"
#define TIME(s, ns) "last_handshake_time_sec=" s \
	"\nlast_handshake_time_nsec=" ns "\n"
#define END "errno=0\n\n"
#define V4 "endpoint=192.0.2.1:51820\n"

static const struct {
	const char *what, *text;
	enum uapi_result want;
	uint64_t handshake, sent;
	uint32_t mark;
	const char *endpoints;
} rows[] = {
	{ "no peer", HEAD END, UAPI_DONE, 0, 0, 0, "" },
	{ "the whole of one", HEAD "fwmark=51820\n" PEER V4
	  TIME("1700000000", "5") "tx_bytes=148\nrx_bytes=92\n"
	  "persistent_keepalive_interval=25\nallowed_ip=0.0.0.0/0\n"
	  "protocol_version=1\n" END, UAPI_DONE,
	  UINT64_C(1700000000000000005), 148, 51820, "192.0.2.1:51820/udp " },
	{ "no handshake yet", HEAD PEER V4 TIME("0", "0") END, UAPI_DONE, 0, 0,
	  0, "192.0.2.1:51820/udp " },
	{ "two peers: the newest, the sum", HEAD PEER TIME("2", "0")
	  "tx_bytes=1\n" V4 PEER TIME("1", "999999999") "tx_bytes=2\n"
	  "endpoint=[2001:db8::1]:1\n" END, UAPI_DONE, UINT64_C(2000000000),
	  3, 0, "192.0.2.1:51820/udp [2001:db8::1]:1/udp " },
	{ "two at one endpoint", HEAD PEER V4 PEER V4 END, UAPI_DONE, 0, 0, 0,
	  "192.0.2.1:51820/udp " },
	{ "seconds of the peer before", HEAD PEER "last_handshake_time_sec=9\n"
	  PEER "last_handshake_time_nsec=1\n" END, UAPI_DONE, 1, 0, 0, "" },
	{ "keys of tomorrow", HEAD "colour=red\n=\nx=\n" END, UAPI_DONE, 0, 0,
	  0, "" },
	{ "octets behind the end", HEAD END "errno=1\n\n", UAPI_DONE, 0, 0, 0,
	  "" },
	/* endpoints that open nothing */
	{ "a scope", PEER "endpoint=[fe80::1%eth0]:51820\n" END, UAPI_DONE, 0,
	  0, 0, "" },
	{ "TCP", PEER "endpoint=192.0.2.1:51820/tcp\n" END, UAPI_DONE, 0, 0, 0,
	  "" },
	{ "a protocol", PEER "endpoint=192.0.2.1:51820/udp\n" END, UAPI_DONE,
	  0, 0, 0, "" },
	{ "a name", PEER "endpoint=vpn.example:51820\n" END, UAPI_DONE, 0, 0,
	  0, "" },
	{ "rules", PEER "endpoint=192.0.2.1:1 accept\n" END, UAPI_DONE, 0, 0,
	  0, "" },
	{ "port 0", PEER "endpoint=192.0.2.1:0\n" END, UAPI_DONE, 0, 0, 0, "" },
	{ "anywhere", PEER "endpoint=0.0.0.0:1\nendpoint=[::]:1\n" END,
	  UAPI_DONE, 0, 0, 0, "" },
	{ "everybody", PEER "endpoint=255.255.255.255:1\n"
	  "endpoint=224.0.0.1:1\nendpoint=[ff02::1]:1\n" END, UAPI_DONE, 0, 0,
	  0, "" },
	/* what is refused */
	{ "nothing", "", UAPI_MORE, 0, 0, 0, "" },
	{ "cut in a line", HEAD "errno", UAPI_MORE, 0, 0, 0, "" },
	{ "no blank line", HEAD "errno=0\n", UAPI_MORE, 0, 0, 0, "" },
	{ "an end without errno", HEAD "\n", UAPI_BAD, 0, 0, 0, "" },
	{ "an error", HEAD "errno=-22\n\n", UAPI_BAD, 0, 0, 0, "" },
	{ "errno and a blank", HEAD "errno=0 \n\n", UAPI_BAD, 0, 0, 0, "" },
	{ "more after errno", HEAD "errno=0\n" PEER "\n", UAPI_BAD, 0, 0, 0,
	  "" },
	{ "no key", HEAD "errno\n\n", UAPI_BAD, 0, 0, 0, "" },
	{ "a time below 0", PEER TIME("-1", "0") END, UAPI_BAD, 0, 0, 0, "" },
	{ "no number", PEER TIME("", "0") END, UAPI_BAD, 0, 0, 0, "" },
	{ "a sign", PEER TIME("+1", "0") END, UAPI_BAD, 0, 0, 0, "" },
	{ "a blank", PEER TIME(" 1", "0") END, UAPI_BAD, 0, 0, 0, "" },
	{ "a second of nanoseconds", PEER TIME("1", "1000000000") END,
	  UAPI_BAD, 0, 0, 0, "" },
	{ "the end of time", PEER TIME("8589934592", "999999999") END,
	  UAPI_DONE, UINT64_C(8589934592999999999), 0, 0, "" },
	{ "behind it", PEER TIME("8589934593", "0") END, UAPI_BAD, 0, 0, 0,
	  "" },
	{ "2^64 octets", PEER "tx_bytes=18446744073709551616\n" END, UAPI_BAD,
	  0, 0, 0, "" },
	{ "one less", PEER "tx_bytes=18446744073709551615\n" END, UAPI_DONE,
	  0, UINT64_MAX, 0, "" },
	{ "a mark of 33 bits", "fwmark=4294967296\n" END, UAPI_BAD, 0, 0, 0,
	  "" },
	{ "a line too long", "x=" KEY KEY "\n" END, UAPI_BAD, 0, 0, 0, "" },
};

static enum uapi_result take(struct uapi *u, const char *text, size_t n,
			     size_t step)
{
	enum uapi_result r = UAPI_MORE;
	char piece[1024];

	uapi_init(u);
	for (size_t at = 0; at < n && r == UAPI_MORE; at += step) {
		size_t m = n - at < step ? n - at : step;

		memcpy(piece, text + at, m);
		r = uapi_take(u, piece, m);
		for (size_t i = 0; i < m; i++)
			cr_expect_eq(piece[i], 0, "wiped");
	}
	return r;
}

static void expect_device(size_t i, const struct wgdevice *w)
{
	char all[256] = "", text[ENDPOINT_TEXT];

	for (unsigned int k = 0; k < w->n_endpoints; k++) {
		strcat(all, endpoint_text(&w->endpoints[k], text));
		strcat(all, " ");
	}
	cr_expect_eq(w->handshake, rows[i].handshake, "%s", rows[i].what);
	cr_expect_eq(w->sent, rows[i].sent, "%s", rows[i].what);
	cr_expect_eq(w->mark, rows[i].mark, "%s", rows[i].what);
	cr_expect_str_eq(all, rows[i].endpoints, "%s", rows[i].what);
}

Test(uapi, answers)
{
	static const size_t steps[] = { 1, 7, 1024 };

	for (size_t i = 0; i < NITEMS(rows); i++)
		for (size_t k = 0; k < NITEMS(steps); k++) {
			struct uapi u;
			enum uapi_result r = take(&u, rows[i].text,
						  strlen(rows[i].text),
						  steps[k]);

			cr_expect_eq(r, rows[i].want, "%s: %d", rows[i].what,
				     r);
			if (r == UAPI_DONE)
				expect_device(i, &u.device);
		}
}

Test(uapi, a_nul_ends_it)
{
	static const char text[] = "endpoint=192.0.2.1:1\0\n" END;
	struct uapi u;

	cr_expect_eq(take(&u, text, sizeof(text) - 1, 1), UAPI_BAD);
}

Test(uapi, no_more_than_its_bound)
{
	static const char line[] = "allowed_ip=10.0.0.0/8\n";
	char piece[sizeof(line)];
	enum uapi_result r = UAPI_MORE;
	struct uapi u;
	size_t n = 0;

	uapi_init(&u);
	for (; r == UAPI_MORE && n < 2 * UAPI_MAX; n += sizeof(line) - 1) {
		memcpy(piece, line, sizeof(line));
		r = uapi_take(&u, piece, sizeof(line) - 1);
	}
	cr_expect_eq(r, UAPI_BAD);
	cr_expect(n > UAPI_MAX && n < UAPI_MAX + sizeof(line), "%zu", n);
}

Test(uapi, endpoints_beyond_the_table_are_left_out)
{
	char text[64];
	struct uapi u;

	uapi_init(&u);
	for (unsigned int i = 1; i <= CONF_ENDPOINTS + 3; i++) {
		int n = snprintf(text, sizeof(text), "public_key=1\n"
				 "endpoint=192.0.2.%u:1\n", i);

		cr_assert_eq(uapi_take(&u, text, (size_t)n), UAPI_MORE);
	}
	cr_expect_eq(u.device.n_endpoints, CONF_ENDPOINTS);
}

Test(uapi, nobody_is_there)
{
	cr_expect_eq(uapi_ask("sp-nobody"), -ENOENT);
}
