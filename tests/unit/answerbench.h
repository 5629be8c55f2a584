/* SPDX-License-Identifier: ISC */
/*
 * answerbench.h - answer.c between a datapath's end of a real arena and a
 * firewall that fails on demand
 */
#ifndef ANSWERBENCH_H
#define ANSWERBENCH_H

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "answer.h"
#include "fwfake.h"
#include "log.h"
#include "record.h"

/* Both sides in one process: grants go in by `to`, acks come out of `from`. */
static struct answer answer;
static struct fwfake fw;
static struct arena control, datapath;
static struct ring to, from;
static struct why why;

static inline struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static inline bool in_table(const char *text)
{
	struct ipaddr a = addr(text);

	return allow_lookup(datapath.allow, &a, record_clock) != 0;
}

static inline bool in_kernel(const char *text)
{
	struct ipaddr a = addr(text);

	return fwfake_find(&fw, &a) >= 0;
}

static inline unsigned int acks_waiting(void)
{
	return atomic_load(from.head) - atomic_load(from.tail);
}

/* --- the callbacks of the daemon --- */

static inline void on_open(void *context, const struct allowed_entry *e,
			   const uint8_t *name)
{
	char text[IPADDR_TEXT];

	cr_expect_eq(name, answer.allowed.name[e - answer.allowed.entry]);
	cr_expect_eq(context, &answer);
	ipaddr_text(&e->addr, text);
	record_call("open:%s,table=%d,acks=%u", text, in_table(text),
		    acks_waiting());
}

static inline int reload(void *context)
{
	static const struct fw_ruleset door = { .policy = FW_BLOCKED_ACTIVE };
	struct why ignored;

	cr_expect_eq(context, &answer);
	return fw.fw.ops->load(&fw.fw, &door, &ignored);
}

static inline void setup(void)
{
	static const struct fw_ruleset door = { .policy = FW_BLOCKED_ACTIVE };

	log_open(true, LEVEL_ERROR);
	record_reset();
	fwfake_init(&fw);
	cr_assert_eq(arena_create(&control, -1), 0);
	cr_assert_eq(arena_attach(&datapath,
			fcntl(control.control_fd, F_DUPFD_CLOEXEC, 0),
			fcntl(control.datapath_fd, F_DUPFD_CLOEXEC, 0),
			fcntl(control.allow_fd, F_DUPFD_CLOEXEC, 0)), 0);
	arena_grants(&datapath, &to);
	arena_acks(&datapath, &from);
	answer = (struct answer){
		.fw = &fw.fw, .max = ALLOW_MAX, .per_name = ALLOW_PER_NAME,
		.context = &answer, .on_open = on_open, .reload = reload,
	};
	cr_assert_eq(fw.fw.ops->load(&fw.fw, &door, &why), 0);
	answer_attach(&answer, &control);
	answer_start(&answer);
	record_forget();
}

static inline void teardown(void)
{
	arena_close(&datapath);
	arena_close(&control);
}

/* --- the datapath's side --- */

static inline struct grant honest(const char *text)
{
	struct grant g = {
		.id = 7, .epoch = answer.epoch, .lifetime = TTL_MIN,
		.deadline = record_clock + ACK_DEADLINE_MS * CLOCK_MS,
		.name = "\7captive\5apple\3com", .name_len = 19,
	};
	char copy[1024], *at = copy, *one;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&at, " ")) != NULL)
		g.addrs[g.n_addrs++] = addr(one);
	return g;
}

static inline void push(const struct grant *g)
{
	void *r = ring_claim(&to);

	cr_assert_not_null(r);
	memcpy(r, g, sizeof(*g));
	ring_publish(&to);
}

/* The next ack's error; 1 if there is none. */
static inline int pop(uint32_t id)
{
	const void *r;
	struct ack k;

	if (ring_peek(&from, &r) != 1)
		return 1;
	memcpy(&k, r, sizeof(k));
	ring_release(&from);
	cr_expect_eq(k.id, id);
	return k.error;
}

/* What an honest client of the ring hears of g. */
static inline int ask(const struct grant *g)
{
	push(g);
	cr_expect_eq(answer_grants(&answer), 1);
	return pop(g->id);
}

static inline void open_now(const char *text, uint32_t lifetime)
{
	struct grant g = honest(text);

	g.lifetime = lifetime;
	cr_assert_eq(ask(&g), 0, "%s", text);
	record_forget();
}

static inline void pass(uint64_t ns)
{
	record_clock += ns;
}

static inline struct ipnet net(const char *text)
{
	struct ipnet n;

	cr_assert(ipnet_parse(text, &n), "%s", text);
	return n;
}

static inline void set_judge(void)
{
	struct judge *j = &answer.judge;

	j->private = PRIVATE_ON_LINK;
	j->own[j->n_own++] = addr("203.0.113.9");
	j->onlink[j->n_onlink++] = net("192.168.7.0/24");
	j->onlink[j->n_onlink++] = net("203.0.113.0/25");
	j->forbidden[j->n_forbidden++] = net("198.51.100.7/32");
	j->forbidden[j->n_forbidden++] = net("10.64.0.0/24");
}

#endif /* ANSWERBENCH_H */
