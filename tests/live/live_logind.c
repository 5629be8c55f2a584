/* SPDX-License-Identifier: ISC */
/*
 * A fake logind on the system bus, for tests: as much of
 * org.freedesktop.login1 as deals with sleep.
 *
 *   live_logind serve COMMAND   says "ready", then obeys words on its input:
 *       sleep    PrepareForSleep(true); says "released" when the last lock
 *                is, after COMMAND was run by the shell
 *       wake     PrepareForSleep(false)
 *       broken   PrepareForSleep with a string and without anything
 *       deny, bare, grant
 *                Inhibit is answered by an error, without a descriptor, well
 *     Says "held WHAT WHO MODE" for each lock, and "sleeps" or "awake" when
 *     that was told.
 *   live_logind forge true|false TIMES
 *       PrepareForSleep in logind's name, to all and to each one on the bus,
 *       as whoever runs this
 */
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NAME "org.freedesktop.login1"
#define PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"
#define SIGNAL "PrepareForSleep"

enum { LOCKS = 16 };

static sd_bus *bus;
static int lock[LOCKS];		/* our ends */
static unsigned int locks;
static bool sleeping;
static enum { GRANT, DENY, BARE } answer;
static const char *command;

static void must(int n, const char *what)
{
	if (n < 0)
		errx(1, "%s: %s", what, strerror(-n));
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void announce(bool sleeps)
{
	must(sd_bus_emit_signal(bus, PATH, MANAGER, SIGNAL, "b", sleeps),
	     SIGNAL);
	must(sd_bus_flush(bus), "flush");
	sleeping = sleeps;
	say(sleeps ? "sleeps" : "awake");
}

/* --- serving --- */

static int grant(sd_bus_message *m)
{
	int ends[2], n;

	if (locks == LOCKS || pipe(ends) < 0)
		return sd_bus_reply_method_errorf(m,
			SD_BUS_ERROR_LIMITS_EXCEEDED, "no more locks");
	n = sd_bus_reply_method_return(m, "h", ends[1]);
	close(ends[1]);
	lock[locks++] = ends[0];
	return n;
}

static int on_inhibit(sd_bus_message *m, void *context, sd_bus_error *error)
{
	const char *what, *who, *why, *mode;
	int n = sd_bus_message_read(m, "ssss", &what, &who, &why, &mode);

	(void)context;
	(void)error;
	if (n < 0)
		return n;
	/* As the real one: no lock while it is being asked to go. */
	if (sleeping || answer == DENY)
		return sd_bus_reply_method_errorf(m,
			NAME ".OperationInProgress", "not now");
	if (answer == BARE)
		return sd_bus_reply_method_return(m, "s", "");
	n = grant(m);
	printf("held %s %s %s\n", what, who, mode);
	fflush(stdout);
	return n;
}

static int on_preparing(sd_bus *from, const char *path, const char *interface,
			const char *property, sd_bus_message *reply,
			void *context, sd_bus_error *error)
{
	(void)from;
	(void)path;
	(void)interface;
	(void)property;
	(void)context;
	(void)error;
	return sd_bus_message_append(reply, "b", sleeping);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("PreparingForSleep", "b", on_preparing, 0, 0),
	SD_BUS_SIGNAL(SIGNAL, "b", 0),
	SD_BUS_VTABLE_END
};

/* What the kernel holds is looked at before anybody is told. */
static void released(unsigned int i)
{
	close(lock[i]);
	lock[i] = lock[--locks];
	if (!sleeping || locks > 0)
		return;
	if (system(command) != 0)
		warnx("%s: failed", command);
	say("released");
}

static void obey(const char *word)
{
	if (strcmp(word, "sleep") == 0)
		announce(true);
	else if (strcmp(word, "wake") == 0)
		announce(false);
	else if (strcmp(word, "deny") == 0)
		answer = DENY;
	else if (strcmp(word, "bare") == 0)
		answer = BARE;
	else if (strcmp(word, "grant") == 0)
		answer = GRANT;
	else if (strcmp(word, "broken") == 0) {
		must(sd_bus_emit_signal(bus, PATH, MANAGER, SIGNAL, "s",
					"true"), SIGNAL);
		must(sd_bus_emit_signal(bus, PATH, MANAGER, SIGNAL, NULL),
		     SIGNAL);
	} else
		errx(2, "no such word: %s", word);
}

static void read_words(void)
{
	char text[256], *at = text, *word;
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);

	if (n <= 0)
		exit(0);
	text[n] = '\0';
	while ((word = strsep(&at, "\n")) != NULL)
		if (word[0] != '\0')
			obey(word);
}

static void wait_for_any(void)
{
	struct pollfd p[2 + LOCKS] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = sd_bus_get_fd(bus),
		  .events = (short)sd_bus_get_events(bus) },
	};
	unsigned int n = locks;

	for (unsigned int i = 0; i < n; i++)
		p[2 + i] = (struct pollfd){ .fd = lock[i], .events = POLLIN };
	if (poll(p, 2 + n, 1000) < 0)
		err(1, "poll");
	/* Backwards: the last one takes the place of one that goes. */
	for (unsigned int i = n; i > 0; i--)
		if (p[1 + i].revents != 0)
			released(i - 1);
	if (p[0].revents != 0)
		read_words();
}

static void serve(void)
{
	int n;

	must(sd_bus_add_object_vtable(bus, NULL, PATH, MANAGER, vtable, NULL),
	     "object");
	must(sd_bus_request_name(bus, NAME, 0), NAME);
	say("ready");
	for (;;) {
		while ((n = sd_bus_process(bus, NULL)) > 0)
			continue;
		must(n, "bus");
		wait_for_any();
	}
}

/* --- forging --- */

static void send_to(const char *who, bool sleeps)
{
	sd_bus_message *m;

	must(sd_bus_message_new_signal(bus, &m, PATH, MANAGER, SIGNAL),
	     "signal");
	must(sd_bus_message_append(m, "b", sleeps), "signal");
	if (who != NULL)
		must(sd_bus_message_set_destination(m, who), who);
	must(sd_bus_send(bus, m, NULL), "send");
	sd_bus_message_unref(m);
}

static void forge(bool sleeps, int times)
{
	char **names;

	must(sd_bus_list_names(bus, &names, NULL), "names");
	for (int i = 0; i < times; i++) {
		send_to(NULL, sleeps);
		for (char **n = names; *n != NULL; n++)
			if ((*n)[0] == ':')
				send_to(*n, sleeps);
	}
	/* The bus has read all of it once it answers. */
	must(sd_bus_list_names(bus, &names, NULL), "names");
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4)
		errx(2, "usage: live_logind serve COMMAND | "
		     "forge true|false TIMES");
	must(sd_bus_open_system(&bus), "bus");
	if (strcmp(argv[1], "forge") == 0 && argc == 4) {
		forge(strcmp(argv[2], "true") == 0, atoi(argv[3]));
		return 0;
	}
	command = argv[2];
	serve();
}
