/* SPDX-License-Identifier: ISC */
#include "dnscache.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat.h"
#include "log.h"
#include "run.h"
#include "why.h"

enum { WAIT_MS = 1000, ARGS = 4 };

const char *dnscache_root = "";

/* Where `here` is there, `program` is run. */
static const struct {
	const char *here, *program, *args[ARGS];
} rows[] = {
	{ "/usr/sbin/mDNSResponder", "/usr/bin/dscacheutil",
	  { "dscacheutil", "-flushcache" } },
	{ "/usr/sbin/mDNSResponder", "/usr/bin/killall",
	  { "killall", "-HUP", "mDNSResponder" } },
	{ "/var/run/local_unbound.ctl", "/usr/sbin/local-unbound-control",
	  { "local-unbound-control", "flush_zone", "." } },
	{ "/var/run/local_unbound.ctl", "/usr/sbin/local-unbound-control",
	  { "local-unbound-control", "flush_infra", "all" } },
};

static bool is_here(const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s%s", dnscache_root, path) <
	       PATH_MAX && access(full, F_OK) == 0;
}

static void tell(const char *program, const char *const *args)
{
	char full[PATH_MAX];
	struct run_end end;
	struct why why;

	snprintf(full, sizeof(full), "%s%s", dnscache_root, program);
	if (run(&(struct run){ .path = full, .args = args, .input = "",
			       .wait_ms = WAIT_MS, .output = true }, &end,
		&why) != 0)
		log_warning("hostdns: %s", why.text);
	else if (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != 0)
		log_warning("hostdns: %s %s: %s", args[0], args[1], end.line);
}

void dnscache_flush(void)
{
	for (size_t i = 0; i < NITEMS(rows); i++)
		if (is_here(rows[i].here))
			tell(rows[i].program, rows[i].args);
}
