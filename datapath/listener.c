/* SPDX-License-Identifier: ISC */
#include "listener.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "shared/socket.h"

enum {
	TCP_BURST = 16,		/* readings of one connection per round */
	ACCEPT_BURST = 8,	/* connections per round */
	BACKLOG = 32,
	/* Octets of queue per UDP socket, as the kernel counts: thousands of
	 * queries. Whoever floods us while we do not run for a moment must
	 * not push the others' out. */
	UDP_QUEUE = 1 << 20,
};

static void count(struct listener *l, unsigned int which)
{
	counters_add(l->counters, which, 1);
}

void listener_init(struct listener *l, struct poller *poller,
		   struct slots *slots, struct counters *counters,
		   uint64_t token)
{
	memset(l, 0, sizeof(*l));
	l->poller = poller;
	l->slots = slots;
	l->counters = counters;
	l->token = token;
	memset(l->burst, 1, sizeof(l->burst));
	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		l->client[i].fd = -1;
		l->client[i].session.slot = SLOTS_NONE;
	}
}

static int bind_one(const struct ipaddr *a, uint16_t port, int type)
{
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, a, port, 0);
	int fd = socket_open(sa.sa.sa_family, type);
	int on = 1, error;

	if (fd < 0)
		return fd;
	if (sa.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* For TCP it only skips TIME_WAIT; for UDP it would let others in, but
	 * where it must be said. */
	if (type == SOCK_STREAM || UDP_SHARES)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Who may not have more than others has the usual queue. */
	if (type == SOCK_DGRAM)
		sockaddr_queue(fd, UDP_QUEUE);
	if (bind(fd, &sa.sa, salen) < 0 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int listener_bind(struct listener *l, const struct ipaddr *a, uint16_t port)
{
	unsigned int i = l->n;
	int error;

	if (i == POLICY_LISTEN)
		return -ENOSPC;
	l->udp[i] = bind_one(a, port, SOCK_DGRAM);
	if (l->udp[i] < 0)
		return l->udp[i];
	l->tcp[i] = bind_one(a, port, SOCK_STREAM);
	if (l->tcp[i] < 0) {
		error = l->tcp[i];
		goto close_udp;
	}
	error = poller_add(l->poller, l->udp[i], l->token + LISTENER_UDP + i);
	if (error == 0)
		error = poller_add(l->poller, l->tcp[i],
				   l->token + LISTENER_TCP + i);
	if (error < 0)
		goto close_tcp;
	l->n++;
	return 0;

close_tcp:
	close(l->tcp[i]);
close_udp:
	close(l->udp[i]);
	return error;
}

static bool local(const struct judge *j, const union sockaddr_any *sa)
{
	struct ipaddr a;
	uint16_t port;

	return sockaddr_split(sa, &a, &port) && judge_local(j, &a);
}

static void take_udp(struct listener *l, const struct client *from,
		     struct slice msg, const struct judge *j,
		     client_query *query, void *context)
{
	count(l, COUNT_QUERY_UDP);
	if (!local(j, &from->addr))
		count(l, COUNT_NONLOCAL);
	else if (msg.len > SLOT_SIZE)
		count(l, PARSE_LONG);
	else
		query(context, from, msg);
}

/* One alone must not pay for many: as long as there are as many as were asked
 * for, twice as many are. */
static void set_burst(struct listener *l, unsigned int i, unsigned int asked,
		      int got)
{
	if (got == (int)asked)
		asked = asked < LISTENER_BATCH / 2 ? 2 * asked : LISTENER_BATCH;
	else
		asked = got > 1 ? (unsigned int)got : 1;
	l->burst[i] = (uint8_t)asked;
}

/* Datagrams of one socket, each in a slot; what is left comes next round. */
static void read_udp(struct listener *l, unsigned int i, const struct judge *j,
		     client_query *query, void *context)
{
	struct client from[LISTENER_BATCH];
	struct mmsghdr mm[LISTENER_BATCH];
	struct iovec iov[LISTENER_BATCH];
	uint16_t slot[LISTENER_BATCH];
	unsigned int n = 0;
	int got;

	while (n < l->burst[i] &&
	       (slot[n] = slots_claim(l->slots)) != SLOTS_NONE) {
		iov[n] = (struct iovec){ slots_data(l->slots, slot[n]),
					 SLOT_SIZE };
		mm[n].msg_hdr = (struct msghdr){
			.msg_name = &from[n].addr,
			.msg_namelen = sizeof(from[n].addr),
			.msg_iov = &iov[n], .msg_iovlen = 1,
		};
		n++;
	}
	if (n == 0) {
		count(l, COUNT_FULL);
		return;
	}
	got = socket_receive(l->udp[i], mm, n);
	set_burst(l, i, n, got);
	for (int k = 0; k < got; k++) {
		from[k].kind = CLIENT_UDP;
		from[k].index = (uint8_t)i;
		take_udp(l, &from[k], (struct slice){ iov[k].iov_base,
						      (size_t)mm[k].msg_len },
			 j, query, context);
	}
	while (n > 0)
		slots_release(l->slots, slot[--n]);
}

static void close_client(struct listener *l, struct listener_tcp *c)
{
	close(c->fd);
	c->fd = -1;
	session_end(&c->session, l->slots);
}

/* A free place, else that of the connection least worth keeping. */
static struct listener_tcp *vacant(struct listener *l)
{
	struct listener_tcp *oldest = &l->client[0];

	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		if (l->client[i].fd < 0)
			return &l->client[i];
		if (session_rather(&l->client[i].session, &oldest->session))
			oldest = &l->client[i];
	}
	count(l, COUNT_FULL);
	close_client(l, oldest);
	return oldest;
}

/* False when nobody else waits to be let in. */
static bool accept_client(struct listener *l, unsigned int i,
			  const struct judge *j, uint64_t now)
{
	union sockaddr_any sa;
	socklen_t salen = sizeof(sa);
	int fd = socket_accept(l->tcp[i], &sa.sa, &salen);
	struct listener_tcp *c;

	if (fd < 0)
		return false;
	if (!local(j, &sa)) {
		count(l, COUNT_NONLOCAL);
		close(fd);
		return true;
	}
	c = vacant(l);
	if (!session_begin(&c->session, l->slots, now)) {
		count(l, COUNT_FULL);
		close(fd);
		return true;
	}
	c->fd = fd;
	if (poller_add(l->poller, fd, l->token + LISTENER_CLIENT +
		       (uint64_t)(c - l->client)) < 0) {
		count(l, COUNT_FULL);
		close_client(l, c);
	}
	return true;
}

static void read_accept(struct listener *l, unsigned int i,
			const struct judge *j, uint64_t now)
{
	unsigned int n = 0;

	/* What shrinks: the burst, and the queue. */
	while (n < ACCEPT_BURST && accept_client(l, i, j, now))
		n++;
}

/* True while the connection is worth keeping. */
static bool read_some(struct listener *l, unsigned int i, uint64_t now,
		      client_query *query, void *context)
{
	struct listener_tcp *c = &l->client[i];
	struct client from = { .kind = CLIENT_TCP, .index = (uint8_t)i };
	ssize_t len;

	/* What shrinks: the burst, and what the client has sent. */
	for (unsigned int n = 0; n < TCP_BURST; n++) {
		len = recv(c->fd, session_room(&c->session, l->slots),
			   session_space(&c->session), 0);
		if (len < 0)
			return errno == EAGAIN || errno == EINTR;
		if (len == 0)
			return false;
		if (!session_read(&c->session, l->slots, (size_t)len, now,
				  &from, l->counters, query, context))
			return false;
		if (c->session.generation != from.generation)
			return true;	/* closed by a failing reply */
	}
	return true;
}

static void read_client(struct listener *l, unsigned int i, uint64_t now,
			client_query *query, void *context)
{
	struct listener_tcp *c = &l->client[i];

	if (c->fd >= 0 && !read_some(l, i, now, query, context))
		close_client(l, c);
}

void listener_read(struct listener *l, unsigned int n, const struct judge *j,
		   uint64_t now, client_query *query, void *context)
{
	if (n >= LISTENER_CLIENT)
		read_client(l, n - LISTENER_CLIENT, now, query, context);
	else if (n >= LISTENER_TCP)
		read_accept(l, n - LISTENER_TCP, j, now);
	else
		read_udp(l, n, j, query, context);
}

static struct listener_tcp *connection(struct listener *l,
				       const struct client *to)
{
	struct listener_tcp *c = &l->client[to->index];

	return c->fd >= 0 && c->session.generation == to->generation ? c :
								       NULL;
}

void listener_forget(struct listener *l, const struct client *to)
{
	struct listener_tcp *c = to->kind == CLIENT_TCP ? connection(l, to) : NULL;

	if (c != NULL)
		c->session.waiting--;
}

/* Replies are small: a client whose buffer is full does not read, and goes. */
static void send_tcp(struct listener *l, const struct client *to,
		     const uint8_t *msg, size_t len)
{
	struct listener_tcp *c = connection(l, to);
	uint8_t prefix[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	struct iovec iov[2] = {
		{ prefix, sizeof(prefix) }, { (void *)(uintptr_t)msg, len },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	if (c == NULL)
		return;
	c->session.waiting--;
	if (sendmsg(c->fd, &mh, MSG_NOSIGNAL) != (ssize_t)(len + 2))
		close_client(l, c);
}

static socklen_t length_of(const union sockaddr_any *sa)
{
	return sa->sa.sa_family == AF_INET ? sizeof(sa->in) : sizeof(sa->in6);
}

/* From the i-th on, as many as go to one socket; how many are done with. */
static unsigned int send_some(struct listener *l, unsigned int i)
{
	struct listener_outbox *o = &l->out;
	struct mmsghdr mm[LISTENER_BATCH];
	struct iovec iov[LISTENER_BATCH];
	unsigned int n = 0;
	int sent;

	for (; i + n < o->n && o->socket[i + n] == o->socket[i]; n++) {
		iov[n] = (struct iovec){ o->msg[i + n], o->len[i + n] };
		mm[n].msg_hdr = (struct msghdr){
			.msg_name = &o->to[i + n],
			.msg_namelen = length_of(&o->to[i + n]),
			.msg_iov = &iov[n], .msg_iovlen = 1,
		};
	}
	sent = socket_send(l->udp[o->socket[i]], mm, n);
	/* A client that is gone is no error. */
	return sent > 0 ? (unsigned int)sent : 1;
}

void listener_flush(struct listener *l)
{
	/* What shrinks: what waits. */
	for (unsigned int i = 0; i < l->out.n; )
		i += send_some(l, i);
	l->out.n = 0;
}

static void send_udp(struct listener *l, const struct client *to,
		     const uint8_t *msg, size_t len)
{
	struct listener_outbox *o = &l->out;

	if (len > LISTENER_REPLY) {
		(void)sendto(l->udp[to->index], msg, len, 0, &to->addr.sa,
			     length_of(&to->addr));
		return;
	}
	if (o->n == LISTENER_BATCH)
		listener_flush(l);
	o->socket[o->n] = to->index;
	o->to[o->n] = to->addr;
	o->len[o->n] = (uint16_t)len;
	memcpy(o->msg[o->n++], msg, len);
}

void listener_send(struct listener *l, const struct client *to,
		   const uint8_t *msg, size_t len)
{
	if (to->kind == CLIENT_TCP)
		send_tcp(l, to, msg, len);
	else
		send_udp(l, to, msg, len);
}

uint64_t listener_due(struct listener *l, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		struct listener_tcp *c = &l->client[i];
		uint64_t end = session_due(&c->session);

		if (c->fd < 0)
			continue;
		if (now >= end)
			close_client(l, c);
		else if (end < due)
			due = end;
	}
	return due;
}
