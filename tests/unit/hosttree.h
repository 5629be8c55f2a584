/* SPDX-License-Identifier: ISC */
/*
 * hosttree.h - a host's resolv.conf in a folder of its own
 *
 * "etc/resolv.conf" and "state"; the test stands in etc/.
 */
#ifndef HOSTTREE_H
#define HOSTTREE_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hostdns/hostdns.h"
#include "log.h"

static char root[64];
static struct conf conf;
static struct ipaddr loopback[2];

static inline void run(const char *fmt, ...) PRINTF(1, 2);

static inline void run(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cr_assert_eq(system(text), 0, "%s", text);
}

static inline json_t *parsed(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert(value != NULL, "%s", text);
	return value;
}

/* The commands run in etc/, as does the test. */
static inline void make_tree(const char *commands)
{
	char etc[80];

	log_set_level(LEVEL_ERROR);
	/* In memory, where it can be: there are thousands of fsync(2). */
	strcpy(root, access("/dev/shm", W_OK) == 0 ?
	       "/dev/shm/test_hostdns.XXXXXX" : "/tmp/test_hostdns.XXXXXX");
	cr_assert(mkdtemp(root) != NULL);
	snprintf(etc, sizeof(etc), "%s/etc", root);
	cr_assert_eq(mkdir(etc, 0755), 0);
	cr_assert_eq(chdir(etc), 0);
	run("mkdir %s/state; %s", root, commands);
	conf = (struct conf){ .hostdns = HOSTDNS_FILE, .port = 53 };
	snprintf(conf.resolv_conf, PATH_MAX, "%s/resolv.conf", etc);
	snprintf(conf.state_dir, PATH_MAX, "%s/state", root);
	cr_assert(ipaddr_parse("127.0.0.1", &loopback[0]) &&
		  ipaddr_parse("::1", &loopback[1]));
}

static inline void remove_tree(void)
{
	cr_assert_eq(chdir("/"), 0);
	run("rm -rf %s", root);
}

static inline struct hostdns *opened(void)
{
	struct hostdns *h;
	struct why why;

	cr_assert_eq(hostdns_open(&h, &conf, &why), 0, "%s", why.text);
	return h;
}

static inline void point(struct hostdns *h)
{
	struct why why;

	cr_assert_eq(h->ops->point(h, loopback, 2, &why), 0, "%s", why.text);
	cr_expect(h->ops->pointed(h));
}

static inline void restore(struct hostdns *h)
{
	struct why why;

	cr_assert_eq(h->ops->restore(h, &why), 0, "%s", why.text);
	cr_expect(!h->ops->pointed(h));
}

/* All that must come back. */
struct snapshot {
	bool there;
	struct stat st;
	char link[256], xattr[64], text[4096];
	size_t len;
};

static inline void take(struct snapshot *s)
{
	FILE *in;

	memset(s, 0, sizeof(*s));
	s->there = lstat("resolv.conf", &s->st) == 0;
	if (!s->there)
		return;
	if (S_ISLNK(s->st.st_mode) &&
	    readlink("resolv.conf", s->link, sizeof(s->link) - 1) < 0)
		abort();
	if (getxattr("resolv.conf", "user.mark", s->xattr, 63) < 0)
		s->xattr[0] = '\0';
	in = fopen("resolv.conf", "r");
	if (in != NULL) {
		s->len = fread(s->text, 1, sizeof(s->text), in);
		fclose(in);
	}
}

static inline bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static inline bool is_same(const struct snapshot *a, const struct snapshot *b)
{
	if (!a->there || !b->there)
		return a->there == b->there;
	return a->st.st_ino == b->st.st_ino &&
	       a->st.st_mode == b->st.st_mode &&
	       a->st.st_uid == b->st.st_uid && a->st.st_gid == b->st.st_gid &&
	       a->st.st_nlink == b->st.st_nlink &&
	       same_time(&a->st.st_mtim, &b->st.st_mtim) &&
	       strcmp(a->link, b->link) == 0 &&
	       strcmp(a->xattr, b->xattr) == 0 && a->len == b->len &&
	       memcmp(a->text, b->text, a->len) == 0;
}

static inline bool has_entry(const char *path, const char *part)
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	bool found = false;

	cr_assert(dir != NULL, "%s", path);
	while ((d = readdir(dir)) != NULL)
		found |= strcmp(d->d_name, ".") != 0 &&
			 strcmp(d->d_name, "..") != 0 &&
			 strstr(d->d_name, part) != NULL;
	closedir(dir);
	return found;
}

/* Nothing of ours stays behind. */
static inline void expect_clean(const char *what)
{
	cr_expect(!has_entry(".", "sallyport"), "%s: left beside", what);
	cr_expect(!has_entry(conf.state_dir, ""), "%s: left in state", what);
}

#define TEXT "search corp.example\nnameserver 192.0.2.53\noptions edns0\n"
#define FILE_IS(text) "printf '" text "' > resolv.conf; "

static inline const char *read_first(struct hostdns *h,
				     char text[static IPADDR_TEXT])
{
	struct hostdns_servers s;
	struct why why;
	int error = h->ops->read(h, &s, &why);

	cr_assert(error == 0 || error == -ENOENT, "%s", why.text);
	return error != 0 ? "" : ipaddr_text(&s.server[0].addr, text);
}

#endif /* HOSTTREE_H */
