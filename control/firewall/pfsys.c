/* SPDX-License-Identifier: ISC */
#include "firewall/pfsys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

enum { PFCTL_WAIT_MS = 5000 };	/* it takes some; the rest is for a load */

static int real_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int real_pfctl(const char *const *args, const char *input, size_t len,
		      struct pfctl_said *said, struct why *why)
{
	char path[RUN_LINE];
	struct run_end end;
	int error;

	if (run_find("pfctl", path) == NULL)
		return why_set(why, -ENOENT, "no pfctl in /usr/sbin or /sbin");
	error = run(&(struct run){
		.path = path, .args = args, .input = input, .len = len,
		.wait_ms = PFCTL_WAIT_MS, .output = true, .text = said->text,
		.size = sizeof(said->text),
	}, &end, why);
	if (error != 0)
		return error;
	said->status = WIFEXITED(end.status) ? WEXITSTATUS(end.status) : -1;
	_Static_assert(sizeof(said->line) >= sizeof(end.line), "its line");
	memcpy(said->line, end.line, sizeof(end.line));
	return 0;
}

const struct pfio pfsys_io = { .ioctl = real_ioctl, .pfctl = real_pfctl };

int pfsys_open(struct pfdev *dev, const struct pfsys *sys, struct why *why)
{
	int fd = open("/dev/pf", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return why_set(why, -ENOENT, "there is no /dev/pf: load the "
			       "kernel module pf (kldload pf)");
	if (fd < 0)
		return why_set(why, -errno, "/dev/pf: %s", strerror(errno));
	*dev = (struct pfdev){ .sys = sys, .io = &pfsys_io, .fd = fd };
	return 0;
}

void pfsys_close(struct pfdev *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

int pfsys_pfctl(const struct pfdev *dev, const char *const *args,
		const char *input, size_t len, struct pfctl_said *said,
		struct why *why)
{
	int error;

	said->text[0] = said->line[0] = '\0';
	error = dev->io->pfctl(args, input, len, said, why);
	if (error == 0 && said->status != 0)
		error = why_set(why, -EINVAL, "pfctl: %s", said->line);
	return error;
}
