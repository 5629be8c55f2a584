/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * logind's PrepareForSleep(true) shuts the door, and the inhibitor lock is
 * released when the kernel is seen to hold the block; until the wake nothing
 * opens the door (netcheck.c asks `asleep`). The wake is whichever comes
 * first of PrepareForSleep(false), the clocks' word that we slept, a logind that
 * is found and says that it is not about to, and a time in which a machine that
 * is about to sleep would have.
 *
 * logind may tell of a wake that the clocks have told of: `owed`. The clocks
 * cannot repeat what logind has told: looking at them uses it up.
 */
#include "wake.h"

#include <errno.h>
#include <string.h>

#include "busevent.h"
#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/logind.h"
#include "os/wakewatch.h"

enum {
	MESSAGES = 64,		/* of the bus in one turn; then the others' */
	RETRY_MS = 1000,	/* doubled with each failure */
	RETRY_MAX_MS = 60000,
	LATE_S = 60,		/* logind waits for lock holders for 5 s */
	ALONE_S = 10,		/* ... and nobody is left to tell */
};

static void add_timer(struct daemon *d, struct event **e, event_callback_fn on,
		      uint64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
				    .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (*e == NULL && d->base != NULL)
		*e = event_new(d->base, -1, 0, on, d);
	if (*e != NULL && event_add(*e, &tv) < 0)
		log_error("wake: no timer");
}

static void on_retry(evutil_socket_t fd, short what, void *context);

