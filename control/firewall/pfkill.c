/* SPDX-License-Identifier: ISC */
#include "firewall/pfkill.h"

#include <errno.h>
#include <string.h>

#include "firewall/pfabi.h"
#include "firewall/pfnv.h"

/* One end of the states that are meant; the other is any. */
struct end {
	uint8_t af, addr[16], mask[16];
};

static void fill(const struct pfdev *dev, const struct ipaddr *a,
		 struct end *e)
{
	bool v4 = ipaddr_is_v4(a);
	size_t len = v4 ? 4 : 16;

	memset(e, 0, sizeof(*e));
	e->af = v4 ? PFABI_INET : dev->sys->inet6;
	memcpy(e->addr, v4 ? a->b + IPADDR_V4_AT : a->b, len);
	memset(e->mask, 0xff, len);
}

static int kill_struct(const struct pfdev *dev, const struct end *e,
		       bool source)
{
	struct pfabi_state_kill k = { .af = e->af };
	struct pfabi_rule_addr *a = source ? &k.src : &k.dst;
	int error;

	memcpy(a->addr, e->addr, sizeof(a->addr));
	memcpy(a->mask, e->mask, sizeof(a->mask));
	error = dev->io->ioctl(dev->fd, PFABI_KILLSTATES, &k);
	/* The count comes back in place of the family, and wraps. */
	return error < 0 ? error : k.af;
}

static int kill_nv(const struct pfdev *dev, const struct end *e, bool source)
{
	struct pfnv_kill k = { .af = e->af };
	uint8_t text[PFNV_MAX];
	struct pfnv_io io = { .data = text, .size = sizeof(text) };
	int error;

	memcpy(source ? k.src : k.dst, e->addr, sizeof(k.src));
	memcpy(source ? k.src_mask : k.dst_mask, e->mask, sizeof(k.src));
	io.len = pfnv_kill(&k, text);
	error = dev->io->ioctl(dev->fd, PFNV_KILLSTATES, &io);
	if (error < 0)
		return error;
	return io.len > sizeof(text) ? -EBADMSG : pfnv_killed(text, io.len);
}

static int kill_one(const struct pfdev *dev, const struct end *e, bool source,
		    struct why *why)
{
	int n = dev->sys->states_nv ? kill_nv(dev, e, source) :
				      kill_struct(dev, e, source);

	return n >= 0 ? n : why_set(why, n, "pf states cannot be killed: %s",
				    strerror(-n));
}

int pfkill_hosts(const struct pfdev *dev, const struct ipaddr *a,
		 unsigned int n, struct why *why)
{
	int sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct end e;
		int to, from;

		fill(dev, &a[i], &e);
		to = kill_one(dev, &e, false, why);
		from = to < 0 ? to : kill_one(dev, &e, true, why);
		if (from < 0)
			return from;
		sum += to + from;
	}
	return sum;
}

int pfkill_all(const struct pfdev *dev, struct why *why)
{
	const struct end any = { 0 };

	return kill_one(dev, &any, false, why);
}
