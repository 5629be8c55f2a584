/* SPDX-License-Identifier: ISC */
/*
 * The allow table against a linear twin: an array of all addresses in play,
 * each with the epoch and expiry it was last opened with. Random operations
 * of a fixed seed; every answer must be the same. The table may refuse an
 * insert only if the entries of that address's window really are all live,
 * which is counted in the table's own memory, by the address's home entry.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/allow.h"

enum {
	OPERATIONS = 600000,
	ADDRESSES = 4800,	/* more than the table has entries */
};

struct twin {
	struct ipaddr addr;
	uint32_t epoch;		/* 0 = never opened, or closed */
	uint64_t expiry;
	size_t home;		/* first entry of its window */
};

static struct allow table, probe;
static struct twin twins[ADDRESSES];
static uint32_t epoch;
static uint64_t now;

/* xorshift64: the same numbers everywhere. */
static uint32_t draw(uint32_t below)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 20) % below;
}

static void fail(const char *what, const struct twin *t)
{
	char text[IPADDR_TEXT];

	fprintf(stderr, "oracle_allow: %s: %s, epoch %u, now %llu\n", what,
		ipaddr_text(&t->addr, text), epoch, (unsigned long long)now);
	exit(1);
}

/* Half v4, half v6; neighbours, as a portal's answers are. */
static struct ipaddr make_addr(unsigned int i)
{
	uint8_t v4[4] = { 198, 51, (uint8_t)(i >> 8), (uint8_t)i };
	uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, (uint8_t)draw(4) };

	if (i % 2 == 0)
		return ipaddr_v4(v4);
	v6[14] = (uint8_t)(i >> 8);
	v6[15] = (uint8_t)i;
	return ipaddr_v6(v6);
}

/* An empty table of the same seed puts the address into its home entry. */
static size_t find_home(const struct ipaddr *a, uint64_t seed)
{
	size_t i = 0;

	allow_init(&probe, seed);
	allow_set_epoch(&probe, 1);
	if (allow_insert(&probe, a, 1, 0) != 0)
		abort();
	while (probe.entries[i].tag == 0)
		i++;
	return i;
}

static void init(uint64_t seed)
{
	allow_init(&table, seed);
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		twins[i].addr = make_addr(i);
		twins[i].home = find_home(&twins[i].addr, seed);
	}
}

static bool open_now(const struct twin *t)
{
	return epoch != 0 && t->epoch == epoch && now < t->expiry;
}

static uint64_t twin_lookup(const struct twin *t)
{
	return open_now(t) ? t->expiry : 0;
}

static bool window_full(const struct twin *t)
{
	for (size_t i = 0; i < ALLOW_PROBES; i++) {
		const struct allow_entry *e =
			&table.entries[t->home + i];

		if (e->tag >> 32 != epoch || e->expiry <= now)
			return false;
	}
	return true;
}

/* Returns true if the table refused. */
static bool insert(struct twin *t)
{
	uint64_t expiry = now + draw(2000);
	bool full = window_full(t), was_open = open_now(t);
	int error = allow_insert(&table, &t->addr, expiry, now);

	if (epoch == 0) {
		if (error != -EINVAL)
			fail("insert while shut", t);
		return false;
	}
	if (error == -ENOSPC) {
		if (!full || was_open)
			fail("refused without need", t);
		return true;
	}
	if (error != 0)
		fail("insert", t);
	t->epoch = epoch;
	t->expiry = expiry;
	return false;
}

static void remove_one(struct twin *t)
{
	allow_remove(&table, &t->addr);
	if (t->epoch == epoch)
		t->epoch = 0;
}

static void next_epoch(void)
{
	static uint32_t last = UINT32_MAX - 3 * (OPERATIONS / 1000);

	if (draw(4) == 0) {
		epoch = 0;
	} else {
		epoch = ++last;
	}
	allow_set_epoch(&table, epoch);
}

static void check(const struct twin *t)
{
	if (allow_lookup(&table, &t->addr, now) != twin_lookup(t))
		fail("lookup", t);
}

/* Returns true if the table refused. */
static bool step(void)
{
	struct twin *t = &twins[draw(ADDRESSES)];
	uint32_t what = draw(4000);
	bool refused = false;

	if (what == 0)
		next_epoch();
	else if (what < 800)
		now += draw(4);
	else if (what < 2400)
		refused = insert(t);
	else if (what < 2600)
		remove_one(t);
	check(t);
	check(&twins[draw(ADDRESSES)]);
	return refused;
}

int main(void)
{
	unsigned int refused = 0, open = 0;

	init(0x5a11e900d);
	for (size_t i = 0; i < ALLOW_ENTRIES; i++)
		table.entries[i].tag = UINT32_MAX - 10;
	next_epoch();
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		refused += step();
		if (i % 1000 != 0)
			continue;
		for (unsigned int j = 0; j < ADDRESSES; j++) {
			check(&twins[j]);
			open += open_now(&twins[j]);
		}
	}
	printf("oracle_allow: %d operations, %u seen open, %u refused\n",
	       OPERATIONS, open, refused);
	/* A run that never opened or never filled a window proves nothing. */
	return open > 0 && refused > 0 ? 0 : 1;
}
