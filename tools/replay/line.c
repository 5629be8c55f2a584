/* SPDX-License-Identifier: ISC */
#include "line.h"

#include <inttypes.h>

#include "jsonout.h"
#include "words.h"

static const char *name_text(const struct dnsname *name,
			     char text[static DNSNAME_TEXT])
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_unpack(name, wire);

	return dnsname_to_text(wire, len, text);
}

/* As accept.c asks it. */
static enum judge_why judged(const struct line *l, const struct dnsmsg *m,
			     const struct ipaddr *a)
{
	return m->qtype == DNSTYPE_AAAA ? judge_aaaa(l->judge, a->b) :
					  judge_address(l->judge, a);
}

static const char *call(const struct fw_element *e)
{
	return e->renew ? "renew" : "open";
}

/* ---- text */

static void put_end(FILE *file, const struct ipaddr *a, bool ports,
		    uint16_t port)
{
	char text[IPADDR_TEXT];

	fputs(ipaddr_text(a, text), file);
	if (ports)
		fprintf(file, "#%u", port);
}

static void put_head(const struct line *l, const struct dryrun_event *e)
{
	const struct frame *f = e->frame;
	char text[WORDS_MAX];

	fprintf(l->file, "%" PRIu64 " %s", e->packet,
		words_time(e->time, text));
	if (f == NULL)
		return;
	putc(' ', l->file);
	put_end(l->file, &f->src, f->ports, f->sport);
	fputs(" > ", l->file);
	put_end(l->file, &f->dst, f->ports, f->dport);
	fprintf(l->file, "%s %s", f->outgoing ? " out" : "",
		words_protocol(f->protocol, text));
}

static void put_chain(const struct line *l, const struct dryrun_event *e)
{
	const struct chain *c = e->chain;
	char text[DNSNAME_TEXT], addr[IPADDR_TEXT];

	for (unsigned int i = 0; i < c->n_hops; i++)
		fprintf(l->file, " > %s", name_text(&c->hops[i], text));
	for (unsigned int i = 0; i < c->n_addrs; i++)
		fprintf(l->file, ", %s %s", ipaddr_text(&c->addrs[i], addr),
			judge_name(judged(l, e->msg, &c->addrs[i])));
	fprintf(l->file, ", ttl %u%s", c->ttl, c->foreign ? ", foreign" : "");
}

static void put_message(const struct line *l, const struct dryrun_event *e)
{
	const struct dnsmsg *m = e->msg;
	unsigned int rcode = m->flags & DNSFLAG_RCODE;
	char name[DNSNAME_TEXT], type[WORDS_MAX];

	fprintf(l->file, " %s %s %s %s %s",
		e->kind == DRYRUN_QUERY ? "query" : "response",
		finding_verdict(e->finding), finding_reason(e->finding),
		name_text(&m->qname, name), words_type(m->qtype, type));
	if (e->chain != NULL)
		put_chain(l, e);
	if (rcode != DNSRCODE_NOERROR)
		fprintf(l->file, ", rcode %u", rcode);
	if (m->edns)
		fprintf(l->file, ", edns %u", m->udp_size);
	if (e->latency > 0)
		fprintf(l->file, ", %" PRIu64 ".%03u ms",
			e->latency / 1000000,
			(unsigned int)(e->latency / 1000 % 1000));
}

/* Elements of one call to be made alike share their end. */
static void put_told(const struct line *l, const struct door_told *told)
{
	const struct fw_element *e, *last = NULL;
	char text[IPADDR_TEXT];

	fputs("; firewall:", l->file);
	for (unsigned int i = 0; told != NULL && i < told->n; i++) {
		e = &told->element[i];
		if (last != NULL && (last->seconds != e->seconds ||
				     last->renew != e->renew)) {
			fprintf(l->file, " for %u s,", last->seconds);
			last = NULL;
		}
		if (last == NULL)
			fprintf(l->file, " %s", call(e));
		fprintf(l->file, " %s", ipaddr_text(&e->addr, text));
		last = e;
	}
	if (last == NULL)
		fputs(" nothing", l->file);
	else
		fprintf(l->file, " for %u s", last->seconds);
}

static void put_leak(const struct line *l, const struct dryrun_event *e)
{
	fputs(" leak", l->file);
	if (e->frame != NULL && e->frame->fragment)
		fputs(" in fragments", l->file);
	if (e->frame != NULL)
		return;
	if (e->parse == PARSE_LINK && e->ethertype != 0)
		fprintf(l->file, " of ethertype 0x%04x", e->ethertype);
	else
		fprintf(l->file, " unreadable %s", parse_name(e->parse));
}

