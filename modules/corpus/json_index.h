/* modules/corpus/json_index.h - where in a line the bytes stand that end or interrupt a string:
** four bits a byte, 64 bytes a word. Private to json.c; the tests compare its paths.
**
** After the bitmaps of Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019. */
#ifndef TAMIS_JSON_INDEX_H
#define TAMIS_JSON_INDEX_H

#include "core/simd.h"
#include "core/span.h"

typedef struct JsonWord {
  uint64_t quote;     /* quotes that no backslash escapes */
  uint64_t slash;     /* backslashes that begin an escape */
  uint64_t control;   /* bytes below 0x20 */
  uint64_t high;      /* bytes of 0x80 and above */
} JsonWord;

/* Words that a line of len bytes takes, the last of them a quote in every place. */
static inline size_t json_index_words(size_t len) { return len / 64 + 2; }
/* Fills word[json_index_words(line.len)]; bits past the line are 0. pad: bytes past the line that
** may be read. Returns non-zero if a byte is 0x80 or above. */
int json_index(Span line, size_t pad, JsonWord *word, SimdPath path);

#endif
