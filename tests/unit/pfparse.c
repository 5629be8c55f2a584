/* SPDX-License-Identifier: ISC */
#include "tests/unit/pfparse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WORDS = 40, WORD = 64, TABLES = 4 };
enum stage { IN_TABLES, IN_SCRUB, IN_FILTER };

struct rule {
	bool route, pass, in, out, all, proto, tcp, icmp, port;
	int af;			/* of addresses; 0: none told */
	bool literal, to_host, user, group, type, syn, state, keep;
};

struct state {
	struct pfparse *p;
	char word[WORDS][WORD];
	unsigned int n, at;
	enum stage stage;
	char table[TABLES][WORD];
	unsigned int n_tables;
	int end;		/* 1: all out blocked; 2: everything */
};

/* ---- words */

static bool special(char c)
{
	return c != '\0' && strchr("<>()!{}=", c) != NULL;
}

static bool split(struct state *s, const char *line, size_t len)
{
	s->n = s->at = 0;
	memset(s->word, 0, sizeof(s->word));
	for (size_t i = 0; i < len;) {
		size_t k = 0;

		if (line[i] == ' ') {
			i++;
			continue;
		}
		if (s->n == WORDS - 1)
			return false;
		if (line[i] == '!' && i + 1 < len && line[i + 1] == '=')
			k = 2;
		else if (special(line[i]))
			k = 1;
		else
			while (i + k < len && line[i + k] != ' ' &&
			       !special(line[i + k]))
				k++;
		if (k >= WORD)
			return false;
		memcpy(s->word[s->n++], line + i, k);
		i += k;
	}
	return true;
}

static bool is(struct state *s, const char *word)
{
	if (strcmp(s->word[s->at], word) != 0)
		return false;
	s->at++;
	return true;
}

static const char *take(struct state *s)
{
	return s->at < s->n ? s->word[s->at++] : "";
}

static long number(const char *w, long max)
{
	char *end;
	long v = strtol(w, &end, 10);

	return isdigit((unsigned char)w[0]) && *end == '\0' && v <= max ? v :
									  -1;
}

static bool name(const char *w)
{
	if (!isalpha((unsigned char)w[0]))
		return false;
	for (; *w != '\0'; w++)
		if (!isalnum((unsigned char)*w) && !strchr("_-.", *w))
			return false;
	return true;
}

/* A string in quotes, as an interface's name is. */
static bool quoted(const char *w)
{
	size_t len = strlen(w);

	return len > 2 && w[0] == '"' && w[len - 1] == '"' &&
	       strcspn(w + 1, "\"") == len - 2;
}

/* ---- parts of a rule */

static const char *address(const char *w, struct rule *r)
{
	unsigned char b[16];
	char copy[WORD];
	char *slash;
	int af;

	strcpy(copy, w);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash++ = '\0';
	af = inet_pton(AF_INET, copy, b) == 1 ? AF_INET :
	     inet_pton(AF_INET6, copy, b) == 1 ? AF_INET6 : 0;
	if (af == 0)
		return "neither a host nor a keyword";
	if (slash != NULL && number(slash, af == AF_INET ? 32 : 128) < 1)
		return "prefix length";
	if (af != r->af)
		return "address of another family, or without one";
	r->literal = true;
	return NULL;
}

static const char *table(struct state *s)
{
	const char *w = take(s);

	if (!is(s, ">"))
		return "table without its end";
	for (unsigned int i = 0; i < s->n_tables; i++)
		if (strcmp(s->table[i], w) == 0)
			return NULL;
	return "table that is not there";
}

static const char *host(struct state *s, struct rule *r, bool *any)
{
	*any = is(s, "any");
	if (*any)
		return NULL;
	if (is(s, "<"))
		return table(s);
	if (!is(s, "("))
		return address(take(s), r);
	return quoted(take(s)) && is(s, ")") ? NULL : "interface's addresses";
}

static const char *port(struct state *s, struct rule *r)
{
	char first[WORD], *colon;
	long a, b;

	if (!is(s, "port"))
		return NULL;
	r->port = true;
	if (is(s, "!="))
		return number(take(s), 65535) > 0 ? NULL : "port";
	strcpy(first, take(s));
	colon = strchr(first, ':');
	if (colon != NULL)
		*colon++ = '\0';
	a = number(first, 65535);
	b = colon == NULL ? a : number(colon, 65535);
	return a > 0 && b >= a ? NULL : "port";
}

static const char *hosts(struct state *s, struct rule *r)
{
	const char *bad;
	bool any;

	r->all = is(s, "all");
	if (r->all)
		return NULL;
	if (!is(s, "from"))
		return "neither all nor from";
	bad = host(s, r, &any);
	if (bad == NULL)
		bad = port(s, r);
	if (bad != NULL)
		return bad;
	if (!is(s, "to"))
		return "from without to";
	bad = host(s, r, &any);
	r->to_host = !any;
	return bad != NULL ? bad : port(s, r);
}

static const char *owner(struct state *s, struct rule *r)
{
	r->user = is(s, "user");
	if (r->user && number(take(s), 0x7ffffffe) < 0)
		return "user";
	r->group = is(s, "group");
	if (r->group && number(take(s), 0x7ffffffe) < 0)
		return "group";
	return NULL;
}

