/* SPDX-License-Identifier: ISC */
#include "tests/unit/pfkernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firewall/pfnv.h"

struct pfkernel pfkernel;

static const char ANCHOR[] = "sallyport";

/* ---- what a test arranges and asks */

void pfkernel_reset(const struct pfsys *sys)
{
	memset(&pfkernel, 0, sizeof(pfkernel));
	pfkernel.sys = sys;
	pfkernel.takes = -1;
	pfkernel.next_token = 0xfeed0001;
	pfkernel.interfaces = "all\nem0\nlo\nlo0 (skip)\n";
}

struct pfk_table *pfkernel_table(const char *name)
{
	for (int i = 0; i < PFK_TABLES; i++)
		if (pfkernel.table[i].there &&
		    strcmp(pfkernel.table[i].name, name) == 0)
			return &pfkernel.table[i];
	return NULL;
}

static struct ipaddr address(const char *text)
{
	struct ipaddr a = { { 0 } };

	if (!ipaddr_parse(text, &a))
		fprintf(stderr, "no address: %s\n", text);
	return a;
}

static bool same(const struct pfabi_addr *a, const struct pfabi_addr *b)
{
	return a->af == b->af && a->net == b->net &&
	       memcmp(a->u, b->u, sizeof(a->u)) == 0;
}

static int find(const struct pfk_table *t, const struct pfabi_addr *a)
{
	for (int i = 0; i < t->n; i++)
		if (same(&t->addr[i], a))
			return i;
	return -1;
}

bool pfkernel_has(const char *table, const char *text)
{
	const struct pfk_table *t = pfkernel_table(table);
	struct ipaddr a = address(text);
	struct pfabi_addr k = { .af = pfkernel.sys->inet6, .net = 128 };

	memcpy(k.u, a.b, 16);
	if (ipaddr_is_v4(&a)) {
		k = (struct pfabi_addr){ .af = 2, .net = 32 };
		memcpy(k.u, a.b + IPADDR_V4_AT, 4);
	}
	return t != NULL && find(t, &k) >= 0;
}

void pfkernel_state(const char *src, const char *dst, const char *ifname)
{
	struct pfk_state *s = &pfkernel.state[pfkernel.n_states++];

	s->src = address(src);
	s->dst = address(dst);
	snprintf(s->ifname, sizeof(s->ifname), "%s", ifname);
}

void pfkernel_rule(struct pfk_rules *r, const char *line)
{
	snprintf(r->line[r->n++], PFK_LINE, "%s", line);
	r->ticket++;
}

/* ---- tables: pf_table.c */

static int check(const struct pfabi_addr *a)
{
	unsigned int bits = a->af == 2 ? 32 : 128;

	if ((a->af != 2 && a->af != pfkernel.sys->inet6) || a->net > bits ||
	    a->not > 1 || a->fback != 0)
		return -EINVAL;
	for (unsigned int i = a->net; i < 128; i++)
		if (a->u[i / 8] & 0x80 >> i % 8)
			return -EINVAL;
	return 0;
}

static int check_all(const struct pfabi_io_table *io)
{
	const struct pfabi_addr *a = io->buffer;

	for (int32_t i = 0; i < io->size; i++)
		if (check(&a[i]) != 0)
			return -EINVAL;
	return 0;
}

static void insert(struct pfk_table *t, const struct pfabi_io_table *io)
{
	const struct pfabi_addr *a = io->buffer;
	int room = pfkernel.takes < 0 ? PFK_ADDRS : pfkernel.takes;

	for (int32_t i = 0; i < io->size; i++)
		if (find(t, &a[i]) < 0 && room-- > 0)
			t->addr[t->n++] = a[i];
}

static void erase(struct pfk_table *t, struct pfabi_io_table *io)
{
	const struct pfabi_addr *a = io->buffer;

	for (int32_t i = 0; i < io->size; i++) {
		int at = find(t, &a[i]);

		if (at >= 0) {
			t->addr[at] = t->addr[--t->n];
			io->ndel++;
		}
	}
}

