/* SPDX-License-Identifier: ISC */
#include "wgdevice.h"

#include <string.h>

/* Until the year 2242; in nanoseconds it fits 64 bits. */
static const uint64_t SECONDS_MAX = UINT64_C(1) << 33;

bool wgdevice_handshake(struct wgdevice *w, uint64_t seconds,
			uint64_t nanoseconds)
{
	uint64_t at;

	if (seconds > SECONDS_MAX || nanoseconds > 999999999)
		return false;
	at = seconds * 1000000000 + nanoseconds;
	if (at > w->handshake)
		w->handshake = at;
	return true;
}

static bool reachable(const struct endpoint *e)
{
	enum ipclass class = ipaddr_class(&e->addr);

	return e->port != 0 && !e->tcp && class != IPCLASS_UNSPECIFIED &&
	       class != IPCLASS_MULTICAST && class != IPCLASS_BROADCAST;
}

void wgdevice_endpoint(struct wgdevice *w, const struct endpoint *e)
{
	if (!reachable(e) || w->n_endpoints == CONF_ENDPOINTS)
		return;
	for (unsigned int i = 0; i < w->n_endpoints; i++)
		if (endpoint_equal(&w->endpoints[i], e))
			return;
	w->endpoints[w->n_endpoints++] = *e;
}
