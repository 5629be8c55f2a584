/* SPDX-License-Identifier: ISC */
#include "door.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"

/* So that the same capture always meets the same table. */
static const uint64_t SEED = 1;

/* ---- the firewall, listened to */

/* The door that is open, and what fw_memory does. */
static struct door *door;
static const struct fw_ops *memory;

static int add(struct fw *fw, const struct fw_element *e, unsigned int n,
	       struct why *why)
{
	struct door_told *t = &door->told;
	int error = memory->add(fw, e, n, why);

	for (unsigned int i = 0; error == 0 && i < n; i++)
		if (t->n < NITEMS(t->element))
			t->element[t->n++] = e[i];
	return error;
}

static int open_firewall(struct door *d, const struct conf *c,
			 struct why *why)
{
	static struct fw_ops ops;
	int error = fw_memory_open(&d->answer.fw, c, why);

	if (error < 0)
		return error;
	memory = d->answer.fw->ops;
	ops = *memory;
	ops.add = add;
	d->answer.fw->ops = &ops;
	door = d;
	d->ruleset = (struct fw_ruleset){ .policy = FW_BLOCKED_ACTIVE,
					  .lan = c->lan };
	return 0;
}

static void load(struct door *d)
{
	struct why why;
	int error = d->answer.fw->ops->load(d->answer.fw, &d->ruleset, &why);

	assert(error == 0);
	(void)error;
}

static int reload(void *context)
{
	load(context);
	return 0;
}

static void opened(void *context, const struct allowed_entry *e,
		   const uint8_t *name)
{
	(void)name;
	(void)context;
	(void)e;
}

/* ---- the arena */

/* Zero, and no page of it is there before it is used. */
static void *part(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int open_arena(struct door *d, struct why *why)
{
	d->arena = (struct arena)ARENA_NONE;
	d->arena.control = part(sizeof(*d->arena.control));
	d->arena.datapath = part(sizeof(*d->arena.datapath));
	d->arena.allow = part(sizeof(*d->arena.allow));
	if (d->arena.control == NULL || d->arena.datapath == NULL ||
	    d->arena.allow == NULL)
		return why_set(why, -ENOMEM, "out of memory");
	allow_init(d->arena.allow, SEED);
	arena_grants(&d->arena, &d->grants);
	arena_acks(&d->arena, &d->acks);
	return 0;
}

static void unmap(void *p, size_t size)
{
	if (p != NULL)
		munmap(p, size);
}

static void close_arena(struct door *d)
{
	unmap(d->arena.control, sizeof(*d->arena.control));
	unmap(d->arena.datapath, sizeof(*d->arena.datapath));
	unmap(d->arena.allow, sizeof(*d->arena.allow));
}

/* ---- open and shut */

static void configured_upstreams(struct policy *p, const struct conf *c)
{
	for (unsigned int i = 0; i < c->n_upstreams; i++)
		p->upstreams[p->n_upstreams++] = (struct policy_upstream){
			.addr = c->upstreams[i], .port = c->upstream_port,
		};
}

int door_open(struct door *d, const struct conf *c, struct why *why)
{
	int error;

	memset(d, 0, sizeof(*d));
	conf_policy(c, &d->policy);
	configured_upstreams(&d->policy, c);
	error = open_arena(d, why);
	if (error == 0)
		error = open_firewall(d, c, why);
	if (error < 0) {
		close_arena(d);
		return error;
	}
	d->answer.max = c->allow.max_addresses;
	d->answer.per_name = c->allow.per_name;
	d->answer.context = d;
	d->answer.on_open = opened;
	d->answer.reload = reload;
	answer_attach(&d->answer, &d->arena);
	return 0;
}

void door_close(struct door *d)
{
	d->answer.fw->ops->close(d->answer.fw);
	door = NULL;
	close_arena(d);
}

/*
 * Not by answer_stop(), which would look for connections of this very host to
 * kill. The memory forgets its addresses with its rules.
 */
void door_restart(struct door *d)
{
	load(d);
	allowed_cut(&d->answer.allowed, 0);
	answer_start(&d->answer);
	d->answer.judge = d->policy.judge;
	d->policy.epoch = d->answer.epoch;
}

int door_grant(struct door *d, struct grant *g)
{
	struct grant *record = ring_claim(&d->grants);
	const void *ack;
	int error, n;

	/* The last one was served before door_grant() returned. */
	assert(record != NULL);
	g->id = ++d->id;
	g->epoch = d->policy.epoch;
	g->deadline = clock_boot() + ACK_DEADLINE_MS * CLOCK_MS;
	memcpy(record, g, sizeof(*record));
	ring_publish(&d->grants);
	d->told.n = 0;
	n = answer_grants(&d->answer);
	assert(n == 1);
	n = ring_peek(&d->acks, &ack);
	assert(n == 1);
	(void)n;
	error = ((const struct ack *)ack)->error;
	ring_release(&d->acks);
	if (error < 0)
		d->told.n = 0;
	return error;
}
