/* SPDX-License-Identifier: ISC */
/*
 * nftrun.h - a ruleset's text through nft(8), in one transaction
 *
 * nft is run as run.h has it. Blocks until it has ended, at most
 * NFTRUN_WAIT_MS.
 */
#ifndef NFTRUN_H
#define NFTRUN_H

#include <stddef.h>

#include "compat.h"
#include "why.h"

/* Measured: 3 to 10 ms; the rest is for a machine under load. */
enum { NFTRUN_WAIT_MS = 5000 };

/* -ENOENT if there is no nft. */
NODISCARD int nftrun_find(struct why *why);

/*
 * -EINVAL: nft refused the text. -ETIMEDOUT: it was killed, and whether the
 * text is in force is not known. Else nothing has changed.
 */
NODISCARD int nftrun(const char *text, size_t len, struct why *why);

#endif /* NFTRUN_H */