static void test(struct pfk_table *t, struct pfabi_io_table *io)
{
	struct pfabi_addr *a = io->buffer;

	for (int32_t i = 0; i < io->size; i++) {
		bool in = find(t, &a[i]) >= 0;

		io->nadd += in;
		a[i].fback = in ? 8 : 0;	/* PFR_FB_MATCH */
	}
}

static void read_out(struct pfk_table *t, struct pfabi_io_table *io)
{
	if (io->size >= t->n)
		memcpy(io->buffer, t->addr,
		       sizeof(t->addr[0]) * (size_t)t->n);
	io->size = t->n;
}

static int on_table(unsigned long request, struct pfabi_io_table *io)
{
	struct pfk_table *t = pfkernel_table(io->table.name);

	if (io->esize != (request == PFABI_CLRADDRS ? 0 : 20))
		return -ENODEV;
	if (strcmp(io->table.anchor, ANCHOR) != 0 || t == NULL)
		return -ESRCH;
	if (request != PFABI_CLRADDRS && request != PFABI_GETADDRS &&
	    check_all(io) != 0)
		return -EINVAL;
	if (request == PFABI_ADDADDRS)
		insert(t, io);
	else if (request == PFABI_DELADDRS)
		erase(t, io);
	else if (request == PFABI_TSTADDRS)
		test(t, io);
	else if (request == PFABI_GETADDRS)
		read_out(t, io);
	else
		t->n = 0;
	return 0;
}

/* ---- on and off */

static int tokens(void)
{
	int n = 0;

	for (int i = 0; i < PFK_TOKENS; i++)
		n += pfkernel.token[i] != 0;
	return n;
}

static int start_ref(uint64_t *token)
{
	for (int i = 0; i < PFK_TOKENS; i++)
		if (pfkernel.token[i] == 0) {
			*token = pfkernel.token[i] = pfkernel.next_token++;
			pfkernel.on = true;
			return 0;
		}
	return -ENOMEM;
}

static int stop_ref(const struct pfabi_stopref *s)
{
	if (!pfkernel.on)
		return -ENOENT;
	for (int i = 0; i < PFK_TOKENS; i++)
		if (pfkernel.token[i] == s->token && s->token != 0) {
			pfkernel.token[i] = 0;
			pfkernel.on = tokens() > 0;
			return 0;
		}
	return -EINVAL;
}

static int starters(struct pfabi_starters *s)
{
	int n = 0;

	if (tokens() == 0)
		return -ENOENT;
	for (int i = 0; i < PFK_TOKENS; i++)
		if (pfkernel.token[i] != 0 &&
		    (size_t)n < (size_t)s->size / sizeof(*s->buffer))
			memcpy(s->buffer[n++].value, &pfkernel.token[i], 8);
	s->size = n * (int)sizeof(*s->buffer);
	return 0;
}

static int start(void)
{
	if (pfkernel.on)
		return -EEXIST;
	pfkernel.on = true;
	return 0;
}

static int stop(void)
{
	if (!pfkernel.on)
		return -ENOENT;
	pfkernel.on = false;
	memset(pfkernel.token, 0, sizeof(pfkernel.token));
	return 0;
}

/* ---- rules: pf_ioctl.c */

static struct pfk_rules *ruleset(const struct pfabi_io_rule *r)
{
	bool scrub = pfkernel.sys->scrub_anchor &&
		     r->rule[pfkernel.sys->action_at] == PFABI_SCRUB;

	if (strcmp(r->anchor, ANCHOR) == 0)
		return pfkernel.anchor ? &pfkernel.own : NULL;
	return r->anchor[0] != '\0' ? NULL :
	       scrub ? &pfkernel.scrub : &pfkernel.main;
}

static int get_rules(struct pfabi_io_rule *r)
{
	const struct pfk_rules *rules = ruleset(r);

	if (rules == NULL)
		return -EINVAL;
	r->ticket = rules->ticket;
	r->nr = (uint32_t)rules->n;
	return 0;
}