/* Connects, or asks for the lock. */
static void later(struct daemon *d)
{
	uint64_t ms = RETRY_MS;

	for (unsigned int i = 0; i < d->wake.failures && ms < RETRY_MAX_MS; i++)
		ms *= 2;
	d->wake.failures++;
	add_timer(d, &d->wake.retry_event, on_retry,
		  ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
}

/* --- before sleep --- */

/* What the kernel holds is what it should hold; else once more. */
static bool blocked(struct daemon *d)
{
	struct why why;

	if (daemon_load(d, &why) < 0) {
		/* Tried every second, and told once. */
		if (strcmp(d->problem.text, why.text) != 0)
			daemon_problem(d, "firewall", why.text);
		return false;
	}
	if (d->ruleset.policy == FW_NONE)
		return true;
	supervise_verify(d);
	return d->verified;
}

static void let_sleep(struct daemon *d)
{
	d->wake.unready = !blocked(d);
	if (d->wake.unready)
		return;		/* the lock is kept, and it is tried again */
	log_info("wake: the door is shut for the machine's sleep");
	methods_event(d, "sleep", "{}");
	if (d->wake.logind != NULL)
		logind_release(d->wake.logind);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	log_info("wake: the machine did not sleep");
	wake_by_logind(context);
}

void wake_prepare(struct daemon *d)
{
	struct wake *w = &d->wake;

	w->owed = false;
	if (w->asleep)
		return;
	w->asleep = true;
	w->sleeps++;
	if (d->active)
		netcheck_shut(d, "sleep");
	add_timer(d, &w->late_event, on_late, LATE_S * 1000);
	let_sleep(d);
}

void wake_tick(struct daemon *d)
{
	if (d->wake.unready)
		let_sleep(d);
}

/* --- the wake --- */

static void woke(struct daemon *d, uint64_t slept)
{
	struct wake *w = &d->wake;

	w->asleep = w->unready = false;
	if (w->late_event != NULL)
		event_del(w->late_event);
	w->at = clock_boot();
	w->slept = slept;
	w->wakes++;
	log_info("wake: after %.1f s of sleep", (double)slept / 1e9);
	methods_event(d, "wake", "{s:f}", "slept", (double)slept / 1e9);
	uplink_woke(d);
	follow_look(d);
}

static void hold(struct daemon *d)
{
	if (d->wake.logind != NULL)
		logind_hold(d->wake.logind);
}

static uint64_t look(const struct wake *w)
{
	return w->watch == NULL ? 0 : wakewatch_look(w->watch);
}

void wake_by_clock(struct daemon *d)
{
	uint64_t slept = look(&d->wake);

	if (slept == 0) {
		log_debug("wake: somebody has set the wall clock");
		return;
	}
	d->wake.owed = d->wake.asleep;
	woke(d, slept);
	/* logind gives no lock before it has told of the wake itself. */
	if (d->wake.owed)
		later(d);
	else
		hold(d);
}

void wake_by_logind(struct daemon *d)
{
	uint64_t slept = look(&d->wake);
	bool known = d->wake.owed && slept == 0;

	d->wake.owed = false;
	if (!known)
		woke(d, slept);
	hold(d);
}

static void on_clock(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	wake_by_clock(context);
}

/* --- logind, as long as there is one --- */

static void on_bus(evutil_socket_t fd, short what, void *context);

/* In a row of failures, the first is said. */
static void without(struct daemon *d, const struct why *why)
{
	struct wake *w = &d->wake;

	if (w->problem.text[0] == '\0')
		log_info("wake: %s: sleep does not wait for us", why->text);
	w->problem = *why;
}

static void disconnect(struct daemon *d)
{
	struct wake *w = &d->wake;

	busevent_free(&w->bus_event);
	if (w->logind == NULL)
		return;
	w->forged += logind_forged(w->logind);
	logind_close(w->logind);
	w->logind = NULL;
}

/*
 * Without logind or bus: what was about to sleep may still be. Another one,
 * which systemd starts at once, is asked; or its time runs out.
 */
static void alone(struct daemon *d)
{
	d->wake.owed = false;
	if (d->wake.asleep)
		add_timer(d, &d->wake.late_event, on_late, ALONE_S * 1000);
}

/* Says a logind that is new to us: it has told of the wake, if of any. */
static void awake(struct daemon *d)
{
	d->wake.owed = false;
	if (d->wake.asleep)
		wake_by_logind(d);
}

static int wait_for_bus(struct daemon *d)
{
	struct logind *l = d->wake.logind;
	const struct busevent_want want = {
		logind_fd(l), logind_poll(l), logind_until(l),
	};

	return busevent_wait(&d->wake.bus_event, d->base, &want, on_bus, d);
}

static void told(struct daemon *d, enum logind_event event,
		 const struct why *why)
{
	switch (event) {
	case LOGIND_HELD:
		d->wake.failures = 0;
		d->wake.problem.text[0] = '\0';
		log_info("wake: sleep waits for us");
		break;
	case LOGIND_REFUSED:
		without(d, why);
		later(d);
		break;
	case LOGIND_ABSENT:
		without(d, why);
		alone(d);
		break;
	case LOGIND_AWAKE:
		awake(d);
		break;
	case LOGIND_SLEEP:
		wake_prepare(d);
		break;
	case LOGIND_WAKE:
		wake_by_logind(d);
		break;
	default:
		break;
	}
}

static void lost(struct daemon *d, const struct why *why)
{
	disconnect(d);
	without(d, why);
	alone(d);
	later(d);
}

static void serve_bus(struct daemon *d)
{
	enum logind_event event;
	struct why why;
	int n = 1, error;

	/* What shrinks: the turn. The descriptor stays readable, but what the
	 * library has read already does not: a timeout of 0 then. */
	for (unsigned int i = 0; i < MESSAGES && n > 0; i++) {
		n = logind_next(d->wake.logind, &event, &why);
		if (n > 0)
			told(d, event, &why);
	}
	if (n >= 0 && (error = wait_for_bus(d)) < 0)
		n = why_set(&why, error, "system bus: %s", strerror(-error));
	if (n < 0)
		lost(d, &why);
}

static void on_bus(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	serve_bus(context);
}

static void connect_bus(struct daemon *d)
{
	struct why why;
	int error = logind_open(&d->wake.logind, &why);

	if (error == 0) {
		serve_bus(d);
		return;
	}
	without(d, &why);
	if (error != -ENOTSUP && !buswatch_tells(d, error))
		later(d);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	if (d->wake.logind == NULL) {
		connect_bus(d);
		return;
	}
	logind_hold(d->wake.logind);
	serve_bus(d);
}

void wake_again(struct daemon *d)
{
	if (d->wake.logind != NULL)
		return;
	busevent_free(&d->wake.retry_event);
	connect_bus(d);
}

bool wake_waits(const struct daemon *d)
{
	return d->wake.logind != NULL && logind_holds(d->wake.logind);
}

uint64_t wake_forged(const struct daemon *d)
{
	const struct wake *w = &d->wake;

	return w->forged + (w->logind == NULL ? 0 : logind_forged(w->logind));
}

/* --- life --- */

static int watch_clock(struct daemon *d, struct why *why)
{
	struct wake *w = &d->wake;
	int error = wakewatch_open(&w->watch, NULL, NULL, why);

	if (error < 0)
		return error;
	w->watch_event = event_new(d->base, wakewatch_fd(w->watch),
				   EV_READ | EV_PERSIST, on_clock, d);
	if (w->watch_event == NULL || event_add(w->watch_event, NULL) < 0)
		return why_set(why, -ENOMEM, "no event for the clock");
	return 0;
}

void wake_open(struct daemon *d)
{
	struct why why;

	if (watch_clock(d, &why) < 0)
		log_warning("wake: %s", why.text);
	connect_bus(d);
}

void wake_close(struct daemon *d)
{
	struct wake *w = &d->wake;

	disconnect(d);
	busevent_free(&w->retry_event);
	busevent_free(&w->late_event);
	busevent_free(&w->watch_event);
	if (w->watch != NULL)
		wakewatch_close(w->watch);
	w->watch = NULL;
}
