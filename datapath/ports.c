/* SPDX-License-Identifier: ISC */
#include "ports.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "sockaddr.h"
#include "upstream.h"
#include "wire.h"

void ports_init(struct ports *p, struct poller *poller, uint64_t token)
{
	memset(p, 0, sizeof(*p));
	p->poller = poller;
	p->token = token;
	for (unsigned int i = 0; i < PORTS_MAX; i++)
		p->port[i].fd = -1;
	ports_part(p);
}

void ports_part(struct ports *p)
{
	for (unsigned int i = 0; i < POLICY_UPSTREAMS; i++)
		p->last[i] = PORTS_NONE;
}

static bool same_server(const struct policy_upstream *a,
			const struct policy_upstream *b)
{
	return a->port == b->port && a->ifindex == b->ifindex &&
	       ipaddr_equal(&a->addr, &b->addr);
}

static bool takes_more(const struct port *port,
		       const struct policy_upstream *to, uint64_t now)
{
	return port->fd >= 0 && port->n_uses < PORT_USES &&
	       now - port->opened < PORT_YOUNG_MS * CLOCK_MS &&
	       same_server(&port->to, to);
}

static int open_socket(struct ports *p, uint16_t i)
{
	struct port *port = &p->port[i];

	if (p->wire != NULL)
		return sockaddr_reserve(ipaddr_is_v4(&port->to.addr),
					&port->number);
	return upstream_open(&port->to);
}

static void close_port(struct ports *p, struct port *port)
{
	if (p->wire != NULL)
		wire_forget(p->wire, port->number);
	close(port->fd);
	port->fd = -1;
}

/* There is a port for every question and server. */
static uint16_t vacant(const struct ports *p)
{
	uint16_t i = 0;

	while (i < PORTS_MAX - 1 && p->port[i].fd >= 0)
		i++;
	return i;
}

static uint16_t open_port(struct ports *p, const struct policy_upstream *to,
			  uint64_t now)
{
	uint16_t i = vacant(p);
	struct port *port = &p->port[i];

	if (port->fd >= 0)
		return PORTS_NONE;
	*port = (struct port){ .to = *to, .opened = now };
	port->fd = open_socket(p, i);
	if (port->fd < 0) {
		port->fd = -1;
		return PORTS_NONE;
	}
	if (p->wire == NULL &&
	    poller_add(p->poller, port->fd, p->token + i) < 0) {
		close_port(p, port);
		return PORTS_NONE;
	}
	if (p->n <= i)
		p->n = i + 1u;
	return i;
}

uint16_t ports_join(struct ports *p, unsigned int server,
		    const struct policy_upstream *to, uint8_t question,
		    uint64_t now, uint8_t *use)
{
	uint16_t i = p->last[server];
	struct port *port;

	if (i == PORTS_NONE || !takes_more(&p->port[i], to, now))
		i = p->last[server] = open_port(p, to, now);
	if (i == PORTS_NONE)
		return i;
	port = &p->port[i];
	*use = port->n_uses++;
	port->n_live++;
	port->use[*use] = (struct port_use){ .question = question,
					     .live = true };
	return i;
}

void ports_leave(struct ports *p, uint16_t port, uint8_t use)
{
	struct port *at = &p->port[port];

	at->use[use].live = false;
	if (--at->n_live == 0)
		close_port(p, at);
}

void ports_adopt(struct ports *ports, const struct policy *p)
{
	for (unsigned int i = 0; i < ports->n; i++)
		for (unsigned int u = 0; u < p->n_upstreams; u++)
			if (same_server(&ports->port[i].to, &p->upstreams[u]))
				ports->port[i].to = p->upstreams[u];
}

const struct port_use *ports_find(const struct port *port, uint16_t id)
{
	for (unsigned int i = 0; i < port->n_uses; i++)
		if (port->use[i].live && port->use[i].id == id)
			return &port->use[i];
	return NULL;
}

uint16_t ports_number(const struct ports *p, uint16_t number, bool v4)
{
	for (uint16_t i = 0; i < p->n; i++) {
		const struct port *port = &p->port[i];

		if (port->fd >= 0 && port->number == number &&
		    ipaddr_is_v4(&port->to.addr) == v4)
			return i;
	}
	return PORTS_NONE;
}
