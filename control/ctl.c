/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * All clients lie in one fixed array. A client has one line buffer of
 * CTL_LINE octets and an output buffer. It gets one line answered each time
 * round the loop, so that a client that sends thousands at once holds nobody
 * up; and none while OUT_ENOUGH octets wait to be read by it, so that
 * answers cannot pile up. Events can, and CTL_UNREAD ends that.
 *
 * A method may send events, and an event may find that the client whose
 * method is running has gone over a bound. So a client is only marked as
 * doomed while it is ctl->busy, and closed when its turn ends.
 */
#include "ctl.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event_struct.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctlproto.h"
#include "ctlsock.h"
#include "log.h"

enum {
	/* Slots for one user, and for all users together; the rest is root's. */
	CLIENTS_OF_ONE = CTL_CLIENTS / 2,
	CLIENTS_NOT_ROOT = CTL_CLIENTS - 8,
	OUT_ENOUGH = 65536,
	ACCEPTS = 16,		/* each time round the loop */
};

struct client {
	struct ctl *ctl;
	int fd;			/* -1: the slot is free */
	uid_t uid;
	bool admin, subscribed, eof, doomed;
	struct event read, write, again;
	struct evbuffer *out;
	/* line[from..have) is not handled yet, [from..seen) has no newline. */
	size_t from, seen, have;
	char line[CTL_LINE];
};

struct ctl {
	struct event_base *base;
	ctl_call *call;
	void *context;
	gid_t admin;		/* (gid_t)-1: root only */
	struct ctlsock sock;
	struct event accept, resume;
	struct client *busy;
	struct client clients[CTL_CLIENTS];
};

/* ---- methods */

static int subscription(struct client *c, bool on, const json_t *params,
			json_t **result, struct ctl_error *e)
{
	if (json_object_size(params) != 0) {
		e->code = CTL_PARAMS;
		return why_set(&e->why, -1, "this method has no params");
	}
	c->subscribed = on;
	*result = json_pack("{s:b}", "subscribed", on);
	return 0;
}

static int dispatch(void *arg, const char *method, json_t *params,
		    json_t **result, struct ctl_error *e)
{
	struct client *c = arg;

	if (strcmp(method, "subscribe") == 0)
		return subscription(c, true, params, result, e);
	if (strcmp(method, "unsubscribe") == 0)
		return subscription(c, false, params, result, e);
	return c->ctl->call(c->ctl->context, method, params, c->admin,
			    result, e);
}

/* ---- output */

static void client_close(struct client *c)
{
	event_del(&c->read);
	event_del(&c->write);
	event_del(&c->again);
	evbuffer_free(c->out);
	close(c->fd);
	c->fd = -1;
	c->subscribed = false;
}

static void doom(struct client *c)
{
	c->doomed = true;
	if (c->ctl->busy != c)
		client_close(c);
}

/* Queues line and a newline. False: the client is doomed. */
static bool put(struct client *c, const char *line, size_t len)
{
	if (evbuffer_get_length(c->out) + len + 1 > CTL_UNREAD ||
	    evbuffer_add(c->out, line, len) != 0 ||
	    evbuffer_add(c->out, "\n", 1) != 0) {
		doom(c);
		return false;
	}
	return true;
}

/* Takes the reference. */
static void put_json(struct client *c, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (text == NULL)
		doom(c);
	else
		put(c, text, strlen(text));
	free(text);
	json_decref(message);
}

/* 0, or -errno when the client is gone. */
static int flush(struct client *c)
{
	struct evbuffer_iovec part;

	while (evbuffer_peek(c->out, -1, NULL, &part, 1) > 0) {
		ssize_t n = send(c->fd, part.iov_base, part.iov_len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		evbuffer_drain(c->out, (size_t)n);
	}
	return 0;
}

/* ---- turns */

/* Moves seen to the next newline; false if there is none. */
static bool line_ends(struct client *c)
{
	const char *nl = memchr(c->line + c->seen, '\n', c->have - c->seen);

	c->seen = nl != NULL ? (size_t)(nl - c->line) : c->have;
	return nl != NULL;
}

static bool line_blank(const char *line, size_t len)
{
	return len == 0 || (len == 1 && line[0] == '\r');
}

static void take_line(struct client *c)
{
	const char *line = c->line + c->from;
	size_t len = c->seen - c->from;
	struct ctlproto proto = { .run = dispatch, .arg = c };
	json_t *answer;

	c->from = ++c->seen;
	if (line_blank(line, len))
		return;
	answer = ctlproto_answer(&proto, line, len);
	if (answer != NULL)
		put_json(c, answer);
}

static void make_room(struct client *c)
{
	if (c->from == 0)
		return;
	memmove(c->line, c->line + c->from, c->have - c->from);
	c->have -= c->from;
	c->seen -= c->from;
	c->from = 0;
}

/* What the client waits for next; or its end. */
static void settle(struct client *c)
{
	static const struct timeval at_once = { 0, 0 };
	size_t unread;
	bool more = line_ends(c);

	if (flush(c) != 0 || c->doomed) {
		client_close(c);
		return;
	}
	unread = evbuffer_get_length(c->out);
	if (c->eof && !more && unread == 0) {
		client_close(c);
		return;
	}
	if (unread != 0)
		event_add(&c->write, NULL);
	if (more && unread < OUT_ENOUGH)
		event_add(&c->again, &at_once);
	if (more || c->eof || unread >= OUT_ENOUGH)
		event_del(&c->read);
	else
		event_add(&c->read, NULL);
}

static void turn(struct client *c)
{
	c->ctl->busy = c;
	if (line_ends(c)) {
		take_line(c);
	} else {
		make_room(c);
		if (c->have == CTL_LINE) {
			put_json(c, ctlproto_refusal(CTL_REQUEST,
					"a line has at most 65536 octets"));
			c->doomed = true;
		}
	}
	c->ctl->busy = NULL;
	settle(c);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	turn(arg);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	settle(arg);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	(void)what;
	make_room(c);
	n = recv(fd, c->line + c->have, CTL_LINE - c->have, MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		client_close(c);
		return;
	}
	c->eof = n == 0;
	if (n > 0)
		c->have += (size_t)n;
	turn(c);
}

/* ---- clients come */

/* A free slot for uid, or NULL. */
static struct client *slot_for(struct ctl *ctl, uid_t uid)
{
	unsigned int own = 0, not_root = 0;
	struct client *slot = NULL;

	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		struct client *c = &ctl->clients[i];

		if (c->fd < 0) {
			slot = c;
			continue;
		}
		own += c->uid == uid;
		not_root += c->uid != 0;
	}
	if (uid != 0 && (own >= CLIENTS_OF_ONE || not_root >= CLIENTS_NOT_ROOT))
		return NULL;
	return slot;
}

