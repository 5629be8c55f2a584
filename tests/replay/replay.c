/* SPDX-License-Identifier: ISC */
/*
 * replay FILE.pcap: one readable line per packet, through the same code that
 * reads what comes from the network: frame, message, then the verdict on a
 * query or the chain and the judged addresses of a response.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "dnsmsg.h"
#include "frame.h"
#include "shared/policy.h"
#include "verdict.h"

static const char *const names[] = {
	"captive.apple.com",
	"connectivity-check.ubuntu.com",
};
static const char on_link[] = "10.1.0.0/16";

static struct policy policy = {
	.epoch = 1, .per_name = ALLOW_PER_NAME,
	.ttl_min = TTL_MIN, .ttl_max = TTL_MAX,
	.mode = MODE_FORWARD, .refuse = REFUSE_EMPTY,
};
static struct learnt learnt;

static const struct {
	int dlt;
	enum link link;
} links[] = {
	{ DLT_EN10MB, LINK_ETHERNET }, { DLT_RAW, LINK_RAW },
	{ DLT_NULL, LINK_NULL }, { DLT_LOOP, LINK_LOOP },
	{ DLT_LINUX_SLL, LINK_SLL }, { DLT_LINUX_SLL2, LINK_SLL2 },
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "replay: %s: %s\n", what, why);
	exit(1);
}

static void make_policy(void)
{
	struct judge *j = &policy.judge;

	for (size_t i = 0; i < NITEMS(names); i++) {
		struct policy_name *n = &policy.names[policy.n_names++];

		n->len = (uint8_t)dnsname_from_text(names[i], n->wire);
		if (n->len == 0)
			die(names[i], "not a name");
	}
	j->private = PRIVATE_ON_LINK;
	if (!ipnet_parse(on_link, &j->onlink[j->n_onlink++]))
		die(on_link, "not a net");
}

static enum link link_of(pcap_t *in, const char *path)
{
	for (size_t i = 0; i < NITEMS(links); i++)
		if (links[i].dlt == pcap_datalink(in))
			return links[i].link;
	die(path, "a link type that is not read");
	return LINK__N;
}

static void show_name(const struct dnsname *name)
{
	uint8_t wire[DNSNAME_MAX];
	char text[DNSNAME_TEXT];
	size_t len = dnsname_unpack(name, wire);

	printf(" %s", dnsname_to_text(wire, len, text));
}

static void show_question(const struct dnsmsg *m)
{
	show_name(&m->qname);
	switch (m->qtype) {
	case DNSTYPE_A:
		printf(" A");
		break;
	case DNSTYPE_AAAA:
		printf(" AAAA");
		break;
	case DNSTYPE_CNAME:
		printf(" CNAME");
		break;
	case DNSTYPE_HTTPS:
		printf(" HTTPS");
		break;
	default:
		printf(" TYPE%u", m->qtype);
	}
}

static void show_query(const struct dnsmsg *m)
{
	uint8_t name[DNSNAME_MAX];
	enum verdict v = verdict_query(m, &policy, &learnt, 0, name);

	printf(" query %s", verdict_name(v));
	show_question(m);
	if (m->edns)
		printf(", edns %u", m->udp_size);
}

static void show_addr(const struct dnsmsg *m, const struct ipaddr *a)
{
	char text[IPADDR_TEXT];
	enum judge_why why = m->qtype == DNSTYPE_AAAA ?
		judge_aaaa(&policy.judge, a->b) :
		judge_address(&policy.judge, a);

	printf(", %s %s", ipaddr_text(a, text), judge_name(why));
}

static void show_chain(const struct dnsmsg *m, const struct chain *c)
{
	for (unsigned int i = 0; i < c->n_hops; i++) {
		printf(" >");
		show_name(&c->hops[i]);
	}
	for (unsigned int i = 0; i < c->n_addrs; i++)
		show_addr(m, &c->addrs[i]);
	printf(", ttl %u%s", c->ttl, c->foreign ? ", foreign" : "");
}

static bool is_followed(uint16_t type)
{
	return type == DNSTYPE_A || type == DNSTYPE_AAAA ||
	       type == DNSTYPE_CNAME;
}

static void show_response(const struct dnsmsg *m)
{
	enum chain_why why;
	struct chain c;

	printf(" response rcode %u", m->flags & DNSFLAG_RCODE);
	if (!is_followed(m->qtype)) {
		show_question(m);
		return;
	}
	why = chain_read(m, &c);
	printf(" %s", chain_name(why));
	show_question(m);
	if (why == CHAIN_OK)
		show_chain(m, &c);
}

static void show_message(struct slice payload)
{
	struct dnsmsg m;
	enum parse why = payload.len > SLOT_SIZE ? PARSE_LONG :
						   dnsmsg_read(payload, &m);

	if (why != PARSE_OK)
		printf(" message refused: %s", parse_name(why));
	else if (m.flags & DNSFLAG_QR)
		show_response(&m);
	else
		show_query(&m);
}

static void show_end(const struct ipaddr *a, const struct frame *f,
		     uint16_t port)
{
	char text[IPADDR_TEXT];

	printf(" %s", ipaddr_text(a, text));
	if (f->ports)
		printf("#%u", port);
}

static void show_frame(const struct frame *f)
{
	show_end(&f->src, f, f->sport);
	printf(" >");
	show_end(&f->dst, f, f->dport);
	printf("%s %s", f->outgoing ? " out" : "",
	       f->protocol == FRAME_UDP ? "udp" :
	       f->protocol == FRAME_TCP ? "tcp" : "other");
}

static void show_packet(unsigned int number, enum link link,
			struct slice packet)
{
	struct frame f;
	enum parse why = frame_read(link, packet, &f);

	printf("%u", number);
	if (why == PARSE_OK || why == PARSE_FRAGMENT)
		show_frame(&f);
	if (why != PARSE_OK)
		printf(" frame refused: %s", parse_name(why));
	else if (f.protocol == FRAME_TCP)
		printf(" flags %#x, %zu octets", f.tcp_flags, f.payload.len);
	else if (f.sport == 53 || f.dport == 53)
		show_message(f.payload);
	else
		printf(" %zu octets", f.payload.len);
	putchar('\n');
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const u_char *octets;
	unsigned int number = 0;
	enum link link;
	pcap_t *in;
	int more;

	if (argc != 2)
		die("usage", "replay FILE.pcap");
	in = pcap_open_offline(argv[1], error);
	if (in == NULL)
		die(argv[1], error);
	link = link_of(in, argv[1]);
	make_policy();
	while ((more = pcap_next_ex(in, &h, &octets)) == 1)
		show_packet(++number, link,
			    (struct slice){ octets, h->caplen });
	if (more != PCAP_ERROR_BREAK)
		die(argv[1], pcap_geterr(in));
	pcap_close(in);
	return 0;
}