static const char *options(struct state *s, struct rule *r)
{
	const char *bad = owner(s, r);

	if (bad != NULL)
		return bad;
	r->type = is(s, "icmp6-type");
	if (r->type && (number(take(s), 255) < 0 || !is(s, "code") ||
			number(take(s), 255) < 0))
		return "type";
	r->syn = is(s, "flags");
	if (r->syn && !is(s, "S/SA"))
		return "flags";
	r->keep = is(s, "keep");
	r->state = r->keep || is(s, "no");
	if (r->state && !is(s, "state"))
		return "state";
	if (r->keep && !(is(s, "(") && is(s, "if-bound") && is(s, ")")))
		return "a state that is not bound to its interface";
	return s->at == s->n ? NULL : "something behind its end";
}

/* ---- what would load, and be wrong */

static const char *sense(const struct state *s, const struct rule *r)
{
	if (r->port && (!r->proto || r->icmp))
		return "port without its protocol";
	if (r->literal && r->af == 0)
		return "address without a family";
	if (r->icmp != r->type || (r->icmp && r->af != AF_INET6))
		return "ICMPv6 without a type or a family";
	if (r->syn && !(r->tcp && r->keep))
		return "S/SA without TCP or state";
	if (r->tcp && r->keep && !r->syn)
		return "TCP state from the middle of a connection";
	if (r->keep && !r->to_host)
		return "a state for anybody";
	if ((r->user || r->group) && !r->to_host)
		return "everybody is asked for his owner";
	if (r->group && (!r->user || !s->p->groups))
		return "group";
	if (r->route && (!r->pass || !r->out || r->keep))
		return "a route of what does not leave, or of its answers";
	if (r->pass != r->state)
		return "pass without a word about state, or block with one";
	return NULL;
}

/* Its hop is to be of the rule's family, which comes behind it. */
static const char *route(struct state *s, struct rule *r, char *hop)
{
	r->route = is(s, "route-to");
	if (!r->route)
		return NULL;
	if (!is(s, "(") || !name(take(s)))
		return "route's interface";
	strcpy(hop, take(s));
	return is(s, ")") ? NULL : "route's hop";
}

static const char *begin(struct state *s, struct rule *r)
{
	char hop[WORD];
	const char *bad;

	r->pass = is(s, "pass");
	if (!r->pass && (!is(s, "block") || !(is(s, "return") || is(s, "drop"))))
		return "action";
	r->in = is(s, "in");
	r->out = !r->in && is(s, "out");
	if (!is(s, "quick"))
		return "not quick";
	if (is(s, "on")) {
		const char *w;

		(void)is(s, "!");
		w = take(s);
		if (!quoted(w) && !name(w))
			return "interface";
	}
	bad = route(s, r, hop);
	r->af = is(s, "inet") ? AF_INET : is(s, "inet6") ? AF_INET6 : 0;
	if (bad == NULL && r->route)
		bad = address(hop, r);
	if (bad != NULL)
		return bad;
	r->proto = is(s, "proto");
	if (r->proto) {
		r->tcp = is(s, "tcp");
		r->icmp = !r->tcp && is(s, "ipv6-icmp");
		if (!r->tcp && !r->icmp && !is(s, "udp"))
			return "protocol";
	}
	return NULL;
}

static const char *filter(struct state *s)
{
	struct rule r = { .pass = false };
	const char *bad = begin(s, &r);

	if (bad == NULL)
		bad = hosts(s, &r);
	if (bad == NULL)
		bad = options(s, &r);
	if (bad == NULL)
		bad = sense(s, &r);
	s->p->rules++;
	return bad;
}

static const char *declare(struct state *s)
{
	const char *w;

	if (s->stage != IN_TABLES)
		return "table behind rules";
	if (!is(s, "<"))
		return "table without a name";
	w = take(s);
	if (!name(w) || s->n_tables == TABLES)
		return "table's name";
	strcpy(s->table[s->n_tables++], w);
	return is(s, ">") && is(s, "persist") && s->at == s->n ? NULL :
								 "table";
}

static const char *scrub(struct state *s)
{
	if (s->stage == IN_FILTER)
		return "scrub behind the filter";
	s->stage = IN_SCRUB;
	return is(s, "all") && is(s, "fragment") && is(s, "reassemble") &&
	       s->at == s->n ? NULL : "scrub";
}

/* The two rules that everything ends in. */
static void note_end(struct state *s, const char *line, size_t len)
{
	static const char *const last[] = {
		"block return out quick all", "block drop quick all",
	};
	const char *due = last[s->end == 1];

	s->end = len == strlen(due) && memcmp(line, due, len) == 0 ?
		 s->end % 2 + 1 : 0;
}

static const char *statement(struct state *s, const char *line, size_t len)
{
	if (len == 0 || line[0] == '#')
		return NULL;
	if (line[0] == ' ' || line[len - 1] == ' ' || !split(s, line, len))
		return "blanks, or too long";
	if (is(s, "table"))
		return declare(s);
	if (is(s, "scrub"))
		return scrub(s);
	s->stage = IN_FILTER;
	note_end(s, line, len);
	return filter(s);
}

const char *pfparse(const char *text, struct pfparse *p)
{
	struct state s = { .p = p };

	p->rules = 0;
	p->line = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		const char *bad;

		p->line++;
		if (text[len] != '\n')
			return "last line without its end";
		bad = statement(&s, text, len);
		if (bad != NULL)
			return bad;
		text += len + 1;
	}
	return p->rules > 0 && s.end != 2 ? "not everything is decided" : NULL;
}
