/* SPDX-License-Identifier: ISC */
/*
 * kqueue watches what is open, not names: each folder on the way, and each
 * file. It does not say what has changed in a folder, so any change there
 * counts; nor when a writer has finished.
 */
#include "os/filewatch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	SPOTS = 32,
	HOPS = 8,	/* of symlinks */
	BATCH = 16,
#ifdef O_EVTONLY
	TO_WATCH = O_EVTONLY | O_CLOEXEC,	/* unmounting goes on working */
#else
	TO_WATCH = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
#endif
};

struct filewatch {
	int fd;
	size_t n;
	int spots[SPOTS];
};

const bool filewatch_exact = false;

int filewatch_open(struct filewatch **watch, struct why *why)
{
	struct filewatch *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return why_set(why, -ENOMEM, "watch on files: no memory");
	w->fd = kqueue();
	if (w->fd < 0 || fcntl(w->fd, F_SETFD, FD_CLOEXEC) < 0) {
		error = -errno;
		filewatch_close(w);
		return why_set(why, error, "watch on files: %s",
			       strerror(-error));
	}
	*watch = w;
	return 0;
}

static void forget(struct filewatch *w)
{
	while (w->n > 0)
		close(w->spots[--w->n]);
}

void filewatch_close(struct filewatch *w)
{
	if (w == NULL)
		return;
	forget(w);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int filewatch_fd(const struct filewatch *w)
{
	return w->fd;
}

/* False: there is no such thing. */
static bool add(struct filewatch *w, const char *path)
{
	int fd = w->n < SPOTS ? open(path, TO_WATCH) : -1;
	struct kevent ev;

	if (fd < 0)
		return false;
	EV_SET(&ev, (uintptr_t)fd, EVFILT_VNODE, EV_ADD | EV_CLEAR,
	       NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_DELETE |
	       NOTE_RENAME | NOTE_REVOKE, 0, NULL);
	if (kevent(w->fd, &ev, 1, NULL, 0, NULL) < 0) {
		close(fd);
		return false;
	}
	w->spots[w->n++] = fd;
	return true;
}

/* The folder of path, or the last one on the way that is there. */
static void add_folder(struct filewatch *w, char path[static PATH_MAX])
{
	char *slash;
	bool there = false;

	/* What shrinks: the path. */
	while (!there && (slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		there = add(w, slash == path ? "/" : path);
	}
}

static void follow(struct filewatch *w, const char *name)
{
	char path[PATH_MAX], folder[PATH_MAX];

	snprintf(path, sizeof(path), "%s", name);
	for (unsigned int hops = 0; hops < HOPS; hops++) {
		memcpy(folder, path, sizeof(folder));
		add_folder(w, folder);
		if (!filewatch_hop(path))
			break;
	}
	(void)add(w, path);
}

void filewatch_follow(struct filewatch *w, const char *const *paths, size_t n)
{
	if (w == NULL)
		return;
	forget(w);
	for (size_t i = 0; i < n; i++)
		follow(w, paths[i]);
}

bool filewatch_changed(struct filewatch *w)
{
	static const struct timespec at_once;
	struct kevent ev[BATCH];
	bool changed = false;

	/* What shrinks: what is told, as each spot tells once (EV_CLEAR). */
	for (unsigned int i = 0; i < SPOTS; i++) {
		int n = kevent(w->fd, NULL, 0, ev, BATCH, &at_once);

		changed |= n > 0;
		if (n < BATCH)
			break;
	}
	return changed;
}
