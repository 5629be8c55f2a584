/* SPDX-License-Identifier: ISC */
/*
 * resolvfile.h - the text of a resolv.conf: what is in it, and ours
 *
 * A text may hold anything: NULs, endless lines, CRLF. It is read in one
 * pass; what is not understood is left out.
 *
 * Ours certifies itself. Its first line has a sum over all that follows, so
 * "is it what we wrote?" needs no memory and survives a crash; a text that
 * somebody has edited is no longer ours.
 */
#ifndef RESOLVFILE_H
#define RESOLVFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compat.h"
#include "hostdns/hostdns.h"
#include "os/netinfo.h"
#include "shared/ipaddr.h"
#include "why.h"

/* So many octets of an opened file, or -errno. What is behind is not read. */
ssize_t resolvfile_load(int fd, char *text, size_t size);
/* All of it. */
NODISCARD int resolvfile_store(int fd, const char *text, size_t len);

enum {
	RESOLV_MAX = 65536,	/* octets of a file that are looked at */
	RESOLV_OURS = 8192,	/* octets of ours at most */
};

/* The same of a path. -ENOENT also for what is no file. */
ssize_t resolvfile_load_path(const char *path, char text[static RESOLV_MAX]);

/* A link to it, as "/run/..." or "../run/...", be it there yet or not. */
bool resolvfile_leads(const char *path, const char *to);

/* Where the original is; a word in our first line. */
enum resolv_origin {
	ORIGIN_FOREIGN,		/* the text is not ours */
	ORIGIN_LINKED,		/* beside the file, by a hard link */
	ORIGIN_COPIED,		/* in the state directory */
	ORIGIN_NONE,		/* there was no file */
};

enum resolv_origin resolvfile_origin(const char *text, size_t len);
/* The same of ours that somebody may have edited since. */
enum resolv_origin resolvfile_was(const char *text, size_t len);

/* FNV-1a. It finds edits, it does not keep root from forging one. */
uint64_t resolvfile_sum(const char *text, size_t len);

/* It names servers, and only these; n = 0: only loopback addresses. */
bool resolvfile_names_only(const char *text, size_t len,
			   const struct ipaddr *listen, unsigned int n);

/* Ours, with the search, domain and options lines of the original; length. */
size_t resolvfile_ours(enum resolv_origin origin, const char *original,
		       size_t len, const struct ipaddr *listen, unsigned int n,
		       char text[static RESOLV_OURS]);

/* What text begins with, if that is ours as it replaces the original: its
 * length, else 0. */
size_t resolvfile_begun(const char *original, size_t original_len,
			const struct ipaddr *listen, unsigned int n,
			const char *text, size_t len);

/* The same without the first line; size: 7 KiB are enough. */
size_t resolvfile_plain(const char *original, size_t len,
			const struct ipaddr *listen, unsigned int n,
			char *text, size_t size);

/* What is added to a dot and the name of the original, hidden beside ours. */
#define RESOLV_SAVED ".sallyport-saved"
/* It, the original beside it, which somebody may have opened before it was
 * hidden, and what tells whom a resolver behind it asks. */
void resolvfile_watch(struct filewatch *w, const char *path);

/* It can be asked: not loopback, not this host's own. */
bool resolvfile_usable(const struct netinfo *n, const struct ipaddr *a);
/* Unless it is there, or there are too many. */
void resolvfile_add(struct hostdns_servers *s, const struct ipaddr *a,
		    const char ifname[static IF_NAMESIZE]);
/* The same of text, "fe80::1%eth0", if it can be asked; ifname may be "". */
void resolvfile_add_server(struct hostdns_servers *s, const char *text,
			   const char *ifname, const struct netinfo *n);

/*
 * The servers that can be asked, without doubles, each with its interface.
 * *s is written whole, padding too. True if a loopback one was left out: the
 * host has a resolver of its own, and the file does not tell whom that asks.
 */
bool resolvfile_servers(const char *text, size_t len, const struct netinfo *n,
			struct hostdns_servers *s);
/* Adds those of one more text; link: of all of them, "" where not known. */
bool resolvfile_add_text(const char *text, size_t len,
			 const struct netinfo *n,
			 const char link[static IF_NAMESIZE],
			 struct hostdns_servers *s);

/* Is this the first server that the file path names? */
bool resolvfile_asks(const char *path, const struct ipaddr *a);

/*
 * The servers of the file path, or of the text of another file that stands
 * for it. Behind a resolver of the host's own, those which that asks, where
 * it tells. -ENOENT if there is none that can be asked.
 */
NODISCARD int resolvfile_read(const char *path, struct hostdns_servers *s,
			      struct why *why);
NODISCARD int resolvfile_read_text(const char *text, size_t len,
				   const char *path, struct hostdns_servers *s,
				   struct why *why);

#endif /* RESOLVFILE_H */
