/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/arena.h"

/* Both ends in one process, and the files, as an attacker would hold them. */
static struct arena control, datapath;
static int control_fd, datapath_fd, allow_fd;

static int dup_of(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	cr_assert_geq(copy, 0);
	return copy;
}

static void setup(void)
{
	cr_assert_eq(arena_create(&control, -1), 0);
	control_fd = dup_of(control.control_fd);
	datapath_fd = dup_of(control.datapath_fd);
	allow_fd = dup_of(control.allow_fd);
	cr_assert_eq(arena_attach(&datapath, dup_of(control_fd),
				  dup_of(datapath_fd), dup_of(allow_fd)), 0);
}

static void teardown(void)
{
	arena_close(&datapath);
	arena_close(&control);
	close(control_fd);
	close(datapath_fd);
	close(allow_fd);
}

TestSuite(arena, .init = setup, .fini = teardown);

Test(arena, each_side_sees_what_the_other_writes)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse("192.0.2.1", &a));
	allow_set_epoch(control.allow, 1);
	cr_assert_eq(allow_insert(control.allow, &a, 100, 0), 0);
	cr_expect_eq(allow_lookup(datapath.allow, &a, 0), 100);

	counters_add(&datapath.datapath->counters, COUNT_GRANT, 3);
	cr_expect_eq(atomic_load(&control.datapath->counters.n[COUNT_GRANT]),
		     3);
}

Test(arena, starts_empty_and_shut)
{
	struct arena other;

	cr_expect_eq(control.allow->epoch, 0);
	cr_expect_eq(atomic_load(&control.control->policy.seq), 0);
	cr_expect_eq(atomic_load(&control.datapath->grant_head.n), 0);
	cr_assert_eq(arena_create(&other, -1), 0);
	cr_expect_neq(control.allow->seed, other.allow->seed);
	arena_close(&other);
}

Test(arena, rings_across)
{
	struct ring to, from;
	const void *r;
	struct grant *g;
	struct ack *k;

	arena_grants(&datapath, &to);
	arena_grants(&control, &from);
	g = ring_claim(&to);
	cr_assert_not_null(g);
	g->id = 77;
	ring_publish(&to);
	cr_assert_eq(ring_peek(&from, &r), 1);
	cr_expect_eq(((const struct grant *)r)->id, 77);
	ring_release(&from);
	cr_expect_eq(ring_peek(&from, &r), 0);

	arena_acks(&control, &to);
	arena_acks(&datapath, &from);
	k = ring_claim(&to);
	cr_assert_not_null(k);
	k->error = -ENOSPC;
	ring_publish(&to);
	cr_assert_eq(ring_peek(&from, &r), 1);
	cr_expect_eq(((const struct ack *)r)->error, -ENOSPC);
	ring_release(&from);
}

