/* SPDX-License-Identifier: ISC */
/*
 * A link through /dev/bpf, without libpcap: what is sent and which filter is in
 * force is decided in packet_bsd.c, by the same descriptor.
 *
 * The kernel hands over batches into a buffer of exactly its own size, and
 * packets are parsed where they lie in it. Immediate mode makes it readable
 * with the first packet of one. A descriptor belongs to its interface: when
 * that goes, reading fails for good, and a new one needs root.
 */
#include "source/source_pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "source/bpfabi_bsd.h"
#include "source/packet.h"

enum {
	DEVICES = 256,
	/* Octets; filtered, so a few are enough. Half of xnu's limit. */
	BUFFER = 256 << 10,
};

struct source_pcap {
	int fd;
	enum link link;
	unsigned int size;	/* of the buffer: the kernel's, to the octet */
	uint8_t *buffer;
};

/* ---- life */

/* macOS has them by number, and makes the next one when the last is opened. */
static int open_device(void)
{
	const int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
	int fd = open("/dev/bpf", flags);
	char path[sizeof("/dev/bpf000")];

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	for (unsigned int i = 0; i < DEVICES; i++) {
		snprintf(path, sizeof(path), "/dev/bpf%u", i);
		fd = open(path, flags);
		if (fd >= 0 || errno != EBUSY)
			return fd < 0 ? -errno : fd;
	}
	return -EBUSY;
}

/* The size can be set, and nothing comes unfiltered, only as long as there is
 * no interface. */
static int bind_link(struct source_pcap *s, const char *name)
{
	static const struct sock_filter none = { .code = BPF_RET | BPF_K };
	unsigned int size = BUFFER, on = 1, off = 0;
	struct ifreq ifr = { .ifr_name = "" };
	int error;

	if (ioctl(s->fd, BIOCSBLEN, &size) < 0)
		return -errno;
	error = packet_filter(s->fd, &none, 1);
	if (error < 0)
		return error;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(s->fd, BIOCSETIF, &ifr) < 0 ||
	    ioctl(s->fd, BIOCIMMEDIATE, &on) < 0 ||
	    ioctl(s->fd, BIOCSSEESENT, &off) < 0 ||
	    ioctl(s->fd, BIOCGBLEN, &s->size) < 0)
		return -errno;
	return 0;
}

static bool known(unsigned int dlt, enum link *link)
{
	static const struct {
		unsigned int dlt;
		enum link link;
	} kinds[] = {
		{ DLT_EN10MB, LINK_ETHERNET }, { DLT_NULL, LINK_NULL },
		{ DLT_RAW, LINK_RAW },
	};

	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (kinds[i].dlt == dlt) {
			*link = kinds[i].link;
			return true;
		}
	return false;
}

/* What we send has its Ethernet header. Where there is none this must stay
 * off, or FreeBSD's tun takes no family from what is written. */
static int keep_header(int fd, unsigned int dlt)
{
	unsigned int on = 1;

	return dlt == DLT_EN10MB && ioctl(fd, BIOCSHDRCMPLT, &on) < 0 ?
	       -errno : 0;
}

static int set_up(struct source_pcap *s, const char *name, char *error,
		  size_t size)
{
	unsigned int dlt;
	int rc = bind_link(s, name);

	if (rc == 0)
		rc = ioctl(s->fd, BIOCGDLT, &dlt) < 0 ? -errno :
						       keep_header(s->fd, dlt);
	if (rc < 0) {
		snprintf(error, size, "%s: %s", name, strerror(-rc));
		return rc;
	}
	if (!known(dlt, &s->link)) {
		snprintf(error, size, "%s: a link of an unknown kind", name);
		return -ENOTSUP;
	}
	s->buffer = malloc(s->size);
	return s->buffer == NULL ? -ENOMEM : 0;
}

int source_pcap_open_link(struct source_pcap **out, const char *name,
			  int snaplen, char *error, size_t size)
{
	struct source_pcap *s = calloc(1, sizeof(*s));
	int rc;

	(void)snaplen;	/* the filter's answer says how much */
	if (s == NULL)
		return -ENOMEM;
	s->fd = open_device();
	if (s->fd < 0) {
		rc = s->fd;
		snprintf(error, size, "/dev/bpf: %s", strerror(-rc));
		free(s);
		return rc;
	}
	rc = set_up(s, name, error, size);
	if (rc < 0)
		source_pcap_close(s);
	else
		*out = s;
	return rc;
}

void source_pcap_close(struct source_pcap *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	free(s->buffer);
	free(s);
}

int source_pcap_fd(const struct source_pcap *s)
{
	return s->fd;
}

enum link source_pcap_link(const struct source_pcap *s)
{
	return s->link;
}

/* ---- packets */

int source_pcap_read(struct source_pcap *s, int max, source_packet *packet,
		     void *context)
{
	ssize_t n = read(s->fd, s->buffer, s->size);
	struct bpfbuf b = { .word = BPFABI_WORD };
	int64_t ahead = clock_ahead();
	struct source_record r;
	int packets = 0;

	(void)max;	/* what has been read cannot be put back */
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return errno == ENXIO ? -ENXIO : -EIO;
	b.rest = (struct slice){ s->buffer, (size_t)n };
	/* What shrinks: the rest, by a header at least. */
	for (; b.rest.len > 0; packets++) {
		if (bpfbuf_next(&b, &r) != PARSE_OK)
			return -EBADMSG;
		packet(context, s->link, r.octets,
		       (uint64_t)((int64_t)r.time + ahead));
	}
	return packets;
}

uint64_t source_pcap_drops(struct source_pcap *s)
{
	struct bpf_stat st;

	return ioctl(s->fd, BIOCGSTATS, &st) == 0 ? st.bs_drop : 0;
}

/* ---- all links at once: there is no such device here */

static int no_device(char *error, size_t size)
{
	snprintf(error, size, "this system has no device for all links");
	return -ENOTSUP;
}

int source_pcap_open(struct source_pcap **out, const char *filter, int snaplen,
		     char *error, size_t size)
{
	(void)out;
	(void)filter;
	(void)snaplen;
	return no_device(error, size);
}

int source_pcap_ring(struct source_pcap **out,
		     const struct sock_filter *program, unsigned short n,
		     int snaplen, int octets, int block_ms, char *error,
		     size_t size)
{
	(void)out;
	(void)program;
	(void)n;
	(void)snaplen;
	(void)octets;
	(void)block_ms;
	return no_device(error, size);
}
