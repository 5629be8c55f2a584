/* SPDX-License-Identifier: ISC */
#include "loop.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "hold.h"
#include "resolve.h"
#include "shared/kick.h"

enum {
	TOKENS = 64,		/* per round */
	TOKEN_CHANNEL = 0, TOKEN_KICK, TOKEN_TAP, TOKEN_TUN,
	TOKEN_LISTENER = 1 << 8,
	TOKEN_WIRE = 1 << 12,
	TOKEN_EXCHANGE = 1 << 16,
};

static void reset_marks(struct marks *m, uint32_t epoch)
{
	_Atomic uint64_t *all[] = {
		&m->query, &m->warm, &m->asked, &m->prefetch, &m->answered,
		&m->replied, &m->probe_syn, &m->probe_fin,
	};

	atomic_store_explicit(&m->epoch, 0, memory_order_relaxed);
	for (size_t i = 0; i < NITEMS(all); i++)
		atomic_store_explicit(all[i], 0, memory_order_relaxed);
	atomic_store_explicit(&m->epoch, epoch, memory_order_release);
}

static void adopt_policy(struct loop *l)
{
	uint32_t epoch = l->policy.epoch, network = l->policy.network;
	uint32_t prefetch_was = l->policy.prefetch;

	if (!policy_fetch(&l->arena.control->policy, &l->policy_seen,
			  &l->policy))
		return;
	/* What was released in the old one. */
	listener_flush(&l->listener);
	l->due = 0;
	if (l->wire != NULL) {
		wire_adopt(l->wire, &l->policy);
		ports_adopt(&l->exchange.ports, &l->policy);
	}
	if (l->policy.network != network) {
		cache_clear(&l->cache);
		learnt_clear(&l->learnt);
	}
	if (l->policy.epoch != epoch) {
		reset_marks(l->marks, l->policy.epoch);
		resolve_renew(l);
	} else if (l->policy.prefetch != prefetch_was) {
		resolve_again(l);
	}
	if (l->policy.prefetch != prefetch_was)
		l->prefetch = 0;
	atomic_store_explicit(&l->arena.datapath->policy, l->policy_seen,
			      memory_order_release);
}

static int timeout_ms(struct loop *l)
{
	const uint64_t others[] = {
		listener_due(&l->listener, l->now),
		intake_due(&l->intake, l->now),
	};
	uint64_t now = clock_boot(), due;

	due = l->due = exchange_due(&l->exchange, l->now);
	for (size_t i = 0; i < NITEMS(others); i++)
		if (others[i] < due)
			due = others[i];
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : (int)((due - now) / CLOCK_MS) + 1;
}

static bool from_tun(const struct client *c)
{
	return c->kind == CLIENT_TUN_UDP || c->kind == CLIENT_TUN_TCP;
}

void loop_send(struct loop *l, const struct client *to, const uint8_t *msg,
	       size_t len)
{
	if (from_tun(to))
		intake_send(&l->intake, to, msg, len);
	else
		listener_send(&l->listener, to, msg, len);
}

void loop_forget(struct loop *l, const struct client *to)
{
	if (from_tun(to))
		intake_forget(&l->intake, to);
	else
		listener_forget(&l->listener, to);
}

/* False: control is gone, or must start another datapath, with another TUN or
 * link. */
static bool dispatch(struct loop *l, uint64_t token)
{
	if (token == TOKEN_CHANNEL)
		return false;
	if (token == TOKEN_KICK) {
		hold_acks(l);
		/* The kick that was taken may have been for a policy which came
		 * after this round's look at it. */
		adopt_policy(l);
	} else if (token == TOKEN_TAP) {
		tap_read(&l->tap);
	} else if (token == TOKEN_TUN) {
		return intake_read(&l->intake, &l->policy.judge, l->now,
				   resolve_query, l);
	} else if (token >= TOKEN_EXCHANGE) {
		resolve_upstream(l, token);
	} else if (token >= TOKEN_WIRE) {
		return resolve_wire(l, (unsigned int)token - TOKEN_WIRE);
	} else {
		listener_read(&l->listener,
			      (unsigned int)token - TOKEN_LISTENER,
			      &l->policy.judge, l->now, resolve_query,
			      l);
	}
	return true;
}

