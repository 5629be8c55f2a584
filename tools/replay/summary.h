/* SPDX-License-Identifier: ISC */
/*
 * summary.h - what a dry run has counted
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "dryrun.h"
#include "tools/print.h"

void summary_text(struct print *p, struct dryrun *d);
/* One object with the one key "summary". */
void summary_json(FILE *file, struct dryrun *d);

/* Nothing would have leaked. */
bool summary_clean(const struct dryrun *d);

#endif /* SUMMARY_H */
