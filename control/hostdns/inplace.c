/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The copy is in `dir` under one of two names. "saved": the file is whole,
 * either as inplace_write() left it or as somebody else has changed it
 * since. "changing": we may be in the middle of a write, so whatever the file
 * holds must not be trusted and the copy goes back.
 *
 *	inplace_write()			inplace_restore()
 *	1 copy to "new", sync		1 "saved" becomes "changing", sync
 *	2 "new" becomes "changing"	2 write the copy's octets, sync
 *	  by rename, sync		3 remove "changing", sync
 *	3 write the file, sync
 *	4 "changing" becomes "saved"
 *
 * A crash before step 2 of a write leaves the file untouched and at most a
 * "new" that nobody reads. Between 2 and 4, and between 1 and 3 of a restore,
 * "changing" is there, and the restore is made again: it writes the same
 * octets each time. Outside of these there is nothing to heal. The copy has
 * the mode, owner and times of the original itself, so they need no format.
 *
 * Deliberately lost: what somebody else writes to the file between a crash
 * in step 3 and the next start.
 */
#include "hostdns/inplace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostdns/resolvfile.h"

static const char fresh[] = "resolv.conf.new";
static const char changing[] = "resolv.conf.changing";
static const char saved[] = "resolv.conf.saved";

static int open_dir(const struct inplace *p)
{
	int fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* All of it, or -EFBIG. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	ssize_t n = resolvfile_load(fd, text, size);

	return n == (ssize_t)size ? -EFBIG : n;
}

static int set_attributes(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	/* The owner first: a change of it clears set-id bits. */
	if (fchown(fd, st->st_uid, st->st_gid) != 0 ||
	    fchmod(fd, st->st_mode & 07777) != 0 || futimens(fd, times) != 0)
		return -errno;
	return 0;
}

/* st: whose attributes it gets, or NULL. */
static int fill(int fd, const char *text, size_t len, const struct stat *st)
{
	int error = resolvfile_store(fd, text, len);

	if (error == 0 && ftruncate(fd, (off_t)len) != 0)
		error = -errno;
	if (error == 0 && st != NULL)
		error = set_attributes(fd, st);
	if (error == 0 && fsync(fd) != 0)
		error = -errno;
	return error;
}

static int move(int dir, const char *from, const char *to)
{
	if (renameat(dir, from, dir, to) != 0 || fsync(dir) != 0)
		return -errno;
	return 0;
}

static int removed(int dir, const char *name)
{
	return unlinkat(dir, name, 0) != 0 && errno != ENOENT ? -errno : 0;
}

/* Steps 1 and 2 of a write. */
static int keep(int dir, const char *text, size_t len, const struct stat *st)
{
	int fd, error = removed(dir, fresh);

	if (error != 0)
		return error;
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = fill(fd, text, len, st);
	close(fd);
	return error != 0 ? error : move(dir, fresh, changing);
}

static int keep_file(int dir, int fd)
{
	char text[RESOLV_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	n = read_all(fd, text, sizeof(text));
	if (n < 0)
		return (int)n;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno :
	       keep(dir, text, (size_t)n, &st);
}

static int write_in(const struct inplace *p, int dir, const char *text,
		    size_t len)
{
	int fd = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	if (faccessat(dir, saved, F_OK, 0) == 0)
		error = move(dir, saved, changing);
	else
		error = keep_file(dir, fd);
	if (error == 0)
		error = fill(fd, text, len, NULL);
	close(fd);
	return error != 0 ? error : move(dir, changing, saved);
}

bool inplace_needed(int error)
{
	switch (-error) {
	case EXDEV:
	case EBUSY:
	case EPERM:
	case EACCES:
	case EROFS:
	case EMLINK:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

int inplace_write(const struct inplace *p, const char *text, size_t len)
{
	int dir = open_dir(p), error, undo = 0;

	if (dir < 0)
		return dir;
	error = write_in(p, dir, text, len);
	close(dir);
	if (error != 0 && inplace_torn(p))
		undo = inplace_restore(p);	/* or the next start does it */
	return undo != 0 ? undo : error;
}

/* The copy is opened under the one name it has. */
static int open_copy(int dir)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir, changing, flags);

	if (fd < 0 && errno == ENOENT)
		fd = openat(dir, saved, flags);
	return fd < 0 ? -errno : fd;
}

ssize_t inplace_original(const struct inplace *p, char *text, size_t size)
{
	int dir = open_dir(p), fd;
	ssize_t n;

	if (dir < 0)
		return dir;
	fd = open_copy(dir);
	close(dir);
	if (fd < 0)
		return fd;
	n = read_all(fd, text, size);
	close(fd);
	return n;
}

static int put_back(const struct inplace *p, int copy)
{
	char text[RESOLV_MAX];
	struct stat st;
	ssize_t n;
	int fd, error;

	if (fstat(copy, &st) != 0)
		return -errno;
	n = read_all(copy, text, sizeof(text));
	if (n < 0)
		return (int)n;
	fd = open(p->path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = fill(fd, text, (size_t)n, &st);
	close(fd);
	return error;
}

static int restore_from(const struct inplace *p, int dir)
{
	int copy, error = 0;

	if (faccessat(dir, saved, F_OK, 0) == 0)
		error = move(dir, saved, changing);
	if (error != 0)
		return error;
	copy = open_copy(dir);
	if (copy < 0)
		return copy;
	error = put_back(p, copy);
	close(copy);
	if (error == 0)
		error = removed(dir, changing);
	return error == 0 && fsync(dir) != 0 ? -errno : error;
}

int inplace_restore(const struct inplace *p)
{
	int dir = open_dir(p), error;

	if (dir < 0)
		return dir;
	error = restore_from(p, dir);
	close(dir);
	return error;
}

bool inplace_torn(const struct inplace *p)
{
	int dir = open_dir(p);
	bool there = dir >= 0 && faccessat(dir, changing, F_OK, 0) == 0;

	if (dir >= 0)
		close(dir);
	return there;
}

int inplace_drop(const struct inplace *p)
{
	int dir = open_dir(p), error;

	/* Without the directory there is no copy in it. */
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	error = removed(dir, fresh);
	if (error == 0)
		error = removed(dir, changing);
	if (error == 0)
		error = removed(dir, saved);
	if (error == 0 && fsync(dir) != 0)
		error = -errno;
	close(dir);
	return error;
}
