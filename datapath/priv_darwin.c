/* SPDX-License-Identifier: ISC */
/*
 * The order is another one than Linux's: the sandbox comes first, as its rules
 * are compiled by a library that cannot be found behind chroot(). It takes
 * away what root could still do until the user is changed.
 */
#include "priv.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "priv_bsd.h"

/* sandbox.h: deprecated since 10.8, and what every daemon goes on to use. */
int sandbox_init(const char *profile, uint64_t flags, char **error);

/*
 * Rules by what is taken away, as most of what a process does of its own has
 * no name there. Descriptors that are open go on working.
 */
#define NOTHING_NEW \
	"(version 1)" \
	"(allow default)" \
	"(deny process-exec)" \
	"(deny process-fork)" \
	"(deny file-write*)" \
	"(deny sysctl-write)" \
	"(deny mach-lookup)" \
	"(deny ipc-posix-shm)" \
	"(deny signal (target others))"

static const char speaking[] = NOTHING_NEW;
/* Of who only reads a capture: no socket is made or spoken to. */
static const char silent[] = NOTHING_NEW "(deny network*)";

/* No table of our own descriptors is worth the trouble: there are few. */
int priv_close_from(unsigned int first)
{
	int end = getdtablesize();

	for (int fd = (int)first; fd < end; fd++)
		(void)close(fd);
	return 0;
}

/* The kernel does not tell; the channel's end does, as both loops look at. */
int priv_follow_parent(pid_t parent)
{
	return getppid() == parent ? 0 : -ESRCH;
}

static int enter(const char *profile)
{
	char *error = NULL;

	return sandbox_init(profile, 0, &error) != 0 ? -EPERM : 0;
}

static int drop(uid_t uid, gid_t gid, const char *root, const char *profile,
		const char **what)
{
	int error;

	*what = "sandbox";
	error = enter(profile);
	if (error == 0) {
		*what = "chroot";
		error = priv_leave_files(root);
	}
	if (error == 0) {
		*what = "resource limits";
		error = priv_limit();
	}
	if (error == 0) {
		*what = "user";
		error = priv_change_user(uid, gid);
	}
	return error;
}

int priv_drop(uid_t uid, gid_t gid, const char *root, enum priv_ends ends,
	      const char **what)
{
	(void)ends;
	return drop(uid, gid, root, speaking, what);
}

int priv_drop_watcher(uid_t uid, gid_t gid, const char *root,
		      const char **what)
{
	return drop(uid, gid, root, silent, what);
}

int priv_drop_auditor(uid_t uid, gid_t gid, const char *root,
		      const char **what)
{
	return drop(uid, gid, root, silent, what);
}
