/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * P is the file, /etc/resolv.conf as a rule; S and T are hidden names beside
 * it. Pointing, where P can be replaced:
 *
 *	1 link P to S (a symlink stays one)
 *	2 write ours to T, sync it, sync the directory
 *	3 rename T over P
 *
 * On the disk, too, S and T are there before P is ours. That it is ours need
 * not get there: without power nobody answers. Restoring is one rename of S
 * over P, and a sync: it brings the very inode back, and with it octets, mode,
 * owner, times and attributes. P exists at every moment. Ours says in its first line that it is
 * ours, unedited, and where the original is (resolvfile.h), so what is to be
 * done is read off the disk and nothing is remembered:
 *
 *	P is		S	after a crash in	so
 *	not ours	no	-			nothing
 *	not ours	yes	1, 2; or P changed	remove S
 *	ours, linked	yes	3, or while pointed	rename S over P
 *	ours, linked	no	S was taken away	say so
 *	ours, none	-	3, or while pointed	remove P
 *	missing		yes	P was taken away	rename S over P
 *
 * T is removed wherever it is found; nobody reads it. "P changed" is somebody
 * else's decision about the host's DNS while we were pointed: theirs stays, or
 * while the door may open, is the original from then on. Who has edited ours
 * and named no other server has decided nothing.
 * In row two S and P may be one inode; removing S is right then, too. Renames
 * over P are exchanges where the file system has them, so that what somebody
 * else has put there since our look is found, and is not lost.
 *
 * No P at all is an original, too: ours then says "none", which comes to the
 * disk with the rename that brings it, and restoring removes P.
 *
 * Where the link or the rename is refused (a bind mount, a read-only /etc, a
 * file system without links) the octets are changed in place; see inplace.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostdns/guard.h"
#include "hostdns/hostdns.h"
#include "hostdns/inplace.h"
#include "hostdns/resolvfile.h"
#include "log.h"
#include "os/swapname.h"

/* Leaves room for what S has around it. */
enum { NAME_LEN = NAME_MAX - 20 };

struct file {
	struct hostdns h;
	char path[PATH_MAX];
	char state_dir[PATH_MAX];
	struct inplace copy;		/* borrows the two above */
	struct ipaddr listen[POLICY_LISTEN];
	unsigned int n;			/* of these; 0: we are not to be asked */
	ino_t inode;			/* of P as we put it there; 0: not ours */
	struct guard guard;
	int dir;			/* of the three names below */
	char name[NAME_LEN];		/* P */
	char saved[NAME_MAX + 1];	/* S */
	char temp[NAME_MAX + 1];	/* T */
};

static int failed(const struct file *f, int error, const char *what,
		  struct why *why)
{
	return why_set(why, error, "%s: cannot %s: %s", f->path, what,
		       strerror(-error));
}

static int sync_dir(const struct file *f)
{
	return fsync(f->dir) != 0 ? -errno : 0;
}

static int drop_name(const struct file *f, const char *name)
{
	return unlinkat(f->dir, name, 0) != 0 && errno != ENOENT ? -errno : 0;
}

