/* SPDX-License-Identifier: ISC */
/* A bus that is not there when the daemon starts, and comes. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "busevent.h"
#include "netcheckbench.h"
#include "os/logind.h"

static char folder[64], path[80];

static void setup(void)
{
	char address[96];

	bench_init();
	bench.base = event_base_new();
	cr_assert_not_null(bench.base);
	snprintf(folder, sizeof(folder), "%s/bus", bench_dir);
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(address, sizeof(address), "unix:path=%s", path);
	cr_assert_eq(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
}

static void teardown(void)
{
	buswatch_close(&bench);
	busevent_free(&bench.wake.retry_event);
	event_base_free(bench.base);
	bench_remove("bus/socket");
	bench_remove("bus");
	bench_fini();
}

TestSuite(buswatch, .init = setup, .fini = teardown);

static void turn(void)
{
	event_base_loop(bench.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Nobody listens yet: who tries is refused. */
static void come(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
}

static bool is_built(void)
{
	struct logind *l;

	return logind_open(&l, &why) != -ENOTSUP;
}

Test(buswatch, a_socket_that_comes_is_tried)
{
	buswatch_open(&bench);
	cr_assert(buswatch_tells(&bench, -ENOENT));
	cr_expect(!buswatch_tells(&bench, -ECONNREFUSED), "it is there");
	turn();
	cr_expect_null(bench.wake.retry_event, "nothing has come");
	cr_assert_eq(mkdir(folder, 0700), 0);
	turn();
	cr_expect_null(bench.wake.retry_event, "its folder has come");
	come();
	turn();
	cr_expect_eq(bench.wake.retry_event != NULL, is_built());
}

Test(buswatch, a_folder_and_a_socket_at_once)
{
	buswatch_open(&bench);
	cr_assert_eq(mkdir(folder, 0700), 0);
	come();
	turn();
	cr_expect_eq(bench.wake.retry_event != NULL, is_built());
}

Test(buswatch, what_is_no_file_is_not_watched)
{
	static const char *const addresses[] = {
		"tcp:host=localhost", "unix:abstract=bus",
		"unix:path=/a,guid=1", "unix:path=/a;unix:path=/b",
		"unix:path=/%61",
	};

	for (size_t i = 0; i < NITEMS(addresses); i++) {
		cr_assert_eq(setenv("DBUS_SYSTEM_BUS_ADDRESS", addresses[i],
				    1), 0);
		buswatch_open(&bench);
		cr_expect(!buswatch_tells(&bench, -ENOENT), "%s",
			  addresses[i]);
	}
}
