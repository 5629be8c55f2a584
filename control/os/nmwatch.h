/* SPDX-License-Identifier: ISC */
/*
 * nmwatch.h - what NetworkManager says of the network, over D-Bus
 *
 * Nothing here waits, and only NetworkManager itself is believed
 * (os/busname.h).
 */
#ifndef NMWATCH_H
#define NMWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "why.h"

struct nmwatch;

/* Of its own check, NMConnectivityState. */
enum nmwatch_connectivity {
	NMWATCH_UNKNOWN, NMWATCH_NONE, NMWATCH_PORTAL, NMWATCH_LIMITED,
	NMWATCH_FULL,
	NMWATCH__N
};

enum { NMWATCH_URI = 1024 };

struct nmwatch_state {
	bool there;
	enum nmwatch_connectivity connectivity;
	uint32_t state;			/* NMState */
	/* Counted: what it says when asked may be as old as the hills. */
	unsigned int changes;
	char uri[NMWATCH_URI];		/* that it checks; "" = none */
};

/* Connects to the system bus. -ENOTSUP: built without. */
NODISCARD int nmwatch_open(struct nmwatch **w, struct why *why);
void nmwatch_close(struct nmwatch *w);

/* What to wait for, as os/busname.h has it. */
int nmwatch_fd(const struct nmwatch *w);
int nmwatch_poll(const struct nmwatch *w);
uint64_t nmwatch_until(const struct nmwatch *w);

/* One message: 1, 0 when there is none, or -errno: the bus is gone, close. */
NODISCARD int nmwatch_next(struct nmwatch *w, struct why *why);
/* As last told; lives as long as w. */
const struct nmwatch_state *nmwatch_state(const struct nmwatch *w);

#endif /* NMWATCH_H */
