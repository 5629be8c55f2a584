/* SPDX-License-Identifier: ISC */
/*
 * textset.h - libnftables in this process, if it was there to be built with
 */
#ifndef TEXTSET_H
#define TEXTSET_H

#include <stdbool.h>

/* False: it was not there. */
bool textset_open(void);
/* One command, as nft reads it. */
bool textset_run(const char *command);

#endif /* TEXTSET_H */
