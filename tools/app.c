/* SPDX-License-Identifier: ISC */
#include "app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool app_json(struct app *a, const json_t *value)
{
	char *text;

	if (!a->json)
		return false;
	/* Safe on any terminal: of what can harm one, only DEL stays. */
	text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII |
			  JSON_ENCODE_ANY);
	for (const char *c = text; c != NULL && *c != '\0'; c++)
		if (*c == 0x7f)
			fputs("\\u007f", a->out.file);
		else
			fputc(*c, a->out.file);
	fputc('\n', a->out.file);
	free(text);
	return true;
}

enum app_exit app_report(struct app *a, enum app_exit code,
			 const struct client_error *e)
{
	/* A path in the sentence need not be UTF-8: then there is none. */
	json_t *error = json_pack("{s:i, s:o*}", "code", e->code,
				  "message", json_string(e->why.text));
	json_t *both = json_pack("{s:o}", "error", error);

	if (e->step[0] != '\0')
		json_object_set_new(error, "data",
				    json_pack("{s:s}", "step", e->step));
	app_json(a, both);
	json_decref(both);
	fputs("sallyport: ", stderr);
	print_text(stderr, e->why.text);
	if (e->step[0] != '\0') {
		fputs(" (step: ", stderr);
		print_text(stderr, e->step);
		fputc(')', stderr);
	}
	fputc('\n', stderr);
	return code;
}

enum app_exit app_usage(const struct app *a, const char *fmt, ...)
{
	va_list ap;

	fputs("sallyport: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nsee: sallyport help%s%s\n",
		a->command != NULL ? " " : "",
		a->command != NULL ? a->command : "");
	return APP_USAGE;
}

enum app_exit app_call(struct app *a, const char *method, json_t *params,
		       json_t **result)
{
	struct client_error e = { .code = 0 };

	if (client_open(&a->client, a->socket, &e.why) != 0) {
		json_decref(params);
		return app_report(a, APP_UNREACHABLE, &e);
	}
	switch (client_call(&a->client, method, params, result, &e)) {
	case CLIENT_OK:
		return APP_OK;
	case CLIENT_LOST:
		return app_report(a, APP_UNREACHABLE, &e);
	case CLIENT_REFUSED:
		break;
	}
	return app_report(a, APP_FAILED, &e);
}
