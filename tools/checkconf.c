/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "conf.h"

static const char usual[] = "/etc/sallyport/sallyport.conf";

static enum app_exit show_json(struct app *a, const char *file,
			       const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);
	json_t *result;

	if (memory == NULL)
		return APP_FAILED;
	conf_print(c, memory);
	fclose(memory);
	result = json_pack("{s:s, s:s}", "file", file, "text", text);
	app_json(a, result);
	json_decref(result);
	free(text);
	return APP_OK;
}

/* A file that is named must be there; the usual one need not. */
enum app_exit checkconf_run(struct app *a)
{
	static struct conf c;
	struct client_error e = { .code = 0 };
	const char *file = a->n_words > 0 ? a->words[0] : usual;

	if (conf_load(&c, file, a->n_words > 0, &e.why) != 0)
		return app_report(a, APP_FAILED, &e);
	if (a->json)
		return show_json(a, file, &c);
	conf_print(&c, a->out.file);
	return APP_OK;
}
