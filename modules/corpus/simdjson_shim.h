/* modules/corpus/simdjson_shim.h - the few things asked of simdjson. Any thread may call. */
#ifndef TAMIS_SIMDJSON_SHIM_H
#define TAMIS_SIMDJSON_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

int simdjson_utf8_valid(const char *text, size_t len);   /* RFC 3629: no surrogates, no overlongs */

/* The yardstick of the benchmarks: a DOM parser, one a thread. NULL if out of memory. */
typedef struct SimdjsonDom SimdjsonDom;
SimdjsonDom *simdjson_dom_new(void);
/* 1 if the text is a JSON value; 64 bytes past it must be readable. */
int simdjson_dom_parse(SimdjsonDom *d, const char *text, size_t len);
void simdjson_dom_free(SimdjsonDom *d);

#ifdef __cplusplus
}
#endif
#endif
