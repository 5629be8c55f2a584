/* SPDX-License-Identifier: ISC */
#include "priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Allowed whatever the arguments are. */
static const int calls[] = {
	/* the loop */
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
	SCMP_SYS(connect), SCMP_SYS(accept4), SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(sched_yield),
	/* libpcap's ring: poll(), and getsockopt() for its statistics */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(getsockopt),
	/* malloc() when a message is rebuilt, and the way out */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
#ifdef WITH_SANITIZER
	/* what the sanitizers' run time does behind our back */
	SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(openat),
	SCMP_SYS(readlink), SCMP_SYS(ioctl), SCMP_SYS(prctl),
#endif
};

/* Of who only reads a capture's ring: no socket is made or spoken to. */
static const int watcher_calls[] = {
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close),
	SCMP_SYS(clock_gettime), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom), SCMP_SYS(getsockopt), SCMP_SYS(sendto),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
#ifdef WITH_SANITIZER
	SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(openat),
	SCMP_SYS(readlink), SCMP_SYS(ioctl), SCMP_SYS(prctl),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(futex),
#endif
};

/* stdio, and malloc() for what is printed. */
static const int auditor_calls[] = {
	SCMP_SYS(writev), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(lseek), SCMP_SYS(ioctl), SCMP_SYS(brk), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(getrandom),
};

struct sandbox {
	const int *calls, *more;
	size_t n, n_more;
	bool sockets, ports, wire;
	bool child;		/* dies with its parent */
};

static const struct sandbox datapath[] = {
	[PRIV_SOCKETS] = { .calls = calls, .n = NITEMS(calls),
			   .sockets = true, .child = true },
	[PRIV_PORTS] = { .calls = calls, .n = NITEMS(calls),
			 .sockets = true, .ports = true, .child = true },
	[PRIV_WIRE] = { .calls = calls, .n = NITEMS(calls), .sockets = true,
			.ports = true, .wire = true, .child = true },
};
static const struct sandbox watcher = {
	.calls = watcher_calls, .n = NITEMS(watcher_calls), .child = true,
};
static const struct sandbox auditor = {
	.calls = watcher_calls, .n = NITEMS(watcher_calls),
	.more = auditor_calls, .n_more = NITEMS(auditor_calls),
};

int priv_close_from(unsigned int first)
{
	return close_range(first, UINT_MAX, 0) < 0 ? -errno : 0;
}

int priv_follow_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static int allow_option(scmp_filter_ctx ctx, unsigned int option)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
				SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET, 0),
				SCMP_A2(SCMP_CMP_EQ, option, 0));
}

static int allow_sockets(scmp_filter_ctx ctx)
{
	static const unsigned int families[] = { AF_INET, AF_INET6 };
	int error = 0;

	for (size_t i = 0; i < NITEMS(families) && error == 0; i++)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket),
					 1, SCMP_A0(SCMP_CMP_EQ, families[i],
						    0));
	if (error == 0)
		error = allow_option(ctx, SO_BINDTOIFINDEX);
	return error;
}

/*
 * A port of its own. An address to bind to is one of IP by its length; with a
 * packet socket at hand (as the tap, whose filter is locked), that is no more
 * than sendto() can do.
 */
static int allow_ports(scmp_filter_ctx ctx)
{
	static const unsigned int lengths[] = {
		sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6),
	};
	int error = 0;

	for (size_t i = 0; i < NITEMS(lengths) && error == 0; i++)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bind),
					 1, SCMP_A2(SCMP_CMP_EQ, lengths[i],
						    0));
	return error;
}

/* A filter, a port's name (a link's hardware address), and what libpcap asks
 * when a link goes down. */
static int allow_wire(scmp_filter_ctx ctx)
{
	int error = allow_option(ctx, SO_ATTACH_FILTER);

	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
					 SCMP_SYS(getsockname), 0);
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
					 1, SCMP_A1(SCMP_CMP_EQ, SIOCGIFFLAGS,
						    0));
	return error;
}

/* malloc() may map memory, but none that can be executed. */
static int allow_memory(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int allow_calls(scmp_filter_ctx ctx, const int *list, size_t n)
{
	int error = 0;

	for (size_t i = 0; i < n && error == 0; i++)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, list[i], 0);
	return error;
}

static int filter_calls(const struct sandbox *s)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error;

	if (ctx == NULL)
		return -ENOMEM;
	error = allow_calls(ctx, s->calls, s->n);
	if (error == 0)
		error = allow_calls(ctx, s->more, s->n_more);
	if (error == 0 && s->sockets)
		error = allow_sockets(ctx);
	if (error == 0)
		error = allow_memory(ctx);
	if (error == 0 && s->ports)
		error = allow_ports(ctx);
	if (error == 0 && s->wire)
		error = allow_wire(ctx);
	if (error == 0)
		error = seccomp_load(ctx);
	seccomp_release(ctx);
	return error;
}

static int leave_files(const char *root)
{
	return chroot(root) < 0 || chdir("/") < 0 ? -errno : 0;
}

static int limit(void)
{
	static const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) < 0 ||
	       setrlimit(RLIMIT_NPROC, &none) < 0 ? -errno : 0;
}

static int change_user(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0)
		return -errno;
	capng_clear(CAPNG_SELECT_ALL);
	/* The bounding set goes while we may still change it. */
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return -EPERM;
	if (setresuid(uid, uid, uid) < 0)
		return -errno;
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

static int seal(const struct sandbox *s)
{
	/* The change of user has cleared the signal at the parent's death. */
	if ((s->child && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int drop(uid_t uid, gid_t gid, const char *root,
		const struct sandbox *s, const char **what)
{
	int error;

	*what = "chroot";
	error = leave_files(root);
	if (error == 0) {
		*what = "resource limits";
		error = limit();
	}
	if (error == 0) {
		*what = "user and capabilities";
		error = change_user(uid, gid);
	}
	if (error == 0) {
		*what = "no new privileges";
		error = seal(s);
	}
	if (error == 0) {
		*what = "system call filter";
		error = filter_calls(s);
	}
	return error;
}

int priv_drop(uid_t uid, gid_t gid, const char *root, enum priv_ends ends,
	      const char **what)
{
	return drop(uid, gid, root, &datapath[ends], what);
}

int priv_drop_watcher(uid_t uid, gid_t gid, const char *root,
		      const char **what)
{
	return drop(uid, gid, root, &watcher, what);
}

int priv_drop_auditor(uid_t uid, gid_t gid, const char *root,
		      const char **what)
{
	return drop(uid, gid, root, &auditor, what);
}
