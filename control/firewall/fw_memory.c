/* SPDX-License-Identifier: ISC */
/*
 * A firewall that opens nothing: what the kernel would hold, held here, with
 * the kernel's manners: sets exist while the policy has a door, loading
 * empties them, elements end by themselves.
 */
#include "firewall/fw.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"

struct open {
	struct ipaddr addr;
	uint64_t expiry;	/* boot time, ns */
};

struct fw_memory {
	struct fw fw;
	bool loaded;
	uint32_t generation;
	struct fw_ruleset ruleset;
	unsigned int n;
	struct open open[2 * ALLOW_MAX];	/* as the kernel's sets */
};

static struct fw_memory *memory_of(struct fw *fw)
{
	return (struct fw_memory *)((char *)fw -
				    offsetof(struct fw_memory, fw));
}

static void shut(struct fw *fw)
{
	free(memory_of(fw));
}

static int load(struct fw *fw, const struct fw_ruleset *r, struct why *why)
{
	struct fw_memory *m = memory_of(fw);

	if (r->policy >= FW__N)
		return why_set(why, -EINVAL, "no such policy");
	m->ruleset = *r;
	m->loaded = true;
	m->n = 0;
	m->generation++;
	return 0;
}

static void expire(struct fw_memory *m)
{
	uint64_t now = clock_boot();

	for (unsigned int i = 0; i < m->n;)
		if (m->open[i].expiry <= now)
			m->open[i] = m->open[--m->n];
		else
			i++;
}

static struct open *find(struct fw_memory *m, const struct ipaddr *a)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (ipaddr_equal(&m->open[i].addr, a))
			return &m->open[i];
	return NULL;
}

static int check(struct fw_memory *m, const struct fw_element *e,
		 unsigned int n, struct why *why)
{
	if (!m->loaded || m->ruleset.policy != FW_BLOCKED_ACTIVE)
		return why_set(why, -ENOENT, "there is no door");
	if (n > FW_BATCH)
		return why_set(why, -E2BIG, "%u elements at once", n);
	for (unsigned int i = 0; i < n; i++)
		if (e[i].seconds == 0)
			return why_set(why, -EINVAL, "element without an end");
	expire(m);
	/* Those that are there already are counted too: rather too few. */
	if (n > NITEMS(m->open) - m->n)
		return why_set(why, -ENOSPC, "the set is full");
	return 0;
}

static int add(struct fw *fw, const struct fw_element *e, unsigned int n,
	       struct why *why)
{
	struct fw_memory *m = memory_of(fw);
	int error = check(m, e, n, why);

	if (error)
		return error;
	for (unsigned int i = 0; i < n; i++) {
		struct open *o = find(m, &e[i].addr);

		if (!o)
			o = &m->open[m->n++];
		o->addr = e[i].addr;
		o->expiry = clock_boot() + e[i].seconds * CLOCK_S;
	}
	m->generation++;
	return 0;
}

static int drop(struct fw *fw, const struct ipaddr *a, unsigned int n,
		struct why *why)
{
	struct fw_memory *m = memory_of(fw);

	if (n > FW_BATCH)
		return why_set(why, -E2BIG, "%u elements at once", n);
	for (unsigned int i = 0; i < n; i++) {
		struct open *o = find(m, &a[i]);

		if (o)
			*o = m->open[--m->n];
	}
	m->generation++;
	return 0;
}

static int clear(struct fw *fw, struct why *why)
{
	struct fw_memory *m = memory_of(fw);

	(void)why;
	m->n = 0;
	m->generation++;
	return 0;
}

static int list(struct fw *fw, struct ipaddr *a, unsigned int max,
		struct why *why)
{
	struct fw_memory *m = memory_of(fw);
	unsigned int n;

	(void)why;
	expire(m);
	n = m->n < max ? m->n : max;
	for (unsigned int i = 0; i < n; i++)
		a[i] = m->open[i].addr;
	return (int)n;
}

static int verify(struct fw *fw, uint32_t *generation, struct why *why)
{
	struct fw_memory *m = memory_of(fw);

	*generation = m->generation;
	return m->loaded ? 1 : why_set(why, 0, "no rules have been loaded");
}

static int watch_fd(struct fw *fw)
{
	(void)fw;
	return -1;
}

static int changed(struct fw *fw)
{
	(void)fw;
	return 0;
}

static uint32_t port(struct fw *fw)
{
	(void)fw;
	return 0;
}

static const struct fw_ops memory_ops = {
	.name = "memory", .close = shut, .load = load, .add = add,
	.remove = drop, .clear = clear, .list = list, .verify = verify,
	.watch_fd = watch_fd, .changed = changed, .port = port,
};

int fw_memory_open(struct fw **fw, const struct conf *c, struct why *why)
{
	struct fw_memory *m = calloc(1, sizeof(*m));

	(void)c;
	if (!m)
		return why_set(why, -ENOMEM, "no memory for the firewall");
	m->fw.ops = &memory_ops;
	m->generation = 1;	/* no kernel has one of 0, either */
	*fw = &m->fw;
	return 0;
}
