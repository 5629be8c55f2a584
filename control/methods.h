/* SPDX-License-Identifier: ISC */
/*
 * methods.h - what the control socket may ask for
 */
#ifndef METHODS_H
#define METHODS_H

#include "ctl.h"

struct daemon;

/* The context is the daemon. */
ctl_call methods_call;
/* Events for subscribers; no-ops without a control socket. */
void methods_condition(struct daemon *d, const char *event);
void methods_event(struct daemon *d, const char *event, const char *fmt, ...);

#endif /* METHODS_H */
