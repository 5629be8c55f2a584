/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * macOS counts who wants pf on: each has a token, and pf is off when the last
 * one is given back. Who switches it off without one (pfctl -d) takes all of
 * them away; then ours is not in the kernel's list any more. A daemon that
 * dies between getting its token and writing it down leaves it behind: pf then
 * stays on, with no rule of ours, until it is switched off or the next boot.
 *
 * FreeBSD knows on and off only. Asking to switch on what is on is EEXIST,
 * and that is also how it is asked whether pf is on.
 */
#include "firewall/pfclaim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firewall/pfabi.h"
#include "jsonfile.h"
#include "log.h"

enum { STARTERS = 64 };		/* macOS has a handful */

static struct jsonfile file(const struct pfclaim *c)
{
	return (struct jsonfile){ c->dir, "pf.json", 512 };
}

void pfclaim_open(struct pfclaim *c, const char *dir)
{
	json_t *root = NULL;
	json_int_t token = 0;
	int started = 0, hooked = 0, scrubbed = 0;
	struct jsonfile f;
	struct why why;

	memset(c, 0, sizeof(*c));
	snprintf(c->dir, sizeof(c->dir), "%s", dir);
	f = file(c);
	if (jsonfile_load(&f, &root, &why) < 0) {
		log_warning("firewall: %s", why.text);
		return;
	}
	if (root != NULL &&
	    json_unpack(root, "{s:I,s:b,s:b,s:b}", "token", &token, "started",
			&started, "hooked", &hooked, "scrubbed",
			&scrubbed) == 0) {
		c->token = (uint64_t)token;
		c->started = started;
		c->hooked = hooked;
		c->scrubbed = scrubbed;
	}
	json_decref(root);
}

int pfclaim_save(const struct pfclaim *c, struct why *why)
{
	const struct jsonfile f = file(c);

	if (c->token == 0 && !c->started && !c->hooked && !c->scrubbed)
		return jsonfile_remove(&f, why);
	return jsonfile_save(&f, json_pack("{s:I,s:b,s:b,s:b}", "token",
					   (json_int_t)c->token, "started",
					   c->started, "hooked", c->hooked,
					   "scrubbed", c->scrubbed), why);
}

/* ---- macOS */

/* Is it in the kernel's list? */
static int listed(const struct pfdev *dev, uint64_t token)
{
	struct pfabi_token tokens[STARTERS];
	struct pfabi_starters s = { sizeof(tokens), tokens };
	int error;

	memset(tokens, 0, sizeof(tokens));
	error = dev->io->ioctl(dev->fd, PFABI_STARTERS, &s);
	/* Nobody has one. */
	if (error == -ENOENT)
		return 0;
	if (error < 0)
		return error;
	for (unsigned int i = 0; i < STARTERS; i++)
		if (memcmp(tokens[i].value, &token, sizeof(token)) == 0)
			return 1;
	return 0;
}

static int hold_token(struct pfclaim *c, const struct pfdev *dev,
		      struct why *why)
{
	int have = c->token == 0 ? 0 : listed(dev, c->token), error;

	if (have == 1)
		return 0;
	error = have < 0 ? have :
		dev->io->ioctl(dev->fd, PFABI_STARTREF, &c->token);
	return error == 0 ? pfclaim_save(c, why) :
	       why_set(why, error, "pf cannot be switched on: %s",
		       strerror(-error));
}

static int give_token(struct pfclaim *c, const struct pfdev *dev)
{
	struct pfabi_stopref s = { .token = c->token };
	int error = c->token == 0 ? 0 :
		    dev->io->ioctl(dev->fd, PFABI_STOPREF, &s);

	c->token = 0;
	/* Somebody has switched it off, and all tokens with it. */
	return error == -ENOENT || error == -EINVAL ? 0 : error;
}

/* ---- FreeBSD */

static int hold_switch(struct pfclaim *c, const struct pfdev *dev,
		       struct why *why)
{
	bool before = c->started;
	int error;

	c->lost = false;
	/* Written down first: who is stopped here has started it, or not. */
	c->started = true;
	error = pfclaim_save(c, why);
	if (error < 0)
		return error;
	error = dev->io->ioctl(dev->fd, PFABI_START, NULL);
	if (error == 0)
		return 0;
	c->started = before;
	return error == -EEXIST ? pfclaim_save(c, why) :
	       why_set(why, error, "pf cannot be switched on: %s",
		       strerror(-error));
}

static int give_switch(struct pfclaim *c, const struct pfdev *dev, bool others)
{
	int error = !c->started || others ? 0 :
		    dev->io->ioctl(dev->fd, PFABI_STOP, NULL);

	c->started = false;
	return error == -ENOENT ? 0 : error;
}

/* ---- both */

int pfclaim_hold(struct pfclaim *c, const struct pfdev *dev, struct why *why)
{
	return dev->sys->tokens ? hold_token(c, dev, why) :
				  hold_switch(c, dev, why);
}

int pfclaim_held(struct pfclaim *c, const struct pfdev *dev)
{
	int error;

	if (dev->sys->tokens)
		return c->token == 0 ? 0 : listed(dev, c->token);
	error = dev->io->ioctl(dev->fd, PFABI_START, NULL);
	/* It was off, and is on by us now. */
	if (error == 0)
		c->started = c->lost = true;
	return error == -EEXIST ? !c->lost : error;
}

int pfclaim_release(struct pfclaim *c, const struct pfdev *dev, bool others,
		    struct why *why)
{
	int error = dev->sys->tokens ? give_token(c, dev) :
				       give_switch(c, dev, others);

	if (error < 0)
		return why_set(why, error, "pf cannot be given back: %s",
			       strerror(-error));
	return pfclaim_save(c, why);
}
