/* SPDX-License-Identifier: ISC */
/*
 * steps.h - steps that are done together or not at all
 */
#ifndef STEPS_H
#define STEPS_H

#include "compat.h"
#include "tunnel.h"
#include "why.h"

struct step {
	const char *name;	/* as front-ends are told */
	enum tunnel_cause cause;	/* of error, when it fails on entering */
	/* 0: done; 1: it was so already, nothing to undo; else -errno, and
	 * nothing is half done. */
	int (*run)(void *context, struct why *why);
	/* Back to what was before run(). Must not fail: it logs and goes on. */
	void (*undo)(void *context);
};

enum { STEPS_MAX = 8 };

/*
 * Runs them in order. When one fails, those that were done are undone in
 * reverse, *failed is the one that did, and its -errno is returned.
 */
NODISCARD int steps_run(const struct step *steps, unsigned int n,
			void *context, const struct step **failed,
			struct why *why);

#endif /* STEPS_H */
