/* SPDX-License-Identifier: ISC */
#include "jsonfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const struct jsonfile *f, int error, const char *what,
		  struct why *why)
{
	return why_set(why, error, "%s/%s: %s: %s", f->dir, f->name, what,
		       strerror(-error));
}

int jsonfile_damaged(const struct jsonfile *f, const char *what,
		     struct why *why)
{
	return why_set(why, -EBADMSG, "%s/%s: damaged: %s; set it right or "
		       "remove it", f->dir, f->name, what);
}

static int open_dir(const struct jsonfile *f)
{
	int fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool jsonfile_exists(const struct jsonfile *f)
{
	int fd = open_dir(f);
	bool there = fd >= 0 &&
		     faccessat(fd, f->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (fd >= 0)
		close(fd);
	return there;
}

/* How many octets, or -errno. */
static ssize_t read_file(int dirfd, const struct jsonfile *f,
			 char text[static JSONFILE_MAX])
{
	int fd = openat(dirfd, f->name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = 0, at = 0, max = (ssize_t)f->max;

	if (fd < 0)
		return -errno;
	while (at < max && (n = read(fd, text + at, (size_t)(max - at))) > 0)
		at += n;
	if (n < 0)
		at = -errno;
	else if (at == max)
		at = -EFBIG;
	close(fd);
	return at;
}

int jsonfile_load(const struct jsonfile *f, json_t **root, struct why *why)
{
	char text[JSONFILE_MAX];
	json_error_t error;
	ssize_t n = -ENOENT;
	int fd = open_dir(f);

	*root = NULL;
	if (fd < 0 && fd != -ENOENT)
		return failed(f, fd, "open", why);
	if (fd >= 0) {
		n = read_file(fd, f, text);
		close(fd);
	}
	if (n == -ENOENT)
		return 0;
	if (n < 0)
		return failed(f, (int)n, "read", why);
	*root = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &error);
	return *root == NULL ? jsonfile_damaged(f, error.text, why) : 0;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return fsync(fd);
}

static int replace(int dirfd, const char *name, const char *text)
{
	char temp[NAME_MAX];
	int fd, error = 0;

	snprintf(temp, sizeof(temp), ".%s.new", name);
	if (unlinkat(dirfd, temp, 0) != 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) != 0 || write_all(fd, text) != 0)
		error = -errno;
	if (close(fd) != 0 && error == 0)
		error = -errno;
	if (error == 0 && renameat(dirfd, temp, dirfd, name) != 0)
		error = -errno;
	if (error != 0)
		unlinkat(dirfd, temp, 0);
	else if (fsync(dirfd) != 0)
		error = -errno;
	return error;
}

static int save_text(const struct jsonfile *f, const char *text)
{
	int fd, error;

	if (text == NULL)
		return -ENOMEM;
	if (strlen(text) >= f->max)
		return -EFBIG;	/* it would not be read back */
	fd = open_dir(f);
	if (fd < 0)
		return fd;
	error = replace(fd, f->name, text);
	close(fd);
	return error;
}

int jsonfile_save_text(const struct jsonfile *f, const char *text,
		       struct why *why)
{
	int error = save_text(f, text);

	return error == 0 ? 0 : failed(f, error, "save", why);
}

int jsonfile_save(const struct jsonfile *f, json_t *root, struct why *why)
{
	char *text = root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;
	int error;

	json_decref(root);
	error = jsonfile_save_text(f, text, why);
	free(text);
	return error;
}

int jsonfile_remove(const struct jsonfile *f, struct why *why)
{
	int fd = open_dir(f), error = 0;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return failed(f, fd, "open", why);
	if (unlinkat(fd, f->name, 0) == 0)
		error = fsync(fd) != 0 ? -errno : 0;
	else if (errno != ENOENT)
		error = -errno;
	close(fd);
	return error == 0 ? 0 : failed(f, error, "remove", why);
}

bool jsonfile_each(const json_t *list, size_t max,
		   bool (*good)(const json_t *item))
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > max)
		return false;
	json_array_foreach(list, i, item)
		if (!good(item))
			return false;
	return true;
}
