/* SPDX-License-Identifier: ISC */
#include "source/source_pcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "source/packet.h"

enum { TAP_RING = 128 << 10, LINK_RING = 1 << 20 };	/* octets */

struct source_pcap {
	pcap_t *pcap;
	enum link link;
	/* for the call in progress */
	source_packet *packet;
	void *context;
	int64_t offset;		/* boot time minus wall clock, ns */
};

static int fail(pcap_t *p, int rc, char *error, size_t size)
{
	snprintf(error, size, "%s: %s", pcap_statustostr(rc), pcap_geterr(p));
	pcap_close(p);
	switch (rc) {
	case PCAP_ERROR_PERM_DENIED:
		return -EPERM;
	case PCAP_ERROR_IFACE_NOT_UP:
		return -ENETDOWN;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return -ENODEV;
	default:
		return -EIO;
	}
}

struct ring {
	int snaplen, octets;
	int block_ms;		/* 0: a single packet does not wait for company */
};

static int configure(pcap_t *p, const struct ring *r)
{
	if (pcap_set_snaplen(p, r->snaplen) != 0 ||
	    pcap_set_promisc(p, 0) != 0 ||
	    pcap_set_immediate_mode(p, r->block_ms == 0) != 0 ||
	    pcap_set_timeout(p, r->block_ms) != 0 ||
	    pcap_set_buffer_size(p, r->octets) != 0)
		return PCAP_ERROR;
	return 0;
}

static int filter_set(pcap_t *p, const char *filter)
{
	struct bpf_program program;
	int rc = pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN);

	if (rc < 0)
		return rc;
	rc = pcap_setfilter(p, &program);
	pcap_freecode(&program);
	return rc;
}

static pcap_t *create(const char *name, const struct ring *r, char *error,
		      size_t size)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(name, why);

	if (p == NULL)
		snprintf(error, size, "%s", why);
	else if (configure(p, r) != 0)
		(void)fail(p, PCAP_ERROR, error, size);
	else
		return p;
	return NULL;
}

/* The last step; p is gone if it fails. */
static int adopt(struct source_pcap **out, pcap_t *p, enum link link,
		 char *error, size_t size)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct source_pcap *s;
	int rc = pcap_setnonblock(p, 1, why);

	if (rc < 0)
		return fail(p, rc, error, size);
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		pcap_close(p);
		return -ENOMEM;
	}
	s->pcap = p;
	s->link = link;
	*out = s;
	return 0;
}

/* All links, without a filter yet. */
static int activate(pcap_t **out, const struct ring *r, char *error,
		    size_t size)
{
	pcap_t *p = create("any", r, error, size);
	int rc;

	if (p == NULL)
		return -EIO;
	rc = pcap_activate(p);
	if (rc >= 0)
		rc = pcap_set_datalink(p, DLT_LINUX_SLL2);
	if (rc < 0)
		return fail(p, rc, error, size);
	*out = p;
	return 0;
}

int source_pcap_open(struct source_pcap **out, const char *filter, int snaplen,
		     char *error, size_t size)
{
	const struct ring r = { snaplen, TAP_RING, 0 };
	pcap_t *p;
	int rc = activate(&p, &r, error, size);

	if (rc < 0)
		return rc;
	rc = filter_set(p, filter);
	if (rc >= 0 && packet_lock(pcap_fileno(p)) < 0)
		rc = PCAP_ERROR;
	if (rc < 0)
		return fail(p, rc, error, size);
	return adopt(out, p, LINK_SLL2, error, size);
}

int source_pcap_ring(struct source_pcap **out,
		     const struct sock_filter *program, unsigned short n,
		     int snaplen, int octets, int block_ms, char *error,
		     size_t size)
{
	const struct ring r = { snaplen, octets, block_ms };
	pcap_t *p;
	int rc = activate(&p, &r, error, size);

	if (rc < 0)
		return rc;
	if (packet_filter(pcap_fileno(p), program, n) < 0)
		return fail(p, PCAP_ERROR, error, size);
	return adopt(out, p, LINK_SLL2, error, size);
}

static bool known(int dlt, enum link *link)
{
	switch (dlt) {
	case DLT_EN10MB:
		*link = LINK_ETHERNET;
		return true;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		*link = LINK_RAW;
		return true;
	case DLT_LINUX_SLL:	/* PPP, and what libpcap does not know */
		*link = LINK_SLL;
		return true;
	default:
		return false;
	}
}

int source_pcap_open_link(struct source_pcap **out, const char *name,
			  int snaplen, char *error, size_t size)
{
	static const struct sock_filter none = { .code = BPF_RET | BPF_K };
	const struct ring r = { snaplen, LINK_RING, 0 };
	pcap_t *p = create(name, &r, error, size);
	enum link link;
	int rc;

	if (p == NULL)
		return -EIO;
	rc = pcap_activate(p);
	if (rc >= 0 && packet_filter(pcap_fileno(p), &none, 1) < 0)
		rc = PCAP_ERROR;
	if (rc >= 0)
		rc = pcap_setdirection(p, PCAP_D_IN);
	if (rc < 0)
		return fail(p, rc, error, size);
	if (!known(pcap_datalink(p), &link)) {
		snprintf(error, size, "%s: a link of an unknown kind", name);
		pcap_close(p);
		return -ENOTSUP;
	}
	return adopt(out, p, link, error, size);
}

void source_pcap_close(struct source_pcap *s)
{
	if (s == NULL)
		return;
	pcap_close(s->pcap);
	free(s);
}

int source_pcap_fd(const struct source_pcap *s)
{
	return pcap_get_selectable_fd(s->pcap);
}

enum link source_pcap_link(const struct source_pcap *s)
{
	return s->link;
}

static void hand_over(u_char *user, const struct pcap_pkthdr *h,
		      const u_char *bytes)
{
	struct source_pcap *s = (void *)user;
	int64_t wall = (int64_t)h->ts.tv_sec * (int64_t)CLOCK_S +
		       (int64_t)h->ts.tv_usec * 1000;

	s->packet(s->context, s->link, (struct slice){ bytes, h->caplen },
		  (uint64_t)(wall + s->offset));
}

int source_pcap_read(struct source_pcap *s, int max, source_packet *packet,
		     void *context)
{
	int n;

	s->offset = clock_ahead();
	s->packet = packet;
	s->context = context;
	n = pcap_dispatch(s->pcap, max, hand_over, (u_char *)s);
	return n < 0 ? -EIO : n;
}

uint64_t source_pcap_drops(struct source_pcap *s)
{
	struct pcap_stat st;

	return pcap_stats(s->pcap, &st) == 0 ? st.ps_drop : 0;
}
