/* SPDX-License-Identifier: ISC */
/*
 * What is left after priv_drop(): each attempt is made in a child of its own,
 * and how that child ends is the result.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "poller.h"
#include "priv.h"
#include "sockaddr.h"

enum { NOBODY = 65534, PAGE = 4096 };

/* The sanitizers' run time needs some calls for itself. */
#ifdef WITH_SANITIZER
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static char root[] = "/tmp/test_priv.XXXXXX";
static void *page;
static int inherited;		/* a UDP socket from before */

static void setup(void)
{
	if (geteuid() != 0)
		cr_skip("needs root");
	cr_assert_not_null(mkdtemp(root));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(page, MAP_FAILED);
	inherited = socket(AF_INET, SOCK_DGRAM, 0);
}

static void teardown(void)
{
	rmdir(root);
}

/* The wait status of a child that gave up everything and then tried. */
static int after_drop(long (*attempt)(void), enum priv_ends ends)
{
	pid_t pid = fork();
	const char *what;
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (priv_drop(NOBODY, NOBODY, root, ends, &what) != 0)
			_exit(99);
		_exit(attempt() < 0 ? 1 : 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* --- what is forbidden --- */

static long try_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY, 0);
}

static long try_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, "x", O_CREAT | O_WRONLY, 0600);
}

static long try_unix(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long try_netlink(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
}

static long try_packet(void)
{
	return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
}

static long try_pair(void)
{
	int pair[2];

	return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
}

static long try_bind(void)
{
	const struct sockaddr_in sa = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return syscall(SYS_bind, fd, &sa, sizeof(sa));
}

static long try_listen(void)
{
	return syscall(SYS_listen, inherited, 1);
}

static long try_mark(void)
{
	int mark = 1;

	return syscall(SYS_setsockopt, inherited, SOL_SOCKET, SO_MARK, &mark,
		       sizeof(mark));
}

static long try_tcp_option(void)
{
	int on = 1;

	return syscall(SYS_setsockopt, inherited, IPPROTO_TCP,
		       SO_BINDTOIFINDEX, &on, sizeof(on));
}

static long try_exec(void)
{
	char *const argv[] = { NULL };

	return syscall(SYS_execve, "/bin/true", argv, argv);
}

static long try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long try_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static long try_peek(void)
{
	return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0);
}

static long try_kill(void)
{
	return syscall(SYS_kill, 0, 0);
}

static long try_signal(void)
{
	return syscall(SYS_rt_sigaction, SIGTERM, NULL, NULL, 8);
}

static long try_exec_page(void)
{
	return syscall(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC);
}

static long try_map_exec(void)
{
	return syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long try_memfd(void)
{
	return syscall(SYS_memfd_create, "x", 0);
}

static long try_setuid(void)
{
	return syscall(SYS_setuid, 0);
}

static long try_groups(void)
{
	return syscall(SYS_setgroups, 0, NULL);
}

static long try_capset(void)
{
	return syscall(SYS_capset, NULL, NULL);
}

static long try_dumpable(void)
{
	return syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0);
}

static long try_limit(void)
{
	return syscall(SYS_prlimit64, 0, 6, NULL, NULL);
}

static long try_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long try_chroot(void)
{
	return syscall(SYS_chroot, ".");
}

static long try_mount(void)
{
	return syscall(SYS_mount, "a", "b", "c", 0, NULL);
}

static long try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long try_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long try_ioctl(void)
{
	return syscall(SYS_ioctl, inherited, 0, 0);
}

static long try_dup(void)
{
	return syscall(SYS_dup, inherited);
}

static long try_unlink(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, "x", 0);
}

static long try_poller(void)
{
	struct poller p;

	return poller_open(&p);
}

static const struct {
	const char *what;
	long (*attempt)(void);
	bool sanitizer;		/* its run time needs it */
} forbidden[] = {
	{ "open a file", try_open, true },
	{ "create a file", try_create, true },
	{ "unlink a file", try_unlink, false },
	{ "mount", try_mount, false },
	{ "chroot again", try_chroot, false },
	{ "AF_UNIX", try_unix, false },
	{ "AF_NETLINK", try_netlink, false },
	{ "AF_PACKET", try_packet, false },
	{ "socketpair", try_pair, false },
	{ "listen", try_listen, false },
	{ "a mark on a packet", try_mark, false },
	{ "the one option at another level", try_tcp_option, false },
	{ "another poller", try_poller, false },
	{ "execve", try_exec, false },
	{ "fork", try_fork, false },
	{ "clone3", try_clone3, false },
	{ "ptrace", try_ptrace, false },
	{ "read another's memory", try_peek, false },
	{ "kill", try_kill, false },
	{ "catch a signal", try_signal, true },
	{ "make a page executable", try_exec_page, true },
	{ "map an executable page", try_map_exec, false },
	{ "memfd_create", try_memfd, false },
	{ "setuid", try_setuid, false },
	{ "setgroups", try_groups, false },
	{ "capset", try_capset, false },
	{ "be dumpable", try_dumpable, true },
	{ "change a limit", try_limit, false },
	{ "a user namespace", try_unshare, false },
	{ "bpf", try_bpf, false },
	{ "io_uring", try_uring, false },
	{ "ioctl", try_ioctl, true },
	{ "dup", try_dup, false },
};

