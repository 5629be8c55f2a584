/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "conf.h"

_Static_assert((int)CONF_ENDPOINTS <= (int)POLICY_NETS, "all are forbidden");

void conf_policy(const struct conf *c, struct policy *p)
{
	struct judge *j = &p->judge;

	memset(p, 0, sizeof(*p));
	p->mode = (uint8_t)c->mode;
	p->refuse = (uint8_t)c->refuse;
	p->per_name = c->allow.per_name;
	p->ttl_min = c->allow.ttl_min;
	p->ttl_max = c->allow.ttl_max;
	p->n_names = c->n_names;
	memcpy(p->names, c->names, sizeof(p->names));
	j->private = (uint8_t)c->allow.private;
	for (unsigned int i = 0; i < c->tunnel.n_endpoints; i++)
		j->forbidden[j->n_forbidden++] = (struct ipnet){
			.addr = c->tunnel.endpoints[i].addr, .bits = 128,
		};
}