void loop_run(struct loop *l)
{
	uint64_t tokens[TOKENS];

	for (;;) {
		int n = poller_wait(&l->poller, tokens, TOKENS, timeout_ms(l));

		l->now = clock_boot();
		adopt_policy(l);
		for (int i = 0; i < n; i++)
			if (!dispatch(l, tokens[i]))
				return;
		/* What is new in this round is due in a later one. */
		if (l->now >= l->due)
			resolve_timers(l);
		resolve_prefetch(l);
		exchange_flush(&l->exchange);
		listener_flush(&l->listener);
		if (l->kick)
			kick_give(DATAPATH_KICK_CONTROL);
		l->kick = false;
	}
}

int loop_open(struct loop *l)
{
	int error = arena_attach(&l->arena, DATAPATH_ARENA_CONTROL,
				 DATAPATH_ARENA_DATAPATH,
				 DATAPATH_ARENA_ALLOW);

	if (error < 0)
		return error;
	arena_grants(&l->arena, &l->grants);
	arena_acks(&l->arena, &l->acks);
	l->counters = &l->arena.datapath->counters;
	l->marks = &l->arena.datapath->marks;
	l->tripwire.fd = -1;
	error = poller_open(&l->poller);
	if (error < 0)
		return error;
	slots_init(&l->slots, l->arena.datapath->slots);
	listener_init(&l->listener, &l->poller, &l->slots, l->counters,
		      TOKEN_LISTENER);
	intake_init(&l->intake, &l->slots, l->counters);
	exchange_init(&l->exchange, &l->poller, &l->slots, l->counters,
		      TOKEN_EXCHANGE);
	l->exchange.on_sent = resolve_sent;
	l->exchange.context = l;
	hold_init(l);
	error = poller_add(&l->poller, DATAPATH_CHANNEL, TOKEN_CHANNEL);
	return error < 0 ? error : poller_add_kick(&l->poller,
						   DATAPATH_KICK_DATAPATH,
						   TOKEN_KICK);
}

int loop_listen(struct loop *l, const struct ipaddr *a, uint16_t port)
{
	return listener_bind(&l->listener, a, port);
}

int loop_intake(struct loop *l)
{
	return intake_open(&l->intake, DATAPATH_TUN, &l->poller, TOKEN_TUN);
}

int loop_wire(struct loop *l, const struct datapath_link *links,
	      unsigned int n, struct datapath_report *r)
{
	int rc = wire_open(&l->wire, &l->poller, l->counters, TOKEN_WIRE);

	for (unsigned int i = 0; i < n && rc == 0; i++) {
		rc = wire_link(l->wire, links[i].name, links[i].ifindex,
			       r->note, sizeof(r->note));
		if (rc == 0 && links[i].xdp != 0 &&
		    wire_xdp(l->wire, r->no_xdp, sizeof(r->no_xdp)) == 0)
			r->xdp |= (uint8_t)(1u << i);
	}
	exchange_set_wire(&l->exchange, l->wire);
	return rc;
}

int loop_tripwire(struct loop *l, uint32_t firewall_port)
{
	return firewall_port == 0 ? 0 : tripwire_open(&l->tripwire,
						      firewall_port);
}

int loop_tap(struct loop *l, const uint16_t *ports, unsigned int n, char *note,
	     size_t size)
{
	int error = tap_open(&l->tap, ports, n, note, size);

	l->tap.allow = l->arena.allow;
	l->tap.marks = l->marks;
	l->tap.counters = l->counters;
	if (error == 0)
		error = poller_add(&l->poller, tap_fd(&l->tap), TOKEN_TAP);
	return error;
}
