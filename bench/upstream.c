/* SPDX-License-Identifier: ISC */
/*
 * A DNS server that costs next to nothing: bulkname.h's names as one answer
 * with two CNAMEs in front, all else NXDOMAIN. Questions are counted in a
 * file's first 8 octets, for those who ask how many trips theirs took.
 *
 *   bench_upstream COUNTS		UDP port 53 of all addresses
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bulkname.h"

enum {
	BURST = 64,
	TTL = 300,
	TYPE_CNAME = 5,
	NXDOMAIN = 3,
};

static uint8_t *put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

/* Owner is what stands at `at`. */
static uint8_t *put_record(uint8_t *p, size_t at, unsigned int type,
			   size_t len)
{
	p = put16(p, 0xc000 | (unsigned int)at);
	p = put16(p, type);
	p = put16(p, 1);
	p = put16(p, 0);
	p = put16(p, TTL);
	return put16(p, (unsigned int)len);
}

/* The name at `at`, with one more label in front. Where that stands. */
static uint8_t *put_alias(uint8_t *p, uint8_t *msg, size_t *at, char label)
{
	p = put_record(p, *at, TYPE_CNAME, 4);
	*p++ = 1;
	*p++ = (uint8_t)label;
	p = put16(p, 0xc000 | (unsigned int)*at);
	*at = (size_t)(p - 4 - msg);
	return p;
}

static bool is_label(const uint8_t *p, char c)
{
	return p[0] == 1 && tolower(p[1]) == c;
}

/* The n of the name; the end of the question; 0: it is none of ours. */
static size_t read_question(const uint8_t *msg, size_t len, uint32_t *n,
			    uint16_t *type)
{
	size_t at = BULKNAME_HEADER;
	bool ours = false;

	/* What shrinks: the message. */
	while (at < len && msg[at] != 0) {
		if (tolower(msg[at + 1]) == 'n' && isdigit(msg[at + 2])) {
			*n = (uint32_t)strtoul((const char *)msg + at + 2,
					       NULL, 10);
			ours = true;
		}
		at += 1u + msg[at];
	}
	if (!ours || at + 5 > len)
		return 0;
	*type = (uint16_t)(msg[at + 1] << 8 | msg[at + 2]);
	return at + 5;
}

/* In place; the reply's length. */
static size_t reply(uint8_t *msg, size_t len)
{
	size_t at = BULKNAME_HEADER, end, n_addr;
	uint8_t addr[16], *p;
	uint16_t type;
	uint32_t n;
	unsigned int records = 1;

	msg[2] = 0x81;		/* QR, RD */
	msg[3] = 0x80;		/* RA */
	memset(msg + 6, 0, 6);
	end = read_question(msg, len, &n, &type);
	if (end == 0) {
		msg[3] |= NXDOMAIN;
		return len;
	}
	if (type != BULKNAME_A && type != BULKNAME_AAAA)
		return end;
	p = msg + end;
	if (!is_label(msg + at, 'b')) {
		if (!is_label(msg + at, 'a')) {
			p = put_alias(p, msg, &at, 'a');
			records++;
		}
		p = put_alias(p, msg, &at, 'b');
		records++;
	}
	n_addr = bulkname_address(n, type, addr);
	p = put_record(p, at, type, n_addr);
	memcpy(p, addr, n_addr);
	put16(msg + 6, records);
	return (size_t)(p + n_addr - msg);
}

static _Atomic uint64_t *counter(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	void *p;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		err(1, "%s", path);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "%s", path);
	return p;
}

static int bound(void)
{
	const struct sockaddr_in sa = { .sin_family = AF_INET,
					.sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int room = 1 << 20;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "port 53");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static void serve(int fd, _Atomic uint64_t *asked)
{
	static uint8_t msg[BURST][BULKNAME_MESSAGE];
	static struct sockaddr_in from[BURST];
	struct mmsghdr mm[BURST];
	struct iovec iov[BURST];
	int n;

	for (int i = 0; i < BURST; i++) {
		iov[i] = (struct iovec){ msg[i], BULKNAME_MESSAGE - 128 };
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
	n = recvmmsg(fd, mm, BURST, MSG_WAITFORONE, NULL);
	if (n <= 0)
		return;
	atomic_fetch_add_explicit(asked, (uint64_t)n, memory_order_relaxed);
	for (int i = 0; i < n; i++)
		iov[i].iov_len = reply(msg[i], mm[i].msg_len);
	/* What shrinks: what is left to send. */
	for (int i = 0, k; i < n; i += k > 0 ? k : 1)
		k = sendmmsg(fd, mm + i, (unsigned int)(n - i), 0);
}

int main(int argc, char **argv)
{
	_Atomic uint64_t *asked;
	int fd;

	if (argc != 2)
		errx(2, "usage: bench_upstream COUNTS");
	asked = counter(argv[1]);
	fd = bound();
	puts("ready");
	fflush(stdout);
	for (;;)
		serve(fd, asked);
}
