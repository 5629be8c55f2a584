/* SPDX-License-Identifier: ISC */
#include "pcapng.h"

/* draft-ietf-opsawg-pcapng, 4.1 to 4.3. */
enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6, MAGIC = 0x1a2b3c4d };
enum { IF_TSRESOL = 9, NANOSECONDS = 9 };

/* The file is in this machine's byte order; the magic says which it is. */
static void put(FILE *file, const void *p, size_t n)
{
	fwrite(p, 1, n, file);
}

static void put16(FILE *file, unsigned int v)
{
	uint16_t n = (uint16_t)v;

	put(file, &n, sizeof(n));
}

static void put32(FILE *file, uint32_t v)
{
	put(file, &v, sizeof(v));
}

void pcapng_begin(FILE *file, int dlt, uint32_t snaplen)
{
	put32(file, SECTION);
	put32(file, 28);
	put32(file, MAGIC);
	put16(file, 1);
	put16(file, 0);
	put32(file, UINT32_MAX);	/* length of the section: not told */
	put32(file, UINT32_MAX);
	put32(file, 28);

	put32(file, INTERFACE);
	put32(file, 32);
	put16(file, (unsigned int)dlt);
	put16(file, 0);
	put32(file, snaplen);
	put16(file, IF_TSRESOL);
	put16(file, 1);
	put32(file, NANOSECONDS);
	put32(file, 0);			/* end of options */
	put32(file, 32);
}

void pcapng_packet(FILE *file, uint64_t ns, const uint8_t *p, size_t captured,
		   size_t len)
{
	static const uint8_t zero[4];
	size_t pad = (4 - captured % 4) % 4;
	uint32_t block = (uint32_t)(32 + captured + pad);

	put32(file, PACKET);
	put32(file, block);
	put32(file, 0);
	put32(file, (uint32_t)(ns >> 32));
	put32(file, (uint32_t)ns);
	put32(file, (uint32_t)captured);
	put32(file, (uint32_t)len);
	put(file, p, captured);
	put(file, zero, pad);
	put32(file, block);
}
