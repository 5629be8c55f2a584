/* SPDX-License-Identifier: ISC */
#include "uapi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/peercred.h"
#include "shared/socket.h"

/* ---- asking */

static bool is_root(int fd)
{
	uid_t uid;

	return peercred_user(fd, &uid) == 0 && uid == 0;
}

static int ask(int fd, const struct sockaddr_un *sa)
{
	static const char question[] = "get=1\n\n";
	const size_t size = sizeof(question) - 1;

	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0)
		return errno == ECONNREFUSED ? -ENOENT : -errno;
	if (!is_root(fd))
		return -EPERM;
	if (send(fd, question, size, MSG_NOSIGNAL) != (ssize_t)size)
		return -EIO;
	return 0;
}

int uapi_ask(const char *ifname)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, error;

	snprintf(sa.sun_path, sizeof(sa.sun_path),
		 "/var/run/wireguard/%s.sock", ifname);
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	error = ask(fd, &sa);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* ---- the answer */

static bool number(const char *text, uint64_t max, uint64_t *n)
{
	uint64_t v = 0;

	if (text[0] == '\0')
		return false;
	/* What shrinks: the text. */
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*n = v;
	return true;
}

/* Each: false if the value is none. */

static bool on_seconds(struct uapi *u, const char *value)
{
	return number(value, UINT32_MAX * UINT64_C(4), &u->seconds);
}

static bool on_nanoseconds(struct uapi *u, const char *value)
{
	uint64_t ns;

	return number(value, 999999999, &ns) &&
	       wgdevice_handshake(&u->device, u->seconds, ns);
}

/* One with a scope, say, cannot be opened; that is no reason to stop. */
static bool on_endpoint(struct uapi *u, const char *value)
{
	struct endpoint e;

	if (strchr(value, '/') == NULL && endpoint_parse(value, &e))
		wgdevice_endpoint(&u->device, &e);
	return true;
}

static bool on_sent(struct uapi *u, const char *value)
{
	uint64_t n;

	if (!number(value, UINT64_MAX, &n))
		return false;
	u->device.sent += n;
	return true;
}

static bool on_mark(struct uapi *u, const char *value)
{
	uint64_t n;

	if (!number(value, UINT32_MAX, &n))
		return false;
	u->device.mark = (uint32_t)n;
	return true;
}

static bool on_peer(struct uapi *u, const char *value)
{
	(void)value;
	u->seconds = 0;
	return true;
}

static bool on_errno(struct uapi *u, const char *value)
{
	u->answered = strcmp(value, "0") == 0;
	return u->answered;
}

static const struct {
	const char *key;
	bool (*on)(struct uapi *u, const char *value);
} keys[] = {
	{ "fwmark", on_mark }, { "public_key", on_peer },
	{ "endpoint", on_endpoint },
	{ "last_handshake_time_sec", on_seconds },
	{ "last_handshake_time_nsec", on_nanoseconds },
	{ "tx_bytes", on_sent }, { "errno", on_errno },
};

/* Keys that are not in the table mean nothing to us. */
static enum uapi_result on_line(struct uapi *u)
{
	char *value = strchr(u->line, '=');

	if (u->line[0] == '\0')
		return u->answered ? UAPI_DONE : UAPI_BAD;
	if (value == NULL || u->answered)
		return UAPI_BAD;
	*value++ = '\0';
	for (size_t i = 0; i < NITEMS(keys); i++)
		if (strcmp(keys[i].key, u->line) == 0)
			return keys[i].on(u, value) ? UAPI_MORE : UAPI_BAD;
	return UAPI_MORE;
}

static enum uapi_result on_octet(struct uapi *u, char c)
{
	if (c != '\n') {
		u->line[u->len++] = c;
		return c == '\0' || u->len == UAPI_LINE ? UAPI_BAD : UAPI_MORE;
	}
	u->line[u->len] = '\0';
	u->len = 0;
	return on_line(u);
}

void uapi_init(struct uapi *u)
{
	memset(u, 0, sizeof(*u));
}

enum uapi_result uapi_take(struct uapi *u, char *bytes, size_t n)
{
	enum uapi_result result = UAPI_MORE;

	u->total += n;
	if (u->total > UAPI_MAX)
		result = UAPI_BAD;
	/* What lies behind the end was not asked for. */
	for (size_t i = 0; i < n && result == UAPI_MORE; i++)
		result = on_octet(u, bytes[i]);
	explicit_bzero(bytes, n);
	return result;
}

void uapi_fini(struct uapi *u)
{
	explicit_bzero(u, sizeof(*u));
}
