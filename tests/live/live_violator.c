/* SPDX-License-Identifier: ISC */
/*
 * The daemon with the fault that live/order.sh looks for: it replies first.
 * An addition is reported as done at once, and done a moment later by a
 * thread; with door = hash, a store into the table. Linked with
 * --wrap=fw_nft_open and --wrap=allow_insert.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "firewall/fw.h"
#include "shared/allow.h"

enum { LATE = 64, BATCH = ALLOW_PER_NAME };

/* Long for a race, short for a person. */
static const struct timespec moment = { .tv_nsec = 100000 };

struct late {
	struct fw_element e[BATCH];
	unsigned int n;
	struct allow *table;	/* else NULL */
	struct ipaddr addr;
	uint64_t expiry, now;
};

static struct fw_ops real, ours;
static pthread_mutex_t firewall = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queued = PTHREAD_COND_INITIALIZER;
static struct late late[LATE];
static unsigned int head, tail;
static bool by_table;

int __real_fw_nft_open(struct fw **fw, const struct conf *c, struct why *why);
int __wrap_fw_nft_open(struct fw **fw, const struct conf *c, struct why *why);

int __real_allow_insert(struct allow *t, const struct ipaddr *a,
			uint64_t expiry, uint64_t now);
int __wrap_allow_insert(struct allow *t, const struct ipaddr *a,
			uint64_t expiry, uint64_t now);

static void do_late(struct fw *fw, const struct late *l)
{
	struct why why;

	pthread_mutex_lock(&firewall);
	if (l->table != NULL)
		(void)!__real_allow_insert(l->table, &l->addr, l->expiry,
					   l->now);
	else
		(void)!real.add(fw, l->e, l->n, &why);
	pthread_mutex_unlock(&firewall);
}

static void *add_late(void *arg)
{
	for (;;) {
		struct late l;

		pthread_mutex_lock(&queue);
		while (head == tail)
			pthread_cond_wait(&queued, &queue);
		l = late[tail++ % LATE];
		pthread_mutex_unlock(&queue);
		nanosleep(&moment, NULL);
		do_late(arg, &l);
	}
	return NULL;
}

static int later(const struct late *l)
{
	int error = 0;

	pthread_mutex_lock(&queue);
	if (head - tail == LATE) {
		error = -ENOSPC;
	} else {
		late[head++ % LATE] = *l;
		pthread_cond_signal(&queued);
	}
	pthread_mutex_unlock(&queue);
	return error;
}

static int add(struct fw *fw, const struct fw_element *e, unsigned int n,
	       struct why *why)
{
	struct late l = { .n = n };

	if (by_table)
		return real.add(fw, e, n, why);
	if (n > BATCH)
		return why_set(why, -ENOSPC, "too much is late");
	memcpy(l.e, e, n * sizeof(*e));
	return later(&l) < 0 ? why_set(why, -ENOSPC, "too much is late") : 0;
}

int __wrap_allow_insert(struct allow *t, const struct ipaddr *a,
			uint64_t expiry, uint64_t now)
{
	const struct late l = { .table = t, .addr = *a, .expiry = expiry,
				.now = now };

	return by_table ? later(&l) :
			  __real_allow_insert(t, a, expiry, now);
}

/* The rest of what uses the element socket, one at a time. */

static int load(struct fw *fw, const struct fw_ruleset *r, struct why *why)
{
	int error;

	pthread_mutex_lock(&firewall);
	error = real.load(fw, r, why);
	pthread_mutex_unlock(&firewall);
	return error;
}

static int drop(struct fw *fw, const struct ipaddr *a, unsigned int n,
		struct why *why)
{
	int error;

	pthread_mutex_lock(&firewall);
	error = real.remove(fw, a, n, why);
	pthread_mutex_unlock(&firewall);
	return error;
}

static int clear(struct fw *fw, struct why *why)
{
	int error;

	pthread_mutex_lock(&firewall);
	error = real.clear(fw, why);
	pthread_mutex_unlock(&firewall);
	return error;
}

static int list(struct fw *fw, struct ipaddr *a, unsigned int max,
		struct why *why)
{
	int n;

	pthread_mutex_lock(&firewall);
	n = real.list(fw, a, max, why);
	pthread_mutex_unlock(&firewall);
	return n;
}

static int verify(struct fw *fw, uint32_t *generation, struct why *why)
{
	int same;

	pthread_mutex_lock(&firewall);
	same = real.verify(fw, generation, why);
	pthread_mutex_unlock(&firewall);
	return same;
}

int __wrap_fw_nft_open(struct fw **fw, const struct conf *c, struct why *why)
{
	int error = __real_fw_nft_open(fw, c, why);
	pthread_t thread;

	if (error < 0)
		return error;
	real = ours = *(*fw)->ops;
	ours.load = load;
	ours.add = add;
	ours.remove = drop;
	ours.clear = clear;
	ours.list = list;
	ours.verify = verify;
	(*fw)->ops = &ours;
	by_table = (*fw)->door == DOOR_HASH;
	return -pthread_create(&thread, NULL, add_late, *fw);
}
