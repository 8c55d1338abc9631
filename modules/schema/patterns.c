/* modules/schema/patterns.c - see patterns.h */
#include "schema/patterns.h"

#include <stdlib.h>

#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { KEPT = 64, MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KIB = 1024 };

typedef struct Kept {
  char *text;
  size_t len;
  pcre2_code *code;
} Kept;

struct SchemaPatterns {
  Kept kept[KEPT];
  size_t n, oldest;
  pcre2_match_data *data;
  pcre2_match_context *match;
  pcre2_compile_context *compile;
};

int patterns_there(void) { return 1; }

SchemaPatterns *patterns_new(void) {
  SchemaPatterns *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  p->data = pcre2_match_data_create(1, NULL);
  p->match = pcre2_match_context_create(NULL);
  p->compile = pcre2_compile_context_create(NULL);
  if (p->data == NULL || p->match == NULL || p->compile == NULL) {
    patterns_free(p);
    return NULL;
  }
  pcre2_set_match_limit(p->match, MATCH_LIMIT);
  pcre2_set_depth_limit(p->match, DEPTH_LIMIT);
  pcre2_set_heap_limit(p->match, HEAP_LIMIT_KIB);
  pcre2_set_compile_extra_options(p->compile, PCRE2_EXTRA_ALT_BSUX);
  return p;
}

static void drop(Kept *k) {
  free(k->text);
  pcre2_code_free(k->code);
  *k = (Kept){ NULL, 0, NULL };
}

void patterns_free(SchemaPatterns *p) {
  if (p == NULL) return;
  for (size_t i = 0; i < p->n; i++) drop(&p->kept[i]);
  pcre2_match_data_free(p->data);
  pcre2_match_context_free(p->match);
  pcre2_compile_context_free(p->compile);
  free(p);
}

/* ECMA-262: \d \w \s are ASCII, $ is the very end, a group that did not match is empty. */
static pcre2_code *compile(SchemaPatterns *p, Span pattern, Error *err) {
  enum { OPTIONS = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF |
                   PCRE2_NEVER_BACKSLASH_C | PCRE2_ALLOW_EMPTY_CLASS };
  int code;
  PCRE2_SIZE at;
  PCRE2_UCHAR words[128];
  pcre2_code *c = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, OPTIONS, &code, &at, p->compile);
  if (c != NULL) return c;
  pcre2_get_error_message(code, words, sizeof words);
  error_set(err, "the pattern is none at byte %zu: %s", (size_t)at, (const char *)words);
  return NULL;
}

static Kept *find(SchemaPatterns *p, Span pattern, Error *err) {
  for (size_t i = 0; i < p->n; i++)
    if (span_eq(span_of(p->kept[i].text, p->kept[i].len), pattern)) return &p->kept[i];
  pcre2_code *code = compile(p, pattern, err);
  char *text = code != NULL ? malloc(pattern.len + 1) : NULL;
  if (text == NULL) {
    if (code != NULL) error_memory(err);
    pcre2_code_free(code);
    return NULL;
  }
  Kept *k = p->n < KEPT ? &p->kept[p->n++] : &p->kept[p->oldest++ % KEPT];
  drop(k);
  memcpy(text, pattern.ptr, pattern.len);
  *k = (Kept){ text, pattern.len, code };
  return k;
}

PatternResult patterns_search(SchemaPatterns *p, Span pattern, Span text, Error *err) {
  Kept *k = find(p, pattern, err);
  if (k == NULL) return PATTERN_BAD;
  int rc = pcre2_match(k->code, (PCRE2_SPTR)text.ptr, text.len, 0, PCRE2_NO_UTF_CHECK, p->data, p->match);
  if (rc >= 0) return PATTERN_YES;
  return rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO : rc == PCRE2_ERROR_NOMEMORY ? PATTERN_NO_MEMORY : PATTERN_LIMIT;
}

#else

struct SchemaPatterns { int none; };
int patterns_there(void) { return 0; }
SchemaPatterns *patterns_new(void) { return calloc(1, sizeof(SchemaPatterns)); }
void patterns_free(SchemaPatterns *p) { free(p); }
PatternResult patterns_search(SchemaPatterns *p, Span pattern, Span text, Error *err) {
  (void)p, (void)pattern, (void)text;
  error_set(err, "needs PCRE2: install libpcre2-dev and build Tamis again");
  return PATTERN_BAD;
}
#endif
