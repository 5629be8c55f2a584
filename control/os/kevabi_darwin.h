/* SPDX-License-Identifier: ISC */
/*
 * kevabi_darwin.h - the kernel's events (sys/kern_event.h, net/if.h), as far
 * as they are used
 *
 * Declared here, as cross headers leave them out; as xnu-11417 has them, alike
 * on arm64 and x86_64.
 */
#ifndef KEVABI_DARWIN_H
#define KEVABI_DARWIN_H

#include <assert.h>
#include <stdint.h>
#include <sys/ioccom.h>

enum {
	KEVABI_FAMILY = 32,		/* PF_SYSTEM */
	KEVABI_PROTOCOL = 1,		/* SYSPROTO_EVENT */
	KEVABI_VENDOR_APPLE = 1,
	KEVABI_CLASS_NETWORK = 1,
	KEVABI_SUBCLASS_DL = 2,
	KEVABI_HEADER = 24,		/* of kern_event_msg: where data begins */
	KEVABI_NAME = 16,
};

/* struct kev_request */
struct kevabi_request {
	uint32_t vendor, class, subclass;
};

/* struct net_event_data */
struct kevabi_network {
	uint32_t family, unit;
	char name[KEVABI_NAME];
};

/* SIOCSKEVFILT */
#define KEVABI_SET_FILTER _IOW('e', 2, struct kevabi_request)

static_assert(sizeof(struct kevabi_request) == 12, "sys/kern_event.h");
static_assert(sizeof(struct kevabi_network) == 24, "net/if.h");
static_assert(KEVABI_SET_FILTER == 0x800c6502, "sys/kern_event.h");

#endif /* KEVABI_DARWIN_H */
