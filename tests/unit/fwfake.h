/* SPDX-License-Identifier: ISC */
/*
 * fwfake.h - a firewall that writes its calls into the record
 *
 *	load:POLICY	(none, blocked, door, connecting, ...)
 *	add:ADDRESS/SECONDS,...	(a 'r' behind: renewed)
 *	remove:ADDRESS,...	clear	list	verify
 *
 * list and verify are written down only if looks is set.
 */
#ifndef FWFAKE_H
#define FWFAKE_H

#include "firewall/fw.h"
#include "record.h"

enum { FWFAKE_MAX = 1024 };

struct fwfake {
	struct fw fw;
	bool looks;
	bool asks, moved;	/* of watch_fd() and changed() */
	bool damaged;		/* verify says so until the next load */
	unsigned int moving;	/* looks that find another generation */
	uint32_t generation;
	unsigned int loads;
	struct fw_ruleset ruleset;
	unsigned int n;
	struct ipaddr open[FWFAKE_MAX];
	/* Called in the middle of add, remove and clear. */
	void (*during)(const char *call);
};

static inline struct fwfake *fwfake_of(struct fw *fw)
{
	return (struct fwfake *)((char *)fw - offsetof(struct fwfake, fw));
}

static inline int fwfake_find(const struct fwfake *f, const struct ipaddr *a)
{
	for (unsigned int i = 0; i < f->n; i++)
		if (ipaddr_equal(&f->open[i], a))
			return (int)i;
	return -1;
}

static inline void fwfake_put(struct fwfake *f, const struct ipaddr *a)
{
	cr_assert(f->n < FWFAKE_MAX);
	if (fwfake_find(f, a) < 0)
		f->open[f->n++] = *a;
}

static inline void fwfake_take(struct fwfake *f, const struct ipaddr *a)
{
	int i = fwfake_find(f, a);

	if (i >= 0)
		f->open[i] = f->open[--f->n];
}

static inline int fwfake_done(struct fwfake *f, const char *what,
			      const char *list, struct why *why)
{
	int error = record_call("%s%s", what, list);

	if (f->during != NULL)
		f->during(what);
	if (error < 0)
		return why_set(why, error, "injected: %s", what);
	f->generation++;
	return 0;
}

static inline void fwfake_close(struct fw *fw)
{
	(void)fw;
}

static inline int fwfake_load(struct fw *fw, const struct fw_ruleset *r,
			      struct why *why)
{
	static const char *const names[] = {
		[FW_NONE] = "none", [FW_BLOCKED] = "blocked",
		[FW_BLOCKED_ACTIVE] = "door", [FW_CONNECTING] = "connecting",
		[FW_CONNECTED] = "connected",
		[FW_DISCONNECTING] = "disconnecting",
	};
	struct fwfake *f = fwfake_of(fw);
	int error = fwfake_done(f, "load:", names[r->policy], why);

	if (error < 0)
		return error;
	f->ruleset = *r;
	f->n = 0;
	f->damaged = false;
	f->loads++;
	return 0;
}

static inline size_t fwfake_text(char *text, size_t size, const char *sep,
				 const struct ipaddr *a)
{
	char addr[IPADDR_TEXT];

	return (size_t)snprintf(text, size, "%s%s", sep, ipaddr_text(a, addr));
}

static inline int fwfake_add(struct fw *fw, const struct fw_element *e,
			     unsigned int n, struct why *why)
{
	struct fwfake *f = fwfake_of(fw);
	static char text[FW_BATCH * 64];
	size_t len = 0;
	int error;

	cr_assert(n > 0 && n <= FW_BATCH, "a batch of %u", n);
	for (unsigned int i = 0; i < n; i++) {
		cr_expect(e[i].seconds > 0 && e[i].seconds < 400);
		len += fwfake_text(text + len, sizeof(text) - len,
				   i == 0 ? "" : ",", &e[i].addr);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"/%u%s%s", e[i].seconds,
					e[i].renew ? "r" : "",
					e[i].tls ? "t" : "");
	}
	error = fwfake_done(f, "add:", text, why);
	for (unsigned int i = 0; i < n; i++) {
		if (error == -ETIMEDOUT)
			fwfake_take(f, &e[i].addr);
		else if (error == 0)
			fwfake_put(f, &e[i].addr);
	}
	return error;
}

static inline int fwfake_remove(struct fw *fw, const struct ipaddr *a,
				unsigned int n, struct why *why)
{
	struct fwfake *f = fwfake_of(fw);
	static char text[FW_BATCH * 64];
	size_t len = 0;
	int error;

	cr_assert(n > 0 && n <= FW_BATCH, "a batch of %u", n);
	for (unsigned int i = 0; i < n; i++)
		len += fwfake_text(text + len, sizeof(text) - len,
				   i == 0 ? "" : ",", &a[i]);
	error = fwfake_done(f, "remove:", text, why);
	for (unsigned int i = 0; error == 0 && i < n; i++)
		fwfake_take(f, &a[i]);
	return error;
}

static inline int fwfake_clear(struct fw *fw, struct why *why)
{
	struct fwfake *f = fwfake_of(fw);
	int error = fwfake_done(f, "clear", "", why);

	if (error == 0)
		f->n = 0;
	return error;
}

static inline int fwfake_list(struct fw *fw, struct ipaddr *a,
			      unsigned int max, struct why *why)
{
	struct fwfake *f = fwfake_of(fw);
	int error = f->looks ? record_call("list") : record_error("list");
	unsigned int n = f->n < max ? f->n : max;

	if (error < 0)
		return why_set(why, error, "injected: list");
	memcpy(a, f->open, n * sizeof(*a));
	return (int)n;
}

static inline int fwfake_verify(struct fw *fw, uint32_t *generation,
				struct why *why)
{
	struct fwfake *f = fwfake_of(fw);
	int error = f->looks ? record_call("verify") : record_error("verify");

	if (error < 0)
		return why_set(why, error, "injected: verify");
	if (f->moving > 0) {
		f->moving--;
		f->generation++;
	}
	*generation = f->generation;
	return !f->damaged;
}

static inline int fwfake_watch_fd(struct fw *fw)
{
	return fwfake_of(fw)->asks ? FW_ASK : -1;
}

static inline int fwfake_changed(struct fw *fw)
{
	return fwfake_of(fw)->moved;
}

static inline uint32_t fwfake_port(struct fw *fw)
{
	(void)fw;
	return 0;
}

static const struct fw_ops fwfake_ops = {
	.name = "fake", .close = fwfake_close, .load = fwfake_load,
	.add = fwfake_add, .remove = fwfake_remove, .clear = fwfake_clear,
	.list = fwfake_list, .verify = fwfake_verify,
	.watch_fd = fwfake_watch_fd, .changed = fwfake_changed,
	.port = fwfake_port,
};

static inline void fwfake_init(struct fwfake *f)
{
	memset(f, 0, sizeof(*f));
	f->fw.ops = &fwfake_ops;
	f->generation = 100;
}

#endif /* FWFAKE_H */
