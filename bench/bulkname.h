/* SPDX-License-Identifier: ISC */
/*
 * bulkname.h - names without end, each of which tells its address
 *
 * nN.bench.test is 198.18.0.0 + N as A, and 2001:db8:18:: + N as AAAA, behind
 * two CNAMEs: a.nN.bench.test and b.a.nN.bench.test. 198.18.0.0/15 is for
 * benchmarks (RFC 2544, C.2.2), so N is below 131072.
 */
#ifndef BULKNAME_H
#define BULKNAME_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	BULKNAME_MESSAGE = 512,
	BULKNAME_HEADER = 12,
	BULKNAME_A = 1, BULKNAME_AAAA = 28,	/* RFC 1035, RFC 3596 */
	BULKNAME_MAX = 1 << 17,
};

/* The octets of n's address; their number. */
static inline size_t bulkname_address(uint32_t n, uint16_t type,
				      uint8_t out[static 16])
{
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x18 };

	if (type == BULKNAME_A) {
		const uint8_t v4[4] = { 198, (uint8_t)(18 + (n >> 16)),
					(uint8_t)(n >> 8), (uint8_t)n };

		memcpy(out, v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(out, v6, sizeof(v6));
	out[13] = (uint8_t)(n >> 16);
	out[14] = (uint8_t)(n >> 8);
	out[15] = (uint8_t)n;
	return sizeof(v6);
}

/* A question for n: recursion desired, no EDNS. Its length. */
static inline size_t bulkname_ask(uint32_t n, uint16_t type, uint16_t id,
				  uint8_t out[static BULKNAME_MESSAGE])
{
	static const uint8_t suffix[] = "\5bench\4test\0\0";
	const uint8_t header[BULKNAME_HEADER] = {
		(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1,
	};
	uint8_t *p = out + BULKNAME_HEADER;
	int len = sprintf((char *)p + 1, "n%u", n);

	memcpy(out, header, sizeof(header));
	p[0] = (uint8_t)len;
	p += 1 + len;
	memcpy(p, suffix, sizeof(suffix) - 1);
	p += sizeof(suffix) - 1;
	p[0] = (uint8_t)type;
	p[1] = 0;
	p[2] = 1;
	return (size_t)(p + 3 - out);
}

#endif /* BULKNAME_H */