/* FreeBSD 14: pf_krule_compare(). */
static bool is_there(const struct pfk_rules *rules, const char *line)
{
	for (int i = 0; i < rules->n; i++)
		if (strcmp(rules->line[i], line) == 0)
			return pfkernel.sys == &pfsys_freebsd;
	return false;
}

static int add_head(struct pfk_rules *rules, const struct pfabi_io_rule *r)
{
	const char *label = (const char *)r->rule + pfkernel.sys->label_at;
	char line[PFK_LINE];
	const char *form = rules == &pfkernel.scrub ?
		"scrub-anchor \"%.64s\" all fragment reassemble" :
		"anchor \"%.64s\" all";
	int32_t table, len;

	memcpy(&table, r->rule + pfkernel.sys->rtableid_at, sizeof(table));
	if (r->pool_ticket != pfkernel.pool_ticket ||
	    table != pfkernel.sys->no_rtable)
		return -EBUSY;
	len = snprintf(line, sizeof(line), form, r->anchor_call);
	if (label[0] != '\0')
		snprintf(line + len, 32, " label \"%.16s\"", label);
	if (is_there(rules, line))
		return -EEXIST;
	memmove(rules->line[1], rules->line[0],
		sizeof(rules->line[0]) * (size_t)rules->n);
	memcpy(rules->line[0], line, sizeof(line));
	rules->n++;
	return 0;
}

static int change_rule(struct pfabi_io_rule *r)
{
	struct pfk_rules *rules = ruleset(r);
	int error = 0;

	if (rules == NULL)
		return -EINVAL;
	if (r->action == PFABI_GET_TICKET) {
		r->ticket = ++rules->ticket;
		return 0;
	}
	if (r->ticket != rules->ticket)
		return -EINVAL;
	if (r->action == PFABI_ADD_HEAD)
		error = add_head(rules, r);
	else if (r->action != PFABI_REMOVE || (int)r->nr >= rules->n)
		return -EINVAL;
	else
		memmove(rules->line[r->nr], rules->line[r->nr + 1],
			sizeof(rules->line[0]) *
			(size_t)(--rules->n - (int)r->nr));
	if (error == 0)
		rules->ticket++;
	return error;
}

/* ---- states */

static bool within(const struct ipaddr *a, const uint8_t *addr,
		   const uint8_t *mask)
{
	const uint8_t *b = ipaddr_is_v4(a) ? a->b + IPADDR_V4_AT : a->b;

	for (int i = 0; i < (ipaddr_is_v4(a) ? 4 : 16); i++)
		if ((b[i] & mask[i]) != (addr[i] & mask[i]))
			return false;
	return true;
}

static int kill_states(const struct pfk_kill *k)
{
	int killed = 0;

	for (int i = 0; i < pfkernel.n_states;) {
		const struct pfk_state *s = &pfkernel.state[i];
		uint64_t af = ipaddr_is_v4(&s->dst) ? 2 : pfkernel.sys->inet6;

		if ((k->af != 0 && k->af != af) ||
		    (k->ifname[0] != '\0' &&
		     strcmp(k->ifname, s->ifname) != 0) ||
		    !within(&s->src, k->src, k->src_mask) ||
		    !within(&s->dst, k->dst, k->dst_mask)) {
			i++;
			continue;
		}
		pfkernel.state[i] = pfkernel.state[--pfkernel.n_states];
		killed++;
	}
	return killed;
}

static int kill_nv(struct pfnv_io *io)
{
	static const uint8_t head[] = {
		0x6c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0,
		3, 7, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		'k', 'i', 'l', 'l', 'e', 'd', 0,
	};
	struct pfk_kill k;
	const char *bad;
	uint8_t *out = io->data;

	if (!pfkernel_unpack(io->data, io->len, &k, &bad))
		return -EINVAL;
	if (io->size < sizeof(head) + 8)
		return -ENOSPC;
	memset(out, 0, sizeof(head) + 8);
	memcpy(out, head, sizeof(head));
	out[sizeof(head)] = (uint8_t)kill_states(&k);
	io->len = sizeof(head) + 8;
	return 0;
}

