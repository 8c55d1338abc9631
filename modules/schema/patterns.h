/* modules/schema/patterns.h - the patterns of schemas, as ECMA-262 means them, by PCRE2 with a bound on the work.
** Compiled ones are kept by their text, the oldest making room. One a thread. */
#ifndef TAMIS_PATTERNS_H
#define TAMIS_PATTERNS_H

#include "core/error.h"
#include "core/span.h"

typedef struct SchemaPatterns SchemaPatterns;

typedef enum PatternResult { PATTERN_NO, PATTERN_YES, PATTERN_BAD, PATTERN_LIMIT, PATTERN_NO_MEMORY } PatternResult;

SchemaPatterns *patterns_new(void);      /* NULL if out of memory */
void patterns_free(SchemaPatterns *p);   /* NULL is left alone */
int patterns_there(void);                /* was Tamis built with PCRE2? */
/* Does the pattern match anywhere in text, valid UTF-8? PATTERN_BAD words err. */
PatternResult patterns_search(SchemaPatterns *p, Span pattern, Span text, Error *err);

#endif
