/* SPDX-License-Identifier: ISC */
/*
 * Capability mode knows no addresses: neither connect() nor sendto() with one.
 * So the datapath has chroot(), an empty set of rights and its user, and who
 * only reads a capture has capability mode beside them.
 */
#include "priv.h"

#include <errno.h>
#include <signal.h>
#include <sys/capsicum.h>
#include <sys/procctl.h>
#include <unistd.h>

#include "priv_bsd.h"

int priv_close_from(unsigned int first)
{
	closefrom((int)first);
	return 0;
}

int priv_follow_parent(pid_t parent)
{
	int signal = SIGKILL;

	if (procctl(P_PID, (id_t)getpid(), PROC_PDEATHSIG_CTL, &signal) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

/* Whatever is executed, nothing is gained; and nobody looks into us. */
static int seal(void)
{
	int none = PROC_NO_NEW_PRIVS_ENABLE, hidden = PROC_TRACE_CTL_DISABLE;
	const id_t self = (id_t)getpid();	/* 0 was not always us */

	/* Since 13.1; before, there is nothing to execute behind chroot(). */
	if (procctl(P_PID, self, PROC_NO_NEW_PRIVS_CTL, &none) < 0 &&
	    errno != EINVAL)
		return -errno;
	return procctl(P_PID, self, PROC_TRACE_CTL, &hidden) < 0 ? -errno : 0;
}

static int drop(uid_t uid, gid_t gid, const char *root, const char **what)
{
	int error;

	*what = "chroot";
	error = priv_leave_files(root);
	if (error == 0) {
		*what = "resource limits";
		error = priv_limit();
	}
	if (error == 0) {
		*what = "user";
		error = priv_change_user(uid, gid);
	}
	if (error == 0) {
		*what = "no new privileges";
		error = seal();
	}
	return error;
}

static int drop_all(uid_t uid, gid_t gid, const char *root, const char **what)
{
	int error = drop(uid, gid, root, what);

	if (error < 0)
		return error;
	*what = "capability mode";
	/* ENOSYS: a kernel without it. */
	return cap_enter() < 0 && errno != ENOSYS ? -errno : 0;
}

int priv_drop(uid_t uid, gid_t gid, const char *root, enum priv_ends ends,
	      const char **what)
{
	(void)ends;
	return drop(uid, gid, root, what);
}

int priv_drop_watcher(uid_t uid, gid_t gid, const char *root,
		      const char **what)
{
	return drop_all(uid, gid, root, what);
}

int priv_drop_auditor(uid_t uid, gid_t gid, const char *root,
		      const char **what)
{
	return drop_all(uid, gid, root, what);
}
