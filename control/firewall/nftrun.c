/* SPDX-License-Identifier: ISC */
#include "firewall/nftrun.h"

#include <errno.h>
#include <sys/wait.h>

#include "run.h"

static int find(char path[static RUN_LINE], struct why *why)
{
	if (run_find("nft", path) != NULL)
		return 0;
	return why_set(why, -ENOENT, "no nft in /usr/sbin, /sbin or /usr/bin: "
		       "install the package nftables");
}

int nftrun_find(struct why *why)
{
	char path[RUN_LINE];

	return find(path, why);
}

int nftrun(const char *text, size_t len, struct why *why)
{
	static const char *const args[] = { "nft", "-f", "-", NULL };
	char path[RUN_LINE];
	struct run_end end;
	int error = find(path, why);

	if (error == 0)
		error = run(&(struct run){
			.path = path, .args = args, .input = text, .len = len,
			.wait_ms = NFTRUN_WAIT_MS,
		}, &end, why);
	if (error != 0)
		return error;
	if (WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0)
		return 0;
	return why_set(why, -EINVAL, "nft refused the rules: %s", end.line);
}
