/* SPDX-License-Identifier: ISC */
/*
 * pfsys.h - the two systems that have pf, and the way to their kernels
 *
 * Both are always there: which of them a machine is, its own file says
 * (fw_pf_darwin.c, fw_pf_freebsd.c).
 */
#ifndef PFSYS_H
#define PFSYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "why.h"

struct pfsys {
	const char *name;
	bool tokens;		/* switched on by reference */
	bool scrub_anchor;	/* scrub rules in anchors are looked at */
	bool groups;		/* a test of the group is harmless */
	bool states_nv;		/* states are killed through an nvlist */
	uint8_t inet6;		/* AF_INET6 */
	/* DIOCGETRULES, DIOCCHANGERULE: their numbers hold the rule's size. */
	unsigned long get_rules, change_rule;
	size_t label_at;	/* in pf_rule; 64 octets */
	size_t rtableid_at;	/* in pf_rule */
	int32_t no_rtable;
	size_t action_at;	/* in pf_rule */
};

extern const struct pfsys pfsys_macos, pfsys_freebsd;

enum { PFCTL_SAID = 65536 };

/* What pfctl said on its standard output, or in its first line of trouble. */
struct pfctl_said {
	int status;			/* of its exit; 0 is good */
	char line[256];
	char text[PFCTL_SAID];
};

/* The way to the kernel; another one in tests. Each: 0 or -errno. */
struct pfio {
	int (*ioctl)(int fd, unsigned long request, void *arg);
	/* Runs pfctl with these arguments (its name first, NULL last) on
	 * input. It has ended, well or not, if 0. */
	int (*pfctl)(const char *const *args, const char *input, size_t len,
		     struct pfctl_said *said, struct why *why);
};

struct pfdev {
	const struct pfsys *sys;
	const struct pfio *io;
	int fd;				/* /dev/pf */
};

extern const struct pfio pfsys_io;	/* the real one */
NODISCARD int pfsys_open(struct pfdev *dev, const struct pfsys *sys,
			 struct why *why);
void pfsys_close(struct pfdev *dev);

/* -EINVAL with pfctl's own words where it did not end well. */
NODISCARD int pfsys_pfctl(const struct pfdev *dev, const char *const *args,
			  const char *input, size_t len,
			  struct pfctl_said *said, struct why *why);

#endif /* PFSYS_H */
