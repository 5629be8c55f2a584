/* SPDX-License-Identifier: ISC */
#include "source/source_pcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

enum { KERNEL_RING = 1 << 20 };	/* octets */

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
	return rc == PCAP_ERROR_PERM_DENIED ? -EPERM : -EIO;
}

static int configure(pcap_t *p, int snaplen)
{
	/* Immediate mode: a single packet must not wait for company. */
	if (pcap_set_snaplen(p, snaplen) != 0 || pcap_set_promisc(p, 0) != 0 ||
	    pcap_set_immediate_mode(p, 1) != 0 ||
	    pcap_set_buffer_size(p, KERNEL_RING) != 0)
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

int source_pcap_open(struct source_pcap **out, const char *filter, int snaplen,
		     char *error, size_t size)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct source_pcap *s;
	pcap_t *p = pcap_create("any", why);
	int rc;

	if (p == NULL) {
		snprintf(error, size, "%s", why);
		return -EIO;
	}
	rc = configure(p, snaplen);
	if (rc == 0)
		rc = pcap_activate(p);
	if (rc >= 0)
		rc = pcap_set_datalink(p, DLT_LINUX_SLL2);
	if (rc >= 0)
		rc = filter_set(p, filter);
	if (rc >= 0)
		rc = pcap_setnonblock(p, 1, why);
	if (rc < 0)
		return fail(p, rc, error, size);
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		pcap_close(p);
		return -ENOMEM;
	}
	s->pcap = p;
	s->link = LINK_SLL2;
	*out = s;
	return 0;
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

static void hand_over(u_char *user, const struct pcap_pkthdr *h,
		      const u_char *bytes)
{
	struct source_pcap *s = (void *)user;
	int64_t wall = (int64_t)h->ts.tv_sec * (int64_t)CLOCK_S +
		       (int64_t)h->ts.tv_usec * 1000;

	s->packet(s->context, s->link, (struct slice){ bytes, h->caplen },
		  (uint64_t)(wall + s->offset));
}

void source_pcap_read(struct source_pcap *s, int max, source_packet *packet,
		      void *context)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	s->offset = (int64_t)clock_boot() -
		    ((int64_t)ts.tv_sec * (int64_t)CLOCK_S + ts.tv_nsec);
	s->packet = packet;
	s->context = context;
	(void)pcap_dispatch(s->pcap, max, hand_over, (u_char *)s);
}

uint64_t source_pcap_drops(struct source_pcap *s)
{
	struct pcap_stat st;

	return pcap_stats(s->pcap, &st) == 0 ? st.ps_drop : 0;
}