static int kill_struct(struct pfabi_state_kill *s)
{
	struct pfk_kill k = { .af = s->af };

	memcpy(k.src, s->src.addr, 16);
	memcpy(k.src_mask, s->src.mask, 16);
	memcpy(k.dst, s->dst.addr, 16);
	memcpy(k.dst_mask, s->dst.mask, 16);
	memcpy(k.ifname, s->ifname, 16);
	s->af = (uint8_t)kill_states(&k);
	return 0;
}

/* ---- ioctl */

void pfkernel_note(const char *what)
{
	size_t len = strlen(pfkernel.log);

	snprintf(pfkernel.log + len, sizeof(pfkernel.log) - len, "%s ", what);
	if (pfkernel.before != NULL)
		pfkernel.before(what);
}

static const char *name_of(unsigned long request)
{
	static const struct {
		unsigned long request;
		const char *name;
	} names[] = {
		{ PFABI_CLRADDRS, "clear" }, { PFABI_ADDADDRS, "add" },
		{ PFABI_DELADDRS, "delete" }, { PFABI_GETADDRS, "get" },
		{ PFABI_TSTADDRS, "test" }, { PFABI_START, "start" },
		{ PFABI_STOP, "stop" }, { PFABI_STARTREF, "startref" },
		{ PFABI_STOPREF, "stopref" }, { PFABI_STARTERS, "starters" },
		{ PFABI_BEGINADDRS, "pool" }, { PFABI_KILLSTATES, "kill" },
		{ PFNV_KILLSTATES, "kill" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].request == request)
			return names[i].name;
	return request == pfkernel.sys->get_rules ? "rules" :
	       request == pfkernel.sys->change_rule ? "change" : "?";
}

static bool fails(unsigned long request)
{
	if (request != pfkernel.fail || pfkernel.times == 0 ||
	    --pfkernel.nth > 0)
		return false;
	pfkernel.nth = 1;
	pfkernel.times--;
	return true;
}

static int begin_addrs(struct pfabi_pooladdr *p)
{
	p->ticket = ++pfkernel.pool_ticket;
	return 0;
}

static int on_macos(unsigned long request, void *arg)
{
	switch (request) {
	case PFABI_STARTREF:
		return start_ref(arg);
	case PFABI_STOPREF:
		return stop_ref(arg);
	case PFABI_STARTERS:
		return starters(arg);
	case PFABI_KILLSTATES:
		return kill_struct(arg);
	default:
		return -ENODEV;
	}
}

static int on_ioctl(int fd, unsigned long request, void *arg)
{
	(void)fd;
	pfkernel_note(name_of(request));
	if (fails(request))
		return pfkernel.error;
	if (request == pfkernel.sys->get_rules)
		return get_rules(arg);
	if (request == pfkernel.sys->change_rule)
		return change_rule(arg);
	switch (request) {
	case PFABI_CLRADDRS:
	case PFABI_ADDADDRS:
	case PFABI_DELADDRS:
	case PFABI_GETADDRS:
	case PFABI_TSTADDRS:
		return on_table(request, arg);
	case PFABI_START:
		return start();
	case PFABI_STOP:
		return stop();
	case PFABI_BEGINADDRS:
		return begin_addrs(arg);
	case PFNV_KILLSTATES:
		return pfkernel.sys->states_nv ? kill_nv(arg) : -ENODEV;
	default:
		return pfkernel.sys->tokens ? on_macos(request, arg) :
					      -ENODEV;
	}
}

static const struct pfio io = { .ioctl = on_ioctl, .pfctl = pfkernel_pfctl };

struct pfdev pfkernel_dev(void)
{
	return (struct pfdev){ .sys = pfkernel.sys, .io = &io, .fd = -1 };
}
