/* modules/lang/lang.h - in which language is a text? CLD2, or a fastText model of languages.
** What is no prose (code, addresses, paths, JSON) is masked first, since to a detector nearly
** everything in Latin letters is some language. */
#ifndef TAMIS_LANG_H
#define TAMIS_LANG_H

#include "core/span.h"
#include "lang/fasttext.h"

enum { LANG_SHARES = 3, LANG_CODE_SIZE = 16 };

typedef struct LangShare {
  char code[LANG_CODE_SIZE];   /* ISO 639-1 or, where there is none, 639-3: "en", "zh", "zh-Hant"; "" ends the list */
  double share;                /* of the text's letters, 0..1 */
} LangShare;

typedef struct LangResult {
  char code[LANG_CODE_SIZE];   /* "und" where the text is too short or too mixed to tell */
  double confidence;           /* share of the text in that language, 0..1; 0 for und */
  LangShare share[LANG_SHARES];
  int reliable;                /* the detector stands by its answer; the shares of und are a guess */
} LangResult;

typedef struct LangEngine {
  const FastText *model;       /* NULL: CLD2 */
  double min_probability;      /* a model's likeliest language below this is not reliable */
  size_t min_letters;          /* a text of fewer is und; see lang_letters */
} LangEngine;

int lang_available(void);      /* whether this build has CLD2 */
const char *lang_version(void);   /* of CLD2 and of its tables, "V2.0 - 20140204"; NULL without it */
/* The error text for a build without it. */
#define LANG_MISSING "needs CLD2: install libcld2-dev and build Tamis again"

/* Fills code and name (owned by the library, capitals) of language i that this build tells; 0 behind
** the last. What CLD2 lists beside languages (unknown, scripts) is empty: code[0] == '\0'. */
int lang_known(int i, char code[LANG_CODE_SIZE], const char **name);

/* Bytes of room that lang_mask needs. */
static inline size_t lang_mask_room(size_t len) { return len + 16; }
/* Copies text into out with what is no prose blanked; the bytes written. */
size_t lang_mask(Span text, char *out);
/* The first bytes of text, at most max, not cutting a character. */
Span lang_head(Span text, size_t max);
/* Letters, as bytes of UTF-8, where all but ASCII counts as letters: about what a detector goes by. */
size_t lang_letters(Span text);
/* CLD2's answer for masked text, valid UTF-8, 16 readable bytes behind it. Any thread may call it. */
LangResult lang_detect(Span masked);
/* The engine's answer, 16 readable bytes behind the text. A model knows one language a text: its share
** is 1, or of a guess the probability. Any thread may call it. 0, or -1 if out of memory. */
int lang_tell(const LangEngine *e, Span masked, LangResult *r);
/* The result of a text that has these parts, of so many bytes each: shares weighed by bytes, parts
** that cannot be told left out; und if none can. */
LangResult lang_merge(const LangResult *part, const size_t *bytes, size_t n);
/* Whether code ("zh-Hant") is the wanted one ("zh-Hant" or "zh"). */
int lang_matches(const char *code, Span wanted);

#endif
