/* SPDX-License-Identifier: ISC */
/*
 * resolvconf.h - a resolv.conf that resolvconf(8) writes
 */
#ifndef RESOLVCONF_H
#define RESOLVCONF_H

#include <stdbool.h>

/* Is it the one that is written, and is the program there? */
bool resolvconf_owns(const char *resolv_conf);

#endif /* RESOLVCONF_H */
