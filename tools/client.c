/* SPDX-License-Identifier: ISC */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/socket.h"

static int unreachable(struct why *why, const char *path, int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return why_set(why, -error,
			       "cannot reach the daemon at %s: is sallyportd "
			       "running? (systemctl start sallyportd)", path);
	return why_set(why, -error, "cannot reach the daemon at %s: %s", path,
		       strerror(error));
}

int client_open(struct client *c, const char *path, struct why *why)
{
	/* Also bounds connect(2) (socket(7), SO_SNDTIMEO). */
	static const struct timeval wait = { CLIENT_WAIT_MS / 1000, 0 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, error;

	if (c->fd >= 0)
		return 0;
	if (strlen(path) >= sizeof(sa.sun_path))
		return unreachable(why, path, ENAMETOOLONG);
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return unreachable(why, path, -fd);
	if (fcntl(fd, F_SETFL, 0) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		error = errno;
		close(fd);
		return unreachable(why, path, error);
	}
	c->fd = fd;
	c->from = c->have = 0;
	return 0;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static int send_line(struct client *c, const char *text, size_t len)
{
	/* len shrinks, or send() fails. */
	while (len > 0) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_request(struct client *c, const char *method, json_t *params)
{
	json_t *request = json_pack("{s:s, s:i, s:s, s:o*}", "jsonrpc", "2.0",
				    "id", ++c->id, "method", method,
				    "params", params);
	char *text = json_dumps(request, JSON_COMPACT);
	int r = -ENOMEM;

	if (text != NULL) {
		size_t len = strlen(text);

		text[len] = '\n';	/* in place of the NUL */
		r = send_line(c, text, len + 1);
	}
	free(text);
	json_decref(request);
	return r;
}

/* 1: octets came; 0: the end; -errno. */
static int fill(struct client *c, int wait_ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t n;
	int r;

	memmove(c->line, c->line + c->from, c->have - c->from);
	c->have -= c->from;
	c->from = 0;
	if (c->have == sizeof(c->line))
		return -EMSGSIZE;
	do
		r = poll(&p, 1, wait_ms);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	n = recv(c->fd, c->line + c->have, sizeof(c->line) - c->have, 0);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	c->have += (size_t)n;
	return 1;
}

static enum client_result lost(struct client *c, struct client_error *e,
			       const char *what)
{
	why_set(&e->why, 0, "%s", what);
	client_close(c);
	return CLIENT_LOST;
}

static enum client_result next_message(struct client *c, int wait_ms,
				       json_t **message,
				       struct client_error *e)
{
	const char *nl;
	size_t len;
	int r;

	while ((nl = memchr(c->line + c->from, '\n', c->have - c->from)) ==
	       NULL) {
		r = fill(c, wait_ms);
		if (r == 0)
			return lost(c, e, "the daemon has closed the connection");
		if (r == -ETIMEDOUT)
			return lost(c, e, "the daemon does not answer");
		if (r == -EMSGSIZE)
			return lost(c, e, "the daemon's answer is too long");
		if (r < 0)
			return lost(c, e, strerror(-r));
	}
	len = (size_t)(nl - (c->line + c->from));
	*message = json_loadb(c->line + c->from, len, JSON_REJECT_DUPLICATES,
			      NULL);
	c->from += len + 1;
	if (!json_is_object(*message)) {
		json_decref(*message);
		return lost(c, e, "what the daemon says is no JSON-RPC; is it "
			    "of another version?");
	}
	return CLIENT_OK;
}

static bool is_event(const json_t *message)
{
	return strcmp(client_text(message, "method"), "event") == 0 &&
	       json_is_object(json_object_get(message, "params"));
}

/* An error without id is meant for us, too: too many connections. */
static bool is_answer(const struct client *c, const json_t *message)
{
	const json_t *id = json_object_get(message, "id");

	return json_is_integer(id) ? json_integer_value(id) == c->id
				   : json_is_null(id);
}

static enum client_result take_answer(json_t *message, json_t **result,
				      struct client_error *e)
{
	const json_t *error = json_object_get(message, "error");

	*result = json_incref(json_object_get(message, "result"));
	if (*result != NULL)
		return CLIENT_OK;
	e->code = (int)client_int(error, "code");
	why_set(&e->why, 0, "%s", json_is_object(error) ?
		client_text(error, "message") : "the daemon's answer is empty");
	snprintf(e->step, sizeof(e->step), "%s",
		 client_text(json_object_get(error, "data"), "step"));
	return CLIENT_REFUSED;
}

enum client_result client_call(struct client *c, const char *method,
			       json_t *params, json_t **result,
			       struct client_error *e)
{
	enum client_result r;
	json_t *message;
	/* Who is turned away may still read why. */
	int sent = send_request(c, method, params);

	for (;;) {
		r = next_message(c, CLIENT_WAIT_MS, &message, e);
		if (r != CLIENT_OK)
			return sent != 0 ? lost(c, e, strerror(-sent)) : r;
		if (is_answer(c, message))
			break;
		json_decref(message);
	}
	r = take_answer(message, result, e);
	json_decref(message);
	return r;
}

enum client_result client_event(struct client *c, json_t **event,
				struct client_error *e)
{
	for (;;) {
		json_t *message;
		enum client_result r = next_message(c, -1, &message, e);

		if (r != CLIENT_OK)
			return r;
		*event = is_event(message) ?
			json_incref(json_object_get(message, "params")) : NULL;
		json_decref(message);
		if (*event != NULL)
			return CLIENT_OK;
	}
}

const char *client_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

double client_number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

long long client_int(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool client_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}
