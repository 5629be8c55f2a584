/* SPDX-License-Identifier: ISC */
/*
 * Directories are watched, not files: a name outlives the inodes that have
 * it.
 */
#include "os/filewatch.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	EVENTS = 4096,	/* octets of one read */
	READS = 16,	/* of a look; what is left makes another */
};

struct place {
	int dir;		/* the kernel's number; -1 = none */
	char name[NAME_MAX + 1];
};

struct filewatch {
	int fd;
	char path[PATH_MAX];
	struct place file, target;
};

/* The directory of path is watched; -errno. */
static int watch_place(struct filewatch *w, struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	int n;

	if (slash == NULL || strlen(slash + 1) > NAME_MAX)
		return -EINVAL;
	snprintf(dir, sizeof(dir), "%.*s/", (int)(slash - path), path);
	/* The same number, if it is watched already. */
	n = inotify_add_watch(w->fd, dir,
			      IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
	if (n < 0)
		return -errno;
	p->dir = n;
	snprintf(p->name, sizeof(p->name), "%s", slash + 1);
	return 0;
}

static void watch_target(struct filewatch *w)
{
	char real[PATH_MAX];
	int was = w->target.dir;

	if (realpath(w->path, real) == NULL || strcmp(real, w->path) == 0 ||
	    watch_place(w, &w->target, real) < 0)
		return;
	if (was >= 0 && was != w->target.dir && was != w->file.dir)
		(void)inotify_rm_watch(w->fd, was);
}

int filewatch_open(struct filewatch **watch, const char *path,
		   struct why *why)
{
	struct filewatch *w = calloc(1, sizeof(*w));
	int error = 0;

	if (w == NULL)
		return why_set(why, -ENOMEM, "%s: no memory", path);
	snprintf(w->path, sizeof(w->path), "%s", path);
	w->target.dir = -1;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	error = w->fd < 0 ? -errno : watch_place(w, &w->file, w->path);
	if (error < 0) {
		filewatch_close(w);
		return why_set(why, error, "%s: cannot be watched: %s", path,
			       strerror(-error));
	}
	watch_target(w);
	*watch = w;
	return 0;
}

void filewatch_close(struct filewatch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int filewatch_fd(const struct filewatch *w)
{
	return w->fd;
}

static bool is_of(const struct place *p, const struct inotify_event *e)
{
	return e->wd == p->dir && e->len > 0 && strcmp(e->name, p->name) == 0;
}

/* Of what was lost it may have been anything. */
static bool concerns(const struct filewatch *w, const struct inotify_event *e)
{
	return (e->mask & IN_Q_OVERFLOW) != 0 || is_of(&w->file, e) ||
	       is_of(&w->target, e);
}

static bool read_events(const struct filewatch *w, const char *at,
			ssize_t left)
{
	bool any = false;

	/* The kernel writes whole events, the name's padding included. */
	while (left > 0) {
		const struct inotify_event *e =
			(const struct inotify_event *)at;
		size_t size = sizeof(*e) + e->len;

		any |= concerns(w, e);
		at += size;
		left -= (ssize_t)size;
	}
	return any;
}

bool filewatch_look(struct filewatch *w)
{
	alignas(struct inotify_event) char buf[EVENTS];
	bool any = false;

	for (unsigned int i = 0; i < READS; i++) {
		ssize_t n = read(w->fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		any |= read_events(w, buf, n);
	}
	if (any)
		watch_target(w);
	return any;
}