/* The signal that ends a child which stores to p; 0 if it survives. */
static int signal_of_write(void *p)
{
	volatile char *byte = p;
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		/* A sanitizer must not turn it into an exit. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		*byte = 1;
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(arena, writes_fault_only_where_they_must)
{
	cr_expect_eq(signal_of_write(datapath.control), SIGSEGV);
	cr_expect_eq(signal_of_write(datapath.allow), SIGSEGV);
	cr_expect_eq(signal_of_write(control.datapath), SIGSEGV);
	cr_expect_eq(signal_of_write(control.control), 0);
	cr_expect_eq(signal_of_write(control.allow), 0);
	cr_expect_eq(signal_of_write(datapath.datapath), 0);
}

Test(arena, last_octets_fault_too)
{
	struct arena_control *c = datapath.control;
	struct arena_datapath *d = control.datapath;
	struct allow *t = datapath.allow;

	cr_expect_eq(signal_of_write((char *)(t + 1) - 1), SIGSEGV);
	cr_expect_eq(signal_of_write((char *)(c + 1) - 1), SIGSEGV);
	cr_expect_eq(signal_of_write((char *)(d + 1) - 1), SIGSEGV);
}

static void expect_locked(void *reader, int fd, size_t size, const char *what)
{
	void *p;

	cr_expect_eq(mprotect(reader, size, PROT_READ | PROT_WRITE), -1,
		     "%s: mprotect", what);
	cr_expect_eq(errno, EACCES, "%s: mprotect", what);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_expect_eq(p, MAP_FAILED, "%s: second writable mapping", what);
	cr_expect_eq(errno, EPERM, "%s: second writable mapping", what);
	cr_expect_eq(ftruncate(fd, 0), -1, "%s: shrink", what);
	cr_expect_eq(errno, EPERM, "%s: shrink", what);
	cr_expect_eq(ftruncate(fd, (off_t)size + 4096), -1, "%s: grow", what);
	cr_expect_eq(errno, EPERM, "%s: grow", what);
	cr_expect_eq(pwrite(fd, "x", 1, 0), -1, "%s: write", what);
	cr_expect_eq(errno, EPERM, "%s: write", what);
	cr_expect_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       0, 4096), -1, "%s: hole", what);
	cr_expect_eq(errno, EPERM, "%s: hole", what);
	cr_expect_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1, "%s: seal",
		     what);
	cr_expect_eq(errno, EPERM, "%s: seal", what);
}

Test(arena, nothing_can_be_had_back)
{
	expect_locked(datapath.control, control_fd, sizeof(*datapath.control),
		      "control's part");
	expect_locked(datapath.allow, allow_fd, sizeof(*datapath.allow),
		      "allow table");
	expect_locked(control.datapath, datapath_fd,
		      sizeof(*control.datapath), "datapath's part");
}

/* Between creation and the datapath's own seals only the size is fixed. */
Test(arena, datapath_part_cannot_shrink_before_it_is_attached)
{
	struct arena fresh;

	cr_assert_eq(arena_create(&fresh, -1), 0);
	cr_expect_eq(ftruncate(fresh.datapath_fd, 0), -1);
	cr_expect_eq(mprotect(fresh.datapath, sizeof(*fresh.datapath),
			      PROT_READ | PROT_WRITE), -1);
	cr_expect_eq(signal_of_write(fresh.datapath), SIGSEGV);
	arena_close(&fresh);
}

Test(arena, files_are_closed_once_attached)
{
	cr_expect_eq(datapath.control_fd, -1);
	cr_expect_eq(datapath.datapath_fd, -1);
	cr_expect_eq(datapath.allow_fd, -1);
}

Test(arena, files_are_closed_at_exec)
{
	cr_expect(fcntl(control.control_fd, F_GETFD) & FD_CLOEXEC);
	cr_expect(fcntl(control.datapath_fd, F_GETFD) & FD_CLOEXEC);
	cr_expect(fcntl(control.allow_fd, F_GETFD) & FD_CLOEXEC);
}

static int memfile(off_t size, int seals)
{
	int fd = memfd_create("strange", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, size), 0);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

Test(arena, strange_files_are_refused)
{
	enum { SIZE = F_SEAL_SHRINK | F_SEAL_GROW,
	       ALL = SIZE | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL };
	const struct {
		const char *what;
		int control, datapath, want;
	} rows[] = {
		{ "swapped", datapath_fd, control_fd, -EPROTO },
		{ "no seals", memfile(sizeof(struct arena_control), 0),
		  datapath_fd, -EPROTO },
		{ "still writable",
		  memfile(sizeof(struct arena_control), SIZE), datapath_fd,
		  -EPROTO },
		{ "one octet short",
		  memfile(sizeof(struct arena_control) - 1, ALL), datapath_fd,
		  -EPROTO },
		{ "could shrink", control_fd,
		  memfile(sizeof(struct arena_datapath), 0), -EPROTO },
		{ "sealed by somebody else", control_fd,
		  memfile(sizeof(struct arena_datapath), ALL), -EPERM },
		{ "no file", -1, datapath_fd, -EBADF },
		{ "no memory file", open("/dev/null", O_RDWR | O_CLOEXEC),
		  datapath_fd, -EINVAL },
	};
	struct arena a = { .control_fd = 5 };

	for (size_t i = 0; i < NITEMS(rows); i++)
		cr_expect_eq(arena_attach(&a, rows[i].control,
					  rows[i].datapath, allow_fd),
			     rows[i].want, "%s", rows[i].what);
	cr_expect_eq(a.control_fd, 5, "untouched on failure");
	cr_expect_geq(fcntl(control_fd, F_GETFD), 0, "left open");
}

Test(arena, strange_tables_are_refused)
{
	enum { SIZE = F_SEAL_SHRINK | F_SEAL_GROW,
	       ALL = SIZE | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL };
	const struct {
		const char *what;
		int fd, want;
	} rows[] = {
		{ "no seals", memfile(sizeof(struct allow), 0), -EPROTO },
		{ "one octet short", memfile(sizeof(struct allow) - 1, ALL),
		  -EPROTO },
		{ "no file", -1, -EBADF },
		{ "neither memory file nor map",
		  open("/dev/null", O_RDWR | O_CLOEXEC), -EINVAL },
		{ "the kernel's, but no map", eventfd(0, EFD_CLOEXEC),
		  -ENODEV },
	};
	struct arena a = { .allow_fd = 5 };

	for (size_t i = 0; i < NITEMS(rows); i++)
		cr_expect_eq(arena_attach(&a, control_fd, datapath_fd,
					  rows[i].fd), rows[i].want, "%s",
			     rows[i].what);
	cr_expect_eq(a.allow_fd, 5, "untouched on failure");
	cr_expect_geq(fcntl(control_fd, F_GETFD), 0, "left open");
}