Test(priv, forbidden_calls_kill, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(forbidden); i++) {
		int status;

		if (SANITIZED && forbidden[i].sanitizer)
			continue;
		status = after_drop(forbidden[i].attempt, PRIV_SOCKETS);
		cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
			  "%s: status %x", forbidden[i].what,
			  (unsigned int)status);
	}
}

/* --- what the loop needs --- */

static long need_clock(void)
{
	return clock_boot() > 0 ? 0 : -1;
}

static long need_random(void)
{
	uint8_t b[8];

	return getrandom(b, sizeof(b), 0);
}

static long need_udp(void)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons(9),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char c;

	if (sockaddr_bind_interface(fd, AF_INET, 1, 0) < 0)
		return -1;
	if (sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)) != 1)
		return -1;
	if (recvfrom(fd, &c, 1, MSG_DONTWAIT, NULL, NULL) >= 0)
		return -1;
	return close(fd);
}

static long need_tcp(void)
{
	struct sockaddr_in6 sa = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = htons(9),
	};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return -1;
	(void)!connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	return close(fd);
}

static long need_malloc(void)
{
	unsigned char *p = malloc(60000), *big = malloc(1 << 20);

	if (p == NULL || big == NULL)
		return -1;
	memset(p, 1, 60000);
	memset(big, 1, 1 << 20);
	free(big);
	free(p);
	return 0;
}

static const struct {
	const char *what;
	long (*attempt)(void);
} needed[] = {
	{ "the clock", need_clock },
	{ "random octets", need_random },
	{ "a UDP socket on an interface", need_udp },
	{ "a TCP connection", need_tcp },
	{ "malloc and free, small and big", need_malloc },
};

Test(priv, needed_calls_work, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(needed); i++) {
		int status = after_drop(needed[i].attempt, PRIV_SOCKETS);

		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
			  "%s: status %x", needed[i].what,
			  (unsigned int)status);
	}
}

/* --- what ports of our own and the wire need, and not more --- */

static long reserve_v4(void)
{
	uint16_t port;

	return sockaddr_reserve(true, &port);
}

static long reserve_v6(void)
{
	uint16_t port;

	return sockaddr_reserve(false, &port);
}

static long ask_flags(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };

	return syscall(SYS_ioctl, inherited, SIOCGIFFLAGS, &ifr);
}

static long set_flags(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };

	return syscall(SYS_ioctl, inherited, SIOCSIFFLAGS, &ifr);
}

static long bind_packet(void)
{
	const struct sockaddr_ll sa = { .sll_family = AF_PACKET };

	return syscall(SYS_bind, inherited, &sa, sizeof(sa));
}

static long join_promiscuous(void)
{
	return syscall(SYS_setsockopt, inherited, SOL_PACKET,
		       PACKET_ADD_MEMBERSHIP, NULL, 0);
}

static const struct {
	const char *what;
	long (*attempt)(void);
	bool may[PRIV_WIRE + 1];	/* with sockets, ports, a wire */
	bool sanitizer;
} ended[] = {
	{ "a port", try_bind, { false, true, true }, false },
	{ "listen there", try_listen, { false, false, false }, false },
	{ "keep an IPv4 port", reserve_v4, { false, false, true }, false },
	{ "keep an IPv6 port", reserve_v6, { false, false, true }, false },
	{ "a link's flags", ask_flags, { false, false, true }, true },
	{ "change a link's flags", set_flags, { false, false, false }, true },
	{ "bind to a link", bind_packet, { false, false, false }, false },
	{ "promiscuous", join_promiscuous, { false, false, false }, false },
};

static void check_ends(size_t i, enum priv_ends ends)
{
	int status = after_drop(ended[i].attempt, ends);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
	bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	cr_expect(ended[i].may[ends] ? done : killed, "%s, %d: status %x",
		  ended[i].what, ends, (unsigned int)status);
}

Test(priv, ends, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(ended); i++) {
		for (enum priv_ends e = 0; e <= PRIV_WIRE; e++)
			if (!SANITIZED || !ended[i].sanitizer)
				check_ends(i, e);
	}
}

/* --- failures --- */

Test(priv, no_root_directory, .init = setup, .fini = teardown)
{
	const char *what = NULL;

	cr_expect_eq(priv_drop(NOBODY, NOBODY, "/nonexistent/x",
			       PRIV_SOCKETS, &what), -ENOENT);
	cr_expect_str_eq(what, "chroot");
	cr_expect_eq(geteuid(), 0, "nothing was given up");
}

Test(priv, a_parent_that_is_gone)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(priv_follow_parent(getppid() + 1) == -ESRCH ? 0 : 1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}
