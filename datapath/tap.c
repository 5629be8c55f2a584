/* SPDX-License-Identifier: ISC */
#include "tap.h"

#include <stdio.h>

#include "frame.h"
#include "source/source_pcap.h"

enum {
	TAP_SNAPLEN = 128,	/* SLL2, IPv6, TCP with options */
	TAP_BURST = 32,
	TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10,
};

/*
 * SYN, FIN or RST of TCP to or from a port of the door. pcap-filter's tcp[]
 * is IPv4 only; in IPv6 the flags stand at octet 53 when no extension header
 * comes between, as in all TCP that matters here.
 */
static int filter_text(const uint16_t *ports, unsigned int n, char *out,
		       size_t size)
{
	int len = snprintf(out, size, "((ip and tcp[tcpflags] & 7 != 0) or "
			   "(ip6 and ip6[6] = 6 and ip6[53] & 7 != 0)) and (");

	for (unsigned int i = 0; i < n && len > 0 && (size_t)len < size; i++)
		len += snprintf(out + len, size - (size_t)len, "%stcp port %u",
				i > 0 ? " or " : "", ports[i]);
	if (len > 0 && (size_t)len < size)
		len += snprintf(out + len, size - (size_t)len, ")");
	return len > 0 && (size_t)len < size ? 0 : -1;
}

int tap_open(struct tap *t, const uint16_t *ports, unsigned int n, char *error,
	     size_t size)
{
	char filter[1024];

	t->source = NULL;
	t->drops = 0;
	if (filter_text(ports, n, filter, sizeof(filter)) < 0) {
		snprintf(error, size, "too many ports");
		return -1;
	}
	return source_pcap_open(&t->source, filter, TAP_SNAPLEN, error, size);
}

int tap_fd(const struct tap *t)
{
	return t->source == NULL ? -1 : source_pcap_fd(t->source);
}

static uint64_t get(const _Atomic uint64_t *mark)
{
	return atomic_load_explicit(mark, memory_order_relaxed);
}

static void see(void *context, enum link link, struct slice packet,
		uint64_t time)
{
	struct tap *t = context;
	struct marks *m = t->marks;
	struct frame f;
	bool out;

	if (frame_read(link, packet, &f) != PARSE_OK)
		return;
	out = f.outgoing && allow_lookup(t->allow, &f.dst, time) != 0;
	if (!out && allow_lookup(t->allow, &f.src, time) == 0)
		return;
	if (out && (f.tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	    get(&m->probe_syn) == 0)
		atomic_store_explicit(&m->probe_syn, time,
				      memory_order_relaxed);
	if ((f.tcp_flags & (TCP_FIN | TCP_RST)) != 0 &&
	    get(&m->probe_syn) != 0 && get(&m->probe_fin) == 0)
		atomic_store_explicit(&m->probe_fin, time,
				      memory_order_relaxed);
}

void tap_read(struct tap *t)
{
	uint64_t drops;

	(void)source_pcap_read(t->source, TAP_BURST, see, t);
	drops = source_pcap_drops(t->source);
	counters_add(t->counters, COUNT_TAP_DROPS, drops - t->drops);
	t->drops = drops;
}
