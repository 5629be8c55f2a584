/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>

#include "clock.h"
#include "firewall/fw.h"

static struct fw *fw;
static struct why why;

static struct ipaddr nth(unsigned int i)
{
	return ipaddr_v4((uint8_t[]){ 198, 18, (uint8_t)(i >> 8),
				      (uint8_t)i });
}

static void load(enum fw_policy p)
{
	struct fw_ruleset r = { .policy = p };

	cr_assert_eq(fw->ops->load(fw, &r, &why), 0);
}

static int add(unsigned int first, unsigned int n, uint32_t seconds)
{
	struct fw_element e[FW_BATCH];

	for (unsigned int i = 0; i < n; i++)
		e[i] = (struct fw_element){ nth(first + i), seconds, false,
					   false };
	return fw->ops->add(fw, e, n, &why);
}

static int count(void)
{
	struct ipaddr a[3 * FW_BATCH];

	return fw->ops->list(fw, a, NITEMS(a), &why);
}

static void begin(void)
{
	struct conf c = { 0 };

	cr_assert_eq(fw_memory_open(&fw, &c, &why), 0);
}

static void end(void)
{
	fw->ops->close(fw);
}

TestSuite(fw_memory, .init = begin, .fini = end);

Test(fw_memory, no_door_before_its_policy)
{
	cr_expect_eq(add(1, 1, 30), -ENOENT);
	load(FW_BLOCKED);
	cr_expect_eq(add(1, 1, 30), -ENOENT);
	load(FW_BLOCKED_ACTIVE);
	cr_expect_eq(add(1, 1, 30), 0);
	cr_expect_eq(count(), 1);
}

Test(fw_memory, loading_empties)
{
	load(FW_BLOCKED_ACTIVE);
	cr_assert_eq(add(1, 2, 30), 0);
	load(FW_BLOCKED_ACTIVE);
	cr_expect_eq(count(), 0);
}

Test(fw_memory, again_is_one_element)
{
	load(FW_BLOCKED_ACTIVE);
	cr_expect_eq(add(1, 2, 30), 0);
	cr_expect_eq(add(2, 2, 30), 0);
	cr_expect_eq(count(), 3);
}

Test(fw_memory, remove_and_clear)
{
	struct ipaddr a[] = { nth(9), nth(1) };

	load(FW_BLOCKED_ACTIVE);
	cr_assert_eq(add(1, 3, 30), 0);
	cr_expect_eq(fw->ops->remove(fw, a, 2, &why), 0, "one is not there");
	cr_expect_eq(count(), 2);
	cr_expect_eq(fw->ops->clear(fw, &why), 0);
	cr_expect_eq(count(), 0);
}

Test(fw_memory, full_refuses_the_whole_batch)
{
	load(FW_BLOCKED_ACTIVE);
	cr_assert_eq(add(0, FW_BATCH, 30), 0);
	cr_assert_eq(add(FW_BATCH, FW_BATCH - 1, 30), 0);
	cr_expect_eq(add(5000, 2, 30), -ENOSPC);
	cr_expect_eq(count(), 2 * FW_BATCH - 1);
	cr_expect_eq(add(5000, 1, 30), 0);
}

Test(fw_memory, bad_elements)
{
	struct fw_element none = { nth(1), 0, false, false };

	load(FW_BLOCKED_ACTIVE);
	cr_expect_eq(fw->ops->add(fw, &none, 1, &why), -EINVAL);
	cr_expect_eq(fw->ops->add(fw, &none, FW_BATCH + 1, &why), -E2BIG);
	cr_expect_eq(fw->ops->remove(fw, &none.addr, FW_BATCH + 1, &why),
		     -E2BIG);
}

Test(fw_memory, elements_end)
{
	uint64_t until = clock_boot() + 5 * CLOCK_S;

	load(FW_BLOCKED_ACTIVE);
	cr_assert_eq(add(1, 1, 1), 0);
	cr_assert_eq(add(2, 1, 60), 0);
	cr_expect_eq(count(), 2);
	while (count() > 1 && clock_boot() < until)
		poll(NULL, 0, 20);
	cr_expect_eq(count(), 1);
}

Test(fw_memory, list_stops_at_max)
{
	struct ipaddr a[2];

	load(FW_BLOCKED_ACTIVE);
	cr_assert_eq(add(1, 3, 30), 0);
	cr_expect_eq(fw->ops->list(fw, a, 2, &why), 2);
}

Test(fw_memory, verify_and_watch)
{
	uint32_t before, after;

	cr_expect_eq(fw->ops->verify(fw, &before, &why), 0, "not loaded yet");
	load(FW_BLOCKED);
	cr_expect_eq(fw->ops->verify(fw, &after, &why), 1);
	cr_expect_neq(before, after);
	cr_expect_eq(fw->ops->watch_fd(fw), -1);
	cr_expect_eq(fw->ops->changed(fw), 0);
	cr_expect_eq(fw->ops->port(fw), 0);
}