static void turn_away(int fd)
{
	json_t *refusal = ctlproto_refusal(CTLPROTO_BUSY,
			"too many connections to the control socket; close some");
	char line[256];
	size_t n = json_dumpb(refusal, line, sizeof(line) - 1, JSON_COMPACT);

	json_decref(refusal);
	assert(n < sizeof(line));
	line[n++] = '\n';
	/* It may be gone already, and is closed anyhow. */
	(void)send(fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void client_open(struct ctl *ctl, int fd)
{
	struct client *c = NULL;
	uid_t uid;
	bool admin;

	if (ctlsock_peer(fd, ctl->admin, &uid, &admin) == 0)
		c = slot_for(ctl, uid);
	if (c == NULL || (c->out = evbuffer_new()) == NULL) {
		turn_away(fd);
		return;
	}
	c->ctl = ctl;
	c->fd = fd;
	c->uid = uid;
	c->admin = admin;
	c->subscribed = c->eof = c->doomed = false;
	c->from = c->seen = c->have = 0;
	event_assign(&c->read, ctl->base, fd, EV_READ, on_read, c);
	event_assign(&c->write, ctl->base, fd, EV_WRITE, on_write, c);
	evtimer_assign(&c->again, ctl->base, on_again, c);
	event_add(&c->read, NULL);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval pause = { 1, 0 };
	struct ctl *ctl = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS; i++) {
		int client = accept4(fd, NULL, NULL,
				     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			client_open(ctl, client);
			continue;
		}
		/* The queue stays readable: without a pause we would spin. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			log_warning("control socket: accept: %s",
				    strerror(errno));
			event_del(&ctl->accept);
			evtimer_add(&ctl->resume, &pause);
		}
		return;
	}
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct ctl *ctl = arg;

	(void)fd, (void)what;
	event_add(&ctl->accept, NULL);
}

/* ---- the door to the rest of the daemon */

void ctl_event(struct ctl *ctl, json_t *event)
{
	json_t *message = ctlproto_event(event);
	char *line = json_dumps(message, JSON_COMPACT);

	for (unsigned int i = 0; line != NULL && i < CTL_CLIENTS; i++) {
		struct client *c = &ctl->clients[i];

		if (c->fd >= 0 && c->subscribed && !c->doomed &&
		    put(c, line, strlen(line)))
			event_add(&c->write, NULL);
	}
	free(line);
	json_decref(message);
}

bool ctl_heard(const struct ctl *ctl)
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++)
		if (ctl->clients[i].fd >= 0 && ctl->clients[i].subscribed)
			return true;
	return false;
}

/* Looked up once: a directory service may take its time. */
static gid_t admin_gid(const char *name)
{
	const struct group *g;

	if (name[0] == '\0')
		return (gid_t)-1;
	g = getgrnam(name);
	if (g != NULL)
		return g->gr_gid;
	log_warning("control socket: there is no group %s: only root may "
		    "change things; groupadd --system %s", name, name);
	return (gid_t)-1;
}

int ctl_open(struct ctl **ctl, struct event_base *base, const struct conf *c,
	     ctl_call *call, void *context, struct why *why)
{
	struct ctl *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL)
		return why_set(why, -ENOMEM, "control socket: out of memory");
	r = ctlsock_open(&t->sock, c->control.socket, why);
	if (r != 0) {
		free(t);
		return r;
	}
	t->base = base;
	t->call = call;
	t->context = context;
	t->admin = admin_gid(c->control.admin_group);
	for (unsigned int i = 0; i < CTL_CLIENTS; i++)
		t->clients[i].fd = -1;
	event_assign(&t->accept, base, t->sock.fd, EV_READ | EV_PERSIST,
		     on_accept, t);
	evtimer_assign(&t->resume, base, on_resume, t);
	event_add(&t->accept, NULL);
	*ctl = t;
	return 0;
}

void ctl_close(struct ctl *ctl)
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		struct client *c = &ctl->clients[i];

		if (c->fd < 0)
			continue;
		(void)flush(c);		/* the last events; as much as fits */
		client_close(c);
	}
	event_del(&ctl->accept);
	event_del(&ctl->resume);
	ctlsock_close(&ctl->sock);
	free(ctl);
}
