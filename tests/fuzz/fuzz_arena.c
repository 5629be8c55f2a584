/* SPDX-License-Identifier: ISC */
/*
 * Control's side of a hostile datapath. The input is a script of what the
 * datapath stores into its part, between control's readings:
 *
 *	0 n n n n	grant_head = n
 *	1 n n n n	ack_tail = n
 *	2 i k ...	k octets into record i, from its front
 *	3		control takes all grants it can
 *	4		control acknowledges one
 *	5 n n n n	both counts start anew at n, as if so much had passed
 *
 * Whatever is stored, control reads records inside the array only, copies
 * them out, and takes no more than the ring holds at a time.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
	const uint8_t *p;
	size_t left;
};

static struct arena_control control;
static struct arena_datapath datapath;

static uint8_t octet(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->p++;
}

static uint32_t word(struct script *s)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | octet(s);
	return v;
}

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void store_record(struct script *s)
{
	uint8_t *rec = (uint8_t *)&datapath.grants[octet(s) % RING_GRANTS];
	size_t n = octet(s);

	for (size_t i = 0; i < n && i < sizeof(struct grant); i++)
		rec[i] = octet(s);
}

/* As control does: once copied, checked and only then used. */
static void use(const struct grant *shared)
{
	const struct judge j = { .private = PRIVATE_ON_LINK };
	char text[IPADDR_TEXT];
	struct grant g;

	memcpy(&g, shared, sizeof(g));
	if (g.n_addrs == 0 || g.n_addrs > ALLOW_PER_NAME)
		return;
	for (unsigned int i = 0; i < g.n_addrs; i++) {
		enum judge_why why = judge_address(&j, &g.addrs[i]);

		expect(why < JUDGE__N);
		expect(strlen(ipaddr_text(&g.addrs[i], text)) < IPADDR_TEXT);
	}
}

static void take_grants(struct ring *r)
{
	const void *rec;
	unsigned int taken = 0;
	int got;

	while ((got = ring_peek(r, &rec)) == 1) {
		size_t at = (size_t)((const char *)rec -
				     (const char *)datapath.grants);

		expect(at < sizeof(datapath.grants));
		expect(at % sizeof(struct grant) == 0);
		use(rec);
		ring_release(r);
		expect(++taken <= RING_GRANTS);
	}
	expect(got <= 0);
}

static void give_ack(struct ring *r)
{
	struct ack *a = ring_claim(r);

	if (a == NULL)
		return;
	expect(a >= control.acks && a < control.acks + RING_ACKS);
	a->id++;
	ring_publish(r);
}

static void restart(uint32_t n)
{
	atomic_store(&datapath.grant_head.n, n);
	atomic_store(&control.grant_tail.n, n);
	atomic_store(&control.ack_head.n, n);
	atomic_store(&datapath.ack_tail.n, n);
}

static void step(struct script *s, struct ring *grants, struct ring *acks)
{
	switch (octet(s)) {
	case 0:
		atomic_store(&datapath.grant_head.n, word(s));
		break;
	case 1:
		atomic_store(&datapath.ack_tail.n, word(s));
		break;
	case 2:
		store_record(s);
		break;
	case 3:
		take_grants(grants);
		break;
	case 4:
		give_ack(acks);
		break;
	case 5:
		restart(word(s));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { .control = &control, .datapath = &datapath,
			   .control_fd = -1, .datapath_fd = -1,
			   .allow_fd = -1 };
	struct script s = { data, size };
	struct ring grants, acks;

	memset(datapath.grants, 0, sizeof(datapath.grants));
	restart(0);
	arena_grants(&a, &grants);
	arena_acks(&a, &acks);
	while (s.left > 0)
		step(&s, &grants, &acks);
	return 0;
}
