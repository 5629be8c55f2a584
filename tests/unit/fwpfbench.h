/* SPDX-License-Identifier: ISC */
/*
 * fwpfbench.h - the pf backend on a pf without a kernel
 */
#ifndef FWPFBENCH_H
#define FWPFBENCH_H

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "firewall/fw_pf.h"
#include "tests/unit/pfkernel.h"
#include "tests/unit/rulesbench.h"

static const struct pfsys *const systems[] = { &pfsys_macos, &pfsys_freebsd };

static struct fw *fw;
static struct why why;
static char dir[32];

static void open_on(const struct pfsys *sys)
{
	struct pfdev dev;
	struct conf c = { 0 };

	pfkernel_reset(sys);
	dev = pfkernel_dev();
	strcpy(c.firewall.table, "sallyport");
	strcpy(c.run_dir, dir);
	cr_assert_eq(fw_pf_open_on(&fw, &c, &dev, &why), 0, "%s", why.text);
}

static void begin(void)
{
	strcpy(dir, "/tmp/test_fw_pf.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	open_on(&pfsys_freebsd);
}

static void shut(void)
{
	char path[64];

	fw->ops->close(fw);
	snprintf(path, sizeof(path), "%s/pf.json", dir);
	unlink(path);
}

static void end(void)
{
	shut();
	rmdir(dir);
}

static void again_on(const struct pfsys *sys)
{
	shut();
	open_on(sys);
}

static int load(enum fw_policy p, unsigned int with)
{
	unsigned int ports = pfkernel.sys->groups ? 0 : OWN_PORTS;
	struct fw_ruleset r = ruleset(p, with | ports);

	return fw->ops->load(fw, &r, &why);
}

static int add(const char *addr, bool renew, bool tls)
{
	const struct fw_element e = { parse(addr), 30, renew, tls };

	return fw->ops->add(fw, &e, 1, &why);
}

static inline int take_out(const char *addr)
{
	struct ipaddr a = parse(addr);

	return fw->ops->remove(fw, &a, 1, &why);
}

static int verify(void)
{
	uint32_t generation;

	return fw->ops->verify(fw, &generation, &why);
}

static inline int count(void)
{
	struct ipaddr a[2 * FW_BATCH];

	return fw->ops->list(fw, a, NITEMS(a), &why);
}

#endif /* FWPFBENCH_H */
