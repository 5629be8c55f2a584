/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Memory files. Who maps what, and when it is sealed, in this order:
 *
 *	control's parts			the datapath's part
 *	control maps it to write	control maps it to read, by a
 *					descriptor that cannot write
 *	control seals SHRINK, GROW,	control seals SHRINK, GROW
 *	FUTURE_WRITE and SEAL
 *		-- the datapath starts and inherits the files --
 *	the datapath maps it to read	the datapath maps it to write
 *					the datapath seals FUTURE_WRITE, SEAL
 *
 * FUTURE_WRITE leaves the one writable mapping that exists and refuses every
 * later one, write(), hole punching, and mprotect() on the mappings made
 * after it. Control's reading mapping is older than that seal, so it comes
 * from a read-only descriptor, which has the same effect on mprotect().
 *
 * SHRINK is on the datapath's part before the datapath exists: a file that is
 * cut under a mapping kills the reader with SIGBUS. What a compromised
 * datapath leaves undone (its own seals) harms its own part only.
 *
 * The allow table can be a BPF map instead of a file. A map has no seals; a
 * mapping that was made to read can never be made writable (the kernel drops
 * VM_MAYWRITE), but its descriptor can write by bpf(). So the datapath closes
 * that one as root, and bpf() is outside of its system calls.
 *
 * Pages are there from the start (MAP_POPULATE): the hot paths fault on none.
 */
#include "shared/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/entropy.h"
#include "shared/memory.h"

static int create_control(struct arena *a)
{
	void *p = NULL;
	int error = memory_ours("sallyport-control", sizeof(*a->control),
				&a->control_fd, &p);

	a->control = p;
	return error;
}

static int create_allow(struct arena *a)
{
	uint64_t seed;
	void *p = NULL;
	int error;

	if (!entropy_fill(&seed, sizeof(seed)))
		return -EIO;
	error = memory_ours("sallyport-allow", sizeof(*a->allow),
			    &a->allow_fd, &p);
	a->allow = p;
	if (error == 0)
		allow_init(a->allow, seed);
	return error;
}

static int borrow_allow(struct arena *a, int table)
{
	void *p;
	int error;

	a->allow_fd = fcntl(table, F_DUPFD_CLOEXEC, 0);
	if (a->allow_fd < 0)
		return -errno;
	error = memory_map(a->allow_fd, sizeof(*a->allow),
			   PROT_READ | PROT_WRITE, &p);
	if (error == 0)
		a->allow = p;
	return error;
}

static int create_datapath(struct arena *a)
{
	void *p = NULL;
	int error = memory_theirs("sallyport-datapath", sizeof(*a->datapath),
				  &a->datapath_fd, &p);

	a->datapath = p;
	return error;
}

int arena_create(struct arena *a, int table)
{
	struct arena made = ARENA_NONE;
	int error = create_control(&made);

	if (error == 0)
		error = create_datapath(&made);
	if (error == 0)
		error = table < 0 ? create_allow(&made) :
				    borrow_allow(&made, table);
	if (error < 0) {
		arena_close(&made);
		return error;
	}
	*a = made;
	return 0;
}

static int attach_control(struct arena *a, int fd)
{
	void *p;
	int error = memory_read(fd, sizeof(*a->control), &p);

	if (error == 0)
		a->control = p;
	return error;
}

/* No file of any kind, so the kernel's own object: map() minds its size. */
static bool is_map(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == 0;
}

static int attach_allow(struct arena *a, int fd)
{
	void *p;
	int error = is_map(fd) ?
		    memory_map(fd, sizeof(*a->allow), PROT_READ, &p) :
		    memory_read(fd, sizeof(*a->allow), &p);

	if (error == 0)
		a->allow = p;
	return error;
}

static int attach_datapath(struct arena *a, int fd)
{
	void *p;
	int error = memory_write(fd, sizeof(*a->datapath), &p);

	if (error == 0)
		a->datapath = p;
	return error;
}

int arena_attach(struct arena *a, int control_fd, int datapath_fd,
		 int allow_fd)
{
	struct arena got = ARENA_NONE;
	int error = attach_control(&got, control_fd);

	if (error == 0)
		error = attach_allow(&got, allow_fd);
	if (error == 0)
		error = attach_datapath(&got, datapath_fd);
	if (error < 0) {
		arena_close(&got);
		return error;
	}
	close(control_fd);
	close(datapath_fd);
	close(allow_fd);
	*a = got;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void arena_close(struct arena *a)
{
	if (a->control != NULL)
		munmap(a->control, sizeof(*a->control));
	if (a->datapath != NULL)
		munmap(a->datapath, sizeof(*a->datapath));
	if (a->allow != NULL)
		munmap(a->allow, sizeof(*a->allow));
	a->control = NULL;
	a->datapath = NULL;
	a->allow = NULL;
	close_fd(&a->control_fd);
	close_fd(&a->datapath_fd);
	close_fd(&a->allow_fd);
}

void arena_grants(struct arena *a, struct ring *r)
{
	ring_init(r, &a->datapath->grant_head, &a->control->grant_tail,
		  a->datapath->grants, sizeof(a->datapath->grants[0]),
		  RING_GRANTS);
}

void arena_acks(struct arena *a, struct ring *r)
{
	ring_init(r, &a->control->ack_head, &a->datapath->ack_tail,
		  a->control->acks, sizeof(a->control->acks[0]), RING_ACKS);
}