static bool has_name(const struct file *f, const char *name)
{
	return faccessat(f->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Octets of a file beside P, -ENOENT for none; flags: O_NOFOLLOW or 0. */
static ssize_t load_name(const struct file *f, const char *name, int flags,
			 char text[static RESOLV_MAX])
{
	int fd = openat(f->dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC |
			flags);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = resolvfile_load(fd, text, RESOLV_MAX);
	close(fd);
	return n;
}

static enum resolv_origin judge(const char *text, size_t len)
{
	return resolvfile_names_only(text, len, NULL, 0) ?
	       resolvfile_was(text, len) : resolvfile_origin(text, len);
}

/* What we put there ourselves is a file and no symlink, unless in place. */
static enum resolv_origin look(const struct file *f)
{
	enum resolv_origin origin;
	char text[RESOLV_MAX];
	ssize_t n = load_name(f, f->name, O_NOFOLLOW, text);

	if (n >= 0)
		return judge(text, (size_t)n);
	n = load_name(f, f->name, 0, text);
	origin = n < 0 ? ORIGIN_FOREIGN : judge(text, (size_t)n);
	return origin == ORIGIN_COPIED ? origin : ORIGIN_FOREIGN;
}

/* The original's octets, as far as they are looked at. */
static ssize_t load_original(const struct file *f,
			     char text[static RESOLV_MAX])
{
	ssize_t n;

	switch (look(f)) {
	case ORIGIN_LINKED:
		n = load_name(f, f->saved, 0, text);
		break;
	case ORIGIN_COPIED:
		n = inplace_original(&f->copy, text, RESOLV_MAX);
		break;
	case ORIGIN_NONE:
		return 0;
	default:
		n = load_name(f, f->name, 0, text);
	}
	/* A symlink that leads nowhere names no server. */
	return n == -ENOENT || n == -ENOTDIR || n == -ELOOP || n == -EISDIR ?
	       0 : n;
}

static int file_read(struct hostdns *h, struct hostdns_servers *s,
		     struct why *why)
{
	const struct file *f = (const struct file *)h;
	char text[RESOLV_MAX];
	ssize_t n;

	resolvfile_watch(h->watch, f->path);
	n = load_original(f, text);
	if (n < 0)
		return failed(f, (int)n, "read the original", why);
	return resolvfile_read_text(text, (size_t)n, f->path, s, why);
}

/* Step 3. Who has come between steps 1 and 3 is the original now. */
static int take_place(const struct file *f)
{
	char text[RESOLV_MAX];
	ssize_t n;

	if (swapname(f->dir, f->temp, f->name) != 0)
		return renameat(f->dir, f->temp, f->dir, f->name) != 0 ?
		       -errno : 0;
	n = load_name(f, f->temp, O_NOFOLLOW, text);
	/* Two links to one inode are left as they are (rename(2)). */
	if (has_name(f, f->saved) &&
	    (n < 0 || judge(text, (size_t)n) == ORIGIN_FOREIGN) &&
	    renameat(f->dir, f->temp, f->dir, f->saved) != 0)
		return -errno;
	return drop_name(f, f->temp);
}

/* Steps 2 and 3. */
static int replace(const struct file *f, const char *text, size_t len)
{
	int fd, error = drop_name(f, f->temp);

	if (error != 0)
		return error;
	fd = openat(f->dir, f->temp, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* 0644 whatever the umask: every program reads it. */
	error = fchmod(fd, 0644) != 0 ? -errno :
		resolvfile_store(fd, text, len);
	if (error == 0 && fsync(fd) != 0)
		error = -errno;
	close(fd);
	if (error == 0)
		error = sync_dir(f);
	return error == 0 ? take_place(f) : error;
}

/* P is not ours here, so S is nobody's original any more. */
static int forget(const struct file *f)
{
	bool linked = has_name(f, f->saved);
	int error = drop_name(f, f->saved);

	if (error == 0 && linked)
		error = sync_dir(f);
	return error == 0 ? inplace_drop(&f->copy) : error;
}

/* Puts ours in the place of an original that origin says how to keep. */
static int put(const struct file *f, enum resolv_origin origin,
	       const struct ipaddr *listen, unsigned int n)
{
	char original[RESOLV_MAX], now[RESOLV_MAX], text[RESOLV_OURS];
	ssize_t len = load_original(f, original);
	size_t size;

	if (len < 0)
		return (int)len;
	size = resolvfile_ours(origin, original, (size_t)len, listen, n, text);
	len = load_name(f, f->name, 0, now);
	if (len == (ssize_t)size && memcmp(now, text, size) == 0)
		return 0;
	return origin == ORIGIN_COPIED ?
	       inplace_write(&f->copy, text, size) : replace(f, text, size);
}

/* All three steps; what was done of them is undone. */
static int put_linked(const struct file *f, const struct ipaddr *listen,
		      unsigned int n)
{
	int error;

	if (linkat(f->dir, f->name, f->dir, f->saved, 0) != 0)
		return -errno;
	error = put(f, ORIGIN_LINKED, listen, n);
	if (error == 0)
		return 0;
	unlinkat(f->dir, f->temp, 0);
	/* After the rename it is the only one. */
	if (look(f) != ORIGIN_LINKED)
		unlinkat(f->dir, f->saved, 0);
	return error;
}

static int point(const struct file *f, const struct ipaddr *listen,
		 unsigned int n, struct why *why)
{
	int error = inplace_torn(&f->copy) ? inplace_restore(&f->copy) : 0;
	enum resolv_origin origin = look(f);

	if (error == 0 && origin == ORIGIN_FOREIGN) {
		error = forget(f);
		if (error == 0 && !has_name(f, f->name))
			origin = ORIGIN_NONE;
	}
	if (error == 0 && origin != ORIGIN_FOREIGN)
		error = put(f, origin, listen, n);
	else if (error == 0)
		error = put_linked(f, listen, n);
	if (origin == ORIGIN_FOREIGN && inplace_needed(error) &&
	    !inplace_torn(&f->copy))
		error = put(f, ORIGIN_COPIED, listen, n);
	return error != 0 ? failed(f, error, "point it at us", why) : 0;
}

static ino_t inode_of(const struct file *f, const char *name)
{
	struct stat st = { 0 };

	(void)!fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW);
	return st.st_ino;
}

static int file_point(struct hostdns *h, const struct ipaddr *listen,
		      unsigned int n, struct why *why)
{
	struct file *f = (struct file *)h;
	int error;

	resolvfile_watch(h->watch, f->path);
	error = point(f, listen, n, why);
	if (error != 0)
		return error;
	memcpy(f->listen, listen, n * sizeof(*listen));
	f->n = n;
	f->inode = look(f) == ORIGIN_LINKED ?
		   inode_of(f, f->name) : 0;
	return 0;
}

static int bring_back(const struct file *f)
{
	if (renameat(f->dir, f->saved, f->dir, f->name) != 0)
		return -errno;
	drop_name(f, f->saved);
	return sync_dir(f);
}

static int remove_ours(const struct file *f)
{
	int error = drop_name(f, f->name);

	return error != 0 ? error : sync_dir(f);
}

static int restore(const struct file *f)
{
	if (inplace_torn(&f->copy))
		return inplace_restore(&f->copy);
	switch (look(f)) {
	case ORIGIN_LINKED:
		return bring_back(f);
	case ORIGIN_COPIED:
		return inplace_restore(&f->copy);
	case ORIGIN_NONE:
		return remove_ours(f);
	default:
		if (!has_name(f, f->name) && has_name(f, f->saved))
			return bring_back(f);
		return forget(f);
	}
}

static int file_restore(struct hostdns *h, struct why *why)
{
	struct file *f = (struct file *)h;
	int error = restore(f);

	f->n = 0;
	if (error == -ENOENT)
		return why_set(why, error, "%s: the original was taken away "
			       "from where it was kept; write a new one",
			       f->path);
	return error != 0 ? failed(f, error, "put the original back", why) : 0;
}

static bool file_pointed(const struct hostdns *h)
{
	return look((const struct file *)h) != ORIGIN_FOREIGN;
}

/*
 * How much of text is ours: who writes a file line by line, opening it each
 * time, may have begun with the original and gone on with ours.
 */
static size_t ours_in(const struct file *f, const char *text, ssize_t n)
{
	char original[RESOLV_MAX];
	ssize_t had = load_name(f, f->saved, 0, original);

	return had < 0 || n < 0 ? 0 :
	       resolvfile_begun(original, (size_t)had, f->listen, f->n, text,
				(size_t)n);
}

/* Written into our file, what was for the original. */
static int pass_on(const struct file *f)
{
	char text[RESOLV_MAX];
	ssize_t n = load_name(f, f->name, O_NOFOLLOW, text);
	size_t ours = ours_in(f, text, n);
	int fd, error;

	if (n < 0 || n == RESOLV_MAX || swapname(f->dir, f->saved, f->name) != 0)
		return 0;
	/* Theirs has been replaced meanwhile. */
	if (inode_of(f, f->saved) != f->inode)
		return swapname(f->dir, f->saved, f->name);
	fd = openat(f->dir, f->name, O_WRONLY | O_CREAT | O_NONBLOCK |
		    O_CLOEXEC | (ours > 0 ? O_APPEND : O_TRUNC), 0644);
	if (fd < 0)
		return swapname(f->dir, f->saved, f->name);
	error = resolvfile_store(fd, text + ours, (size_t)n - ours);
	close(fd);
	return error == 0 ? drop_name(f, f->saved) : error;
}

/* Somebody else's is to be there, as it would be without us. */
static int give_way(const struct file *f)
{
	if (!has_name(f, f->saved))
		return 0;
	if (!has_name(f, f->name))
		return bring_back(f);
	return f->inode != 0 && inode_of(f, f->name) == f->inode ?
	       pass_on(f) : 0;
}

/* One more line of a change that has been followed already. */
static bool is_gone_on_with(const struct file *f)
{
	char text[RESOLV_MAX];
	ssize_t n = load_name(f, f->name, O_NOFOLLOW, text);

	return ours_in(f, text, n) > 0;
}

static int file_look(struct hostdns *h, struct why *why)
{
	struct file *f = (struct file *)h;
	int error;

	resolvfile_watch(h->watch, f->path);
	if (f->n == 0 || look(f) != ORIGIN_FOREIGN)
		return 0;
	if (!is_gone_on_with(f) && !guard_may(&f->guard))
		return why_set(why, -EBUSY, "somebody else keeps writing %s: "
			       "names cannot be asked for; use datapath = "
			       "bypass", f->path);
	log_info("hostdns: somebody else has changed %s: pointed at us again",
		 f->path);
	error = give_way(f);
	if (error < 0)
		return failed(f, error, "put the original back", why);
	error = file_point(h, f->listen, f->n, why);
	return error != 0 ? error : 1;
}

static void file_close(struct hostdns *h)
{
	struct file *f = (struct file *)h;

	close(f->dir);
	free(f);
}

static const struct hostdns_ops file_ops = {
	.name = "file", .close = file_close, .read = file_read,
	.point = file_point, .restore = file_restore,
	.pointed = file_pointed, .look = file_look,
};

/* Splits the path and makes the hidden names; opens the directory. */
static int open_names(struct file *f)
{
	char *slash = strrchr(f->path, '/');
	char dir[PATH_MAX];

	if (slash == NULL || slash[1] == '\0')
		return -EINVAL;
	if (strlen(slash + 1) >= sizeof(f->name))
		return -ENAMETOOLONG;
	snprintf(dir, sizeof(dir), "%.*s/", (int)(slash - f->path), f->path);
	snprintf(f->name, sizeof(f->name), "%s", slash + 1);
	snprintf(f->saved, sizeof(f->saved), ".%s" RESOLV_SAVED, f->name);
	snprintf(f->temp, sizeof(f->temp), ".%s.sallyport-new", f->name);
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->dir < 0 ? -errno : 0;
}

static void heal(struct file *f)
{
	bool ours = look(f) != ORIGIN_FOREIGN || inplace_torn(&f->copy);
	struct why why;

	drop_name(f, f->temp);
	if (file_restore(&f->h, &why) != 0)
		log_warning("hostdns: %s", why.text);
	else if (ours)
		log_info("hostdns: %s: put the original back", f->path);
}

int hostdns_file_open(struct hostdns **h, const struct conf *c,
		      struct why *why)
{
	struct file *f = calloc(1, sizeof(*f));
	int error;

	if (f == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	f->h.ops = &file_ops;
	memcpy(f->path, c->resolv_conf, sizeof(f->path));
	memcpy(f->state_dir, c->state_dir, sizeof(f->state_dir));
	f->copy = (struct inplace){ f->path, f->state_dir };
	error = open_names(f);
	if (error != 0) {
		error = failed(f, error, "open its directory", why);
		free(f);
		return error;
	}
	heal(f);
	*h = &f->h;
	return 0;
}
