/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The socket is bound to a name of its own, listens, and only then gets the
 * real name, by rename(2). So a name that is there and refuses connections
 * belongs to a daemon that is gone.
 */
#include "ctlsock.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/peercred.h"
#include "shared/socket.h"

static int address_of(struct sockaddr_un *sa, const char *path,
		      struct why *why)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path))
		return why_set(why, -ENAMETOOLONG,
			       "control socket: %s: a path may have at most "
			       "%zu octets", path, sizeof(sa->sun_path) - 1);
	memcpy(sa->sun_path, path, strlen(path));
	return 0;
}

/* dir/.PID: free, or left behind by a process that is gone. */
static int address_beside(struct sockaddr_un *sa, const char *dir,
			  struct why *why)
{
	char path[sizeof(sa->sun_path) + 16];

	snprintf(path, sizeof(path), "%s/.%d", dir, (int)getpid());
	return address_of(sa, path, why);
}

static int make_dir(const char *dir, struct why *why)
{
	if (mkdir(dir, 0755) == 0) {
		/* Whatever the umask says. */
		if (chmod(dir, 0755) == 0)
			return 0;
	} else if (errno == EEXIST) {
		return 0;
	}
	return why_set(why, -errno, "control socket: cannot make %s: %s", dir,
		       strerror(errno));
}

/* 0: the name is free to be taken over. */
static int probe(const struct sockaddr_un *sa, struct why *why)
{
	const char *path = sa->sun_path;
	struct stat st;
	int fd, error;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 :
		       why_set(why, -errno, "control socket: %s: %s", path,
			       strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return why_set(why, -EEXIST,
			       "control socket: %s is there and is no socket; "
			       "remove it or set control { socket = ... }",
			       path);
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return why_set(why, fd, "control socket: %s", strerror(-fd));
	error = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ?
		0 : errno;
	close(fd);
	if (error == ECONNREFUSED || error == ENOENT)
		return 0;
	if (error == 0 || error == EAGAIN)
		return why_set(why, -EADDRINUSE,
			       "another sallyportd answers on %s; stop it or "
			       "set control { socket = ... }", path);
	return why_set(why, -error, "control socket: %s: %s", path,
		       strerror(error));
}

/* Makes the name; *s is filled on success only. */
static int publish(struct ctlsock *s, int fd, const struct sockaddr_un *sa,
		   const char *dir, struct why *why)
{
	struct sockaddr_un own;
	struct stat st;
	int r = address_beside(&own, dir, why);

	if (r != 0)
		return r;
	(void)unlink(own.sun_path);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)
		return why_set(why, -errno, "control socket: %s: %s",
			       sa->sun_path, strerror(errno));
	if (chmod(own.sun_path, 0666) != 0 || listen(fd, SOMAXCONN) != 0 ||
	    lstat(own.sun_path, &st) != 0) {
		r = why_set(why, -errno, "control socket: %s: %s",
			    sa->sun_path, strerror(errno));
		goto remove;
	}
	r = probe(sa, why);
	if (r != 0)
		goto remove;
	if (rename(own.sun_path, sa->sun_path) != 0) {
		r = why_set(why, -errno, "control socket: %s: %s",
			    sa->sun_path, strerror(errno));
		goto remove;
	}
	*s = (struct ctlsock){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino };
	memcpy(s->path, sa->sun_path, sizeof(s->path));
	return 0;
remove:
	(void)unlink(own.sun_path);
	return r;
}

int ctlsock_open(struct ctlsock *s, const char *path, struct why *why)
{
	char copy[sizeof(s->path)];
	struct sockaddr_un sa;
	const char *dir;
	int fd, r;

	r = address_of(&sa, path, why);
	if (r != 0)
		return r;
	memcpy(copy, sa.sun_path, sizeof(copy));
	dir = dirname(copy);
	r = make_dir(dir, why);
	if (r != 0)
		return r;
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return why_set(why, fd, "control socket: %s", strerror(-fd));
	r = publish(s, fd, &sa, dir, why);
	if (r != 0)
		close(fd);
	return r;
}

void ctlsock_close(struct ctlsock *s)
{
	struct stat st;

	if (lstat(s->path, &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino)
		(void)unlink(s->path);
	close(s->fd);
	s->fd = -1;
}

int ctlsock_peer(int fd, gid_t admin, uid_t *uid, bool *may_change)
{
	int error = peercred_user(fd, uid);

	if (error == 0)
		*may_change = *uid == 0 || (admin != (gid_t)-1 &&
					    peercred_member(fd, admin));
	return error;
}
