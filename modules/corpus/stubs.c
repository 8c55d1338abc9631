/* modules/corpus/stubs.c - stands in, weakly, for parts of the reader that have not landed, so
** that the test host links. To be removed with them. */
#include <stdlib.h>

#include "corpus/corpus.h"
#include "corpus/names.h"
#include "corpus/reader.h"

#define WEAK __attribute__((weak))

WEAK int corpus_check_sources(const Corpus *c, Error *err) { (void)c; return error_set(err, "no reader yet"); }
WEAK int corpus_hash_sources(Corpus *c, Pool *p, Error *err) { (void)c; (void)p; return error_set(err, "no reader yet"); }
WEAK Corpus *corpus_ref(Corpus *c) { return c; }
WEAK void corpus_unref(Corpus *c) { (void)c; }
WEAK RowState corpus_row_state(const Corpus *c, uint32_t r) { (void)c; (void)r; return ROW_OK; }
WEAK Field field_by_name(Span n) { (void)n; return FIELD_NONE; }
WEAK const char *field_name(Field f) { (void)f; return ""; }
WEAK uint32_t names_intern(Names *n, Span t) { (void)n; (void)t; return NAME_FAIL; }
WEAK uint32_t names_intern_value(Names *n, Value v) { (void)n; (void)v; return NAME_FAIL; }
WEAK const char *names_text(Names *n, uint32_t id) { (void)n; (void)id; return ""; }
WEAK Value names_value(Names *n, uint32_t id) { (void)n; (void)id; return (Value){ .type = VALUE_NONE }; }
WEAK const char *row_state_reason(RowState s) { (void)s; return ""; }
WEAK const char *source_damage(const Source *s) { (void)s; return NULL; }