void line_text(void *context, const struct dryrun_event *e)
{
	const struct line *l = context;

	put_head(l, e);
	switch (e->kind) {
	case DRYRUN_QUERY:
	case DRYRUN_RESPONSE:
		put_message(l, e);
		put_told(l, e->told);
		break;
	case DRYRUN_UNREADABLE:
		fprintf(l->file, " unreadable %s", parse_name(e->parse));
		put_told(l, NULL);
		break;
	case DRYRUN_LEAK:
		put_leak(l, e);
		break;
	case DRYRUN_EPISODE:
		fputs(" time goes back: everything is shut", l->file);
		break;
	}
	if (e->leak && e->kind != DRYRUN_LEAK)
		fputs("; leak", l->file);
	putc('\n', l->file);
}

/* ---- JSON */

static void object_end(struct jsonout *j, const char *addr, const char *port,
		       const struct ipaddr *a, bool ports, uint16_t number)
{
	char text[IPADDR_TEXT];

	jsonout_text(j, addr, ipaddr_text(a, text));
	if (ports)
		jsonout_number(j, port, number);
}

static void object_head(struct jsonout *j, const struct line *l,
			const struct dryrun_event *e)
{
	static const char *const kinds[] = {
		[DRYRUN_QUERY] = "query", [DRYRUN_RESPONSE] = "response",
		[DRYRUN_UNREADABLE] = "unreadable", [DRYRUN_LEAK] = "leak",
		[DRYRUN_EPISODE] = "episode",
	};
	const struct frame *f = e->frame;
	char text[WORDS_MAX];

	jsonout_text(j, "file", l->path);
	jsonout_number(j, "packet", e->packet);
	jsonout_text(j, "time", words_time(e->time, text));
	jsonout_text(j, "kind", kinds[e->kind]);
	if (f == NULL)
		return;
	object_end(j, "src", "sport", &f->src, f->ports, f->sport);
	object_end(j, "dst", "dport", &f->dst, f->ports, f->dport);
	jsonout_text(j, "protocol", words_protocol(f->protocol, text));
	if (f->outgoing)
		jsonout_bool(j, "outgoing", true);
	if (f->fragment)
		jsonout_bool(j, "fragment", true);
}

static void object_chain(struct jsonout *j, const struct line *l,
			 const struct dryrun_event *e)
{
	const struct chain *c = e->chain;
	char text[DNSNAME_TEXT], addr[IPADDR_TEXT];

	jsonout_array(j, "chain");
	for (unsigned int i = 0; i < c->n_hops; i++)
		jsonout_text(j, NULL, name_text(&c->hops[i], text));
	jsonout_end(j);
	jsonout_array(j, "addresses");
	for (unsigned int i = 0; i < c->n_addrs; i++) {
		jsonout_object(j, NULL);
		jsonout_text(j, "address", ipaddr_text(&c->addrs[i], addr));
		jsonout_text(j, "judged",
			     judge_name(judged(l, e->msg, &c->addrs[i])));
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_number(j, "ttl", c->ttl);
	jsonout_bool(j, "foreign", c->foreign);
}

static void object_message(struct jsonout *j, const struct line *l,
			   const struct dryrun_event *e)
{
	const struct dnsmsg *m = e->msg;
	char name[DNSNAME_TEXT], type[WORDS_MAX];

	jsonout_text(j, "verdict", finding_verdict(e->finding));
	jsonout_text(j, "reason", finding_reason(e->finding));
	jsonout_text(j, "name", name_text(&m->qname, name));
	jsonout_text(j, "type", words_type(m->qtype, type));
	if (e->kind == DRYRUN_RESPONSE)
		jsonout_number(j, "rcode", m->flags & DNSFLAG_RCODE);
	if (m->edns)
		jsonout_number(j, "edns", m->udp_size);
	if (e->chain != NULL)
		object_chain(j, l, e);
	if (e->latency > 0)
		jsonout_ms(j, "latency_ms", e->latency);
}

static void object_told(struct jsonout *j, const struct door_told *told)
{
	char text[IPADDR_TEXT];

	jsonout_array(j, "firewall");
	for (unsigned int i = 0; told != NULL && i < told->n; i++) {
		const struct fw_element *e = &told->element[i];

		jsonout_object(j, NULL);
		jsonout_text(j, "call", call(e));
		jsonout_text(j, "address", ipaddr_text(&e->addr, text));
		jsonout_number(j, "seconds", e->seconds);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void line_json(void *context, const struct dryrun_event *e)
{
	const struct line *l = context;
	struct jsonout j = { .file = l->file };

	jsonout_object(&j, NULL);
	object_head(&j, l, e);
	if (e->msg != NULL)
		object_message(&j, l, e);
	if (e->kind == DRYRUN_UNREADABLE) {
		jsonout_text(&j, "verdict", "unreadable");
		jsonout_text(&j, "reason", parse_name(e->parse));
	}
	if (e->kind == DRYRUN_LEAK && e->frame == NULL) {
		jsonout_text(&j, "reason", parse_name(e->parse));
		jsonout_number(&j, "ethertype", e->ethertype);
	}
	if (e->kind <= DRYRUN_UNREADABLE)
		object_told(&j, e->told);
	jsonout_bool(&j, "leak", e->leak);
	jsonout_end(&j);
}
