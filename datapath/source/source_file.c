/* SPDX-License-Identifier: ISC */
#include "source/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "source/gzfile.h"
#include "source/plainfile.h"

enum { BUFFER = 1 << 18 };	/* octets read at a time */

struct source_file {
	pcap_t *pcap;
	enum link link;
	int fd;			/* the stream's */
	off_t size;		/* 0 = not a regular file */
	struct plainfile plain;	/* before libpcap's turn */
	/* for the call in progress */
	source_record_seen *seen;
	void *context;
	bool stopped;
};

static const struct {
	int dlt;
	enum link link;
} links[] = {
	{ DLT_EN10MB, LINK_ETHERNET }, { DLT_RAW, LINK_RAW },
	{ DLT_NULL, LINK_NULL }, { DLT_LOOP, LINK_LOOP },
	{ DLT_LINUX_SLL, LINK_SLL }, { DLT_LINUX_SLL2, LINK_SLL2 },
	/* A promise of the version, which is checked as it is. */
	{ DLT_IPV4, LINK_RAW }, { DLT_IPV6, LINK_RAW },
};

static int find_link(int dlt, enum link *link)
{
	for (size_t i = 0; i < NITEMS(links); i++) {
		if (links[i].dlt != dlt)
			continue;
		*link = links[i].link;
		return 0;
	}
	return -ENOTSUP;
}

/* ---- the stream */

/* RFC 1952, 2.3.1. What cannot be looked into in advance may be packed. */
static bool may_be_packed(int fd)
{
	unsigned char magic[2];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);

	return n < 0 || (n == 2 && magic[0] == 0x1f && magic[1] == 0x8b);
}

static FILE *open_stream(int fd)
{
	FILE *file = may_be_packed(fd) ? gzfile_open(fd) : fdopen(fd, "rb");

	/* Without a larger buffer it is only slower. */
	if (file != NULL)
		(void)!setvbuf(file, NULL, _IOFBF, BUFFER);
	return file;
}

static int open_path(const char *path, struct stat *st)
{
	/* A copy, so that closing it leaves the standard input alone. */
	int fd = strcmp(path, "-") == 0 ?
		fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
		open(path, O_RDONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0)
		error = -errno;
	else if (S_ISDIR(st->st_mode))
		error = -EISDIR;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* ---- the capture */

static int set_filter(pcap_t *p, const char *filter, char *error, size_t size)
{
	struct bpf_program program;
	int rc;

	if (pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(error, size, "\"%s\": %s", filter, pcap_geterr(p));
		return -EINVAL;
	}
	rc = pcap_setfilter(p, &program);
	pcap_freecode(&program);
	if (rc == 0)
		return 0;
	snprintf(error, size, "\"%s\": %s", filter, pcap_geterr(p));
	return -EINVAL;
}

static int prepare(struct source_file *s, const char *filter, char *error,
		   size_t size)
{
	int dlt = pcap_datalink(s->pcap);
	const char *name = pcap_datalink_val_to_name(dlt);

	if (find_link(dlt, &s->link) < 0) {
		snprintf(error, size, "link type %s (%d) is not read",
			 name == NULL ? "unknown" : name, dlt);
		return -ENOTSUP;
	}
	return filter == NULL ? 0 : set_filter(s->pcap, filter, error, size);
}

int source_file_open(struct source_file **out, const char *path,
		     const char *filter, char *error, size_t size)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct source_file *s = calloc(1, sizeof(*s));
	struct stat st;
	FILE *file;
	int rc = -ENOMEM;

	snprintf(error, size, "out of memory");
	if (s == NULL)
		return rc;
	rc = s->fd = open_path(path, &st);
	if (rc < 0) {
		snprintf(error, size, "%s", strerror(-rc));
		goto free_source;
	}
	s->size = S_ISREG(st.st_mode) ? st.st_size : 0;
	if (s->size > 0 && filter == NULL)
		plainfile_open(&s->plain, s->fd);
	file = open_stream(s->fd);
	rc = -EIO;
	if (file == NULL) {
		snprintf(error, size, "%s", strerror(errno));
		close(s->fd);
		goto free_source;
	}
	/* From here on the file is the capture's. */
	s->pcap = pcap_fopen_offline_with_tstamp_precision(file,
		PCAP_TSTAMP_PRECISION_NANO, why);
	if (s->pcap == NULL) {
		snprintf(error, size, "%s", why);
		fclose(file);
		goto free_source;
	}
	rc = prepare(s, filter, error, size);
	if (rc < 0)
		goto close_pcap;
	*out = s;
	return 0;
close_pcap:
	pcap_close(s->pcap);
free_source:
	plainfile_close(&s->plain);
	free(s);
	return rc;
}

void source_file_close(struct source_file *s)
{
	if (s == NULL)
		return;
	pcap_close(s->pcap);
	plainfile_close(&s->plain);
	free(s);
}

/* Times are the writer's: what cannot be is brought within bounds. */
static uint64_t nanoseconds(const struct timeval *tv)
{
	uint64_t s = tv->tv_sec < 0 ? 0 : (uint64_t)tv->tv_sec;
	uint64_t ns = tv->tv_usec < 0 ? 0 : (uint64_t)tv->tv_usec;

	if (s > UINT32_MAX)
		s = UINT32_MAX;
	return s * CLOCK_S + (ns < CLOCK_S ? ns : CLOCK_S - 1);
}

static void hand_over(u_char *user, const struct pcap_pkthdr *h,
		      const u_char *octets)
{
	struct source_file *s = (void *)user;
	const struct source_record r = {
		.octets = { octets, h->caplen }, .len = h->len,
		.time = nanoseconds(&h->ts),
	};

	if (!s->stopped)
		s->seen(s->context, s->link, &r);
}

/* As long as there is nothing that libpcap has to see. */
static int read_plain(struct source_file *s, int max)
{
	struct plainrecord p;
	int n = 0;

	while (n < max && !s->stopped && plainfile_next(&s->plain, &p)) {
		const struct source_record r = {
			.octets = p.octets, .len = p.len,
			.time = nanoseconds(&p.time),
		};

		s->seen(s->context, s->link, &r);
		n++;
	}
	return n;
}

/* True: libpcap goes on where the plain records end. */
static bool change_over(struct source_file *s)
{
	bool good = s->plain.buffer == NULL ||
		    fseeko(pcap_file(s->pcap), plainfile_at(&s->plain),
			   SEEK_SET) == 0;

	plainfile_close(&s->plain);
	return good;
}

int source_file_read(struct source_file *s, int max, source_record_seen *seen,
		     void *context, char *error, size_t size)
{
	int n;

	s->seen = seen;
	s->context = context;
	s->stopped = false;
	n = read_plain(s, max);
	if (n > 0)
		return n;
	if (!change_over(s)) {
		snprintf(error, size, "%s", strerror(errno));
		return -EIO;
	}
	n = pcap_dispatch(s->pcap, max, hand_over, (u_char *)s);
	if (n >= 0)
		return n;
	if (n == PCAP_ERROR_BREAK)
		return 0;
	snprintf(error, size, "%s", pcap_geterr(s->pcap));
	return -EIO;
}

void source_file_stop(struct source_file *s)
{
	s->stopped = true;
	if (s->plain.buffer == NULL)
		pcap_breakloop(s->pcap);
}

int source_file_percent(const struct source_file *s)
{
	off_t at = s->size <= 0 ? -1 :
		   s->plain.buffer != NULL ? plainfile_at(&s->plain) :
					     lseek(s->fd, 0, SEEK_CUR);

	return at < 0 ? -1 : (int)(100 * (at < s->size ? at : s->size) /
				   s->size);
}
