/* SPDX-License-Identifier: ISC */
#include "os/filewatch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SPOTS = 32,
	HOPS = 8,	/* of symlinks */
	FOLLOWED = 2048,	/* of paths, together */
	READS = 64,	/* in one turn */
};

static const uint32_t in_folder = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
				  IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
				  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/* A file that is mounted here is written elsewhere, too. */
static const uint32_t in_file = IN_CLOSE_WRITE | IN_MASK_ADD;

/* A name in a folder, "" for all of them; or a file, name "". */
struct spot {
	int wd;
	char path[PATH_MAX], name[NAME_MAX + 1];
};

struct filewatch {
	int fd;
	size_t n;
	struct spot spots[SPOTS];
	/* What was followed, each with a line's end; "" once something has
	 * happened there, or where it is too long. */
	char followed[FOLLOWED];
};

const bool filewatch_exact = true;

int filewatch_open(struct filewatch **watch, struct why *why)
{
	struct filewatch *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return why_set(why, -ENOMEM, "watch on files: no memory");
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0) {
		error = -errno;
		free(w);
		return why_set(why, error, "watch on files: %s",
			       strerror(-error));
	}
	*watch = w;
	return 0;
}

void filewatch_close(struct filewatch *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	free(w);
}

int filewatch_fd(const struct filewatch *w)
{
	return w->fd;
}

/* False: there is no such folder. */
static bool add(struct filewatch *w, const char *path, const char *name,
		uint32_t mask)
{
	int wd = w->n < SPOTS ? inotify_add_watch(w->fd, path, mask) : -1;
	struct spot *s = &w->spots[w->n];

	if (wd < 0)
		return false;
	s->wd = wd;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->name, sizeof(s->name), "%s", name);
	w->n++;
	return true;
}

/*
 * path, split at its last slash. Where the folder is not there, the name of
 * what is missing in the last one that is.
 */
static void add_path(struct filewatch *w, char path[static PATH_MAX])
{
	char *slash;
	bool there = false;

	/* What shrinks: the path. */
	while (!there && (slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		there = add(w, slash == path ? "/" : path, slash + 1,
			    in_folder);
	}
}

static void follow(struct filewatch *w, const char *name)
{
	char path[PATH_MAX], folder[PATH_MAX];

	snprintf(path, sizeof(path), "%s", name);
	for (unsigned int hops = 0; hops < HOPS; hops++) {
		memcpy(folder, path, sizeof(folder));
		add_path(w, folder);
		if (!filewatch_hop(path))
			break;
	}
	(void)add(w, path, "", in_file);
}

static bool is_watched(const struct filewatch *w, int wd)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->spots[i].wd == wd)
			return true;
	return false;
}

/* "" where they do not fit. */
static void join(const char *const *paths, size_t n, char text[static FOLLOWED])
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t room = FOLLOWED - at;
		int len = snprintf(text + at, room, "%s\n", paths[i]);

		if (len < 0 || (size_t)len >= room) {
			text[0] = '\0';
			return;
		}
		at += (size_t)len;
	}
}

/* Folders and symlinks are what they were: whatever changes there is told. */
static bool is_quiet(const struct filewatch *w)
{
	int octets = 0;

	return ioctl(w->fd, FIONREAD, &octets) == 0 && octets == 0;
}

void filewatch_follow(struct filewatch *w, const char *const *paths, size_t n)
{
	char text[FOLLOWED];
	size_t n_was;
	int was[SPOTS];

	if (w == NULL)
		return;
	join(paths, n, text);
	if (text[0] != '\0' && strcmp(text, w->followed) == 0 && is_quiet(w))
		return;
	memcpy(w->followed, text, strlen(text) + 1);
	n_was = w->n;
	for (size_t i = 0; i < n_was; i++)
		was[i] = w->spots[i].wd;
	w->n = 0;
	for (size_t i = 0; i < n; i++)
		follow(w, paths[i]);
	for (size_t i = 0; i < n_was; i++)
		if (!is_watched(w, was[i]))
			(void)inotify_rm_watch(w->fd, was[i]);
}

/* A file that somebody has begun: the end of it will be told, too. */
static bool is_begun(const struct spot *s, const struct inotify_event *e)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->path,
		 e->len > 0 ? e->name : "");
	return (e->mask & IN_CREATE) != 0 && lstat(path, &st) == 0 &&
	       S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static bool concerns(const struct filewatch *w, const struct inotify_event *e)
{
	const char *name = e->len > 0 ? e->name : "";

	if (e->mask & (IN_Q_OVERFLOW | IN_UNMOUNT | IN_DELETE_SELF |
		       IN_MOVE_SELF))
		return true;
	for (size_t i = 0; i < w->n; i++)
		if (w->spots[i].wd == e->wd &&
		    (w->spots[i].name[0] == '\0' ||
		     strcmp(w->spots[i].name, name) == 0))
			return !(e->mask & IN_IGNORED) &&
			       !is_begun(&w->spots[i], e);
	return false;
}

bool filewatch_changed(struct filewatch *w)
{
	_Alignas(struct inotify_event) char buf[4096];
	const struct inotify_event *e;
	bool changed = false;
	ssize_t n;

	for (unsigned int i = 0; i < READS; i++) {
		n = read(w->fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		w->followed[0] = '\0';
		for (ssize_t at = 0; at < n;
		     at += (ssize_t)(sizeof(*e) + e->len)) {
			e = (const struct inotify_event *)(const void *)
			    (buf + at);
			changed |= concerns(w, e);
		}
	}
	return changed;
}
