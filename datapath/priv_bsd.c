/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include "priv_bsd.h"

#include <errno.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

int priv_leave_files(const char *root)
{
	return chroot(root) < 0 || chdir("/") < 0 ? -errno : 0;
}

/* No core dumps, no children. */
int priv_limit(void)
{
	static const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) < 0 ||
	       setrlimit(RLIMIT_NPROC, &none) < 0 ? -errno : 0;
}

/* As root, setuid() and setgid() change the saved ones, too; that there is no
 * way back is tried out. */
int priv_change_user(uid_t uid, gid_t gid)
{
	if (setgroups(1, &gid) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
		return -errno;
	return uid != 0 && (setuid(0) == 0 || seteuid(0) == 0) ? -EPERM : 0;
}
